"""How is a metric over two parameters drawn? Cells in colors, numbers in them, the best framed, failed ones hatched."""

from __future__ import annotations

from math import isnan
from typing import Any

from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle

from accelsim.explore.metrics import Metric
from accelsim.report.facts.heat import Heat, heat_map
from accelsim.report.plots.scales import engineered, log_axis, tick
from accelsim.report.style import FAINT, INK, Chart, framed

NUMBERS_UP_TO = 240
"""Cells up to which each has its number."""


def heat_figure(points: Any, x: str | None = None, y: str | None = None, of: str | Metric = "energy_pj") -> Chart:
    """Return a metric of the points of a sweep over two of its parameters."""
    return draw_heat(heat_map(points, x, y, of))


def draw_heat(facts: Heat) -> Chart:
    """Return the grid with its color bar."""
    columns, rows = len(facts.xs), len(facts.ys)
    figure = framed(
        max(5.5, min(2.6 + 0.62 * columns, 14)), max(2.4, min(1.2 + 0.4 * rows, 12)), facts.title, facts.note
    )
    axes = figure.subplots()
    values = [value for row in facts.cells for value in row if not isnan(value)]
    low, high = min(values), max(values)
    norm = LogNorm(low, high) if facts.log else Normalize(low, high if high > low else low + 1)
    colors = "cividis_r" if facts.metric.better == "min" else "cividis"
    image = axes.imshow(facts.cells, cmap=colors, norm=norm, aspect="auto", origin="lower")
    for row, column in facts.failed:
        axes.add_patch(_cell(row, column, facecolor="#f2f2f2", edgecolor=FAINT, hatch="xxx", linewidth=0.0))
    if columns * rows <= NUMBERS_UP_TO:
        _numbers(facts, axes, image)
    axes.add_patch(_cell(*facts.best, fill=False, edgecolor="#D55E00", linewidth=2.5))
    axes.set_xticks(range(columns), facts.xs, rotation=0 if max(map(len, facts.xs)) * columns < 70 else 45, fontsize=9)
    axes.set_yticks(range(rows), facts.ys, fontsize=9)
    axes.set_xlabel(facts.x)
    axes.set_ylabel(facts.y)
    unit = f" ({facts.unit})" if facts.unit else ""
    bar = figure.colorbar(image, ax=axes, label=f"{facts.metric.words}{unit}{', logarithmic' if facts.log else ''}")
    if facts.log:
        log_axis(bar.ax.yaxis, low, high)
    else:
        bar.ax.yaxis.set_major_formatter(engineered(""))
    return figure


def _cell(row: int, column: int, **look: Any) -> Rectangle:
    return Rectangle((column - 0.5, row - 0.5), 1, 1, **look)


def _numbers(facts: Heat, axes: Any, image: Any) -> None:
    """Write each cell's number in black or white, whichever stands out."""
    for row, cells in enumerate(facts.cells):
        for column, value in enumerate(cells):
            if isnan(value):
                continue
            red, green, blue, _ = image.cmap(image.norm(value))
            dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45
            best = (row, column) == facts.best
            axes.text(
                column, row, tick(value), ha="center", va="center", fontsize=8, color="white" if dark else INK,
                fontweight="bold" if best else "normal",
            )  # fmt: skip
