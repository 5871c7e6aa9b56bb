"""Is there a tile for every place between those that somebody pinned? If not, which pins leave no room?

Tiles shrink from outside to inside. Spreading a dimension over n instances in tiles of t takes at least
(n - 1)*t + 1 positions, and a multiple of n*t where every tile must divide the one outside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from accelsim.workload.shape import DIMS, Shape


@dataclass(frozen=True)
class Statement:
    """What somebody pinned, in words, and where it stands: ("tiles", "SRAM.W", "K")."""

    text: str
    field: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Standing:
    """A node that stands, with its pinned tiles.

    Parameters
    ----------
    name, operand : str
    depth : int
        Fan-outs outside its level.
    rank : int
        Its level counted from the outermost, which is 0.
    order : int or None
        Its place in a pinned order of nodes.
    tiles : mapping of dimension to int
    """

    name: str
    operand: str
    depth: int
    rank: int
    order: int | None = None
    tiles: Mapping[str, int] = field(default_factory=dict)

    def statement(self, dim: str) -> Statement:
        """Return its pin of a dimension."""
        return Statement(f"tiles of {dim} at {self.name} ({self.tiles[dim]})", ("tiles", self.name, dim))


@dataclass(frozen=True)
class Spread:
    """A dimension that runs over exactly ``count`` instances of the fan-out number ``place``."""

    dim: str
    count: int
    place: int
    fanout: str

    @property
    def statement(self) -> Statement:
        """What was pinned."""
        return Statement(f"spatial {self.dim} across {self.fanout} ({self.count})", ("spatial", self.fanout, self.dim))


Contradiction = tuple[list[Statement], str]
"""The pins that contradict, the one to look at first in front, and why."""


def too_little_room(
    nodes: Sequence[Standing], spreads: Sequence[Spread], shape: Shape, *, divisors: bool
) -> Contradiction | None:
    """Return the contradiction between the fewest pins, or None if there is a tile for every place."""
    found = list(_contradictions(nodes, [one for one in spreads if one.count > 1], shape, divisors))
    return min(found, key=lambda each: len(each[0]), default=None)


def _contradictions(
    nodes: Sequence[Standing], spreads: Sequence[Spread], shape: Shape, divisors: bool
) -> Iterator[Contradiction]:
    pairs = _outside(nodes, spreads)
    for dim in DIMS:
        extent = shape.extents[dim]
        whole = Statement(f"the extent of {dim} ({extent})", ())
        for node in nodes:
            if node.rank == 0 and node.tiles.get(dim, extent) != extent:
                yield [node.statement(dim), whole], "the outermost level keeps whole tensors"
        pinned: list[Standing | None] = [None, *(node for node in nodes if dim in node.tiles)]
        for outer, inner in product(pinned, pinned):
            if outer is not None and inner is not None and (outer, inner) not in pairs:
                continue
            top, bottom = outer.depth if outer else 0, inner.depth if inner else len(spreads) + 99
            between = [one for one in spreads if one.dim == dim and top <= one.place < bottom]
            has, inside = outer.tiles[dim] if outer else extent, inner.tiles[dim] if inner else 1
            if why := _why(dim, has, inside, between, divisors):
                culprits = [
                    *([outer.statement(dim)] if outer else []),
                    *(one.statement for one in between),
                    *([inner.statement(dim)] if inner else []),
                ]
                yield [*culprits, *([] if outer else [whole])], why


def _why(dim: str, has: int, inside: int, between: Sequence[Spread], divisors: bool) -> str:
    """Why ``has`` positions do not hold tiles of ``inside`` spread over some fan-outs; "" if they do."""
    need, multiple = inside, inside
    for one in sorted(between, key=lambda spread: -spread.place):
        need, multiple = (one.count - 1) * need + 1, multiple * one.count
    if has < need:
        if not between:
            return "a tile must be at most the one outside it"
        return f"tiles of {inside} over so many instances take at least {need} positions of {dim}, of {has}"
    if divisors and has % multiple:
        return f"with divisors, {has} must be a multiple of {multiple}"
    return ""


def _outside(nodes: Sequence[Standing], spreads: Sequence[Spread]) -> set[tuple[Standing, Standing]]:
    """Pairs of nodes of which the first certainly stands outside the second."""

    def directly(outer: Standing, inner: Standing) -> bool:
        if outer.rank == 0 or (outer.operand == inner.operand):
            return outer.rank < inner.rank
        if outer.order is not None and inner.order is not None:
            return outer.order < inner.order
        return any(outer.depth <= one.place < inner.depth for one in spreads)

    numbers = range(len(nodes))
    reach = {(a, b) for a, b in product(numbers, numbers) if directly(nodes[a], nodes[b])}
    for middle, a, b in product(numbers, numbers, numbers):
        if (a, middle) in reach and (middle, b) in reach:
            reach.add((a, b))
    return {(nodes[a], nodes[b]) for a, b in reach}
