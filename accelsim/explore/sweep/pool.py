"""How do several processes of this machine work on a sweep, and what if one of them is killed?

Every process works on one batch and hands on each outcome at once. So when a process ends before its time, it is known
which point it was at: that point is tried again last and by itself, and given up after `TRIES` processes have died of
it. The others of its batch go back into the queue. Nothing that was finished is done again.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from accelsim.errors import AccelsimError
from accelsim.explore.sweep.batches import Batch
from accelsim.explore.sweep.outcome import LOST, Failure, Outcome
from accelsim.explore.sweep.point import Point

TRIES = 3
"""Processes that may die of a point before it is given up."""

TASK = "accelsim.explore.sweep.point:evaluate"
"""What is done with a point."""

_QUIET = {"TERM": "dumb"}
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_Message = object


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(eq=False)
class _Worker:
    """A process, and the points that it has not answered yet, the one that it is at first."""

    process: subprocess.Popen[bytes]
    open: deque[Point] = field(default_factory=deque)
    ready: bool = False


class Pool:
    """Processes that work on batches of points.

    Parameters
    ----------
    jobs : int
        How many there are at a time.
    left : callable
        Takes a batch and returns those of its points that still need an outcome.
    task : str
        ``module:function`` that takes a point and returns its outcome.
    """

    def __init__(self, jobs: int, left: Callable[[Batch], Batch] = list, task: str = TASK) -> None:
        self.jobs, self.left, self.task = jobs, left, task
        self._workers: list[_Worker] = []
        self._messages: queue.SimpleQueue[tuple[_Worker, _Message]] = queue.SimpleQueue()
        self._waiting: deque[Batch] = deque()
        self._died_of: Counter[str] = Counter()
        self._false_starts = 0

    def run(self, batches: Iterable[Batch]) -> Generator[tuple[Point, Outcome], None, None]:
        """Yield every point with its outcome, in the order in which they are finished.

        Raises
        ------
        AccelsimError
            The processes end before they have begun.
        """
        self._waiting.extend(batches)
        try:
            for _ in range(min(self.jobs, len(self._waiting))):
                self._start()
            while self._workers:
                worker, message = self._messages.get()
                yield from self._answer(worker, message)
        finally:
            self._stop()

    def _answer(self, worker: _Worker, message: _Message) -> Iterator[tuple[Point, Outcome]]:
        if message is None:
            yield from self._ended(worker)
        elif isinstance(message, tuple):
            outcome, warned = message
            for text in warned:
                _warn(text)
            yield worker.open.popleft(), outcome
        else:  # ready, or idle
            worker.ready = True
            self._employ(worker)

    def _employ(self, worker: _Worker) -> None:
        """Give a process its next batch, or dismiss it."""
        while self._waiting:
            batch = self.left(self._waiting.popleft())
            if batch:
                worker.open.extend(batch)
                self._send(worker, batch)
                return
        self._dismiss(worker)

    def _send(self, worker: _Worker, batch: Batch) -> None:
        assert worker.process.stdin is not None
        try:
            pickle.dump(batch, worker.process.stdin, pickle.HIGHEST_PROTOCOL)
            worker.process.stdin.flush()
        except OSError:
            worker.process.kill()  # it has ended or is ending: that its output ends will be seen

    def _ended(self, worker: _Worker) -> Iterator[tuple[Point, Outcome]]:
        """Put back what a process has left undone, and start another one; give up a point that ends them all."""
        if worker not in self._workers:
            return
        self._dismiss(worker)
        code = worker.process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        if not worker.ready:
            self._false_starts += 1
            if code > 0 or self._false_starts > TRIES:  # an error of its own will come again
                raise AccelsimError(f"the processes of the sweep end before they have begun ({how}). Use --jobs 1.")
        if worker.open:
            suspect = worker.open.popleft()
            self._died_of[suspect.key] += 1
            if worker.open:
                self._waiting.appendleft(list(worker.open))
            if self._died_of[suspect.key] < TRIES:
                self._waiting.append([suspect])
            else:
                yield suspect, Outcome(failure=Failure(LOST, _given_up(how)))
        if self._waiting:
            self._start()

    def _start(self) -> None:
        command = (
            f"import sys; sys.path[:] = {sys.path!r}; from accelsim.explore.sweep.worker import main; "
            f"main({self.task!r})"
        )
        environment = os.environ | _QUIET | {name: os.environ.get(name, "1") for name in _ONE_THREAD}
        process = subprocess.Popen(
            [sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        worker = _Worker(process)
        self._workers.append(worker)
        threading.Thread(target=_listen, args=(worker, self._messages), daemon=True).start()

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        assert worker.process.stdin is not None
        with suppress(OSError):
            worker.process.stdin.close()  # which ends it

    def _stop(self) -> None:
        for worker in list(self._workers):
            worker.process.kill()
            self._dismiss(worker)
            worker.process.wait()


def _listen(worker: _Worker, into: queue.SimpleQueue[tuple[_Worker, _Message]]) -> None:
    """Hand on what a process says, and at last None."""
    output = worker.process.stdout
    assert output is not None
    with output:
        while True:
            try:
                message = pickle.load(output)
            except Exception:  # it has ended, perhaps in the middle of a word
                into.put((worker, None))
                worker.process.wait()
                return
            into.put((worker, message))


def _given_up(how: str) -> str:
    return (
        f"the process that worked on this point ended before it was done ({how}), {TRIES} times; it may need more "
        "memory than there is. Run the sweep again with fewer --jobs."
    )


_warned: set[str] = set()


def _warn(text: str) -> None:
    """Pass on a warning of a process, once."""
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, UserWarning, stacklevel=2)
