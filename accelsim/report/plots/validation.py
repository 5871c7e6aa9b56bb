"""How is a validation drawn? Predicted against measured, and beside it their ratio, one lane a comparison."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from accelsim.report.facts.validation import Lane, ValidationScatter, validation_scatter
from accelsim.report.plots.scales import log_axis
from accelsim.report.style import INK, MARKERS, PALETTE, Chart, bare, framed, legend
from accelsim.validation.validate import Validation

BAND_ALPHA = 0.25
RATIOS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
COARSE = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Ratios that may be numbered on an axis; the coarse ones alone where there are more than `MOST_MARKS`."""

MOST_MARKS = 9


class ValidationPlots:
    """The plot of a validation: ``found.plot()``."""

    def __init__(self, found: Validation) -> None:
        self._found = found

    def scatter(self) -> Chart:
        """Return predicted against measured."""
        return validation_figure(self._found)

    __call__: Callable[..., Chart] = scatter


def validation_figure(found: Validation) -> Chart:
    """Return predicted against measured, with the bands of the bounds."""
    return draw_validation(validation_scatter(found))


def draw_validation(facts: ValidationScatter) -> Chart:
    """Return the scatter on the left and the ratios on the right."""
    looks = {study: number for number, study in enumerate(facts.studies)}
    figure = framed(9.5, max(4.2, 0.24 * len(facts.lanes) + 1.2), facts.title, facts.note)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    _scatter(left, facts, looks)
    _ratios(right, facts, looks)
    legend(figure, [_key(study, number) for study, number in looks.items()])
    return figure


def _key(study: str, number: int) -> Line2D:
    color, marker = _look(number)
    return Line2D([], [], color=color, marker=marker, markersize=5, linestyle="none", label=study)


def _look(number: int) -> tuple[str, str]:
    return PALETTE[number % len(PALETTE)], MARKERS[(number + number // len(PALETTE)) % len(MARKERS)]


def _scatter(axes: Axes, facts: ValidationScatter, looks: dict[str, int]) -> None:
    """Every row where it was measured and predicted, each in its comparison's unit; a bar where its bound lies."""
    values = [value for lane in facts.lanes for dot in lane.dots for value in (dot.measured, dot.predicted)]
    low, high = min(values) / 2, max(values) * 2
    axes.plot([low, high], [low, high], color=INK, linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    for lane in facts.lanes:
        color, marker = _look(looks[lane.study])
        judged = [dot.measured for dot in lane.dots if dot.role == "judged"]
        if lane.low is not None and lane.high is not None and judged:
            bottom = [max(measured * lane.low, low) for measured in judged]
            top = [measured * lane.high for measured in judged]
            axes.vlines(judged, bottom, top, color=color, linewidth=4, alpha=BAND_ALPHA)
        for dot in lane.dots:
            filled = color if dot.role == "judged" else "none"
            axes.plot(dot.measured, dot.predicted, marker=marker, markersize=4, color=color, markerfacecolor=filled)
    units = dict.fromkeys(lane.unit for lane in facts.lanes)
    unit = next(iter(units)) if len(units) == 1 else "each in its own unit"
    axes.set_xlabel(f"measured ({unit})")
    axes.set_ylabel(f"predicted ({unit})")
    log_axis(axes.xaxis, low, high)
    log_axis(axes.yaxis, low, high)
    bare(axes)


def _ratios(axes: Axes, facts: ValidationScatter, looks: dict[str, int]) -> None:
    """Predicted / measured, one lane a comparison, its band shaded."""
    axes.axvline(1.0, color=INK, linewidth=0.8)
    ratios = [dot.ratio for lane in facts.lanes for dot in lane.dots]
    bands = [value for lane in facts.lanes for value in (lane.low, lane.high) if value]
    low, high = min(*ratios, *bands, 0.8) / 1.1, max(*ratios, *bands, 1.25) * 1.1
    for place, lane in enumerate(facts.lanes):
        _lane(axes, place, lane, looks[lane.study], low)
    axes.set(xscale="log", xlim=(low, high), xlabel="predicted / measured", ylim=(len(facts.lanes) - 0.5, -0.5))
    marks = _marks(low, high)
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(len(facts.lanes)), [lane.name for lane in facts.lanes], fontsize=7)
    axes.tick_params(axis="y", length=0)
    bare(axes, "top", "right", "left")


def _marks(low: float, high: float) -> list[float]:
    """The ratios that are numbered: about six of the round ones."""
    inside = [mark for mark in RATIOS if low <= mark <= high]
    few = [mark for mark in inside if mark in COARSE]
    return inside if len(inside) <= MOST_MARKS else few


def _lane(axes: Axes, place: int, lane: Lane, number: int, least: float) -> None:
    color, marker = _look(number)
    if lane.low is not None and lane.high is not None:
        start = max(lane.low, least)
        axes.barh(place, lane.high - start, left=start, height=0.7, color=color, alpha=BAND_ALPHA, linewidth=0)
    for dot in lane.dots:
        filled = color if dot.role == "judged" else "none"
        axes.plot(dot.ratio, place, marker=marker, markersize=4, color=color, markerfacecolor=filled)
