"""Which words does a level exchange with the level outside it, and at which step? A mapping, box by box.

At every advance of a loop above a node, its instances receive the words that their new boxes add
(fill; read outside, once for all that share a word); outputs leave with their boxes (drain; update outside,
once for all that share one) and come back if they are unfinished. A line's cycle is that of the step
that needs it, at the array's rate, as if nothing stalled.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from math import prod

import numpy as np

from accelsim.engine.case import Ints
from accelsim.engine.tracing.piece import Piece
from accelsim.errors import UnsupportedError
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.shape import DIMS, RELEVANT, Shape

WORDS = 2**16
"""A piece ends as soon as it has so many lines."""
Tiles = dict[str, range]
Group = tuple[int, int, Ints]
"""Step, kind, addresses."""


@dataclass(frozen=True)
class Link:
    """An operand on its way between two nodes: ``outer`` and ``inner`` are lines of the nest."""

    operand: str
    outer: int
    inner: int


def links_of(nest: Nest, level: str) -> list[Link]:
    """Return the links into a level, of every operand that it keeps and that comes from outside it."""
    found = []
    for operand in "WIO":
        kept = [place for place, line in enumerate(nest.lines) if isinstance(line, Keep) and operand in line.operands]
        for outer, inner in pairwise(kept):
            line = nest.lines[inner]
            if isinstance(line, Keep) and line.level == level:
                found.append(Link(operand, outer, inner))
    return found


def level_trace(shape: Shape, nest: Nest, level: str, steps_per_cycle: float) -> Iterator[Piece]:
    """Yield what a level exchanges with those outside it, in order of cycles.

    Parameters
    ----------
    shape : Shape
    nest : Nest
        A mapping that passed `Nest.check`.
    level : str
    steps_per_cycle : float
        Multiply-accumulates of a PE in a cycle.

    Raises
    ------
    UnsupportedError
        Outputs come from several instances of the level outside.
    """
    kinds: list[tuple[str, str, str]] = []
    sources = []
    for link in links_of(nest, level):
        outside, inside = nest.lines[link.outer], nest.lines[link.inner]
        assert isinstance(outside, Keep)
        assert isinstance(inside, Keep)
        first = len(kinds)
        kinds += [(inside.level, link.operand, "fill"), (outside.level, link.operand, "read")]
        walk = Walk(shape, nest, link)
        if link.operand == "O":
            kinds += [(inside.level, "O", "drain"), (outside.level, "O", "update")]
            if walk.outer_instances > 1:
                raise UnsupportedError(
                    f"a trace of {level} needs one instance of {outside.level} outside it, where its outputs go; the "
                    f"mapping uses {walk.outer_instances}. Trace another level."
                )
            sources.append(_outputs(walk, first))
        else:
            sources.append(_inputs(walk, first))
    return _pieces(heapq.merge(*sources, key=lambda group: (group[0], group[1])), kinds, steps_per_cycle)


def _pieces(groups: Iterator[Group], kinds: list[tuple[str, str, str]], rate: float) -> Iterator[Piece]:
    parts: list[tuple[int, Ints, Ints]] = []
    held, last = 0, -1
    for step, kind, addresses in groups:
        cycle = int(step / rate)
        if held >= WORDS and cycle > last:
            yield Piece.of(parts, kinds)
            parts, held = [], 0
        parts.append((kind, np.full(len(addresses), cycle), addresses))
        held, last = held + len(addresses), cycle
    if held:
        yield Piece.of(parts, kinds)


class Walk:
    """The states of the loops above a node, and the boxes of its instances in each."""

    def __init__(self, shape: Shape, nest: Nest, link: Link) -> None:
        self.shape, self.operand = shape, link.operand
        self.loops = [line for line in nest.lines[: link.inner] if isinstance(line, Loop)]
        self.below = [line for line in nest.lines[link.inner :] if isinstance(line, Loop)]
        outer = sum(isinstance(line, Loop) and line.fanout is not None for line in nest.lines[: link.outer])
        bounds = zip(nest.loops, nest.bounds(shape), strict=True)
        spatial = [range(bound) for loop, bound in list(bounds)[: len(self.loops)] if loop.fanout is not None]
        self.instances = list(product(*spatial))
        self.outer_spatial = outer
        self.outer_instances = prod(len(own) for own in spatial[:outer])
        self.steps = 0
        self._inner_states = lru_cache(maxsize=None)(self._count_inner)

    def states(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield the step at which each state of the loops above begins, and their indices."""
        step = 0
        for indices, tiles in self._descend(0, {dim: range(extent) for dim, extent in self.shape.extents.items()}):
            yield step, indices
            step += prod(self._inner_states(dim, len(tile)) for dim, tile in tiles.items())
        self.steps = step

    def _descend(self, depth: int, tiles: Tiles) -> Iterator[tuple[tuple[int, ...], Tiles]]:
        if depth == len(self.loops):
            yield (), tiles
            return
        loop = self.loops[depth]
        handed = tiles[loop.dim]
        for index in range(1 if loop.fanout is not None else -(-len(handed) // loop.tile)):
            own = tiles | {loop.dim: handed[index * loop.tile : (index + 1) * loop.tile]}
            for rest, below in self._descend(depth + 1, own):
                yield (rest if loop.fanout is not None else (index, *rest)), below

    def _count_inner(self, dim: str, length: int) -> int:
        lengths = {length: 1}
        for loop in self.below:
            if loop.dim == dim:
                handed: dict[int, int] = {}
                for size, times in lengths.items():
                    if loop.fanout is not None:
                        own = min(size, loop.tile)
                        handed[own] = handed.get(own, 0) + times
                        continue
                    full, rest = divmod(size, loop.tile)
                    handed[loop.tile] = handed.get(loop.tile, 0) + full * times
                    if rest:
                        handed[rest] = handed.get(rest, 0) + times
                lengths = {size: times for size, times in handed.items() if times}
        return sum(lengths.values())

    def tiles(self, indices: tuple[int, ...], instance: tuple[int, ...]) -> Tiles:
        """Return the positions of one instance in a state."""
        tiles = {dim: range(extent) for dim, extent in self.shape.extents.items()}
        in_time, in_space = iter(indices), iter(instance)
        for loop in self.loops:
            index = next(in_space if loop.fanout is not None else in_time)
            tiles[loop.dim] = tiles[loop.dim][index * loop.tile : (index + 1) * loop.tile]
        return tiles

    def box(self, tiles: Tiles) -> tuple[range, ...]:
        """Return the box of words that tiles touch, a range for each axis of the tensor."""
        if not all(len(tiles[dim]) for dim in DIMS if dim in RELEVANT[self.operand]):
            return ()
        if self.operand != "I":
            return tuple(tiles[dim] for dim in DIMS if dim in RELEVANT[self.operand])
        axes = []
        for window, out, taps in ((self.shape.y, "OY", "FY"), (self.shape.x, "OX", "FX")):
            assert window is not None
            low = tiles[out][0] * window.stride + tiles[taps][0] * window.dilation - window.pad
            high = tiles[out][-1] * window.stride + tiles[taps][-1] * window.dilation - window.pad
            axes.append(range(max(0, low), min(window.size, high + 1)))
        return (tiles["B"], tiles["G"], tiles["C"], *axes)

    def tensor(self) -> tuple[int, ...]:
        """Return the sizes of the operand's tensor: W is G K C FY FX, I is B G C rows columns, O is B G K OY OX."""
        extents = self.shape.extents
        if self.operand != "I":
            return tuple(extents[dim] for dim in DIMS if dim in RELEVANT[self.operand])
        assert self.shape.y is not None
        assert self.shape.x is not None
        return extents["B"], extents["G"], extents["C"], self.shape.y.size, self.shape.x.size

    def addresses(self, box: tuple[range, ...]) -> Ints:
        """Return the addresses of a box, row-major in the tensor, ascending."""
        if not box or not all(map(len, box)):
            return np.zeros(0, np.int64)
        found = np.zeros(1, np.int64)
        for size, own in zip(self.tensor(), box, strict=True):
            found = (found[:, None] * size + np.arange(own.start, own.stop)).reshape(-1)
        return found


def _inputs(walk: Walk, first: int) -> Iterator[Group]:
    """Fills of W or I, and the reads outside that serve them."""
    held: dict[tuple[int, ...], tuple[range, ...]] = dict.fromkeys(walk.instances, ())
    for step, indices in walk.states():
        wanted: dict[tuple[int, ...], list[Ints]] = {}
        for instance, old in held.items():
            box = walk.box(walk.tiles(indices, instance))
            if box == old:
                continue
            new = np.setdiff1d(walk.addresses(box), walk.addresses(old), assume_unique=True)
            held[instance] = box
            if len(new):
                yield step, first, new
                wanted.setdefault(instance[: walk.outer_spatial], []).append(new)
        for needed in wanted.values():
            yield step, first + 1, np.unique(np.concatenate(needed))


def _outputs(walk: Walk, first: int) -> Iterator[Group]:
    """Drains of O with their updates outside, and partial sums that return."""
    partial = np.zeros(prod(walk.tensor()), dtype=bool)
    stays: dict[tuple[int, ...], tuple[range, ...]] = dict.fromkeys(walk.instances, ())
    for step, indices in walk.states():
        tiles = {instance: walk.tiles(indices, instance) for instance in walk.instances}
        boxes = {instance: walk.box(own) for instance, own in tiles.items()}
        changed = [instance for instance in walk.instances if boxes[instance] != stays[instance]]
        yield from _leaving(walk, [stays[instance] for instance in changed], partial, step, first)
        for instance in changed:
            works = all(map(len, tiles[instance].values()))
            stays[instance] = boxes[instance] if works else ()
            addresses = walk.addresses(stays[instance])
            back = addresses[partial[addresses]]
            partial[back] = False
            if len(back):
                yield step, first, back
                yield step, first + 1, back
    yield from _leaving(walk, list(stays.values()), partial, walk.steps, first)


def _leaving(walk: Walk, boxes: list[tuple[range, ...]], partial: np.ndarray, step: int, first: int) -> Iterator[Group]:
    leaving = [addresses for box in boxes if len(addresses := walk.addresses(box))]
    for addresses in leaving:
        yield step, first + 2, addresses
    if leaving:
        updated = np.unique(np.concatenate(leaving))
        partial[updated] = True
        yield step, first + 3, updated
