"""Which values can one stored element take, and which of them is nearest to a number?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.precision import Format, element_of
from accelsim.quantization.grid_tables import table_of

Array = NDArray[np.floating[Any]]
_EXACT_BITS = 53
"""Significant bits of the float64 in which everything here is computed; wider formats keep every value."""


@dataclass(frozen=True)
class Grid:
    """Values of one element before its scale.

    Parameters
    ----------
    low, high : float
        Lowest and highest value; a rounded number is kept between them.
    mantissa_bits, lowest_exponent : int or None
        Of a float: its spacing is 2^(max(exponent, lowest_exponent) - mantissa_bits). None = integers.
    table : tuple of float or None
        Every value in rising order, where a code book holds them.
    """

    low: float
    high: float
    mantissa_bits: int | None = None
    lowest_exponent: int | None = None
    table: tuple[float, ...] | None = None

    @property
    def is_uniform(self) -> bool:
        """Whether neighbors are 1 apart everywhere."""
        return self.mantissa_bits is None and self.table is None

    def step_of(self, values: Array) -> Array:
        """Return the spacing of the grid around each of ``values``."""
        if self.table is not None:
            return np.asarray(_table_steps(self.table)[nearest_places(np.asarray(self.table), values)])
        if self.mantissa_bits is None or self.lowest_exponent is None:
            return np.ones_like(values)
        _, exponent = np.frexp(np.minimum(np.abs(values), self.high))
        return np.asarray(np.ldexp(1.0, np.maximum(exponent - 1, self.lowest_exponent) - self.mantissa_bits))

    def round(self, values: Array) -> Array:
        """Return the nearest value of the grid to each of ``values``, ties to even, kept between low and high."""
        if self.table is not None:
            levels = np.asarray(self.table)
            return np.asarray(levels[nearest_places(levels, values)])
        if self.mantissa_bits is None:
            return np.clip(np.rint(values), self.low, self.high)
        return np.clip(self.unbounded(values), self.low, self.high)

    def unbounded(self, values: Array) -> Array:
        """Return a float grid's nearest values as if its exponent had no upper end (ties to even)."""
        assert self.mantissa_bits is not None
        assert self.lowest_exponent is not None
        _, exponent = np.frexp(values)
        step = np.ldexp(1.0, np.maximum(exponent - 1, self.lowest_exponent) - self.mantissa_bits)
        return np.asarray(np.rint(values / step) * step)

    def has_few(self, most: int) -> bool:
        """Return whether there are at most about ``most`` values, so that `levels` may list them."""
        return not self.is_uniform or self.high - self.low <= most

    @property
    def levels(self) -> NDArray[np.float64]:
        """Every value in rising order; meant for grids of 16 bits or fewer."""
        if self.table is not None:
            return np.asarray(self.table)
        if self.mantissa_bits is None or self.lowest_exponent is None:
            return np.arange(self.low, self.high + 1)
        smallest = 2.0 ** (self.lowest_exponent - self.mantissa_bits)
        magnitudes = [0.0]
        while magnitudes[-1] < self.high:
            here = magnitudes[-1]
            magnitudes.append(here + (float(self.step_of(np.array([here]))[0]) if here else smallest))
        upper = np.array(magnitudes)
        return np.concatenate([-upper[:0:-1], upper])


def nearest_places(levels: NDArray[np.float64], values: Array) -> NDArray[np.intp]:
    """Return the place of the nearest of ``levels``, which rise, to each of ``values``; of two, the lower."""
    middles = (levels[1:] + levels[:-1]) / 2
    return np.asarray(np.searchsorted(middles, values))


def _table_steps(table: tuple[float, ...]) -> NDArray[np.float64]:
    """Width of the cell of each value: to the middles of its neighbors, twice the inner half at the ends."""
    gaps = np.diff(np.asarray(table))
    return np.asarray((np.concatenate([gaps[:1], gaps]) + np.concatenate([gaps, gaps[-1:]])) / 2)


@cache
def grid_of(stored: Format, *, symmetric: bool) -> Grid:
    """Return the grid of one element of ``stored``.

    Integers of b bits have the 2^b - 1 values -max..max where ``symmetric``, else the full
    2^b values, written here 0..2^b - 1 (a zero point shifts them). Floats have all their finite
    values, subnormals included; formats with a code book have its values.
    """
    table = table_of(stored.name)
    if table is not None:
        return Grid(table[0], table[-1], table=table)
    element = element_of(stored)
    if element.kind == "float":
        return Grid(
            float(element.min), float(element.max), min(element.mantissa_bits, _EXACT_BITS - 1), 1 - element.bias
        )
    if symmetric and element.kind == "int":
        return Grid(-float(element.max), float(element.max))
    return Grid(0.0, float((1 << element.bits) - 1))
