"""Which scale has the least squared error? Exactly for small grids, by line search for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.quantization.grid import Grid

Array = NDArray[np.floating[Any]]
_COARSE = np.linspace(0.04, 1.0, 48)
_FINE = 16
_ROUNDS = 2
_SORTED_ROW = 4096
_SORTED_LEVELS = 1 << 12
_PIECE = 1 << 22
_CLOSING_STEPS = 8


def exact_scales(magnitudes: Array, positive: Array) -> Array:
    """Return the scale of least squared error of each row of magnitudes, for a grid of few ``positive`` values."""
    below = np.concatenate([[0.0], positive[:-1]])
    middles, first, second = (positive + below) / 2, positive - below, positive**2 - below**2
    rows = magnitudes.reshape(-1, magnitudes.shape[-1])
    found = np.zeros(len(rows))
    for part in _parts(len(rows), rows.shape[1] * len(positive)):
        piece = rows[part]
        places = (piece[:, :, None] / middles).reshape(len(piece), -1)
        order = np.argsort(-places, axis=1)
        products = np.take_along_axis((piece[:, :, None] * first).reshape(len(piece), -1), order, 1).cumsum(axis=1)
        squares = np.broadcast_to(second, (*piece.shape, len(second))).reshape(len(piece), -1)
        squares = np.take_along_axis(squares, order, 1).cumsum(axis=1)
        best = np.argmax(products**2 / squares, axis=1)[:, None]
        found[part] = (np.take_along_axis(products, best, 1) / np.take_along_axis(squares, best, 1))[:, 0]
    return found.reshape(magnitudes.shape[:-1])


def _parts(rows: int, row_cost: int) -> Iterator[slice]:
    count = max(1, _PIECE // max(row_cost, 1))
    for start in range(0, rows, count):
        yield slice(start, start + count)


def searched_scales(values: Array, grid: Grid) -> Array:
    """Return the scale of least squared error of each row found by line search, then by least squares."""
    rows = values.reshape(-1, values.shape[-1])
    largest = np.abs(rows).max(axis=1) / grid.high
    found = np.zeros(len(rows))
    if rows.shape[1] >= _SORTED_ROW and grid.has_few(_SORTED_LEVELS):
        for place, row in enumerate(rows):
            found[place] = _searched(_running_error(row, grid.levels), largest[place : place + 1])[0]
    else:
        for part in _parts(len(rows), rows.shape[1]):
            found[part] = _searched(_direct_error(rows[part], grid), largest[part])
    for part in _parts(len(rows), rows.shape[1]):
        found[part] = _closed(rows[part], found[part], grid)
    return found.reshape(values.shape[:-1])


def _searched(error: Callable[[Array], Array], largest: Array) -> Array:
    """Return the best scale: shrink factors of ``largest``, then finer ones around the best, twice."""
    factors = np.broadcast_to(_COARSE, (len(largest), len(_COARSE)))
    width = float(_COARSE[1] - _COARSE[0])
    best = np.ones(len(largest))
    for _ in range(_ROUNDS + 1):
        errors = np.stack([error(factors[:, place] * largest) for place in range(factors.shape[1])], axis=1)
        best = np.take_along_axis(factors, np.argmin(errors, axis=1)[:, None], 1)[:, 0]
        factors = np.clip(best[:, None] + width * np.linspace(-1, 1, _FINE + 1), 1e-3, 1.0)
        width *= 2 / _FINE
    return np.asarray(best * largest)


def _direct_error(rows: Array, grid: Grid) -> Callable[[Array], Array]:
    def error(scales: Array) -> Array:
        safe = np.where(scales > 0, scales, 1.0)[:, None]
        return np.asarray(np.square(rows - grid.round(rows / safe) * safe).sum(axis=1))

    return error


def _running_error(row: Array, levels: Array) -> Callable[[Array], Array]:
    """Return the squared error of one long row as a function of the scale, read from sums over its sorted values.

    The sum of x^2 is the same for every scale and left out.
    """
    ordered = np.sort(row)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    middles = (levels[1:] + levels[:-1]) / 2

    def error(scales: Array) -> Array:
        scale = float(scales[0]) or 1.0
        cuts = np.concatenate([[0], np.searchsorted(ordered, middles * scale), [len(ordered)]])
        held, total = np.diff(cuts), np.diff(sums[cuts])
        return np.array([float(scale**2 * (held @ levels**2) - 2 * scale * (total @ levels))])

    return error


def _closed(rows: Array, scales: Array, grid: Grid) -> Array:
    """Return the scales after steps of scale = sum of x q / sum of q^2, which never raise the error."""
    for _ in range(_CLOSING_STEPS):
        codes = grid.round(rows / np.where(scales > 0, scales, 1.0)[:, None])
        squares = np.square(codes).sum(axis=1)
        better = np.where(squares > 0, (rows * codes).sum(axis=1) / np.where(squares > 0, squares, 1.0), scales)
        if np.allclose(better, scales, rtol=1e-12, atol=0):
            break
        scales = better
    return np.asarray(scales)


def best_ends(values: Array, low: Array, high: Array, top: float, *, with_zero: bool) -> tuple[Array, Array]:
    """Return the ends of least squared error of each row on 0..``top``: shrunk together, then each alone.

    They shrink towards zero where the zero point is an integer (``with_zero``), else towards their middle.
    """
    rows = values.reshape(-1, values.shape[-1])
    lows, highs = low.reshape(-1).astype(float), high.reshape(-1).astype(float)
    new_lows, new_highs = lows.copy(), highs.copy()
    for part in _parts(len(rows), rows.shape[1]):
        center = np.zeros(len(rows[part])) if with_zero else (lows[part] + highs[part]) / 2
        shrunk = _shrunk(rows[part] - center[:, None], lows[part] - center, highs[part] - center, top, with_zero)
        new_lows[part], new_highs[part] = shrunk[0] + center, shrunk[1] + center
    return new_lows.reshape(low.shape), new_highs.reshape(high.shape)


def _shrunk(rows: Array, low: Array, high: Array, top: float, whole: bool) -> tuple[Array, Array]:
    ones = np.ones(len(rows))

    def error(lows: Array, highs: Array) -> Array:
        scale = (highs - lows) / top
        safe = np.where(scale > 0, scale, 1.0)[:, None]
        zero = -lows[:, None] / safe
        zero = np.rint(zero) if whole else zero
        back = (np.clip(np.rint(rows / safe + zero), 0, top) - zero) * safe
        return np.asarray(np.square(rows - back).sum(axis=1))

    both = _searched(lambda factor: error(low * factor, high * factor), ones)
    low, high = low * both, high * both
    low = low * _searched(lambda factor: error(low * factor, high), ones)
    return low, high * _searched(lambda factor: error(low, high * factor), ones)
