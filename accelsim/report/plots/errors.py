"""How is quantization error drawn? One line per format over the layers, from `accelsim.report.facts.errors`."""

from __future__ import annotations

from collections.abc import Callable

from accelsim.quantization.error_table import ErrorTable
from accelsim.report.facts.errors import ErrorLines, error_lines
from accelsim.report.style import DASHES, INK, MARKERS, PALETTE, Chart, bare, framed, legend

NAMED_UP_TO = 24
"""Layers up to which each is named on the axis."""


class ErrorPlots:
    """The plots of an error table: ``table.plot()``, ``table.plot.layers("activations")``."""

    def __init__(self, table: ErrorTable) -> None:
        self._table = table

    def layers(self, role: str = "weights") -> Chart:
        """Return signal over noise by layer and format, of the "weights" or the "activations"."""
        return error_figure(self._table, role)

    __call__: Callable[..., Chart] = layers


def error_figure(table: ErrorTable, role: str = "weights") -> Chart:
    """Return signal over noise by layer and format."""
    return draw_errors(error_lines(table, role))


def draw_errors(facts: ErrorLines) -> Chart:
    """Return one line per format, the lowest point marked."""
    named = len(facts.layers) <= NAMED_UP_TO
    figure = framed(9.0, 4.2 if named else 3.6, facts.title, facts.note)
    axes = figure.subplots()
    for number, (name, values) in enumerate(facts.series.items()):
        again = number % len(PALETTE)
        axes.plot(
            range(len(values)), values, color=PALETTE[again], marker=MARKERS[again], markersize=4, linewidth=1.2,
            linestyle=DASHES[number % len(DASHES)], label=name,
        )  # fmt: skip
    if facts.worst is not None:
        name, place = facts.worst
        axes.plot(place, facts.series[name][place], marker="o", markersize=11, fillstyle="none", color=INK)
    if named:
        axes.set_xticks(range(len(facts.layers)), facts.layers, rotation=45, ha="right", fontsize=8)
    axes.set_xlabel("layer" if named else "layer, in order")
    axes.set_ylabel("signal over quantization noise (dB)")
    axes.grid(True, axis="y", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    bare(axes)
    legend(figure)
    return figure
