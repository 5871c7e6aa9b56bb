"""Does a sweep on a real Dask cluster lose nothing when a worker is killed, and say so when there is no cluster?"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from sweep_tasks import TASK, keys, points, processes, runs

from accelsim.errors import AccelsimError, InputError
from accelsim.explore.sweep import cluster
from accelsim.explore.sweep import run as running
from accelsim.explore.sweep.run import Tally, run

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the tasks of a test log what they run, on workers too; the test has a cache of its own."""
    monkeypatch.setenv("SWEEP_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "log"


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process of Dask's command line, which is killed at the end if it still runs."""
    path = os.pathsep.join([str(HERE), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-m", "dask", *command],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def scheduler(stack: ExitStack) -> str:
    """Start a scheduler on loopback and return its address."""
    started = stack.enter_context(process("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"))
    assert started.stderr is not None
    for line in started.stderr:
        if found := re.search(r"Scheduler at:\s+(tcp://\S+)", line):
            return found[1]
    raise AssertionError("the scheduler did not start")


def worker(stack: ExitStack, address: str) -> subprocess.Popen[str]:
    return stack.enter_context(
        process("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
    )


def test_a_worker_killed_in_the_middle_costs_nothing(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        address = scheduler(stack)
        workers = {one.pid: one for one in (worker(stack, address), worker(stack, address))}
        asked, tally, file = points(12, "broken", "waiting"), Tally(), tmp_path / "store"
        sweep = run(asked, scheduler=address, store=file, task=TASK, tally=tally)
        found = [next(sweep) for _ in range(13)]  # all but one: a worker waits
        before = runs(log)
        assert before == dict.fromkeys((point.key for point in asked), 1)
        held = next(int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("waiting"))
        workers[held].send_signal(signal.SIGKILL)
        log.with_name("go").touch()
        found += sweep
        assert keys(found, asked) == sorted(point.key for point in asked)
        assert runs(log) - before == {"waiting": 1}  # what was finished is not run again
        assert processes(log) <= set(workers)
        assert [asked[number].key for number, outcome in found if outcome.failure] == ["broken"]

        again = Tally()  # nor is it by another sweep, but for what failed by a defect
        list(run(asked, jobs=1, store=file, task=TASK, tally=again))
        assert (tally.computed, again.stored, again.computed) == (14, 13, 1)

        log.with_name("go").unlink()
        monkeypatch.setattr(running.random, "Random", lambda: SimpleNamespace(randrange=lambda _: 0))
        asked = points(4, "waiting2")  # in this order, for the one worker that is left
        sweep = run(asked, scheduler=address, task=TASK)
        found = [next(sweep) for _ in range(4)]
        stack.close()  # the scheduler and the other worker end as well
        with pytest.raises(InputError, match="it is gone"):
            next(sweep)
    assert capfd.readouterr().err == ""  # Dask says nothing beside it


def test_a_scheduler_that_is_not_there_is_said_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.3)
    with pytest.raises(InputError) as error:
        next(run(points(1), scheduler=address, task=TASK))
    assert str(error.value).startswith(f"there must be a Dask scheduler at {address}; none answers (")
    assert str(error.value).endswith("). Start one with: dask scheduler")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("wrong", ["", "nowhere", "tcp://", "tcp://host", "host:port", "udp://127.0.0.1:1"])
def test_what_is_no_address_is_said_without_asking_dask(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # a client that fails on it prints a traceback when it is collected
    monkeypatch.setattr("distributed.Client", lambda *_, **__: pytest.fail("a client has been made"))
    with pytest.raises(InputError) as error:
        next(run(points(1), scheduler=wrong, task=TASK))
    assert str(error.value) == f"the address of a Dask scheduler must be such as tcp://host:8786; got {wrong!r}."


def test_workers_that_run_other_code_are_refused() -> None:
    assert cluster.work(TASK, points(1)[0], "another version") is None
    said = SimpleNamespace(wait_for_workers=lambda *_, **__: None, run=lambda _: {"tcp://one": "another version"})
    refused = cluster.Cluster.__new__(cluster.Cluster)
    refused.address, refused._version, refused._client = "tcp://here:1", "this version", said
    with pytest.raises(InputError, match="the workers of tcp://here:1 must run the same version of accelsim"):
        refused._check_workers()
    with pytest.raises(InputError, match="must run the same version"):
        refused._read(SimpleNamespace(status="finished"), None)


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(AccelsimError, match=r"run: pip install 'accelsim\[distributed\]'"):
        next(run(points(1), scheduler="tcp://127.0.0.1:1", task=TASK))
