"""Where should a quantizer clip? The largest value, a percentile, or where the squared error is least.

Methods for the least squared error, by the grid of one element:

* 8 or fewer positive values (integers of up to 4 bits, fp4), in rows of up to 2^22 / values elements:
  exact. The codes change only where |x| / scale crosses the middle of two values; between, the error is a
  parabola of the scale. All
  those places are sorted, and with A = sum of x q and B = sum of q^2 running along them the least
  error is sum of x^2 - max(A^2 / B), at scale A / B.
* More values: a line search with the exact error of every candidate: 48 shrink factors, 16 more
  around the best, twice, then scale = A / B until it no longer helps. Rows of 4096 or more are sorted
  once and each error read from running sums.
* Zero points: both ends are shrunk together in the same way, then each alone.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import UsageError, did_you_mean
from accelsim.quantization.clipping_search import best_ends, exact_scales, searched_scales
from accelsim.quantization.grid import Grid

Array = NDArray[np.floating[Any]]
Clip = Literal["absmax", "mse"] | tuple[Literal["percentile"], float]
_EXACT_LEVELS = 8
_EXACT_PLACES = 1 << 22
_SAMPLE = 1 << 20
"""Elements of a whole tensor beyond which percentiles and searches look at every k-th one only."""


def read_clip(clip: Clip | str) -> tuple[str, float]:
    """Return ("absmax" | "mse" | "percentile", percentile) of ``clip``; a text such as p99.9 is a percentile.

    Raises
    ------
    UsageError
        It is none of these, or the percentile is not above 50 and at most 100.
    """
    if isinstance(clip, str) and clip in ("absmax", "mse"):
        return clip, 100.0
    if isinstance(clip, str) and clip[:1] == "p" and _is_number(clip[1:]):
        clip = ("percentile", float(clip[1:]))
    if isinstance(clip, tuple) and len(clip) == 2 and clip[0] == "percentile" and _is_number(clip[1]):
        if not 50 < float(clip[1]) <= 100:
            raise UsageError(f"a percentile to clip at must be above 50 and at most 100; got {clip[1]}.")
        return "percentile", float(clip[1])
    hint = (did_you_mean(clip, ["absmax", "mse", "p99.9"]) if isinstance(clip, str) else "") or "."
    raise UsageError(f"clip must be absmax, mse or a percentile such as p99.9; got {clip!r}{hint}")


def _is_number(text: object) -> bool:
    try:
        return bool(np.isfinite(float(text)))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def clip_text(method: str, percentile: float) -> str:
    """Return the one spelling of a clip: absmax, mse or p99.9."""
    return f"p{percentile:g}" if method == "percentile" else method


def symmetric_scales(rows: Array, grid: Grid, clip: tuple[str, float]) -> Array:
    """Return the scale of each row (last axis) of values on a symmetric ``grid``; 0 where a row is all zeros.

    Scale = clip / largest value of the grid.
    """
    method, percentile = clip
    magnitudes = np.abs(rows)
    largest = magnitudes.max(axis=-1)
    if method == "absmax":
        return np.asarray(largest / grid.high)
    if method == "percentile":
        clipped = np.percentile(magnitudes, percentile, axis=-1)
        return np.asarray(np.where(clipped > 0, clipped, largest) / grid.high)
    if grid.table is None and grid.has_few(2 * _EXACT_LEVELS):
        positive = grid.levels[grid.levels > 0]
        if len(positive) <= _EXACT_LEVELS and rows.shape[-1] * len(positive) <= _EXACT_PLACES:
            return exact_scales(magnitudes, positive)
    return searched_scales(rows, grid)


def ends(rows: Array, clip: tuple[str, float], top: float, *, with_zero: bool) -> tuple[Array, Array]:
    """Return the lowest and highest value that each row keeps on an integer grid 0..``top``.

    Percentiles leave the same share out at each end. ``with_zero`` widens the range to hold zero,
    which an integer zero point must.
    """
    method, percentile = clip
    tails = (0.0, 100.0) if method != "percentile" else ((100 - percentile) / 2, (100 + percentile) / 2)
    if method == "percentile":
        low, high = np.percentile(rows, tails, axis=-1)
    else:
        low, high = rows.min(axis=-1), rows.max(axis=-1)
    if with_zero:
        low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    if method == "mse":
        low, high = best_ends(rows, low, high, top, with_zero=with_zero)
    return np.asarray(low), np.asarray(high)


def thinned(values: Array) -> Array:
    """Return ``values`` flat, every k-th one where there are more than a search can look at (2^20)."""
    flat = values.reshape(-1)
    return flat if flat.size <= _SAMPLE else flat[:: -(-flat.size // _SAMPLE)]
