"""How often do loops hand a new tile to a place, and how often does an operand come back to its node?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.search.instances import Instances
from accelsim.search.partial import COLUMN, Bools
from accelsim.search.skeleton import REUSE
from accelsim.workload.shape import RELEVANT


class Comings:
    """Counts of tiles, each at its least.

    Parameters
    ----------
    instances : Instances
    """

    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        self.facts, self.part = instances.facts, instances.part
        self._evenly: dict[tuple[int, int], Bools] = {}

    def states(self, dims: Sequence[str], node: int, merge: int) -> Floats:
        """Return the tiles that some dimensions hand to a node, those of instances inside ``merge`` counted as one.

        At the last place, the steps of the MACs. Exact once everything outside is decided, but for tiles that
        the outermost level hands down and that are not decided yet.
        """
        facts, part = self.facts, self.part
        bottom = node == len(facts.skeleton.places)
        inside = self.instances.between(max(merge, -1), node)
        wide = np.int64(1) if bottom else part.widest(node)
        least = -(-facts.extents // (wide * inside))
        exact = not part.upper and self.instances.known(node)
        result = np.ones(self.instances.rows)
        for dim in dims:
            if dim in facts.active:
                column = COLUMN[dim]
                states = least[:, column].astype(float)
                if exact:
                    rows = np.flatnonzero(~self._even(column, node))
                    if len(rows):
                        states[rows] = self._counted(column, node, merge, rows)
                result = result * states
        return result

    def comings(self, operand: str, node: int, merge: int) -> Floats:
        """Return how often the dimensions that reuse an operand come back to a decided node.

        Their tiles as the first decided loop outside the node sees them that the operand has: loops of theirs
        inside it come for free, even above nodes of other operands.
        """
        facts, part = self.facts, self.part
        reuse = REUSE[operand]
        has = [COLUMN[dim] for dim in facts.active if dim in RELEVANT[operand]]
        result = self.states(reuse, node, merge)
        reached = part.tiles[node] * self.instances.outside(node)
        waiting = np.ones(self.instances.rows, dtype=bool)
        for place in range(node - 1, part.place - 1, -1):
            if place in part.tiles:
                outside = self.instances.outside(place)
                waiting &= ~(part.widest(place)[:, has] * outside[:, has] > reached[:, has]).any(axis=1)
                if not waiting.any():
                    return result
                reached = np.maximum(reached, part.tiles[place] * outside)
                result = np.where(waiting, self._seen(reuse, place, merge), result)
        if part.place > 0:
            return result
        waiting &= ~(reached[:, has] < facts.extents[has]).any(axis=1)
        apart = self._times_between(reuse, -1, merge) if merge >= 0 else 1.0
        return np.where(waiting, np.minimum(result, apart), result)

    def perfect(self) -> Bools | bool:
        """Return whether every reduction tile divides the one outside it; False while anything is open."""
        if self.part.place > 0 or self.instances.open_groups:
            return False
        result = np.ones(self.instances.rows, dtype=bool)
        for dim in REUSE["O"]:
            if dim in self.facts.active:
                result &= self._even(COLUMN[dim], len(self.facts.skeleton.places))
        return result

    def _seen(self, dims: Sequence[str], place: int, merge: int) -> Floats:
        """Tiles handed to a place outside a node, times the instances inside it that are counted apart."""
        if merge <= place:
            return self.states(dims, place, merge)
        return self.states(dims, place, place) * self._times_between(dims, place, merge)

    def _times_between(self, dims: Sequence[str], outer: int, inner: int) -> Floats:
        return self.facts.times(self.instances.between(outer, inner), dims)

    def _even(self, column: int, node: int) -> Bools:
        """Whether all decided tiles of a dimension from a node outward divide each other and the extent."""
        key = column, node
        if key not in self._evenly:
            part = self.part
            inner = np.ones(self.instances.rows, dtype=np.int64)
            if node < len(self.facts.skeleton.places):
                inner = part.tiles[node][:, column]
            result = np.ones(self.instances.rows, dtype=bool)
            for place in reversed(range(part.place, node)):
                if place in part.tiles:
                    result &= part.tiles[place][:, column] % inner == 0
                    inner = part.tiles[place][:, column]
                else:
                    inner = inner * part.spread[place][:, column]
            self._evenly[key] = result & (self.facts.extents[column] % inner == 0)
        return self._evenly[key]

    def _counted(self, column: int, node: int, merge: int, rows: Ints) -> Floats:
        """Count tiles one by one: how many of each size every loop hands down."""
        pieces = [(np.full(len(rows), self.facts.extents[column]), np.ones(len(rows), dtype=np.int64))]
        for tile, group in reversed(self._tiles_outward(column, node, rows)):
            smaller = []
            for size, count in pieces:
                whole, rest = size // tile, size % tile
                if group >= max(merge, 0):  # instances counted as one: the lead has the most work
                    smaller.append((np.minimum(size, tile), count))
                else:
                    smaller += [(tile, count * whole), (rest, count * (rest > 0))]
            pieces = [(size, count) for size, count in smaller if count.any()]
        total: Floats = np.sum([count for _, count in pieces], axis=0).astype(float)
        return total

    def _tiles_outward(self, column: int, node: int, rows: Ints) -> list[tuple[Ints, int]]:
        """Decided tiles of a dimension from a node outward; those that a group of fan-outs makes with its place."""
        part = self.part
        below = np.ones(len(rows), dtype=np.int64)
        if node < len(self.facts.skeleton.places):
            below = part.tiles[node][rows, column]
        chain = [(below, -1)]
        for place in reversed(range(part.place, node)):
            if place in part.tiles:
                below = part.tiles[place][rows, column]
            else:
                chain.append((below, place))
                below = np.minimum(below * part.spread[place][rows, column], self.facts.extents[column])
            chain.append((below, -1))
        return chain
