"""Which scales do the K-quants and IQ4 types of llama.cpp search for?

Each tries some scales around that of the largest value, fits scale (and minimum) to the codes by weighted
least squares, and keeps the best. As in ``ggml-quants.c`` without an importance matrix, but summed in float64
where it has float32, so that now and then a group takes another of two nearly equal scales.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.quantization.grid import nearest_places

Array = NDArray[np.floating[Any]]
_TINY = 1e-15
"""Largest magnitude of a group that counts as all zero."""
_ROUNDS = 5


def _over(above: Array, below: Array) -> Array:
    """Return above / below, 0 where below is 0."""
    return np.asarray(np.where(below == 0, 0.0, above / np.where(below == 0, 1.0, below)))


def largest_signed(groups: Array) -> Array:
    """Return the value of largest magnitude of each group (last axis, kept), with its sign; the first of equals."""
    place = np.abs(groups).argmax(axis=-1)[..., None]
    return np.take_along_axis(groups, place, -1)


def scale_and_minimum(
    groups: Array, weights: Array, top: int, first: float, steps: int, *, absolute: bool
) -> tuple[Array, Array]:
    """Return scale and depth of the minimum below zero of each group, for codes 0..``top`` (Q2_K, Q4_K, Q5_K).

    Tries (top + first + 0.1 i) / range for i = 0..``steps``, the range from the best minimum so far; the error
    is weighted, squared or ``absolute``.
    """
    minimum, high = np.minimum(groups.min(axis=-1, keepdims=True), 0.0), groups.max(axis=-1, keepdims=True)
    lowest = minimum
    found = (high - minimum) / top
    codes = np.clip(np.rint(_over(groups - minimum, found)), 0, top)
    best = _weighted(found * codes + minimum - groups, weights, absolute)
    sums = [(weights * one).sum(axis=-1, keepdims=True) for one in (np.ones_like(groups), groups)]
    for step in range(steps + 1):
        inverse = _over(np.full_like(high, first + 0.1 * step + top), high - minimum)
        codes = np.clip(np.rint((groups - minimum) * inverse), 0, top)
        of_codes, of_squares, of_both = (
            (weights * one).sum(axis=-1, keepdims=True) for one in (codes, codes * codes, codes * groups)
        )
        spread = sums[0] * of_squares - of_codes * of_codes
        tried = _over(sums[0] * of_both - sums[1] * of_codes, spread)
        floor = _over(of_squares * sums[1] - of_codes * of_both, spread)
        tried = np.where(floor > 0, _over(of_both, of_squares), tried)
        floor = np.minimum(floor, 0.0)
        error = _weighted(tried * codes + floor - groups, weights, absolute)
        better = (spread > 0) & (error < best)
        best = np.where(better, error, best)
        found, minimum = np.where(better, tried, found), np.where(better, floor, minimum)
    flat = high == lowest
    return np.where(flat, 0.0, found)[..., 0], -np.where(flat, lowest, minimum)[..., 0]


def _weighted(errors: Array, weights: Array, absolute: bool) -> Array:
    sized = np.abs(errors) if absolute else errors * errors
    return np.asarray((weights * sized).sum(axis=-1, keepdims=True))


def scale_of_levels(groups: Array, levels: NDArray[np.float64], tries: Array) -> Array:
    """Return the scale of each group for ``levels``, errors weighted by x^2 (Q6_K, IQ4_NL, IQ4_XS).

    Tries 1 / scale = (lowest level + t) / largest value for t of ``tries``, the first of which decides ties.
    """
    largest = largest_signed(groups)
    weights = groups * groups
    found, best = np.zeros_like(largest), np.full_like(largest, -1.0)
    for shift in tries:
        values = levels[nearest_places(levels, groups * _over(np.full_like(largest, levels[0] + shift), largest))]
        product = (weights * values * groups).sum(axis=-1, keepdims=True)
        squares = (weights * values * values).sum(axis=-1, keepdims=True)
        gain = _over(product * product, squares)
        better = (squares > 0) & (gain > best)
        found, best = np.where(better, _over(product, squares), found), np.where(better, gain, best)
    return np.where(np.abs(largest) < _TINY, 0.0, found)[..., 0]


def scale_by_turns(groups: Array, half: int) -> Array:
    """Return the scale of each group for codes -half..half - 1, one code changed at a time (Q3_K).

    From the scale of the largest value, every code in turn takes what the others' scale asks for, if
    that lowers the error weighted by x^2; at most 5 rounds.
    """
    largest = largest_signed(groups)
    codes = np.clip(np.rint(groups * _over(np.full_like(largest, -half), largest)), -half, half - 1)
    weights = groups * groups
    product, squares = (weights * groups * codes).sum(axis=-1), (weights * codes * codes).sum(axis=-1)
    for _ in range(_ROUNDS):
        for place in range(groups.shape[-1]):
            x, w, code = groups[..., place], weights[..., place], codes[..., place]
            other, left = product - w * x * code, squares - w * code * code
            wanted = np.clip(np.rint(x * _over(left, other)), -half, half - 1)
            new_product, new_squares = other + w * x * wanted, left + w * wanted * wanted
            gains = new_product**2 * squares > product**2 * new_squares
            better = (other > 0) & (wanted != code) & (new_squares > 0) & gains
            codes[..., place] = np.where(better, wanted, code)
            product, squares = np.where(better, new_product, product), np.where(better, new_squares, squares)
    return np.where(np.abs(largest[..., 0]) < _TINY, 0.0, _over(product, squares))
