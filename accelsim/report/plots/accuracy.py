"""How is measured accuracy drawn? One panel per network, one line per method over bits, with the spread of seeds."""

from __future__ import annotations

from matplotlib.ticker import PercentFormatter

from accelsim.quantization.training.accuracy_table import AccuracyTable
from accelsim.report.facts.accuracy import AccuracyFacts, AccuracyLines, accuracy_lines
from accelsim.report.style import DASHES, FAINT, MARKERS, PALETTE, Chart, bare, framed, legend

CHANCE = 0.1


class AccuracyPlots:
    """The plot of measured accuracy: ``table.plot()``."""

    def __init__(self, table: AccuracyTable) -> None:
        self._table = table

    def __call__(self) -> Chart:
        """Return accuracy by bits."""
        return accuracy_figure(self._table)


def accuracy_figure(table: AccuracyTable) -> Chart:
    """Return measured accuracy by bits."""
    return draw_accuracy(accuracy_lines(table))


def draw_accuracy(facts: AccuracyFacts) -> Chart:
    """Return a panel per network from chance to 100%, the float network as a gray band."""
    figure = framed(max(1.2 + 4.0 * len(facts.panels), 7.5), 4.2, facts.title, facts.note)
    grid = figure.subplots(1, len(facts.panels), squeeze=False, sharey=True)[0]
    for axes, panel in zip(grid, facts.panels, strict=True):
        _draw(axes, panel)
    grid[0].set_ylabel("test images named right")
    legend(figure)
    return figure


def _draw(axes: object, panel: AccuracyLines) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    widths = sorted({bits for values in panel.series.values() for bits, *_ in values})
    place = {bits: number for number, bits in enumerate(widths)}
    mean, least, most = panel.whole
    axes.axhspan(least, most, color=FAINT, alpha=0.2, linewidth=0, label="fp32, least to most")
    axes.axhline(mean, color=FAINT, linewidth=0.8)
    axes.axhline(CHANCE, color=FAINT, linewidth=0.8, linestyle=":", label="guessing")
    for number, (name, values) in enumerate(panel.series.items()):
        shift = 0.06 * (number - (len(panel.series) - 1) / 2)
        axes.errorbar(
            [place[bits] + shift for bits, *_ in values], [middle for _, middle, _, _ in values],
            yerr=[[middle - low for _, middle, low, _ in values], [high - middle for _, middle, _, high in values]],
            color=PALETTE[number], marker=MARKERS[number], linestyle=DASHES[number], markersize=5, linewidth=1.2,
            capsize=2.5, label=name,
        )  # fmt: skip
    axes.set_xticks(range(len(widths)), [str(bits) for bits in widths])
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("bits of weights and activations")
    axes.set_title(panel.network, loc="left", fontsize=9)
    axes.grid(True, axis="y", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    bare(axes)
