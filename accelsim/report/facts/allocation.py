"""What does the plot of an allocation say? Bits of every layer, and its shares of cost and error, before drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.quantization.allocation.allocation import AllocatedLayer, Allocation
from accelsim.quantization.allocation.budget import amount
from accelsim.report.facts.common import model_of, setting
from accelsim.report.tables import joules
from accelsim.units import engineering

WORDS = {"energy_pj": "energy", "latency_s": "time", "error": "error", "weight_bytes": "weights"}


@dataclass(frozen=True)
class BitsPerLayer:
    """An allocation over the layers that have weights.

    Parameters
    ----------
    title : str
        The finding.
    names : tuple of str
        Layers with weights, in execution order, with their repeats.
    weights, activations : tuple of float
        Bits of each, scales left out.
    shares : dict of str to tuple of float
        Share of the whole model's cost and error that each layer has, by what it is; 0 to 1.
    note : str
    """

    title: str
    names: tuple[str, ...]
    weights: tuple[float, ...]
    activations: tuple[float, ...]
    shares: Mapping[str, tuple[float, ...]]
    note: str = ""


def bits_per_layer(allocation: Allocation) -> BitsPerLayer:
    """Return an allocation as it is drawn: bits above, shares of energy (of time where unknown) and error below."""
    shown = [one for one in allocation.layers if one.weight]
    bits = allocation.bits
    cost = "energy_pj" if "energy_pj" in allocation.totals else "latency_s"
    return BitsPerLayer(
        _title(allocation, cost),
        tuple(_called(one) for one in shown),
        tuple(float(bits[one.layer.name][0]) for one in shown),
        tuple(float(bits[one.layer.name][1]) for one in shown),
        {WORDS[name]: _shares(allocation, shown, name) for name in (cost, "error")},
        f"On {setting(allocation.result)} Errors: {allocation.errors.source}.",
    )


def _called(one: AllocatedLayer) -> str:
    return f"{one.layer.name} x{one.layer.repeat}" if one.layer.repeat > 1 else one.layer.name


def _shares(allocation: Allocation, shown: list[AllocatedLayer], name: str) -> tuple[float, ...]:
    whole = allocation.totals[name]
    return tuple(one.measures[name] / whole if whole else 0.0 for one in shown)


def _title(allocation: Allocation, cost: str) -> str:
    """The finding: against the dearest uniform scheme."""
    dear = max(allocation.uniform, key=lambda name: allocation.uniform[name][cost], default=None)
    own = allocation.simulated[cost]
    said = joules(own) if cost == "energy_pj" else engineering(own, "s")
    text = f"{model_of(allocation.result)}: {said}, error {amount(allocation.totals['error'], 'error')}"
    if dear is None or not own:
        return text
    ratio = allocation.uniform[dear][cost] / own
    return f"{text}: {ratio:.2f}x less {WORDS[cost]} than {dear} throughout" if ratio >= 1 else text
