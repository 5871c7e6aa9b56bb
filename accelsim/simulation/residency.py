"""Which tensors never leave the chip? Activations that fit between producer and consumers stay.

Layers run in graph order. An activation lives from its producer to its last consumer; it stays in the
home level (`accelsim.engine.case.home`) if it fits there beside all others that stay, with a share of
the level kept free for the tiles of what streams. The network's input and output are never resident,
the KV cache neither. Weights are loaded once a pass unless the caller says that they stay from one pass
to the next, and then only if all of them fit beside the activations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from accelsim.engine.case import home
from accelsim.hardware.chip import Chip
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

TILE_SHARE = 0.25
"""Share of the home level that whole tensors may not take: streaming operands need tiles there."""


@dataclass(frozen=True)
class Residency:
    """What stays on chip, and how much is alive when.

    Parameters
    ----------
    level : str or None
        The home level; None if the chip has none.
    outputs : frozenset of str
        Layers whose output stays on chip until its last consumer has read it.
    weights : bool
        Whether all weights stay.
    alive_bits : tuple of float
        Bits of all activations alive while each layer runs, wherever they are.
    spilled : tuple of str
        Layers whose output would be consumed on chip but does not fit.
    """

    level: str | None
    outputs: frozenset[str]
    weights: bool
    alive_bits: tuple[float, ...]
    spilled: tuple[str, ...]

    def operands(self, layer: Layer) -> frozenset[str]:
        """Return which of W, I and O of a layer are resident.

        With an activation or the KV cache as second operand, the last input produces W.
        """
        found = set()
        *first, last = layer.inputs or ("input",)
        if layer.second_operand == "weights" or not first:
            first = [*first, last]
        if all(producer in self.outputs for producer in first):
            found.add("I")
        if layer.second_operand == "activation" and last in self.outputs:
            found.add("W")
        if layer.second_operand == "weights" and self.weights:
            found.add("W")
        if layer.name in self.outputs:
            found.add("O")
        return frozenset(found)

    def without(self, network: Network, layer: str | None) -> Residency:
        """Return the plan with what stays on chip while ``layer`` runs spilled, to make room for its tiles."""
        spans = lifetimes(network)
        place = next((number for number, one in enumerate(network.layers) if one.name == layer), -1)
        evicted = {name for name in self.outputs if spans[name][0] <= place <= spans[name][1]}
        return replace(self, outputs=self.outputs - evicted, weights=False, spilled=(*self.spilled, *sorted(evicted)))


def lifetimes(network: Network) -> dict[str, tuple[int, int]]:
    """Return the places between which each layer's output is alive: its producer, its last consumer."""
    spans = {layer.name: (number, number) for number, layer in enumerate(network.layers)}
    for number, layer in enumerate(network.layers):
        for producer in layer.inputs:
            if producer in spans:
                spans[producer] = (spans[producer][0], number)
    return spans


def _alive(network: Network, spans: Mapping[str, tuple[int, int]], output_bits: Mapping[str, float]) -> list[float]:
    """Bits of all activations alive while each layer runs; the network's input until its last reader.

    What goes to the KV cache is counted there.
    """
    alive = [0.0] * len(network.layers)
    activations = {layer.name for layer in network.layers if layer.output_role != "kv"}
    for name, (first, last) in spans.items():
        if name not in activations:
            continue
        for number in range(first, last + 1):
            alive[number] += output_bits[name]
    readers = [number for number, layer in enumerate(network.layers) if "input" in layer.inputs or not layer.inputs]
    for number in range(max(readers, default=-1) + 1):
        alive[number] += output_bits["input"]
    return alive


def plan(
    network: Network,
    chip: Chip,
    output_bits: Mapping[str, float],
    weight_bits: float,
    *,
    keep_weights: bool = False,
) -> Residency:
    """Return what stays on chip.

    Parameters
    ----------
    network : Network
    chip : Chip
    output_bits : mapping of str to float
        Stored bits of each layer's output, and of the network's as "input".
    weight_bits : float
        Stored bits of all parameters.
    keep_weights : bool
        Whether weights may stay from one pass to the next.
    """
    level = home(chip)
    spans = lifetimes(network)
    alive = _alive(network, spans, output_bits)
    if level is None or level.capacity_bits is None:
        return Residency(None, frozenset(), False, tuple(alive), ())
    room = level.capacity_bits * (1 - TILE_SHARE)
    used = [0.0] * len(network.layers)
    stays, spilled = set(), []
    for layer in network.layers:
        first, last = spans[layer.name]
        if first == last or layer.output_role == "kv":
            continue
        size = output_bits[layer.name]
        if max(used[first : last + 1]) + size > room:
            spilled.append(layer.name)
            continue
        stays.add(layer.name)
        for number in range(first, last + 1):
            used[number] += size
    weights = keep_weights and "W" in level.holds and weight_bits + max(used) <= room
    return Residency(level.name, frozenset(stays), weights, tuple(alive), tuple(spilled))
