"""When do the tiles of a mapping come and go? How often each loop advances, and what it moves and ends then.

Only the engine's time asks for it (`accelsim.engine.memory_time`): sums of words do not depend on the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accelsim.mapping.cases import EVERY, FIRST, START, Above, Cases, LoopOrder
from accelsim.mapping.digits import Ints
from accelsim.mapping.factors import Factors, product
from accelsim.mapping.tally import Opening
from accelsim.workload.shape import DIMS, REDUCTION, RELEVANT


@dataclass(frozen=True)
class Tiles:
    """Words of O in the boxes of one instance, the lead, summed over advances: that they leave, and that they enter."""

    left: Ints
    entered: Ints


@dataclass(frozen=True)
class Working:
    """How many instances that the spatial loops of a dimension spread over have work, over the dimension's own states.

    Parameters
    ----------
    states : int
        States of the temporal loops of the dimension.
    full : int
        States of these in which all instances have work.
    worked : int
        Instances with work, summed over the states.
    instances : int
    """

    states: Ints
    full: Ints
    worked: Ints
    instances: Ints


@dataclass(frozen=True)
class Order:
    """When tiles come and go; every entry is an int, or an array with one entry a case.

    Parameters
    ----------
    advances : mapping from place to int
        How often each temporal loop advances, by its place in the nest.
    rounds : mapping from place to int
        States of the reduction loops outside each temporal loop.
    entered : mapping from (level, operand) to mapping from place to Opening
        W and I words that come into a level at the advances of each temporal loop outside it.
    ending : mapping from place to mapping from place to int
        Steps in the last rounds of the body of a loop (second) before all advances of a loop outside it, or of itself
        (first); of loops that replace a box. -1 stands for the end of the layer.
    replaced : mapping from (level, operand) to mapping from place to int
        How many advances of each temporal loop outside a node replace its box.
    tiles : mapping from level to mapping from place to Tiles
        Of the nodes of O, at all advances of each temporal loop outside them.
    working : mapping from dimension to Working
        Of dimensions that are spread over instances.
    """

    advances: Mapping[int, Ints]
    rounds: Mapping[int, Ints]
    entered: Mapping[tuple[str, str], Mapping[int, Opening]]
    ending: Mapping[int, Mapping[int, Ints]]
    replaced: Mapping[tuple[str, str], Mapping[int, Ints]]
    tiles: Mapping[str, Mapping[int, Tiles]]
    working: Mapping[str, Working]


def ordered(
    cases: Cases, factors: Factors, order: LoopOrder, entered: Mapping[tuple[str, str], Mapping[int, Opening]]
) -> Order:
    """Return when tiles come and go in an order of the loops; ``entered`` is what the advances bring of W and I."""
    advances, rounds = (_often(cases, factors, order, dims) for dims in (tuple(DIMS), REDUCTION))
    return Order(
        advances=advances,
        rounds=rounds,
        entered=entered,
        ending=_ending(cases, factors, order),
        replaced={
            (level, operand): _replaced(cases, factors, order, operand, node)
            for operand in "WIO"
            for level, node in cases.nodes[operand][1:]
        },
        tiles={level: _tiles(cases, factors, order, node) for level, node in cases.nodes["O"][1:]},
        working={dim: _working(factors, dim) for dim in DIMS if any(loop.spatial for loop in cases.loops[dim])},
    )


def _often(cases: Cases, factors: Factors, order: LoopOrder, dims: tuple[str, ...]) -> dict[int, Ints]:
    """How often loops advance over the states of the loops of some dimensions."""
    bottom = cases.bottom

    def compute() -> Ints:
        return every_row(cases, bottom, factors.advances(dims, cases.above(bottom)))

    matrix = factors.once(("advances", dims), compute)
    return {place: matrix[row] for place, row in cases.rows(order, bottom).items()}


def every_row(cases: Cases, node: Above, matrix: Ints) -> Ints:
    """A matrix with a row for every advance above a node, though all may be equal."""
    return np.broadcast_to(matrix, (len(cases.above(node)), matrix.shape[1]))


def _tiles(cases: Cases, factors: Factors, order: LoopOrder, node: Above) -> dict[int, Tiles]:
    """Words in the boxes that the lead leaves and enters at the advances of each loop above a node."""

    def compute() -> tuple[Ints, Ints]:
        numbers = cases.above(node)
        often = factors.advances(cases.other["O"], numbers)
        left, entered = (
            product([often, *(measure(dim, node, numbers) for dim in cases.plain["O"])])
            for measure in (factors.ended, factors.begun)
        )
        return every_row(cases, node, left), every_row(cases, node, entered)

    left, entered = factors.once(("tiles", node), compute)
    return {place: Tiles(left[row], entered[row]) for place, row in cases.rows(order, node).items()}


def _working(factors: Factors, dim: str) -> Working:
    """How many instances have work in the states of one dimension."""
    bottom = factors.cases.bottom
    return Working(
        factors.lead_states(dim, (EVERY,))[0],
        factors.full_states(dim),
        factors.working(dim, (EVERY,), bottom)[0],
        factors.instances(dim, None, bottom),
    )


def _ending(cases: Cases, factors: Factors, order: LoopOrder) -> dict[int, dict[int, Ints]]:
    """Steps in the rounds that advances end, of loops that may replace the box of a node."""
    matrix, row_of = factors.once("ending", lambda: _last_rounds(cases, factors))
    movers = _movers(cases, order)
    return {
        place: {mover: matrix[row_of[number, order.advances[mover]]] for mover in movers if mover >= place}
        for place, number in ((START, FIRST), *order.advances.items())
    }


def _movers(cases: Cases, order: LoopOrder) -> list[int]:
    """Loops that may replace the box of a node."""
    return sorted({
        place
        for operand in "WIO"
        for _, node in cases.nodes[operand][1:]
        for place in cases.rows(order, node)
        if cases.advances[order.advances[place]].dim in RELEVANT[operand]
    })  # fmt: skip


def _last_rounds(cases: Cases, factors: Factors) -> tuple[Ints, dict[tuple[int, int], int]]:
    """Steps in the last rounds of the body of a loop (second) before the advances of another (first), of all orders."""
    row_of: dict[tuple[int, int], int] = {}
    for order in cases.orders:
        movers = _movers(cases, order)
        for place, number in ((START, FIRST), *order.advances.items()):
            for mover in movers:
                if mover >= place:
                    row_of.setdefault((number, order.advances[mover]), len(row_of))
    if not row_of:
        return np.zeros((0, len(cases.one)), dtype=np.int64), row_of
    pairs = [(cases.advances[first], cases.advances[second].body) for first, second in row_of]
    looped = [factors.ending_states(dim, pairs) for dim in DIMS if cases.loops[dim]]
    matrix = product([cases.one[None], *looped])
    return np.broadcast_to(matrix, (len(pairs), matrix.shape[1])), row_of


def _replaced(cases: Cases, factors: Factors, order: LoopOrder, operand: str, node: Above) -> dict[int, Ints]:
    """Advances of each loop above a node that replace its box: all but those at which no loop of the operand moves."""

    def compute() -> Ints:
        numbers = cases.above(node)
        dims = [dim for dim in DIMS if dim in RELEVANT[operand]]
        rest = [dim for dim in DIMS if dim not in RELEVANT[operand]]
        every = every_row(cases, node, factors.advances(DIMS, numbers))
        still = [factors.still_states(dim, node, numbers) for dim in dims if cases.loops[dim]]
        return np.asarray(every - product([factors.advances(rest, numbers), *still]))

    matrix = factors.once(("replaced", operand, node), compute)
    return {place: matrix[row] for place, row in cases.rows(order, node).items()}
