"""How much of the home level is taken by tensors that stay on chip but that a layer does not touch?"""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.scheme import LayerFormats
from accelsim.simulation.residency import Residency, lifetimes
from accelsim.workload.network import Network


def bystander_bits(
    network: Network,
    residency: Residency,
    output_bits: Mapping[str, float],
    weight_bits: float,
    formats: Mapping[str, LayerFormats],
) -> dict[str, float]:
    """Return the bits that resident tensors take while each layer with MACs runs, its own operands apart.

    A shortcut kept for a later addition is one; with resident weights, those of all other layers are.

    Parameters
    ----------
    network : Network
    residency : Residency
    output_bits : mapping of str to float
        Stored bits of each layer's output.
    weight_bits : float
        Stored bits of all parameters.
    formats : mapping of str to LayerFormats
        Of the layers with MACs.
    """
    spans = lifetimes(network)
    found = {}
    for place, layer in enumerate(network.layers):
        if layer.name not in formats:
            continue
        own = {layer.name, *layer.inputs}
        alive = (name for name in residency.outputs if spans[name][0] <= place <= spans[name][1])
        others = sum(output_bits[name] for name in alive if name not in own)
        weights = weight_bits - layer.weight_elements * float(formats[layer.name].weight_bits)
        found[layer.name] = others + (weights if residency.weights else 0.0)
    return found
