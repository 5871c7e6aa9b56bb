"""What does the optimizer read and write for every layer that has parameters, and what does it keep?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from accelsim.workload.layer import Extra, Layer
from accelsim.workload.optimizers import Optimizer

UPDATE = ".update"
"""What the name of an optimizer's layer ends with."""
Tensor = tuple[int, Fraction]
"""Words, and the bits of one as it is stored."""


@dataclass(frozen=True)
class Storage:
    """How an optimizer keeps its values.

    Parameters
    ----------
    state_bits : Fraction
        Of a state, and of a master weight: a tensor stored in any other width has a master copy besides.
    parameters : callable
        From a layer to its parameters as they are stored: weights, and biases, norms or tables.
    """

    state_bits: Fraction
    parameters: Callable[[Layer], tuple[Tensor, ...]]


def updates_of(
    forward: list[Layer], gradients: dict[str, str], tied: int, optimizer: Optimizer, storage: Storage
) -> Iterator[tuple[Layer, Fraction]]:
    """The optimizer on every layer that has parameters, and the bits it keeps; a tied table goes with the head."""
    wide = storage.state_bits
    for layer in forward:
        tensors = [tensor for tensor in storage.parameters(layer) if tensor[0]]
        if layer.name not in gradients or not tensors or (layer.kind == "embedding" and layer.parameters == tied):
            continue
        count = sum(words for words, _ in tensors)
        states = optimizer.states * count
        masters = sum(words for words, bits in tensors if bits != wide)
        read = [(states + masters, wide), *(tensor for tensor in tensors if tensor[1] == wide)]
        written = [(states + masters, wide), *tensors]
        extra = [Extra("I", *tensor) for tensor in read if tensor[0]]
        extra += [Extra("O", *tensor) for tensor in written if tensor[0]]
        update = Layer(
            f"{layer.name}{UPDATE}",
            "elementwise",
            vector_ops=optimizer.operations(count),
            inputs=(gradients[layer.name],),
            input_elements=count,
            output_elements=0,
            extra=tuple(extra),
        )
        yield update, (states + masters) * wide
