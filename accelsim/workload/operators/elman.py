"""Which layers is a simple recurrent layer, h = f(W x + U h' + b), over a sequence, in one direction or both?

Laid out as `accelsim.workload.recurrent` lays out an LSTM: the products with the inputs, the products
with the states before, and the cell.
"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.shape import Shape
from accelsim.workload.stream import whole
from accelsim.workload.vector import activation_ops, merge, ops


def elman(
    graph: Graph,
    name: str,
    function: str,
    x: Tensor,
    hidden: int,
    directions: int = 1,
    *,
    bias: bool = True,
    weights: tuple[Tensor, ...] = (),
) -> Tensor:
    """Return all states over ``x`` (tokens, batch, features): tokens x batch x (directions * hidden).

    MACs per step are hidden * (features + hidden). Two bias vectors are stored, as PyTorch does, and
    added as one; joining the two products is one add per value more.

    Parameters
    ----------
    function : str
        "tanh" or "relu".
    weights : tuple of Tensor
        The stored tensors that hold its parameters, for those that are shared with others.
    """
    if len(x.shape) != 3:
        raise InputError(f"a recurrent layer must read tokens x batch x features; got {x.text()}.")
    whole("hidden", hidden)
    tokens, batch, features = x.shape
    shape = (tokens, batch, directions * hidden)
    if not x.elements:
        return x.like(shape)
    name, rows = graph.fresh(name), tokens * batch
    layers: list[Layer] = []
    for number in range(directions):
        own = name if directions == 1 else f"{name}.{('forward', 'reverse')[number]}"
        forward = Shape.gemm(M=rows, N=hidden, K=features)
        first = Layer(f"{own}.input", "recurrent", forward, inputs=x.producers, input_elements=x.words)
        second = Layer(f"{own}.recurrent", "recurrent", Shape.gemm(M=rows, N=hidden, K=hidden))
        adds = ops(add=(1 + bias) * rows * hidden)
        cell = Layer(
            f"{own}.cell",
            "recurrent",
            vector_ops=merge(adds, activation_ops(function, rows * hidden)),
            inputs=(first.name, second.name),
            input_elements=2 * rows * hidden,
            output_elements=rows * hidden,
            parameters=2 * hidden if bias else 0,
        )
        layers += [first, second, cell]
    makers = tuple(layer.name for layer in layers if layer.name.endswith(".cell"))
    return graph.record("rnn", layers, [x], shape, weights=weights, makers=makers)
