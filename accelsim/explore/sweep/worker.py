"""What does a process of the pool do? It reads batches of points, and writes each outcome as soon as it has it.

It is a Python of its own that imports nothing of the caller's, so that a sweep may run in a script without a guard, in
a notebook or from standard input. What it prints goes to its standard error. It ends when its input does, at once.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO

from accelsim.explore.sweep.outcome import Failure, Outcome
from accelsim.simulation.memo import forget

Task = Callable[[Any], Outcome]


def task_of(name: str) -> Task:
    """Return the function that ``module:function`` names."""
    module, function = name.split(":")
    task: Task = getattr(import_module(module), function)
    return task


def main(task_name: str) -> None:
    """Work until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, which then ends its processes
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        task = task_of(task_name)
        orders: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(sys.stdin.buffer, orders), daemon=True).start()
        _write(answers, "ready")
        while True:
            for point in orders.get():
                _write(answers, done(task, point))
            _write(answers, "idle")


_LAST: dict[str, Any] = {}
"""The chip of the point before."""


def outcome_of(task: Task, point: Any) -> Outcome:
    """Return the outcome of a point, whatever its evaluation raises; what was known of other chips is forgotten."""
    chip = point.job and point.job.chip.digest
    if chip != _LAST.get("chip"):
        _LAST["chip"] = chip
        forget()
    try:
        return task(point)
    except Exception as error:
        return Outcome(failure=Failure.of(error))


def done(task: Task, point: Any) -> tuple[Outcome, list[str]]:
    """Return the outcome of a point, and what was warned of meanwhile."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcome = outcome_of(task, point)
    return outcome, [str(one.message) for one in caught if issubclass(one.category, UserWarning)]


def _read(orders: BinaryIO, into: queue.SimpleQueue[list[Any]]) -> None:
    """Hand on what the parent sends; when it has ended, however it did, so does this process."""
    while True:
        try:
            into.put(pickle.load(orders))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)


def _write(answers: BinaryIO, message: object) -> None:
    try:
        pickle.dump(message, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
    except OSError:  # the parent has ended
        os._exit(0)
