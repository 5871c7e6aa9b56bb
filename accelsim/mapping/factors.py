"""What does each dimension contribute to a count? The factors of every product, each computed once.

At the advance of a loop, the dimensions enter a count independently of each other. A factor depends on
the other dimensions only through which of its own loops stand outside the advancing one; that is the
key under which it is remembered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from accelsim.mapping.cases import Cases, ImageAxis, LoopLine
from accelsim.mapping.digits import Digit, Ints, Role, positions, states
from accelsim.mapping.halo import AxisLoop, axis_sums


@dataclass(frozen=True)
class Sums:
    """Input positions summed over the states of an image axis: entered, and of those already held.

    ``fill_*`` count every receiving instance, ``read_*`` the union under one parent instance.
    """

    fill_new: Any
    fill_held: Any
    read_new: Any
    read_held: Any


class Factors:
    """The factors of one evaluation."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        self._places = {dim: [loop.place for loop in loops] for dim, loops in cases.loops.items()}
        self._memo: dict[object, Ints] = {}

    def new(self, dim: str, node: int, advance: int) -> Ints:
        """Positions in the tiles entered at an advance, summed over instances."""
        extent = self.cases.extent[dim]
        return self._once(
            dim,
            "new",
            node,
            advance,
            0,
            extent,
            lambda: positions(extent, self._chain(dim, node, advance, Role.ZERO, node)),
        )

    def held(self, dim: str, node: int, advance: int) -> Ints:
        """Positions of those tiles that were held just before: all, if no loop of ``dim`` moved."""
        extent = self.cases.extent[dim]
        if advance in self._places[dim]:
            return self.cases.zero
        return self._once(
            dim,
            "held",
            node,
            advance,
            0,
            extent,
            lambda: positions(extent, self._chain(dim, node, advance, Role.STILL, node)),
        )

    def lead_states(self, dim: str, node: int, advance: int) -> Ints:
        """Loop states of ``dim`` at an advance, as the lead counts them."""
        return self.working(dim, node, advance, -1)

    def working(self, dim: str, node: int, advance: int, merge: int) -> Ints:
        """Loop states of ``dim`` in which an instance has work, those below ``merge`` counted as one."""
        extent = self.cases.extent[dim]
        return self._once(
            dim,
            "working",
            node,
            advance,
            merge,
            self.cases.one,
            lambda: states(extent, self._chain(dim, node, advance, Role.ZERO, merge)),
        )

    def instances(self, dim: str, above: int, below: int) -> Ints:
        """Instances over which the spatial loops of ``dim`` between two places spread."""
        bounds = [loop.bound for loop in self.cases.loops[dim] if loop.spatial and above < loop.place < below]
        return prod(bounds, start=self.cases.one)

    def _once(
        self, dim: str, what: str, node: int, advance: int, cut: int, alone: Ints, compute: Callable[[], Ints]
    ) -> Ints:
        """A factor by its identity; ``alone`` is its value for a dimension without loops."""
        places = self._places[dim]
        if not places:
            return alone
        above, outside, spread = bisect_left(places, node), bisect_left(places, advance), bisect_left(places, cut)
        advancing = outside < len(places) and places[outside] == advance
        key = what, dim, above, outside, advancing, spread
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    def _chain(self, dim: str, node: int, advance: int, inside: Role, spatial_above: int) -> list[Digit]:
        """Roles of the loops of ``dim`` above ``node`` at an advance; spatial ones are free above a place."""
        chain = []
        for loop in self.cases.loops[dim]:
            if loop.place > node:
                break
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
        new, held = self.new(axis.out, node, advance), self.held(axis.out, node, advance)
        columns = np.stack([new, held, new, held], axis=1)
        chosen = np.flatnonzero(axis.halo)
        columns[chosen] = self._window_sums(axis, chosen, node, parent, advance)
        return Sums(*columns.T)

    def _window_sums(self, axis: ImageAxis, chosen: Any, node: int, parent: int, advance: int) -> Ints:
        """Exact sums of the chosen cases, one row each; equal geometries and tiles are computed once."""
        cases = self.cases
        loops = {dim: [loop for loop in cases.loops[dim] if loop.place < node] for dim in (axis.out, axis.taps)}
        columns = [cases.shape_of, *(loop.tile for dim in (axis.out, axis.taps) for loop in loops[dim])]
        rows, inverse = np.unique(np.stack(columns, axis=1)[chosen], axis=0, return_inverse=True)
        found = []
        for which, *tiles in rows.tolist():
            tile = iter(tiles)
            kinds = [
                tuple(AxisLoop(next(tile), _index(loop, parent, advance)) for loop in loops[dim])
                for dim in (axis.out, axis.taps)
            ]
            extents = (getattr(cases.shapes[which], dim) for dim in (axis.out, axis.taps))
            sums = axis_sums(axis.windows[which], not cases.timeloop, *extents, *kinds)
            found.append((sums.fill_new, sums.fill_held, sums.read_new, sums.read_held))
        return np.array(found, dtype=np.int64)[inverse.reshape(-1)]

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


def _index(loop: LoopLine, parent: int, advance: int) -> str:
    if loop.spatial:
        return "apart" if loop.place < parent else "together"
    if loop.place == advance:
        return "advance"
    return "outside" if loop.place < advance else "inside"
