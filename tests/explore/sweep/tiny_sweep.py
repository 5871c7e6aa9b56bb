"""Which model do the tests of sweeps use? One layer that takes milliseconds, and a shorthand for its sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelsim.explore.sweep.api import answer
from accelsim.explore.sweep.question import Given, Sweep, ask
from accelsim.explore.sweep.result import SweepResult

TINY = "name: tiny\ninput: {channels: 16}\nlayers:\n  - {name: fc, kind: linear, out: 8, bias: false}\n"


def tiny(folder: Path) -> str:
    """The path of a workload of one small linear layer."""
    path = folder / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return str(path)


def asked(folder: Path, /, *together: dict[str, Any], **parameters: Any) -> Sweep:
    """A sweep of the small workload; ``__`` in a keyword stands for a dot."""
    usual = {"workload": tiny(folder), "profile": "horowitz-45nm", "scheme": "int8", "mapping": "heuristic"}
    given = usual | {name.replace("__", "."): value for name, value in parameters.items()}
    groups = [[Given(name, value) for name, value in group.items()] for group in together]
    taken = {name for group in together for name in group}
    return ask([Given(name, value) for name, value in given.items() if name not in taken], groups)


def swept(folder: Path, /, *together: dict[str, Any], **parameters: Any) -> SweepResult:
    """Its answers, computed in this process, nothing stored before."""
    return answer(asked(folder, *together, **parameters), jobs=1, fresh=True)
