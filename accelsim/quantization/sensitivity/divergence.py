"""How far is an answer of a network from the answer that it was? Noise, divergence, decisions that change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError

Array = NDArray[Any]
_LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Divergence:
    """A changed answer beside the answer with the network's own values.

    Parameters
    ----------
    sqnr_db : float
        10 log10(sum of y^2 / sum of (y - changed)^2) in dB; infinite where nothing changed, NaN without signal.
    kl_nats : float
        Mean over samples of the Kullback-Leibler divergence sum p log(p / q), p and q being the softmax of the
        answers; NaN where there is one class only.
    changed_share : float
        Share of samples whose largest output is another; NaN where there is one class only.
    """

    sqnr_db: float
    kl_nats: float
    changed_share: float

    @property
    def noise(self) -> float:
        """Noise over signal, 10^(-SQNR/10)."""
        return 0.0 if math.isinf(self.sqnr_db) else 10 ** (-self.sqnr_db / 10)

    @property
    def known(self) -> bool:
        """Whether the changed answer is a number at all."""
        return not math.isnan(self.sqnr_db)


NO_RESULT = Divergence(math.nan, math.nan, math.nan)
"""Of an answer that could not be computed."""


class Answer:
    """The answer of a network with its own values, which others are compared with.

    Parameters
    ----------
    values : ndarray
        Logits, or probabilities where each row is at least 0 and adds up to 1.
    axis : int
        That of the classes.

    Raises
    ------
    InputError
        It is not finite, all zero, or has no such axis.
    """

    def __init__(self, values: Array, axis: int = -1) -> None:
        self.values = np.asarray(values, dtype=np.float64)
        if not np.isfinite(self.values).all():
            raise InputError("the network's own answer must be finite to be compared; it has NaN or infinite values.")
        if not self.values.any():
            raise InputError("the network's own answer must differ from zero to be compared; every value of it is 0.")
        if not -self.values.ndim <= axis < self.values.ndim:
            raise InputError(f"the axis of the classes must be one of {self.values.ndim}; got {axis}.")
        self.axis = axis
        self.classes = int(self.values.shape[axis]) if self.values.ndim > 1 else 1
        sums = self.values.sum(axis=axis)
        self.is_probability = bool(self.classes > 1 and self.values.min() >= 0 and np.allclose(sums, 1.0, atol=1e-3))
        self._logs = self._log_shares(self.values)

    def against(self, changed: Array) -> Divergence:
        """Return how far a changed answer is from this one; `NO_RESULT` where it is not finite."""
        other = np.asarray(changed, dtype=np.float64)
        if not np.isfinite(other).all():
            return NO_RESULT
        noise = sqnr_db(self.values, other)
        if self.classes < 2:
            return Divergence(noise, math.nan, math.nan)
        logs = self._log_shares(other)
        divergence = float(_divergence(self._logs, logs).sum(axis=self.axis).mean())
        decided = self.values.argmax(axis=self.axis) != other.argmax(axis=self.axis)
        return Divergence(noise, divergence, float(decided.mean()))

    def _log_shares(self, values: Array) -> Array:
        """Return the logarithms of the shares that classes have."""
        if self.classes < 2:
            return values
        if self.is_probability:
            kept = np.maximum(values, _LEAST)
            return np.asarray(np.log(kept / kept.sum(axis=self.axis, keepdims=True)))
        centered = values - values.max(axis=self.axis, keepdims=True)
        return np.asarray(centered - np.log(np.exp(centered).sum(axis=self.axis, keepdims=True)))


def _divergence(own: Array, other: Array) -> Array:
    """Return p log(p / q) - p + q of shares by their logarithms: as a sum the same, each at least 0, none canceled."""
    p, q, apart = np.exp(own), np.exp(other), other - own
    near = np.abs(apart) < 1e-2
    close = np.where(near, apart, 0.0)
    return np.asarray(np.where(near, p * (np.expm1(close) - close), np.maximum(q - p - p * apart, 0.0)))


def sqnr_db(values: Array, changed: Array) -> float:
    """Return 10 log10(sum of x^2 / sum of (x - y)^2) in dB; infinite if equal, NaN without signal or finite y."""
    own, other = (np.asarray(one, dtype=np.float64).reshape(-1) for one in (values, changed))
    signal, noise = float(own @ own), float(np.square(own - other).sum())
    if not signal or not math.isfinite(noise):
        return math.nan
    return 10 * math.log10(signal / noise) if noise else math.inf
