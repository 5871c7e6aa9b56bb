"""Which activations are alive while each layer runs? On the real graph, shortcuts and repeated blocks included.

An activation is alive from its producer to its last reader. Layers that only rename their input (a reshape) are
no layers here, so an alias takes no room of its own.

A block that repeats (`accelsim.workload.unroll`) runs through its layers several times, and what is alive differs
between its first repeat, its last and those between: what it reads from before is needed until the last repeat;
where the repeats form a chain, every one but the first reads, in place of the block's input, the last layer of the
repeat before. So a place in the network has up to three *moments*, and no more however often the block repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.unroll import blocks

INPUT = "input"
"""What the network itself is given."""


@dataclass(frozen=True)
class Moment:
    """What is alive while a layer runs, in one of its repeats or in several that are alike.

    Parameters
    ----------
    place : int
        Of the layer in the network.
    names : tuple of str
        Producers of the activations, "input" for the network's own; the one that a chain hands on stands twice
        where this repeat's and the one before's are both alive.
    touched : frozenset of str
        Those of them that the layer reads or writes.
    """

    place: int
    names: tuple[str, ...]
    touched: frozenset[str]


@dataclass(frozen=True)
class Block:
    """A run of layers that repeat together, mostly a single one once; places count from the network's first layer."""

    layers: tuple[Layer, ...]
    start: int
    chained: bool

    @property
    def end(self) -> int:
        """Place of the last layer."""
        return self.start + len(self.layers) - 1

    @property
    def entry(self) -> str:
        """What the first layer reads first."""
        return _inputs(self.layers[0])[0]

    @property
    def carried(self) -> str:
        """The last layer, which each repeat of a chain hands to the next."""
        return self.layers[-1].name

    def touched(self, layer: Layer, *, first: bool) -> frozenset[str]:
        """What a layer of the block reads and writes, in its first repeat or a later one."""
        own = {layer.name, *_inputs(layer)}
        if self.chained and not first and self.entry in own:
            own = own - {self.entry} | {self.carried}
        return frozenset(own)

    def last_read(self, name: str) -> int:
        """Place of the last layer that reads an activation; -1 if none does."""
        return max((self.start + at for at, one in enumerate(self.layers) if name in _inputs(one)), default=-1)


def _inputs(layer: Layer) -> tuple[str, ...]:
    return layer.inputs or (INPUT,)


def placed_blocks(network: Network) -> list[Block]:
    """Return the network's blocks; repeats form a chain where `accelsim.workload.unroll` writes them as one."""
    sizes = {layer.name: layer.output_elements for layer in network.layers}
    found, start = [], 0
    for layers in blocks(network):
        first = layers[0]
        width = sizes.get((first.inputs or ("",))[0], first.input_elements)
        chained = first.repeat > 1 and len(layers) > 1 and bool(first.inputs) and width == layers[-1].output_elements
        found.append(Block(layers, start, chained))
        start += len(layers)
    return found


def moments(network: Network) -> tuple[Moment, ...]:
    """Return what is alive while each layer runs, in graph order; what goes to the KV cache is among it."""
    if not _latest or _latest[0][0] is not network:
        _latest[:] = [(network, _moments(network))]
    return _latest[0][1]


_latest: list[tuple[Network, tuple[Moment, ...]]] = []
"""The network last asked for, which is asked for several times in a row."""


def _moments(network: Network) -> tuple[Moment, ...]:
    last = {name: place for place, layer in enumerate(network.layers) for name in _inputs(layer)}
    before = [INPUT] if INPUT in last else []
    found: list[Moment] = []
    for block in placed_blocks(network):
        before = [name for name in before if last[name] >= block.start]
        repeat = block.layers[0].repeat
        for turn in dict.fromkeys((0, min(1, repeat - 1), repeat - 1)):
            alive = list(_alive(block, before, last, first=turn == 0, final=turn == repeat - 1))
            found += [
                Moment(
                    place, tuple(name for name, since, until in alive if since <= place <= until),
                    block.touched(layer, first=turn == 0),
                )
                for place, layer in enumerate(block.layers, block.start)
            ]  # fmt: skip
        before += [layer.name for layer in block.layers if last.get(layer.name, -1) > block.end]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.place))


def _alive(
    block: Block, before: Sequence[str], last: Mapping[str, int], *, first: bool, final: bool
) -> Iterator[tuple[str, int, int]]:
    """Yield (name, since, until) of everything alive during one repeat of a block, as places within it."""
    for name in before:
        own = block.chained and name == block.entry
        reread = block.last_read(name) >= 0 and not own and not final
        if last[name] > block.end or reread:
            yield name, block.start, block.end
        elif not own or first:
            yield name, block.start, block.last_read(name)
    if block.chained and not first:
        yield block.carried, block.start, block.last_read(block.entry)
    for place, layer in enumerate(block.layers, block.start):
        read_after = final and last.get(layer.name, -1) > block.end
        yield layer.name, place, block.end if read_after else max(place, block.last_read(layer.name))


def lifetimes(network: Network) -> dict[str, tuple[int, int]]:
    """Return the places between which each layer's output is alive: its producer, its last reader."""
    spans = {layer.name: (place, place) for place, layer in enumerate(network.layers)}
    for moment in moments(network):
        for name in moment.names:
            if name in spans:
                spans[name] = spans[name][0], max(spans[name][1], moment.place)
    return spans


def alive_bits(network: Network, bits: Mapping[str, float]) -> tuple[float, ...]:
    """Return the bits of all activations alive while each layer runs, wherever they are.

    The most over all repeats of a layer. What goes to the KV cache is counted there, not here.

    Parameters
    ----------
    network : Network
    bits : mapping of str to float
        Stored bits of each layer's output, and of the network's as "input".
    """
    cached = {layer.name for layer in network.layers if layer.output_role == "kv"}
    most = [0.0] * len(network.layers)
    for moment in moments(network):
        alive = sum(bits[name] for name in moment.names if name not in cached)
        most[moment.place] = max(most[moment.place], alive)
    return tuple(most)


def bound_together(network: Network) -> list[tuple[str, ...]]:
    """Return the activations that can be kept on chip, grouped by what has to share one fate.

    The input of a chain of repeats and what the repeats hand on are read by the same layers, so that they are all
    kept or none; then a layer costs the same in every repeat. What nobody reads, what goes to the KV cache, the
    network's input, and what is bound to one of these, cannot be kept.
    """
    leader = {name: name for name in (INPUT, *(layer.name for layer in network.layers))}

    def lead(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    read = {name for layer in network.layers for name in layer.inputs}
    for block in placed_blocks(network):
        if block.chained:
            leader[lead(block.carried)] = lead(block.entry)
            read.add(block.carried)
    groups: dict[str, list[str]] = {}
    for name in leader:
        groups.setdefault(lead(name), []).append(name)
    kept_out = {INPUT} | {one.name for one in network.layers if one.output_role == "kv" or one.name not in read}
    return [tuple(group) for group in groups.values() if kept_out.isdisjoint(group)]


def room_at_moments(
    network: Network, groups: Iterable[tuple[str, ...]], bits: Mapping[str, float]
) -> list[dict[int, float]]:
    """Return the bits that each group of activations takes at each of the network's `moments`, by number."""
    which = {name: number for number, group in enumerate(groups) for name in group}
    found: list[dict[int, float]] = [{} for _ in range(max(which.values(), default=-1) + 1)]
    for number, moment in enumerate(moments(network)):
        for name in moment.names:
            if name in which:
                taken = found[which[name]]
                taken[number] = taken.get(number, 0.0) + bits[name]
    return found
