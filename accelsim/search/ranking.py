"""Which of many candidate mappings is best? Their scores, and which need not be scored in full to know the winner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.case import Batch, Case, Floats, Ints
from accelsim.engine.evaluate import ROUNDING, Evaluation, evaluate
from accelsim.engine.traffic import READS, WRITES
from accelsim.hardware.chip import Chip
from accelsim.mapping.counts import Counting, Counts
from accelsim.mapping.dataflows import Candidates
from accelsim.workload.shape import DIMS, Shape

Objective = Literal["energy", "latency", "edp"]
OBJECTIVES: tuple[Objective, ...] = ("energy", "latency", "edp")

TIE = 0.01
"""Mappings whose objective differs by less count as equal: a hundredth of the energy is not worth twice the time."""


def scores(result: Evaluation, objective: Objective, *, by_traffic: bool = False) -> tuple[Floats, Floats]:
    """Return the objective and its tie-breaker for every mapping, each of shape (n,).

    Where any energy is unknown, or if so asked, bits of the outermost level stand in for energies.
    """
    energy = result.energy_pj
    if by_traffic or np.isnan(energy).any():
        dram = result.batch.chip.outermost.name
        energy = result.moved.bits(dram, READS | WRITES)
    if objective == "latency":
        return result.cycles, energy
    return (energy if objective == "energy" else energy * result.cycles), result.cycles


def winner(first: Floats, second: Floats) -> int:
    """The row with the best product of scores among those with about the least first."""
    good = np.flatnonzero(first <= first.min() * (1 + TIE))
    return int(good[np.argmin(first[good] * second[good])])


@dataclass(frozen=True)
class Scored:
    """Scores of candidates of several pools, an entry a candidate: pool by pool, and row by row in each."""

    case_of: Ints
    pool_of: Ints
    row_of: Ints
    first: Floats
    second: Floats

    def take(self, places: Ints) -> Scored:
        """Return some of the entries."""
        return Scored(*(column[places] for column in vars(self).values()))


class Ranking:
    """Scores candidates of several pools.

    Parameters
    ----------
    chip : Chip
    cases : sequence of Case
    pools : sequence of Candidates
    objective : {"energy", "latency", "edp"}
    """

    def __init__(self, chip: Chip, cases: Sequence[Case], pools: Sequence[Candidates], objective: Objective) -> None:
        self.chip, self.cases, self.pools, self.objective = chip, cases, pools, objective
        self.shapes = [case.shape for case in cases]
        self._counted: dict[int, tuple[Counting, int, Counts, Ints]] = {}
        self._by_traffic = False
        self.waits = any(level.buffering != "ideal" for level in chip.levels[:-1])

    def scored(self, rows: Sequence[Ints], *, exact: bool) -> Scored:
        """Score some rows of every pool, by exact or approximate counts, at the least time that sums allow."""
        results: dict[int, Evaluation] = {}
        for family in dict.fromkeys(pool.family for pool in self.pools):
            numbers = [number for number, pool in enumerate(self.pools) if pool.family == family and len(rows[number])]
            if numbers:
                results |= self._family(numbers, rows, exact)
        self._by_traffic |= any(np.isnan(result.energy_pj).any() for result in results.values())
        first, second = ([np.zeros(0)] * len(self.pools) for _ in range(2))
        for number, result in results.items():
            first[number], second[number] = scores(result, self.objective, by_traffic=self._by_traffic)
        case_of = np.concatenate([pool.case_of[chosen] for pool, chosen in zip(self.pools, rows, strict=True)])
        pool_of = np.repeat(np.arange(len(self.pools)), [len(chosen) for chosen in rows])
        return Scored(case_of, pool_of, np.concatenate(rows), np.concatenate(first), np.concatenate(second))

    def _family(self, numbers: Sequence[int], rows: Sequence[Ints], exact: bool) -> dict[int, Evaluation]:
        """Costs of rows of the pools of one family, which are counted together."""
        pools = [self.pools[number] for number in numbers]
        every = np.unique(np.concatenate([rows[number] for number in numbers]))
        case_of, tiles = pools[0].case_of[every], pools[0].tiles[every]
        counting = Counting(self.shapes, case_of, [pool.nest for pool in pools], tiles, exact=exact)
        found = {}
        for place, (number, counts) in enumerate(zip(numbers, counting.counts(order=False), strict=True)):
            own = np.searchsorted(every, rows[number])
            mine = counts if len(own) == len(every) else counts.take(own)
            found[number] = self._costed(number, case_of[own], mine)
            self._counted[number] = counting, place, counts, every
        return found

    def _costed(self, number: int, case_of: Ints, counts: Counts) -> Evaluation:
        present, which = np.unique(case_of, return_inverse=True)
        batch = Batch(self.chip, [self.cases[case] for case in present.tolist()], which)
        return evaluate(batch, self.pools[number].nest, counts, exact=False)

    def ordered(self, chosen: Scored) -> Scored:
        """Score candidates that are scored without their order with it."""
        first, second = np.empty_like(chosen.first), np.empty_like(chosen.second)
        for number in np.unique(chosen.pool_of).tolist():
            places = np.flatnonzero(chosen.pool_of == number)
            counting, place, counts, every = self._counted[number]
            more = counting.ordered(place, counts, np.searchsorted(every, chosen.row_of[places]))
            result = self._costed(number, chosen.case_of[places], more)
            first[places], second[places] = scores(result, self.objective, by_traffic=self._by_traffic)
        return replace(chosen, first=first, second=second)

    def finest(self, chosen: Scored) -> Scored:
        """Score candidates exactly; those of a case that cannot win may be left out.

        The order of tiles takes most of the work, and no order is faster than the sums allow: scores without it are
        the least that scores can be. So the likely winner of every case is scored first, and then what may beat it.
        """
        least = self.scored(self._rows(self._distinct(chosen)), exact=True)
        if not self.waits:
            return least
        likely = [mine[winner(least.first[mine], least.second[mine])] for mine in _by_case(least.case_of)]
        known = self.ordered(least.take(np.sort(likely)))
        rest = np.setdiff1d(np.arange(len(least.case_of)), likely)
        rest = rest[_may_win(least.take(rest), known)]
        more = self.ordered(least.take(rest))
        both = Scored(*(np.concatenate(pair) for pair in zip(vars(known).values(), vars(more).values(), strict=True)))
        return both.take(np.lexsort((both.row_of, both.pool_of)))

    def _distinct(self, chosen: Scored) -> Scored:
        """Candidates without those that are the same mapping as one before: only loops of bound 1 stand elsewhere."""
        seen: set[tuple[int, int, bytes]] = set()
        first = []
        for number, pool in enumerate(self.pools):
            places = np.flatnonzero(chosen.pool_of == number)
            rows = chosen.row_of[places]
            sequences = _sequences(self.shapes, pool, rows)
            for place, row, sequence in zip(places.tolist(), rows.tolist(), sequences, strict=True):
                key = pool.family, row, sequence.tobytes()
                if key not in seen:
                    seen.add(key)
                    first.append(place)
        return chosen.take(np.array(first, dtype=np.int64))

    def _rows(self, chosen: Scored) -> list[Ints]:
        return [chosen.row_of[chosen.pool_of == number] for number in range(len(self.pools))]


def _sequences(shapes: Sequence[Shape], pool: Candidates, rows: Ints) -> NDArray[np.int16]:
    """The temporal loops of more than one step in some mappings of a pool, outermost first, by numbers of their own.

    A loop's number says of which dimension it is, and how many loops of that dimension stand outside it.
    """
    extents = np.array([[shape.extents[dim] for dim in DIMS] for shape in shapes], dtype=np.int64)
    handed = dict(zip(DIMS, extents[pool.case_of[rows]].T, strict=True))
    outside = dict.fromkeys(DIMS, 0)
    columns = []
    for loop, tile in zip(pool.nest.loops, pool.tiles[rows].T, strict=True):
        outside[loop.dim] += 1
        if loop.fanout is None:
            number = DIMS.index(loop.dim) + len(DIMS) * outside[loop.dim]
            columns.append(np.where(tile < handed[loop.dim], number, 0))
        handed[loop.dim] = tile
    every = np.stack(columns, axis=1).astype(np.int16)
    return np.take_along_axis(every, np.argsort(every == 0, axis=1, kind="stable"), axis=1)


def _by_case(case_of: Ints) -> list[Ints]:
    """Places of the entries of every case that has any."""
    return [np.flatnonzero(case_of == number) for number in np.unique(case_of)]


def _may_win(least: Scored, known: Scored) -> NDArray[np.bool_]:
    """Which candidates, given least scores, may be chosen by `winner` or decide what is; one is known of each case.

    With m the least first score that is known, a first score beyond m (1 + TIE) is neither the least nor within `TIE`
    of it. And where the known candidate is within `TIE` of the least that any first score can be, it is sure to
    stand among the good ones; a candidate that is no better in the first score changes nothing for it, and is not
    chosen if its product is worse.
    """
    found = np.ones(len(least.case_of), dtype=bool)
    for place, case in enumerate(known.case_of.tolist()):
        mine = np.flatnonzero(least.case_of == case)
        first, product = least.first[mine], least.first[mine] * least.second[mine]
        own, other = known.first[place], known.first[place] * known.second[place]
        able = first <= own * (1 + TIE) * (1 + ROUNDING)
        if own <= first.min(initial=np.inf) * (1 + TIE):
            able &= (first < own) | (product <= other * (1 + ROUNDING))
        found[mine] = able
    return found
