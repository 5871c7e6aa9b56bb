"""How are all skeletons of a case searched? A first look with few tiles and instances, then all that can be better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from accelsim.engine.case import Case, Floats, Ints
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.search.axes import slides
from accelsim.search.compiled import records
from accelsim.search.heuristic import OBJECTIVES, Objective
from accelsim.search.leaf_lines import Leaf
from accelsim.search.plans import Menu, Plans, Records, menu_of, promising, reused
from accelsim.search.prices import Prices
from accelsim.search.problem import DIMENSIONS, GOAL, PLACES, STATE, WORK
from accelsim.search.skeleton import Skeleton
from accelsim.search.spreads import spreads_of
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
    """

    bound: float
    skeleton: Skeleton
    tile: Ints
    spread: Ints
    keeper: str


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
    """Choices of instances, in the order in which they are searched.

    Parameters
    ----------
    bounds : float array, shape (n,)
    at, combination : int64 arrays, shape (n,)
        The skeleton, and the number of the combination.
    ways : int64 array, shape (menus, groups, ways, DIMENSIONS)
        The instances to choose from.
    ways_of : int64 array, shape (menus, groups)
        How many they are.
    menu : int64 array, shape (skeletons,)
    complete : bool
        Whether these are all that there are.
    """

    bounds: Floats
    at: Ints
    combination: Ints
    ways: Ints
    ways_of: Ints
    menu: Ints
    complete: bool


class Branches:
    """The skeletons of a case.

    Parameters
    ----------
    chip : Chip
    case : Case
    objective : {"energy", "latency", "edp"}
    constraints : Constraints
    prices : Prices
    skeletons : sequence of Skeleton
    most : int
        Combinations of instances to bound in all; where there are more, only the most promising.
    """

    def __init__(
        self,
        chip: Chip,
        case: Case,
        objective: Objective,
        constraints: Constraints,
        prices: Prices,
        skeletons: Sequence[Skeleton],
        most: int,
    ) -> None:
        self.chip, self.case, self.constraints, self.skeletons, self.most = chip, case, constraints, skeletons, most
        self.plans = Plans(chip, case, prices, constraints)
        self.records = self.plans.plans(skeletons)
        self.goal = np.zeros(1, GOAL)
        one = self.records[0]
        cycles = float(np.prod(list(case.shape.extents.values()), dtype=float)) * one["work"] / chip.pes
        self.goal[0] = OBJECTIVES.index(objective), SCALE * max(prices.fixed_pj, 1.0), SCALE * max(cycles, 1.0)
        self.work = np.zeros(1, WORK)

    @property
    def windowed(self) -> bool:
        """Whether tiles of the input overlap, or miss some of it."""
        return slides(self.case.shape)

    @cached_property
    def crossed(self) -> bool:
        """Whether nodes stand on both sides of a group of fan-outs in some skeleton."""
        return any(skeleton.crossed for skeleton in self.skeletons)

    @property
    def exact(self) -> bool:
        """Whether the bound of tiles that divide is what they cost: energy that time adds nothing to."""
        one = self.records[0]
        return bool(self.goal[0]["objective"] == 0 and one["static_pj"] == 0 and not self.windowed)

    @cached_property
    def extents(self) -> Ints:
        """The extents of the dimensions in play."""
        return np.array([self.case.shape.extents[dim] for dim in self.plans.dims], dtype=np.int64)

    @cached_property
    def reuse(self) -> Ints:
        """The classes of the dimensions in play."""
        return np.array([reused(dim) for dim in self.plans.dims], dtype=np.int64)

    def look(
        self,
        menu: Menu,
        below: float,
        limit: int,
        share: int,
        *,
        slack: float = 1.0,
        keep: int = 1,
        keepers: bool = False,
    ) -> Outcome:
        """Search all skeletons with the tiles of ``menu``.

        Parameters
        ----------
        menu : Menu
        below : float
            What to be below.
        limit, share : int
            Bounds after which no more is opened: in all, and for one combination.
        slack : float
            By how much more than the best a mapping may cost to be kept.
        keep : int
            Mappings to keep.
        keepers : bool
            Whether nodes just inside a group of fan-outs may keep more than the loops directly below them touch.
        """
        from accelsim.search.kernel import search

        plans = self._with_keepers if keepers else self.records
        root = self._roots_with_keepers if keepers else self._roots
        state = np.zeros(1, STATE)
        state[0] = below, 0, 0, np.inf if root.complete and menu.whole else 0.0, slack
        best, best_at, best_open = np.full(keep, np.inf), np.zeros(keep, dtype=np.int64), np.full(keep, -1)
        tile = np.ones((keep, PLACES, DIMENSIONS), dtype=np.int64)
        spread = np.ones((keep, PLACES, DIMENSIONS), dtype=np.int64)
        search(
            records(plans), records(menu.record), records(self.goal), records(self.work), records(state),
            menu.tiles, *menu.reach,
            root.ways, root.ways_of, root.menu, *self._scratch(menu, keepers), best, best_at, best_open, tile, spread,
            root.bounds, root.at, root.combination, limit, share,
        )  # fmt: skip
        rows = []
        for one in np.argsort(best, kind="stable"):
            if np.isfinite(best[one]):
                skeleton = self.skeletons[best_at[one]]
                places, dims = len(skeleton.places), len(self.plans.dims)
                keeper = skeleton.places[best_open[one]].operand if best_open[one] >= 0 else ""
                rows.append(
                    Row(float(best[one]), skeleton, tile[one, :places, :dims], spread[one, :places, :dims], keeper)
                )
        reached = float(best.max()) if np.isfinite(best.max()) else np.inf  # a full list may have lost others
        return Outcome(rows, int(state[0]["bounds"]), float(state[0]["left"]), min(float(state[0]["below"]), reached))

    def leaf(self, row: Row) -> Leaf:
        """Return a row as tiles and instances by name."""
        skeleton, dims = row.skeleton, self.plans.dims
        tiles = {dim: dict.fromkeys(range(len(skeleton.places)), 1) for dim in DIMS}
        for column, dim in enumerate(dims):
            tiles[dim] = {place: int(tile) for place, tile in enumerate(row.tile[:, column])}
        ways = {}
        for group in skeleton.groups:
            totals, table, _ = spreads_of(self.chip, self.case.shape, skeleton.places[group].fanouts, self.constraints)
            wanted = np.ones(len(DIMS), dtype=np.int64)
            wanted[[DIMS.index(dim) for dim in dims]] = row.spread[group]
            ways[group] = table[int(np.flatnonzero((totals == wanted).all(axis=1))[0])]
        return Leaf(self.case.shape, skeleton, tiles, ways, self.windowed, row.keeper)

    @cached_property
    def _roots(self) -> Roots:
        return self._bounded(self.records)

    @cached_property
    def _roots_with_keepers(self) -> Roots:
        return self._bounded(self._with_keepers)

    def _bounded(self, plans: Records) -> Roots:
        """Every choice of instances of all skeletons, bounded; the tiles to choose from make no difference to that."""
        from accelsim.search.kernel import roots

        groups = [tuple(one.places[group].fanouts for group in one.groups) for one in self.skeletons]
        kinds = list(dict.fromkeys(groups))
        tables = [self._instances(kind, self.most // len(self.skeletons)) for kind in kinds]
        width = max((len(table) for own, _ in tables for table in own), default=1)
        depth = max(1, *map(len, kinds))
        ways = np.ones((len(kinds), depth, width, DIMENSIONS), dtype=np.int64)
        ways_of = np.ones((len(kinds), depth), dtype=np.int64)
        for number, (own, _) in enumerate(tables):
            for group, table in enumerate(own):
                ways[number, group, : len(table), : table.shape[1]] = table
                ways_of[number, group] = len(table)
        chosen = np.array([kinds.index(kind) for kind in groups], dtype=np.int64)
        room = int(ways_of.prod(axis=1)[chosen].sum())
        bounds, at, combination = np.empty(room), np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        loops = menu_of(self.case.shape).record
        roots(
            records(plans), records(loops), records(self.goal), records(self.work),
            ways, ways_of, chosen, bounds, at, combination,
        )  # fmt: skip
        order = _by_turns(bounds, at)
        complete = all(whole for _, whole in tables)
        return Roots(bounds[order], at[order], combination[order], ways, ways_of, chosen, complete)

    def _instances(self, groups: tuple[tuple[str, ...], ...], most: int) -> tuple[list[Ints], bool]:
        """Instances of every group, shape (ways, dims), at most so many combinations; and whether these are all."""
        columns = [DIMS.index(dim) for dim in self.plans.dims]
        tables = [spreads_of(self.chip, self.case.shape, one, self.constraints) for one in groups]
        found = [totals[:, columns] for totals, _, _ in tables]
        whole = all(every for _, _, every in tables)
        if self.constraints.divisors:
            found = [own[(self.extents % own == 0).all(axis=1)] for own in found]
        if prod(map(len, found)) > most:
            whole = False
            each = max(int(most ** (1 / len(found))), 4)
            found = [own[promising(self.extents, self.reuse, own, each)] for own in found]
        return found, whole

    def tiles(self, menu: Menu) -> int:
        """Return how many tiles of all dimensions together there are to choose from."""
        return int(np.prod(menu.record[0]["choices"][: len(self.plans.dims)], dtype=float))

    @cached_property
    def _with_keepers(self) -> Records:
        """The plans with every node marked that stands just inside a group, with a node of another operand outside."""
        plans = self.records.copy()
        for one, skeleton in zip(plans, self.skeletons, strict=True):
            for group in skeleton.groups:
                inner = skeleton.places[group + 1].operand if group + 1 < len(skeleton.places) else ""
                outer = {place.operand for place in skeleton.places[:group]} - {"", inner}
                one["keeper"][group + 1] = bool(inner and outer)
        return plans

    def _scratch(self, menu: Menu, keepers: bool) -> tuple[Floats, Ints]:
        """Room to line up all tiles of a node at every depth."""
        one = menu.record[0]
        dims = len(self.plans.dims)
        choices, reuse = one["choices"][:dims], one["reuse"][:dims]
        most = max(int(np.prod(choices[reuse == operand])) for operand in range(3))
        most += self.tiles(menu) if keepers or self.constraints.loops else 0
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
