"""How is a complete row of the search written as the lines of a nest?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.engine.case import Ints
from accelsim.mapping.nest import Keep, Loop
from accelsim.search.facts import Facts
from accelsim.search.partial import COLUMN
from accelsim.search.skeleton import Place
from accelsim.workload.shape import DIMS


@dataclass(frozen=True)
class Leaf:
    """One complete row: tiles at every place, and instances of every fan-out.

    Parameters
    ----------
    tiles : mapping from dimension to mapping from place to int
        The tile below every place.
    ways : mapping from place to int64 array, shape (fan-outs, 8)
        At groups of fan-outs.
    """

    tiles: Mapping[str, Mapping[int, int]]
    ways: Mapping[int, Ints]


class LeafLines:
    """Writes one leaf.

    Parameters
    ----------
    facts : Facts
    leaf : Leaf
    orders : mapping from place to tuple of str
        The order of the temporal loops above every place, and above the MACs.
    blocks : mapping from (place, dimension) to bool
        Whether the instances of a group take blocks of tiles, not neighboring tiles.
    """

    def __init__(
        self,
        facts: Facts,
        leaf: Leaf,
        orders: Mapping[int, tuple[str, ...]],
        blocks: Mapping[tuple[int, str], bool],
    ) -> None:
        self.facts, self.leaf, self.orders, self.blocks = facts, leaf, orders, blocks
        self._handed = dict(facts.shape.extents)
        self._lines: list[Loop | Keep] = [Keep(facts.skeleton.outermost, "WIO")]

    def written(self) -> list[Loop | Keep]:
        """Return the lines, outermost first, loops of a single step included."""
        places = self.facts.skeleton.places
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
            if dim in self.facts.active:
                self._loop(dim, target[dim])

    def _loop(self, dim: str, tile: int, fanout: str | None = None) -> None:
        self._handed[dim] = min(self._handed[dim], tile)
        self._lines.append(Loop(dim, self._handed[dim], fanout))

    def _spread(self, number: int, place: Place) -> None:
        """Write a group of fan-outs: what all instances take at once, the spatial loops, what each takes in turn."""
        ways, below = self.leaf.ways[number], self._below(number)
        totals = ways.prod(axis=0)
        self._temporal(
            number,
            {
                dim: self._handed[dim] if self.blocks.get((number, dim)) else below[dim] * int(totals[COLUMN[dim]])
                for dim in DIMS
            },
        )
        for fanout, name in enumerate(place.fanouts):
            for dim in self.facts.active:
                own, inside = int(ways[fanout, COLUMN[dim]]), int(ways[fanout + 1 :, COLUMN[dim]].prod())
                if own > 1 and self.blocks.get((number, dim)):
                    self._loop(dim, max(below[dim], -(-self._handed[dim] // own)), name)
                elif own > 1:
                    self._loop(dim, below[dim] * inside, name)
        if any(self.blocks.values()):
            self._temporal(number, below)
