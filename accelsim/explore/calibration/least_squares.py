"""Which parameters within bounds fit observations best, how sure are they, and which cannot be told apart?

::

    minimize  sum_i ( w_i * (observed_i - sum_j design_ij x_j) )^2     lower <= x <= upper

with ``w_i = 1 / |observed_i|`` unless given, so that relative errors are what is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import InputError, UsageError
from accelsim.explore.calibration.identity import CONDITION, Identity, identity_of

Floats = NDArray[np.float64]
_ALONE = 1e-9
"""A row whose leverage is so near to 1 determines a parameter alone: without it nothing can be predicted."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters fitted to observations.

    Parameters
    ----------
    names : tuple of str
        The parameters.
    values : float64 array, shape (parameters,)
        Of least squares within the bounds.
    standard_errors : float64 array, shape (parameters,)
        ``s * sqrt(diag((A^T A)^-1))`` of the weighted design over the parameters that lie within their bounds, with
        ``s^2 = sum of weighted squares / degrees_of_freedom``; NaN for a parameter at a bound, and for all without a
        degree of freedom.
    at_bound : bool array, shape (parameters,)
        Which parameters a bound holds.
    predicted : float64 array, shape (rows,)
        ``design @ values``.
    leave_one_out : float64 array, shape (rows,)
        What the fit to all other rows predicts for each row; NaN where the others cannot say.
    leave_one_out_values : float64 array, shape (rows, parameters)
        The parameters of those fits.
    observed : float64 array, shape (rows,)
    identity : Identity
        Which parameters the rows can tell apart.
    """

    names: tuple[str, ...]
    values: Floats
    standard_errors: Floats
    at_bound: NDArray[np.bool_]
    predicted: Floats
    leave_one_out: Floats
    leave_one_out_values: Floats
    observed: Floats
    identity: Identity

    @property
    def identifiable(self) -> bool:
        """Whether the rows determine every parameter."""
        return self.identity.identifiable

    @property
    def degrees_of_freedom(self) -> int:
        """Rows less the parameters that lie within their bounds."""
        return len(self.observed) - int((~self.at_bound).sum())

    @property
    def errors(self) -> Floats:
        """Relative errors of the fit, predicted / observed - 1, shape (rows,)."""
        return _relative(self.predicted, self.observed)

    @property
    def leave_one_out_errors(self) -> Floats:
        """Relative errors on each row of the fit to the others, shape (rows,); NaN where the others cannot say."""
        return _relative(self.leave_one_out, self.observed)

    @property
    def leave_one_out_mape(self) -> float:
        """Mean absolute relative leave-one-out error; NaN if no row can be left out."""
        errors = np.abs(self.leave_one_out_errors)
        return float(np.nanmean(errors)) if not np.isnan(errors).all() else float("nan")

    def value(self, name: str) -> float:
        """Return the value of a parameter."""
        return float(self.values[self.names.index(name)])

    def standard_error(self, name: str) -> float:
        """Return the standard error of a parameter; NaN at a bound or without degrees of freedom."""
        return float(self.standard_errors[self.names.index(name)])

    def predict(self, design: ArrayLike) -> Floats:
        """Return what other rows of a design are predicted to give."""
        return np.asarray(np.asarray(design, dtype=float) @ self.values)


def fit(
    design: ArrayLike,
    observed: ArrayLike,
    *,
    names: Sequence[str],
    lower: ArrayLike = 0.0,
    upper: ArrayLike = np.inf,
    weights: ArrayLike | None = None,
    condition: float = CONDITION,
) -> Fit:
    """Return the parameters within bounds that fit ``observed = design @ parameters`` best.

    Parameters
    ----------
    design : array, shape (rows, parameters)
        How many units of each parameter each row holds.
    observed : array, shape (rows,)
    names : sequence of str
        The parameters, as errors call them.
    lower, upper : float or array, shape (parameters,)
        Bounds; at least 0 by default.
    weights : array, shape (rows,), optional
        What each residual is multiplied by; ``1 / |observed|`` by default, which needs observations that are not 0.
    condition : float
        Parameters count as told apart while the condition number of the scaled design stays below it
        (`accelsim.explore.calibration.identity`).

    Raises
    ------
    InputError
        The rows do not identify the parameters: the sentence names them; `Identity` says more.
    UsageError
        The shapes, bounds or weights contradict each other.

    Notes
    -----
    The solution is numpy's where no bound binds, and else that of `scipy.optimize.lsq_linear` (active set method of
    Stark and Parker, "Bounded-variable least squares", Computational Statistics 10, 1995), which the extra
    ``calibrate`` brings. A row is left out in closed form, ``observed_i - e_i / (1 - h_i)`` with its leverage h_i,
    where the solution without it lies within the bounds, and by fitting again where it does not.
    """
    A, b, w, low, high = _checked(design, observed, names, lower, upper, weights)
    identity = identity_of(A * w[:, None], names, condition)
    if not identity.identifiable:
        raise InputError(identity.sentence(len(b)))
    values = _solve(A * w[:, None], b * w, low, high)
    at_bound = (values == low) | (values == high)
    errors = _standard_errors(A * w[:, None], b * w, values, at_bound)
    without = _without_each(A * w[:, None], b * w, low, high, values, at_bound)
    left_out = np.einsum("ij,ij->i", A, without)
    return Fit(tuple(names), values, errors, at_bound, A @ values, left_out, without, b, identity)


def _checked(
    design: ArrayLike, observed: ArrayLike, names: Sequence[str], lower: ArrayLike, upper: ArrayLike,
    weights: ArrayLike | None,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:  # fmt: skip
    A, b = np.asarray(design, dtype=float), np.asarray(observed, dtype=float)
    if A.ndim != 2 or A.shape != (len(b), len(names)) or not len(names):
        raise UsageError(
            f"a design must have a row per observation and a column per parameter, ({len(b)}, {len(names)}); "
            f"got {A.shape}."
        )
    if not (np.isfinite(A).all() and np.isfinite(b).all()):
        raise UsageError("a design and what is observed must be finite numbers; got NaN or infinity.")
    if weights is None:
        if not b.all():
            raise UsageError("relative errors need observations that are not 0; give weights.")
        w = 1 / np.abs(b)
    else:
        w = np.asarray(weights, dtype=float)
        if w.shape != b.shape or not (np.isfinite(w).all() and (w > 0).all()):
            raise UsageError(f"weights must be {len(b)} numbers above 0, one per observation.")
    low = np.broadcast_to(np.asarray(lower, dtype=float), len(names)).copy()
    high = np.broadcast_to(np.asarray(upper, dtype=float), len(names)).copy()
    if not (low < high).all():
        raise UsageError("every lower bound must be less than its upper bound.")
    return A, b, w, low, high


def _solve(A: Floats, b: Floats, low: Floats, high: Floats) -> Floats:
    """Return the bounded least squares solution of a weighted system; columns are scaled to norm 1 meanwhile."""
    scale = np.linalg.norm(A, axis=0)
    scale[scale == 0] = 1.0
    free = np.linalg.lstsq(A / scale, b, rcond=None)[0] / scale
    if ((free >= low) & (free <= high)).all():
        return np.asarray(free)
    try:
        from scipy.optimize import lsq_linear
    except ImportError:
        raise UsageError(
            "fitting within bounds needs scipy, which is not installed; run: pip install 'accelsim[calibrate]'"
        ) from None
    found = lsq_linear(A / scale, b, bounds=(low * scale, high * scale), method="bvls", tol=1e-14)
    held = np.where(found.active_mask < 0, low, np.where(found.active_mask > 0, high, found.x / scale))
    return np.asarray(np.clip(held, low, high))


def _standard_errors(A: Floats, b: Floats, values: Floats, at_bound: NDArray[np.bool_]) -> Floats:
    errors = np.full(len(values), np.nan)
    free = np.flatnonzero(~at_bound)
    freedom = len(b) - len(free)
    if freedom > 0 and len(free):
        squares = float(np.square(b - A @ values).sum())
        errors[free] = np.sqrt(squares / freedom * np.diag(_inverse(A[:, free])))
    return errors


def _inverse(A: Floats) -> Floats:
    """Return (A^T A)^-1 by the QR decomposition of the scaled columns, which does not square the condition."""
    scale = np.linalg.norm(A, axis=0)
    root = np.linalg.pinv(np.linalg.qr(A / scale, mode="r"))
    return np.asarray(root @ root.T / np.outer(scale, scale))


def _without_each(
    A: Floats, b: Floats, low: Floats, high: Floats, values: Floats, at_bound: NDArray[np.bool_]
) -> Floats:
    """Return the parameters fitted to all rows but each, shape (rows, parameters); NaN where these cannot say."""
    found = np.full(A.shape, np.nan)
    inverse = _inverse(A)
    leverage = np.einsum("ij,jk,ik->i", A, inverse, A)
    for row in range(len(b)):
        if leverage[row] > 1 - _ALONE:
            continue  # no other row says anything about some parameter of this one
        residual = b[row] - A[row] @ values
        without = values - inverse @ A[row] * residual / (1 - leverage[row])
        if at_bound.any() or not ((without >= low) & (without <= high)).all():
            others = np.arange(len(b)) != row
            without = _solve(A[others], b[others], low, high)
        found[row] = without
    return found


def _relative(predicted: Floats, observed: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(observed != 0, predicted / observed - 1, np.nan))
