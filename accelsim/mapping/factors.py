"""What does each dimension contribute to a count? The factors of every product, each computed once.

At the advance of a loop, the dimensions enter a count independently of each other. A factor depends on
the other dimensions only through which of its own loops stand outside the advancing one; that is the
key under which it is remembered. And it depends on the tiles of its own loops alone: of many mappings
only the distinct tilings of a dimension are computed, and spread over the mappings by index.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from accelsim.mapping.cases import Cases, ImageAxis, LoopLine
from accelsim.mapping.digits import Digit, Ints, Role, positions, states
from accelsim.mapping.halo import AxisLoop, Geometry, Index, axis_sums, reached_pairs

FEW = 256
"""Below this many mappings, looking for distinct tilings costs more than it saves."""


@dataclass(frozen=True)
class Sums:
    """Input positions summed over the states of an image axis: entered, and of those already held.

    ``fill_*`` count every receiving instance, ``read_*`` the union under one parent instance.
    """

    fill_new: Any
    fill_held: Any
    read_new: Any
    read_held: Any


@dataclass(frozen=True)
class Tilings:
    """The distinct tilings of some dimensions above a node.

    Parameters
    ----------
    first : int64 array, shape (tilings,)
        The first case that has each.
    inverse : int64 array, shape (cases,)
        Which tiling each case has.
    loops : dict of dimension to list of LoopLine
        The loops above the node, with one tile a tiling.
    """

    first: Ints
    inverse: Ints
    loops: dict[str, list[LoopLine]]

    @classmethod
    def of(cls, cases: Cases, loops: dict[str, list[LoopLine]]) -> Tilings:
        """Return the distinct tilings among the cases."""
        if cases.apart:
            first = inverse = np.arange(len(cases.shape_of))
        else:
            first, inverse = _distinct([cases.shape_of, *(loop.tile for chain in loops.values() for loop in chain)])
        return cls(first, inverse, {dim: [loop.at(first) for loop in chain] for dim, chain in loops.items()})


def _distinct(columns: list[Ints]) -> tuple[Ints, Ints]:
    """The first of each distinct row of some columns of small numbers, and which of them each row is."""
    count = len(columns[0])
    if count <= FEW:
        return (every := np.arange(count)), every
    radix = [int(column.max()) + 1 for column in columns]
    if prod(radix) >= 2**62:
        _, first, inverse = np.unique(np.stack(columns, axis=1), axis=0, return_index=True, return_inverse=True)
        return first, inverse.reshape(-1)
    code = np.zeros_like(columns[0])
    for column, base in zip(columns, radix, strict=True):
        code = code * base + column
    if prod(radix) > 8 * count:
        _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        return first, inverse
    seen = np.full(prod(radix), -1)
    seen[code[::-1]] = np.arange(count)[::-1]  # the first of a code is written last
    found = np.flatnonzero(seen >= 0)
    rank = np.empty(len(seen), dtype=np.int64)
    rank[found] = np.arange(len(found))
    return seen[found], rank[code]


class Factors:
    """The factors of one evaluation, for all its cases or a part of them."""

    def __init__(self, whole: Cases) -> None:
        self.cases = self._whole = whole
        self._rows = slice(None)
        self._places = {dim: [loop.place for loop in loops] for dim, loops in whole.loops.items()}
        self._tilings: dict[object, Tilings] = {}
        self._tables: dict[object, Ints] = {}
        self._found: dict[object, Ints] = {}

    def part(self, rows: slice) -> Factors:
        """Return the factors of some of the cases; tables are shared."""
        part = copy(self)
        part.cases, part._rows, part._found = self._whole.part(rows), rows, {}
        return part

    def new(self, dim: str, node: int, advance: int) -> Ints:
        """Positions in the tiles entered at an advance, summed over instances."""
        if not self._places[dim]:
            return self.cases.extent[dim]
        return self._factor("new", dim, node, advance, node, positions, Role.ZERO)

    def held(self, dim: str, node: int, advance: int) -> Ints:
        """Positions of those tiles that were held just before: all, if no loop of ``dim`` moved."""
        if advance in self._places[dim]:
            return self.cases.zero
        if not self._places[dim]:
            return self.cases.extent[dim]
        return self._factor("held", dim, node, advance, node, positions, Role.STILL)

    def lead_states(self, dim: str, node: int, advance: int) -> Ints:
        """Loop states of ``dim`` at an advance, as the lead counts them."""
        return self.working(dim, node, advance, -1)

    def advances(self, dims: Sequence[str], advance: int) -> Ints:
        """How often a loop advances, as the lead counts it, over the states of the loops of some dimensions."""
        bottom = self.cases.bottom
        looped = [dim for dim in dims if self._places[dim]]
        return prod((self.lead_states(dim, bottom, advance) for dim in looped), start=self.cases.one)

    def working(self, dim: str, node: int, advance: int, merge: int) -> Ints:
        """Loop states of ``dim`` in which an instance has work, those below ``merge`` counted as one."""
        if not self._places[dim]:
            return self.cases.one
        return self._factor("working", dim, node, advance, merge, states, Role.ZERO)

    def ending_states(self, dim: str, advance: int, inner: int) -> Ints:
        """Loop states of ``dim``, as the lead counts them, in the bodies of the loop at ``inner`` that an advance ends.

        Loops outside ``inner`` have come to their last index, those inside it run through.
        """
        if not self._places[dim]:
            return self.cases.one

        def compute(tilings: Tilings) -> Ints:
            chain = []
            for loop in tilings.loops[dim]:
                role = Role.FREE if loop.place < advance or loop.place > inner else Role.LAST
                role = Role.LEFT if loop.place == advance else role
                chain.append(Digit(loop.tile, Role.ZERO if loop.spatial else role, loop.spatial))
            return states(self._whole.extent[dim][tilings.first], chain)

        key = ("ending", *self._standing(dim, advance, inner + 1))
        return self._spread_out((dim,), self.cases.bottom, key, compute)

    def still_states(self, dim: str, node: int, advance: int) -> Ints:
        """Loop states of ``dim`` at an advance, as the lead counts them, that leave the tile of a node as it was."""
        if not self._places[dim]:
            return self.cases.one
        return self._factor("still", dim, node, advance, -1, states, Role.STILL)

    def full_states(self, dim: str) -> Ints:
        """Loop states of ``dim`` in which all instances have work: the last one has."""

        def compute(tilings: Tilings) -> Ints:
            chain = [
                Digit(loop.tile, Role.AT, spatial=True, index=loop.bound - 1) if loop.spatial
                else Digit(loop.tile, Role.FREE)
                for loop in tilings.loops[dim]
            ]  # fmt: skip
            return states(self._whole.extent[dim][tilings.first], chain)

        return self._spread_out((dim,), self.cases.bottom, ("full",), compute)

    def last_positions(self, dim: str, node: int) -> Ints:
        """Positions in the tiles that all instances of a node hold at the last step."""
        if not self._places[dim]:
            return self.cases.extent[dim]
        return self._last("last positions", dim, node, node, node, positions)

    def last_working(self, dim: str, node: int, merge: int, mover: int) -> Ints:
        """Instances with work after the last advance of the loop at ``mover``, those below ``merge`` as one."""
        if not self._places[dim]:
            return self.cases.one
        return self._last("last working", dim, node, merge, mover, states)

    def _last(
        self, what: str, dim: str, node: int, merge: int, mover: int, measure: Callable[[Ints, list[Digit]], Ints]
    ) -> Ints:
        def role(loop: LoopLine) -> Role:
            if loop.spatial:
                return Role.FREE if loop.place < merge else Role.ZERO
            return Role.LAST if loop.place <= mover else Role.ZERO

        def compute(tilings: Tilings) -> Ints:
            chain = [Digit(loop.tile, role(loop), loop.spatial) for loop in tilings.loops[dim]]
            return measure(self._whole.extent[dim][tilings.first], chain)

        key = (what, bisect_left(self._places[dim], merge), bisect_left(self._places[dim], mover + 1))
        return self._spread_out((dim,), node, key, compute)

    def ended(self, dim: str, node: int, advance: int) -> Ints:
        """Positions in the tiles that the lead leaves at an advance: all loops inside it are at their last index."""
        if not self._places[dim]:
            return self.cases.extent[dim]

        def compute(tilings: Tilings) -> Ints:
            chain = []
            for loop in tilings.loops[dim]:
                role = Role.FREE if loop.place < advance else Role.LEFT if loop.place == advance else Role.LAST
                chain.append(Digit(loop.tile, Role.ZERO if loop.spatial else role, loop.spatial))
            return positions(self._whole.extent[dim][tilings.first], chain)

        return self._spread_out((dim,), node, ("ended", *self._standing(dim, advance, node)), compute)

    def begun(self, dim: str, node: int, advance: int) -> Ints:
        """Positions in the tiles that the lead enters at an advance."""
        if not self._places[dim]:
            return self.cases.extent[dim]
        return self._factor("begun", dim, node, advance, -1, positions, Role.ZERO)

    def instances(self, dim: str, above: int, below: int) -> Ints:
        """Instances over which the spatial loops of ``dim`` between two places spread."""
        bounds = [loop.bound for loop in self.cases.loops[dim] if loop.spatial and above < loop.place < below]
        return prod(bounds, start=self.cases.one)

    def _factor(
        self,
        what: str,
        dim: str,
        node: int,
        advance: int,
        spread: int,
        measure: Callable[[Ints, list[Digit]], Ints],
        inside: Role,
    ) -> Ints:
        asked = what, dim, node, advance, spread
        if asked in self._found:
            return self._found[asked]

        def compute(tilings: Tilings) -> Ints:
            chain = self._chain(dim, tilings, advance, inside, spread)
            return measure(self._whole.extent[dim][tilings.first], chain)

        found = self._spread_out((dim,), node, (what, *self._standing(dim, advance, spread)), compute)
        self._found[asked] = found
        return found

    def _standing(self, dim: str, advance: int, cut: int) -> tuple[int, ...]:
        """How the loops of a dimension stand to an advance and a cut."""
        places = self._places[dim]
        outside = bisect_left(places, advance)
        advancing = outside < len(places) and places[outside] == advance
        return outside, advancing, bisect_left(places, cut)

    def _spread_out(
        self, dims: tuple[str, ...], node: int, key: tuple[object, ...], compute: Callable[[Tilings], Ints]
    ) -> Ints:
        """A table over the distinct tilings of ``dims`` above a node, computed once, laid out over the cases."""
        above = tuple(bisect_left(self._places[dim], node) for dim in dims)
        if (dims, above) not in self._tilings:
            loops = {dim: self._whole.loops[dim][:count] for dim, count in zip(dims, above, strict=True)}
            self._tilings[dims, above] = Tilings.of(self._whole, loops)
        tilings = self._tilings[dims, above]
        if (dims, above, key) not in self._tables:
            self._tables[dims, above, key] = compute(tilings)
        return self._tables[dims, above, key].take(tilings.inverse[self._rows], axis=0)

    def _chain(self, dim: str, tilings: Tilings, advance: int, inside: Role, spatial_above: int) -> list[Digit]:
        """Roles of the loops of ``dim`` above a node at an advance; spatial ones are free above a place."""
        chain = []
        for loop in tilings.loops[dim]:
            if loop.spatial:
                role = Role.FREE if loop.place < spatial_above else Role.ZERO
            elif loop.place < advance:
                role = Role.FREE
            else:
                role = Role.STEP if loop.place == advance else inside
            chain.append(Digit(loop.tile, role, loop.spatial))
        return chain

    # ---- image axes of I ---------------------------------------------------------------------

    def axis(self, axis: ImageAxis, node: int, parent: int, advance: int) -> Sums:
        """Sums of an image axis: from its window where it has one, as a plain dimension elsewhere."""
        if not self.cases.exact:
            return self._mean_axis(axis, node, parent, advance)
        dims = axis.out, axis.taps
        key = ("axis", node == self.cases.bottom, *(self._standing(dim, advance, parent) for dim in dims))
        sums = self._spread_out(
            dims, node, key, lambda tilings: self._axis_table(axis.name, tilings, node, parent, advance)
        )
        return Sums(*sums.T)

    def _axis_table(self, name: str, tilings: Tilings, node: int, parent: int, advance: int) -> Ints:
        """Exact sums of an axis, one row a tiling."""
        whole, first = self._whole, tilings.first
        axis = next(one for one in whole.axes["I"] if one.name == name).at(first)
        extent = whole.extent[axis.out][first]
        new = positions(extent, self._chain(axis.out, tilings, advance, Role.ZERO, node))
        held = positions(extent, self._chain(axis.out, tilings, advance, Role.STILL, node))
        held = held * (advance not in self._places[axis.out])
        table = np.stack([new, held, new, held], axis=1)
        window = np.flatnonzero(axis.halo)
        if not window.size:
            return table
        chains = [
            [AxisLoop(loop.tile[window], _index(loop, parent, advance)) for loop in tilings.loops[dim]]
            for dim in (axis.out, axis.taps)
        ]
        if node == whole.bottom and not any(loop.index == "together" for chain in chains for loop in chain):
            table[window] = self._pairs(axis, first[window])[:, None]  # every pair of positions is one state
            return table
        own = axis.at(window)
        out, taps = (whole.extent[dim][first[window]] for dim in (axis.out, axis.taps))
        geometry = Geometry(out, taps, own.stride, own.dilation, own.pad, own.size)
        table[window] = axis_sums(geometry, not whole.timeloop, *chains)
        return table

    def _pairs(self, axis: ImageAxis, chosen: Ints) -> Ints:
        """Pairs of an output and a filter position that reach into the input, of each case."""
        whole = self._whole
        by_shape = [
            reached_pairs(window, getattr(shape, axis.out), getattr(shape, axis.taps), not whole.timeloop)
            for shape, window in zip(whole.shapes, axis.windows, strict=True)
        ]
        return np.array(by_shape, dtype=np.int64)[whole.shape_of[chosen]]

    def _mean_axis(self, axis: ImageAxis, node: int, parent: int, advance: int) -> Sums:
        """Sums from the mean reach of a tile, good enough to rank mappings by.

        An advance along the axis keeps the halo if no loop of the axis inside it moves as well.
        """
        cases, out, taps = self.cases, axis.out, axis.taps
        step = {out: cases.tile(out, node) * axis.stride, taps: cases.tile(taps, node) * axis.dilation}
        full = (cases.extent[out] - 1) * axis.stride + (cases.extent[taps] - 1) * axis.dilation + 1
        inside = axis.size / full  # padding is spread evenly over the tiles
        reach = (step[out] - axis.stride + step[taps] - axis.dilation + 1) * inside
        entered = self.lead_states(out, node, advance) * self.lead_states(taps, node, advance)
        apart = self.instances(out, -1, parent) * self.instances(taps, -1, parent)
        together = self.instances(out, parent, node)
        moving = [
            loop for dim in (out, taps) for loop in cases.loops[dim] if not loop.spatial and advance < loop.place < node
        ]
        still = np.all([cases.one > 0, *(loop.bound == 1 for loop in moving)], axis=0)
        kept = reach
        for dim, shift in step.items():
            if advance in self._places[dim]:
                kept = np.maximum(reach - shift * inside, 0)
        fill = entered * apart * together * self.instances(taps, parent, node)
        union = np.minimum((reach + (together - 1) * step[out] * inside) / np.maximum(reach * together, 1), 1)
        read = entered * apart * together * union
        return Sums(fill * reach, fill * kept * still, read * reach, read * kept * still)

    def reach(self, axis: ImageAxis, node: int) -> Ints:
        """Input positions that a nominal tile of an image axis reaches, at most the tensor's."""
        out, taps = self.cases.tile(axis.out, node), self.cases.tile(axis.taps, node)
        reach = (out - 1) * axis.stride + (taps - 1) * axis.dilation + 1
        return reach if self.cases.timeloop else np.minimum(reach, axis.size)

    def box(self, operand: str, node: int) -> Ints:
        """Words of the largest box of one instance of a node."""
        words = prod((self.cases.tile(dim, node) for dim in self.cases.plain[operand]), start=self.cases.one)
        return prod((self.reach(axis, node) for axis in self.cases.axes[operand]), start=words)


def _index(loop: LoopLine, parent: int, advance: int) -> Index:
    if loop.spatial:
        return "apart" if loop.place < parent else "together"
    if loop.place == advance:
        return "advance"
    return "outside" if loop.place < advance else "inside"
