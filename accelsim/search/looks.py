"""In which order does the search look at the skeletons of a case? At few tiles first, then at all that can be better.

docs/search.md says why each look is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.mapping.nest import Nest
from accelsim.search.best import Best
from accelsim.search.branch import Branches, Outcome, Row
from accelsim.search.certificate import EQUAL
from accelsim.search.compiled import COMPILED
from accelsim.search.leaves import nest_of, variants
from accelsim.search.plans import Menu, menu_of
from accelsim.search.roots import Roots

EFFORT = 200_000 if COMPILED else 2_000
"""Partial mappings that are bounded for one case by default."""

FEW_TILES = 10
"""Tiles of each dimension of the first look."""

WAYS, FEW_WAYS = (60_000, 5_000) if COMPILED else (300, 300)
"""Choices of instances that are bounded for a proof, and at first."""

FIRST_SHARE = 300
"""Bounds computed for one choice of instances in the first looks."""

UNPROVEN = 4
"""By how much less effort is made where a proof is out of reach."""

FEWEST = 20
"""Bounds that it takes at least to settle a choice of instances that may be better."""

FOCUS, FOCUS_WAYS = 6, 5_000
"""The most promising skeletons for which many more choices of instances are bounded then, and how many of each."""

SLACK = 1.03
"""How much more than the best a mapping may cost by its bound to be priced, where bounds are not exact."""

KEEPER_TILES = 300_000
"""Tiles of all dimensions together up to which nodes inside a fan-out are tried that keep several tiles."""

KEPT, MANY, PRICED = 16, 64, 8
"""Rows kept of a look, and where sums leave out much of the time; rows that the engine prices of them."""

NEAR = 0.9
"""Share of the best bound above which what is left may soon be proven."""


class Looks:
    """The search of one case.

    Parameters
    ----------
    branches : Branches
    best : Best
        The best mapping known, a heuristic one or none.
    effort : int
        Partial mappings to bound.

    Attributes
    ----------
    least : float
        What no mapping is below by the bounds; 0 where these say nothing.
    bounds : int
        Partial mappings that were bounded.
    """

    def __init__(self, branches: Branches, best: Best, effort: int) -> None:
        pins = branches.constraints
        self.branches, self.best, self.effort = branches, best, effort
        self.slack = 1.0 if branches.exact and not pins.loops else SLACK
        self.looks: list[Outcome] = []
        self.roots = branches.roots.first(FEW_WAYS)
        self.provable = not (branches.windowed or pins.nodes or pins.tiles or pins.loops)
        self.every = self._menu(0, wholes=self.provable)
        last = self._plain()
        unsettled = self._price(self._rows)
        if best.nest is None:  # what was kept breaks pins
            last = self._look(self.roots, self.every, effort // 4, effort // 2, slack=np.inf, keep=MANY)
            unsettled = self._price(last.rows)
        self.least = self._proven(last, unsettled) if self.provable and self._hopeful else 0.0
        self.bounds = sum(look.bounds for look in self.looks)
        best.evaluated += sum(look.counted for look in self.looks)

    @property
    def _rows(self) -> list[Row]:
        """All rows so far, the best first."""
        return sorted((row for look in self.looks for row in look.rows), key=lambda row: row.value)

    @property
    def _beaten(self) -> float:
        """What is certainly below the best mapping known."""
        return self.best.value[0] * (1 - EQUAL)

    def _menu(self, most: int, *, wholes: bool) -> Menu:
        branches = self.branches
        return menu_of(branches.case.shape, exact=branches.constraints.divisors, most=most, wholes=wholes)

    def _look(
        self, roots: Roots, menu: Menu, share: int, limit: int, *, slack: float | None = None, keep: int = KEPT
    ) -> Outcome:
        """Look for what is better than all so far; the first time for anything."""
        slack = self.slack if slack is None else slack
        reached = min((row.value for look in self.looks for row in look.rows), default=np.inf)
        known = min(reached * slack, self.best.value[0]) if slack < np.inf else self.best.value[0]
        below = known * (1 + EQUAL) if self.looks else np.inf
        found = self.branches.look(roots, menu, below, limit, share, slack=slack, keep=keep)
        self.looks.append(found)
        return found

    @property
    def _hopeful(self) -> bool:
        """Whether the effort may be enough to settle all that may be better."""
        reached = min([self.best.value[0], *(row.value for row in self._rows)])
        return int(np.count_nonzero(self.roots.bounds < reached * (1 - EQUAL))) * FEWEST <= self.effort

    def _plain(self) -> Outcome:
        """Look at mappings with the loops that reuse an operand directly below its nodes; return the last look."""
        roots, every, effort = self.roots, self.every, self.effort
        closing = roots.complete and self.provable
        first = effort // 4 if closing else effort // (4 * UNPROVEN)
        self._look(roots, self._menu(FEW_TILES, wholes=closing), FIRST_SHARE, first)
        if closing and self._hopeful:
            last = self._look(roots, every, effort // 100, effort // 2)
            if last.left < last.below:
                near = last.left >= NEAR * last.below
                last = self._look(roots, every, effort // 4, effort // 2 if near else effort // 8)
            return last
        effort //= UNPROVEN
        every = self._menu(0, wholes=False)
        self._look(roots, every, FIRST_SHARE, effort // 4)
        some = list(dict.fromkeys(row.skeleton for row in self._rows))[:FOCUS]
        if some:
            self._look(self.branches.roots.of(some, FOCUS_WAYS), every, FIRST_SHARE, effort // 4)
        self._look(roots, every, effort // 4, effort // 2)
        # whole copies weaken the bounds, so they are looked at apart
        return self._look(roots, self._menu(FEW_TILES, wholes=True), FIRST_SHARE, effort // 4)

    def _proven(self, last: Outcome, unsettled: float) -> float:
        """What no mapping is below: look at all that may be better, and at nodes that keep more than they must."""
        effort, branches = self.effort, self.branches
        least = min(last.least, unsettled)
        settled = self.roots.complete and branches.exact and last.left >= self._beaten  # no other look would say more
        if least < self._beaten and not settled:
            roots = branches.roots.below(self._beaten, effort // FEWEST)
            if roots is None:
                return branches.roots.floor
            slack = 1.0 if branches.exact else np.inf  # time that sums leave out
            last = self._look(roots, self.every, effort // 4, effort // 2, slack=slack, keep=MANY)
            least = min(last.least, self._price(last.rows))
        if branches.layout.crossed and least > 0:
            most = 0 if branches.tiles(self.every) > KEEPER_TILES else effort // FEWEST
            keepers = branches.roots.below(self._beaten, most, keepers=True)
            if keepers is None:
                return branches.roots.floor
            limit = 2 * effort if least >= self._beaten else effort // UNPROVEN
            last = self._look(keepers, self.every, limit // 2, limit)
            least = min(least, last.least, self._price(last.rows))
        return least

    def _price(self, rows: Sequence[Row]) -> float:
        """Price the most promising rows by the engine, more only while none is legal.

        Returns the least value of a row that costs more, or that was not priced.
        """
        unsettled = np.inf
        rows = [row for row in rows if row.value <= self.best.value[0] * (1 + EQUAL)]
        rows = rows if self.branches.exact else _alike_last(rows)
        while rows:
            ties = sum(row.value <= rows[0].value * (1 + EQUAL) for row in rows) if self.branches.exact else PRICED
            some, rows = rows[: min(ties, PRICED)], rows[min(ties, PRICED) :]
            for structure, found in self._nests(some).items():
                prices = self.best.price(structure, list(found)).tolist()
                for value, price in zip(found.values(), prices, strict=True):
                    unsettled = min(unsettled, value) if price > value * (1 + EQUAL) else unsettled
            if self.best.nest is not None:
                break
        return min([unsettled, *(row.value for row in rows)])

    def _nests(self, rows: Sequence[Row]) -> dict[Nest, dict[tuple[int, ...], float]]:
        """The nests of some rows by their structure: tiles, and the value of the row."""
        found: dict[Nest, dict[tuple[int, ...], float]] = {}
        pins = self.branches.constraints
        for row in rows:
            leaf = self.branches.leaf(row)
            nests = variants(leaf, pins.divisors, pins.loops) if pins.loops else [nest_of(leaf, row.variant)]
            for structure, tiles in nests:
                found.setdefault(structure, {}).setdefault(tiles, row.value)
        return found


def _alike_last(rows: Sequence[Row]) -> list[Row]:
    """Rows by value; those whose value another has as well, most often mirror images, behind all others."""
    first: dict[float, Row] = {}
    for row in rows:
        first.setdefault(float(f"{row.value:.9g}"), row)
    return [*first.values(), *(row for row in rows if first[float(f"{row.value:.9g}")] is not row)]
