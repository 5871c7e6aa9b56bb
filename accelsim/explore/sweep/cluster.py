"""How do the workers of a Dask cluster work on a sweep? One task for each point, handed back as soon as it is done.

A worker that dies costs the points that it was at: the scheduler gives them to others, and fails a point on which
several have died. Workers must run the same code as this process, because outcomes are stored as its own.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from accelsim.errors import AccelsimError, InputError
from accelsim.explore.sweep.batches import Batch
from accelsim.explore.sweep.identity import version
from accelsim.explore.sweep.outcome import LOST, Failure, Outcome
from accelsim.explore.sweep.point import Point
from accelsim.explore.sweep.worker import done, task_of

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE_S = 4
"""How long to wait for the scheduler, and for its first worker."""

MISSING = "a sweep on a cluster needs Dask, which is not installed; run: pip install 'accelsim[distributed]'"

_one_at_a_time = Lock()


@dataclass(eq=False)
class _Lane:
    """A core of a worker, and what is left of its batch: points of a chip stay together, and none waits behind another.

    When its worker has died, another one takes its points.
    """

    address: str
    batch: deque[Point] = field(default_factory=deque)


class Cluster:
    """The workers of a scheduler, until the end of its ``with``.

    Parameters
    ----------
    address : str
        Such as "tcp://host:8786".

    Raises
    ------
    AccelsimError
        Dask is not installed.
    InputError
        There is no scheduler, it has no workers, or they run other code.
    """

    def __init__(self, address: str) -> None:
        self.address, self._version = address, version()
        with ExitStack() as leaving:
            _imported()
            leaving.enter_context(_silence())
            self._client = _connected(address)
            leaving.callback(self._client.close, timeout=PATIENCE_S)
            self._check_workers()
            self._leaving = leaving.pop_all()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.close()

    @property
    def cores(self) -> int:
        """How many points its workers compute at once."""
        return self._cores().total() or 1

    def _cores(self) -> Counter[str]:
        """How many points each worker computes at once, by its address."""
        return Counter(self._client.nthreads())

    def _check_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError:
            raise InputError(
                f"the scheduler must have workers; {self.address} has none. Start some with: "
                f"dask worker {self.address} --nthreads 1"
            ) from None
        try:
            found = set(self._client.run(version).values())
        except Exception as error:
            raise InputError(
                f"the workers of {self.address} must be able to import this version of accelsim; they say: "
                f"{type(error).__name__}: {error}."
            ) from None
        if found != {self._version}:
            raise self._other_code()

    def _gone(self) -> InputError:
        return InputError(
            f"the scheduler {self.address} must stay until the end; it is gone. What was finished is stored: run the "
            "sweep again to go on."
        )

    def _other_code(self) -> InputError:
        return InputError(
            f"the workers of {self.address} must run the same version of accelsim as this process, and were started "
            "after its files last changed; they run another one. Install this one there and start them again."
        )

    def run(
        self, batches: Iterable[Batch], left: Callable[[Batch], Batch], task: str
    ) -> Iterator[tuple[Point, Outcome]]:
        """Yield every point with its outcome, as they are finished.

        Raises
        ------
        InputError
            The scheduler is gone; what was yielded before is not lost.
        """
        from distributed import as_completed

        finished = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)
        queue, lanes, running = iter(batches), Counter[str](), dict[str, tuple[Point, _Lane]]()

        def go_on(lane: _Lane) -> None:
            """Give a core its next point, of its batch or of the next one."""
            while not lane.batch:
                batch = next(queue, None)
                if batch is None:
                    return
                lane.batch.extend(left(batch))
            point = lane.batch.popleft()
            future = self._submitted(task, point, lane.address)
            running[str(future.key)] = point, lane
            finished.add(future)

        try:
            while True:
                for address in (self._cores() - lanes).elements():  # those of workers that have come since
                    lanes[address] += 1
                    go_on(_Lane(address))
                if not running:
                    return
                future, answer = finished.next()
                point, lane = running.pop(str(future.key))
                yield point, self._read(future, answer)
                go_on(lane)
        except OSError:
            raise self._gone() from None
        finally:
            with suppress(OSError):
                self._client.cancel(list(finished.futures), force=True)

    def _submitted(self, task: str, point: Point, address: str) -> Future[Outcome | None]:
        """Submit a point to a worker; another one takes it if that has died."""
        return self._client.submit(
            work, task, point, self._version, key=f"accelsim-{task}-{point.key}", workers=[address],
            allow_other_workers=True, pure=True,
        )  # fmt: skip

    def _read(self, future: Future[Outcome | None], answer: Any) -> Outcome:
        from distributed import KilledWorker

        if future.status == "finished":
            if answer is None:
                raise self._other_code()
            outcome: Outcome = answer
            return outcome
        error = answer[1] if isinstance(answer, tuple) else answer
        if isinstance(error, KilledWorker):
            died = "every worker that worked on this point has died; it may need more memory than they have."
            return Outcome(failure=Failure(LOST, died))
        if future.cancelled():
            raise self._gone()
        return Outcome(failure=Failure.of(error))


def work(task: str, point: Point, wanted: str | None) -> Outcome | None:
    """Return the outcome of a point, computed on a worker; None if that runs other code than is wanted."""
    if version() != wanted:
        return None
    with _one_at_a_time:
        return done(task_of(task), point)[0]


def _imported() -> None:
    try:
        import distributed  # noqa: F401 - with it come its loggers
    except ImportError:
        raise AccelsimError(MISSING) from None


def _check_address(address: str) -> None:
    """Refuse what is no address before a client has it: one that fails on it prints a traceback when it goes."""
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend

    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        if scheme != "inproc":
            parse_host_port(place)
    except ValueError:
        raise InputError(f"the address of a Dask scheduler must be such as tcp://host:8786; got {address!r}.") from None


def _connected(address: str) -> Client:
    from distributed import Client

    _check_address(address)
    try:
        return Client(address, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"there must be a Dask scheduler at {address}; none answers ({_first_line(error)}). "
            "Start one with: dask scheduler"
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what Dask logs about lost connections off the terminal: the sweep says so itself."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    before = [(logger, logger.disabled) for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        yield
    finally:
        for logger, disabled in before:
            logger.disabled = disabled
