"""What does a plot of a Pareto front say? The points on it by name, the dominated ones, and the knee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from accelsim.errors import InputError, UsageError
from accelsim.explore.metrics import Metric
from accelsim.explore.pareto import Front
from accelsim.report.facts.common import scaled

WIDE = 10.0
"""Ratio of the largest to the smallest value from which an axis is logarithmic."""


@dataclass(frozen=True)
class FrontFacts:
    """Points over two metrics.

    Parameters
    ----------
    title : str
        The finding.
    x, y : Metric
    units : (str, str)
        Of the two axes.
    on : tuple of (name, x, y)
        The front, the best in ``x`` first.
    off : tuple of (x, y)
        Dominated points.
    knee : int or None
        Place in ``on``.
    log : (bool, bool)
    excluded : int
        Points with an unknown metric.
    note : str
    """

    title: str
    x: Metric
    y: Metric
    units: tuple[str, str]
    on: tuple[tuple[str, float, float], ...]
    off: tuple[tuple[float, float], ...]
    knee: int | None
    log: tuple[bool, bool]
    excluded: int
    note: str = ""


def front_facts(front: Front, names: Sequence[str] | None = None, heading: str = "") -> FrontFacts:
    """Return a front over its first two metrics as it is drawn.

    Parameters
    ----------
    front : Front
    names : sequence of str, optional
        What every point is called; by default what varies among the points.
    heading : str
        What the points are of, before the finding.

    Raises
    ------
    UsageError
        The front has fewer than two metrics.
    InputError
        No point has both metrics.
    """
    if len(front.metrics) < 2:
        raise UsageError("a plot of a front needs two metrics.")
    if not front.places:
        raise InputError(f"no point has both {front.metrics[0].name} and {front.metrics[1].name}; nothing to draw.")
    x, y = front.metrics[:2]
    on, off = front.values(front.places)[:, :2], front.values(front.dominated)[:, :2]
    finite = [[value for value in (*on[:, side], *off[:, side]) if isfinite(value)] for side in (0, 1)]
    scales = [
        scaled(max(map(abs, own)), one.unit) if one.unit else ("", 1.0) for own, one in zip(finite, (x, y), strict=True)
    ]
    factors = scales[0][1], scales[1][1]
    bend = front.knee()
    called = [front.points.label(place) if names is None else names[place] for place in front.places]
    log = tuple(min(own) > 0 and max(own) / min(own) >= WIDE for own in finite)
    return FrontFacts(
        (heading or front.points.subject) + _title(front, called, bend), x, y, (scales[0][0], scales[1][0]),
        tuple((name, float(a) * factors[0], float(b) * factors[1]) for name, (a, b) in zip(called, on, strict=True)),
        tuple((float(a) * factors[0], float(b) * factors[1]) for a, b in off),
        None if bend is None else front.places.index(bend), (log[0], log[1]), len(front.excluded), _note(front),
    )  # fmt: skip


def _title(front: Front, called: Sequence[str], bend: int | None) -> str:
    x, y = front.metrics[:2]
    total = len(front.places) + len(front.dominated)
    if len(front.places) == 1:
        return f"{called[0]} is best in both {x.words} and {y.words}"
    found = f"{len(front.places)} of {total} points are worth a look for {x.words} and {y.words}"
    return found if bend is None else f"{found}; the front bends at {called[front.places.index(bend)]}"


def _note(front: Front) -> str:
    texts = [
        f"{len(front.places) + len(front.dominated)} points; pale: dominated, worse in one metric and better in none."
    ]
    if len(front.metrics) > 2:
        texts.append(f"The front is by {', '.join(one.name for one in front.metrics)}.")
    if front.excluded:
        texts.append(f"{len(front.excluded)} failed or unknown, not shown.")
    return " ".join(texts)
