"""How many bytes do the formats that the layers of a network state make, and which tensors do no layers store?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from accelsim.precision import parse_format
from accelsim.workload.importers.stored import Tensor
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.stated import Stated


def channel_elements(layer: Layer) -> int:
    """Return the elements of one output channel: along these run scales and blocks."""
    return layer.shape.C * layer.shape.FY * layer.shape.FX if layer.shape else layer.row_elements


def stated_totals(network: Network) -> dict[str, tuple[int, Fraction]]:
    """Return the elements and bytes of all weights and parameters by the format that their layers state.

    Tied ones count once. The format of most bytes comes first.
    """
    totals: dict[str, tuple[int, Fraction]] = {}

    def add(text: str, elements: int, channel: int, repeat: int) -> None:
        if elements:
            bits = repeat * elements * parse_format(text).storage_bits(channel or None, elements)
            count, size = totals.get(text, (0, Fraction(0)))
            totals[text] = count + repeat * elements, size + bits / 8

    for layer in network.layers:
        own = layer.stated or Stated()
        if not (layer.name == "lm_head" and network.tied_parameters):
            add(own.weights, layer.weight_elements, channel_elements(layer), layer.repeat)
        text = own.weights if layer.kind == "embedding" else own.parameters
        add(text, layer.parameters, layer.row_elements, layer.repeat)
    return dict(sorted(totals.items(), key=lambda item: -item[1][1]))


def uncounted(beside: Iterable[Tensor], is_constant: Callable[[str], bool], most: int = 5) -> tuple[str, ...]:
    """Return the tensors that no layer stores, as `Network.uncounted` lists them: a few by name, constants left out."""
    found = [tensor for tensor in beside if not is_constant(tensor.name)]
    listed = [f"tensor {one.name} ({one.bytes} bytes)" for one in found[:most]]
    rest = found[most:]
    return (*listed, *([f"{len(rest)} more tensors ({sum(one.bytes for one in rest)} bytes)"] if rest else []))
