"""Which nests does a complete row of the search stand for? All that its bound does not tell apart.

Most rows are one nest. Tiles that do not divide leave a few sizes with the same number of tiles; rows and
columns of an input can be walked in several orders, each keeping another halo, and the instances of a
fan-out can take neighboring tiles or blocks of tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations, product
from math import prod

from accelsim.mapping.constraints import Node
from accelsim.mapping.nest import Loop, Nest
from accelsim.search.leaf_lines import Leaf, LeafLines
from accelsim.search.skeleton import REUSE

IMAGE = ("OY", "OX", "FY", "FX")
PLAIN = ("G", "B", "K", "C")


def variants(leaf: Leaf, exact: bool, pinned: Mapping[Node, Sequence[str]]) -> Iterator[tuple[Nest, tuple[int, ...]]]:
    """Yield the nests of a leaf: a structure, its loops all of tile 1, and its tiles.

    Parameters
    ----------
    leaf : Leaf
    exact : bool
        Whether tiles must divide each other.
    pinned : mapping from (level, operand) to sequence of str
        The order of the loops above some nodes.
    """
    seen = set()
    rounded = (leaf,) if exact else (leaf, leaf.rounded())
    for one, blocks in product(rounded, _blocks(leaf, leaf.windowed and not exact)):
        for orders in _orders(one):
            for place, dims in _pinned_orders(one, pinned).items():
                orders[place] = (*(dim for dim in orders[place] if dim not in dims), *dims)
            lines = LeafLines(one, orders, blocks).written()
            structure = Nest(
                tuple(Loop(line.dim, 1, line.fanout) if isinstance(line, Loop) else line for line in lines)
            )
            found = structure, tuple(line.tile for line in lines if isinstance(line, Loop))
            if found not in seen:
                seen.add(found)
                yield found


def _pinned_orders(leaf: Leaf, pinned: Mapping[Node, Sequence[str]]) -> dict[int, tuple[str, ...]]:
    """Pinned orders of loops by the places that they stand above: a node's own, and groups just outside it."""
    found = {}
    places = leaf.skeleton.places
    for place, what in enumerate(places):
        dims = pinned.get((what.level, what.operand))
        if dims is not None:
            found[place] = tuple(dims)
            outer = place - 1
            while outer >= 0 and places[outer].fanouts:
                found[outer] = tuple(dims)
                outer -= 1
    return found


def _moving(leaf: Leaf, place: int) -> tuple[str, ...]:
    """Dimensions of the image that have a temporal loop above a place, or above the MACs."""
    bottom = len(leaf.skeleton.places)
    return tuple(
        dim
        for dim in IMAGE
        if (1 if place == bottom else leaf.tiles[dim][place])
        < (leaf.tiles[dim][place - 1] if place else leaf.shape.extents[dim])
    )


FEW = 6
"""Combinations of orders up to which all are tried."""


def _orders(leaf: Leaf) -> Iterator[dict[int, tuple[str, ...]]]:
    """Orders of the image loops of every segment outside the innermost node of I.

    The innermost loops keep the halo along their axis. Where there are many segments, it is columns in all of
    them, or rows.
    """
    last = leaf.skeleton.nodes["I"][-1]
    moving = [_moving(leaf, place) for place in range(len(leaf.skeleton.places) + 1)]
    apart = [leaf.windowed and place <= last for place in range(len(moving))]
    menus = [list(permutations(own)) if free else [own] for own, free in zip(moving, apart, strict=True)]
    if prod(len(menu) for menu in menus) > FEW:
        both = [
            [_inner(own, "X"), _inner(own, "Y")] if free else [own] * 2 for own, free in zip(moving, apart, strict=True)
        ]
        chosen: Iterable[tuple[tuple[str, ...], ...]] = zip(*both, strict=True)
    else:
        chosen = product(*menus)
    for own in chosen:
        yield {
            place: _kept_inside(leaf, place, (*PLAIN, *(dim for dim in IMAGE if dim not in order), *order))
            for place, order in enumerate(own)
        }


def _kept_inside(leaf: Leaf, place: int, order: tuple[str, ...]) -> tuple[str, ...]:
    """An order of the loops above a place, those innermost that leave the box of a keeper further inside alone."""
    if place > 0:
        above = leaf.skeleton.places[place - 1].operand
        return tuple(sorted(order, key=lambda dim: bool(above) and dim not in REUSE[above]))
    return tuple(sorted(order, key=lambda dim: bool(leaf.keeper) and dim in REUSE[leaf.keeper]))


def _inner(dims: tuple[str, ...], axis: str) -> tuple[str, ...]:
    """The dimensions of one axis inside those of the other."""
    return tuple(sorted(dims, key=lambda dim: dim.endswith(axis)))


def _blocks(leaf: Leaf, wanted: bool) -> Iterator[dict[tuple[int, str], bool]]:
    """Whether the instances of a group take blocks of tiles of an image dimension, or neighboring tiles."""
    last = leaf.skeleton.nodes["I"][-1]
    choices = [
        (group, dim)
        for group in leaf.skeleton.groups
        for dim in IMAGE
        if wanted and group < last and leaf.instances(group, dim) > 1
    ]
    yield dict.fromkeys(choices, False)
    if choices:
        yield dict.fromkeys(choices, True)
