"""What is known of the mappings of a skeleton before anything is decided? Extents, axes, widths and prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

import numpy as np

from accelsim.engine.case import Case, Floats, Ints, home
from accelsim.engine.energy import multiplied_formats
from accelsim.engine.width import word_bits
from accelsim.hardware.chip import Chip
from accelsim.search.axes import axes_of
from accelsim.search.partial import COLUMN
from accelsim.search.prices import Prices
from accelsim.search.skeleton import Skeleton
from accelsim.search.spreads import most_of
from accelsim.workload.shape import DIMS, RELEVANT

PLAIN_INPUT = ("B", "G", "C")
"""The dimensions of the input that are not its rows and columns."""


class Facts:
    """What all mappings of a skeleton share.

    Parameters
    ----------
    chip : Chip
    case : Case
    skeleton : Skeleton
    prices : Prices
    tables : mapping from place to (instances of every dimension, instances of each fan-out)
        Every way to spread over the groups of fan-outs (`accelsim.search.spreads.spreads`).

    Attributes
    ----------
    extents : int64 array, shape (8,)
        Of the loops.
    active : list of str
        Dimensions with more than one step.
    sides : pair of (Axis, int, int)
        Rows and columns of the input, with the columns of their output and filter dimension in tiles.
    sliding : list of str
        Dimensions whose tiles overlap in the input.
    plain_input : int
        Words of the input at one position of its image.
    levels : mapping from name to Level
    nodes : list of int
        Places of the storage nodes.
    boundaries : list of int
        Groups of fan-outs with storage nodes outside and inside.
    most : mapping from place to int64 array, shape (9,)
        The most instances of every dimension over a group, and of all at once.
    home : str or None
        The level that holds resident tensors.
    work : float
        PE cycles of one step.
    widths : mapping from operand to list of (float, float)
        Bits of a word of a box at every node of its chain: finished and unfinished (the same for W and I).
    skew : float
        Cycles that a systolic array loses to skew in every pass.
    vector_cycles : float
        Cycles of the vector unit.
    """

    def __init__(
        self, chip: Chip, case: Case, skeleton: Skeleton, prices: Prices, tables: Mapping[int, tuple[Ints, Ints]]
    ) -> None:
        self.chip, self.case, self.skeleton, self.prices, self.tables = chip, case, skeleton, prices, tables
        self.shape = shape = case.shape
        self.extents = np.array([shape.extents[dim] for dim in DIMS], dtype=np.int64)
        self.active = [dim for dim in DIMS if shape.extents[dim] > 1]
        y, x = axes_of(shape)
        self.sides = ((y, COLUMN["OY"], COLUMN["FY"]), (x, COLUMN["OX"], COLUMN["FX"]))
        self.sliding = [dim for axis, dims in ((y, ("OY", "FY")), (x, ("OX", "FX"))) for dim in dims if axis.slides]
        self.plain_input = shape.B * shape.G * shape.C
        self.levels = {level.name: level for level in chip.levels}
        self.nodes = nodes = [place for place, what in enumerate(skeleton.places) if what.operand]
        self.boundaries = [group for group in skeleton.groups if nodes and nodes[0] < group < nodes[-1]]
        self.most = {group: most_of(tables[group][0]) for group in skeleton.groups}
        kept = home(chip)
        self.home = kept.name if kept is not None else None
        self.work = float(shape.density) / float(chip.macs_per_pe_cycle(*multiplied_formats(case)).value)
        self.widths = {operand: self._widths(operand) for operand in "WIO"}
        self.skew = self._skew()
        operations = sum(count for _, count in case.layer.vector_ops)
        self.vector_cycles = operations / chip.vector.lanes.value if chip.vector else 0.0

    def _widths(self, operand: str) -> list[tuple[float, float]]:
        chain = self.skeleton.chains[operand]

        def bits(name: str, *, finished: bool) -> float:
            return word_bits(self.chip, chain, self.levels[name], self.case, operand, finished=finished)

        return [(bits(name, finished=True), bits(name, finished=False)) for name in chain]

    def _skew(self) -> float:
        if self.chip.timing != "systolic" or len(self.chip.fanouts) < 2:
            return 0.0
        return sum(fanout.size for fanout in self.chip.fanouts[-2:]) - 2.0

    @property
    def touched(self) -> float:
        """Positions of the image that any step reaches."""
        (y, *_), (x, *_) = self.sides
        return float(y.touched * x.touched)

    def times(self, values: Ints, dims: Iterable[str]) -> Floats:
        """Return the product over some dimensions, of every row of ``values``, shape (rows, 8)."""
        result = np.ones(len(values))
        for dim in dims:
            if dim in self.active:
                result = result * values[:, COLUMN[dim]]
        return result

    def words(self, operand: str, tile: Ints) -> Floats:
        """Return the words of the box that an operand has in every tile."""
        if operand != "I":
            return self.times(tile, RELEVANT[operand])
        box = self.times(tile, PLAIN_INPUT)
        for axis, out, taps in self.sides:
            box = box * axis.box(tile[:, out], tile[:, taps])
        return box

    def whole(self, operand: str) -> float:
        """Return the words of the largest box that an operand can have."""
        if operand != "I":
            return float(self.shape.words(operand))
        return float(
            self.plain_input
            * prod(axis.box(np.array([axis.out]), np.array([axis.taps]))[0] for axis, _, _ in self.sides)
        )
