"""Which of a dataflow's good mappings is best for a layer? Every candidate costed, the best kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from accelsim.engine.case import Case, Floats, Ints, home
from accelsim.engine.width import holders, stored_bits, word_bits
from accelsim.errors import InfeasibleError
from accelsim.hardware.chip import Chip
from accelsim.mapping.dataflows import Candidates, candidates
from accelsim.mapping.growth import FanOutRoom, Room
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.mapping.row_stationary import ROWS, row_stationary
from accelsim.search.certificate import Certificate
from accelsim.search.ranking import OBJECTIVES, TIE, Objective, Ranking, scores, winner
from accelsim.workload.shape import DIMS

__all__ = [
    "OBJECTIVES", "TIE", "Choice", "Objective", "choose", "choose_rows", "infeasible", "rooms_of", "scores", "tiled",
]  # fmt: skip

SHORTLIST = 32
"""How many candidates of each case, best by approximate counts in each of three orders, are counted exactly."""


@dataclass(frozen=True)
class Choice:
    """The mapping chosen for one case.

    Parameters
    ----------
    dataflow : str
        What it was chosen from, or where it comes from: "optimal", "given" ...
    nest : Nest
    structure : Nest
        The candidates' common structure, loops of bound 1 included: cases that share it are
        evaluated together.
    tiles : tuple of int
        The tiles of the structure's loops.
    certificate : Certificate or None
        What a search proves of it; None where nothing was searched.
    scores : (float, float)
        The objective that it was chosen for, and what breaks ties; infinite where nothing was scored.
    """

    dataflow: str
    nest: Nest
    structure: Nest
    tiles: tuple[int, ...]
    certificate: Certificate | None = None
    scores: tuple[float, float] = field(default=(np.inf, np.inf), compare=False)

    @classmethod
    def of(cls, origin: str, nest: Nest, certificate: Certificate | None = None) -> Choice:
        """Return a mapping that comes from elsewhere as a choice; ``origin`` stands for its dataflow."""
        lines = (replace(line, tile=1) if isinstance(line, Loop) else line for line in nest.lines)
        return cls(origin, nest, Nest(tuple(lines)), tuple(loop.tile for loop in nest.loops), certificate)


def choose(chip: Chip, cases: Sequence[Case], dataflows: Sequence[str], objective: Objective) -> list[Choice]:
    """Return the best heuristic mapping of every case.

    Parameters
    ----------
    chip : Chip
    cases : sequence of Case
    dataflows : sequence of str
        Candidates come from all of them.
    objective : {"energy", "latency", "edp"}
        Among the mappings within `TIE` of the best objective the one with the best product of energy
        and time wins. A chip without costs is mapped for its DRAM traffic instead of its energy.

    Raises
    ------
    InfeasibleError
        Not even single words of a case fit a level.
    """
    keys = [(chip.digest, case.identity, tuple(dataflows), objective) for case in cases]
    new = {key: case for key, case in zip(keys, cases, strict=True) if key not in _chosen}
    if new:
        _chosen.update(zip(new, _choose(chip, list(new.values()), dataflows, objective), strict=True))
    while len(_chosen) > _REMEMBERED + len(keys):
        del _chosen[next(iter(_chosen))]
    return [_chosen[key] for key in keys]


_REMEMBERED = 20_000
_chosen: dict[tuple[object, ...], Choice] = {}
"""Choices made before in this process, oldest first: they depend on nothing but their key."""


def choose_rows(chip: Chip, cases: Sequence[Case], objective: Objective) -> list[Choice]:
    """Return the best row-stationary mapping of every case: sets of PEs laid out as `row_stationary` derives.

    A case for which there is none, and every case of a chip on whose array sets cannot lie, is mapped by `choose`
    in the order of loops of that dataflow.

    Raises
    ------
    InfeasibleError
        Not even single words of a case fit a level.
    """
    pool = row_stationary([case.shape for case in cases], rooms_of(chip, cases), _fanouts(chip))
    found = frozenset(pool.case_of.tolist()) if pool is not None else frozenset()
    derived = [number for number in range(len(cases)) if number in found]
    chosen = dict(zip(derived, _chosen_from(chip, cases, [pool], derived, objective), strict=True)) if pool else {}
    rest = [number for number in range(len(cases)) if number not in found]
    others = choose(chip, [cases[number] for number in rest], (ROWS,), objective) if rest else []
    chosen |= dict(zip(rest, others, strict=True))
    return [chosen[number] for number in range(len(cases))]


def _fanouts(chip: Chip) -> list[FanOutRoom]:
    return [FanOutRoom(fanout.name, fanout.size, fanout.dims or frozenset(DIMS)) for fanout in chip.fanouts]


def _choose(chip: Chip, cases: Sequence[Case], dataflows: Sequence[str], objective: Objective) -> list[Choice]:
    pools = candidates([case.shape for case in cases], rooms_of(chip, cases), _fanouts(chip), dataflows)
    return _chosen_from(chip, cases, pools, range(len(cases)), objective)


def _chosen_from(
    chip: Chip, cases: Sequence[Case], pools: Sequence[Candidates], numbers: Sequence[int], objective: Objective
) -> list[Choice]:
    """Return the best candidate of the cases of some numbers."""
    ranking = Ranking(chip, cases, pools, objective)
    rough = ranking.scored([np.arange(len(pool.case_of)) for pool in pools], exact=False)
    best: list[Ints] = []
    for number in numbers:
        mine = np.flatnonzero(rough.case_of == number)
        if not mine.size:
            raise infeasible(chip, cases[number])
        best.append(mine[_shortlist(rough.first[mine], rough.second[mine])])
    fine = ranking.finest(rough.take(np.sort(np.concatenate(best))))
    choices = []
    for number in numbers:
        case = cases[number]
        mine = np.flatnonzero(fine.case_of == number)
        place = mine[winner(fine.first[mine], fine.second[mine])]
        pool = pools[fine.pool_of[place]]
        tiles = tuple(pool.tiles[fine.row_of[place]].tolist())
        scored = float(fine.first[place]), float(fine.second[place])
        choices.append(Choice(pool.dataflow, tiled(pool.nest, tiles, case), pool.nest, tiles, scores=scored))
    return choices


def _shortlist(first: Floats, second: Floats) -> Ints:
    """The rows to look at exactly: the best in either score and in their product."""
    orders = (np.lexsort((second, first)), np.lexsort((first, second)), np.argsort(first * second, kind="stable"))
    return np.unique(np.concatenate([order[:SHORTLIST] for order in orders]))


def tiled(structure: Nest, tiles: Sequence[int], case: Case) -> Nest:
    """Return ``structure`` with its tiles filled in and the loops of bound 1 left out."""
    handed = case.shape.extents
    values = iter(tiles)
    lines: list[Loop | Keep] = []
    for line in structure.lines:
        if not isinstance(line, Loop):
            lines.append(line)
            continue
        tile = next(values)
        if tile < handed[line.dim]:
            lines.append(Loop(line.dim, tile, line.fanout))
            handed[line.dim] = tile
    return Nest(tuple(lines))


def rooms_of(chip: Chip, cases: Sequence[Case]) -> list[Room]:
    """Return what every level offers the cases, outermost first: free bits and the width of a word."""
    kept = home(chip)
    rooms = []
    for level in reversed(chip.levels):
        capacity = np.full(len(cases), np.inf if level.capacity_bits is None else float(level.capacity_bits))
        bits = {
            operand: np.array([word_bits(chip, holders(chip, operand), level, case, operand) for case in cases])
            for operand in level.holds
        }
        if kept is not None and level.name == kept.name:
            for number, case in enumerate(cases):
                capacity[number] -= case.reserved_bits
                for operand in case.resident & set(level.holds):
                    capacity[number] -= case.shape.words(operand) * stored_bits(case, operand)
                    if operand != "O":  # a resident output still needs room for a tile of partial sums
                        bits[operand][number] = 0.0
        doubled = level.double_buffered and level is not chip.outermost
        rooms.append(Room(level.name, level.depth, level.holds, capacity, bits, doubled))
    rooms[0].capacity_bits[:] = np.inf
    return rooms


def infeasible(chip: Chip, case: Case, keeps: Mapping[str, str] | None = None) -> InfeasibleError:
    """Name the first level, from inside out, whose smallest tiles do not fit.

    By default every level keeps what it holds; else what ``keeps`` says, and nothing of which it says nothing.
    """
    for level in chip.levels[:-1]:
        copies = 2 if level.double_buffered else 1
        kept = level.holds if keeps is None else keeps.get(level.name, "")
        needed = {operand: word_bits(chip, holders(chip, operand), level, case, operand) * copies for operand in kept}
        if level.capacity_bits is not None and sum(needed.values()) > level.capacity_bits:
            worst = max(needed, key=lambda operand: needed[operand])
            total = sum(needed.values())
            how = ", twice for double buffering" if copies == 2 else ""
            return InfeasibleError(
                f"levels.{level.name}: the smallest tiles of {', '.join(kept)} (one word each{how}, {total:g} "
                f"bits, {worst} alone {needed[worst]:g}) must fit its {level.capacity_bits} bits on {chip.name}; "
                f"they need {total - level.capacity_bits:g} bits more. Use a narrower scheme or a larger {level.name}.",
                where=case.layer.name,
            )
    if keeps is not None:
        return InfeasibleError(
            f"no mapping was found that keeps the constraints and fits the levels of {chip.name}. Pin less.",
            where=case.layer.name,
        )
    return InfeasibleError(f"no mapping of its loops fits the levels of {chip.name}.", where=case.layer.name)
