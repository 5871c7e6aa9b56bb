"""Which axis matters? How much a metric changes along each, everything else equal."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import geometric_mean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelsim.explore.sweep.result import SweepResult


@dataclass(frozen=True)
class Effect:
    """What an axis does to a metric.

    Parameters
    ----------
    axis : str
    mean, most : float
        Largest over smallest value along the axis, other axes fixed: its geometric mean, and the most.
    """

    axis: str
    mean: float
    most: float


def effects(result: SweepResult, metric: str) -> list[Effect]:
    """Return the effect of every axis on a metric, the strongest first; none of an axis with less than two numbers.

    Failed points and values that are not above 0 are left out.
    """
    found = []
    for axis in result.sweep.axes:
        own = {one.name for one in axis.settings}
        lines: dict[tuple[object, ...], list[float]] = {}
        for point, outcome in zip(result.points, result.outcomes, strict=True):
            value = outcome.metrics.get(metric)
            if isinstance(value, int | float) and value > 0:
                rest = tuple(each for name, each in point.values if name not in own)
                lines.setdefault(rest, []).append(value)
        ratios = [max(line) / min(line) for line in lines.values() if len(line) > 1]
        if ratios:
            found.append(Effect(axis.title, geometric_mean(ratios), max(ratios)))
    return sorted(found, key=lambda effect: -effect.mean)
