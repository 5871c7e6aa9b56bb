"""Where do the peers run? Each in a virtual environment of its own, made once and used again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from child import Child, run

HERE = Path(__file__).parent
LEAST_PYTHON = (3, 12)
PACKAGES = {"accelforge": ("accelforge==1.0.467",), "zigzag": ("zigzag-dse==3.9.1", "six==1.17.0")}


def interpreter() -> str:
    """Return a Python that is new enough for the peers; without one, exit with a sentence that says so."""
    names = [sys.executable, *(f"python3.{minor}" for minor in range(LEAST_PYTHON[1], 16)), "python3"]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    paths = [path for name in names if (path := shutil.which(name))]
    paths += map(str, sorted(pyenv.glob("versions/3.*/bin/python3")))
    check = f"import sys, venv; sys.exit(sys.version_info[:2] < {LEAST_PYTHON})"
    for path in paths:
        if not subprocess.run([path, "-c", check], capture_output=True).returncode:
            return path
    version = ".".join(map(str, LEAST_PYTHON))
    sys.exit(f"the peers need Python {version} or later with its venv module, on PATH or from pyenv; none was found.")


def python_of(peer: str, folder: Path) -> Path:
    """Return the interpreter of a peer's environment in ``folder``, installing what is not there."""
    home = folder / peer
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = home / "installed.txt"
    wanted = " ".join(PACKAGES[peer])
    if not (done.exists() and done.read_text() == wanted):
        print(f"installing {wanted}", file=sys.stderr)
        _checked([interpreter(), "-m", "venv", str(home)])
        _checked([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES[peer]])
        done.write_text(wanted)
    return python


def _checked(command: list[str]) -> None:
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stderr.strip()[-2000:]}")


def ask(peer: str, python: Path, job: Mapping[str, Any], limit_s: float) -> Child:
    """Run a peer's script on a job in its environment, and stop it at the time limit."""
    answer = run([str(python), str(HERE / f"{peer}_search.py")], limit_s, json.dumps(job))
    if answer.error:
        sys.exit(f"{peer} failed: {answer.error}")
    return answer
