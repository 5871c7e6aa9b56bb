"""How many input positions do the tiles of an image axis reach? For the bounds of the search.

Tiles of ``out`` by ``taps`` positions partition an axis; neighboring tiles reach over the same halo.
``reach`` sums what all tiles reach, ``touched`` counts the positions that any tile reaches: a mapping
fetches at least the first if it never reuses the halo, and never less than the second.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from accelsim.engine.case import Ints
from accelsim.mapping.halo import reached_pairs
from accelsim.workload.shape import Shape, Window

LARGEST = 10_000_000
"""Positions of an axis that are looked at one by one."""


class Axis:
    """The rows or the columns of an input: sums over its tilings, each computed once.

    Parameters
    ----------
    window : Window
    out, taps : int
        Extents of the output and the filter dimension.

    Attributes
    ----------
    pairs : int
        Pairs of an output and a filter position that meet an input position.
    touched : int
        Input positions that any pair meets.
    """

    def __init__(self, window: Window, out: int, taps: int) -> None:
        self.window, self.out, self.taps = window, out, taps
        self.pairs = reached_pairs(window, out, taps, True)
        self._sums: Ints | None = None
        self.touched = self._touched()

    @property
    def slides(self) -> bool:
        """Whether tiles share input positions, or miss some: a window, not a plain dimension."""
        return self.taps > 1 or self.window != Window(size=self.out)

    def reach(self, out: Ints, taps: Ints) -> Ints:
        """Input positions summed over all tiles of ``out`` by ``taps`` positions, padding left out."""
        if self._sums is None:
            self._sums = np.full((self.out + 1, self.taps + 1), -1, dtype=np.int64)
        found = self._sums[out, taps]
        if (found < 0).any():
            missing = np.unique(np.stack([np.ravel(out), np.ravel(taps)])[:, np.ravel(found) < 0], axis=1)
            for own, tap in missing.T.tolist():
                self._sums[own, tap] = self._sum(own, tap)
            found = self._sums[out, taps]
        return found

    def _sum(self, out: int, taps: int) -> int:
        window = self.window
        starts, tap_starts = np.arange(0, self.out, out), np.arange(0, self.taps, taps)
        own, tap_own = np.minimum(out, self.out - starts), np.minimum(taps, self.taps - tap_starts)
        low = (starts * window.stride)[:, None] + tap_starts * window.dilation - window.pad
        high = low + ((own - 1) * window.stride)[:, None] + (tap_own - 1) * window.dilation + 1
        return int(np.maximum(np.minimum(high, window.size) - np.maximum(low, 0), 0).sum())

    def _touched(self) -> int:
        window = self.window
        if self.taps == 1:  # positions 0 <= out * stride - pad < size
            first = -(-window.pad // window.stride)
            return max(min(self.out, -(-(window.size + window.pad) // window.stride)) - first, 0)
        if window.size + self.out * self.taps > LARGEST:  # as if no position between were left out
            span = (self.out - 1) * window.stride + (self.taps - 1) * window.dilation + 1
            return min(window.size, max(span - window.pad, 0))
        reached = np.zeros(self.window.size, dtype=bool)
        for tap in range(self.taps):
            positions = np.arange(self.out) * self.window.stride + tap * self.window.dilation - self.window.pad
            reached[positions[(positions >= 0) & (positions < self.window.size)]] = True
        return int(reached.sum())


@lru_cache(maxsize=64)
def _axis(window: Window, out: int, taps: int) -> Axis:
    return Axis(window, out, taps)


def axes_of(shape: Shape) -> tuple[Axis, Axis]:
    """Return the axes of rows and columns."""
    assert shape.y is not None
    assert shape.x is not None
    return _axis(shape.y, shape.OY, shape.FY), _axis(shape.x, shape.OX, shape.FX)


def slides(shape: Shape) -> bool:
    """Return whether tiles of the input overlap, or miss some of it."""
    return any(axis.slides for axis in axes_of(shape))
