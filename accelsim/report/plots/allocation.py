"""How is an allocation drawn? Bits per layer above, shares of cost and error below."""

from __future__ import annotations

from collections.abc import Callable

from accelsim.quantization.allocation.allocation import Allocation
from accelsim.report.facts.allocation import BitsPerLayer, bits_per_layer
from accelsim.report.style import PALETTE, Chart, bare, framed, legend

NAMED = 64
"""Layers beyond which only every second, third ... is named."""


class AllocationPlots:
    """The plot of an allocation: ``allocation.plot()``."""

    def __init__(self, allocation: Allocation) -> None:
        self._allocation = allocation

    def bits(self) -> Chart:
        """Return bits per layer with cost and error."""
        return allocation_figure(self._allocation)

    __call__: Callable[..., Chart] = bits


def allocation_figure(allocation: Allocation) -> Chart:
    """Return bits per layer of an allocation, with shares of cost and error."""
    return draw_allocation(bits_per_layer(allocation))


def draw_allocation(facts: BitsPerLayer) -> Chart:
    """Return two bars per layer above (bits of weights, of activations) and two below (shares of cost, of error)."""
    count = len(facts.names)
    figure = framed(max(6.0, min(0.3 * count + 2.0, 14.0)), 4.8, facts.title, facts.note)
    upper, lower = figure.subplots(2, 1, sharex=True)
    places = range(count)
    looks = zip((PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[3]), ("", "///", "", "\\\\\\"), strict=True)
    series = [
        (upper, "bits of weights", facts.weights), (upper, "bits of activations", facts.activations),
        *((lower, f"share of {name}", values) for name, values in facts.shares.items()),
    ]  # fmt: skip
    handles = []
    for number, ((axes, label, values), (color, hatch)) in enumerate(zip(series, looks, strict=True)):
        at = [place + (-0.2 if number % 2 == 0 else 0.2) for place in places]
        handles.append(
            axes.bar(at, values, 0.4, color=color, hatch=hatch, edgecolor="white", linewidth=0.4, label=label)
        )
    upper.set_ylabel("bits")
    upper.set_yticks(sorted({*facts.weights, *facts.activations}))
    lower.set_ylabel("share of the model")
    lower.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.3g}%")
    step = -(-count // NAMED)
    lower.set_xticks(list(places)[::step], facts.names[::step], rotation=90, fontsize=7)
    lower.set_xlim(-0.6, count - 0.4)
    bare(upper)
    bare(lower)
    legend(figure, handles)
    return figure
