"""Does one result take less energy than another whatever the costs are within their published ranges?

Energy is linear in the unit costs c_j, so ::

    E_a - E_b = sum_j c_j (n_aj - n_bj),    low_j <= c_j <= high_j

is least, and greatest, at a corner that the signs of n_aj - n_bj give: a cost that both results use is
one cost, not two, and so are a read and a write by one published number. The ratio E_a / E_b is least at a
corner too, found by Dinkelbach's iteration [1]_. Costs without a published range stand at their value.

References
----------
.. [1] W. Dinkelbach, On nonlinear fractional programming, Management Science 13(7), 1967,
   doi:10.1287/mnsc.13.7.492.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.explore.bill import bill_of
from accelsim.explore.numbers import merged, number_of
from accelsim.explore.ratios import SAME
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result

Key = tuple[Any, ...]
"""What makes two costs the same number (`accelsim.explore.bill.number_of`), and last the cost."""

Bill = Mapping[Key, float]
"""Units of each cost: operations, or bits."""

SETTLED = 1e-12

CLOSE = 0.03
"""Relative difference below which an energy order means nothing: a mapping is chosen to 1% of the energy, and the
choice is not proven best; see docs/assumptions.md, "Mapping and time"."""


def bill(result: Result) -> dict[Key, float] | None:
    """Return how many units of each cost a result uses; None if a cost is unknown."""
    found = bill_of([""], [result])
    if found is None:
        return None
    numbers, _ = merged(found)
    return {
        (*number_of(one), plain(one.cost)): float(units)
        for one, units in zip(numbers.costs, numbers.row(""), strict=True)
    }


def plain(cost: Sourced) -> Sourced:
    """Return a cost without what is said of it, so that two that are one number are equal."""
    return Sourced(cost.value, cost.source, cost.least, cost.most)


@dataclass(frozen=True)
class Judgement:
    """How the energies of two results stand to each other over all costs within their ranges.

    Parameters
    ----------
    nominal, low, high : float
        E_a / E_b at the costs as given, at its least and at its greatest.
    ranged : int
        Costs in use that have a range.
    """

    nominal: float
    low: float
    high: float
    ranged: int

    @property
    def apart(self) -> float:
        """Ratio of the larger energy to the smaller, at the costs as given."""
        return max(self.nominal, 1 / self.nominal)

    @property
    def near(self) -> bool:
        """Whether the energies differ by no more than mappings alone may."""
        return self.apart < 1 + CLOSE

    @property
    def equal(self) -> bool:
        """Whether the energies are the same for every cost within its range."""
        return max(self.high, 1 / self.low) < 1 + SAME

    @property
    def robust(self) -> bool:
        """Whether the order is the same for every cost within its range, and more than mappings may make it."""
        return (self.high < 1 or self.low > 1) and not self.near

    @property
    def too_close(self) -> bool:
        """Whether either may take less, by the published ranges of the costs or by the choice of mappings."""
        return not self.robust and not self.equal


def judge(a: Bill, b: Bill) -> Judgement | None:
    """Return how bill ``a`` stands to bill ``b``; None if one of them is empty or costs nothing."""
    if min(_total(a), _total(b)) <= 0:
        return None
    keys = {**a, **b}
    ranged = sum(cost.most > cost.least for *_, cost in keys)
    return Judgement(_total(a) / _total(b), least_ratio(a, b), 1 / least_ratio(b, a), ranged)


def difference(a: Bill, b: Bill) -> tuple[float, float]:
    """Return the least and the greatest E_a - E_b in pJ over all costs within their ranges."""
    low = high = 0.0
    for key in {**a, **b}:
        units, cost = a.get(key, 0.0) - b.get(key, 0.0), key[-1]
        low += units * (cost.least if units > 0 else cost.most)
        high += units * (cost.most if units > 0 else cost.least)
    return low, high


def least_ratio(a: Bill, b: Bill) -> float:
    """Return the least E_a / E_b over all costs within their ranges."""
    ratio = _total(a) / _total(b)
    while True:
        above = below = 0.0
        for key in {**a, **b}:
            in_a, in_b, cost = a.get(key, 0.0), b.get(key, 0.0), key[-1]
            chosen = cost.least if in_a - ratio * in_b > 0 else cost.most
            above, below = above + in_a * chosen, below + in_b * chosen
        if below <= 0 or above / below >= ratio * (1 - SETTLED):
            return ratio
        ratio = above / below


def _total(units: Bill) -> float:
    return float(sum(count * key[-1].value for key, count in units.items()))
