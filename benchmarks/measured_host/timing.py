"""How long does something take when its data come from memory? Timed again and again, caches emptied in between."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MIB = 2**20
FEWEST, MOST = 5, 30


@dataclass
class Timer:
    """Times runs.

    Parameters
    ----------
    flush_bytes : int
        Size of what is written between two runs, so that caches hold nothing of the layer.
    budget_s : float
        Time to spend on one layer, flushing included; at least `FEWEST` runs are timed.
    now : callable
        A clock in s.
    spreads : list of float
        Median over fastest run of everything that was timed.
    """

    flush_bytes: int
    budget_s: float = 0.35
    now: Callable[[], float] = time.perf_counter
    spreads: list[float] = field(default_factory=list)
    _junk: Any = field(default=None, repr=False)

    def flush(self) -> None:
        """Write more than the caches hold."""
        if self._junk is None:
            self._junk = np.zeros(max(self.flush_bytes // 8, 1))
        self._junk += 1.0

    def fastest_s(self, run: Callable[[], object]) -> float:
        """Return the time of the fastest run in s, after two that do not count: others can only slow a run down."""
        run(), run()
        found: list[float] = []
        begun = self.now()
        while len(found) < FEWEST or (len(found) < MOST and self.now() - begun < self.budget_s):
            self.flush()
            start = self.now()
            run()
            found.append(self.now() - start)
        self.spreads.append(statistics.median(found) / min(found))
        return min(found)

    @property
    def busy(self) -> float:
        """How many times longer a middling run takes than the fastest, over all that was timed; 1 is quiet."""
        return statistics.median(self.spreads) if self.spreads else 1.0


def stream_bytes_per_s(threads: int, timer: Timer) -> float:
    """Return the bandwidth of reading in bytes per s: every thread sums the squares of its share of an array.

    The array is as large as what empties the caches; a longer run would more likely be interrupted.
    """
    size = max(timer.flush_bytes, 16 * MIB) // 4 // threads
    shares = [np.ones(size, dtype=np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def read() -> None:
            list(pool.map(lambda share: np.dot(share, share), shares))

        return 4 * size * threads / timer.fastest_s(read)
