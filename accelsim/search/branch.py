"""How are all skeletons of a case searched? A first look with few tiles and instances, then all that can be better."""

from __future__ import annotations

from collections.abc import Sequence
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
from accelsim.search.plans import Menu, Plans, menu_of
from accelsim.search.prices import Prices
from accelsim.search.problem import DIMENSIONS, GOAL, PLACES, STATE, WORK, Records
from accelsim.search.skeleton import Skeleton
from accelsim.search.spreads import Ways, ways_of
from accelsim.workload.shape import DIMS

SCALE = 20.0
"""Ties are told apart up to some hundred times the energy of the arithmetic and the time of a full array."""


@dataclass(frozen=True)
class Row:
    """A complete mapping as the search sees it.

    Parameters
    ----------
    bound : float
        Its objective by the bounds.
    skeleton : Skeleton
    tile : int64 array, shape (places, dimensions)
    spread : int64 array, shape (places, dimensions)
    keeper : str
        The operand whose box the innermost of the outermost loops leave alone; "" for any order.
    ways : Ways
        Where the instances come from.
    """

    bound: float
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
    bounds : int
        Lower bounds computed.
    left : float
        The least bound of what was left undone; infinite if nothing was.
    below : float
        What else is not in the list is not below this.
    """

    rows: list[Row]
    bounds: int
    left: float
    below: float


@dataclass(frozen=True)
class Roots:
    """Choices of instances of some skeletons, in the order in which they are searched.

    Parameters
    ----------
    plans : array of `PLAN`, shape (skeletons,)
    skeletons : tuple of Skeleton
    ways : list of Ways
        The instances to choose from, for every combination of groups of fan-outs.
    ways_of : int64 array, shape (skeletons,)
        Which of them a skeleton has.
    bounds : float array, shape (n,)
    at, combination : int64 arrays, shape (n,)
        The skeleton of each choice, and the number of the combination.
    tables : (int64 array, shape (ways, groups, most, DIMENSIONS); int64 array, shape (ways, groups))
        The instances as the compiled code reads them, and how many they are.
    """

    plans: Records
    skeletons: tuple[Skeleton, ...]
    ways: list[Ways]
    ways_of: Ints
    bounds: Floats
    at: Ints
    combination: Ints
    tables: tuple[Ints, Ints]

    @property
    def complete(self) -> bool:
        """Whether these are all choices of the skeletons."""
        return all(one.complete for one in self.ways)


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
        self.work = np.zeros(1, WORK)

    @property
    def windowed(self) -> bool:
        """Whether tiles of the input overlap, or miss some of it."""
        return slides(self.case.shape)

    @property
    def exact(self) -> bool:
        """Whether the bound of tiles that divide is what they cost: energy that time adds nothing to."""
        one = self.records[0]
        return bool(self.goal[0]["objective"] == 0 and one["static_pj"] == 0 and not self.windowed)

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
        from accelsim.search.kernel import search

        state = np.zeros(1, STATE)
        state[0] = below, 0, 0, np.inf if root.complete and menu.whole else 0.0, slack
        best, best_at, best_open = np.full(keep, np.inf), np.zeros(keep, dtype=np.int64), np.full(keep, -1)
        tile = np.ones((keep, PLACES, DIMENSIONS), dtype=np.int64)
        spread = np.ones((keep, PLACES, DIMENSIONS), dtype=np.int64)
        search(
            records(root.plans), records(menu.record), records(self.goal), records(self.work), records(state),
            menu.tiles, *menu.reach, *root.tables, root.ways_of, *self._scratch(root, menu),
            best, best_at, best_open, tile, spread, root.bounds, root.at, root.combination, limit, share,
        )  # fmt: skip
        rows = []
        dims = len(self.plans.dims)
        for one in np.argsort(best, kind="stable"):
            if np.isfinite(best[one]):
                skeleton, ways = root.skeletons[best_at[one]], root.ways[root.ways_of[best_at[one]]]
                places = len(skeleton.places)
                keeper = skeleton.places[best_open[one]].operand if best_open[one] >= 0 else ""
                tiles, spreads = tile[one, :places, :dims], spread[one, :places, :dims]
                rows.append(Row(float(best[one]), skeleton, tiles, spreads, keeper, ways))
        reached = float(best.max()) if np.isfinite(best.max()) else np.inf  # a full list may have lost others
        return Outcome(rows, int(state[0]["bounds"]), float(state[0]["left"]), min(float(state[0]["below"]), reached))

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

    def roots(self, every: int, few: int, *, keepers: bool = False) -> Roots:
        """Return the choices of instances of all skeletons.

        Parameters
        ----------
        every, few : int
            Choices to bound in all if these are all that there are, and if not.
        keepers : bool
            Whether nodes just inside a group of fan-outs may keep more than the loops directly below them touch.
        """
        plans = self._with_keepers() if keepers else self.records
        share = max(len(plans), 1)
        return self._bounded(plans, self.layout.skeletons, self.layout.groups_of, every // share, few // share)

    def roots_of(self, some: Sequence[Skeleton], each: int) -> Roots:
        """Return the choices of instances of some skeletons, at most so many of each."""
        at = [self.layout.skeletons.index(one) for one in some]
        return self._bounded(self.records[at], tuple(some), self.layout.groups_of[at], each, each)

    def _bounded(self, plans: Records, skeletons: tuple[Skeleton, ...], groups_of: Ints, every: int, few: int) -> Roots:
        """Bound choices of instances of some skeletons; the tiles to choose from make no difference to that."""
        from accelsim.search.kernel import roots

        shape, groups = self.case.shape, self.layout.groups
        found = [ways_of(self.chip, shape, one, self.constraints, every, few) for one in groups]
        columns = [DIMS.index(dim) for dim in self.plans.dims]
        width = max((len(own) for one in found for own in one.totals), default=1)
        depth = max(1, *(len(one.totals) for one in found))
        tables = np.ones((len(found), depth, width, DIMENSIONS), dtype=np.int64)
        lengths = np.ones((len(found), depth), dtype=np.int64)
        for number, one in enumerate(found):
            for group, own in enumerate(one.totals):
                tables[number, group, : len(own), : len(columns)] = own[:, columns]
                lengths[number, group] = len(own)
        room = int(lengths.prod(axis=1)[groups_of].sum())
        bounds, at, combination = np.empty(room), np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        whole = all(one.complete for one in found)
        loops = menu_of(shape, wholes=whole and not self.windowed).record
        roots(
            records(plans), records(loops), records(self.goal), records(self.work),
            tables, lengths, groups_of, bounds, at, combination,
        )  # fmt: skip
        order = _by_turns(bounds, at)
        return Roots(
            plans, skeletons, found, groups_of, bounds[order], at[order], combination[order], (tables, lengths)
        )  # fmt: skip

    def tiles(self, menu: Menu) -> int:
        """Return how many tiles of all dimensions together there are to choose from."""
        return int(np.prod(menu.record[0]["choices"][: len(self.plans.dims)], dtype=float))

    def _with_keepers(self) -> Records:
        """The plans with every node marked that stands just inside a group, with a node of another operand outside."""
        plans = self.records.copy()
        for one, skeleton in zip(plans, self.layout.skeletons, strict=True):
            for group in skeleton.groups:
                inner = skeleton.places[group + 1].operand if group + 1 < len(skeleton.places) else ""
                outer = {place.operand for place in skeleton.places[:group]} - {"", inner}
                one["keeper"][group + 1] = bool(inner and outer)
        return plans

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


def _by_turns(bounds: Floats, at: Ints) -> Ints:
    """Order combinations so that every skeleton has its most promising ones tried before others have their rest."""
    order = np.lexsort((bounds, at))
    starts = np.searchsorted(at[order], np.arange(at.max(initial=0) + 1))
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order)) - starts[at[order]]
    return np.lexsort((bounds, np.minimum(turn, TURNS)))


LINED_UP = 20_000
"""Hopeful tiles of one node that are lined up; of more, the least promising are left undone."""

TURNS = 2
"""Combinations that are tried of each skeleton before the rest."""
