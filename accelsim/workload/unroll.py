"""What is the graph of a network when every repeated block is written out?

A block is a run of layers with the same ``repeat`` above 1 and the same name up to the first dot.
Its input is the first input of its first layer. If it has several layers and the last writes as
many words as that input has, the repeats form a chain: each repeat after the first reads, in place
of the block's input, the last layer of the repeat before. Otherwise the repeats stand side by
side. Layers after the block read its last repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from accelsim.workload.layer import Layer
from accelsim.workload.network import Network


def blocks(network: Network) -> Iterator[tuple[Layer, ...]]:
    """Yield the network's layers in order: each repeated block as one tuple, others alone."""
    for (repeat, _), run in groupby(network.layers, key=lambda layer: (layer.repeat, layer.name.partition(".")[0])):
        if repeat > 1:
            yield tuple(run)
        else:
            yield from ((layer,) for layer in run)


def unroll(network: Network) -> Network:
    """Return the same network with every layer's ``repeat`` 1; MACs, parameters and operations are equal.

    Layer ``block.name`` becomes ``block.0.name``, ``block.1.name`` ...; ``name`` becomes ``name.0`` ...
    """
    sizes = {layer.name: layer.output_elements for layer in network.layers}
    written: list[Layer] = []
    current: dict[str, str] = {}
    for block in blocks(network):
        current.update(_write(block, current, sizes, written))
    return replace(network, layers=tuple(written))


def _write(
    block: tuple[Layer, ...], current: dict[str, str], sizes: dict[str, int], written: list[Layer]
) -> dict[str, str]:
    """Append the repeats of ``block`` to ``written``; return the new names of its last repeat's layers."""
    repeat, entry = block[0].repeat, (block[0].inputs or ("",))[0]
    width = sizes.get(entry, block[0].input_elements)
    chained = len(block) > 1 and width == block[-1].output_elements
    names: dict[str, str] = {}
    for index in range(repeat):
        outside = dict(current)
        if index and chained:
            outside[entry] = names[block[-1].name]
        names = {layer.name: _name(layer.name, index) if repeat > 1 else layer.name for layer in block}
        for layer in block:
            inputs = tuple(names.get(name) or outside.get(name, name) for name in layer.inputs)
            written.append(replace(layer, name=names[layer.name], inputs=inputs, repeat=1))
    return names


def _name(name: str, index: int) -> str:
    block, dot, rest = name.partition(".")
    return f"{block}.{index}{dot}{rest}"
