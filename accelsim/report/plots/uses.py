"""How are the uses of a fetched weight drawn? One row per layer, one marker per batch, and the balance point."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from accelsim.report.facts.uses import Uses, weight_uses
from accelsim.report.plots.scales import log_axis
from accelsim.report.style import DASHES, FAINT, MARKERS, PALETTE, Chart, bare, framed, legend
from accelsim.simulation.result import Result


def uses_figure(results: Sequence[Result]) -> Chart:
    """Return the MACs per weight read from the outermost memory, of one model at one or several batches."""
    return draw_uses(weight_uses(results))


def draw_uses(facts: Uses) -> Chart:
    """Return a dot plot on a logarithmic axis; layers whose weights stay on chip stand at the right edge."""
    figure = framed(8.5, 1.1 + 0.2 * len(facts.names), facts.title, _note(facts))
    axes = figure.subplots()
    finite = [value for values in facts.series.values() for value in values if isfinite(value)]
    scale = [*finite, *facts.balance.values()] or [1.0]
    low, high = min(scale) / 2, max(scale) * 2
    edge = high * 1.6
    rows = range(len(facts.names))
    for row in rows:
        axes.axhline(row, color="#eeeeee", linewidth=0.6, zorder=0)
    for number, (name, values) in enumerate(facts.series.items()):
        look: dict[str, Any] = {"color": PALETTE[3 * number % 8], "marker": MARKERS[number % len(MARKERS)]}
        shown = [value if isfinite(value) else edge for value in values]
        axes.plot(
            shown, rows, linestyle="", markersize=6, label=name, markerfacecolor="white" if number else None, **look
        )
    for number, value in enumerate(dict.fromkeys(facts.balance.values())):
        axes.axvline(
            value, color=FAINT, linestyle=DASHES[1 + number % 4], linewidth=1, label="balance" if not number else None
        )
    axes.set_xscale("log")
    axes.set_xlim(low, edge * 1.3)
    log_axis(axes.xaxis, low, edge * 1.3)
    axes.set_yticks(rows, facts.names, fontsize=8)
    axes.set_ylim(len(facts.names) - 0.4, -0.6)
    axes.set_xlabel(f"MACs per weight read from {facts.level}")
    bare(axes, "top", "right", "left")
    axes.tick_params(axis="y", length=0)
    legend(figure)
    return figure


def _note(facts: Uses) -> str:
    parts = [facts.note]
    if facts.balance:
        parts.append("Right of the balance multiplying takes longer than fetching the weights.")
    if facts.shown < facts.layers:
        parts.append(f"The {facts.shown} slowest of {facts.layers} layers with weights.")
    if any(not isfinite(value) for values in facts.series.values() for value in values):
        parts.append("At the right edge: weights that are never fetched, because they stay on chip.")
    return " ".join(parts)
