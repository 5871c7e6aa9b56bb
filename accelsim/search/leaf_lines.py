"""How is a complete row of the search written as the lines of a nest?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from accelsim.engine.case import Ints
from accelsim.mapping.nest import Keep, Loop
from accelsim.search.skeleton import Place, Skeleton
from accelsim.workload.shape import DIMS, Shape


@dataclass(frozen=True)
class Leaf:
    """One complete row: tiles at every place, and instances of every fan-out.

    Parameters
    ----------
    shape : Shape
    skeleton : Skeleton
    tiles : mapping from dimension to mapping from place to int
        The tile below every place.
    ways : mapping from place to int64 array, shape (fan-outs, 8)
        At groups of fan-outs.
    windowed : bool
        Whether tiles of the input overlap.
    keeper : str
        The operand that the innermost of the outermost loops reuse; "" for any order.
    """

    shape: Shape
    skeleton: Skeleton
    tiles: Mapping[str, Mapping[int, int]]
    ways: Mapping[int, Ints]
    windowed: bool
    keeper: str = ""

    @cached_property
    def active(self) -> tuple[str, ...]:
        """Dimensions with more than one step."""
        return tuple(dim for dim in DIMS if self.shape.extents[dim] > 1)

    def instances(self, group: int, dim: str) -> int:
        """Return the instances of a dimension over a group."""
        return int(self.ways[group][:, DIMS.index(dim)].prod())

    def rounded(self) -> Leaf:
        """Return the leaf with tiles that are multiples of those inside them where as many tiles are left."""
        return replace(self, tiles={dim: self._rounded(dim) for dim in DIMS})

    def _rounded(self, dim: str) -> dict[int, int]:
        extent, handed, chain = self.shape.extents[dim], 1, {}
        for place in reversed(range(len(self.skeleton.places))):
            tile = self.tiles[dim][place]
            if place in self.ways:
                chain[place] = handed = max(tile, handed)
                handed = min(handed * self.instances(place, dim), extent)
                continue
            wider = min(-(-tile // handed) * handed, extent)
            same = -(-extent // wider) == -(-extent // tile)
            chain[place] = handed = max(wider if same else tile, handed)
        return chain


class LeafLines:
    """Writes one leaf.

    Parameters
    ----------
    leaf : Leaf
    orders : mapping from place to tuple of str
        The order of the temporal loops above every place, and above the MACs.
    blocks : mapping from (place, dimension) to bool
        Whether the instances of a group take blocks of tiles, not neighboring tiles.
    """

    def __init__(
        self,
        leaf: Leaf,
        orders: Mapping[int, tuple[str, ...]],
        blocks: Mapping[tuple[int, str], bool],
    ) -> None:
        self.leaf, self.orders, self.blocks = leaf, orders, blocks
        self._handed = dict(leaf.shape.extents)
        self._lines: list[Loop | Keep] = [Keep(leaf.skeleton.outermost, "WIO")]

    def written(self) -> list[Loop | Keep]:
        """Return the lines, outermost first, loops of a single step included."""
        places = self.leaf.skeleton.places
        for number, place in enumerate(places):
            if place.operand:
                self._temporal(number, self._below(number))
                self._lines.append(Keep(place.level, place.operand))
            else:
                self._spread(number, place)
        self._temporal(len(places), dict.fromkeys(DIMS, 1))
        return self._lines

    def _below(self, number: int) -> dict[str, int]:
        return {dim: self.leaf.tiles[dim][number] for dim in DIMS}

    def _temporal(self, number: int, target: Mapping[str, int]) -> None:
        for dim in self.orders[number]:
            if dim in self.leaf.active:
                self._loop(dim, target[dim])

    def _loop(self, dim: str, tile: int, fanout: str | None = None) -> None:
        self._handed[dim] = min(self._handed[dim], tile)
        self._lines.append(Loop(dim, self._handed[dim], fanout))

    def _spread(self, number: int, place: Place) -> None:
        """Write a group of fan-outs: what all instances take at once, the spatial loops, what each takes in turn."""
        ways, below = self.leaf.ways[number], self._below(number)
        self._temporal(
            number,
            {
                dim: self._handed[dim]
                if self.blocks.get((number, dim))
                else below[dim] * self.leaf.instances(number, dim)
                for dim in DIMS
            },
        )
        for fanout, name in enumerate(place.fanouts):
            for dim in self.leaf.active:
                own, inside = int(ways[fanout, DIMS.index(dim)]), int(ways[fanout + 1 :, DIMS.index(dim)].prod())
                if own > 1 and self.blocks.get((number, dim)):
                    self._loop(dim, max(below[dim], -(-self._handed[dim] // own)), name)
                elif own > 1:
                    self._loop(dim, below[dim] * inside, name)
        if any(self.blocks.values()):
            self._temporal(number, below)
