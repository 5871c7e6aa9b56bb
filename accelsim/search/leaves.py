"""Which nests does a complete row of the search stand for? All that its bound does not tell apart.

Most rows are one nest. Tiles that do not divide leave a few sizes with the same number of tiles; rows and
columns of an input can be walked in several orders, each keeping another halo, and the instances of a
fan-out can take neighboring tiles or blocks of tiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product

from accelsim.mapping.constraints import Node
from accelsim.mapping.nest import Loop, Nest
from accelsim.search.facts import Facts
from accelsim.search.leaf_lines import Leaf, LeafLines
from accelsim.search.partial import COLUMN, Partial
from accelsim.search.skeleton import Skeleton
from accelsim.workload.shape import DIMS

IMAGE = ("OY", "OX", "FY", "FX")
PLAIN = ("G", "B", "K", "C")


def leaf(facts: Facts, part: Partial, row: int) -> Leaf:
    """Return one row of a complete partial mapping."""
    ways = {place: facts.tables[place][1][way[row]] for place, way in part.ways.items()}
    tiles = {dim: _chain(facts.skeleton, part, row, COLUMN[dim]) for dim in DIMS}
    return Leaf(tiles, ways)


def variants(
    facts: Facts, one: Leaf, exact: bool, pinned: Mapping[Node, Sequence[str]]
) -> Iterator[tuple[Nest, tuple[int, ...]]]:
    """Yield the nests of a leaf: a structure, its loops all of tile 1, and its tiles.

    Parameters
    ----------
    facts : Facts
    one : Leaf
    exact : bool
        Whether tiles must divide each other.
    pinned : mapping from (level, operand) to sequence of str
        The order of the loops above some nodes.
    """
    halo = bool(facts.sliding)
    for blocks in _blocks(facts.skeleton, one, halo and not exact):
        for orders in _orders(facts, one, halo):
            for place, dims in _pinned_orders(facts.skeleton, pinned).items():
                orders[place] = (*(dim for dim in orders[place] if dim not in dims), *dims)
            lines = LeafLines(facts, one, orders, blocks).written()
            structure = Nest(
                tuple(Loop(line.dim, 1, line.fanout) if isinstance(line, Loop) else line for line in lines)
            )
            yield structure, tuple(line.tile for line in lines if isinstance(line, Loop))


def _pinned_orders(skeleton: Skeleton, pinned: Mapping[Node, Sequence[str]]) -> dict[int, tuple[str, ...]]:
    """Pinned orders of loops by the places that they stand above: a node's own, and groups just outside it."""
    found = {}
    for place, what in enumerate(skeleton.places):
        dims = pinned.get((what.level, what.operand))
        if dims is not None:
            found[place] = tuple(dims)
            outer = place - 1
            while outer >= 0 and skeleton.places[outer].fanouts:
                found[outer] = tuple(dims)
                outer -= 1
    return found


def _chain(skeleton: Skeleton, part: Partial, row: int, column: int) -> dict[int, int]:
    """Tiles of a dimension at every place; at a group of fan-outs, below it."""
    chain, tile = {}, 1
    for place in reversed(range(len(skeleton.places))):
        tile = int(part.tiles[place][row, column]) if place in part.tiles else tile
        chain[place] = tile
    return chain


def _moving(facts: Facts, one: Leaf, place: int) -> tuple[str, ...]:
    """Dimensions of the image that have a temporal loop above a place, or above the MACs."""
    extents = facts.shape.extents
    bottom = len(facts.skeleton.places)
    return tuple(
        dim
        for dim in IMAGE
        if (1 if place == bottom else one.tiles[dim][place]) < (one.tiles[dim][place - 1] if place else extents[dim])
    )


def _orders(facts: Facts, one: Leaf, halo: bool) -> Iterator[dict[int, tuple[str, ...]]]:
    """Orders of the image loops of every segment outside the innermost node of I."""
    last = facts.skeleton.nodes["I"][-1]
    moving = [_moving(facts, one, place) for place in range(len(facts.skeleton.places) + 1)]
    choices = [list(permutations(own)) if halo and place <= last else [own] for place, own in enumerate(moving)]
    for chosen in product(*choices):
        yield {
            place: (*PLAIN, *(dim for dim in IMAGE if dim not in order), *order) for place, order in enumerate(chosen)
        }


def _blocks(skeleton: Skeleton, one: Leaf, halo: bool) -> Iterator[dict[tuple[int, str], bool]]:
    """Whether the instances of a group take blocks of tiles of an image dimension, or neighboring tiles."""
    last = skeleton.nodes["I"][-1]
    choices = [
        (group, dim)
        for group in skeleton.groups
        for dim in IMAGE
        if halo and group < last and one.ways[group][:, COLUMN[dim]].prod() > 1
    ]
    for chosen in product((False, True), repeat=len(choices)):
        yield dict(zip(choices, chosen, strict=True))
