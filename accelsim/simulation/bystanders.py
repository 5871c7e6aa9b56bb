"""How much of the home level is taken by tensors that stay on chip but that a layer does not touch?"""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.scheme import LayerFormats
from accelsim.simulation.lifetimes import moments
from accelsim.simulation.residency import Residency
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
    others = dict.fromkeys((layer.name for layer in network.layers), 0.0)
    for moment in moments(network):
        name = network.layers[moment.place].name
        waiting = [one for one in moment.names if one in residency.outputs and one not in moment.touched]
        others[name] = max(others[name], sum(output_bits[one] for one in waiting))
    kept = sum(
        layer.repeat * layer.weight_elements * float(formats[layer.name].weight_bits)
        for layer in network.layers
        if layer.name in residency.kept_weights
    )
    stored = weight_bits if residency.weights else kept
    found = {}
    for layer in network.layers:
        if layer.name not in formats:
            continue
        own = (layer.weight_elements - layer.unread_weights) * float(formats[layer.name].weight_bits)
        found[layer.name] = others[layer.name] + stored - (own if residency.keeps_weights(layer) else 0.0)
    return found
