"""How is published accuracy drawn? One panel per model and protocol, so that no two protocols share an axis."""

from __future__ import annotations

import textwrap

from accelsim.quantization.published_table import PublishedTable
from accelsim.report.facts.published import PublishedFacts, published_panels
from accelsim.report.plots.labels import label_points
from accelsim.report.style import FAINT, PALETTE, Chart, bare, framed

ACROSS = 3
LETTERS = 46
WIDE = 30.0
"""Ratio of what is lost most to least from which the axis is logarithmic above the least."""


class PublishedPlots:
    """The plot of published accuracy: ``table.plot()``."""

    def __init__(self, table: PublishedTable) -> None:
        self._table = table

    def __call__(self) -> Chart:
        """Return what was lost, over simulated energy where there is one."""
        return published_figure(self._table)


def published_figure(table: PublishedTable) -> Chart:
    """Return published accuracy lost, protocol by protocol."""
    return draw_published(published_panels(table))


def draw_published(facts: PublishedFacts) -> Chart:
    """Return the panels in rows of three, each from zero with its own scale."""
    columns = min(ACROSS, len(facts.panels))
    rows = -(-len(facts.panels) // columns)
    figure = framed(max(3.4 * columns, 6.0), 2.9 * rows, facts.title, facts.note)
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for spare in grid[len(facts.panels) :]:
        spare.set_visible(False)
    for axes, panel in zip(grid, facts.panels, strict=False):
        xs, ys = [x for _, x, _ in panel.points], [y for _, _, y in panel.points]
        axes.plot(xs, ys, linestyle="", marker="o", color=PALETTE[0])
        points = list(panel.points)
        if panel.baseline is not None:
            axes.plot([panel.baseline], [0], linestyle="", marker="s", color=FAINT)
            points.append(("unquantized", panel.baseline, 0.0))
            xs = [*xs, panel.baseline]
        axes.axhline(0, color=FAINT, linewidth=0.8)
        axes.set_xlim(0, 1.15 * max(xs))
        least = min((y for y in ys if y > 0), default=1.0)
        if max(ys) > WIDE * least:
            axes.set_yscale("symlog", linthresh=least)
            axes.set_ylim(min(-least / 2, 2 * min(ys)), 3 * max(ys))
        else:
            axes.set_ylim(min(0, *ys) - 0.12 * max(map(abs, ys)) - 1e-9, 1.25 * max(0, *ys) + 1e-9)
        axes.set_title("\n".join(textwrap.wrap(panel.heading, LETTERS)), loc="left", fontsize=7.5)
        axes.set_xlabel(facts.x, fontsize=8)
        axes.set_ylabel(panel.y, fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(True, color="#e5e5e5", linewidth=0.6)
        axes.set_axisbelow(True)
        bare(axes)
        label_points(figure, axes, points)
    return figure
