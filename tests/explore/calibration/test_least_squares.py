"""Are bounded least squares least, their standard errors right, rows left out as by fitting again, and gaps refused?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError, UsageError
from accelsim.explore.calibration.least_squares import fit

NAMES = ["a", "b", "c"]


def problem(seed: int, rows: int = 12, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a random design, true parameters (some of them negative), and observations with relative noise."""
    random = np.random.default_rng(seed)
    design = random.random((rows, 3)) * [1.0, 100.0, 0.01]
    truth = random.uniform(-0.3, 1.0, 3) / [1.0, 100.0, 0.01]
    observed = (design @ truth + 2.0) * (1 + noise * random.standard_normal(rows))
    return design, truth, np.where(np.abs(observed) < 0.1, 0.1, observed)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_no_values_within_the_bounds_fit_better(seed: int) -> None:
    """The conditions of Karush, Kuhn and Tucker: the gradient is 0 inside and points out of the box at its bounds."""
    design, _, observed = problem(seed)
    upper = [np.inf, 0.004, 60.0]
    found = fit(design, observed, names=NAMES, lower=0.0, upper=upper)
    weights = 1 / np.abs(observed)
    residual = weights * (observed - design @ found.values)
    gradient = -(design * weights[:, None]).T @ residual / np.linalg.norm(design * weights[:, None], axis=0)
    size = np.linalg.norm(weights * observed)
    assert ((found.values >= 0) & (found.values <= upper)).all()
    for slope, value, most, held in zip(gradient, found.values, upper, found.at_bound, strict=True):
        assert held == (value in (0.0, most))
        low, high = (value != 0.0, value != most)
        assert slope >= -1e-7 * size or not high, "a larger value would fit better"
        assert slope <= 1e-7 * size or not low, "a smaller value would fit better"


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_leaving_a_row_out_is_fitting_the_others(seed: int) -> None:
    """The closed form, where no bound binds, and the fit again, where one does, equal a fit to the other rows."""
    design, _, observed = problem(seed)
    found = fit(design, observed, names=NAMES)
    for row in range(len(observed)):
        others = np.arange(len(observed)) != row
        again = fit(design[others], observed[others], names=NAMES)
        assert found.leave_one_out[row] == pytest.approx(design[row] @ again.values, rel=1e-6, abs=1e-9)


def test_standard_errors_are_those_of_the_textbook() -> None:
    """Squares over rows less parameters, times the diagonal of the inverse of the normal matrix."""
    design, _, observed = problem(3)
    found = fit(design, observed, names=NAMES, lower=-np.inf, weights=np.arange(1.0, 13.0))
    weighted = design * np.arange(1.0, 13.0)[:, None]
    squares = float(np.square(np.arange(1.0, 13.0) * (observed - design @ found.values)).sum())
    expected = np.sqrt(squares / (12 - 3) * np.diag(np.linalg.inv(weighted.T @ weighted)))
    assert found.standard_errors == pytest.approx(expected, rel=1e-6)
    assert found.degrees_of_freedom == 9


def test_true_values_lie_within_two_standard_errors_as_often_as_they_should() -> None:
    """Of normal noise, with nine degrees of freedom: 92.3% by Student's distribution (t = 2)."""
    within = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        design = random.random((12, 3)) + 0.1
        truth = random.random(3) + 1
        observed = design @ truth * (1 + 0.02 * random.standard_normal(12))
        found = fit(design, observed, names=NAMES)
        within += list(np.abs(found.values - truth) < 2 * found.standard_errors)
    assert 0.90 < np.mean(within) < 0.945


def test_parameters_that_cannot_be_told_apart_are_named() -> None:
    """Those in the same proportions everywhere together, and those that no row holds; what suffices is said."""
    design, _, observed = problem(1)
    with pytest.raises(InputError, match=r"no row tells a and d apart\. Add rows in which they occur in other"):
        fit(np.c_[design, 3 * design[:, 0]], observed, names=[*NAMES, "d"])
    with pytest.raises(InputError, match=r"no row depends on d"):
        fit(np.c_[design, 0 * design[:, 0]], observed, names=[*NAMES, "d"])
    with pytest.raises(InputError, match=r"a, b and c cannot be fitted to 2 rows.*at least 3 rows.*got 2"):
        fit(design[:2], observed[:2], names=NAMES)
    both = np.c_[design, 3 * design[:, 0], 5 * design[:, 1]]
    with pytest.raises(InputError, match=r"no row tells a and d apart; no row tells b and e apart"):
        fit(both, observed, names=[*NAMES, "d", "e"])


def test_as_many_rows_as_parameters_have_no_standard_error() -> None:
    """The values are exact; how sure they are, and what the other rows would say, is not known."""
    design, _, observed = problem(2, rows=3)
    found = fit(design, observed, names=NAMES, lower=-np.inf)
    assert found.predicted == pytest.approx(observed)
    assert np.isnan(found.standard_errors).all()
    assert np.isnan(found.leave_one_out).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [1.0, -1.0]}, "weights must be 2 numbers above 0"),
        ({"observed": [0.0, 1.0]}, "observations that are not 0"),
        ({"observed": [np.nan, 1.0]}, "must be finite"),
        ({"lower": 2.0, "upper": 1.0}, "less than its upper bound"),
        ({"names": ["a"]}, "a column per parameter"),
    ],
)
def test_what_contradicts_itself_is_refused(change: dict[str, object], message: str) -> None:
    """Shapes, bounds, weights and observations."""
    given: dict[str, object] = {"design": [[1.0, 2.0], [2.0, 1.0]], "observed": [1.0, 2.0], "names": ["a", "b"]}
    with pytest.raises(UsageError, match=message):
        fit(**(given | change))  # type: ignore[arg-type]
