"""What do the commands in a page print? A page that says so runs them, in order, in an empty folder.

A page takes part with the comment ``<!-- run: what stands below is made by docs/refresh.py -->``. In it,
every block of the language ``sh`` or ``python`` is run, and what it prints to standard output stands in the
block of the language ``text`` right below; a block below a line ``<!-- file: NAME -->`` is written to that
file first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MARK = "<!-- run: "
RUNNERS = {"sh": ("bash", "-eo", "pipefail", "-c"), "python": (sys.executable, "-c")}
SECONDS = re.compile(r"(?<=computed) in [\d.,]+ \w+\.$")
"""How long a sweep took, which no page should say."""

BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>[\w./-]+) -->\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```\n"
    r"(?P<shown>\n```text\n.*?^```\n)?",
    re.DOTALL | re.MULTILINE,
)


def with_outputs(text: str) -> str:
    """Return a page with what its commands print made new; a page without the mark as it is.

    Raises
    ------
    RuntimeError
        A command fails.
    """
    if MARK not in text:
        return text
    with tempfile.TemporaryDirectory() as folder:
        return BLOCK.sub(lambda found: _renewed(found, Path(folder)), text)


def _renewed(found: re.Match[str], folder: Path) -> str:
    if found["file"]:
        (folder / found["file"]).parent.mkdir(exist_ok=True)
        (folder / found["file"]).write_text(found["body"], encoding="utf-8")
    if found["language"] not in RUNNERS:
        return found[0]
    printed = _printed([*RUNNERS[found["language"]], found["body"]], folder)
    if not found["shown"]:
        return found[0]
    head = found[0][: len(found[0]) - len(found["shown"])]
    return f"{head}\n```text\n{printed}```\n"


def _printed(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[-1]}\n{done.stderr}")
    return "".join(f"{SECONDS.sub('.', line.rstrip())}\n" for line in done.stdout.splitlines())
