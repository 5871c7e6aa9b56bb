"""What are the mappings of one evaluation? Loops, nodes and extents laid out as arrays over cases.

Several orders of the same loops are evaluated together: what an advance moves depends only on how many loops of each
dimension stand outside it, and many orders have such advances in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from accelsim.mapping.digits import Bools, Ints
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.shape import DIMS, RELEVANT, Shape, Window

Convention = Literal["accelsim", "timeloop"]
START = -1
"""Place of the state before the first step, where an advance names the place of its loop."""
COLUMN = {dim: column for column, dim in enumerate(DIMS)}
NONE = (0,) * len(DIMS)
FIRST, EVERY = 0, 1
"""Numbers in `Cases.advances` of the state before the first step, and of all states: every loop stands outside."""

Above = tuple[int, ...]
"""How many loops of each dimension stand above a line, in the order of `DIMS`."""


@dataclass(frozen=True)
class LoopLine:
    """A loop with its tile and its nominal bound in every case."""

    dim: str
    spatial: bool
    tile: Ints
    bound: Ints

    def at(self, rows: slice | Ints) -> LoopLine:
        """Return the loop of some of the cases."""
        return LoopLine(self.dim, self.spatial, self.tile[rows], self.bound[rows])


class Advance(NamedTuple):
    """What the advances of a temporal loop depend on: the loops outside it, and its dimension.

    The state before the first step is one of no loops, with the dimension "", and all states together one of all loops.
    """

    outside: Above
    dim: str

    def loops(self, dim: str) -> tuple[int, bool]:
        """How many loops of a dimension stand outside, and whether the next one advances."""
        return self.outside[COLUMN[dim]], self.dim == dim

    @property
    def body(self) -> Above:
        """The advancing loop and the loops outside it."""
        return tuple(count + (dim == self.dim) for dim, count in zip(DIMS, self.outside, strict=True))


class Node(NamedTuple):
    """A storage node of an operand: its level, and the loops above it."""

    level: str
    above: Above


@dataclass(frozen=True)
class LoopOrder:
    """One order of the loops.

    Parameters
    ----------
    number : int
        Among the orders of an evaluation.
    advances : dict of place to int
        The temporal loops by their place in the nest, outermost first, and the number of their advances in
        `Cases.advances`.
    """

    number: int
    advances: Mapping[int, int]


@dataclass(frozen=True)
class ImageAxis:
    """A window of I: its output and filter dimension, and stride, dilation, pad and size in every case.

    ``halo`` marks the cases whose window is more than a plain dimension.
    """

    name: str
    out: str
    taps: str
    windows: tuple[Window, ...]
    halo: Bools
    stride: Ints
    dilation: Ints
    pad: Ints
    size: Ints

    def at(self, rows: slice | Ints) -> ImageAxis:
        """Return the axis of some of the cases."""
        columns = {name: getattr(self, name)[rows] for name in ("halo", "stride", "dilation", "pad", "size")}
        return replace(self, **columns)


class Cases:
    """Mappings of the same loops in one order or several; loops of bound 1 in every case are left out.

    Attributes
    ----------
    extent : dict of dimension to int64 array, shape (n,)
    apart : bool
        Whether every case has extents of its own.
    loops : dict of dimension to list of LoopLine
        Outermost first.
    orders : list of LoopOrder
        One a nest.
    advances : list of Advance
        The distinct ones of all orders, after `FIRST` and `EVERY`.
    nodes : dict of operand to list of Node
        Outermost first.
    bottom : tuple of int
        What stands above the MACs: all loops.
    instances : dict of fan-out name to int64 array
        Instances that the spatial loops use.
    axes : dict of operand to list of ImageAxis
        Only I has any.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        shape_of: Ints,
        nests: Sequence[Nest],
        tiles: Ints,
        convention: Convention,
        exact: bool,
        extents: Mapping[str, Ints] | None = None,
    ) -> None:
        self.shapes, self.shape_of = shapes, shape_of
        self.timeloop, self.exact = convention == "timeloop", exact
        table = np.array([[shape.extents[dim] for dim in DIMS] for shape in shapes], dtype=np.int64)
        self.extent: dict[str, Ints] = {dim: table[shape_of, column] for column, dim in enumerate(DIMS)}
        self.extent |= extents or {}
        self.apart = bool(extents)
        self.one, self.zero = np.ones_like(shape_of), np.zeros_like(shape_of)
        self.loops: dict[str, list[LoopLine]] = {dim: [] for dim in DIMS}
        self.instances: dict[str, Ints] = {}
        self._kept: dict[str, list[bool]] = {dim: [] for dim in DIMS}
        self._lay_out(nests[0], tiles)
        self.bottom: Above = tuple(len(self.loops[dim]) for dim in DIMS)
        self.nodes = self._nodes(nests[0])
        self.advances = [Advance(NONE, ""), Advance(self.bottom, "")]
        numbers: dict[Advance, int] = {}
        self.orders = [LoopOrder(number, self._order(nest, numbers)) for number, nest in enumerate(nests)]
        self._counted = frozenset(range(len(self.advances)))
        self._above: dict[Above, tuple[int, ...]] = {}
        self._standing: dict[tuple[int, Above], dict[int, int]] = {}
        self.axes: dict[str, list[ImageAxis]] = {"W": [], "I": self._image_axes(), "O": []}
        taken = {dim for axis in self.axes["I"] for dim in (axis.out, axis.taps)}
        self.plain = {
            operand: [dim for dim in DIMS if dim in RELEVANT[operand] and not (operand == "I" and dim in taken)]
            for operand in "WIO"
        }
        self.other = {operand: [dim for dim in DIMS if dim not in RELEVANT[operand]] for operand in "WIO"}

    def _lay_out(self, nest: Nest, tiles: Ints) -> None:
        handed = dict(self.extent)
        columns = iter(np.ascontiguousarray(tiles.T))
        for line in nest.lines:
            if not isinstance(line, Loop):
                continue
            tile, outside = next(columns), handed[line.dim]
            handed[line.dim] = tile
            kept = bool((tile < outside).any())
            self._kept[line.dim].append(kept)
            if not kept:
                continue
            bound = -(-outside // tile)
            self.loops[line.dim].append(LoopLine(line.dim, line.fanout is not None, tile, bound))
            if line.fanout is not None:
                used = self.instances.get(line.fanout)
                self.instances[line.fanout] = bound if used is None else used * bound
        for line in nest.lines:
            if isinstance(line, Loop) and line.fanout is not None:
                self.instances.setdefault(line.fanout, self.one)

    def _nodes(self, nest: Nest) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {operand: [] for operand in "WIO"}
        for line, above, _ in self._walk(nest):
            if isinstance(line, Keep):
                for operand in line.operands:
                    found[operand].append(Node(line.level, above))
        return found

    def _order(self, nest: Nest, numbers: dict[Advance, int]) -> dict[int, int]:
        """The temporal loops of a nest by place; their advances join those that are known."""
        assert self._nodes(nest) == self.nodes, "orders must differ in nothing but the order of loops between nodes"
        advances = {}
        for line, above, place in self._walk(nest):
            if isinstance(line, Loop) and line.fanout is None:
                advance = Advance(above, line.dim)
                if advance not in numbers:
                    numbers[advance] = len(self.advances)
                    self.advances.append(advance)
                advances[place] = numbers[advance]
        return advances

    def _walk(self, nest: Nest) -> list[tuple[Loop | Keep, Above, int]]:
        """The lines of a nest but loops of bound 1, with the loops above them and their places."""
        found: list[tuple[Loop | Keep, Above, int]] = []
        seen, above = dict.fromkeys(DIMS, 0), list(NONE)
        for place, line in enumerate(nest.lines):
            if isinstance(line, Keep):
                found.append((line, tuple(above), place))
                continue
            if self._kept[line.dim][seen[line.dim]]:
                found.append((line, tuple(above), place))
                above[COLUMN[line.dim]] += 1
            seen[line.dim] += 1
        return found

    def _image_axes(self) -> list[ImageAxis]:
        found = []
        for out, taps, name in (("OY", "FY", "y"), ("OX", "FX", "x")):
            windows = tuple(getattr(shape, name) for shape in self.shapes)
            plain = [
                getattr(shape, taps) == 1 and window == Window(size=getattr(shape, out))
                for shape, window in zip(self.shapes, windows, strict=True)
            ]
            halo = ~np.array(plain)[self.shape_of]
            if halo.any():
                geometry = np.array([(w.stride, w.dilation, w.pad, w.size) for w in windows], dtype=np.int64)
                found.append(ImageAxis(name, out, taps, windows, halo, *geometry[self.shape_of].T))
        return found

    def part(self, rows: slice | Ints, order: int | None = None) -> Cases:
        """Return some of the cases; of one order, if it is named, without the loops that have bound 1 in them all."""
        part = copy(self)
        part.shape_of, part.one, part.zero = self.shape_of[rows], self.one[rows], self.zero[rows]
        part.extent = {dim: extent[rows] for dim, extent in self.extent.items()}
        part.instances = {name: used[rows] for name, used in self.instances.items()}
        part.loops = {dim: [loop.at(rows) for loop in loops] for dim, loops in self.loops.items()}
        part.axes = {operand: [axis.at(rows) for axis in axes] for operand, axes in self.axes.items()}
        if order is not None:
            part._keep_only(self.orders[order])
        return part

    def _keep_only(self, order: LoopOrder) -> None:
        moving = {place: number for place, number in order.advances.items() if (self.loop(number).bound > 1).any()}
        self.orders = [LoopOrder(0, moving)]
        self._above, self._standing, self._counted = {}, {}, frozenset(moving.values())

    def tile(self, dim: str, above: Above) -> Ints:
        """Nominal tile of a dimension below some loops."""
        count = above[COLUMN[dim]]
        return self.loops[dim][count - 1].tile if count else self.extent[dim]

    def above(self, above: Above) -> tuple[int, ...]:
        """Numbers of the advances of loops above a line, the start first."""
        found = self._above.get(above)
        if found is None:
            loops = (
                number for number, (outside, dim) in enumerate(self.advances)
                if dim and outside[COLUMN[dim]] < above[COLUMN[dim]] and number in self._counted
            )  # fmt: skip
            found = self._above[above] = (FIRST, *loops)
        return found

    def rows(self, order: LoopOrder, above: Above) -> dict[int, int]:
        """Loops of an order above a line by place, outermost first, and where `above` lists their advances."""
        if (order.number, above) not in self._standing:
            row_of = {number: row for row, number in enumerate(self.above(above))}
            self._standing[order.number, above] = {
                place: row_of[number] for place, number in order.advances.items() if number in row_of
            }
        return self._standing[order.number, above]

    def loop(self, number: int) -> LoopLine:
        """The loop that advances."""
        advance = self.advances[number]
        return self.loops[advance.dim][advance.outside[COLUMN[advance.dim]]]
