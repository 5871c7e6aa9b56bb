"""Which function of one value, or arithmetic at each place, is an operator of PyTorch?"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2, prod
from typing import Any

from accelsim.workload.importers.pytorch.call import Call, Value, results, several
from accelsim.workload.layer import Layer
from accelsim.workload.operators import Tensor, arithmetic, cut, pointwise, reshape
from accelsim.workload.operators.pooling import streamed
from accelsim.workload.operators.tensor import axis_of
from accelsim.workload.vector import ops

FUNCTION: dict[str, str] = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "rrelu": "leaky_relu", "elu": "elu",
    "sigmoid": "sigmoid", "silu": "silu", "tanh": "tanh", "gelu": "gelu", "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_swish", "mish": "mish", "softplus": "softplus", "selu": "selu", "celu": "celu",
    "log_sigmoid": "softplus", "hardshrink": "shrink", "softshrink": "shrink", "threshold": "threshold",
    "abs": "abs", "exp": "exp", "exp2": "exp", "expm1": "exp", "log": "log", "log2": "log", "log10": "log",
    "log1p": "log", "sqrt": "sqrt", "rsqrt": "rsqrt", "reciprocal": "reciprocal", "neg": "negative",
    "sign": "sign", "sgn": "sign", "sin": "sine", "cos": "sine", "tan": "sine", "sinh": "sine", "cosh": "sine",
    "asin": "sine", "acos": "sine", "atan": "sine", "round": "round", "floor": "round", "ceil": "round",
    "trunc": "round", "frac": "round", "erf": "erf", "erfc": "erf", "logical_not": "not", "bitwise_not": "not",
    "isnan": "test", "isinf": "test", "isfinite": "test", "nan_to_num": "clip", "square": "square",
    "clamp_min": "threshold", "clamp_max": "threshold", "tril": "threshold", "triu": "threshold",
    "softsign": "softsign",
}  # fmt: skip
"""Names of `accelsim.workload.operators.FUNCTIONS` by the operator's."""

OPERATION: dict[str, str] = {
    "add": "add", "sub": "subtract", "subtract": "subtract", "rsub": "subtract", "mul": "multiply",
    "multiply": "multiply", "div": "divide", "divide": "divide", "true_divide": "divide",
    "floor_divide": "divide", "remainder": "remainder", "fmod": "remainder", "maximum": "maximum",
    "minimum": "minimum", "fmax": "maximum", "fmin": "minimum", "eq": "compare", "ne": "compare",
    "lt": "compare", "le": "compare", "gt": "compare", "ge": "compare", "logical_and": "logical",
    "logical_or": "logical", "logical_xor": "logical", "bitwise_and": "logical", "bitwise_or": "logical",
    "bitwise_xor": "logical", "__and__": "logical", "__or__": "logical", "__xor__": "logical",
}  # fmt: skip
"""Names of `accelsim.workload.operators.OPERATIONS` by the operator's; of two operands."""

POWERS: dict[float, str] = {2: "square", 3: "cube", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}
"""Powers that are a function of their own."""


def function(call: Call) -> Tensor:
    """Return a function of every value."""
    return pointwise(call.graph, call.name, FUNCTION[call.operator], call.first)


def operation(call: Call) -> Tensor:
    """Return arithmetic of two operands, the second scaled by ``alpha`` where that is not 1."""
    left, right = call.values.get("self", call.values.get("0")), call.values.get("other", call.values.get("1"))
    kind = OPERATION[call.operator]
    if kind == "multiply" and any(str(made.dtype).startswith("torch.complex") for made in results(call.node)):
        return _complex_product(call, [operand(left), operand(right)])
    second = operand(right)
    if call.get("alpha", 1) not in (1, 1.0, True):
        second = arithmetic(call.graph, f"{call.name}.share", "multiply", [second, operand(1)])
    return arithmetic(call.graph, call.name, kind, [operand(left), second])


def operand(value: Any) -> Tensor:
    """Return an operand as a tensor; a number is stored in the program."""
    return value if isinstance(value, Tensor) else Tensor((), (), "a number", parameter=False)


def _complex_product(call: Call, factors: list[Tensor]) -> Tensor:
    """Return a product of complex numbers, two words each: 4 multiplies and 2 adds."""
    count = prod(call.shape)
    reads = [tensor for tensor in factors if not tensor.is_stored]
    if not reads:
        return factors[0].like(call.shape)
    layer = Layer(
        call.graph.fresh(call.name),
        "elementwise",
        vector_ops=ops(multiply=4 * count, add=2 * count),
        inputs=tuple(maker for tensor in reads for maker in tensor.producers),
        input_elements=2 * sum(tensor.words for tensor in reads),
        output_elements=2 * count,
        parameters=sum(tensor.parameters for tensor in factors),
    )
    weights = [tensor for tensor in factors if tensor.is_stored]
    return call.graph.record("complex_product", [layer], reads, call.shape, weights=weights)


def chosen(call: Call) -> Tensor:
    """Return one of two values at each place."""
    if call.operator == "where":
        tensors = [operand(call[name]) for name in ("condition", "self", "other")]
    else:
        tensors = [call.tensor("self"), operand(call["mask"]), operand(call["value"])]
    return arithmetic(call.graph, call.name, "choose", tensors)


def clamped(call: Call) -> Tensor:
    """Return values kept between bounds."""
    low, high = call.get("min", call.get("min_val")), call.get("max", call.get("max_val"))
    if (low, high) == (0, 6):
        return pointwise(call.graph, call.name, "relu6", call.first)
    both = low is not None and high is not None
    return pointwise(call.graph, call.name, "clip" if both else "threshold", call.first)


def power(call: Call) -> Tensor:
    """Return a power; squares, cubes, roots and reciprocals are functions of their own."""
    exponent = call.values.get("exponent")
    if isinstance(exponent, int | float):
        if exponent == 1:
            return call.first
        if exponent in POWERS:
            return pointwise(call.graph, call.name, POWERS[exponent], call.first)
    return arithmetic(call.graph, call.name, "power", [operand(call["self"]), operand(exponent)])


def fused(call: Call) -> Tensor:
    """Return ``x + c * a * b`` (addcmul), ``x + c * a / b`` (addcdiv) or ``x + w * (y - x)`` (lerp)."""
    graph, name, x = call.graph, call.name, call.tensor("self", "input")
    if call.operator == "lerp":
        change = arithmetic(graph, f"{name}.change", "subtract", [call.tensor("end"), x])
        change = arithmetic(graph, f"{name}.share", "multiply", [change, operand(call["weight"])])
    else:
        kind = "multiply" if call.operator == "addcmul" else "divide"
        change = arithmetic(graph, f"{name}.change", kind, [call.tensor("tensor1"), call.tensor("tensor2")])
        if call.get("value", 1) not in (1, 1.0):
            change = arithmetic(graph, f"{name}.share", "multiply", [change, operand(1)])
    return arithmetic(graph, name, "add", [x, change])


def prelu(call: Call) -> Tensor:
    """Return x, or slope * x where x is below zero, with a slope per channel."""
    x, slope = call.first, call.tensor("weight")
    if slope.elements > 1 and len(slope.shape) == 1 and len(x.shape) > 1:
        slope = reshape(slope, (slope.elements, *(1,) * (len(x.shape) - 2)))
    return arithmetic(call.graph, call.name, "prelu", [x, slope])


def gated(call: Call) -> Tensor:
    """Return one half of the values times the sigmoid of the other (GLU)."""
    gate = pointwise(call.graph, f"{call.name}.sigmoid", "sigmoid", cut(call.first, call.shape))
    return arithmetic(call.graph, call.name, "multiply", [cut(call.first, call.shape), gate])


def running(call: Call) -> Value:
    """Return a running sum, product or extremum along an axis, or a histogram: one operation per value."""
    kind = {"cumsum": "add", "histc": "add", "cumprod": "multiply"}.get(call.operator, "compare")
    counts = ops(**{kind: call.first.elements})
    return several(call, streamed(call.graph, call.name, "cumulative", "other", call.first, call.shape, counts))


def ordered(call: Call) -> Value:
    """Return the k largest values along an axis, or all in order: log2(k + 1) compares a value, rounded up."""
    x = call.first
    axis = axis_of(call.get("dim", -1), len(x.shape))
    kept = call.shape[axis]
    counts = ops(compare=x.elements * ceil(log2(kept + 1)))
    return several(call, streamed(call.graph, call.name, "top", "other", x, call.shape, counts))


ELEMENTS: dict[str, Callable[[Call], Value]] = {
    **dict.fromkeys(FUNCTION, function),
    **dict.fromkeys(OPERATION, operation),
    **dict.fromkeys(("where", "masked_fill"), chosen),
    **dict.fromkeys(("clamp", "clip", "hardtanh"), clamped),
    **dict.fromkeys(("addcmul", "addcdiv", "lerp"), fused),
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin", "histc"), running),
    **dict.fromkeys(("topk", "sort", "argsort", "msort"), ordered),
    **dict.fromkeys(("prelu", "_prelu_kernel"), prelu),
    "pow": power,
    "glu": gated,
}
