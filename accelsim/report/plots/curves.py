"""How are curves over bits drawn? One panel per quantity, one line per family of schemes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelsim.report.facts.curves import Curves, bit_curves
from accelsim.report.style import MARKERS, PALETTE, Chart, bare, framed, legend
from accelsim.simulation.result import Result

DASHED: tuple[Any, ...] = ("-", "--")
WORDS = {
    "weight-only": "weights alone stored low, multiplied in fp16",
    "native": "both operands stored and multiplied low",
}


def bits_figure(results: Mapping[str, Result]) -> Chart:
    """Return energy, time and traffic over bits, from results by scheme (`accelsim.report.facts.bit_schemes`)."""
    return draw_curves(bit_curves(results))


def draw_curves(facts: Curves) -> Chart:
    """Return the panels beside each other, each from 0."""
    figure = framed(3.2 * len(facts.panels) + 0.4, 3.4, facts.title, _note(facts))
    panels = figure.subplots(1, len(facts.panels), squeeze=False)[0]
    for axes, panel in zip(panels, facts.panels, strict=True):
        top = 0.0
        for number, values in enumerate(panel.values.values()):
            there = [(bits, value) for bits, value in zip(facts.bits, values, strict=True) if value is not None]
            axes.plot(
                [bits for bits, _ in there], [value for _, value in there], color=PALETTE[3 * number],
                marker=MARKERS[number], linestyle=DASHED[number], markersize=6,
                markerfacecolor="white" if number else None,
            )  # fmt: skip
            top = max([top, *(value for _, value in there)])
        axes.set_ylim(0, top * 1.08)
        axes.set_xticks(facts.bits)
        axes.set_xlim(min(facts.bits) - 0.8, max(facts.bits) + 0.8)
        axes.tick_params(labelsize=8)
        axes.set_xlabel("bits of a number")
        axes.set_ylabel(f"{panel.quantity} ({panel.unit})")
        axes.grid(True, axis="y", color="#e5e5e5", linewidth=0.6)
        axes.set_axisbelow(True)
        bare(axes)
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=PALETTE[3 * number], marker=MARKERS[number], linestyle=DASHED[number],
               markerfacecolor="white" if number else None, label=WORDS.get(family, family))
        for number, family in enumerate(facts.schemes)
        if any(facts.schemes[family])
    ]  # fmt: skip
    legend(figure, handles)
    return figure


def _note(facts: Curves) -> str:
    left = f" Not run by this chip: {', '.join(facts.left_out)}." if facts.left_out else ""
    wide = f" Multiplied in a wider format that the chip has: {', '.join(facts.widened)}." if facts.widened else ""
    return f"{facts.note}{wide}{left}"
