"""How sure is an energy, and how sure that one result takes less than another? By the published ranges of the costs.

Counts are exact and costs are not. A cost with a published range lies somewhere within it; one that several results
use is one random number for all of them, costs are independent of each other, and mappings stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.engine.case import Floats
from accelsim.errors import InputError, did_you_mean
from accelsim.explore.bill import Bill, Row, bill_of, by_part, by_result
from accelsim.explore.naming import named_results
from accelsim.explore.numbers import merged, number_of
from accelsim.explore.ranges import Probability, Ranges, ranges_of
from accelsim.explore.robust import Judgement, judge
from accelsim.explore.spread import TRIANGULAR
from accelsim.explore.tornado import Tornado, ratio_tornado, tornado_of
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 20_000
LIKELY = (0.05, 0.95)
"""Shares of the draws below the ends of a likely interval."""

METRICS: Mapping[str, tuple[str, str]] = {
    "energy_pj": ("pJ", "energy of one pass"),
    "edp_pj_s": ("pJ s", "energy times time"),
    "average_power_w": ("W", "energy over time"),
    "energy_per_item_j": ("J", "energy over the items of the batch: images, or tokens of a decode step"),
}
"""What has an interval: unit and meaning. All are the energy times what no cost changes."""


@dataclass(frozen=True)
class Interval:
    """What a quantity may be while the costs stay within their ranges.

    Parameters
    ----------
    value : float
        At the costs as they are.
    least, most : float
        With every cost at the end that makes it so: exact.
    likely_least, likely_most : float
        Between them lie 90% of the draws, 5% on either side.
    """

    value: float
    least: float
    most: float
    likely_least: float
    likely_most: float


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What the ranges of the costs make of some results.

    Parameters
    ----------
    names : tuple of str
        What the results are called.
    results : tuple of Result
    bill : Bill
        Units of each number; costs that are one number are one column.
    ranges : Ranges
        Of these numbers.
    """

    names: tuple[str, ...]
    results: tuple[Result, ...]
    bill: Bill
    ranges: Ranges

    def interval(self, name: str | None = None, metric: str = "energy_pj") -> Interval:
        """Return the interval of a result in one of `METRICS`; ``name`` may be left out where there is one result."""
        own = self._name(name)
        return self._interval(self.bill.row(own) * self._scale(own, metric))

    def parts(self, name: str | None = None) -> dict[str, Interval]:
        """Return the interval of every part of a result's energy in pJ, as `Result.energy_breakdown_pj` names them."""
        own = self._name(name)
        of_parts = _numbers([own], [self._result(own)], by_part)
        place = {number_of(one): at for at, one in enumerate(self.bill.costs)}
        found = {}
        for (_, part), units in zip(of_parts.rows, of_parts.units, strict=True):
            whole = np.zeros(len(self.bill.costs))
            whole[[place[number_of(one)] for one in of_parts.costs]] = units
            found[part] = self._interval(whole)
        return found

    def probability(self, name: str, other: str, metric: str = "energy_pj") -> Probability:
        """Return how likely a result has less of a metric than another."""
        units = [self.bill.row(one) * self._scale(one, metric) for one in (self._name(name), self._name(other))]
        return self.ranges.negative(units[0] - units[1])

    def judgement(self, name: str, other: str) -> Judgement | None:
        """Return the exact range of the ratio of two energies, and whether it is robust or too close to call."""
        both = [self.bill.row(self._name(one)) for one in (name, other)]
        priced = [
            Sourced(one.cost.value, one.cost.source, float(low), float(high))
            for one, low, high in zip(self.bill.costs, self.ranges.least, self.ranges.most, strict=True)
        ]
        bills = [
            {(place, cost): float(units[place]) for place, cost in enumerate(priced) if units[place]} for units in both
        ]
        return judge(bills[0], bills[1])

    @cached_property
    def least_energy(self) -> dict[str, float]:
        """Share of the draws in which each result takes the least energy of all; ties go to the first."""
        energies = np.stack([self.ranges.sums(units) for units in self.bill.units])
        counts = np.bincount(energies.argmin(axis=0), minlength=len(self.names))
        return {name: float(count / energies.shape[1]) for name, count in zip(self.names, counts, strict=True)}

    def tornado(self, name: str | None = None, over: str | None = None) -> Tornado:
        """Return what each cost does to a result's energy, or to its ratio over another result's."""
        own = self._name(name)
        if over is None:
            return tornado_of(own, self.bill.row(own), self.bill.costs, self.ranges)
        other = self._name(over)
        return ratio_tornado((own, other), self.bill.row(own), self.bill.row(other), self.bill.costs, self.ranges)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as ``--uncertainty --json`` prints it."""
        ranges = self.ranges
        return {
            "spread": ranges.spread, "unranged": ranges.unranged, "draws": ranges.draws, "seed": ranges.seed,
            "costs_with_range": int(ranges.varied.sum()),
            "results": [self._record(name) for name in self.names],
        }  # fmt: skip

    def _record(self, name: str) -> dict[str, Any]:
        others = [other for other in self.names if other != name]
        return {
            "name": name,
            **{metric: vars(self.interval(name, metric)) for metric in METRICS},
            "energy_breakdown_pj": {part: vars(one) for part, one in self.parts(name).items()},
            "less_energy_than": {other: vars(self.probability(name, other)) for other in others},
            "tornado": [vars(one) for one in self.tornado(name).swings],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per result and metric: value, exact ends, likely ends."""
        import pandas as pd

        rows = [
            {"name": name, "metric": metric, "unit": METRICS[metric][0], **vars(self.interval(name, metric))}
            for name in self.names
            for metric in METRICS
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        from accelsim.layout import table
        from accelsim.units import engineering

        def row(name: str) -> list[str]:
            found = self.interval(name)
            return [name, *(engineering(end, "pJ") for end in (found.value, found.least, found.most))]

        ranged, costs = int(self.ranges.varied.sum()), len(self.bill.costs)
        heading = f"{ranged} of {costs} costs have a range, {self.ranges.spread}"
        return "\n".join([heading, *table(["", "energy", "at least", "at most"], [row(name) for name in self.names])])

    def _interval(self, units: Floats) -> Interval:
        least, most = self.ranges.ends(units)
        likely = np.quantile(self.ranges.sums(units), LIKELY) if most > least else (least, most)
        return Interval(float(units @ self.ranges.value), least, most, float(likely[0]), float(likely[1]))

    def _scale(self, name: str, metric: str) -> float:
        """What an energy in pJ is multiplied by to become a metric."""
        result = self._result(name)
        factors = {
            "energy_pj": 1.0,
            "edp_pj_s": result.latency_s,
            "average_power_w": 1e-12 / result.latency_s,
            "energy_per_item_j": 1e-12 / result.network.batch,
        }
        if metric not in factors:
            hint = did_you_mean(metric, factors) or "."
            raise InputError(f"uncertainty must be asked of {', '.join(factors)}; got {metric!r}{hint}")
        return factors[metric]

    def _result(self, name: str) -> Result:
        return self.results[self.names.index(name)]

    def _name(self, name: str | None) -> str:
        if name is None and len(self.names) == 1:
            return self.names[0]
        if name not in self.names:
            hint = did_you_mean(str(name), self.names) or "."
            raise InputError(f"a result must be one of {', '.join(self.names)}; got {name!r}{hint}")
        return str(name)


def uncertainty(
    results: Mapping[str, Result] | Sequence[Result] | Result,
    *,
    spread: str = TRIANGULAR,
    unranged: float = 0.0,
    draws: int = DRAWS,
    seed: int = 0,
) -> Uncertainty:
    """Return what the ranges of the costs make of some results.

    Parameters
    ----------
    results : Result, sequence of Result, or mapping of name to Result
        Without names they are called by their scheme, and by their chip where there are several.
    spread : {"triangular", "uniform", "log-uniform"}
        How a cost lies within its range; triangular with its value as the likeliest by default.
    unranged : float
        Share by which a cost without a published range may be off, up and down: 0.2 for 20%; 0 holds them fixed.
    draws, seed : int
        Of the random costs.

    Raises
    ------
    InputError
        The energy of a result is unknown, a name stands twice, or a log-uniform range begins at 0.
    UsageError
        The spread, the share or the number of draws is not one that is possible.
    """
    named = named_results(results)
    bill = _numbers(list(named), list(named.values()), by_result)
    ranges = ranges_of([one.cost for one in bill.costs], bill.labels, spread, unranged, draws, seed)
    return Uncertainty(tuple(named), tuple(named.values()), bill, ranges)


def _numbers(names: Sequence[str], results: Sequence[Result], row: Row) -> Bill:
    found = bill_of(names, results, row)
    assert found is not None
    return merged(found)[0]


class UncertaintyOf:
    """``result.uncertainty()``: the same for one result."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def __call__(
        self, *, spread: str = TRIANGULAR, unranged: float = 0.0, draws: int = DRAWS, seed: int = 0
    ) -> Uncertainty:
        """Return what the ranges of the costs make of the result; parameters as in `uncertainty`."""
        return uncertainty(self._result, spread=spread, unranged=unranged, draws=draws, seed=seed)
