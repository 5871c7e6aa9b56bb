"""How are the points of a sweep computed? What is stored is not; the rest is, by processes here or by a cluster.

Equal points are computed once. Every outcome is stored as soon as it is there, so that whatever ends a sweep, the next
one goes on where it was. Two sweeps may share a store: each looks again before it begins with a batch, and begins
at another place.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from accelsim.errors import UsageError
from accelsim.explore.sweep.batches import Batch, batches
from accelsim.explore.sweep.outcome import Outcome
from accelsim.explore.sweep.point import Point, evaluate
from accelsim.explore.sweep.pool import TASK, Pool, usable_cores
from accelsim.explore.sweep.store import Store
from accelsim.explore.sweep.worker import outcome_of, task_of
from accelsim.progress import progress

_LOOKED_UP_AT_ONCE = 500


@dataclass
class Tally:
    """How many points a sweep has taken from the store, and how many it has computed; equal ones count once."""

    stored: int = 0
    computed: int = 0


def run(
    points: Sequence[Point],
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    store: str | Path | None = None,
    fresh: bool = False,
    tally: Tally | None = None,
    task: str = TASK,
) -> Iterator[tuple[int, Outcome]]:
    """Yield the number of every point with its outcome, those that are stored first, others as they are finished.

    Parameters
    ----------
    points : sequence of Point
    jobs : int, optional
        Processes on this machine; 1 computes in this one. By default as many as there are usable cores.
    scheduler : str, optional
        Address of a Dask scheduler, "tcp://host:port", whose workers compute instead (extra ``distributed``).
    store : str or Path, optional
        The file where outcomes are kept; by default the cache (docs/sweep.md).
    fresh : bool
        Whether to compute every point, and replace what is stored.
    tally : Tally, optional
        Counts what is yielded.
    task : str
        ``module:function`` that takes a point and returns its outcome; for tests.

    Raises
    ------
    UsageError
        ``jobs`` is not at least 1.
    InputError
        The store cannot be used (it is left as it is), or the scheduler is not there or runs other code.
    UnsupportedError
        Dask is not installed.
    """
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise UsageError(f"jobs must be a whole number of at least 1; got {jobs!r}.")
    if jobs is not None and scheduler is not None:
        raise UsageError("a cluster has as many workers as were started; leave out jobs, or scheduler.")
    way = _Way(jobs or usable_cores(), scheduler, task)
    return _run(points, way, store, fresh, tally or Tally())


@dataclass(frozen=True)
class _Way:
    """By how many processes, by which cluster, and what is done with a point."""

    jobs: int
    scheduler: str | None
    task: str

    def computed(
        self, points: Sequence[Point], left: Callable[[Batch], Batch]
    ) -> Generator[tuple[Point, Outcome], None, None]:
        """Compute points and yield them as they are finished; ``left`` is asked before each batch."""
        if self.scheduler is not None and points:
            from accelsim.explore.sweep.cluster import Cluster

            with Cluster(self.scheduler) as cluster:
                yield from cluster.run(_turned(batches(points, cluster.cores)), left, self.task)
        elif self.jobs == 1:
            yield from _here(_turned(batches(points, 1)), left, self.task)
        else:
            yield from Pool(self.jobs, left, self.task).run(_turned(batches(points, self.jobs)))


def _run(
    points: Sequence[Point], way: _Way, path: str | Path | None, fresh: bool, tally: Tally
) -> Iterator[tuple[int, Outcome]]:
    numbers: dict[str, list[int]] = {}
    for number, point in enumerate(points):
        numbers.setdefault(point.key, []).append(number)
    with Store(path, fresh=fresh) as store:
        missing: list[Point] = []
        for key, outcome in _known([points[own[0]] for own in numbers.values()], store, tally, missing):
            for number in numbers[key]:
                yield number, outcome
        label = f"sweeping ({tally.stored:,} from the store)" if tally.stored else "sweeping"
        with (
            closing(_stored(missing, way, store, tally)) as computed,
            progress(computed, label, len(missing), "point") as counted,
        ):
            for point, outcome in counted:
                for number in numbers[point.key]:
                    yield number, outcome


def _known(points: Sequence[Point], store: Store, tally: Tally, missing: list[Point]) -> Iterator[tuple[str, Outcome]]:
    """Yield what needs no computing; leave the other points in ``missing``."""
    for start in range(0, len(points), _LOOKED_UP_AT_ONCE):
        some = points[start : start + _LOOKED_UP_AT_ONCE]
        found = store.get(point.key for point in some if point.job and point.storable)
        tally.stored += len(found)
        for point in some:
            if point.key in found:
                yield point.key, found[point.key]
            elif point.job is None:
                yield point.key, evaluate(point)
            else:
                missing.append(point)


def _stored(
    points: Sequence[Point], way: _Way, store: Store, tally: Tally
) -> Generator[tuple[Point, Outcome], None, None]:
    """Compute points, store every outcome at once, and yield it."""
    shared: deque[tuple[Point, Outcome]] = deque()

    def left(batch: Batch) -> Batch:
        """Points of a batch that another sweep has not stored meanwhile; what it has goes to ``shared``."""
        found = store.get(point.key for point in batch if point.storable)
        tally.stored += len(found)
        shared.extend((point, found[point.key]) for point in batch if point.key in found)
        return [point for point in batch if point.key not in found]

    with closing(way.computed(points, left)) as computed:
        for point, outcome in computed:
            tally.computed += 1
            if point.storable:
                store.put(point.key, outcome)
            yield point, outcome
            while shared:
                yield shared.popleft()
    yield from shared


def _here(all_batches: Sequence[Batch], left: Callable[[Batch], Batch], task: str) -> Iterator[tuple[Point, Outcome]]:
    """Compute in this process."""
    work = task_of(task)
    for batch in all_batches:
        for point in batch:
            yield from ((each, outcome_of(work, each)) for each in left([point]))


def _turned(all_batches: list[Batch]) -> list[Batch]:
    """Return the batches from another place on, so that two equal sweeps do not work on the same ones all the way."""
    start = random.Random().randrange(len(all_batches)) if all_batches else 0
    return all_batches[start:] + all_batches[:start]
