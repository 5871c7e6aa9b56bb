"""What did a sweep find? One row per point, in the order of the axes, failures with their reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.errors import InputError, did_you_mean
from accelsim.explore.metrics import unit_of
from accelsim.explore.sweep.outcome import Outcome, Value
from accelsim.explore.sweep.point import Point
from accelsim.explore.sweep.question import Sweep
from accelsim.simulation.result import Result

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from accelsim.explore.best import Best
    from accelsim.explore.pareto import Front

STATUS = ("status", "reason")
"""The last columns: "done" or "failed", and why it failed."""


@dataclass(frozen=True, eq=False)
class SweepResult:
    """Outcomes of all points of a sweep.

    Parameters
    ----------
    sweep : Sweep
        What was asked.
    points : tuple of Point
        In the order of the axes, the last of which moves fastest.
    outcomes : tuple of Outcome
        One for each point.
    stored, computed : int
        How many different points came from the store, and how many were computed.
    seconds_s : float
        How long the sweep took, in s.
    """

    sweep: Sweep
    points: tuple[Point, ...]
    outcomes: tuple[Outcome, ...]
    stored: int = 0
    computed: int = 0
    seconds_s: float = 0.0

    plot = Accessor("accelsim.report.plots:SweepPlots")

    def __len__(self) -> int:
        return len(self.points)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the parameters that vary, which are the first columns."""
        return self.sweep.names

    @property
    def fixed(self) -> dict[str, Value]:
        """What all points have in common, by parameter."""
        return {one.name: one.labels[0] for one in self.sweep.fixed}

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, breakdowns last; what an axis states already is left out."""
        names = dict.fromkeys(name for outcome in self.outcomes for name in outcome.metrics)
        flat = [name for name in names if "." not in name]
        return tuple(name for name in [*flat, *(n for n in names if "." in n)] if name not in self.axes)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns: axes, metrics, status and reason."""
        return (*self.axes, *self.metrics, *STATUS)

    @cached_property
    def rows(self) -> tuple[Mapping[str, Value], ...]:
        """One row per point, with every column; None where there is no number."""
        return tuple(self._row(point, outcome) for point, outcome in zip(self.points, self.outcomes, strict=True))

    def _row(self, point: Point, outcome: Outcome) -> dict[str, Value]:
        failure = outcome.failure
        metrics = {name: outcome.metrics.get(name) for name in self.metrics}
        reason = failure.reason if failure is not None else None
        return {**dict(point.values), **metrics, "status": outcome.status, "reason": reason}

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns that have one."""
        found = {name: unit_of(name.partition(".")[0] if name in self.metrics else name) for name in self.columns}
        return {name: unit for name, unit in found.items() if unit}

    @property
    def failures(self) -> tuple[tuple[Point, Outcome], ...]:
        """The points that failed."""
        both = zip(self.points, self.outcomes, strict=True)
        return tuple((point, outcome) for point, outcome in both if outcome.failure is not None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know of any point, each sentence once."""
        return tuple(dict.fromkeys(text for outcome in self.outcomes for text in outcome.warnings))

    @property
    def is_grid(self) -> bool:
        """Whether there is one point for every combination of the axes' values."""
        return len(self) == prod(len(axis) for axis in self.sweep.axes)

    def find(self, **values: Any) -> int:
        """Return the number of the one point with these values: ``find(scheme="int8", **{"array.rows": 8})``.

        Raises
        ------
        InputError
            An axis is unknown, or no point or several have these values.
        """
        for name in values:
            if name not in self.axes:
                hint = did_you_mean(name, self.axes) or f"; they are {', '.join(self.axes) or 'none'}."
                raise InputError(f"{name} is not an axis of the sweep{hint}")
        wanted = values.items()
        found = [number for number, point in enumerate(self.points) if wanted <= dict(point.values).items()]
        if len(found) != 1:
            said = ", ".join(f"{name}={value}" for name, value in wanted) or "no values"
            raise InputError(f"the values must be those of one point; {len(found)} points have {said}.")
        return found[0]

    def estimate(self, number: int) -> Result:
        """Return the full result of a point, estimated again: layers, explanations, sources.

        Raises
        ------
        InputError
            There is no such point, or it could not be set up; the errors of `accelsim.estimate` otherwise.
        """
        if not 0 <= number < len(self):
            raise InputError(f"the number of a point must be from 0 to {len(self) - 1}; got {number}.")
        point = self.points[number]
        if point.job is None:
            raise InputError(point.failure.reason if point.failure else "the point could not be set up.")
        return point.job.estimate()

    def done(self) -> SweepResult:
        """Return the result without the points that failed."""
        kept = [pair for pair in zip(self.points, self.outcomes, strict=True) if pair[1].failure is None]
        points, outcomes = tuple(zip(*kept, strict=True)) if kept else ((), ())
        return SweepResult(self.sweep, points, outcomes, self.stored, self.computed, self.seconds_s)

    def best(self, query: str, constraints: str | Sequence[str] = ()) -> Best:
        """Return the best point of a query such as "latency where average_power_w <= 2"; see `best`."""
        from accelsim.explore.best import best

        return best(self, query, constraints)

    def pareto(self, metrics: Sequence[str | tuple[str, str]] = ("energy_pj", "latency_s")) -> Front:
        """Return the points that no other beats in all of some metrics; see `pareto`."""
        from accelsim.explore.pareto import pareto

        return pareto(self, metrics)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per point as a pandas table; units, axes and what is fixed stand in ``attrs``."""
        from accelsim.explore.sweep.tables import frame

        return frame(self)

    def layers_to_frame(self) -> pd.DataFrame:
        """Return one row per layer and point, for a sweep that was asked for layers; otherwise InputError says so."""
        from accelsim.explore.sweep.tables import layers_frame

        return layers_frame(self)

    def to_xarray(self) -> xr.Dataset:
        """Return the metrics as arrays over the axes, NaN where a point failed (extra ``tables``).

        Parameters that move together share a dimension, named for the first of them.

        Raises
        ------
        UnsupportedError
            xarray is not installed.
        InputError
            Points are missing from the grid of the axes.
        """
        from accelsim.explore.sweep.tables import dataset

        return dataset(self)

    def to_csv(self, path: str | Path | None = None) -> str | Path:
        """Return the table as CSV, or write it to a file, whole or not at all, and return its path."""
        from accelsim.explore.sweep import files

        text = files.csv_text(self)
        return text if path is None else files.write_text(path, text)

    def to_json(self, path: str | Path | None = None) -> str | Path:
        """Return what was asked, the units and the rows as JSON, or write them to a file and return its path."""
        from accelsim.explore.sweep import files

        text = files.json_text(self)
        return text if path is None else files.write_text(path, text)

    def to_parquet(self, path: str | Path) -> Path:
        """Write the table as Parquet (extra ``tables``) and return its path.

        Raises
        ------
        UnsupportedError
            pyarrow is not installed.
        InputError
            The file cannot be written; nothing is left behind.
        """
        from accelsim.explore.sweep import files

        return files.write_parquet(self, path)

    def save(self, path: str | Path) -> Path:
        """Write the table to a file ending in .csv, .json or .parquet."""
        from accelsim.explore.sweep import files

        return files.save(self, path)

    def __repr__(self) -> str:
        from accelsim.explore.sweep.summary import text

        return text(self)

    def _repr_html_(self) -> str:
        from accelsim.explore.sweep.summary import to_html

        return to_html(self)
