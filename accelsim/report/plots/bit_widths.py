"""How are bit-widths drawn side by side? A panel of bars per quantity, one bar per bit-width."""

from __future__ import annotations

from accelsim.explore.bit_widths_table import BitWidths
from accelsim.report.facts.bit_widths import BitWidthFacts, bit_width_bars
from accelsim.report.style import FAINT, INK, PALETTE, Chart, bare, framed

DECADES = 1e7
"""Largest over smallest value of a logarithmic panel; what is smaller has no bar."""


class BitWidthPlots:
    """The plot of bit-widths: ``table.plot()``."""

    def __init__(self, table: BitWidths) -> None:
        self._table = table

    def __call__(self) -> Chart:
        """Return memory, time, energy and error side by side."""
        return bit_widths_figure(self._table)


def bit_widths_figure(table: BitWidths) -> Chart:
    """Return memory, time, energy and error of bit-widths side by side."""
    return draw_bit_widths(bit_width_bars(table))


def draw_bit_widths(facts: BitWidthFacts) -> Chart:
    """Return one panel per quantity; what is not known has no bar and says so."""
    figure = framed(2.7 * len(facts.panels) + 1.4, 2.2 + 0.28 * len(facts.labels), facts.title, facts.note)
    panels = figure.subplots(1, len(facts.panels), squeeze=False, sharey=True)[0]
    rows = range(len(facts.labels))
    for number, (axes, panel) in enumerate(zip(panels, facts.panels, strict=True)):
        known = [value for value in panel.values.values() if value]
        least, most = min(known, default=1.0), max(known, default=1.0)
        left = max(least / 10, most / DECADES) if panel.log else 0.0
        for row, value in zip(rows, panel.values.values(), strict=True):
            if value and value > left:
                axes.barh(row, value - left, left=left, height=0.62, color=PALETTE[number])
            text = f"{value:.3g}" if value is not None else "not known"
            axes.annotate(
                text, (max(value or left, left), row), xytext=(3, 0), textcoords="offset points", va="center",
                fontsize=8, color=INK if value is not None else FAINT,
            )  # fmt: skip
        if panel.log:
            axes.set_xscale("log")
        axes.set_xlim(left, most * (10 ** (0.28 * _decades(left, most)) if panel.log else 1.3))
        axes.set_xlabel(f"{panel.name}{f' ({panel.unit})' if panel.unit else ''}", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.tick_params(axis="y", length=0)
        bare(axes)
    panels[0].set_yticks(rows, facts.labels)
    panels[0].set_ylim(len(facts.labels) - 0.5, -0.5)
    return figure


def _decades(low: float, high: float) -> float:
    from math import log10

    return max(log10(high / low), 0.1)
