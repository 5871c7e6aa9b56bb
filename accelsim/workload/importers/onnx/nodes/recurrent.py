"""What do LSTM, GRU and RNN become?"""

from __future__ import annotations

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import Graph, Tensor, cut, recurrent, reshape, transpose
from accelsim.workload.operators.elman import elman

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"Tanh": "tanh", "Relu": "relu"}
"""What a step of an RNN may end in."""


def _recurrent(node: Node, graph: Graph) -> list[Tensor]:
    """Y (tokens, directions, batch, hidden), Y_h and Y_c of the last step; with ``layout`` the batch stands first."""
    x, weight, states = node.x(0), node.x(1), node.x(2)
    hidden, directions = node.integer("hidden_size", states.shape[-1]), weight.shape[0]
    batch_first = bool(node.integer("layout", 0))
    if node.has(7) and node.operator == "LSTM":
        raise UnsupportedError("an LSTM with peepholes is not understood.")
    if len(x.shape) != 3 or len(weight.shape) != 3 or len(states.shape) != 3:
        raise InputError(f"must read tokens x batch x features; got {x.text()} with weights of {weight.text()}.")
    gates = GATES[node.operator] * hidden
    if weight.shape != (directions, gates, x.shape[2]) or states.shape != (directions, gates, hidden):
        raise InputError(f"must have {gates} rows of weights; got {weight.text()} and {states.text()}.")
    if directions not in (1, 2):
        raise InputError(f"must have one direction or two; got {directions}.")
    x = transpose(x, (1, 0, 2)) if batch_first else x
    tokens, batch = x.shape[:2]
    weights = tuple(tensor for tensor in (weight, states, node.maybe(3)) if tensor is not None and tensor.is_stored)
    if node.operator == "RNN":
        made = elman(graph, node.name, _function(node), x, hidden, directions, bias=node.has(3), weights=weights)
    else:
        cell = node.operator.lower()
        made = recurrent(graph, node.name, cell, x, hidden, directions, bias=node.has(3), weights=weights)
    result = reshape(made, (tokens, batch, directions, hidden))
    order, last = (
        ((1, 0, 2, 3), (batch, directions, hidden)) if batch_first else ((0, 2, 1, 3), (directions, batch, hidden))
    )
    final = cut(made, last)
    return [transpose(result, order), final, final]


def _function(node: Node) -> str:
    names = [name.decode("utf-8", "replace") for name in node.texts("activations")] or ["Tanh"]
    if set(names) - set(FUNCTIONS) or len(set(names)) > 1:
        raise UnsupportedError(f"an RNN of {' and '.join(names)} is not understood.")
    return FUNCTIONS[names[0]]


OPERATORS: dict[str, Handler] = dict.fromkeys(GATES, _recurrent)
