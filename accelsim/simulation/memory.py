"""How much memory does a model take: weights, KV cache, and the most activations alive at once?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from accelsim.engine.case import home
from accelsim.hardware.chip import Chip
from accelsim.scheme import LayerFormats, Scheme
from accelsim.simulation.residency import Residency
from accelsim.simulation.result import Memory
from accelsim.units import capacity
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


@dataclass(frozen=True)
class Weights:
    """What parameters take, and what a pass reads of them.

    Parameters
    ----------
    stored_bits : float
        All of them, tied tables once.
    read_bits : float
        What a pass reads of those that may stay on chip: rows of tables that are looked up, experts that are chosen.
    layers : dict of str to (float, float)
        The W tensors of a layer's repeats: bits stored, and read.
    """

    stored_bits: float
    read_bits: float = 0.0
    layers: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def weights_of(network: Network, scheme: Scheme, formats: Mapping[str, LayerFormats], stored: float) -> Weights:
    """Return what the parameters of a network take, ``stored`` bits in all, and what a pass reads of them."""
    layers = {}
    for layer in network.layers:
        if layer.weight_elements:
            bits = layer.repeat * float(formats[layer.name].weight_bits)
            layers[layer.name] = layer.weight_elements * bits, (layer.weight_elements - layer.unread_weights) * bits
    read = sum(bits for _, bits in layers.values())
    for layer in network.layers:
        if layer.shape is None and layer.parameters:
            words = layer.gathered_elements if layer.kind == "embedding" else layer.parameters
            read += layer.repeat * words * float(scheme.parameter_bits(layer, layer.row_elements or None))
    return Weights(stored, read, layers)


def memory(network: Network, chip: Chip, scheme: Scheme, weight_bits: float, residency: Residency) -> Memory:
    """Return what the model needs to be stored, and what the device has."""
    kv = network.batch * network.kv_tokens * network.kv_elements_per_token * float(scheme.kv_bits())
    found = memory_of(network, chip, weight_bits, kv, residency.alive_bits)
    return replace(found, state_bytes=float(network.state_bits) / 8)


def memory_of(
    network: Network, chip: Chip | None, weight_bits: float, kv_bits: float, alive: Sequence[float]
) -> Memory:
    """Return a record of bits of weights, KV cache and activations alive while each layer runs."""
    peak = max(range(len(alive)), key=lambda place: alive[place])
    whole, working = (None, None) if chip is None else capacities(chip)
    return Memory(
        weight_bytes=weight_bits / 8,
        kv_bytes=kv_bits / 8,
        activation_bytes=alive[peak] / 8,
        peak_layer=network.layers[peak].name,
        capacity_bytes=whole,
        writable_bytes=working,
    )


def capacities(chip: Chip) -> tuple[float | None, float | None]:
    """Return the bytes that a device has for everything, and those that can be written where these are fewer.

    A microcontroller keeps parameters in a flash that is only read; what changes has to fit the memories inside it.
    """
    whole = chip.outermost.capacity_bits
    if not chip.outermost.read_only:
        return None if whole is None else whole / 8, None
    inside = home(chip)
    working = 0.0 if inside is None or inside.capacity_bits is None else inside.capacity_bits / 8
    return None if whole is None else whole / 8, working


def misfit(stored: Memory, chip: Chip) -> str:
    """Return in one sentence by how much a model does not fit a device."""
    assert stored.capacity_bytes is not None
    then = "time and energy are those of a device that had the room."
    outermost = f"{chip.outermost.name} of {chip.name}"
    working = stored.kv_bytes + stored.activation_bytes + stored.state_bytes
    if stored.writable_bytes is None or stored.weight_bytes > stored.capacity_bytes:
        needed = stored.peak_bytes if stored.writable_bytes is None else stored.weight_bytes
        has = capacity(stored.capacity_bytes * 8)
        return f"the model does not fit: it needs {capacity(needed * 8)}, {outermost} has {has}; {then}"
    return (
        f"the model does not fit: its activations need {capacity(working * 8)}, the memory of {chip.name} that can be "
        f"written has {capacity(stored.writable_bytes * 8)}; {then}"
    )
