"""Which choices of instances does the search begin with, and what can no other reach?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.search.compiled import records
from accelsim.search.layout import Layout
from accelsim.search.plans import active, menu_of
from accelsim.search.problem import DIMENSIONS, Records
from accelsim.search.running import bound_roots, floors
from accelsim.search.skeleton import Skeleton
from accelsim.search.spreads import Ways, ways_of
from accelsim.workload.shape import DIMS, Shape

MOST_WAYS = 20_000
"""Choices of instances up to which all are bounded for all skeletons together."""

TURNS = 2
"""Combinations that are tried of each skeleton before the rest."""


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
    tables : (int64 arrays of shapes (ways, groups, most, DIMENSIONS), (ways, groups), (ways, groups, most, fan-outs, \
        DIMENSIONS))
        The instances as the compiled code reads them, how many they are, and how fan-outs share them.
    closed : float
        What no mapping with other choices is below: infinite if these are all, 0 if nothing is known of the others.
    """

    plans: Records
    skeletons: tuple[Skeleton, ...]
    ways: list[Ways]
    ways_of: Ints
    bounds: Floats
    at: Ints
    combination: Ints
    tables: tuple[Ints, Ints, Ints]
    closed: float

    @property
    def complete(self) -> bool:
        """Whether what is left out is known to be no better than something."""
        return self.closed > 0


class Rooting:
    """Lists choices of instances for the skeletons of a case.

    Parameters
    ----------
    chip : Chip
    shape : Shape
    constraints : Constraints
    layout : Layout
    plans : array of `PLAN`, shape (skeletons,)
    goal, work : arrays of `GOAL` and `WORK`, shape (1,)

    Attributes
    ----------
    floor : float
        What no mapping is below, whatever its instances; 0 while they were not all looked at.
    """

    def __init__(
        self,
        chip: Chip,
        shape: Shape,
        constraints: Constraints,
        layout: Layout,
        plans: Records,
        goal: Records,
        work: Records,
    ) -> None:
        self.chip, self.shape, self.constraints, self.layout = chip, shape, constraints, layout
        self.plans, self.goal, self.work = plans, goal, work
        self.floor = 0.0

    def first(self, most: int) -> Roots:
        """Return all choices if these are at most so many, else so many promising ones."""
        share = most // max(len(self.plans), 1)
        found = self._ways(share, share)
        closed = np.inf if all(one.complete for one in found) else 0.0
        every = [np.arange(prod(len(own) for own in one.totals)) for one in found]
        return self._bounded(self.plans, self.layout.skeletons, self.layout.groups_of, found, every, closed)

    def of(self, some: Sequence[Skeleton], each: int) -> Roots:
        """Return the choices of some skeletons, at most so many of each."""
        at = [self.layout.skeletons.index(one) for one in some]
        found = self._ways(each, each)
        every = [np.arange(prod(len(own) for own in one.totals)) for one in found]
        return self._bounded(self.plans[at], tuple(some), self.layout.groups_of[at], found, every, 0.0)

    def below(self, value: float, most: int, *, keepers: bool = False) -> Roots | None:
        """Return all choices that may lead below a value; None if that is not known, or if they are too many.

        Parameters
        ----------
        value : float
        most : int
        keepers : bool
            Whether nodes just inside a group of fan-outs may keep more than the loops directly below them touch.
        """
        found = self._ways(MOST_WAYS, MOST_WAYS)
        if not all(one.complete for one in found):
            return None
        tables, lengths, _ = self._tables(found)
        loops, floor, closed, chosen = menu_of(self.shape, wholes=True).record, np.inf, np.inf, []
        for number in range(len(found)):
            bounds = np.empty(int(lengths[number].prod()))
            floors(
                records(self.plans), self._with_all_chains(number), records(loops), records(self.goal),
                records(self.work), tables[number], lengths[number], bounds,
            )  # fmt: skip
            chosen.append(np.flatnonzero(bounds < value))
            closed = min(closed, float(bounds[bounds >= value].min(initial=np.inf)))
            floor = min(floor, float(bounds.min()))
        self.floor = floor
        if sum(len(chosen[own]) for own in self.layout.groups_of.tolist()) > most:
            return None
        plans = self._with_keepers() if keepers else self.plans
        return self._bounded(plans, self.layout.skeletons, self.layout.groups_of, found, chosen, closed)

    def _ways(self, every: int, few: int) -> list[Ways]:
        return [ways_of(self.chip, self.shape, one, self.constraints, every, few) for one in self.layout.groups]

    def _tables(self, found: Sequence[Ways]) -> tuple[Ints, Ints, Ints]:
        """The instances as the compiled code reads them."""
        columns = [DIMS.index(dim) for dim in active(self.shape)]
        width = max((len(own) for one in found for own in one.totals), default=1)
        depth = max(1, *(len(one.totals) for one in found))
        most = max((own.shape[1] for one in found for own in one.tables), default=1)
        tables = np.ones((len(found), depth, width, DIMENSIONS), dtype=np.int64)
        lengths = np.ones((len(found), depth), dtype=np.int64)
        splits = np.ones((len(found), depth, width, most, DIMENSIONS), dtype=np.int64)
        for number, one in enumerate(found):
            for group, (own, split) in enumerate(zip(one.totals, one.tables, strict=True)):
                tables[number, group, : len(own), : len(columns)] = own[:, columns]
                splits[number, group, : len(own), : split.shape[1], : len(columns)] = split[:, :, columns]
                lengths[number, group] = len(own)
        return tables, lengths, splits

    def _bounded(
        self,
        plans: Records,
        skeletons: tuple[Skeleton, ...],
        groups_of: Ints,
        found: list[Ways],
        chosen: Sequence[Ints],
        closed: float,
    ) -> Roots:
        """Bound the chosen choices of some skeletons; the tiles to choose from make no difference to that."""
        tables = self._tables(found)
        loops = menu_of(self.shape, wholes=closed > 0).record
        at = np.repeat(np.arange(len(plans)), [len(chosen[own]) for own in groups_of])
        combination = np.concatenate([np.zeros(0, dtype=np.int64), *(chosen[own] for own in groups_of)])
        bounds = np.empty(len(at))
        bound_roots(
            records(plans), records(loops), records(self.goal), records(self.work), *tables[:2], groups_of, at,
            combination, bounds,
        )  # fmt: skip
        order = _by_turns(bounds, at)
        return Roots(plans, skeletons, found, groups_of, bounds[order], at[order], combination[order], tables, closed)

    def _with_all_chains(self, group: int) -> Ints:
        """Some skeletons with the same groups of fan-outs that have every chain of nodes that any of them has."""
        seen: set[tuple[str, tuple[tuple[str, int], ...]]] = set()
        some = []
        for number in np.flatnonzero(self.layout.groups_of == group).tolist():
            skeleton = self.layout.skeletons[number]
            chains = {
                (operand, tuple((skeleton.places[at].level, sum(g < at for g in skeleton.groups)) for at in places[1:]))
                for operand, places in skeleton.nodes.items()
            }
            if not chains <= seen:
                seen |= chains
                some.append(number)
        return np.array(some, dtype=np.int64)

    def _with_keepers(self) -> Records:
        """The plans with every node marked that stands just inside a group, with a node of another operand outside."""
        plans = self.plans.copy()
        for one, skeleton in zip(plans, self.layout.skeletons, strict=True):
            for group in skeleton.groups:
                inner = skeleton.places[group + 1].operand if group + 1 < len(skeleton.places) else ""
                outer = {place.operand for place in skeleton.places[:group]} - {"", inner}
                one["keeper"][group + 1] = bool(inner and outer)
        return plans


def _by_turns(bounds: Floats, at: Ints) -> Ints:
    """Order combinations so that every skeleton has its most promising ones tried before others have their rest."""
    order = np.lexsort((bounds, at))
    starts = np.searchsorted(at[order], np.arange(at.max(initial=0) + 1))
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order)) - starts[at[order]]
    return np.lexsort((bounds, np.minimum(turn, TURNS)))
