"""Which matrix product is an operator of PyTorch?"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod

from accelsim.errors import UnsupportedError
from accelsim.workload.experts import touched
from accelsim.workload.importers.pytorch.call import Call, Value
from accelsim.workload.layer import Layer
from accelsim.workload.operators import Tensor, arithmetic, einsum, linear, matmul, reshape, transpose
from accelsim.workload.operators.tensor import axis_of
from accelsim.workload.shape import Shape

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def fully(call: Call) -> Tensor:
    """Return a linear layer; a weight that is computed makes it a product of two activations."""
    x, weight, bias = call.tensor("input"), call.tensor("weight"), call.optional("bias")
    if weight.is_stored and not x.is_stored and len(weight.shape) == 2 and (bias is None or bias.is_stored):
        return linear(call.graph, call.name, x, weight, bias)
    turned = transpose(weight, (1, 0)) if len(weight.shape) == 2 else weight
    return _with_bias(call, x, turned, bias)


def product(call: Call) -> Tensor:
    """Return a matrix product as torch names its operands: mm, bmm, matmul, mv, dot."""
    left, right = (value for value in call.values.values() if isinstance(value, Tensor))
    if call.operator == "outer":
        left, right = reshape(left, (*left.shape, 1)), reshape(right, (1, *right.shape))
    if call.operator == "inner":
        right = transpose(right, range(len(right.shape))[::-1]) if len(right.shape) < 3 else right
    return matmul(call.graph, call.name, left, right)


def quantized(call: Call) -> Tensor:
    """Return a product of integers or of fp8 numbers with their scales."""
    return _with_bias(call, call.tensor("self"), call.tensor("mat2"), call.optional("bias"))


def added(call: Call) -> Tensor:
    """Return a product plus a matrix or a bias: addmm, baddbmm, addmv."""
    left, right = call.tensor("mat1", "mat", "batch1"), call.tensor("mat2", "vec", "batch2")
    return _with_bias(call, left, right, None if call.get("beta", 1) == 0 else call.tensor("self"))


def _with_bias(call: Call, left: Tensor, right: Tensor, bias: Tensor | None) -> Tensor:
    """Return a product; a stored vector is its bias, anything else is added behind it."""
    if bias is None:
        return matmul(call.graph, call.name, left, right)
    if bias.is_stored and right.is_stored and bias.elements == right.shape[-1]:
        return matmul(call.graph, call.name, left, right, bias)
    made = matmul(call.graph, call.name, left, right)
    return arithmetic(call.graph, f"{call.name}.add", "add", [made, bias])


def grouped(call: Call) -> Tensor:
    """Return rows by the matrices of the experts that they were sorted by (see `accelsim.workload.experts`).

    Every row takes one product; which experts have rows depends on the data, counted are the distinct
    ones expected of rows that choose uniformly. They share the rows equally.
    """
    x, weight = call.tensor("self", "input"), call.tensor("mat2", "weight")
    if not weight.is_stored or len(weight.shape) != 3 or len(x.shape) != 2 or not x.elements:
        raise UnsupportedError("a grouped product must be one of rows by stored matrices, one per group.")
    (rows, width), (count, _, out) = x.shape, weight.shape
    read = touched(count, 1, rows)
    each = -(-rows // read)
    layer = Layer(
        call.graph.fresh(call.name),
        "linear",
        Shape.gemm(M=each, N=out, K=width, groups=read, density=Fraction(rows, each * read)),
        inputs=x.producers,
        input_elements=x.words,
        output_elements=rows * out,
        unread_weights=(count - read) * width * out,
    )
    return call.graph.record("grouped", [layer], [x], (rows, out), weights=[weight])


def summed(call: Call) -> Tensor:
    """Return an Einstein sum, an ellipsis written out."""
    tensors = call["tensors"]
    return einsum(call.graph, call.name, spelled(call["equation"], [len(x.shape) for x in tensors]), tensors)


def spelled(equation: str, ranks: list[int]) -> str:
    """Return an equation with every ellipsis replaced by letters that it does not use."""
    text = equation.replace(" ", "")
    if "..." not in text:
        return text
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    free = [letter for letter in LETTERS if letter not in text]
    hidden = [rank - len(term) + 3 if "..." in term else 0 for term, rank in zip(terms, ranks, strict=True)]
    letters = "".join(free[: max(hidden)])
    terms = [
        term.replace("...", letters[len(letters) - count :]) for term, count in zip(terms, hidden, strict=True)
    ]  # fmt: skip
    if not arrow:
        named = sorted(letter for letter in set(left) - set(",.") if left.count(letter) == 1)
        result = "..." + "".join(named)
    return f"{','.join(terms)}->{result.replace('...', letters)}"


def contracted(call: Call) -> Tensor:
    """Return a sum over chosen axes of two tensors (tensordot) as one matrix product."""
    left, right = call.tensor("self"), call.tensor("other")
    gone = [axis_of(axis, len(left.shape)) for axis in call["dims_self"]]
    other = [axis_of(axis, len(right.shape)) for axis in call["dims_other"]]
    rows = [axis for axis in range(len(left.shape)) if axis not in gone]
    columns = [axis for axis in range(len(right.shape)) if axis not in other]
    inner = prod(left.shape[axis] for axis in gone)
    first = reshape(transpose(left, rows + gone), (prod(left.shape[axis] for axis in rows), inner))
    second = reshape(transpose(right, other + columns), (inner, prod(right.shape[axis] for axis in columns)))
    return reshape(matmul(call.graph, call.name, first, second), call.shape)


def bilinear(call: Call) -> Tensor:
    """Return x W y for every output: x by all weights, then each result by y."""
    x, y, weight, bias = call.tensor("input1"), call.tensor("input2"), call.tensor("weight"), call.optional("bias")
    x, y = (reshape(tensor, (-1, tensor.shape[-1])) for tensor in (x, y))
    made = einsum(call.graph, call.name, "bi,kij,bj->bk", [x, weight, y])
    if bias is not None:
        made = arithmetic(call.graph, f"{call.name}.bias", "add", [made, bias])
    return reshape(made, call.shape)


PRODUCTS: dict[str, Callable[[Call], Value]] = {
    "linear": fully,
    **dict.fromkeys(("mm", "bmm", "matmul", "mv", "dot", "vdot", "inner", "outer", "ger", "linalg_matmul"), product),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), added),
    **dict.fromkeys(("_int_mm", "_scaled_mm"), quantized),
    **dict.fromkeys(("_grouped_mm", "transformers::grouped_mm_fallback"), grouped),
    "einsum": summed,
    "tensordot": contracted,
    "bilinear": bilinear,
}
