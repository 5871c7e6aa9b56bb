"""Which nests does a complete row of the search stand for? All that its bound does not tell apart.

Most rows are one nest. Tiles that do not divide leave a few sizes with the same number of tiles; rows and
columns of an input can be walked in several orders, each keeping another halo, and the instances of a
fan-out can take neighboring tiles or blocks of tiles. The search prices all of these (`accelsim.search.inner.exact`)
and numbers them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from accelsim.mapping.constraints import Node
from accelsim.mapping.nest import Loop, Nest
from accelsim.search.leaf_lines import Leaf, LeafLines
from accelsim.search.plans import IMAGE, PLAIN
from accelsim.search.problem import ORDERS
from accelsim.search.skeleton import REUSE

Tiled = tuple[Nest, tuple[int, ...]]
"""A structure, its loops all of tile 1, and its tiles."""

Orders = Mapping[Node, Sequence[str]]
"""Pinned orders of the loops above some nodes."""

FREE: Orders = {}


def nest_of(leaf: Leaf, variant: int, pinned: Orders = FREE) -> Tiled:
    """Return one nest of a leaf.

    Parameters
    ----------
    leaf : Leaf
    variant : int
        As `accelsim.search.inner.exact` numbers them.
    pinned : mapping from (level, operand) to sequence of str
        Orders of loops that are given.
    """
    number, blocked, rounded = variant // 4, variant // 2 % 2, variant % 2
    one = leaf.rounded() if rounded else leaf
    image = tuple(IMAGE[at] for at in ORDERS[number])
    last = leaf.skeleton.nodes["I"][-1]
    orders = {
        place: _kept_inside(leaf, place, (*PLAIN, *(image if leaf.windowed and place <= last else IMAGE)))
        for place in range(len(leaf.skeleton.places) + 1)
    }
    for place, dims in _pinned_orders(one, pinned).items():
        orders[place] = (*(dim for dim in orders[place] if dim not in dims), *dims)
    lines = LeafLines(one, orders, dict.fromkeys(_blockable(leaf), bool(blocked))).written()
    structure = Nest(tuple(Loop(line.dim, 1, line.fanout) if isinstance(line, Loop) else line for line in lines))
    return structure, tuple(line.tile for line in lines if isinstance(line, Loop))


def variants(leaf: Leaf, exact: bool, pinned: Orders) -> Iterator[Tiled]:
    """Yield all nests of a leaf; ``exact`` for those with tiles that divide each other only."""
    seen = set()
    for number in range(len(ORDERS) if leaf.windowed else 1):
        for variant in range(1 if exact else 4 if leaf.windowed else 2):
            found = nest_of(leaf, number * 4 + variant, pinned)
            if found not in seen:
                seen.add(found)
                yield found


def _pinned_orders(leaf: Leaf, pinned: Orders) -> dict[int, tuple[str, ...]]:
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


def _kept_inside(leaf: Leaf, place: int, order: tuple[str, ...]) -> tuple[str, ...]:
    """An order of the loops above a place, those innermost that leave the box of a keeper further inside alone."""
    if place > 0:
        above = leaf.skeleton.places[place - 1].operand
        return tuple(sorted(order, key=lambda dim: bool(above) and dim not in REUSE[above]))
    return tuple(sorted(order, key=lambda dim: bool(leaf.keeper) and dim in REUSE[leaf.keeper]))


def _blockable(leaf: Leaf) -> list[tuple[int, str]]:
    """Dimensions of the image of which the instances of a group may take blocks of tiles."""
    last = leaf.skeleton.nodes["I"][-1]
    return [
        (group, dim)
        for group in leaf.skeleton.groups
        for dim in IMAGE
        if leaf.windowed and group < last and leaf.instances(group, dim) > 1
    ]
