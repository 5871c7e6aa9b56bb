"""What do functions of one value, arithmetic, comparisons and reductions become?"""

from __future__ import annotations

from math import ceil, log2

from accelsim.errors import InputError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import Graph, Tensor, arithmetic, pointwise, reduce, reshape
from accelsim.workload.operators.pooling import streamed
from accelsim.workload.vector import ops

FUNCTIONS = {
    "Abs": "abs", "Acos": "sine", "Acosh": "sine", "Asin": "sine", "Asinh": "sine", "Atan": "sine", "Atanh": "sine",
    "BitwiseNot": "not", "Ceil": "round", "Celu": "celu", "Cos": "sine", "Cosh": "sine", "Elu": "elu", "Erf": "erf",
    "Exp": "exp", "Floor": "round", "Gelu": "gelu", "HardSigmoid": "hard_sigmoid", "HardSwish": "hard_swish",
    "IsInf": "test", "IsNaN": "test", "LeakyRelu": "leaky_relu", "Log": "log", "Mish": "mish", "Neg": "negative",
    "Not": "not", "Reciprocal": "reciprocal", "Relu": "relu", "Round": "round", "Selu": "selu", "Shrink": "shrink",
    "Sigmoid": "sigmoid", "Sign": "sign", "Sin": "sine", "Sinh": "sine", "Softplus": "softplus",
    "Softsign": "softsign", "Sqrt": "sqrt", "Swish": "silu", "Tan": "sine", "Tanh": "tanh",
    "ThresholdedRelu": "threshold",
}  # fmt: skip
"""Functions of one value, by their name in ONNX."""

ARITHMETIC = {
    "Add": "add", "And": "logical", "BitShift": "multiply", "BitwiseAnd": "logical", "BitwiseOr": "logical",
    "BitwiseXor": "logical", "Div": "divide", "Equal": "compare", "Greater": "compare", "GreaterOrEqual": "compare",
    "Less": "compare", "LessOrEqual": "compare", "Max": "maximum", "Min": "minimum", "Mod": "remainder",
    "Mul": "multiply", "Or": "logical", "Sub": "subtract", "Sum": "add", "Where": "choose",
    "Xor": "logical",
}  # fmt: skip
"""Operations on several tensors, broadcast."""

REDUCTIONS = {
    "ReduceL1": "sum_of_sizes", "ReduceL2": "length", "ReduceLogSum": "log_sum", "ReduceLogSumExp": "log_sum_exp",
    "ReduceMax": "maximum", "ReduceMean": "mean", "ReduceMin": "maximum", "ReduceProd": "product",
    "ReduceSum": "sum", "ReduceSumSquare": "sum_of_squares",
}  # fmt: skip

POWERS = {2.0: "square", 3.0: "cube", 0.5: "sqrt", -1.0: "reciprocal", -0.5: "rsqrt"}
"""Functions that a power with a constant exponent is."""


def _function(node: Node, graph: Graph) -> list[Tensor]:
    return [pointwise(graph, node.name, FUNCTIONS[node.operator], node.x())]


def _arithmetic(node: Node, graph: Graph) -> list[Tensor]:
    tensors = node.xs()
    if len(tensors) == 1:
        return tensors
    return [arithmetic(graph, node.name, ARITHMETIC[node.operator], tensors)]


def _prelu(node: Node, graph: Graph) -> list[Tensor]:
    """max(x, 0) + slope * min(x, 0); before opset 7 a list of slopes is one per channel."""
    x, slope = node.x(0), node.x(1)
    if node.opset < 7 and len(slope.shape) == 1 < len(x.shape):
        slope = reshape(slope, (*slope.shape, *(1,) * (len(x.shape) - 2)))
    return [arithmetic(graph, node.name, "prelu", [x, slope])]


def _mean(node: Node, graph: Graph) -> list[Tensor]:
    tensors = node.xs()
    if len(tensors) == 1:
        return tensors
    total = arithmetic(graph, node.name, "add", tensors)
    return [arithmetic(graph, f"{node.name}.mean", "multiply", [total, graph.stored("1/n", ())])]


def _power(node: Node, graph: Graph) -> list[Tensor]:
    x, exponent = node.x(0), node.value(1).array
    if exponent is not None and exponent.size == 1:
        value = float(exponent.reshape(-1)[0])
        if value == 1:
            return [x]
        if value in POWERS:
            return [pointwise(graph, node.name, POWERS[value], x)]
    return [arithmetic(graph, node.name, "power", [x, node.x(1)])]


def _clip(node: Node, graph: Graph) -> list[Tensor]:
    """Clip is relu6 from 0 to 6, relu from 0 up, and otherwise as many compares as it has limits."""
    lower = node.has(1) or "min" in node.attributes
    upper = node.has(2) or "max" in node.attributes
    if not lower and not upper:
        return [node.x()]
    return [pointwise(graph, node.name, "clip" if lower and upper else "threshold", node.x())]


def _reduce(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    axes = node.axes(1)
    if not axes:
        if node.integer("noop_with_empty_axes", 0):
            return [x]
        axes = tuple(range(len(x.shape)))
    keep = bool(node.integer("keepdims", 1))
    return [reduce(graph, node.name, REDUCTIONS[node.operator], x, axes, keepdims=keep)]


def _extreme(node: Node, graph: Graph) -> list[Tensor]:
    keep = bool(node.integer("keepdims", 1))
    return [reduce(graph, node.name, "maximum", node.x(), (node.integer("axis", 0),), keepdims=keep)]


def _cumulative(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    counts = ops(add=x.elements) if node.operator == "CumSum" else ops(multiply=x.elements)
    return [streamed(graph, node.name, "cumulative", "other", x, x.shape, counts)]


def _top(node: Node, graph: Graph) -> list[Tensor]:
    """The k largest along an axis by a heap of k: log2(k + 1) compares a value, rounded up."""
    x = node.x()
    axis = node.integer("axis", -1)
    count = node.whole(1)[0] if node.has(1) else node.integer("k", 1)
    if not x.shape or not 0 <= count <= x.shape[axis]:
        raise InputError(f"k must be at most the extent of its axis; got {count} of {x.text()}.")
    shape = list(x.shape)
    shape[axis] = count
    compares = x.elements * ceil(log2(count + 1))
    values = streamed(graph, node.name, "top", "other", x, tuple(shape), ops(compare=compares))
    return [values, values.like(values.shape)]


OPERATORS: dict[str, Handler] = {
    **dict.fromkeys(FUNCTIONS, _function),
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(REDUCTIONS, _reduce),
    "ArgMax": _extreme,
    "ArgMin": _extreme,
    "Clip": _clip,
    "CumProd": _cumulative,
    "CumSum": _cumulative,
    "Mean": _mean,
    "PRelu": _prelu,
    "Pow": _power,
    "TopK": _top,
}
