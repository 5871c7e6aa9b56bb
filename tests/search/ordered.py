"""In what order do the tiles of a mapping come and go? What the engine's time asks of the counts, step by step.

Every step of the interpreter is visited, and what happens there is laid to the loop that advances. The closed form
of the counts is not used anywhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise, product
from math import ceil
from typing import Any

import numpy as np

from accelsim.mapping import interpreter
from accelsim.mapping.nest import Loop, Nest
from accelsim.mapping.order import Order, Tiles, Working
from accelsim.mapping.tally import Closing, Opening
from accelsim.workload.shape import REDUCTION, RELEVANT, Shape

END = -1


class Steps:
    """The steps of one mapping, and the loop that each of them advances."""

    def __init__(self, shape: Shape, nest: Nest) -> None:
        self.run = interpreter._Run.of(shape, nest)
        self.shape, self.nest = shape, nest
        lines = list(enumerate(nest.lines))
        self.loops = [(place, line) for place, line in lines if isinstance(line, Loop) and line.fanout is None]
        steps = self.run.steps
        self.moved = [
            next(at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)
            for before, after in pairwise(steps)
        ]
        self.chains = {operand: self.run.chain(operand) for operand in "WIO"}

    def order(self) -> Order:
        """Return what the closed form says of the order, as arrays of one entry."""
        found: dict[str, Any] = {
            "advances": self._by_loop(Counter(self.moved)),
            "rounds": self._by_loop(self._rounds()),
            "entered": {}, "replaced": {}, "tiles": {},
            "ending": self._ending(),
            "working": self._working(),
        }  # fmt: skip
        for operand, chain in self.chains.items():
            for parent, node in pairwise(chain):
                found["replaced"][node.level, operand] = self._replaced(node)
                if operand == "O":
                    found["tiles"][node.level] = self._tiles(node)
                else:
                    found["entered"][node.level, operand] = self._entered(parent, node)
        return Order(**found)

    def closing(self) -> dict[str, Closing]:
        """Return the words of the last boxes of O, by level."""
        return {node.level: self._closing(parent, node) for parent, node in pairwise(self.chains["O"])}

    def _by_loop(self, counts: dict[int, int], node=None) -> dict[int, np.ndarray]:
        """Numbers of the temporal loops, all or those outside a node, by place."""
        outside = len(self.loops) if node is None else node.temporal
        return {place: np.array([counts.get(at, 0)]) for at, (place, _) in enumerate(self.loops[:outside])}

    def _rounds(self) -> dict[int, int]:
        """States of the reduction loops outside each loop (and of itself) when it advances."""
        seen = defaultdict(set)
        for step, at in zip(self.run.steps[1:], self.moved, strict=True):
            own = [index for index, (_, loop) in zip(step[: at + 1], self.loops, strict=False) if loop.dim in REDUCTION]
            seen[at].add(tuple(own))
        return {at: len(states) for at, states in seen.items()}

    def _ending(self) -> dict[int, dict[int, np.ndarray]]:
        """Steps of the rounds of each loop's body that come to their end, by the loop that advances then."""
        steps, sums = self.run.steps, defaultdict(int)
        for inner in range(len(self.loops)):
            length = 0
            for number, step in enumerate(steps):
                length += 1
                after = steps[number + 1] if number + 1 < len(steps) else None
                if after is None or after[: inner + 1] != step[: inner + 1]:
                    sums[END if after is None else self.moved[number], inner] += length
                    length = 0
        every = [(END, END), *((at, place) for at, (place, _) in enumerate(self.loops))]
        return {
            place: {inner: np.array([sums[at, mover]]) for mover, (inner, _) in enumerate(self.loops) if mover >= at}
            for at, place in every
        }

    def _lead(self, node, step) -> interpreter.Tiles:
        return interpreter._tiles(self.shape, node.loops, step[: node.temporal], (0,) * node.spatial)

    def _replaced(self, node) -> dict[int, np.ndarray]:
        """Steps at which the first instance of a node has another tile than before."""
        changed = Counter()
        own = [[self._lead(node, step)[dim] for dim in RELEVANT[node.operand]] for step in self.run.steps]
        for (before, after), at in zip(pairwise(own), self.moved, strict=True):
            changed[at] += before != after
        return self._by_loop(changed, node)

    def _tiles(self, node) -> dict[int, Tiles]:
        """Words of O that the first instance holds before and after the advances of a loop."""
        left, entered = Counter(), Counter()
        sizes = [len(self.run.box(node, step[: node.temporal], (0,) * node.spatial)) for step in self.run.steps]
        for (before, after), at in zip(pairwise(sizes), self.moved, strict=True):
            left[at] += before
            entered[at] += after
        both = self._by_loop(left, node), self._by_loop(entered, node)
        return {place: Tiles(both[0][place], both[1][place]) for place in both[0]}

    def _entered(self, parent, node) -> dict[int, Opening]:
        """Words of W or I that come in, and are read outside, at the advances of a loop."""
        run, fills, reads = self.run, Counter(), Counter()
        held = {at: run.box(node, run.steps[0][: node.temporal], at) for at in run.instances(node)}
        for step, advance in zip(run.steps[1:], self.moved, strict=True):
            wanted = defaultdict(set)
            for at, old in held.items():
                box = run.box(node, step[: node.temporal], at)
                fills[advance] += len(box - old)
                wanted[parent.instance(at)] |= box - old
                held[at] = box
            reads[advance] += sum(map(len, wanted.values()))
        both = self._by_loop(fills, node), self._by_loop(reads, node)
        return {place: Opening(both[0][place], both[1][place]) for place in both[0]}

    def _closing(self, parent, node) -> Closing:
        """Words of O that instances hold after the last step, and the same merged under each parent."""
        drains, merged = 0, defaultdict(set)
        for at, stay in interpreter._stays(self.run, node)[-1].items():
            if stay.works:
                drains += len(stay.box)
                merged[parent.instance(at)] |= stay.box
        return Closing(np.array([drains]), np.array([sum(map(len, merged.values()))]))

    def _working(self) -> dict[str, Working]:
        """How many of the instances that a dimension spreads over have work, in each state of its own loops."""
        found = {}
        for dim, extent in self.shape.extents.items():
            own = [loop for loop in self.nest.loops if loop.dim == dim]
            spread = [bound for loop, bound in self._bounds() if loop.dim == dim and loop.fanout]
            if all(bound == 1 for bound in spread):
                continue
            places = [at for at, (_, loop) in enumerate(self.loops) if loop.dim == dim]
            counts = []
            for state in {tuple(step[at] for at in places) for step in self.run.steps}:
                tiles = [self._own(range(extent), own, state, at) for at in product(*map(range, spread))]
                counts.append(sum(map(bool, tiles)))
            full = sum(count == len(tiles) for count in counts)
            numbers = (len(counts), full, sum(counts), len(tiles))
            found[dim] = Working(*(np.array([number]) for number in numbers))
        return found

    def _bounds(self) -> list[tuple[Loop, int]]:
        handed, found = self.shape.extents, []
        for loop in self.nest.loops:
            found.append((loop, ceil(handed[loop.dim] / loop.tile)))
            handed[loop.dim] = loop.tile
        return found

    @staticmethod
    def _own(tile: range, loops: list[Loop], state: tuple[int, ...], instance: tuple[int, ...]) -> range:
        in_time, in_space = iter(state), iter(instance)
        for loop in loops:
            index = next(in_space if loop.fanout else in_time)
            tile = tile[index * loop.tile : (index + 1) * loop.tile]
        return tile
