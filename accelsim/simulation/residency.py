"""Which tensors never leave the chip? Activations that fit between producer and consumers stay.

Layers run in graph order. An activation stays in the home level (`accelsim.engine.case.home`) from its
producer to its last consumer if it fits there beside all others that stay, with a share of the level kept
free for the tiles of what streams. The network's input and output are never resident, the KV cache neither.
What one repeat of a block hands to the next shares the fate of the block's input, so that every repeat of a
layer costs the same. Weights are loaded once a pass unless the caller says that they stay from one pass to
the next, and then only if all of them fit beside the activations.

`plan` admits activations first come, first served; `accelsim.simulation.optimal_residency` chooses those
that save most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from accelsim.engine.case import home
from accelsim.hardware.chip import Chip
from accelsim.simulation.lifetimes import alive_bits, bound_together, lifetimes, moments, room_at_moments
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

__all__ = [
    "GREEDY", "HOW", "OPTIMAL", "SEARCHED", "TILE_SHARE", "Residency", "Room", "lifetimes", "operand_producers", "plan",
    "room_of", "words_read",
]  # fmt: skip

TILE_SHARE = 0.25
"""Share of the home level that whole tensors may not take: streaming operands need tiles there."""

GREEDY, OPTIMAL, SEARCHED = "greedy", "optimal", "searched"
"""How it was chosen what stays: first come, first served; what saves most DRAM traffic, proven; or not proven."""

HOW = (GREEDY, OPTIMAL)
"""What can be asked for."""


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
    how : {"greedy", "optimal", "searched"}
        How it was chosen.
    kept_weights : frozenset of str
        Layers whose weights stay where not all do.
    """

    level: str | None
    outputs: frozenset[str]
    weights: bool
    alive_bits: tuple[float, ...]
    spilled: tuple[str, ...]
    how: str = GREEDY
    kept_weights: frozenset[str] = frozenset()

    def keeps_weights(self, layer: Layer) -> bool:
        """Whether the W tensor of a layer stays from one pass to the next."""
        return layer.second_operand == "weights" and (self.weights or layer.name in self.kept_weights)

    def operands(self, layer: Layer) -> frozenset[str]:
        """Return which of W, I and O of a layer are resident.

        With an activation or the KV cache as second operand, the last input produces W.
        """
        found = set()
        first, second = operand_producers(layer)
        if all(producer in self.outputs for producer in first):
            found.add("I")
        if second is not None and second in self.outputs:
            found.add("W")
        if self.keeps_weights(layer):
            found.add("W")
        if layer.name in self.outputs:
            found.add("O")
        return frozenset(found)

    def without(self, network: Network, layer: str | None) -> Residency:
        """Return the plan with what stays on chip while ``layer`` runs spilled, to make room for its tiles."""
        place = next((number for number, one in enumerate(network.layers) if one.name == layer), None)
        alive = {name for moment in moments(network) if moment.place == place for name in moment.names}
        evicted = {name for group in bound_together(network) if alive.intersection(group) for name in group}
        evicted &= self.outputs
        order = (one.name for one in network.layers if one.name in evicted)
        return replace(
            self, outputs=self.outputs - evicted, weights=False, kept_weights=frozenset(),
            spilled=(*self.spilled, *order),
        )  # fmt: skip


def operand_producers(layer: Layer) -> tuple[tuple[str, ...], str | None]:
    """Return which layers produce the I of a layer, and which its W where that is an activation."""
    *first, last = layer.inputs or ("input",)
    second = last if layer.second_operand == "activation" else None
    if layer.second_operand == "weights" or not first:
        return (*first, last), second
    return tuple(first), second


def words_read(network: Network, layer: Layer) -> dict[str, float]:
    """Return the words that a layer without MACs reads of each of its inputs.

    Its own count, parted as the inputs are large; the network's input is what the others leave of it.
    """
    sizes: dict[str, float] = {name: network[name].output_elements for name in layer.inputs if name != "input"}
    if "input" in layer.inputs:
        sizes["input"] = max(0.0, layer.input_elements - sum(sizes.values()))
    total = sum(sizes.values())
    if not total:
        return {name: layer.input_elements / len(sizes) for name in sizes}
    return {name: layer.input_elements * size / total for name, size in sizes.items()}


@dataclass(frozen=True)
class Room:
    """What may be kept where, before it is decided.

    Parameters
    ----------
    level : str
        The home level.
    bits : float
        What whole tensors may take of it.
    holds_weights : bool
    groups : tuple of tuple of str
        Activations that are kept together or not at all.
    taken : tuple of dict of int to float
        Bits that each group takes at each moment (`accelsim.simulation.lifetimes.moments`), by its number.
    """

    level: str
    bits: float
    holds_weights: bool
    groups: tuple[tuple[str, ...], ...]
    taken: tuple[dict[int, float], ...]

    def residency(self, kept: Iterable[int], weights: bool, alive: tuple[float, ...], network: Network) -> Residency:
        """Return the plan that keeps the groups of the given numbers."""
        numbers = set(kept)
        names = {name for number in numbers for name in self.groups[number]}
        possible = {name for group in self.groups for name in group}
        spilled = [one.name for one in network.layers if one.name in possible - names]
        return Residency(self.level, frozenset(names), weights, alive, tuple(spilled))


def room_of(network: Network, chip: Chip, output_bits: Mapping[str, float]) -> Room | None:
    """Return what may be kept on a chip; None if no level of it keeps whole tensors."""
    level = home(chip)
    if level is None or level.capacity_bits is None:
        return None
    groups = bound_together(network)
    taken = room_at_moments(network, groups, output_bits)
    room = level.capacity_bits * (1 - TILE_SHARE)
    return Room(level.name, room, "W" in level.holds, tuple(groups), tuple(taken))


def plan(
    network: Network,
    chip: Chip,
    output_bits: Mapping[str, float],
    weight_bits: float,
    *,
    keep_weights: bool = False,
) -> Residency:
    """Return what stays on chip if activations are admitted in graph order, as long as there is room.

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
    alive = alive_bits(network, output_bits)
    room = room_of(network, chip, output_bits)
    if room is None:
        return Residency(None, frozenset(), False, alive, ())
    used: dict[int, float] = {}
    kept = []
    for number, taken in enumerate(room.taken):
        if all(used.get(moment, 0.0) + bits <= room.bits for moment, bits in taken.items()):
            kept.append(number)
            for moment, bits in taken.items():
                used[moment] = used.get(moment, 0.0) + bits
    most = max(used.values(), default=0.0)
    weights = keep_weights and room.holds_weights and weight_bits + most <= room.bits
    return room.residency(kept, weights, alive, network)
