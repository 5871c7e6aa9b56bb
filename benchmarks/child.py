"""What does a program take in a process of its own, on one core: time, memory, and what it prints?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Child:
    """A process that has ended.

    Parameters
    ----------
    records : list
        The lines of JSON that it printed.
    wall_s, cpu_s : float
        From its start to its end, imports included.
    peak_mb : float
        The most memory that it held.
    stopped : bool
        Whether it was stopped at the time limit.
    error : str
        The last line of what it said when it failed, else empty.
    """

    records: list[dict[str, Any]]
    wall_s: float
    cpu_s: float
    peak_mb: float
    stopped: bool
    error: str


def run(command: list[str], limit_s: float, given: str = "") -> Child:
    """Run a command with ``given`` on its standard input, without accelsim's cache on disk.

    Parameters
    ----------
    command : list of str
    limit_s : float
        When it is stopped.
    given : str
    """
    file = partial(tempfile.TemporaryFile, "w+")
    with file() as read, file() as said, file() as bad:
        read.write(given)
        read.seek(0)
        start = time.perf_counter()
        environment = os.environ | ONE_THREAD | {"ACCELSIM_CACHE": "off"}
        process = subprocess.Popen(command, stdin=read, stdout=said, stderr=bad, env=environment)
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit_s, stop)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        said.seek(0)
        bad.seek(0)
        failed = process.returncode != 0 and not late.is_set()
        lines = bad.read().strip().splitlines()
        scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB elsewhere
        return Child(
            records=[json.loads(line) for line in said if line.startswith("{")],
            wall_s=wall,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_mb=usage.ru_maxrss * scale / 1e6,
            stopped=late.is_set(),
            error=(lines or ["it failed"])[-1] if failed else "",
        )
