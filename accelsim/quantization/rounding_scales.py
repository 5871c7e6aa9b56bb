"""How is a scale itself rounded when it is stored?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.precision import CATALOG
from accelsim.quantization.grid import Grid, grid_of

Array = NDArray[np.floating[Any]]
_E8M0_LOWEST, _E8M0_HIGHEST = -127, 127


def stored_scales(scales: Array, stored_in: str, *, what: str = "scale") -> Array:
    """Return ``scales`` rounded to the nearest value of the float format ``stored_in``; of E8M0 to the next above.

    Raises
    ------
    InputError
        One is beyond the largest value of that format.
    """
    if stored_in == "e8m0":
        _, exponent = np.frexp(np.nextafter(scales, 0))
        return np.where(scales > 0, np.ldexp(1.0, np.clip(exponent, _E8M0_LOWEST, _E8M0_HIGHEST)), 0.0)
    stored = CATALOG[stored_in]
    rounded = grid_of(stored, symmetric=True).unbounded(scales)
    beyond = np.abs(rounded) > float(stored.max)
    if beyond.any():
        worst = float(np.abs(scales).max())
        raise InputError(
            f"a {what} must fit the format in which it is stored, {stored_in} up to {float(stored.max):g}; "
            f"these values need {worst:g}. Divide the tensor by a constant, or store the {what} in fp32."
        )
    return rounded


def power_of_two_scales(rows: Array, grid: Grid, *, least_error: bool) -> Array:
    """Return the E8M0 scale of each row.

    By OCP Microscaling 1.0, section 6.3: 2^(floor(log2(largest)) - exponent of the grid's largest value);
    values beyond are kept at it. Of int8 (MXINT8) the implicit 2^-6 is part of this scale.
    ``least_error`` tries the power below and the one above as well: exact, since any other is worse.
    """
    largest = np.abs(rows).max(axis=-1)
    _, exponent = np.frexp(largest)
    _, top = np.frexp(grid.high)
    usual = np.where(largest > 0, exponent - int(top), _E8M0_LOWEST)
    best = np.ldexp(1.0, np.clip(usual, _E8M0_LOWEST, _E8M0_HIGHEST))
    if not least_error:
        return np.asarray(best)
    lowest = _squared_error(rows, best, grid)
    for shift in (-2, -1, 1, 2):
        other = np.ldexp(1.0, np.clip(usual + shift, _E8M0_LOWEST, _E8M0_HIGHEST))
        error = _squared_error(rows, other, grid)
        best, lowest = np.where(error < lowest, other, best), np.minimum(error, lowest)
    return np.asarray(best)


def _squared_error(rows: Array, scales: Array, grid: Grid) -> Array:
    scale = scales[..., None]
    return np.asarray(np.square(rows - grid.round(rows / scale) * scale).sum(axis=-1))


def doubly_quantized(scales: Array) -> Array:
    """Return scales kept in 8 bits: their mean over 256 along the channel, plus 127 steps to either side of it.

    bitsandbytes uses 8 bits of a nonlinear table here; these are evenly spaced.
    """
    rounded = np.empty_like(scales)
    for start in range(0, scales.shape[-1], 256):
        part = scales[..., start : start + 256]
        mean = part.mean(axis=-1, keepdims=True)
        step = np.abs(part - mean).max(axis=-1, keepdims=True) / 127
        rounded[..., start : start + 256] = mean + np.rint((part - mean) / np.where(step > 0, step, 1.0)) * step
    return rounded
