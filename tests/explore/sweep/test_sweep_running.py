"""Is every point computed once, whatever happens to the processes that work on it, or to the one that asked?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_tasks import TASK, job, keys, points, processes, runs

from accelsim.errors import AccelsimError, UsageError
from accelsim.explore.sweep import run as running
from accelsim.explore.sweep.batches import LARGEST, batches
from accelsim.explore.sweep.outcome import INTERNAL, LOST, Failure, Outcome
from accelsim.explore.sweep.point import Job, Point, evaluate
from accelsim.explore.sweep.pool import TRIES
from accelsim.explore.sweep.run import Tally, run
from accelsim.explore.sweep.store import Store
from accelsim.hardware.catalog import load_profile
from accelsim.scheme import parse_scheme
from accelsim.search import heuristic
from accelsim.workload.catalog import load_workload

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the tasks of a test log what they run; the test has a cache of its own."""
    monkeypatch.setenv("SWEEP_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "log"


def swept(asked: list[Point], **how: Any) -> list[tuple[int, Outcome]]:
    return list(run(asked, **{"task": TASK, "jobs": 2} | how))


# ---------------------------------------------------------------------- every point, once


def test_processes_find_what_this_one_finds() -> None:
    network = load_workload("filter-3x3x256")
    asked = []
    for rows in (8, 16):
        chip = load_profile("horowitz-45nm", {"array.rows": rows})
        for scheme in ("int8", "fp16"):
            own = Job(network, chip, parse_scheme(scheme, network), "heuristic")
            asked.append(Point(f"{rows} {scheme}", (), own))
    asked.append(Point("wrong", (), replace(asked[0].job, objective="speed")))
    asked.append(Point("unmade", (), None, Failure("InputError", "no such level.")))
    here = dict(run(asked, jobs=1, fresh=True))
    there = dict(run(asked, jobs=2, fresh=True))
    assert here == there == {number: evaluate(point) for number, point in enumerate(asked)}
    assert [here[number].status for number in range(6)] == ["done"] * 4 + ["failed"] * 2
    assert here[4].failure == Failure("UsageError", "objective must be one of energy, latency, edp; got 'speed'.")
    tally = Tally()
    assert dict(run(asked, tally=tally)) == here
    assert (tally.stored, tally.computed) == (5, 0)  # what could not be set up costs nothing


def test_equal_points_are_computed_once(log: Path) -> None:
    asked = [*points(3), *points(2)]
    assert keys(swept(asked, jobs=1), asked) == sorted(point.key for point in asked)
    assert set(runs(log).values()) == {1}
    assert keys(swept(asked, jobs=1, fresh=True), asked) == sorted(point.key for point in asked)
    assert set(runs(log).values()) == {2}


def test_a_point_whose_key_tells_no_version_is_not_stored(log: Path) -> None:
    asked = [replace(point, storable=False) for point in points(2)]
    for times in (1, 2):
        swept(asked, jobs=1)
        assert set(runs(log).values()) == {times}


def test_what_another_sweep_stores_meanwhile_is_not_computed(tmp_path: Path, log: Path) -> None:
    asked, file, tally = points(40), tmp_path / "store", Tally()
    sweep = run(asked, jobs=1, store=file, task=TASK, tally=tally)
    found = [next(sweep)]
    with Store(file) as other:
        for point in asked:
            other.put(point.key, Outcome({"key": point.key}))
    found += sweep
    assert keys(found, asked) == [point.key for point in asked]
    assert (len(runs(log)), tally.computed, tally.stored) == (1, 1, 39)


def test_two_sweeps_begin_at_different_places(monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    monkeypatch.setattr(running.random, "Random", lambda: type("Dice", (), {"randrange": lambda _, most: most - 1})())
    asked = points(LARGEST + 2)
    assert swept(asked, jobs=1)[0][0] == LARGEST


@given(st.lists(st.sampled_from(["int8", "fp16", "fp32"]), max_size=200), st.integers(1, 9))
def test_batches_hold_every_point_once(schemes: list[str], jobs: int) -> None:
    asked = [Point(str(number), (), job(scheme)) for number, scheme in enumerate(schemes)]
    found = batches(asked, jobs)
    assert sorted(int(point.key) for batch in found for point in batch) == list(range(len(asked)))
    assert all(0 < len(batch) <= LARGEST for batch in found)
    assert len(found) >= min(len(asked), jobs)
    if len(schemes) > 12 * jobs > 12:
        assert all(len({point.job.scheme.name for point in batch if point.job}) == 1 for batch in found)


def test_what_is_known_of_a_chip_is_kept_for_its_points_only() -> None:
    network = load_workload("filter-3x3x256")
    asked = []
    for size in (5, 6):
        chip = load_profile("horowitz-45nm", {"array.rows": size})
        for objective in ("energy", "latency"):
            own = Job(network, chip, parse_scheme("int8", network), "heuristic", objective)
            asked.append(Point(f"{size} {objective}", (), own))
    known = [len(heuristic._chosen) for _ in run(asked, jobs=1)]
    assert known == [1, 2, 1, 2]


def test_points_of_a_chip_go_to_one_process() -> None:
    chips = [load_profile("horowitz-45nm", {"array.rows": rows}) for rows in range(8, 24)]
    asked = [Point(f"{n} {chip.pes}", (), replace(job(), chip=chip)) for n in range(3) for chip in chips]
    found = batches(asked, 2)
    assert sorted(len({point.job.chip.pes for point in batch if point.job}) for batch in found) == [1] * 16


def test_progress_counts_what_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    @contextmanager
    def progress(items: Iterator[object], label: str, total: int, unit: str) -> Iterator[Iterator[object]]:
        shown.append((label, total, unit))
        yield items

    monkeypatch.setattr(running, "progress", progress)
    swept(points(3), jobs=1)
    swept(points(8), jobs=1)
    assert shown == [("sweeping", 3, "point"), ("sweeping (3 from the store)", 5, "point")]


# ---------------------------------------------------------------------- processes that die


def test_a_killed_process_loses_no_finished_point(log: Path) -> None:
    asked = points(30, "once-deadly")
    assert keys(swept(asked), asked) == sorted(point.key for point in asked)
    assert runs(log) == {point.key: 2 if point.key == "once-deadly" else 1 for point in asked}


def test_a_point_that_kills_every_process_fails_with_its_reason(log: Path) -> None:
    asked = points(10, "deadly")
    found = swept(asked)
    assert len(found) == 11
    failures = {asked[number].key: outcome.failure for number, outcome in found if outcome.failure}
    assert list(failures) == ["deadly"]
    assert failures["deadly"].kind == LOST
    assert "killed by signal 9" in failures["deadly"].reason
    assert runs(log) == {point.key: TRIES if point.key == "deadly" else 1 for point in asked}


def test_a_defect_costs_its_own_point_and_is_tried_again_another_time(log: Path) -> None:
    asked = points(3, "broken")
    for times in (1, 2):
        failures = [outcome.failure for _, outcome in swept(asked, jobs=1) if outcome.failure]
        assert failures == [Failure(INTERNAL, "internal error: ZeroDivisionError: a defect")]
        assert runs(log) == {point.key: times if point.key == "broken" else 1 for point in asked}


def test_processes_that_cannot_begin_are_not_started_for_ever(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AccelsimError, match=r"end before they have begun \(exit code 1\)\. Use --jobs 1\."):
        swept(points(4), task="nowhere:none")
    assert "No module named 'nowhere'" in capfd.readouterr().err


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True, "2"])
def test_jobs_must_be_a_number(jobs: object) -> None:
    with pytest.raises(UsageError, match="jobs must be a whole number of at least 1; got"):
        run([], jobs=jobs)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="leave out jobs, or scheduler"):
        run([], jobs=1, scheduler="tcp://127.0.0.1:1")


# ---------------------------------------------------------------------- the one who asked is ended

SCRIPT = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from accelsim.explore.sweep.run import run
from sweep_tasks import TASK, points
asked = points(20, *sys.argv[3:])
for number, outcome in run(asked, jobs=int(sys.argv[2]), store=sys.argv[1], task=TASK):
    print(asked[number].key, flush=True)
"""
"""A script without a guard, read from standard input: the processes of a sweep must not need to import it."""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_what_was_finished_stays_when_the_sweep_is_ended(tmp_path: Path, log: Path, end: signal.Signals) -> None:
    file = tmp_path / "store"
    command = [sys.executable, "-", str(file), "2", "waiting"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as sweep:
        assert sweep.stdin is not None
        assert sweep.stdout is not None
        sweep.stdin.write(SCRIPT)
        sweep.stdin.close()
        sweep.stdin = None
        finished = {sweep.stdout.readline().strip() for _ in range(3)}
        (os.killpg if end == signal.SIGINT else os.kill)(sweep.pid, end)
        sweep.communicate(timeout=30)
        assert sweep.returncode == -end
    until(lambda: not any(map(alive, processes(log))))
    log.with_name("go").touch()
    before = runs(log)
    asked = points(20, "waiting")
    tally = Tally()
    assert keys(swept(asked, jobs=1, store=file, tally=tally), asked) == sorted(point.key for point in asked)
    again = runs(log) - before
    assert not finished & set(again)
    assert tally.stored >= 3
    assert tally.computed == len(again) == 21 - tally.stored


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]


def until(so: Callable[[], bool]) -> None:
    last = time.monotonic() + 30
    while not so():
        assert time.monotonic() < last
        time.sleep(0.01)


def test_two_sweeps_share_a_store(tmp_path: Path) -> None:
    file = tmp_path / "store"
    command = [sys.executable, "-c", SCRIPT, str(file), "1"]
    both = [subprocess.Popen(command, text=True, stdout=subprocess.PIPE) for _ in range(2)]
    said = [one.communicate(timeout=60)[0].split() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(said[0]) == sorted(said[1]) == [point.key for point in points(20)]
    tally = Tally()
    swept(points(20), jobs=1, store=file, tally=tally)
    assert (tally.stored, tally.computed) == (20, 0)


def test_a_sweep_that_is_not_listened_to_ends_its_processes(log: Path) -> None:
    before = children()
    sweep = run(points(2, "waiting"), jobs=2, task=TASK)
    next(sweep)
    assert len(children() - before) == 2
    sweep.close()  # type: ignore[attr-defined]
    assert children() <= before


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
