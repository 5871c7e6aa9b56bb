"""Which activations have to be stored in one format? Those that a layer reads together, and so on from layer to layer.

A layer reads all its inputs in one activation format, and a tensor is stored once, whoever reads it. So the operands
of a residual addition share a format, and so do all consumers of a tensor. Results that no layer reads (the logits)
are stored in the format that their layer reads; all of them share one. The KV cache has its own format throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

UNREAD = "results that no layer reads"


@dataclass(frozen=True)
class Sharing:
    """Groups of activations that share a format.

    Parameters
    ----------
    reads : dict of str to str
        The group that each layer reads, by layer; a group is called after one of its tensors.
    writes : dict of str to str or None
        The group that each layer's result is in; None where it is the KV cache.
    first_reads : dict of str to int
        Stored tensors of which a layer is the first reader: where what a format loses is counted, once per tensor.
    """

    reads: Mapping[str, str]
    writes: Mapping[str, str | None]
    first_reads: Mapping[str, int]

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group, in order of the layers that read them."""
        return tuple(dict.fromkeys(self.reads.values()))


def sharing(network: Network) -> Sharing:
    """Return which activations of a network share a format."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    cached = {layer.name for layer in network.layers if layer.output_role == "kv"}
    consumed = {name for layer in network.layers for name in layer.inputs}
    seen: set[str] = set()
    first: dict[str, int] = {}
    for layer in network.layers:
        tensors = _tensors(layer, cached)
        for other in tensors[1:]:
            parent[find(other)] = find(tensors[0])
        if layer.name not in consumed and layer.name not in cached:
            parent[find(UNREAD)] = find(tensors[0])
        first[layer.name] = len(set(tensors) - seen)
        seen.update(tensors)
    return Sharing(
        {layer.name: find(_tensors(layer, cached)[0]) for layer in network.layers},
        {
            layer.name: None if layer.name in cached else find(layer.name if layer.name in consumed else UNREAD)
            for layer in network.layers
        },
        first,
    )


def _tensors(layer: Layer, cached: set[str]) -> list[str]:
    """Return the activations that a layer reads in its own format; a cached one only where there is no other."""
    inputs = list(layer.inputs) or ["input"]
    return [name for name in inputs if name not in cached] or inputs
