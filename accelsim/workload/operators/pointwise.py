"""What do functions of one value, and arithmetic of several at the same place, cost?

Costs per element by kind of scalar operation, on top of `accelsim.workload.vector.ACTIVATIONS`.
An exponential, a logarithm, a sine and their like are one ``exp`` each; a rounding is one ``add``; a
comparison, a choice and a logical operation are one ``compare``; a division by a constant is a
multiplication by its reciprocal.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.step import times
from accelsim.workload.operators.tensor import Tensor, broadcast
from accelsim.workload.vector import ACTIVATIONS, Ops, ops, rotary_ops

FUNCTIONS: dict[str, dict[str, int]] = ACTIVATIONS | {
    "abs": {"compare": 1},
    "celu": {"compare": 1, "exp": 1, "add": 1, "multiply": 2},
    "clip": {"compare": 2},
    "cube": {"multiply": 2},
    "erf": {"exp": 1, "add": 1, "divide": 1},
    "exp": {"exp": 1},
    "log": {"exp": 1},
    "mish": {"exp": 3, "add": 3, "divide": 1, "multiply": 2},
    "negative": {},
    "not": {"compare": 1},
    "reciprocal": {"divide": 1},
    "round": {"add": 1},
    "rsqrt": {"sqrt": 1, "divide": 1},
    "selu": {"compare": 1, "exp": 1, "add": 1, "multiply": 2},
    "shrink": {"compare": 2, "add": 1},
    "sign": {"compare": 2},
    "sine": {"exp": 1},
    "softplus": {"exp": 2, "add": 1},
    "softsign": {"compare": 1, "add": 1, "divide": 1},
    "sqrt": {"sqrt": 1},
    "square": {"multiply": 1},
    "test": {"compare": 1},
    "threshold": {"compare": 1},
}
"""Operations per element of a function of one value. erf(x) as in gelu: its logistic form, so that a GELU
in pieces costs what a whole one does; mish x * tanh(ln(1 + exp(x))); sine any trigonometric or hyperbolic
function; test any question about one value (is it infinite?)."""

OPERATIONS: dict[str, dict[str, int]] = {
    "add": {"add": 1},
    "subtract": {"add": 1},
    "multiply": {"multiply": 1},
    "divide": {"divide": 1},
    "remainder": {"divide": 1, "multiply": 1, "add": 1},
    "power": {"exp": 2, "multiply": 1},
    "compare": {"compare": 1},
    "minimum": {"compare": 1},
    "maximum": {"compare": 1},
    "logical": {"compare": 1},
    "choose": {"compare": 1},
    "prelu": {"compare": 1, "multiply": 1},
}
"""Operations per element and per operand after the first; choose(condition, a, b) is one in all, x^y is
exp(y * log(x)), prelu(x, slope)."""


def pointwise(graph: Graph, name: str, function: str, x: Tensor) -> Tensor:
    """Return a function of `FUNCTIONS` of every value of ``x``; of a stored tensor it costs nothing."""
    if function not in FUNCTIONS:
        raise InputError(f"{function!r} is not a function of one value{did_you_mean(function, FUNCTIONS) or '.'}")
    return _record(graph, name, function, ops(**FUNCTIONS[function]), [x])


def arithmetic(graph: Graph, name: str, operation: str, tensors: Sequence[Tensor]) -> Tensor:
    """Return an operation of `OPERATIONS` on tensors that are broadcast; stored ones count as parameters.

    Of stored tensors alone it costs nothing.
    """
    if operation not in OPERATIONS:
        raise InputError(f"{operation!r} is not an operation{did_you_mean(operation, OPERATIONS) or '.'}")
    active = sum(not tensor.is_stored for tensor in tensors)
    kind = operation
    if operation == "divide" and tensors[-1].is_stored:
        kind = "multiply"
    count = 1 if operation == "choose" else len(tensors) - 1
    each = times(ops(**OPERATIONS[kind]), count)
    piece = kind
    if active == 1:
        piece = {"multiply": "scale", "add": "shift", "subtract": "shift"}.get(kind, kind)
    return _record(graph, name, piece, each, tensors)


def rotary(graph: Graph, name: str, x: Tensor, size: int, rotated: int) -> Tensor:
    """Return ``x`` with ``rotated`` of the ``size`` values of each head in its last axis rotated.

    Sines and cosines are stored, or made on the spot: they are not counted.
    """
    if not 0 < rotated <= size or not x.shape or x.shape[-1] % size:
        raise InputError(f"must rotate at most the {size} values of each head of {x.text()}; got {rotated}.")
    if rotated == size:
        return _record(graph, name, "rotary", rotary_ops(1), [x])
    layer = Layer(
        graph.fresh(name),
        "elementwise",
        vector_ops=rotary_ops(x.elements // size * rotated),
        inputs=x.producers,
        input_elements=x.words,
        output_elements=x.elements,
    )
    return graph.record("rotary", [layer], [x], x.shape)


def _record(graph: Graph, name: str, piece: str, each: Ops, tensors: Sequence[Tensor]) -> Tensor:
    shape = broadcast(*(tensor.shape for tensor in tensors))
    reads = [tensor for tensor in tensors if not tensor.is_stored]
    weights = [tensor for tensor in tensors if tensor.is_stored]
    if not reads:
        largest = max(tensors, key=lambda tensor: tensor.elements)
        return largest.like(shape)
    result = Tensor(shape)
    if not result.elements:
        return reads[0].like(shape)
    layer = Layer(
        graph.fresh(name),
        "elementwise",
        vector_ops=times(each, result.elements),
        inputs=tuple(maker for tensor in reads for maker in tensor.producers),
        input_elements=sum(tensor.words for tensor in reads),
        output_elements=result.elements,
        parameters=sum(tensor.parameters for tensor in weights),
    )
    return graph.record(piece, [layer], reads, shape, weights=weights, each=each, pieces=(piece,))
