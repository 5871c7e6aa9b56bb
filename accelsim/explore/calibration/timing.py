"""Which shares of rates and which fixed times reproduce measured latencies, mappings held?

::

    latency = T(1 / share of bandwidth, 1 / share of peak rate) + layers * t_layer + t_pass

T is the estimate itself: in each layer about the slower of memory and MACs, so piecewise linear in the inverse
shares. Least squares on relative errors finds them; its linear approximation at the solution gives
standard errors, identifiability, and the parameters without each row (`least_squares`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.errors import InputError
from accelsim.explore.calibration.least_squares import Fit, Floats, fit
from accelsim.explore.calibration.parameters import MOST_SLOWNESS, SOURCE, TimeParameter
from accelsim.explore.calibration.questions import Nests, Question
from accelsim.provenance import Sourced

_STARTS = (0.6, 0.15)
"""Shares that the search starts from: the first that tells all parameters apart and lies within bounds will do."""

_STEP = 1e-3
"""Relative change of an inverse share for a derivative; rates are rational numbers, so it is not tiny."""

_MOST_STEPS = 30
_SETTLED = 1e-6
"""Largest relative change of a time in the last step."""

_LEAST_LENGTH = 1 / 64
"""Share of a step below which none is taken: the values stand at a kink."""


class Times:
    """Latencies of questions as a function of what is fitted, in the order of the parameters."""

    def __init__(
        self, questions: Sequence[Question], nests: Sequence[Nests], parameters: Sequence[TimeParameter]
    ) -> None:
        self.questions, self.nests, self.parameters = questions, nests, parameters
        self.measured = np.array([one.row.latency_s for one in questions], dtype=float)
        layers = [float(sum(layer.repeat for layer in one.network.layers)) for one in questions]
        self.counts = {"layer_overhead_s": np.array(layers), "step_overhead_s": np.ones(len(layers))}
        self._known: dict[tuple[float, ...], Floats] = {}

    @property
    def lower(self) -> Floats:
        """Bounds: a share is at most 1, a time at least 0."""
        return np.array([1.0 if one.share else 0.0 for one in self.parameters])

    @property
    def upper(self) -> Floats:
        """Bounds: a share is not below 1 / `MOST_SLOWNESS`."""
        return np.array([MOST_SLOWNESS if one.share else np.inf for one in self.parameters])

    def __call__(self, values: Floats) -> Floats:
        """Return the latencies in s, shape (rows,)."""
        shares = tuple(float(value) for value, one in zip(values, self.parameters, strict=True) if one.share)
        if shares not in self._known:
            self._known[shares] = self._estimated(shares)
        fixed = sum(
            value * self.counts[one.path] for value, one in zip(values, self.parameters, strict=True) if not one.share
        )
        return np.asarray(self._known[shares] + fixed)

    def _estimated(self, slowness: tuple[float, ...]) -> Floats:
        values = iter(slowness)
        numbers = {
            one.path: number(1 / next(values) if one.share else 0.0) for one in self.parameters
        }  # fmt: skip
        asked = zip(self.questions, self.nests, strict=True)
        return np.array([one.result(numbers, nests).latency_s for one, nests in asked])

    def jacobian(self, values: Floats) -> Floats:
        """Return the change of every latency with every value, shape (rows, parameters)."""
        here, columns = self(values), []
        for place, one in enumerate(self.parameters):
            if not one.share:
                columns.append(self.counts[one.path])
                continue
            moved = values.copy()
            moved[place] *= 1 + _STEP
            columns.append((self(moved) - here) / (moved[place] - values[place]))
        return np.stack(columns, axis=1)


def number(value: float) -> Sourced:
    """Return a number while it is being fitted."""
    return Sourced(value, SOURCE, status="fitted")


def fit_times(times: Times) -> tuple[Floats, Fit]:
    """Return the values that fit best, and the linear fit around them.

    Gauss and Newton's method: the bounded linear fit around the values at hand gives the next ones, half way there
    and so on where that would fit worse. Times are piecewise linear, so few steps do.

    Raises
    ------
    InputError
        The rows do not tell the parameters apart.
    UsageError
        A bound binds and scipy is not installed.
    """
    best: tuple[float, Floats] | None = None
    refusal: InputError | None = None
    for share in _STARTS:
        values = np.array([1 / share if one.share else 0.0 for one in times.parameters])
        try:
            values = _descended(times, values)
        except InputError as error:
            refusal = refusal or error
            continue
        squares = _squares(times, values)
        if best is None or squares < best[0] * (1 - 1e-6):
            best = squares, values
        if not (values <= times.lower)[[one.share for one in times.parameters]].any():
            break
    if best is None:
        assert refusal is not None
        raise refusal
    return best[1], around(times, best[1])


def _descended(times: Times, values: Floats) -> Floats:
    for _ in range(_MOST_STEPS):
        here, goal = _squares(times, values), around(times, values).values
        length, tried = 1.0, goal
        while _squares(times, tried) > here and length > _LEAST_LENGTH:
            length /= 2
            tried = values + length * (goal - values)
        if length <= _LEAST_LENGTH:
            return values
        moved = np.abs(times(tried) - times(values)) / times.measured
        values = tried
        if moved.max() < _SETTLED:
            break
    return values


def _squares(times: Times, values: Floats) -> float:
    return float(np.square(times(values) / times.measured - 1).sum())


def around(times: Times, values: Floats) -> Fit:
    """Return the linear fit around some values; InputError if rows do not tell the parameters apart."""
    design = times.jacobian(values)
    observed = times.measured - times(values) + design @ values
    labels = [one.label for one in times.parameters]
    return fit(design, observed, names=labels, lower=times.lower, upper=times.upper, weights=1 / times.measured)
