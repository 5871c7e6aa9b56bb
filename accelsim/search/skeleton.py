"""Which storage nodes does a mapping have, and in which order do they stand?

A `Skeleton` is a mapping without its loops: places, outermost first, each a storage node of one operand
or a group of neighboring fan-outs. The outermost level, which keeps everything, is not listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations, product
from math import comb, prod

from accelsim.hardware.chip import Chip
from accelsim.search.problem import NONE
from accelsim.workload.shape import DIMS, OPERANDS, RELEVANT, Shape

REUSE = {operand: tuple(dim for dim in DIMS if dim not in RELEVANT[operand]) for operand in OPERANDS}
"""The dimensions that reuse an operand: its box does not depend on them."""


def reused(dim: str) -> int:
    """Return the class of a dimension: the number of the operand that it reuses, or `NONE`."""
    return next((number for number, operand in enumerate(OPERANDS) if dim in REUSE[operand]), NONE)


@dataclass(frozen=True)
class Place:
    """A storage node (``level`` keeps ``operand``) or, with no operand, a group of fan-outs."""

    level: str = ""
    operand: str = ""
    fanouts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skeleton:
    """Places of a mapping, outermost first."""

    outermost: str
    places: tuple[Place, ...]

    @cached_property
    def nodes(self) -> dict[str, tuple[int, ...]]:
        """Places of the nodes of every operand, outermost first; -1 is the outermost level."""
        return {
            operand: (-1, *(number for number, place in enumerate(self.places) if place.operand == operand))
            for operand in OPERANDS
        }

    @cached_property
    def chains(self) -> dict[str, tuple[str, ...]]:
        """Levels that keep every operand, outermost first."""
        return {
            operand: tuple(self.outermost if place < 0 else self.places[place].level for place in places)
            for operand, places in self.nodes.items()
        }

    @cached_property
    def groups(self) -> tuple[int, ...]:
        """Places of the fan-out groups, outermost first."""
        return tuple(number for number, place in enumerate(self.places) if place.fanouts)

    @property
    def crossed(self) -> bool:
        """Whether nodes stand on both sides of a group of fan-outs."""
        nodes = [number for number, place in enumerate(self.places) if place.operand]
        return any(nodes and nodes[0] < group < nodes[-1] for group in self.groups)


def size(some: Sequence[Skeleton], chip: Chip, shape: Shape) -> int:
    """Return how many mappings some skeletons of a chip have: chains of integer tiles over all their places."""
    crossed = {dim: sum(fanout.dims is None or dim in fanout.dims for fanout in chip.fanouts) for dim in DIMS}
    extents, total = shape.extents, 0
    for places, count in Counter(len(one.places) for one in some).items():
        total += count * prod(comb(extents[dim] + places + crossed[dim] - 1, places + crossed[dim]) for dim in DIMS)
    return total


def skeletons(
    levels: Sequence[tuple[str, int, str]],
    fanouts: Sequence[str],
    keeps: Sequence[tuple[str, str]] = (),
    pinned: Sequence[tuple[str, str]] = (),
) -> list[Skeleton]:
    """Return every skeleton of a chip.

    Parameters
    ----------
    levels : sequence of (str, int, str)
        Levels, innermost first: each with the number of fan-outs outside it and the operands it may hold.
    fanouts : sequence of str
        Outermost first.
    keeps : sequence of (str, str)
        What some levels must keep, exactly.
    pinned : sequence of (level, operand)
        Nodes that must stand in this order.
    """
    (outermost, *_), *inner = reversed(levels)
    wanted = dict(keeps)
    found = []
    options = [[wanted[name]] if name in wanted else _subsets(holds) for name, _, holds in inner]
    for kept in product(*options):
        stages: list[list[list[str]]] = [[[] for _ in OPERANDS] for _ in range(len(fanouts) + 1)]
        for (name, depth, _), operands in zip(inner, kept, strict=True):
            for operand in operands:
                stages[depth][OPERANDS.index(operand)].append(name)
        orders = [
            list(_interleaved([_chain(names, o) for names, o in zip(stage, OPERANDS, strict=True)])) for stage in stages
        ]
        for chosen in product(*orders):
            places: list[Place] = []
            for depth, stage in enumerate(chosen):
                places += stage
                if depth < len(fanouts):
                    if places and places[-1].fanouts:
                        places[-1] = Place(fanouts=(*places[-1].fanouts, fanouts[depth]))
                    else:
                        places.append(Place(fanouts=(fanouts[depth],)))
            if _in_order(places, pinned):
                found.append(Skeleton(outermost, tuple(places)))
    return found


def _subsets(operands: str) -> list[str]:
    """Every subset, the whole first: a good mapping keeps much."""
    sizes = range(len(operands), -1, -1)
    return ["".join(some) for some in chain.from_iterable(combinations(operands, size) for size in sizes)]


def _chain(levels: Sequence[str], operand: str) -> list[Place]:
    return [Place(level, operand) for level in levels]


def _interleaved(chains: Sequence[list[Place]]) -> Iterator[tuple[Place, ...]]:
    """Every order of some chains in which each keeps its own order."""
    if not any(chains):
        yield ()
    for number, own in enumerate(chains):
        if own:
            rest = [*chains[:number], own[1:], *chains[number + 1 :]]
            for tail in _interleaved(rest):
                yield (own[0], *tail)


def _in_order(places: Sequence[Place], pinned: Sequence[tuple[str, str]]) -> bool:
    standing = [(place.level, place.operand) for place in places if place.operand]
    where = [standing.index(node) if node in standing else -1 for node in pinned]
    return -1 not in where and where == sorted(where)
