"""What are the mappings of one evaluation? Loops, nodes and extents laid out as arrays over cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from accelsim.mapping.digits import Bools, Ints
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.shape import DIMS, RELEVANT, Shape, Window

Convention = Literal["accelsim", "timeloop"]
START = -1
"""Place of the state before the first step, where an advance names the place of its loop."""


@dataclass(frozen=True)
class LoopLine:
    """A loop with its place in the nest, its tile and its nominal bound in every case."""

    place: int
    dim: str
    spatial: bool
    tile: Ints
    bound: Ints

    def at(self, rows: slice | Ints) -> LoopLine:
        """Return the loop of some of the cases."""
        return replace(self, tile=self.tile[rows], bound=self.bound[rows])


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
    """Mappings that share one structure; loops of bound 1 in every case are left out.

    Attributes
    ----------
    extent : dict of dimension to int64 array, shape (n,)
    apart : bool
        Whether every case has extents of its own.
    loops : dict of dimension to list of LoopLine
        Outermost first.
    advances : list of LoopLine
        All temporal loops, outermost first.
    nodes : dict of operand to list of (place, level)
        Outermost first.
    bottom : int
        The place below all lines: the MACs.
    instances : dict of fan-out name to int64 array
        Instances that the spatial loops use.
    axes : dict of operand to list of ImageAxis
        Only I has any.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        shape_of: Ints,
        nest: Nest,
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
        self.bottom = len(nest.lines)
        self.loops: dict[str, list[LoopLine]] = {dim: [] for dim in DIMS}
        self.instances: dict[str, Ints] = {}
        self._lay_out(nest, tiles)
        self.advances = sorted(
            (loop for loops in self.loops.values() for loop in loops if not loop.spatial), key=lambda loop: loop.place
        )
        self.nodes = {
            operand: [
                (place, line.level) for place, line in enumerate(nest.lines)
                if isinstance(line, Keep) and operand in line.operands
            ]
            for operand in "WIO"
        }  # fmt: skip
        self.axes: dict[str, list[ImageAxis]] = {"W": [], "I": self._image_axes(), "O": []}
        taken = {dim for axis in self.axes["I"] for dim in (axis.out, axis.taps)}
        self.plain = {
            operand: [dim for dim in DIMS if dim in RELEVANT[operand] and not (operand == "I" and dim in taken)]
            for operand in "WIO"
        }
        self.other = {operand: [dim for dim in DIMS if dim not in RELEVANT[operand]] for operand in "WIO"}

    def _lay_out(self, nest: Nest, tiles: Ints) -> None:
        handed = dict(self.extent)
        columns = iter(tiles.T)
        for place, line in enumerate(nest.lines):
            if not isinstance(line, Loop):
                continue
            tile = next(columns)
            bound = -(-handed[line.dim] // tile)
            handed[line.dim] = tile
            if line.fanout is not None:
                self.instances[line.fanout] = self.instances.get(line.fanout, self.one) * bound
            if (bound > 1).any():
                self.loops[line.dim].append(LoopLine(place, line.dim, line.fanout is not None, tile, bound))

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

    def part(self, rows: slice) -> Cases:
        """Return some of the cases."""
        part = copy(self)
        part.shape_of, part.one, part.zero = self.shape_of[rows], self.one[rows], self.zero[rows]
        part.extent = {dim: extent[rows] for dim, extent in self.extent.items()}
        part.instances = {name: used[rows] for name, used in self.instances.items()}
        part.loops = {dim: [loop.at(rows) for loop in loops] for dim, loops in self.loops.items()}
        part.advances = [loop.at(rows) for loop in self.advances]
        part.axes = {operand: [axis.at(rows) for axis in axes] for operand, axes in self.axes.items()}
        return part

    def tile(self, dim: str, place: int) -> Ints:
        """Nominal tile of a dimension at a place."""
        above = [loop.tile for loop in self.loops[dim] if loop.place < place]
        return above[-1] if above else self.extent[dim]

    def advances_above(self, place: int) -> list[int]:
        """Places of the temporal loops outside a place."""
        return [loop.place for loop in self.advances if loop.place < place]
