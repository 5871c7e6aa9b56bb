"""How is memory over layers drawn? One stacked area per layer from the facts of `accelsim.report.facts.memory`."""

from __future__ import annotations

from collections.abc import Callable

from accelsim.report.facts.memory import MemoryOverLayers, memory_over_layers
from accelsim.report.style import INK, PALETTE, Chart, bare, framed, legend
from accelsim.simulation.memory_table import MemoryTable

HATCHES = ("", "///")


class MemoryPlots:
    """The plots of a memory table: ``table.plot()``, ``table.plot.layers("int8")``."""

    def __init__(self, table: MemoryTable) -> None:
        self._table = table

    def layers(self, scheme: str | None = None) -> Chart:
        """Return activations alive over the layers in one scheme."""
        return memory_figure(self._table, scheme)

    __call__: Callable[..., Chart] = layers


def memory_figure(table: MemoryTable, scheme: str | None = None) -> Chart:
    """Return the activations alive over the layers in one scheme, by default the table's first."""
    return draw_memory(memory_over_layers(table, scheme))


def draw_memory(facts: MemoryOverLayers) -> Chart:
    """Return stacked steps, one per layer, with the room of the chip and the peak marked."""
    figure = framed(9.0, 3.9, facts.title, facts.note)
    axes = figure.subplots()
    edges = [place - 0.5 for place in range(len(facts.names) + 1)]
    base = [0.0] * len(facts.names)
    for number, (part, values) in enumerate(facts.parts.items()):
        top = [below + value for below, value in zip(base, values, strict=True)]
        axes.stairs(
            top, edges, baseline=base, fill=True, color=PALETTE[number], hatch=HATCHES[number], edgecolor="white",
            linewidth=0.4, label=part,
        )  # fmt: skip
        base = top
    most = facts.totals[facts.peak]
    if facts.room is not None and facts.room < 4 * most:
        label = f"room for whole tensors in {facts.level}"
        axes.axhline(facts.room, color=INK, linestyle="--", linewidth=1, label=label)
    axes.annotate(
        facts.names[facts.peak], (facts.peak, most), textcoords="offset points", xytext=(4, 4), fontsize=8, color=INK
    )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, max(most, facts.room if facts.room is not None and facts.room < 4 * most else 0) * 1.15)
    axes.set_xlabel("layer, in order of execution")
    axes.set_ylabel(f"activations alive ({facts.unit})")
    bare(axes)
    legend(figure)
    return figure
