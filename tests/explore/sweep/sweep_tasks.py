"""What do the tests have a sweep do with its points? It logs every run, and dies, waits or fails where a point says so.

A point's key begins with what befalls it. The log is a file that ``SWEEP_LOG`` names, one line "key process" for each
run; processes of a sweep append to it.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from accelsim.explore.sweep.outcome import Outcome
from accelsim.explore.sweep.point import Job, Point
from accelsim.hardware.catalog import load_profile
from accelsim.scheme import parse_scheme
from accelsim.workload.catalog import load_workload

TASK = "sweep_tasks:logged"


@cache
def job(name: str = "int8") -> Job:
    """A small job in a scheme of some name; the tasks here do not look at it."""
    network = load_workload("filter-3x3x256")
    return Job(network, load_profile("horowitz-45nm"), parse_scheme(name, network), "heuristic")


def points(count: int, *special: str) -> list[Point]:
    """So many points, and one for each special key."""
    return [Point(key, (), job()) for key in (*(f"plain{number:03}" for number in range(count)), *special)]


def logged(point: Point) -> Outcome:
    """Log the run, then do what the key says."""
    path = Path(os.environ["SWEEP_LOG"])
    with path.open("a") as log:
        log.write(f"{point.key} {os.getpid()}\n")
    tries = runs(path)[point.key]
    if point.key.startswith("deadly") or (point.key.startswith("once-deadly") and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if point.key.startswith("broken"):
        raise ZeroDivisionError("a defect")
    if point.key.startswith("waiting"):
        while not path.with_name("go").exists():
            time.sleep(0.01)
    return Outcome({"key": point.key})


def runs(log: Path) -> Counter[str]:
    """How often each point was run."""
    return Counter(line.split()[0] for line in log.read_text().splitlines()) if log.exists() else Counter()


def processes(log: Path) -> set[int]:
    """Which processes ran points."""
    return {int(line.split()[1]) for line in log.read_text().splitlines()}


def keys(found: Sequence[tuple[int, Outcome]], given: Sequence[Point]) -> list[str]:
    """The keys of the points that came out, in order; each with its own outcome."""
    for number, outcome in found:
        assert outcome.failure is not None or outcome.metrics == {"key": given[number].key}
    return sorted(given[number].key for number, _ in found)
