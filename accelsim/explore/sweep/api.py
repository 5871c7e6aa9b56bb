"""How is a sweep asked for from Python? `sweep` with keywords, `load_sweep` from a file, `answer` for either."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accelsim.explore.sweep.outcome import Outcome
from accelsim.explore.sweep.question import Given, Sweep, ask
from accelsim.explore.sweep.result import SweepResult
from accelsim.explore.sweep.run import Tally, run


def sweep(
    workload: Any = None,
    profile: Any = None,
    scheme: Any = None,
    *,
    set: Mapping[str, Any] | None = None,
    together: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    array: Any = None,
    sram: Any = None,
    batch: Any = None,
    options: Mapping[str, Any] | None = None,
    objective: Any = None,
    mapping: Any = None,
    keep_weights: Any = None,
    residency: Any = None,
    fuse: Any = None,
    pass_: Any = None,
    what_if: bool = False,
    layers: bool = False,
    jobs: int | None = None,
    scheduler: str | None = None,
    store: str | Path | None = None,
    fresh: bool = False,
    **more: Any,
) -> SweepResult:
    """Estimate a model over every combination of some parameters' values.

    Every parameter takes one value, which all points share, or a list of them, which makes it an axis; numbers
    also a range ("8:64:8", "64KiB:1MiB:x2"). The axes vary in the order of this signature, the last fastest.

    Parameters
    ----------
    workload, profile, scheme, batch, objective, mapping, keep_weights, residency, fuse, pass_
        As in `accelsim.load_workload`, `accelsim.load_profile` and `accelsim.estimate`, one or many.
    set : mapping of path to value or values
        Fields of the profile by dotted path: {"array.rows": [8, 16], "levels.SRAM.capacity": "64KiB:1MiB:x2"}.
        Costs follow a memory's capacity as DESIGN section 3 says, unless they are set too.
    together : mapping, or sequence of mappings, of parameter to values
        Parameters that move together, as one axis: {"array.rows": [8, 16], "array.cols": [16, 32]}.
    array : int or str
        Size of the two innermost fan-outs: 16 for 16x16, or "16x32".
    sram : str
        Capacity of the level called SRAM, or else of the outermost memory of technology sram.
    options : mapping of name to value or values
        Options of the workload: {"context": [1024, 4096]}.
    what_if : bool
        As in `accelsim.load_profile`.
    layers : bool
        Whether to keep one row per layer; see `SweepResult.layers_to_frame`.
    jobs, scheduler, store, fresh
        How points are computed and where they are kept; see `accelsim.explore.sweep.run.run`.
    **more
        Any other parameter whose name has no dots: ``clock_hz=[5e8, 1e9]``, ``rows=[8, 16]``, ``context=4096``.

    Returns
    -------
    SweepResult

    Raises
    ------
    InputError, UsageError
        A name is unknown, an axis empty, a range wrong, or parameters contradict each other.
    """
    usual = {
        "workload": workload, "batch": batch, **{f"options.{name}": value for name, value in (options or {}).items()},
        "profile": profile, "scheme": scheme, "objective": objective, "mapping": mapping,
        "keep_weights": keep_weights, "residency": residency, "fuse": fuse, "pass": pass_, "array": array,
        "sram": sram,
    }  # fmt: skip
    given = [(name, value) for name, value in usual.items() if value is not None]
    groups = [together] if isinstance(together, Mapping) else list(together)
    question = ask(
        [Given(name, value) for name, value in (*given, *more.items(), *(set or {}).items())],
        [[Given(name, value) for name, value in group.items()] for group in groups],
        what_if=what_if, per_layer=layers,
    )  # fmt: skip
    return answer(question, jobs=jobs, scheduler=scheduler, store=store, fresh=fresh)


def answer(
    question: Sweep,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    store: str | Path | None = None,
    fresh: bool = False,
) -> SweepResult:
    """Return the answers to a sweep: every point set up, and computed or taken from the store.

    Parameters
    ----------
    question : Sweep
    jobs, scheduler, store, fresh
        As in `accelsim.explore.sweep.run.run`.
    """
    began_s = time.monotonic()
    points, tally = question.points(), Tally()
    found: list[Outcome | None] = [None] * len(points)
    for number, outcome in run(points, jobs=jobs, scheduler=scheduler, store=store, fresh=fresh, tally=tally):
        found[number] = outcome
    outcomes = tuple(outcome for outcome in found if outcome is not None)
    assert len(outcomes) == len(points), "a point has no outcome"
    return SweepResult(question, points, outcomes, tally.stored, tally.computed, time.monotonic() - began_s)


def load_sweep(path: str | Path) -> Sweep:
    """Return the sweep that a YAML file asks for; see docs/sweep.md.

    Raises
    ------
    InputError
        The file is wrong: ``file:line:column: field`` and what must hold.
    """
    from accelsim.explore.sweep.file import read

    return read(Path(path))
