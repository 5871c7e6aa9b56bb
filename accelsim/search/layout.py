"""What do all cases on a chip have in common? Its skeletons, laid out as records once.

A record's structure follows from the levels and fan-outs alone. What a word costs does not, but it is the same
for all nodes that stand at the same place of the same chain of levels: a case writes its prices into a table
with a row for each such place, and every node takes its own row (`accelsim.search.plans`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from accelsim.engine.case import Ints
from accelsim.errors import InputError
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraint_check import named_nodes
from accelsim.mapping.constraints import Constraints, Node
from accelsim.search.problem import LEVELS, NONE, PLACES, PLAN
from accelsim.search.skeleton import Skeleton, skeletons
from accelsim.workload.shape import OPERANDS

_Levels = tuple[tuple[str, int], ...]


class Layout:
    """Skeletons as records without prices.

    Parameters
    ----------
    skeletons : sequence of Skeleton
    levels : tuple of (str, int)
        Levels as the chip lists them, innermost first, each with the number of fan-outs outside it.
    fanouts : tuple of str
        Outermost first.

    Attributes
    ----------
    records : array of `PLAN`, shape (skeletons,)
    chains : tuple of (operand, tuple of str)
        The chains of levels that occur.
    first : int64 array, shape (chains,)
        Row of the second level of every chain in a table of all levels but the first of all chains.
    chain_of : int64 array, shape (skeletons, 3)
        The chain of every operand.
    node : int64 array, shape (nodes, 3)
        Every node: its skeleton, its place and its row of that table.
    groups : tuple of tuple of tuple of str
        The groups of fan-outs that occur together.
    groups_of : int64 array, shape (skeletons,)
    crossed : bool
        Whether nodes stand on both sides of a group in some skeleton.
    """

    def __init__(self, skeletons: Sequence[Skeleton], levels: _Levels, fanouts: tuple[str, ...]) -> None:
        self.skeletons = tuple(skeletons)
        self.chains = tuple(dict.fromkeys((own, one.chains[own]) for one in skeletons for own in OPERANDS))
        lengths = [len(chain) - 1 for _, chain in self.chains]
        self.first = np.cumsum([0, *lengths])[:-1].astype(np.int64)
        number = {chain: at for at, chain in enumerate(self.chains)}
        self.chain_of: Ints = np.array(
            [[number[own, one.chains[own]] for own in OPERANDS] for one in skeletons], dtype=np.int64
        ).reshape(-1, 3)
        self.node: Ints = np.array(
            [
                (at, place, self.first[self.chain_of[at, own]] + inner)
                for at, one in enumerate(skeletons)
                for own, operand in enumerate(OPERANDS)
                for inner, place in enumerate(one.nodes[operand][1:])
            ],
            dtype=np.int64,
        ).reshape(-1, 3)
        together = [tuple(one.places[group].fanouts for group in one.groups) for one in skeletons]
        self.groups = tuple(dict.fromkeys(together))
        self.groups_of: Ints = np.array([self.groups.index(own) for own in together], dtype=np.int64)
        self.crossed = any(one.crossed for one in skeletons)
        self.records = np.zeros(len(skeletons), PLAN)
        level_number = {name: at for at, (name, _) in enumerate(levels)}
        outside = [(name, set(fanouts[:depth])) for name, depth in levels]
        for record, one in zip(self.records, skeletons, strict=True):
            _write(record, one, level_number)
            for at, (_, outer) in enumerate(outside):
                inside = (g + 1 for g in one.groups if outer >= set(one.places[g].fanouts))
                record["outside"][at] = max(inside, default=0)


def _write(record: np.void, skeleton: Skeleton, level_number: Mapping[str, int]) -> None:
    """Write the structure of a skeleton into its record."""
    record["levels"], record["places"] = len(level_number), len(skeleton.places)
    record["parent"], record["inner"] = -1, -1
    for number, place in enumerate(skeleton.places):
        record["kind"][number] = OPERANDS.index(place.operand) if place.operand else NONE
        record["level"][number] = level_number[place.level] if place.operand else 0
        record["fanouts"][number] = len(place.fanouts)
    record["groups"] = len(skeleton.groups)
    record["group"][: len(skeleton.groups)] = skeleton.groups
    for number, operand in enumerate(OPERANDS):
        nodes = skeleton.nodes[operand]
        record["last"][number] = nodes[-1]
        for outer, place_number in itertools.pairwise(nodes):
            record["parent"][place_number] = outer
            if outer >= 0:
                record["inner"][outer] = place_number


def layout_of(chip: Chip, constraints: Constraints) -> Layout:
    """Return the layout of all skeletons of a chip that have every node named in the constraints.

    Raises
    ------
    InputError
        The chip has more levels or nodes than a record has room for.
    """
    keeps = tuple(sorted(constraints.keeps.items()))
    levels = tuple((level.name, level.depth, level.holds) for level in chip.levels)
    fanouts = tuple(fanout.name for fanout in chip.fanouts)
    key = levels, fanouts, keeps, constraints.nodes, named_nodes(constraints)
    places = max((len(one.places) for one in _allowed(*key)), default=0)
    if len(levels) > LEVELS or places > PLACES:
        raise InputError(
            f"a chip must have at most {LEVELS} levels that keep at most {PLACES} operands and fan-outs in all to "
            f"be searched; {chip.name} has {len(levels)} levels and {places}. Use mapping='heuristic'."
        )
    return _layout(*key)


_Key = tuple[
    tuple[tuple[str, int, str], ...],
    tuple[str, ...],
    tuple[tuple[str, str], ...],
    tuple[Node, ...],
    frozenset[Node],
]


@lru_cache(maxsize=64)
def _allowed(*key: *_Key) -> tuple[Skeleton, ...]:
    levels, fanouts, keeps, pinned, named = key
    return tuple(
        one
        for one in skeletons(levels, fanouts, keeps, pinned)
        if named <= {(place.level, place.operand) for place in one.places}
    )


@lru_cache(maxsize=64)
def _layout(*key: *_Key) -> Layout:
    levels, fanouts, *_ = key
    return Layout(_allowed(*key), tuple((name, depth) for name, depth, _ in levels), fanouts)
