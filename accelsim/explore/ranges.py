"""What can a sum of counts times costs be while every cost stays within its range? Exact ends, and random draws.

A sum ``s = sum_j n_j c_j`` of independent costs is least and greatest at the corner of their ranges that the signs
of ``n_j`` give. Costs that are one number (`accelsim.explore.bill.number_of`) have been merged before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.engine.case import Floats
from accelsim.errors import UsageError
from accelsim.explore.spread import check_range, check_spread, quantile, share_below
from accelsim.provenance import Sourced

MAX_DRAWS = 1_000_000


@dataclass(frozen=True, eq=False)
class Ranges:
    """The ranges of some costs, and how each lies within its own.

    Parameters
    ----------
    costs : tuple of Sourced
    labels : tuple of str
    spread : str
        One of `accelsim.explore.spread.SPREADS`.
    unranged : float
        Share by which a cost without a published range may be off, up and down.
    draws : int
    seed : int
        Of the random numbers; the same draws, number by number, under every spread.
    """

    costs: tuple[Sourced, ...]
    labels: tuple[str, ...]
    spread: str
    unranged: float
    draws: int
    seed: int

    def __post_init__(self) -> None:
        check_spread(self.spread)
        if not 0 <= self.unranged < 1:
            raise UsageError(
                f"unranged must be a share of at least 0 and less than 1, such as 0.2; got {self.unranged}."
            )
        if not 1 <= self.draws <= MAX_DRAWS:
            raise UsageError(f"draws must be between 1 and {MAX_DRAWS:,}; got {self.draws}.")
        for place in np.flatnonzero(self.varied):
            check_range(self.spread, float(self.least[place]), self.labels[place])

    @cached_property
    def value(self) -> Floats:
        """The costs as they are."""
        return np.array([cost.value for cost in self.costs])

    @cached_property
    def least(self) -> Floats:
        """The least that each may be."""
        return np.array([cost.least if _published(cost) else cost.value * (1 - self.unranged) for cost in self.costs])

    @cached_property
    def most(self) -> Floats:
        """The most that each may be."""
        return np.array([cost.most if _published(cost) else cost.value * (1 + self.unranged) for cost in self.costs])

    @cached_property
    def varied(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which of them may vary."""
        return np.asarray(self.most > self.least)

    def ends(self, units: Floats) -> tuple[float, float]:
        """Return the least and the greatest sum of units times costs."""
        positive = units > 0
        return (
            float(units @ np.where(positive, self.least, self.most)),
            float(units @ np.where(positive, self.most, self.least)),
        )

    @cached_property
    def drawn(self) -> Floats:
        """Random values of the costs that vary, independent of each other, shape (draws, costs that vary)."""
        places = np.flatnonzero(self.varied)
        shares = np.random.default_rng(self.seed).random((self.draws, len(places)))
        return quantile(self.spread, shares, self.least[places], self.value[places], self.most[places])

    def sums(self, units: Floats) -> Floats:
        """Return the sum of units times costs in every draw, shape (draws,)."""
        fixed = float(units[~self.varied] @ self.value[~self.varied])
        return np.asarray(fixed + self.drawn @ units[self.varied])

    def negative(self, units: Floats) -> Probability:
        """Return how likely the sum of units times costs is below zero: exact where at most one cost decides it."""
        low, high = self.ends(units)
        if high < 0 or low >= 0:
            return Probability(1.0 if high < 0 else 0.0, 0.0, True)
        deciding = np.flatnonzero(self.varied & (units != 0))
        if len(deciding) == 1:
            return self._by_one(units, int(deciding[0]))
        count = int((self.sums(units) < 0).sum())
        share = (count + 1) / (self.draws + 2)
        return Probability(count / self.draws, float(np.sqrt(share * (1 - share) / (self.draws + 2))), False)

    def _by_one(self, units: Floats, place: int) -> Probability:
        others = np.delete(np.arange(len(units)), place)
        turns = -float(units[others] @ self.value[others]) / float(units[place])
        below = share_below(
            self.spread, turns, float(self.least[place]), float(self.value[place]), float(self.most[place])
        )
        return Probability(below if units[place] > 0 else 1 - below, 0.0, True)


@dataclass(frozen=True)
class Probability:
    """How likely something is, the costs being random within their ranges.

    Parameters
    ----------
    value : float
    standard_error : float
        Of the estimate from draws, ``sqrt(p (1 - p) / (n + 2))`` at ``p = (hits + 1) / (n + 2)``, which is never
        zero; 0 where the probability is exact.
    exact : bool
        Whether no draws were needed: the ranges decide alone, or one cost does.
    """

    value: float
    standard_error: float
    exact: bool

    @property
    def text(self) -> str:
        """The probability in words that stand behind "takes less": "always"; "in 97% of draws" where it is drawn."""
        if self.exact and self.value in (0.0, 1.0):
            return "always" if self.value else "never"
        shown = f"{100 * self.value:.0f}%"
        if self.value > 0.995:
            shown = "more than 99%"
        elif self.value < 0.005:
            shown = "less than 1%"
        return f"with probability {shown}" if self.exact else f"in {shown} of draws"


def _published(cost: Sourced) -> bool:
    return cost.most > cost.least


def ranges_of(
    costs: Sequence[Sourced], labels: Sequence[str], spread: str, unranged: float, draws: int, seed: int
) -> Ranges:
    """Return the ranges of some costs; see `Ranges`."""
    return Ranges(tuple(costs), tuple(labels), spread, unranged, draws, seed)
