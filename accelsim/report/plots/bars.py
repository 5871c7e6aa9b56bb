"""How are energies drawn as stacked bars? From the facts of `accelsim.report.facts.bars`."""

from __future__ import annotations

from accelsim.explore.compare import Comparison
from accelsim.report.facts.bars import Bars, breakdown_bars, comparison_bars, energy_bars
from accelsim.report.style import INK, Chart, bare, framed, legend, look
from accelsim.simulation.result import Result

LABEL_ROOM, SHORT_ROOM = 1.62, 1.16
"""Length of the axis relative to the longest bar: room for what stands behind it."""
SEEN = 0.002
"""Share of the longest bar below which a part cannot be seen, and is not in the legend."""


def comparison_figure(comparison: Comparison) -> Chart:
    """Return the energy of every scheme as stacked bars with its ratios to the reference."""
    return draw_bars(comparison_bars(comparison), LABEL_ROOM)


def breakdown_figure(result: Result) -> Chart:
    """Return the energy of the costliest layers as stacked bars."""
    return draw_bars(breakdown_bars(result), SHORT_ROOM)


def energy_figure(result: Result, by: str = "layer") -> Chart:
    """Return the energy of a result as stacked bars by "layer", "level" or "operand"."""
    return draw_bars(energy_bars(result, by), SHORT_ROOM if by == "layer" else 1.3)


def draw_bars(facts: Bars, room: float) -> Chart:
    """Return stacked horizontal bars; ``room`` is the length of the axis relative to the longest bar."""
    figure = framed(9.0, 1.05 + 0.36 * len(facts.names), facts.title, facts.note)
    axes = figure.subplots()
    places = range(len(facts.names))
    left = [0.0] * len(facts.names)
    for part, values in facts.parts.items():
        color, hatch = look(part, facts.levels)
        axes.barh(
            places, values, left=left, height=0.66, color=color, hatch=hatch, edgecolor="white", linewidth=0.6,
            label=part if max(values) > SEEN * max(facts.totals) else f"_{part}",
        )  # fmt: skip
        left = [before + value for before, value in zip(left, values, strict=True)]
    longest = max(left)
    for place, (end, label) in enumerate(zip(left, facts.labels, strict=True)):
        axes.text(end + longest * 0.012, place, label, va="center", ha="left", fontsize=9, color=INK)
    axes.set_yticks(list(places), facts.names)
    axes.set_ylim(len(facts.names) - 0.45, -0.55)
    axes.set_xlim(0, longest * room)
    axes.set_xlabel(f"{facts.quantity} ({facts.unit})", loc="left")
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= longest])
    bare(axes, "top", "right", "left")
    axes.spines["bottom"].set_bounds(0, longest)
    axes.tick_params(axis="y", length=0)
    legend(figure)
    return figure
