"""Which plots hang on a result, a comparison and a sweep? ``result.plot.roofline()``, ``comparison.plot.pareto()``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from accelsim.explore.compare import Comparison
from accelsim.explore.metrics import Metric
from accelsim.explore.pareto import pareto
from accelsim.report.plots.bars import comparison_figure, energy_figure
from accelsim.report.plots.front import front_figure
from accelsim.report.plots.heat import heat_figure
from accelsim.report.plots.roofline import roofline_figure
from accelsim.report.plots.timeline import timeline_figure
from accelsim.report.plots.uses import uses_figure
from accelsim.report.style import Chart
from accelsim.simulation.result import Result


class ResultPlots:
    """The plots of one result: ``result.plot.breakdown()``, ``result.plot.roofline()``."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def breakdown(self, by: str = "layer") -> Chart:
        """Return energy as stacked bars by "layer", "level" or "operand"."""
        return energy_figure(self._result, by)

    def roofline(self) -> Chart:
        """Return the layers under the chip's roofline."""
        return roofline_figure(self._result)

    def timeline(self) -> Chart:
        """Return the layers over time, and how busy each resource is."""
        return timeline_figure(self._result)

    def uses(self) -> Chart:
        """Return how often each layer uses a fetched weight."""
        return uses_figure([self._result])

    __call__: Callable[..., Chart] = breakdown


class ComparisonPlots:
    """The plots of a comparison: ``comparison.plot()``, ``comparison.plot.pareto()``."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def energy(self) -> Chart:
        """Return energy by scheme and part as stacked bars, with ratios."""
        return comparison_figure(self._comparison)

    def roofline(self) -> Chart:
        """Return the layers of every scheme under the chip's roofline."""
        return roofline_figure(*self._comparison.results)

    def pareto(self, metrics: Sequence[str | Metric | tuple[str, str]] = ("energy_pj", "latency_s")) -> Chart:
        """Return the Pareto front of the schemes and chips over two metrics."""
        return front_figure(pareto(self._comparison, metrics))

    __call__: Callable[..., Chart] = energy


class SweepPlots:
    """The plots of a sweep: ``sweep.plot.heat("array.rows", "levels.SRAM.capacity")``, ``sweep.plot.pareto()``."""

    def __init__(self, sweep: Any) -> None:
        self._sweep = sweep

    def heat(self, x: str | None = None, y: str | None = None, of: str | Metric = "energy_pj") -> Chart:
        """Return a metric over two parameters, by default the first two that vary."""
        return heat_figure(self._sweep, x, y, of)

    def pareto(self, metrics: Sequence[str | Metric | tuple[str, str]] = ("energy_pj", "latency_s")) -> Chart:
        """Return the Pareto front over two metrics."""
        return front_figure(pareto(self._sweep, metrics))

    __call__: Callable[..., Chart] = pareto
