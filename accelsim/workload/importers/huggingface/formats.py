"""How does a network look once each of its layers states its formats, block by block?

Blocks that state the same stay together as one repeated block; where they differ ("the first and
the last block are not quantized") the block is written once for every run of equal ones:
``layers_0.q_proj``, ``layers_1_78.q_proj`` ...
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

from accelsim.workload.importers.huggingface.patterns import Module
from accelsim.workload.importers.huggingface.quantization import Quantization
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.stated import Stated

BLOCK = "layers."


def with_formats(
    network: Network, modules: Mapping[str, str], kind: str, quantization: Quantization, usual: str
) -> Network:
    """Return the network with its formats stated.

    Parameters
    ----------
    modules : mapping of str to str
        From layers to the modules whose weights they multiply by; "{}" is the block's number.
    kind : str
        Class of the modules in the blocks: "Linear", "Conv1D".
    usual : str
        The model's own float, for all that is not quantized; "" = not stated.
    """
    kv = quantization.kv or usual if network.kv_tokens else ""
    bare = usual if usual in ("fp32", "fp16", "bf16") else ""
    default = Stated(weights=usual, activations=usual, kv=kv, parameters=bare)
    network = replace(network, stated=default if default else None)
    if not quantization.groups:
        return network
    first = [place for place, layer in enumerate(network.layers) if layer.name.startswith(BLOCK)]
    start, stop = first[0], first[-1] + 1
    block = network.layers[start:stop]
    found = [
        tuple(quantization.of(Module(modules[layer.name].format(number), kind)) if layer.name in modules else None
              for layer in block)
        for number in range(block[0].repeat)
    ]  # fmt: skip
    runs = [(stated, len(list(run))) for stated, run in groupby(found)]
    written, last = write_runs(block, runs)
    outside = [_state(layer, modules, quantization) for layer in network.layers]
    after = [replace(layer, inputs=tuple(last if each == block[-1].name else each for each in layer.inputs))
             for layer in outside[stop:]]  # fmt: skip
    return replace(network, layers=(*outside[:start], *written, *after))


def _state(layer: Layer, modules: Mapping[str, str], quantization: Quantization) -> Layer:
    if layer.name not in modules or layer.name.startswith(BLOCK):
        return layer
    return replace(layer, stated=quantization.of(Module(modules[layer.name])))


def write_runs(block: tuple[Layer, ...], runs: list[tuple[tuple[Stated | None, ...], int]]) -> tuple[list[Layer], str]:
    """Return the layers of all runs, and the name of the very last one; a single run keeps its names."""
    entry, written, number = block[0].inputs[0], [], 0
    for stated, count in runs:
        end = number + count - 1
        prefix = BLOCK if len(runs) == 1 else f"layers_{number}_{end}." if count > 1 else f"layers_{number}."
        names = {layer.name: prefix + layer.name.removeprefix(BLOCK) for layer in block} | {block[0].inputs[0]: entry}
        for layer, own in zip(block, stated, strict=True):
            inputs = tuple(names.get(name, name) for name in layer.inputs)
            written.append(replace(layer, name=names[layer.name], inputs=inputs, repeat=count, stated=own))
        entry, number = written[-1].name, end + 1
    return written, entry
