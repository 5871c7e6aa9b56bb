"""When do the tiles of a mapping come and go? How often each loop advances, and what it moves and ends then.

Only the engine's time asks for it (`accelsim.engine.memory_time`): sums of words do not depend on the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from accelsim.mapping.cases import START, Cases
from accelsim.mapping.digits import Ints
from accelsim.mapping.factors import Factors
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


def ordered(cases: Cases, factors: Factors, entered: Mapping[tuple[str, str], Mapping[int, Opening]]) -> Order:
    """Return the order of mappings; ``entered`` is what the advances of loops bring of W and I."""
    return Order(
        advances={loop.place: factors.advances(DIMS, loop.place) for loop in cases.advances},
        rounds={loop.place: factors.advances(REDUCTION, loop.place) for loop in cases.advances},
        entered=entered,
        ending=_ending(cases, factors),
        replaced={
            (level, operand): {at: _replaced(cases, factors, operand, node, at) for at in cases.advances_above(node)}
            for operand in "WIO"
            for node, level in cases.nodes[operand][1:]
        },
        tiles={
            level: {at: _tiles(cases, factors, node, at) for at in cases.advances_above(node)}
            for node, level in cases.nodes["O"][1:]
        },
        working={dim: _working(cases, factors, dim) for dim in DIMS if any(loop.spatial for loop in cases.loops[dim])},
    )


def _tiles(cases: Cases, factors: Factors, node: int, advance: int) -> Tiles:
    """Words in the boxes that the lead leaves and enters at the advances of a loop."""
    often = factors.advances(cases.other["O"], advance)
    left, entered = (
        prod((measure(dim, node, advance) for dim in cases.plain["O"]), start=often)
        for measure in (factors.ended, factors.begun)
    )
    return Tiles(left, entered)


def _working(cases: Cases, factors: Factors, dim: str) -> Working:
    """How many instances have work in the states of one dimension."""
    return Working(
        factors.lead_states(dim, cases.bottom, cases.bottom),
        factors.full_states(dim),
        factors.working(dim, cases.bottom, cases.bottom, cases.bottom),
        factors.instances(dim, -1, cases.bottom),
    )


def _ending(cases: Cases, factors: Factors) -> dict[int, dict[int, Ints]]:
    """Steps in the rounds that advances end, of loops that may replace the box of a node."""
    looped = [dim for dim in DIMS if cases.loops[dim]]
    movers = {
        loop.place
        for operand in "WIO"
        for node, _ in cases.nodes[operand][1:]
        for loop in cases.advances
        if loop.place < node and loop.dim in RELEVANT[operand]
    }
    return {
        place: {
            mover: prod((factors.ending_states(dim, place, mover) for dim in looped), start=cases.one)
            for mover in sorted(movers) if mover >= place
        }
        for place in (START, *(loop.place for loop in cases.advances))
    }  # fmt: skip


def _replaced(cases: Cases, factors: Factors, operand: str, node: int, advance: int) -> Ints:
    """Advances of a loop that replace the box of a node: all, less those at which no loop of the operand moves."""
    every = factors.advances(DIMS, advance)
    if any(loop.place == advance for dim in RELEVANT[operand] for loop in cases.loops[dim]):
        return every
    own = [dim for dim in DIMS if dim in RELEVANT[operand] and cases.loops[dim]]
    rest = [dim for dim in DIMS if dim not in RELEVANT[operand]]
    still = prod((factors.still_states(dim, node, advance) for dim in own), start=cases.one)
    return every - still * factors.advances(rest, advance)
