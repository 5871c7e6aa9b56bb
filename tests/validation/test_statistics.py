"""Are the statistics of a comparison what their names say, and do bounds judge by them?"""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.validation.comparison import Bound, Comparison, Fitted, Row
from accelsim.validation.statistics import bias, by_group, mape, overall, rank_correlation, statistic, summary, verdict

ROWS = (Row("a", 11, 10), Row("b", 16, 20), Row("c", 30, 30))


def comparison(*rows: Row, bounds: tuple[Bound, ...] = (), fitted: tuple[Fitted, ...] = ()) -> Comparison:
    return Comparison("a-b", "A", "time", "s", "silicon", ("somebody",), rows, bounds, fitted, ("Nothing.",))


def test_by_hand() -> None:
    assert mape(ROWS) == pytest.approx(0.1)
    assert bias(ROWS) == pytest.approx(-1 / 30)
    assert rank_correlation(ROWS) == 1
    assert statistic(Bound("each", 1), ROWS) == pytest.approx(0.2)
    assert statistic(Bound("total", 1), ROWS) == pytest.approx(0.05)
    assert statistic(Bound("mape", 1), ROWS) == pytest.approx(0.1)
    assert statistic(Bound("points", 1), ROWS) == pytest.approx(4)
    assert statistic(Bound("factor", 1), ROWS) == pytest.approx(1.25)
    assert statistic(Bound("factor", 1), [Row("a", 0, 1)]) == inf


def test_ranks_share_their_place_where_values_are_alike() -> None:
    rows = [Row("a", 1, 1), Row("b", 1, 2), Row("c", 2, 3), Row("d", 3, 4)]
    assert rank_correlation(rows) == pytest.approx(
        0.9486832980505138
    )  # scipy.stats.spearmanr([1, 1, 2, 3], [1, 2, 3, 4])
    assert rank_correlation([Row("a", 1, 1), Row("b", 1, 2), Row("c", 1, 3)]) is None
    assert rank_correlation(ROWS[:2]) is None


values = st.lists(st.tuples(st.floats(0.1, 1e3), st.floats(0.1, 1e3)), min_size=3, max_size=12)


@given(values, st.floats(0.01, 100))
def test_units_do_not_matter(pairs: list[tuple[float, float]], unit: float) -> None:
    rows = [Row(str(place), ours, theirs) for place, (ours, theirs) in enumerate(pairs)]
    scaled = [Row(row.label, row.predicted * unit, row.measured * unit) for row in rows]
    for name in ("each", "total", "mape", "factor"):
        bound = Bound(name, 1)  # type: ignore[arg-type]
        assert statistic(bound, scaled) == pytest.approx(statistic(bound, rows), rel=1e-6, abs=1e-9)


@given(values)
def test_the_statistics_lie_in_order(pairs: list[tuple[float, float]]) -> None:
    rows = [Row(str(place), ours, theirs) for place, (ours, theirs) in enumerate(pairs)]
    each = statistic(Bound("each", 1), rows)
    assert abs(bias(rows) or 0) <= (mape(rows) or 0) + 1e-12 <= each + 2e-12
    assert statistic(Bound("total", 1), rows) <= each + 1e-12
    assert statistic(Bound("factor", 1), rows) >= each * (1 - 1e-12) or each <= 1


def test_a_bound_is_met_up_to_its_limit_and_of_its_group() -> None:
    whole = comparison(Row("a", 11, 10, group="x"), Row("b", 16, 20, group="y"), Row("c", 99, 1, "shown", group="y"))
    assert verdict(Bound("each", 0.2), whole).met
    assert not verdict(Bound("each", 0.19), whole).met
    assert verdict(Bound("each", 0.11, group="x"), whole).met
    assert verdict(Bound("total", 0.1), whole).value == pytest.approx(0.1)
    assert verdict(Bound("total", 0.1, group="*"), whole).value == pytest.approx(0.2)
    with pytest.raises(InputError, match="none of group 'z'"):
        verdict(Bound("each", 0.1, group="z"), whole)


def test_ranks_must_be_at_least_their_bound() -> None:
    whole = comparison(*ROWS)
    assert verdict(Bound("rank", 1), whole).met
    assert not verdict(Bound("rank", 1), comparison(*ROWS[:2], Row("c", 1, 30))).met
    with pytest.raises(InputError, match="at least three"):
        verdict(Bound("rank", 1), comparison(*ROWS[:2]))


def test_each_comparison_counts_once_and_shown_rows_do_not() -> None:
    shown = comparison(Row("a", 9, 1, "shown"), Row("b", 9, 1, "shown"))
    points = comparison(Row("a", 30, 10), bounds=(Bound("points", 40),))
    one, many = comparison(Row("a", 12, 10)), comparison(*[Row(str(place), 10, 10) for place in range(9)])
    together = overall((shown, points, one, many))
    assert (together.rows, together.mape, together.bias) == (11, pytest.approx(0.1), pytest.approx(0.1))
    assert not summary(shown).judged
    assert summary(shown).mape == 8
    assert list(by_group(comparison(Row("a", 1, 1, group="x"), Row("b", 1, 1, group="y")))) == ["x", "y"]
    assert by_group(one) == {}


def test_nothing_is_judged_on_what_it_was_fitted_to() -> None:
    with pytest.raises(InputError, match="clock was fitted to b and must not be judged on it"):
        comparison(*ROWS, fitted=(Fitted("clock", 1, "pJ", ("b",)),))
    assert comparison(*ROWS, fitted=(Fitted("clock", 1, "pJ", ("b",), leave_one_out=True),)).fitted
    assert comparison(*ROWS, fitted=(Fitted("clock", 1, "pJ", ("b",), group="other"),)).fitted


def test_rows_hold_numbers_and_roles() -> None:
    with pytest.raises(InputError, match="must hold numbers; got NaN for 'a'"):
        Row("a", float("nan"), 1)
    with pytest.raises(InputError, match="judged, fitted, shown; got 'guessed'"):
        Row("a", 1, 1, "guessed")  # type: ignore[arg-type]
    assert Row("a", 1, 0).error == inf
