"""Do two quantities rise together? Spearman's rank correlation, with its sign, its count, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError

Array = NDArray[Any]
EXACT_UP_TO = 8
"""Pairs up to which all orders are tried."""
DRAWS = 9999
LEAST_PAIRS = 4


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation of two quantities.

    Parameters
    ----------
    rho : float
        -1 to 1; positive where they rise together.
    pairs : int
    p_value : float
        Share of random orders whose correlation is at least as far from 0 (two-sided).
    low, high : float
        95% interval by Fisher's z with the standard error sqrt((1 + rho^2 / 2) / (n - 3)).
    """

    rho: float
    pairs: int
    p_value: float
    low: float
    high: float

    def __str__(self) -> str:
        p = f"p {self.p_value:.2g}" if self.p_value > 1e-3 else "p < 0.001"
        return f"{self.rho:+.2f} (n {self.pairs}, {p})"


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> RankCorrelation:
    """Return the rank correlation of pairs; ties have their mean rank.

    Raises
    ------
    InputError
        There are fewer than 4 pairs, one is no number, or a quantity is constant.

    Notes
    -----
    The p-value counts all orders up to 8 pairs, beyond them 9,999 random ones (of a fixed seed) and the given one.
    The interval: D. G. Bonett, T. A. Wright, Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations, Psychometrika 65, 2000.
    """
    if len(x) != len(y) or len(x) < LEAST_PAIRS:
        raise InputError(f"a rank correlation needs at least {LEAST_PAIRS} pairs; got {len(x)} and {len(y)} values.")
    if any(math.isnan(value) for value in (*x, *y)):
        raise InputError("a rank correlation needs numbers; one of the values is NaN.")
    left, right = _standard(_ranks(x)), _standard(_ranks(y))
    rho = float(left @ right)
    far = abs(rho) - 1e-12
    if len(x) <= EXACT_UP_TO:
        orders = np.array(list(permutations(range(len(x)))))
        p_value = float(np.mean(np.abs(right[orders] @ left) >= far))
    else:
        drawn = np.random.default_rng(0).permuted(np.tile(right, (DRAWS, 1)), axis=1)
        p_value = (1 + int((np.abs(drawn @ left) >= far).sum())) / (DRAWS + 1)
    z, error = math.atanh(min(max(rho, -1 + 1e-9), 1 - 1e-9)), math.sqrt((1 + rho**2 / 2) / (len(x) - 3))
    return RankCorrelation(rho, len(x), p_value, math.tanh(z - 1.96 * error), math.tanh(z + 1.96 * error))


def _ranks(values: Sequence[float]) -> Array:
    found = np.asarray(values, dtype=np.float64)
    below = (found[:, None] > found[None, :]).sum(axis=1)
    equal = (found[:, None] == found[None, :]).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2)


def _standard(ranks: Array) -> Array:
    centered = ranks - ranks.mean()
    norm = float(np.linalg.norm(centered))
    if not norm:
        raise InputError("a rank correlation needs values that differ; all of one quantity are equal.")
    return np.asarray(centered / norm)
