"""What are good mappings of a dataflow? Even nests whose tiles are grown until the levels are full.

A dataflow fixes the order of the loops just above the PEs' registers: those that do not touch the
stationary operand stand innermost, so that it stays. Everything else is a short list of candidates:
which dimension each fan-out carries, which dimensions a level's tile grows along first, and which
operand the outer loops keep still. Candidates of all layers are built together as arrays; costing
them and choosing is the job of `accelsim.search.heuristic`. The proven optimum is elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from accelsim.mapping.growth import (
    APART_FILLS,
    FILLS,
    FanOutRoom,
    Ints,
    Population,
    Problem,
    Room,
    grow_tiles,
    spread_out,
    stagings,
)
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.mapping.spatial import spatial_choices
from accelsim.workload.shape import DIMS, Shape

DATAFLOWS = {
    "weight-stationary": "G K C FY FX B OY OX",
    "output-stationary": "G B K OY OX C FY FX",
    "input-stationary": "G B C OY OX FY FX K",
    "row-stationary": "G B K C FY FX OY OX",
}
"""Order of the loops above the innermost registers, outermost first, by dataflow."""

ALIASES = {"ws": "weight-stationary", "os": "output-stationary", "is": "input-stationary", "rs": "row-stationary"}
OUTER_ORDERS = tuple(DATAFLOWS[name] for name in ("weight-stationary", "output-stationary", "input-stationary"))


@dataclass(frozen=True)
class Candidates:
    """Mappings of one structure.

    Parameters
    ----------
    nest : Nest
        The structure; its tiles are placeholders.
    dataflow : str
        The order of its innermost loops.
    case_of : int64 array, shape (n,)
    tiles : int64 array, shape (n, loops)
    family : int
        Mappings of one family have the same tiles row by row, and differ in the order of loops between nodes alone.
    """

    nest: Nest
    dataflow: str
    case_of: Ints
    tiles: Ints
    family: int = 0


def candidates(
    shapes: Sequence[Shape],
    rooms: Sequence[Room],
    fanouts: Sequence[FanOutRoom],
    dataflows: Sequence[str],
    spreads: int = 4,
) -> list[Candidates]:
    """Return good mappings of some dataflows for every shape, one entry per order of the loops.

    Parameters
    ----------
    shapes : sequence of Shape
        One a case.
    rooms : sequence of Room
        Outermost first; the first is the home of all tensors and unbounded.
    fanouts : sequence of FanOutRoom
        Outermost first.
    dataflows : sequence of str
        Keys of `DATAFLOWS`.
    spreads : int
        How many of the best spatial choices to keep for each shape.

    Returns
    -------
    list of Candidates
        Every mapping fits the rooms; a shape of which not even single words fit has none.
    """
    problem = Problem(shapes, fanouts)
    found = []
    for number, stages in enumerate(stagings(rooms[1:])):
        fills = APART_FILLS if number else FILLS
        population = grow_tiles(problem, spatial_choices(problem, stages, spreads), stages, fills)
        for dataflow, outer in product(dataflows, OUTER_ORDERS):
            nest, tiles = _assemble(problem, population, rooms[0], stages, outer, DATAFLOWS[dataflow])
            found.append(Candidates(nest, dataflow, population.case_of, tiles, number))
    return found


def _assemble(
    problem: Problem,
    population: Population,
    outermost: Room,
    stages: Sequence[Sequence[Room]],
    outer: str,
    inner: str,
) -> tuple[Nest, Ints]:
    """Write the tiles of all stages as one nest structure and its tile columns."""
    extent = {dim: column[population.case_of] for dim, column in problem.extent.items()}
    lines: list[Loop | Keep] = [Keep(outermost.level, outermost.operands)]
    columns: list[Ints] = []
    handed, depth = dict(extent), 0
    ends = [*population.tiles[::-1], {dim: np.ones_like(population.case_of) for dim in DIMS}]

    def add(dim: str, tile: Ints, fanout: str | None) -> None:
        lines.append(Loop(dim, 1, fanout))
        handed[dim] = np.minimum(tile, handed[dim])
        columns.append(handed[dim])

    for place, tile in enumerate(ends):
        inside = stages[place][0].depth if place < len(stages) else len(problem.fanouts)
        wide = spread_out(tile, population.spread[depth:inside], extent)
        for dim in (inner if place >= len(stages) - 1 else outer).split():
            add(dim, wide[dim], None)
        for number in range(depth, inside):
            rest = spread_out(tile, population.spread[number + 1 : inside], extent)
            for dim in population.spread[number]:
                add(dim, rest[dim], problem.fanouts[number].name)
        depth = inside
        if place < len(stages):
            lines += [Keep(room.level, room.operands) for room in stages[place]]
    return Nest(tuple(lines)), np.stack(columns, axis=1)
