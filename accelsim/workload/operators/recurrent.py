"""Which layers is a recurrent operator over a sequence, in one direction or both?

Each direction is `accelsim.workload.recurrent.recurrent`; of two, each has its own layers.
"""

from __future__ import annotations

from dataclasses import replace

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.recurrent import recurrent as one_direction
from accelsim.workload.stream import Stream


def recurrent(
    graph: Graph,
    name: str,
    cell: str,
    x: Tensor,
    hidden: int,
    directions: int = 1,
    *,
    bias: bool = True,
    weights: tuple[Tensor, ...] = (),
) -> Tensor:
    """Return all hidden states of ``cell`` ("lstm", "gru") over ``x`` (tokens, batch, features).

    The result is tokens x batch x (directions * hidden). The last state is a `cut` of it.

    Parameters
    ----------
    weights : tuple of Tensor
        The stored tensors that hold its parameters, for those that are shared with others.
    """
    if len(x.shape) != 3:
        raise InputError(f"a recurrent layer must read tokens x batch x features; got {x.text()}.")
    tokens, batch, features = x.shape
    shape = (tokens, batch, directions * hidden)
    if not x.elements:
        return x.like(shape)
    name = graph.fresh(name)
    layers: list[Layer] = []
    for number in range(directions):
        own = name if directions == 1 else f"{name}.{('forward', 'reverse')[number]}"
        source = Stream(x.producers, features, tokens=tokens, batch=batch)
        layers += one_direction(own, source, cell, hidden, bias=bias).layers
    layers = [replace(layer, input_elements=x.words) if layer.name.endswith(".input") else layer for layer in layers]
    makers = tuple(layer.name for layer in layers if layer.name.endswith(".cell"))
    return graph.record(cell, layers, [x], shape, weights=weights, makers=makers)
