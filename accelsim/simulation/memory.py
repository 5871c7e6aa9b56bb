"""How much memory does a model take: weights, KV cache, and the most activations alive at once?"""

from __future__ import annotations

from accelsim.hardware.chip import Chip
from accelsim.scheme import LayerFormats, Scheme
from accelsim.simulation.residency import Residency
from accelsim.simulation.result import Memory
from accelsim.workload.network import Network


def output_bits(network: Network, scheme: Scheme) -> dict[str, float]:
    """Return the stored bits of every layer's output (of one repeat) by name, and of the network's "input"."""
    entry = network.layers[0]
    return {"input": entry.input_elements * float(scheme.activation_bits(entry))} | {
        layer.name: layer.output_elements * float(scheme.output_format(layer, network).storage_bits())
        for layer in network.layers
    }


def stored_bits(network: Network, scheme: Scheme, formats: dict[str, LayerFormats]) -> float:
    """Return the bits of all parameters as stored: scales included, tied tables once."""
    bits = 0.0
    for layer in network.layers:
        own = float(scheme.parameter_bits(layer, layer.row_elements or None)) if layer.parameters else 0.0
        bits += layer.repeat * layer.parameters * own
        if layer.weight_elements:
            bits += layer.repeat * layer.weight_elements * float(formats[layer.name].weight_bits)
    return bits - network.tied_parameters * _tied_bits(network, scheme, formats)


def _tied_bits(network: Network, scheme: Scheme, formats: dict[str, LayerFormats]) -> float:
    """Stored bits per element of the tied table: the embedding, or else the weights, nearest to it in size."""
    tables = [
        (layer.parameters, float(scheme.parameter_bits(layer, layer.row_elements or None)))
        for layer in network.layers if layer.kind == "embedding"
    ]  # fmt: skip
    tables = tables or [
        (layer.weight_elements, float(formats[layer.name].weight_bits))
        for layer in network.layers if layer.weight_elements
    ]  # fmt: skip
    _, bits = min(tables, key=lambda table: abs(table[0] - network.tied_parameters), default=(0, 0.0))
    return bits


def memory(network: Network, chip: Chip, scheme: Scheme, weight_bits: float, residency: Residency) -> Memory:
    """Return what the model needs to be stored, and what the device has."""
    kv = network.batch * network.kv_tokens * network.kv_elements_per_token * float(scheme.kv_bits())
    peak = max(range(len(residency.alive_bits)), key=lambda place: residency.alive_bits[place])
    capacity = chip.outermost.capacity_bits
    return Memory(
        weight_bytes=weight_bits / 8,
        kv_bytes=kv / 8,
        activation_bytes=residency.alive_bits[peak] / 8,
        peak_layer=network.layers[peak].name,
        capacity_bytes=None if capacity is None else capacity / 8,
    )
