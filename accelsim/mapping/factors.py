"""What does each dimension contribute to a count? The factors of every product, each computed once.

At the advance of a loop, the dimensions enter a count independently of each other. A factor depends on
the other dimensions only through which of its own loops stand outside the advancing one; by that it
is remembered, whatever the order of the loops. And it depends on the tiles of its own loops alone: of
many mappings only the distinct tilings of a dimension are computed, and spread over the mappings by index.
Factors of several advances are rows of one matrix, of shape (advances, n); (1, n) where all are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeVar

import numpy as np

from accelsim.mapping.cases import COLUMN, EVERY, Above, Advance, Cases, ImageAxis, LoopLine
from accelsim.mapping.digits import FINAL, FREE, LAST, LEFT, STEP, STILL, ZERO, Bools, Chain, Digit, Ints
from accelsim.mapping.halo import AxisLoop, Geometry, Index, axis_sums, reached_pairs
from accelsim.mapping.tilings import FEW, Tilings

Found = TypeVar("Found")
Numbers = tuple[int, ...]
Measure = Literal["positions", "states"]


@dataclass(frozen=True)
class Sums:
    """Input positions summed over the states of an image axis: entered, and of those already held.

    ``fill_*`` count every receiving instance, ``read_*`` the union under one parent instance.
    """

    fill_new: Any
    fill_held: Any
    read_new: Any
    read_held: Any


def product(factors: Sequence[Ints]) -> Ints:
    """Return the product of whole numbers, each of shape (1, n) or (advances, n), as a new array."""
    wide = [factor for factor in factors if len(factor) > 1]
    narrow = [factor for factor in factors if len(factor) == 1]
    found = narrow[0] if narrow else wide.pop()
    for factor in narrow[1:]:
        found = found * factor
    if not wide:
        return found if len(narrow) > 1 else found.copy()
    found = found * wide[0]
    for factor in wide[1:]:
        found *= factor
    return found


class Factors:
    """The factors of one evaluation, for all its cases or a part of them."""

    def __init__(self, whole: Cases) -> None:
        self.cases = self._whole = whole
        self._rows: slice | Ints = slice(None)
        self._spatial = {dim: [loop.spatial for loop in loops] for dim, loops in whole.loops.items()}
        self._kinds_of: dict[object, tuple[list[tuple[int, bool]], Ints]] = {}
        self._tilings: dict[object, Tilings] = {}
        self._tables: dict[object, Ints] = {}
        self._found: dict[Hashable, Any] = {}

    def part(self, rows: slice | Ints, order: int | None = None) -> Factors:
        """Return the factors of some of the cases, as `Cases.part` does; tables are shared."""
        part = copy(self)
        part.cases, part._rows, part._found = self._whole.part(rows, order), rows, {}
        return part

    def once(self, key: Hashable, compute: Callable[[], Found]) -> Found:
        """Return what was computed under a key before, for this or another order of the loops."""
        if key not in self._found:
            self._found[key] = compute()
        found: Found = self._found[key]
        return found

    # ---- a dimension at some advances ------------------------------------------------------------

    def new(self, dim: str, node: Above, advances: Numbers) -> Ints:
        """Positions in the tiles entered at advances, summed over instances."""
        return self._at(dim, node, advances, "positions", ZERO, node)

    def held(self, dim: str, node: Above, advances: Numbers) -> Ints:
        """Positions of those tiles that were held just before: all, if no loop of ``dim`` moved."""
        return self._at(dim, node, advances, "positions", STILL, node, step="")

    def begun(self, dim: str, node: Above, advances: Numbers) -> Ints:
        """Positions in the tiles that the lead enters at advances."""
        return self._at(dim, node, advances, "positions", ZERO, None)

    def ended(self, dim: str, node: Above, advances: Numbers) -> Ints:
        """Positions in the tiles that the lead leaves at advances: all loops inside are at their last index."""
        return self._at(dim, node, advances, "positions", LAST, None, step=LEFT)

    def lead_states(self, dim: str, advances: Numbers) -> Ints:
        """Loop states of ``dim`` at advances, as the lead counts them."""
        return self._at(dim, self.cases.bottom, advances, "states", ZERO, None)

    def working(self, dim: str, advances: Numbers, merge: Above) -> Ints:
        """Loop states of ``dim`` in which an instance has work, those below ``merge`` counted as one."""
        return self._at(dim, self.cases.bottom, advances, "states", ZERO, merge)

    def still_states(self, dim: str, node: Above, advances: Numbers) -> Ints:
        """Loop states of ``dim`` at advances of other loops, for the lead, that leave the tile of a node as it was."""
        return self._at(dim, node, advances, "states", STILL, None, step="")

    def advances(self, dims: Sequence[str], advances: Numbers) -> Ints:
        """How often loops advance, as the lead counts it, over the states of the loops of some dimensions."""
        looped = [self.lead_states(dim, advances) for dim in dims if self._spatial[dim]]
        return product([self.cases.one[None], *looped])

    def _at(
        self,
        dim: str,
        node: Above,
        advances: Numbers,
        measure: Measure,
        inside: str,
        spread: Above | None,
        step: str = STEP,
    ) -> Ints:
        """The factor at some advances; spatial loops are free above ``spread``. Without a ``step`` there are none."""
        if not self._spatial[dim]:
            return self.cases.extent[dim][None] if measure == "positions" else self.cases.one[None]
        cut, free = node[COLUMN[dim]], spread[COLUMN[dim]] if spread else 0
        kinds, index = self._kinds(dim, advances)

        def compute() -> Ints:
            roles = [self._roles(dim, cut, kind, free, inside, step) for kind in kinds]
            return self._rows_of(dim, cut, measure, roles)

        laid = self.once((dim, cut, advances, measure, inside, free, step), compute)
        return laid if len(laid) == 1 else laid.take(index, axis=0)

    def _kinds(self, dim: str, advances: Numbers) -> tuple[list[tuple[int, bool]], Ints]:
        """How the loops of a dimension can stand to some advances, and which way each does."""
        if (dim, advances) not in self._kinds_of:
            each = [self.cases.advances[number].loops(dim) for number in advances]
            place = {kind: number for number, kind in enumerate(dict.fromkeys(each))}
            self._kinds_of[dim, advances] = list(place), np.array([place[kind] for kind in each])
        return self._kinds_of[dim, advances]

    def _roles(self, dim: str, cut: int, kind: tuple[int, bool], free: int, inside: str, step: str) -> str | None:
        """Roles of the loops of a dimension above a line; None where nothing is as it was at a step."""
        outside, advancing = kind
        if advancing and not step:
            return None
        roles = ""
        for place, spatial in enumerate(self._spatial[dim][:cut]):
            if spatial:
                roles += FREE if place < free else ZERO
            elif place < outside:
                roles += FREE
            else:
                roles += step if advancing and place == outside else inside
        return roles

    def _rows_of(self, dim: str, cut: int, measure: Measure, roles: Sequence[str | None]) -> Ints:
        """Tables of a dimension, a row each of the roles, laid out over the cases."""
        if measure == "states":  # loops inside that stand at zero change nothing
            roles = [one and one.rstrip(ZERO) for one in roles]
            cut = max((len(one) for one in roles if one), default=0)
        tilings = self._tilings_of({dim: cut})
        tables = [self._table(tilings.chains[dim], dim, cut, measure, one) for one in roles]
        return self._laid(np.stack(tables), tilings)

    def _table(self, chain: Chain, dim: str, cut: int, measure: Measure, roles: str | None) -> Ints:
        key = dim, cut if self._dense else 0, measure, roles
        if key not in self._tables:
            if roles is None:
                self._tables[key] = np.zeros_like(chain.extent)
            else:
                self._tables[key] = chain.positions(roles) if measure == "positions" else chain.states(roles)
        return self._tables[key]

    @property
    def _dense(self) -> bool:
        """Whether tilings are looked at apart from cases."""
        return not self._whole.apart and len(self._whole.shape_of) > FEW

    def _tilings_of(self, cuts: dict[str, int]) -> Tilings:
        """Distinct tilings of some dimensions by their outermost loops; where cases stand for tilings, of all loops."""
        if not self._dense:
            cuts = {dim: len(self._spatial[dim]) for dim in cuts}
        key = tuple(cuts.items())
        if key not in self._tilings:
            self._tilings[key] = Tilings.of(
                self._whole, {dim: self._whole.loops[dim][:cut] for dim, cut in cuts.items()}
            )
        return self._tilings[key]

    def _laid(self, tables: Ints, tilings: Tilings) -> Ints:
        """Tables over tilings, the last axis, laid out over the cases."""
        if tilings.inverse is None:
            return tables[..., self._rows]
        return tables.take(tilings.inverse[self._rows], axis=-1)

    # ---- a dimension otherwise -------------------------------------------------------------------

    def ending_states(self, dim: str, pairs: Sequence[tuple[Advance, Above]]) -> Ints:
        """Loop states of ``dim``, for the lead, in the last bodies of a loop before an advance.

        A pair names the advance, and the loops above the body: the loop and those outside it. Loops outside of these
        have come to their last index, those inside run through.
        """
        if not self._spatial[dim]:
            return self.cases.one[None]
        each = [(*advance.loops(dim), body[COLUMN[dim]]) for advance, body in pairs]
        place = {kind: number for number, kind in enumerate(dict.fromkeys(each))}
        roles: list[str | None] = []
        for outside, advancing, inner in place:
            one = ""
            for at, spatial in enumerate(self._spatial[dim]):
                role = FREE if at < outside or at >= inner else LAST
                one += ZERO if spatial else LEFT if advancing and at == outside else role
            roles.append(one)
        laid = self._rows_of(dim, len(self._spatial[dim]), "states", roles)
        return laid if len(laid) == 1 else laid.take([place[kind] for kind in each], axis=0)

    def full_states(self, dim: str) -> Ints:
        """Loop states of ``dim`` in which all instances have work: the last one has; shape (n,)."""
        roles = "".join(FINAL if spatial else FREE for spatial in self._spatial[dim])
        return self._one(dim, len(roles), "states", roles)

    def last_positions(self, dim: str, node: Above) -> Ints:
        """Positions in the tiles that all instances of a node hold at the last step, shape (n,)."""
        if not self._spatial[dim]:
            return self.cases.extent[dim]
        spatial = self._spatial[dim][: node[COLUMN[dim]]]
        return self._one(dim, len(spatial), "positions", "".join(FREE if one else LAST for one in spatial))

    def last_working(self, dim: str, merge: Above, ended: Above) -> Ints:
        """Instances with work after the last advance of a loop, those below ``merge`` as one, shape (n,).

        ``ended`` counts that loop and those outside it.
        """
        if not self._spatial[dim]:
            return self.cases.one
        free, last = merge[COLUMN[dim]], ended[COLUMN[dim]]
        roles = ""
        for place, spatial in enumerate(self._spatial[dim]):
            roles += (FREE if place < free else ZERO) if spatial else (LAST if place < last else ZERO)
        return self._one(dim, len(roles), "states", roles)

    def positions_where(self, dim: str, still: Sequence[Bools | None]) -> Ints:
        """Positions of a dimension whose loops do not move where that is asked, shape (n,)."""
        if all(where is None for where in still):
            return self.cases.extent[dim]
        digits = [Digit(loop.tile, loop.bound, loop.spatial) for loop in self.cases.loops[dim]]
        return Chain(self.cases.extent[dim], digits).positions_where(still)

    def _one(self, dim: str, cut: int, measure: Measure, roles: str) -> Ints:
        key = dim, cut, measure, roles
        if key not in self._found:
            self._found[key] = self._rows_of(dim, cut, measure, [roles])[0]
        found: Ints = self._found[key]
        return found

    def instances(self, dim: str, above: Above | None, below: Above) -> Ints:
        """Instances over which the spatial loops of ``dim`` between two lines spread, shape (n,)."""
        column = COLUMN[dim]
        between = self.cases.loops[dim][above[column] if above else 0 : below[column]]
        return prod([loop.bound for loop in between if loop.spatial], start=self.cases.one)

    # ---- image axes of I ---------------------------------------------------------------------

    def axis(self, axis: ImageAxis, node: Above, parent: Above, advances: Numbers) -> Sums:
        """Sums of an image axis: from its window where it has one, as a plain dimension elsewhere."""
        if not self.cases.exact:
            return self._mean_axis(axis, node, parent, advances)
        cuts = {dim: node[COLUMN[dim]] for dim in (axis.out, axis.taps)}
        tilings = self._tilings_of(cuts)
        each = [tuple(self.cases.advances[number].loops(dim) for dim in cuts) for number in advances]
        place = {kind: number for number, kind in enumerate(dict.fromkeys(each))}
        tables = []
        for kinds in place:
            key = "axis", *cuts.items(), *(parent[COLUMN[dim]] for dim in cuts), advances == (EVERY,), kinds
            if key not in self._tables:
                self._tables[key] = self._axis_table(axis.name, tilings, node, parent, kinds, macs=advances == (EVERY,))
            tables.append(self._tables[key])
        laid = self._laid(np.stack(tables, axis=1), tilings)
        return Sums(*laid.take([place[kind] for kind in each], axis=1))

    def _axis_table(
        self,
        name: str,
        tilings: Tilings,
        node: Above,
        parent: Above,
        kinds: tuple[tuple[int, bool], ...],
        *,
        macs: bool,
    ) -> Ints:
        """Exact sums of an axis, a column a tiling; for the MACs, which stand below all loops, over all states."""
        whole, first = self._whole, tilings.first
        axis = next(one for one in whole.axes["I"] if one.name == name).at(first)
        (out_kind, taps_kind), cut = kinds, node[COLUMN[axis.out]]
        chain = tilings.chains[axis.out]
        new = self._roles(axis.out, cut, out_kind, cut, ZERO, STEP)
        held = self._roles(axis.out, cut, out_kind, cut, STILL, "")
        plain_new = chain.positions(new or "")
        plain_held = np.zeros_like(plain_new) if held is None else chain.positions(held)
        table = np.stack([plain_new, plain_held, plain_new, plain_held])
        if taps_kind[1]:  # a plain dimension has a single tap, whose loop never advances
            table[:] = 0
        window = np.flatnonzero(axis.halo)
        if not window.size:
            return table
        chains = [
            [
                AxisLoop(loop.tile[window], _index(loop, place, kind, parent[COLUMN[dim]]))
                for place, loop in enumerate(tilings.loops[dim][: node[COLUMN[dim]]])
            ]
            for dim, kind in zip((axis.out, axis.taps), kinds, strict=True)
        ]
        if macs and not any(loop.index == "together" for chain in chains for loop in chain):
            table[:, window] = self._pairs(axis, first[window])  # every pair of positions is one state
            return table
        own = axis.at(window)
        out, taps = (whole.extent[dim][first[window]] for dim in (axis.out, axis.taps))
        geometry = Geometry(out, taps, own.stride, own.dilation, own.pad, own.size)
        table[:, window] = axis_sums(geometry, not whole.timeloop, *chains).T
        return table

    def _pairs(self, axis: ImageAxis, chosen: Ints) -> Ints:
        """Pairs of an output and a filter position that reach into the input, of each case."""
        whole = self._whole
        by_shape = [
            reached_pairs(window, getattr(shape, axis.out), getattr(shape, axis.taps), not whole.timeloop)
            for shape, window in zip(whole.shapes, axis.windows, strict=True)
        ]
        return np.array(by_shape, dtype=np.int64)[whole.shape_of[chosen]]

    def _mean_axis(self, axis: ImageAxis, node: Above, parent: Above, advances: Numbers) -> Sums:
        """Sums from the mean reach of a tile, good enough to rank mappings by.

        An advance along the axis keeps the halo if no loop of the axis inside it moves as well.
        """
        cases, out, taps = self.cases, axis.out, axis.taps
        step = {out: cases.tile(out, node) * axis.stride, taps: cases.tile(taps, node) * axis.dilation}
        full = (cases.extent[out] - 1) * axis.stride + (cases.extent[taps] - 1) * axis.dilation + 1
        inside = axis.size / full  # padding is spread evenly over the tiles
        reach = (step[out] - axis.stride + step[taps] - axis.dilation + 1) * inside
        entered = product([self.lead_states(out, advances), self.lead_states(taps, advances)])
        apart = self.instances(out, None, parent) * self.instances(taps, None, parent)
        together = self.instances(out, parent, node)
        kept = self._kept(axis, node, advances, reach, {dim: shift * inside for dim, shift in step.items()})
        fill = entered * (apart * together * self.instances(taps, parent, node))
        union = np.minimum((reach + (together - 1) * step[out] * inside) / np.maximum(reach * together, 1), 1)
        read = entered * (apart * together) * union
        return Sums(fill * reach, fill * kept, read * reach, read * kept)

    def _kept(self, axis: ImageAxis, node: Above, advances: Numbers, reach: Any, shift: dict[str, Any]) -> Any:
        """What is left of a tile's reach after advances: nothing where a loop of the axis inside moves as well."""
        found: dict[object, Any] = {}
        each = [tuple(self.cases.advances[number].loops(dim) for dim in shift) for number in advances]
        for kinds in dict.fromkeys(each):
            left, still = reach, np.ones(len(reach), dtype=bool)
            for (outside, advancing), (dim, moved) in zip(kinds, shift.items(), strict=True):
                left = np.maximum(reach - moved, 0) if advancing else left
                for loop in self.cases.loops[dim][outside + advancing : node[COLUMN[dim]]]:
                    if not loop.spatial:
                        still = still & (loop.bound == 1)
            found[kinds] = left * still
        return np.stack([found[kinds] for kinds in each])

    def reach(self, axis: ImageAxis, node: Above) -> Ints:
        """Input positions that a nominal tile of an image axis reaches, at most the tensor's."""
        out, taps = self.cases.tile(axis.out, node), self.cases.tile(axis.taps, node)
        reach = (out - 1) * axis.stride + (taps - 1) * axis.dilation + 1
        return reach if self.cases.timeloop else np.minimum(reach, axis.size)

    def box(self, operand: str, node: Above) -> Ints:
        """Words of the largest box of one instance of a node, shape (n,)."""
        words = prod((self.cases.tile(dim, node) for dim in self.cases.plain[operand]), start=self.cases.one)
        return prod((self.reach(axis, node) for axis in self.cases.axes[operand]), start=words)


def _index(loop: LoopLine, place: int, kind: tuple[int, bool], parent: int) -> Index:
    outside, advancing = kind
    if loop.spatial:
        return "apart" if place < parent else "together"
    if advancing and place == outside:
        return "advance"
    return "outside" if place < outside else "inside"
