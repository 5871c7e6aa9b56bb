"""How is sensitivity drawn? Layers alone above, the error that travels below, from the facts of the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from accelsim.quantization.sensitivity.result import Sensitivity
from accelsim.report.facts.sensitivity import SensitivityLines, sensitivity_lines
from accelsim.report.style import DASHES, INK, MARKERS, PALETTE, Chart, bare, framed, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED_UP_TO = 32
"""Layers up to which each is named on the axis."""


class SensitivityPlots:
    """The plot of a sensitivity: ``found.plot()``."""

    def __init__(self, found: Sensitivity) -> None:
        self._found = found

    def layers(self) -> Chart:
        """Return signal over noise by layer: of the answer with one quantized, and after each with all."""
        return sensitivity_figure(self._found)

    __call__: Callable[..., Chart] = layers


def sensitivity_figure(found: Sensitivity) -> Chart:
    """Return signal over noise by layer, alone and with all quantized."""
    return draw_sensitivity(sensitivity_lines(found))


def draw_sensitivity(facts: SensitivityLines) -> Chart:
    """Return two charts over the layers, one line per scheme, the most delicate layer marked."""
    figure = framed(9.0, 5.6, facts.title, facts.note)
    upper, lower = figure.subplots(2, 1, sharex=True)
    _lines(upper, facts.alone, "output, one layer\nquantized (dB)")
    _lines(lower, facts.travel, "after the layer,\nall quantized (dB)")
    if facts.worst is not None:
        asked, place = facts.worst
        upper.plot(place, facts.alone[asked][place], marker="o", markersize=11, fillstyle="none", color=INK)
    named = len(facts.layers) <= NAMED_UP_TO
    if named:
        lower.set_xticks(range(len(facts.layers)), facts.layers, rotation=45, ha="right", fontsize=8)
    lower.set_xlabel("layer, in order of execution")
    legend(figure, upper.get_lines()[: len(facts.alone)])
    return figure


def _lines(axes: Axes, series: Mapping[str, tuple[float, ...]], label: str) -> None:
    for number, (name, values) in enumerate(series.items()):
        again = number % len(PALETTE)
        axes.plot(
            range(len(values)), values, color=PALETTE[again], marker=MARKERS[number % len(MARKERS)], markersize=4,
            linewidth=1.2, linestyle=DASHES[number % len(DASHES)], label=name,
        )  # fmt: skip
    axes.set_ylabel(label)
    axes.grid(True, axis="y", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    bare(axes)
