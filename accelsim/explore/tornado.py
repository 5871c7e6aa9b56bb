"""Which cost matters most? What an energy, or a ratio of two, becomes with each cost at the ends of its range.

Energy is linear in the costs, ``E = sum_j n_j c_j``, so its elasticities are exact and sum to 1::

    d ln E / d ln c_j = n_j c_j / E              (the share of the energy that the cost is charged for)
    d ln (A/B) / d ln c_j = n_Aj c_j / A - n_Bj c_j / B                                 (these sum to 0)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Floats
from accelsim.explore.bill import UnitCost
from accelsim.explore.ranges import Ranges
from accelsim.units import ratio


@dataclass(frozen=True)
class Swing:
    """What one cost does, all others standing at their values.

    Parameters
    ----------
    cost : str
        What it is the cost of: "DRAM read and write".
    unit : str
        Of the cost: "pJ", "pJ/bit", "pJ/cycle" or "W".
    value, least, most : float
        The cost and the ends of its range, in ``unit``; all the same where none is known.
    elasticity : float
        Relative change of the quantity for a relative change of the cost, d ln Q / d ln c.
    at_least, at_most : float
        The quantity with the cost at either end.
    source, status : str
        Key of the work that the cost comes from, and how well it is known.
    """

    cost: str
    unit: str
    value: float
    least: float
    most: float
    elasticity: float
    at_least: float
    at_most: float
    source: str
    status: str

    @property
    def swing(self) -> float:
        """Distance between both ends, in the unit of the quantity."""
        return abs(self.at_most - self.at_least)


@dataclass(frozen=True)
class Tornado:
    """The facts of a tornado chart: one bar per cost, the longest first.

    Draw a bar from ``at_least`` to ``at_most`` of each swing around ``value``, labeled with the cost and the ends of
    its range; bars of length zero (no range) show by their ``elasticity`` only, and may be left out.

    Parameters
    ----------
    title : str
        The finding, in a sentence without its full stop.
    quantity : str
        What the axis shows: "energy of int8", "energy of int8 over fp32".
    unit : str
        Of the quantity: "pJ", or "" for a ratio.
    value : float
        The quantity at the costs as they are.
    swings : tuple of Swing
        By length of the bar, then by size of the elasticity; every cost in use is there.
    """

    title: str
    quantity: str
    unit: str
    value: float
    swings: tuple[Swing, ...]

    @property
    def ranged(self) -> tuple[Swing, ...]:
        """The swings of costs that have a range."""
        return tuple(one for one in self.swings if one.most > one.least)


def tornado_of(name: str, units: Floats, costs: Sequence[UnitCost], ranges: Ranges) -> Tornado:
    """Return what each cost does to one energy.

    Parameters
    ----------
    name : str
        What the result is called.
    units : float64 array, shape (costs,)
    costs : sequence of UnitCost
    ranges : Ranges
        Of the same costs.
    """
    total = float(units @ ranges.value)
    shares = units * ranges.value / total if total else np.zeros(len(units))
    ends = (total + units * (end - ranges.value) for end in (ranges.least, ranges.most))
    return _tornado(f"energy of {name}", "pJ", total, units != 0, shares, tuple(ends), costs, ranges)


def ratio_tornado(
    names: tuple[str, str], over: Floats, under: Floats, costs: Sequence[UnitCost], ranges: Ranges
) -> Tornado:
    """Return what each cost does to the ratio of two energies; parameters as in `tornado_of`."""
    above, below = float(over @ ranges.value), float(under @ ranges.value)
    elasticities = over * ranges.value / above - under * ranges.value / below
    ends = (
        (above + over * (end - ranges.value)) / (below + under * (end - ranges.value))
        for end in (ranges.least, ranges.most)
    )
    quantity = f"energy of {names[0]} over {names[1]}"
    used = (over != 0) | (under != 0)
    return _tornado(quantity, "", above / below, used, elasticities, tuple(ends), costs, ranges)


def _tornado(
    quantity: str,
    unit: str,
    value: float,
    used: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    elasticities: Floats,
    ends: tuple[Floats, ...],
    costs: Sequence[UnitCost],
    ranges: Ranges,
) -> Tornado:
    swings = [
        Swing(
            ranges.labels[place], one.unit, one.cost.value, float(ranges.least[place]), float(ranges.most[place]),
            float(elasticities[place]), float(ends[0][place]), float(ends[1][place]), one.cost.source, one.cost.status,
        )
        for place, one in enumerate(costs) if used[place]
    ]  # fmt: skip
    swings.sort(key=lambda one: (-one.swing, -abs(one.elasticity)))
    return Tornado(_title(quantity, swings), quantity, unit, value, tuple(swings))


def _title(quantity: str, swings: Sequence[Swing]) -> str:
    """Return the finding: which cost's range moves the quantity most, else which cost weighs most."""
    if not swings:
        return f"Nothing is charged in the {quantity}"
    first = swings[0]
    low, high = sorted((first.at_least, first.at_most))
    if low and first.swing:
        heavier = any(abs(one.elasticity) > abs(first.elasticity) for one in swings if not one.swing)
        among = "Of the costs with a range, the" if heavier else "The"
        return f"{among} {quantity} depends most on {first.cost}: {ratio(high / low)} over its range"
    return f"The {quantity} depends most on {first.cost}, whose range is not known: {first.elasticity:.2g}% for each 1%"
