"""How many bits does a tile take of its level, and of the levels outside it? And how many more if it grows?

Tiles of many candidates at once, in arrays with an entry a candidate. Sizes are whole numbers in floating point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add, mul

import numpy as np
from numpy.typing import NDArray

from accelsim.workload.shape import RELEVANT

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Sizes = Mapping[str, Floats]
Measure = Callable[[Floats], Floats]

AXES = (("OY", "FY"), ("OX", "FX"))
PLAIN = {"W": RELEVANT["W"], "I": RELEVANT["I"] - {dim for axis in AXES for dim in axis}, "O": RELEVANT["O"]}


@dataclass
class HeldLevel:
    """A level and what it offers.

    Parameters
    ----------
    operands : str
        Operands that it keeps.
    bits : dict of operand to float array
        Width of a word.
    doubled : bool
        Whether a tile that changes needs room for the next one too.
    capacity : float array
        Bits of one instance that are free.
    granted : float array
        Bits of these that tiles may take.
    """

    operands: str
    bits: Mapping[str, Floats]
    doubled: bool
    capacity: Floats
    granted: Floats


@dataclass(frozen=True)
class HeldStage:
    """Levels that stand together, over the fan-outs between them and the stage that grows.

    Parameters
    ----------
    levels : tuple of HeldLevel
    spread : dict of dimension to float array
        Instances of the growing stage below one instance here.
    extent : dict of dimension to float array
    window : float array, shape (n, axes, 3)
        Stride, dilation and size of the input along the image axes.
    """

    levels: tuple[HeldLevel, ...]
    spread: Sizes
    extent: Sizes
    window: Floats
    _known: dict[tuple[str, int], tuple[Ints, Floats]] = field(default_factory=dict, init=False)
    """Extents here by the column that they come of, which is kept for its identity: tiles share most columns."""

    def above(self, tile: Mapping[str, Ints]) -> Sizes:
        """The tile here that gives each instance of the growing stage ``tile``."""
        wide = {}
        for dim, column in tile.items():
            known = self._known.get((dim, id(column)))
            if known is None:
                known = self._known[dim, id(column)] = column, self._wide(dim, column.astype(np.float64))
            wide[dim] = known[1]
        return wide

    def _wide(self, dim: str, size: Floats) -> Floats:
        return np.minimum(size * self.spread[dim], self.extent[dim]) if dim in self.spread else size

    def used(self, level: HeldLevel, wide: Sizes) -> Floats:
        """Bits that a tile takes of a level."""
        return reduce(add, (self._bits(level, operand, wide) for operand in level.operands))

    def _bits(self, level: HeldLevel, operand: str, wide: Sizes) -> Floats:
        words = reduce(mul, (wide[dim] for dim in PLAIN[operand]))
        if operand == "I":
            words = reduce(mul, (self._reach(number, wide) for number in range(len(AXES))), words)
        bits: Floats = words * level.bits[operand]
        if level.doubled:
            whole = np.all([wide[dim] == self.extent[dim] for dim in RELEVANT[operand]], axis=0)
            bits = np.where(whole, bits, 2 * bits)
        return bits

    def _reach(self, number: int, wide: Sizes) -> Floats:
        """Input positions that a tile reaches along an image axis."""
        (out, taps), (stride, dilation, size) = AXES[number], self.window[:, number].T
        reach: Floats = np.minimum((wide[out] - 1) * stride + (wide[taps] - 1) * dilation + 1, size)
        return reach

    def tests(self, tile: Mapping[str, Ints], dim: str) -> list[Callable[[Floats], Bools]]:
        """Return, for every level here, whether ``tile`` fits it if its extent along ``dim`` is what is asked for."""
        wide = self.above(tile)
        return [self._test(level, wide, dim) for level in self.levels]

    def _test(self, level: HeldLevel, wide: Sizes, dim: str) -> Callable[[Floats], Bools]:
        if not any(dim in RELEVANT[operand] for operand in level.operands):
            fits = self.used(level, wide) <= level.granted
            return lambda size: fits
        parts = [
            self._growing(level, operand, wide, dim) if dim in RELEVANT[operand] else self._bits(level, operand, wide)
            for operand in level.operands
        ]

        def test(size: Floats) -> Bools:
            size = self._wide(dim, size)
            used = reduce(add, (part(size) if callable(part) else part for part in parts))
            found: Bools = used <= level.granted
            return found

        return test

    def _growing(self, level: HeldLevel, operand: str, wide: Sizes, dim: str) -> Measure:
        """Bits that an operand takes of a level as a function of the tile's extent here along one dimension."""
        words, bits = [wide[other] for other in PLAIN[operand] if other != dim], level.bits[operand]
        slope: Floats | None = None
        for number, axis in enumerate(AXES if operand == "I" else ()):
            if dim not in axis:
                words.append(self._reach(number, wide))
                continue
            step, most = self.window[:, number, axis.index(dim)], self.window[:, number, 2]
            other = axis[1 - axis.index(dim)]
            slope, offset = step, (wide[other] - 1) * self.window[:, number, axis.index(other)] + 1 - step
        rest = reduce(mul, words)
        others = [wide[other] == self.extent[other] for other in RELEVANT[operand] if other != dim]
        whole = reduce(np.logical_and, others) if level.doubled else None
        changes = whole is not None and not whole.any()

        def measure(size: Floats) -> Floats:
            reach = size if slope is None else np.minimum(size * slope + offset, most)
            found: Floats = rest * reach * bits
            if changes:
                return found * 2
            return found if whole is None else np.where(whole & (size == self.extent[dim]), found, found * 2)

        return measure
