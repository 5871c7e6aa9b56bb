"""Which ways are there to lay logical sets on an array, and which of them take the fewest steps?

Sets are cut into strips only where whole ones do not fit; one that would be folded may be cut into equal strips
instead if that takes no more steps. docs/row-stationary.md says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from math import ceil

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.growth import FanOutRoom, Ints, Room
from accelsim.mapping.logical_sets import LogicalSets
from accelsim.workload.shape import Shape

Bools = NDArray[np.bool_]


class Memories:
    """What the memories hold of one case; counts may be arrays."""

    def __init__(self, rooms: Sequence[Room], number: int, shape: Shape) -> None:
        self.shape = shape
        self.rooms = [
            (
                room.depth,
                float(room.capacity_bits[number]),
                {one: float(room.bits[one][number]) * (1 + room.doubled) for one in room.operands},
            )
            for room in rooms[1:]
        ]

    def hold(self, depth: int, words: Mapping[str, Ints | int]) -> Bools:
        """Whether boxes of so many words fit all levels at a depth."""
        fits = np.ones(np.broadcast_shapes(*(np.shape(own) for own in words.values())), dtype=bool)
        for at, capacity, bits in self.rooms:
            if at == depth:
                fits &= sum(bits[one] * words[one] for one in bits) <= capacity
        return fits

    def pes(self, p: Ints, q: Ints, fx: int) -> Bools:
        """Whether a PE holds its rows of some filters and channels."""
        return self.hold(2, {"W": p * q * fx, "I": q * _reach(self.shape, "x", 1, fx), "O": p})

    def buffers(self, sets: LogicalSets, p: Ints, q: Ints, m: Ints) -> Bools:
        """Whether the buffers hold filters and inputs of a pass and partial sums of m filters, of sets with p and q."""
        shape, channels = self.shape, np.minimum(q * sets.r, self.shape.C)
        image = _reach(shape, "y", sets.e, sets.taps) * _reach(shape, "x", sets.columns, sets.fx)
        words = {
            "W": np.minimum(p * sets.t, shape.K) * channels * sets.taps * sets.fx,
            "I": sets.n * channels * image,
            "O": sets.n * np.minimum(m, shape.K) * sets.e * sets.columns,
        }
        return self.hold(0, words)

    def buffer(self, sets: LogicalSets) -> bool:
        """Whether the buffers hold what sets need, with their own p, q and m."""
        return bool(self.buffers(sets, np.asarray(sets.p), np.asarray(sets.q), np.asarray(sets.m)))


def _reach(shape: Shape, axis: str, outputs: int, taps: int) -> int:
    """Input positions along an axis that some outputs and taps touch, those between included."""
    window = shape.y if axis == "y" else shape.x
    assert window is not None
    return min((outputs - 1) * window.stride + (taps - 1) * window.dilation + 1, window.size)


def logical_sets(shape: Shape, array: tuple[FanOutRoom, FanOutRoom], memories: Memories) -> list[LogicalSets]:
    """Return the ways to lay sets on an array that take the fewest steps: whole ones, or strips where none fits whole.

    Of those that differ in p and q alone only such are returned that no other exceeds in both; m is as large as
    fits. Where not even one filter's partial sums fit, the output columns are halved until they do.
    """
    one = np.ones(1, dtype=np.int64)
    fx = next((part for part in _parts(shape.FX) if memories.pes(one, one, part)), 0)
    columns = shape.OX
    while fx:
        whole, *strips = _parts(shape.OY)
        inside = _inside(shape, memories, fx)
        layouts = partial(_layouts, shape, array, columns=columns, fx=fx)
        found = _fewest(shape, layouts([whole]), inside, memories)
        if not found:
            found = _fewest(shape, layouts(strips), inside, memories)
        elif found[0].segments > 1:
            folds = found[0].segments
            cut = [part for part in strips if shape.OY % part == 0 and ceil(part / array[1].size) < folds]
            found += _fewest(shape, layouts(cut), inside, memories, found[0].steps(shape))
        if found:
            return _buffered(shape, found, memories)
        if columns == 1:
            break
        columns = ceil(columns / 2)
    return []


def _parts(extent: int) -> list[int]:
    """Tiles that split an extent into 1, 2, 3 ... parts as even as can be, largest first."""
    return sorted({ceil(extent / parts) for parts in range(1, extent + 1)}, reverse=True)


def _inside(shape: Shape, memories: Memories, fx: int) -> tuple[Ints, Ints]:
    """All filters p and channels q that a PE can interleave, pair by pair."""
    p, q = np.arange(1, shape.K + 1), np.arange(1, shape.C + 1)
    p, q = p[memories.pes(p, q[:1], fx)], q[memories.pes(p[:1], q, fx)]
    q, p = (grid.reshape(-1) for grid in np.meshgrid(q, p, indexing="ij"))
    fits = memories.pes(p, q, fx)
    return p[fits], q[fits]


def _layouts(
    shape: Shape, array: tuple[FanOutRoom, FanOutRoom], extents: Sequence[int], columns: int, fx: int
) -> list[LogicalSets]:
    """Every layout that fits the array with sets of some widths, for one image and one filter and channel a PE."""
    rows, cols = array
    taps = next(part for part in _parts(shape.FY) if part <= rows.size)
    found = []
    for e in extents:
        segments = ceil(e / cols.size)
        down, across = rows.size // (taps * segments), cols.size // ceil(e / segments)
        if not down or (segments > 1 and "OY" not in rows.dims):
            continue
        for beside, below in product(_replicas(across, shape, cols.dims), _replicas(down, shape, rows.dims)):
            found.append(LogicalSets(taps, e, segments, beside, below, 1, 1, columns=columns, fx=fx))
    return found


def _needed(across: int, down: int, each: Ints, extent: int) -> Bools:
    """Whether so many replicas side by side and below each other all help with an extent, ``each`` of it apiece."""
    return ((across - 1) * each < extent) & ((down - 1) * across * each < extent)


def _replicas(most: int, shape: Shape, dims: frozenset[str]) -> list[tuple[int, int]]:
    """Ways to replicate a set at most so often: over channels, and over filters as often as is left."""
    channels = min(most, shape.C) if "C" in dims else 1
    return [(over, min(most // over, shape.K) if "K" in dims else 1) for over in range(1, channels + 1)]


def _fewest(
    shape: Shape,
    layouts: Sequence[LogicalSets],
    inside: tuple[Ints, Ints],
    memories: Memories,
    steps: int | None = None,
) -> list[LogicalSets]:
    """Those of the fewest steps (or of ``steps``) that fit the buffers; of equal layouts only the largest p and q."""
    p, q = inside
    found: dict[int, list[LogicalSets]] = {}
    least = np.inf if steps is None else steps
    for number, one in sorted(enumerate(layouts), key=lambda entry: entry[1].least_steps(shape)):
        if one.least_steps(shape) > least:
            break
        able = _needed(one.across[0], one.down[0], q, shape.C) & _needed(one.across[1], one.down[1], p, shape.K)
        able &= memories.buffers(one, p, q, p * one.t)
        own = one.steps_with(shape, p[able], q[able])
        if not own.size or own.min() > least or (steps is not None and steps not in own):
            continue
        if steps is None and own.min() < least:
            least, found = int(own.min()), {}
        pairs = list(zip(p[able][own == least].tolist(), q[able][own == least].tolist(), strict=True))
        found[number] = [
            replace(one, p=more, q=wide, m=more * one.t)
            for more, wide in pairs
            if not any(other != (more, wide) and other[0] >= more and other[1] >= wide for other in pairs)
        ]
    return [sets for number in sorted(found) for sets in found[number]]


def _buffered(shape: Shape, layouts: Sequence[LogicalSets], memories: Memories) -> list[LogicalSets]:
    """The layouts with every number of images, as even as can be, and as many filters as then fit."""
    found = []
    for one in layouts:
        rounds = ceil(shape.K / (one.p * one.t))
        for n in _parts(shape.B):
            for blocks in _parts(rounds):
                sets = LogicalSets(
                    one.taps, one.e, one.segments, one.across, one.down, one.p, one.q,
                    n, min(blocks * one.p * one.t, shape.K), one.columns, one.fx,
                )  # fmt: skip
                if memories.buffer(sets):
                    found.append(sets)
                    break
    return found
