"""Which points are worth a look: not beaten in every metric at once by another one? And where does it bend?

A point is *dominated* if another is at least as good in every metric and better in one. The front is
what is not dominated; points that are equal in every metric stand or fall together. Points with an
unknown metric (failed, or a chip without costs) are excluded and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.errors import UsageError
from accelsim.explore.knee import knee
from accelsim.explore.metrics import Metric, metric
from accelsim.explore.points import Points, points_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Front:
    """The points that no other dominates.

    Parameters
    ----------
    points : Points
        All of them.
    metrics : tuple of Metric
        What they were judged by.
    places : tuple of int
        Rows on the front, the best in the first metric first.
    dominated : tuple of int
        Rows that another dominates.
    excluded : tuple of int
        Rows with an unknown metric.
    """

    points: Points
    metrics: tuple[Metric, ...]
    places: tuple[int, ...]
    dominated: tuple[int, ...]
    excluded: tuple[int, ...]

    plot = Accessor("accelsim.report.plots:FrontPlots")

    @property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """The rows on the front, the best in the first metric first."""
        return tuple(self.points.rows[place] for place in self.places)

    def values(self, places: Sequence[int]) -> Floats:
        """Return the metrics of some rows, one column each, in their own units."""
        import numpy as np

        return np.column_stack([self.points.numbers(one.name)[list(places)] for one in self.metrics])

    def knee(self, log: bool | None = None) -> int | None:
        """Return the row where the front bends most; None where it has no bend (`accelsim.explore.knee.knee`)."""
        import numpy as np

        values = self.values(self.places)
        signs = np.array([1.0 if one.better == "min" else -1.0 for one in self.metrics])
        place = knee(values, signs, log)
        return None if place is None else self.places[place]

    def to_frame(self) -> pd.DataFrame:
        """Return the front as a pandas table in its order, with the rows' numbers as index and ``knee`` marked."""
        frame = self.points.to_frame().iloc[list(self.places)]
        bend = self.knee()
        return frame.assign(knee=[place == bend for place in self.places])

    def __repr__(self) -> str:
        by = ", ".join(f"{one.better} {one.name}" for one in self.metrics)
        text = f"Pareto front by {by}: {len(self.places)} of {len(self.points)} points"
        if self.excluded:
            text += f", {len(self.excluded)} excluded (failed or unknown)"
        bend = self.knee()
        return text + (f"; knee at {self.points.label(bend)}" if bend is not None else "")


def pareto(points: Any, metrics: Sequence[str | Metric | tuple[str, str]] = ("energy_pj", "latency_s")) -> Front:
    """Return the Pareto front of points.

    Parameters
    ----------
    points : DataFrame, records, Comparison or SweepResult
    metrics : sequence of str
        One or more columns, each "min:" or "max:" before its name where the usual direction is not meant.

    Raises
    ------
    UsageError
        There is no metric, or one is given twice.
    InputError
        A metric is no column, or holds no numbers.
    """
    import numpy as np

    table = points_of(points)
    named = [metrics] if isinstance(metrics, str | Metric) else list(metrics)
    chosen = tuple(metric(one, table.columns) for one in named)
    if not chosen or len({one.name for one in chosen}) < len(chosen):
        raise UsageError(
            f"a front must have at least one metric, each once; got {', '.join(map(str, named)) or 'none'}."
        )
    values = np.column_stack([table.numbers(one.name) * (1 if one.better == "min" else -1) for one in chosen])
    known = ~np.isnan(values).any(axis=1)
    rows = np.flatnonzero(known)
    on = efficient(values[rows])
    front = rows[on]
    order = np.lexsort((front, *values[front].T[::-1]))
    return Front(
        table,
        chosen,
        tuple(int(place) for place in front[order]),
        tuple(int(place) for place in rows[~on]),
        tuple(int(place) for place in np.flatnonzero(~known)),
    )


def efficient(costs: Floats) -> Flags:
    """Return which rows no other row dominates, all columns being better when smaller.

    Parameters
    ----------
    costs : array of shape (points, metrics)
        No NaN.

    Notes
    -----
    Sorting makes it O(n log n) for one and two metrics. For more, each row that survives removes all that it
    dominates in one vectorized step, O(n x front).
    """
    import numpy as np

    if len(costs) == 0:
        return np.zeros(0, dtype=bool)
    order = np.lexsort(costs.T[::-1])
    sorted_ = costs[order]
    new = np.concatenate([[True], (sorted_[1:] != sorted_[:-1]).any(axis=1)])
    distinct = sorted_[new]
    own = _efficient_pairs(distinct) if costs.shape[1] <= 2 else _efficient_many(distinct)
    found = np.empty(len(costs), dtype=bool)
    found[order] = own[np.cumsum(new) - 1]
    return found


def _efficient_pairs(distinct: Floats) -> Flags:
    """Rows are distinct and sorted by the first column, then the second: the second must fall below all before."""
    import numpy as np

    last = distinct[:, -1]
    if distinct.shape[1] == 1:
        first: Flags = last == last[0]
        return first
    before = np.concatenate([[np.inf], np.minimum.accumulate(last)[:-1]])
    found: Flags = last < before
    found[0] = True
    return found


def _efficient_many(distinct: Floats) -> Flags:
    """Rows are distinct and sorted, so none is dominated by a later one: each survivor removes what follows it."""
    import numpy as np

    left = np.arange(len(distinct))
    found = np.zeros(len(distinct), dtype=bool)
    while len(left):
        first = left[0]
        found[first] = True
        left = left[1:]
        left = left[(distinct[left] < distinct[first]).any(axis=1)]
    return found
