"""How many input positions along one image axis do the boxes of a storage node hold and fetch?

Rows of the input are reached from two loop dimensions, OY and FY (columns from OX and FX), through
``iy = oy * stride + fy * dilation - pad``. A box is an interval of input positions, clipped to the
tensor; neighboring boxes overlap (the halo). The sums over loop states are taken over the states of
this axis's own loops alone, since the other dimensions enter the counts as factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from accelsim.workload.shape import Window

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class AxisLoop:
    """A loop of an image axis: its place in the nest, tile, and what kind of index it is.

    ``index`` is one of "outside" (temporal, outside the advancing loop), "advance" (the advancing
    loop itself), "inside" (temporal, reset by the advance), "apart" (spatial, above the parent
    node) and "together" (spatial, between the parent and the node: the parent multicasts).
    """

    tile: int
    index: str


@dataclass(frozen=True)
class AxisSums:
    """Positions summed over the states of an axis: entered and already held.

    ``fill_*`` count every receiving instance, ``read_*`` the union under one parent instance.
    """

    fill_new: int
    fill_held: int
    read_new: int
    read_held: int


@lru_cache(maxsize=65536)
def axis_sums(
    window: Window, clip: bool, out: int, taps: int, out_loops: tuple[AxisLoop, ...], tap_loops: tuple[AxisLoop, ...]
) -> AxisSums:
    """Return the sums of one axis over its loop states at the advance of one loop.

    Parameters
    ----------
    window : Window
        Stride, dilation, padding and size of the input along the axis.
    clip : bool
        Whether positions outside the input are dropped.
    out, taps : int
        Extents of the output dimension (OY or OX) and of the filter dimension (FY or FX).
    out_loops, tap_loops : tuple of AxisLoop
        Loops above the node over the output and filter dimension, outermost first.
    """
    out_new, out_old = _tiles(out, out_loops)
    tap_new, tap_old = _tiles(taps, tap_loops)
    new = _boxes(window, clip, out_new, tap_new)
    held = _boxes(window, clip, out_old, tap_old)
    fill_new = int(_length(new).sum())
    common = np.maximum(new[0], held[0]), np.minimum(new[1], held[1])
    fill_held = int(_length(common).sum())
    if new[0].shape[-1] == 1:
        return AxisSums(fill_new, fill_held, fill_new, fill_held)
    read_new = _union(*new)
    held_any = held[1] > held[0]
    left_end = np.where(held_any, np.minimum(new[1], held[0]), new[1])
    right_start = np.where(held_any, np.maximum(new[0], held[1]), new[1])
    lacked = _union(np.concatenate([new[0], right_start], axis=-1), np.concatenate([left_end, new[1]], axis=-1))
    return AxisSums(fill_new, fill_held, read_new, read_new - lacked)


@dataclass(frozen=True)
class _Tiles:
    """First position and length of a tile for every (state, instance apart, instance together)."""

    first: Ints
    own: Ints
    lead: Ints

    def descend(self, tile: int, digit: Ints, spatial: bool) -> _Tiles:
        own = np.clip(self.own - digit * tile, 0, tile)
        lead = np.minimum(tile, self.lead if spatial else self.lead - digit * tile)
        return _Tiles(self.first + digit * tile, own, lead)

    def repeat(self, count: int, axis: int) -> _Tiles:
        return _Tiles(*(np.repeat(array, count, axis) for array in (self.first, self.own, self.lead)))


_AXIS = {"outside": 0, "advance": 0, "apart": 1, "together": 2}


def _tiles(extent: int, loops: tuple[AxisLoop, ...]) -> tuple[_Tiles, _Tiles]:
    """Tiles after and before the advance; a state that does not exist has empty tiles."""
    one = np.ones((1, 1, 1), dtype=np.int64)
    new = old = _Tiles(0 * one, extent * one, extent * one)
    nominal = extent
    for loop in loops:
        if loop.index == "inside":
            last = np.maximum(old.lead - 1, 0) // loop.tile
            new, old = new.descend(loop.tile, 0 * one, False), old.descend(loop.tile, last, False)
        else:
            axis = _AXIS[loop.index]
            advance = int(loop.index == "advance")
            count = -(-nominal // loop.tile) - advance
            digits = np.tile(np.arange(count) + advance, new.first.shape[axis])
            digit = digits.reshape([-1 if place == axis else 1 for place in range(3)])
            spatial = loop.index in ("apart", "together")
            new, old = (
                new.repeat(count, axis).descend(loop.tile, digit, spatial),
                old.repeat(count, axis).descend(loop.tile, digit - advance, spatial),
            )
        nominal = loop.tile
    return new, old


_Boxes = tuple[Ints, Ints]  # first position and one past the last


def _boxes(window: Window, clip: bool, out: _Tiles, taps: _Tiles) -> _Boxes:
    """Input intervals of every pair of an output and a filter tile; together-instances last."""

    def pair(one: Ints, other: Ints) -> tuple[Ints, Ints]:
        return one[:, None, :, None, :, None], other[None, :, None, :, None, :]

    out_first, tap_first = pair(out.first, taps.first)
    out_own, tap_own = pair(out.own, taps.own)
    low = out_first * window.stride + tap_first * window.dilation - window.pad
    high = low + (out_own - 1) * window.stride + (tap_own - 1) * window.dilation + 1
    if clip:
        low, high = np.clip(low, 0, window.size), np.clip(high, 0, window.size)
    high = np.where((out_own > 0) & (tap_own > 0), np.maximum(high, low), low)
    grid = (*low.shape[:4], low.shape[4] * low.shape[5])
    return low.reshape(grid), high.reshape(grid)


def _length(boxes: _Boxes) -> Ints:
    return np.asarray(np.maximum(boxes[1] - boxes[0], 0))


def _union(low: Ints, high: Ints) -> int:
    """Positions in the union of the intervals along the last axis, summed over the others."""
    order = np.argsort(low, axis=-1)
    low = np.take_along_axis(low, order, -1)
    high = np.take_along_axis(high, order, -1)
    reached = np.maximum.accumulate(high, axis=-1)
    fresh = low[..., 1:], high[..., 1:]
    added = np.maximum(fresh[1] - np.maximum(fresh[0], reached[..., :-1]), 0)
    return int(np.maximum(high[..., 0] - low[..., 0], 0).sum() + added.sum())
