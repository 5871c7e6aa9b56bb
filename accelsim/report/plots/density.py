"""How is compute density drawn? One row per chip, one marker per format, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.lines import Line2D

from accelsim.hardware.chip import Chip
from accelsim.report.facts.density import Density, compute_density
from accelsim.report.plots.scales import log_axis
from accelsim.report.style import MARKERS, PALETTE, Chart, bare, framed, legend


def density_figure(chips: Sequence[Chip]) -> Chart:
    """Return the MACs per s and mm2 of chips in every format that they list."""
    return draw_density(compute_density(chips))


def draw_density(facts: Density) -> Chart:
    """Return a dot plot; formats of equal rate stand beside each other."""
    missing = f" Left out, for want of a published area: {', '.join(facts.left_out)}." if facts.left_out else ""
    rows = -(-len(facts.formats) // 6)
    figure = framed(8.5, 1.0 + 0.25 * rows + 0.55 * len(facts.chips), facts.title, facts.note + missing)
    axes = figure.subplots()
    for row, chip in enumerate(facts.chips):
        own = [
            (pair, facts.macs_per_s_mm2[chip, pair]) for pair in facts.formats if (chip, pair) in facts.macs_per_s_mm2
        ]
        for pair, value in own:
            same = [other for other, rate in own if rate == value]
            shift = (same.index(pair) - (len(same) - 1) / 2) * 0.2
            number = facts.formats.index(pair)
            axes.plot(value, row + shift, **_look(number), linestyle="", markersize=8)
    axes.set_xscale("log")
    every = list(facts.macs_per_s_mm2.values())
    axes.set_xlim(min(every) / 2, max(every) * 2)
    log_axis(axes.xaxis, min(every) / 2, max(every) * 2)
    names = [f"{chip} ({node:g} nm)" if node else chip for chip, node in zip(facts.chips, facts.nodes_nm, strict=True)]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("MACs per s and mm$^2$ at peak")
    axes.grid(True, axis="x", which="major", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    bare(axes)
    handles = [Line2D([], [], **_look(number), linestyle="", label=pair) for number, pair in enumerate(facts.formats)]
    legend(figure, handles)
    return figure


def _look(number: int) -> dict[str, Any]:
    again, place = divmod(number, len(PALETTE))
    look = {"color": PALETTE[place], "marker": MARKERS[place]}
    return look if not again else look | {"markerfacecolor": "white"}
