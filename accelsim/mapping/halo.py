"""How many input positions along one image axis do the boxes of a storage node hold and fetch?

Rows of the input are reached from two loop dimensions, OY and FY (columns from OX and FX), through
``iy = oy * stride + fy * dilation - pad``. A box is an interval of input positions, clipped to the
tensor; neighboring boxes overlap (the halo). The sums over loop states are taken over the states of
this axis's own loops alone, since the other dimensions enter the counts as factors. States are
enumerated, for many tilings at once: each tiling is a row, each state of a row an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.workload.shape import Window

Ints = NDArray[np.int64]
Index = Literal["outside", "advance", "inside", "apart", "together"]

ENTRIES = 1_000_000
"""Most entries enumerated at once; more rows are done in blocks."""


FEW = 64
"""Rows up to which sums are looked up one by one."""


@dataclass(frozen=True)
class AxisLoop:
    """A loop of an image axis: its tile in every row, and what kind of index it has.

    ``index`` is one of "outside" (temporal, outside the advancing loop), "advance" (the advancing
    loop itself), "inside" (temporal, reset by the advance), "apart" (spatial, above the parent
    node) and "together" (spatial, between the parent and the node: the parent multicasts).
    """

    tile: Ints
    index: Index


@dataclass(frozen=True)
class Geometry:
    """Extents and window of an image axis in every row, each int64 of shape (rows,)."""

    out: Ints
    taps: Ints
    stride: Ints
    dilation: Ints
    pad: Ints
    size: Ints

    def take(self, rows: slice | Ints) -> Geometry:
        """Return some of the rows."""
        return Geometry(*(column[rows] for column in vars(self).values()))


def axis_sums(geometry: Geometry, clip: bool, out_loops: Sequence[AxisLoop], tap_loops: Sequence[AxisLoop]) -> Ints:
    """Return the positions of an axis that are entered and already held at the advance of one loop.

    Parameters
    ----------
    geometry : Geometry
    clip : bool
        Whether positions outside the input are dropped.
    out_loops, tap_loops : sequence of AxisLoop
        Loops above the node over the output and filter dimension, outermost first.

    Returns
    -------
    int64 array, shape (rows, 4)
        Summed over the loop states: positions entered and, of these, held just before, counting
        every receiving instance; and the same for the union of the instances under one parent.
    """
    if len(geometry.out) <= FEW:
        return _looked_up(geometry, clip, out_loops, tap_loops)
    return _blocks(geometry, clip, out_loops, tap_loops)


def _blocks(geometry: Geometry, clip: bool, out_loops: Sequence[AxisLoop], tap_loops: Sequence[AxisLoop]) -> Ints:
    """The sums of all rows, so many at a time as are enumerated at once."""
    step = int(max(ENTRIES // max(int((geometry.out * geometry.taps).max()), 1), 1))
    blocks = []
    for start in range(0, len(geometry.out), step):
        rows = slice(start, start + step)
        loops = ([AxisLoop(loop.tile[rows], loop.index) for loop in chain] for chain in (out_loops, tap_loops))
        blocks.append(_sums(geometry.take(rows), clip, *loops))
    return np.concatenate(blocks)


def _looked_up(geometry: Geometry, clip: bool, out_loops: Sequence[AxisLoop], tap_loops: Sequence[AxisLoop]) -> Ints:
    """The sums of a few rows: mappings of one search, and of chips alike, share them."""
    kinds = clip, *(tuple(loop.index for loop in chain) for chain in (out_loops, tap_loops))
    columns = [*vars(geometry).values(), *(loop.tile for loop in (*out_loops, *tap_loops))]
    keys = [(kinds, row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    missing = {key: number for number, key in enumerate(keys) if key not in _remembered}
    if missing:
        if len(_remembered) > MOST_REMEMBERED:
            _remembered.clear()
            missing = {key: number for number, key in enumerate(keys)}
        rows = np.array(list(missing.values()))
        loops = ([AxisLoop(loop.tile[rows], loop.index) for loop in chain] for chain in (out_loops, tap_loops))
        found = _blocks(geometry.take(rows), clip, *loops)
        _remembered.update(zip(missing, map(tuple, found.tolist()), strict=True))
    return np.array([_remembered[key] for key in keys])


MOST_REMEMBERED = 100_000
_remembered: dict[tuple[object, tuple[int, ...]], tuple[int, ...]] = {}
"""The sums of tilings: of the kinds of the loops, and of the columns of a row."""


@lru_cache(maxsize=4096)
def reached_pairs(window: Window, out: int, taps: int, clip: bool) -> int:
    """Return how many pairs of an output and a filter position reach into the input."""
    if not clip:
        return out * taps
    positions = np.arange(out)[:, None] * window.stride + np.arange(taps) * window.dilation - window.pad
    return int(((positions >= 0) & (positions < window.size)).sum())


def _sums(geometry: Geometry, clip: bool, out_loops: Sequence[AxisLoop], tap_loops: Sequence[AxisLoop]) -> Ints:
    entries = _pair(_tiles(geometry.out, out_loops), _tiles(geometry.taps, tap_loops), geometry, clip)
    count = len(geometry.out)
    common = np.minimum(entries.high, entries.held_high) - np.maximum(entries.low, entries.held_low)
    fill_new = _per_row(entries.row, entries.high - entries.low, count)
    fill_held = _per_row(entries.row, np.maximum(common, 0), count)
    if not any(loop.index == "together" for loop in (*out_loops, *tap_loops)):
        return np.stack([fill_new, fill_held, fill_new, fill_held], axis=1)
    read_new = _union(entries.row, entries.group, entries.low, entries.high, count)
    held_any = entries.held_high > entries.held_low
    left_end = np.where(held_any, np.minimum(entries.high, entries.held_low), entries.high)
    right_start = np.where(held_any, np.maximum(entries.low, entries.held_high), entries.high)
    lacked = _union(
        np.tile(entries.row, 2),
        np.tile(entries.group, 2),
        np.concatenate([entries.low, right_start]),
        np.concatenate([left_end, entries.high]),
        count,
    )
    return np.stack([fill_new, fill_held, read_new, read_new - lacked], axis=1)


@dataclass(frozen=True)
class _Tiles:
    """Tiles of one dimension after and before the advance, an entry a state and instance, by row.

    Entries of a row with one ``group`` belong to instances that one parent instance serves together.
    """

    row: Ints
    group: Ints
    groups: Ints  # how many groups each row has
    first: Ints
    own: Ints
    lead: Ints
    held_first: Ints
    held_own: Ints
    held_lead: Ints


def _tiles(extent: Ints, loops: Sequence[AxisLoop]) -> _Tiles:
    """Enumerate the states; one without a tile after the advance holds nothing and is left out."""
    zero, rows = np.zeros_like(extent), np.arange(len(extent))
    tiles = _Tiles(rows, zero, zero + 1, zero, extent, extent, zero, extent, extent)
    nominal = extent
    for loop in loops:
        tiles = _descend(tiles, loop, -(-nominal // loop.tile))
        nominal = loop.tile
    return tiles


def _descend(tiles: _Tiles, loop: AxisLoop, bound: Ints) -> _Tiles:
    tile, row, group, groups = loop.tile[tiles.row], tiles.row, tiles.group, tiles.groups
    kept: Ints = np.arange(len(row))
    digit = held_digit = np.zeros_like(row)
    if loop.index == "inside":
        held_digit = np.maximum(tiles.held_lead - 1, 0) // tile
    else:
        counts = bound - (loop.index == "advance")
        repeats = counts[row]
        kept = np.repeat(kept, repeats)
        held_digit = np.arange(len(kept)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        row, tile = row[kept], tile[kept]
        digit = held_digit + (loop.index == "advance")
        group = group[kept]
        if loop.index != "together":
            group, groups = group * counts[row] + held_digit, groups * counts
    own = _within(tiles.own[kept] - digit * tile, tile)
    held_own = _within(tiles.held_own[kept] - held_digit * tile, tile)
    spatial = loop.index in ("apart", "together")
    lead = np.minimum(tiles.lead[kept] - (0 if spatial else digit * tile), tile)
    held_lead = np.minimum(tiles.held_lead[kept] - (0 if spatial else held_digit * tile), tile)
    first, held_first = tiles.first[kept] + digit * tile, tiles.held_first[kept] + held_digit * tile
    some = own > 0
    columns = (first, own, lead, held_first, held_own, held_lead)
    return _Tiles(row[some], group[some], groups, *(column[some] for column in columns))


def _within(length: Ints, most: Ints) -> Ints:
    """Lengths, at least 0 and at most so much."""
    found: Ints = np.minimum(np.maximum(length, 0), most)
    return found


@dataclass(frozen=True)
class _Boxes:
    """Input intervals after and before the advance, an entry a pair of an output and a filter tile."""

    row: Ints
    group: Ints
    low: Ints
    high: Ints
    held_low: Ints
    held_high: Ints


def _pair(out: _Tiles, taps: _Tiles, geometry: Geometry, clip: bool) -> _Boxes:
    """Every output tile with every filter tile of its row."""
    count = len(geometry.out)
    tap_counts = np.bincount(taps.row, minlength=count)
    starts = np.cumsum(tap_counts) - tap_counts
    repeats = tap_counts[out.row]
    one = np.repeat(np.arange(len(out.row)), repeats)
    row = out.row[one]
    other = starts[row] + np.arange(len(one)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    sizes = out.groups * taps.groups
    group = (np.cumsum(sizes) - sizes)[row] + out.group[one] * taps.groups[row] + taps.group[other]
    stride, dilation, pad, size = (
        column[row] for column in (geometry.stride, geometry.dilation, geometry.pad, geometry.size)
    )

    def interval(first: Ints, own: Ints, tap_first: Ints, tap_own: Ints) -> tuple[Ints, Ints]:
        low = first[one] * stride + tap_first[other] * dilation - pad
        high = low + (own[one] - 1) * stride + (tap_own[other] - 1) * dilation + 1
        if clip:
            low, high = _within(low, size), _within(high, size)
        return low, np.where((own[one] > 0) & (tap_own[other] > 0), np.maximum(high, low), low)

    new = interval(out.first, out.own, taps.first, taps.own)
    held = interval(out.held_first, out.held_own, taps.held_first, taps.held_own)
    return _Boxes(row, group, *new, *held)


def _per_row(row: Ints, amount: Ints, count: int) -> Ints:
    return np.bincount(row, weights=amount, minlength=count).astype(np.int64)  # exact below 2**53


def _union(row: Ints, group: Ints, low: Ints, high: Ints, count: int) -> Ints:
    """Positions in the union of the intervals of every group, summed by row."""
    if not len(row):
        return np.zeros(count, dtype=np.int64)
    base = int(min(low.min(), high.min()))
    span = int(max(low.max(), high.max())) - base + 1
    low, high = low - base + group * span, high - base + group * span  # groups do not touch
    order = np.argsort(low, kind="stable")
    low, high = low[order], high[order]
    reached = np.concatenate([[low[0]], np.maximum.accumulate(high)[:-1]])
    return _per_row(row[order], np.maximum(high - np.maximum(low, reached), 0), count)
