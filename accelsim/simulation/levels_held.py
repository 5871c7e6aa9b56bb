"""Which memory holds which tensors of a model? Weights, KV cache and whole activations, level by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.hardware.chip import Chip
from accelsim.simulation.lifetimes import moments
from accelsim.simulation.memory import Weights
from accelsim.simulation.residency import Residency
from accelsim.workload.network import Network


@dataclass(frozen=True)
class Held:
    """What one memory holds of a model's whole tensors; tiles that pass through it are not counted.

    Parameters
    ----------
    level : str
    capacity_bytes : float or None
        Of all its instances; None is unbounded.
    weight_bytes, kv_bytes : float
    activation_bytes : float
        The most at once.
    """

    level: str
    capacity_bytes: float | None
    weight_bytes: float
    kv_bytes: float
    activation_bytes: float

    @property
    def bytes(self) -> float:
        """All of it."""
        return self.weight_bytes + self.kv_bytes + self.activation_bytes


def held(
    network: Network,
    chip: Chip,
    residency: Residency,
    output_bits: Mapping[str, float],
    weights: Weights,
    kv_bits: float,
) -> tuple[Held, ...]:
    """Return what the outermost level and the home of whole tensors hold, the outermost first.

    Weights that stay on chip have their place in the outermost level too.
    """
    inside, outside = _most(network, residency, output_bits)
    outermost = chip.outermost
    found = [
        Held(outermost.name, _capacity(chip, outermost.name), weights.stored_bits / 8, kv_bits / 8, outside / 8),
    ]
    if residency.level is not None:
        kept = sum(weights.layers[name][0] for name in residency.kept_weights)
        bits = weights.stored_bits if residency.weights else kept
        found.append(Held(residency.level, _capacity(chip, residency.level), bits / 8, 0.0, inside / 8))
    return tuple(found)


def _capacity(chip: Chip, level: str) -> float | None:
    bits = chip.level(level).capacity_bits
    return None if bits is None else bits * chip.instances(level) / 8


def _most(network: Network, residency: Residency, bits: Mapping[str, float]) -> tuple[float, float]:
    """The most bits of activations at once, on chip and elsewhere."""
    cached = {layer.name for layer in network.layers if layer.output_role == "kv"}
    inside = outside = 0.0
    for moment in moments(network):
        names = [name for name in moment.names if name not in cached]
        here = sum(bits[name] for name in names if name in residency.outputs)
        inside = max(inside, here)
        outside = max(outside, sum(bits[name] for name in names) - here)
    return inside, outside
