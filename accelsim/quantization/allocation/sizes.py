"""How large is a layer in a choice: bits of its parameters as stored, and bit operations?

Bit operations, by which allocations are often compared, are MACs times bits of a weight times bits of an activation
(scales left out); they are no energy: memory traffic, accumulators and conversions are not in them.
"""

from __future__ import annotations

from accelsim.scheme import Scheme
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network


def bops_of(layer: Layer, scheme: Scheme) -> float:
    """Return the bit operations of all repeats of a layer: MACs * bits of W * bits of I."""
    if layer.shape is None:
        return 0.0
    second = {"weights": scheme.weight_format, "activation": scheme.activation_format, "kv": scheme.kv_format}
    bits = second[layer.second_operand].payload_bits * scheme.activation_format.payload_bits
    return float(layer.macs * layer.repeat * bits)


def weight_bits_of(network: Network, layer: Layer, scheme: Scheme) -> float:
    """Return the bits of a layer's parameters as stored, scales included, over all repeats; a tied table once.

    They sum to what `accelsim.simulation.memory.stored_bits` gives of the network.
    """
    own = float(scheme.parameter_bits(layer, layer.row_elements or None)) if layer.parameters else 0.0
    bits = layer.repeat * layer.parameters * own
    stored = float(scheme.resolve(layer).weight_bits) if layer.weight_elements else 0.0
    bits += layer.repeat * layer.weight_elements * stored
    if network.tied_parameters and layer is _tied(network):
        bits -= network.tied_parameters * (own if layer.kind == "embedding" else stored)
    return bits


def _tied(network: Network) -> Layer | None:
    """Return the layer whose table is stored once for two: the embedding, else the weights, nearest to it in size."""
    tables = [(layer, layer.parameters) for layer in network.layers if layer.kind == "embedding"]
    tables = tables or [(layer, layer.weight_elements) for layer in network.layers if layer.weight_elements]
    nearest = min(tables, key=lambda table: abs(table[1] - network.tied_parameters), default=None)
    return None if nearest is None else nearest[0]
