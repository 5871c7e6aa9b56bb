"""How are all skeletons of a case searched? A first look with few tiles and instances, then all that can be better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Case, Floats, Ints
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.search.axes import slides
from accelsim.search.compiled import records
from accelsim.search.heuristic import OBJECTIVES, Objective
from accelsim.search.layout import Layout
from accelsim.search.leaf_lines import Leaf
from accelsim.search.plans import Menu, Plans, scratch_of
from accelsim.search.prices import Prices
from accelsim.search.problem import GOAL, NEST, PLACES, STATE, WORK, Kept
from accelsim.search.roots import Rooting, Roots
from accelsim.search.running import search
from accelsim.search.skeleton import Skeleton
from accelsim.search.spreads import Ways
from accelsim.workload.shape import DIMS

SCALE = 20.0
"""Ties are told apart up to some hundred times the energy of the arithmetic and the time of a full array."""


@dataclass(frozen=True)
class Row:
    """A complete mapping as the search sees it.

    Parameters
    ----------
    value : float
        Its objective, at the least time that its sums allow.
    variant : int
        Which of its nests that is (`accelsim.search.inner.exact`).
    skeleton : Skeleton
    tile : int64 array, shape (places, dimensions)
    spread : int64 array, shape (places, dimensions)
    keeper : str
        The operand whose box the innermost of the outermost loops leave alone; "" for any order.
    ways : Ways
        Where the instances come from.
    """

    value: float
    variant: int
    skeleton: Skeleton
    tile: Ints
    spread: Ints
    keeper: str
    ways: Ways


@dataclass(frozen=True)
class Outcome:
    """What a pass found, the best first.

    Parameters
    ----------
    rows : list of Row
    bounds, counted : int
        Lower bounds computed, and mappings counted.
    left, unsettled : float
        The least bound of what was left undone, and of what costs more than its bound; infinite if nothing was or does.
    below : float
        What else is not in the list is not below this.
    """

    rows: list[Row]
    bounds: int
    counted: int
    left: float
    unsettled: float
    below: float

    @property
    def least(self) -> float:
        """What no mapping that was looked for is below."""
        return min(self.left, self.unsettled, self.below)


class Branches:
    """The skeletons of a case.

    Parameters
    ----------
    chip : Chip
    case : Case
    objective : {"energy", "latency", "edp"}
    constraints : Constraints
    prices : Prices
    layout : Layout
    """

    def __init__(
        self,
        chip: Chip,
        case: Case,
        objective: Objective,
        constraints: Constraints,
        prices: Prices,
        layout: Layout,
    ) -> None:
        self.chip, self.case, self.constraints, self.layout = chip, case, constraints, layout
        self.plans = Plans(chip, case, prices, constraints)
        self.records = self.plans.plans(layout)
        self.goal = np.zeros(1, GOAL)
        one = self.records[0]
        cycles = float(np.prod(list(case.shape.extents.values()), dtype=float)) * one["work"] / chip.pes
        self.goal[0] = OBJECTIVES.index(objective), SCALE * max(prices.fixed_pj, 1.0), SCALE * max(cycles, 1.0)
        self.work, self.nest, self.room = np.zeros(1, WORK), np.zeros(1, NEST), scratch_of(case.shape)
        self.roots = Rooting(chip, case.shape, constraints, layout, self.records, self.goal, self.work)

    @property
    def windowed(self) -> bool:
        """Whether tiles of the input overlap, or miss some of it."""
        return slides(self.case.shape)

    @property
    def exact(self) -> bool:
        """Whether sums are what a mapping costs: energy that time adds nothing to."""
        return bool(self.goal[0]["objective"] == 0 and self.records[0]["static_pj"] == 0)

    def look(
        self, root: Roots, menu: Menu, below: float, limit: int, share: int, *, slack: float = 1.0, keep: int = 1
    ) -> Outcome:
        """Search some skeletons with the tiles of ``menu``.

        Parameters
        ----------
        root : Roots
        menu : Menu
        below : float
            What to be below.
        limit, share : int
            Bounds after which no more is opened: in all, and for one combination.
        slack : float
            By how much more than the best a mapping may cost to be kept.
        keep : int
            Mappings to keep.
        """
        state, kept = np.zeros(1, STATE), Kept.empty(keep)
        state["below"], state["slack"], state["unsettled"] = below, slack, np.inf
        state["left"] = root.closed if menu.whole else 0.0
        search(
            records(root.plans), records(menu.record), records(self.goal), records(self.work), records(self.nest),
            records(state), menu.tiles, *menu.reach, *root.tables, root.ways_of, *self._scratch(root, menu),
            *self.room, *kept, root.bounds, root.at, root.combination, int(limit), int(share),
        )  # fmt: skip
        rows = [
            self._row(root, kept, one) for one in np.argsort(kept.value, kind="stable") if np.isfinite(kept.value[one])
        ]
        full = float(kept.value.max())  # a full list may have lost others
        one = state[0]
        return Outcome(
            rows, int(one["bounds"]), int(one["counted"]), float(one["left"]), float(one["unsettled"]),
            min(float(one["below"]), full),
        )  # fmt: skip

    def _row(self, root: Roots, kept: Kept, one: int) -> Row:
        """A mapping that was kept."""
        at, keeper = int(kept.at[one]), int(kept.open[one])
        skeleton, dims = root.skeletons[at], len(self.plans.dims)
        places = skeleton.places
        return Row(
            float(kept.value[one]), int(kept.variant[one]), skeleton,
            kept.tile[one, : len(places), :dims], kept.spread[one, : len(places), :dims],
            places[keeper].operand if keeper >= 0 else "", root.ways[root.ways_of[at]],
        )  # fmt: skip

    def leaf(self, row: Row) -> Leaf:
        """Return a row as tiles and instances by name."""
        skeleton, dims = row.skeleton, self.plans.dims
        tiles = {dim: dict.fromkeys(range(len(skeleton.places)), 1) for dim in DIMS}
        for column, dim in enumerate(dims):
            tiles[dim] = {place: int(tile) for place, tile in enumerate(row.tile[:, column])}
        ways = {}
        for number, group in enumerate(skeleton.groups):
            wanted = np.ones(len(DIMS), dtype=np.int64)
            wanted[[DIMS.index(dim) for dim in dims]] = row.spread[group]
            ways[group] = row.ways.table(number, wanted)
        return Leaf(self.case.shape, skeleton, tiles, ways, self.windowed, row.keeper)

    def tiles(self, menu: Menu) -> int:
        """Return how many tiles of all dimensions together there are to choose from."""
        return int(np.prod(menu.record[0]["choices"][: len(self.plans.dims)], dtype=float))

    def _scratch(self, root: Roots, menu: Menu) -> tuple[Floats, Ints]:
        """Room to line up all tiles of a node at every depth."""
        one = menu.record[0]
        dims = len(self.plans.dims)
        choices, reuse = one["choices"][:dims], one["reuse"][:dims]
        most = max(int(np.prod(choices[reuse == operand])) for operand in range(3))
        most *= 2 if (root.plans["copies"] > 1).any() else 1  # the same with the whole operand kept
        most += self.tiles(menu) if root.plans["keeper"].any() or self.constraints.loops else 0
        most = min(most, LINED_UP)
        return np.zeros((PLACES, most)), np.zeros((PLACES, most), dtype=np.int64)


LINED_UP = 20_000
"""Hopeful tiles of one node that are lined up; of more, the least promising are left undone."""
