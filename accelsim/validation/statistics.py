"""How far are predictions from measurements: mean error, bias, rank correlation, and does a bound hold?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

from accelsim.errors import InputError
from accelsim.validation.comparison import Bound, Comparison, Row


@dataclass(frozen=True)
class Verdict:
    """What a bound says of an outcome.

    Parameters
    ----------
    bound : Bound
    value : float
        The statistic that it limits.
    rows : int
        Rows that were judged.
    """

    bound: Bound
    value: float
    rows: int

    @property
    def met(self) -> bool:
        """Whether the value is within the limit."""
        return self.value >= self.bound.limit if self.bound.statistic == "rank" else self.value <= self.bound.limit


@dataclass(frozen=True)
class Summary:
    """A comparison, one of its groups, or all comparisons, in three numbers.

    Parameters
    ----------
    rows : int
        Rows that they are of.
    mape : float or None
        Mean absolute relative error; None without a row that measured more than 0.
    bias : float or None
        Mean relative error: above 0, predictions are too high.
    rank : float or None
        Spearman's rank correlation; None below three rows, or where all are alike.
    judged : bool
        Whether the rows are judged ones; where none is, they are those that are shown.
    """

    rows: int
    mape: float | None
    bias: float | None
    rank: float | None
    judged: bool = True


def errors(rows: Sequence[Row]) -> list[float]:
    """Return the relative errors of the rows that measured something."""
    return [row.error for row in rows if isfinite(row.error)]


def mape(rows: Sequence[Row]) -> float | None:
    """Return the mean of |predicted / measured - 1|; None without such rows."""
    found = errors(rows)
    return sum(map(abs, found)) / len(found) if found else None


def bias(rows: Sequence[Row]) -> float | None:
    """Return the mean of predicted / measured - 1; None without such rows."""
    found = errors(rows)
    return sum(found) / len(found) if found else None


def rank_correlation(rows: Sequence[Row]) -> float | None:
    """Return Spearman's rank correlation of predicted and measured, ties at their mean rank.

    None below three rows, and where all predictions or all measurements are the same.
    """
    if len(rows) < 3:
        return None
    ours, theirs = _ranks([row.predicted for row in rows]), _ranks([row.measured for row in rows])
    middle = (len(rows) + 1) / 2
    together = sum((a - middle) * (b - middle) for a, b in zip(ours, theirs, strict=True))
    apart = sqrt(sum((a - middle) ** 2 for a in ours) * sum((b - middle) ** 2 for b in theirs))
    return together / apart if apart else None


def _ranks(values: Sequence[float]) -> list[float]:
    """The places of values in their order, from 1; equal ones share the mean of theirs."""
    return [sum(other < value for other in values) + (values.count(value) + 1) / 2 for value in values]


def statistic(bound: Bound, rows: Sequence[Row]) -> float:
    """Return the value of what a bound limits over some judged rows; see `accelsim.validation.comparison.Statistic`.

    Raises
    ------
    InputError
        There are no rows to judge, or too few for a rank.
    """
    if not rows:
        raise InputError(f"a bound must have rows to judge; there are none of group {bound.group!r}.")
    match bound.statistic:
        case "each":
            return max(abs(row.error) for row in rows)
        case "total":
            measured = sum(row.measured for row in rows)
            return abs(sum(row.predicted for row in rows) / measured - 1) if measured else inf
        case "mape":
            return sum(abs(row.error) for row in rows) / len(rows)
        case "points":
            return max(abs(row.predicted - row.measured) for row in rows)
        case "factor":
            return max(_factor(row) for row in rows)
        case "rank":
            found = rank_correlation(rows)
            if found is None:
                raise InputError(f"a rank correlation must have at least three different rows; got {len(rows)}.")
            return found


def _factor(row: Row) -> float:
    if not row.predicted > 0 < row.measured:
        return inf
    return max(row.predicted / row.measured, row.measured / row.predicted)


def verdict(bound: Bound, comparison: Comparison) -> Verdict:
    """Return what a bound says of a comparison.

    Raises
    ------
    InputError
        No judged row is of the bound's group.
    """
    judged = comparison.judged
    if bound.group != "*":
        judged = tuple(row for row in judged if bound.group in ("", row.group))
        return Verdict(bound, statistic(bound, judged), len(judged))
    groups = dict.fromkeys(row.group for row in judged)
    values = [statistic(bound, [row for row in judged if row.group == group]) for group in groups]
    worst = min(values, default=inf) if bound.statistic == "rank" else max(values, default=inf)
    return Verdict(bound, worst, len(judged))


def summary(comparison: Comparison) -> Summary:
    """Return a comparison's mean error, bias and rank correlation over its judged rows, else over those shown."""
    return _summary(comparison.judged or comparison.rows, bool(comparison.judged))


def by_group(comparison: Comparison) -> dict[str, Summary]:
    """Return the same for each group by itself; empty where there are not at least two of them."""
    rows = comparison.judged or comparison.rows
    groups = dict.fromkeys(row.group for row in rows)
    if len(groups) < 2:
        return {}
    own = {group: [row for row in rows if row.group == group] for group in groups}
    return {group: _summary(rows, bool(comparison.judged)) for group, rows in own.items()}


def _summary(rows: Sequence[Row], judged: bool) -> Summary:
    return Summary(len(rows), mape(rows), bias(rows), rank_correlation(rows), judged)


def overall(comparisons: Sequence[Comparison]) -> Summary:
    """Return the means of the comparisons' own mean errors, biases and rank correlations: each comparison counts once.

    Those without a judged row are left out; and of the errors those bounded in points, which hold shares, whose
    relative errors say little.
    """
    judged = [one for one in comparisons if one.judged]
    each = [summary(one) for one in judged]
    errors = [own for one, own in zip(judged, each, strict=True) if relative(one)]
    return Summary(
        sum(own.rows for own in each),
        _mean([own.mape for own in errors]),
        _mean([own.bias for own in errors]),
        _mean([own.rank for own in each]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def relative(comparison: Comparison) -> bool:
    """Return whether a comparison's errors are relative to what was measured, rather than in points."""
    return all(bound.statistic != "points" for bound in comparison.bounds)
