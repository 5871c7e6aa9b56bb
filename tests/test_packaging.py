"""Are the shipped profiles and workloads found: from a checkout, from a wheel, through ACCELSIM_PATH, by path?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.library import find, folders, names

ROOT = Path(__file__).parents[1]
KINDS = ("hw_profiles", "workloads")


@pytest.fixture(autouse=True)
def no_extra_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCELSIM_PATH", raising=False)


@pytest.mark.parametrize("kind", KINDS)
def test_checkout(kind: str) -> None:
    assert folders(kind) == [ROOT / kind]
    assert names(kind) == {path.stem: path for path in sorted((ROOT / kind).glob("*.yaml"))}


def test_first_folder_of_the_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    own, nested = first / "tpu-v1.yaml", second / "hw_profiles" / "tpu-v1.yaml"
    for copy in (own, nested):
        copy.parent.mkdir(parents=True)
        shutil.copy(ROOT / "hw_profiles" / "tpu-v1.yaml", copy)
    monkeypatch.setenv("ACCELSIM_PATH", os.pathsep.join([str(first), str(second), str(tmp_path / "absent")]))
    assert find("hw_profiles", "tpu-v1", "profile") == own
    own.unlink()
    assert find("hw_profiles", "tpu-v1", "profile") == nested
    nested.unlink()
    assert find("hw_profiles", "tpu-v1", "profile") == ROOT / "hw_profiles" / "tpu-v1.yaml"


def test_explicit_path_needs_no_library(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    shutil.copy(ROOT / "workloads" / "alexnet.yaml", copy)
    assert find("workloads", str(copy), "workload") == copy
    with pytest.raises(InputError, match="there is no file"):
        find("workloads", str(tmp_path / "other.yaml"), "workload")
    with pytest.raises(InputError, match="did you mean alexnet"):
        find("workloads", "alexnt", "workload")


@pytest.mark.parametrize(("place", "what"), [(os.devnull, "not a regular file"), (str(ROOT), "a directory")])
def test_what_is_no_file_is_called_what_it_is(place: str, what: str) -> None:
    with pytest.raises(InputError, match=f"a workload must be a file; {place} is {what}[.]"):
        find("workloads", place, "workload")


def test_wheel_layout(tmp_path: Path) -> None:
    """The package with its shipped folders where the wheel puts them, run from elsewhere."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert set(wheel["force-include"]) == {*KINDS, "docs/assumptions.md"}
    site = tmp_path / "site"
    shutil.copytree(ROOT / "accelsim", site / "accelsim", ignore=shutil.ignore_patterns("__pycache__"))
    for folder, place in wheel["force-include"].items():
        (site / place).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / folder).is_dir() else shutil.copy
        copy(ROOT / folder, site / place)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    program = (
        "import accelsim as sim; from accelsim.provenance import bibliography; "
        "print(sim.__file__, len(bibliography()), "
        "*(one.name for one in (*sim.list_profiles(), *sim.list_workloads())), sep='\\n')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ACCELSIM_PATH"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=elsewhere, env=environment | {"PYTHONPATH": str(site)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    where, works, *shipped = done.stdout.splitlines()
    assert Path(where).parent == site / "accelsim"
    assert int(works) > 10
    assert {"horowitz-45nm", "resnet50", "llama-2-7b/decode"} <= set(shipped)
