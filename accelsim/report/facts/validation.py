"""What does the plot of a validation say? Every row's predicted and measured value and its bound, as a record."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.errors import UsageError
from accelsim.report.validation_words import share
from accelsim.validation.comparison import Comparison, Role
from accelsim.validation.validate import Validation, study_of

RELATIVE = ("each", "total", "mape")


@dataclass(frozen=True)
class Dot:
    """One row of a comparison."""

    label: str
    measured: float
    predicted: float
    role: Role

    @property
    def ratio(self) -> float:
        """Predicted / measured."""
        return self.predicted / self.measured


@dataclass(frozen=True)
class Lane:
    """The rows of one comparison and the band that its loosest bound leaves.

    Parameters
    ----------
    name, study, unit : str
    dots : tuple of Dot
    low, high : float or None
        Least and most of predicted / measured that the bound allows; None without one on ratios.
    """

    name: str
    study: str
    unit: str
    dots: tuple[Dot, ...]
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ValidationScatter:
    """Predicted against measured, over comparisons.

    Parameters
    ----------
    title : str
        The finding.
    lanes : tuple of Lane
    note : str
        What is not drawn.
    """

    title: str
    lanes: tuple[Lane, ...]
    note: str

    @property
    def studies(self) -> tuple[str, ...]:
        """The systems, in order."""
        return tuple(dict.fromkeys(lane.study for lane in self.lanes))


def validation_scatter(found: Validation) -> ValidationScatter:
    """Return predicted against measured of every row that is more than 0 in both.

    Raises
    ------
    UsageError
        There is no such row.
    """
    lanes = tuple(lane for one in found.comparisons if (lane := _lane(one)).dots)
    if not lanes:
        raise UsageError("there is nothing to draw: no row is more than 0, both predicted and measured.")
    drawn, rows = sum(len(lane.dots) for lane in lanes), sum(len(one.rows) for one in found.comparisons)
    own, said = found.summaries[""], [verdict for one in found.verdicts.values() for verdict in one]
    error = "" if own.mape is None else f", mean absolute error {share(own.mape)} over {own.rows} judged rows"
    title = f"{sum(one.met for one in said)} of {len(said)} bounds are met{error}"
    left = f" Rows at 0 are not drawn: {rows - drawn}." if rows > drawn else ""
    note = f"Filled: judged; hollow: fitted or shown. Bands: what the bounds allow.{left}"
    return ValidationScatter(title, lanes, note)


def _lane(one: Comparison) -> Lane:
    drawn = (row for row in one.rows if min(row.measured, row.predicted) > 0)
    dots = tuple(Dot(row.label, row.measured, row.predicted, row.role) for row in drawn)
    return Lane(one.name, study_of(one.name), one.unit, dots, *_band(one))


def _band(one: Comparison) -> tuple[float, float] | tuple[None, None]:
    """The loosest bound on single rows, else on their sum or mean."""
    single = [bound for bound in one.bounds if bound.statistic in ("each", "factor")]
    for bound in sorted(single or one.bounds, key=lambda bound: -bound.limit):
        if bound.statistic == "factor":
            return 1 / bound.limit, bound.limit
        if bound.statistic in RELATIVE:
            return max(1 - bound.limit, 0.0), 1 + bound.limit
    return None, None
