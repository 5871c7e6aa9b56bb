"""How many scalar operations does a vector unit do for an activation, a norm, a softmax or a pool?

Every law counts, per kind in `accelsim.vocabulary.VECTOR_OPS`, the operations of the usual
inference implementation. One rule covers all sums and maxima: **a reduction of n values is n
operations**, because its accumulator starts from a constant (zero, an epsilon, minus infinity).
A division by a constant is a multiplication by its reciprocal.
"""

from __future__ import annotations

from accelsim.errors import InputError, did_you_mean
from accelsim.vocabulary import VECTOR_OPS

Ops = tuple[tuple[str, int], ...]

ACTIVATIONS: dict[str, dict[str, int]] = {
    "relu": {"compare": 1},
    "relu6": {"compare": 2},
    "leaky_relu": {"compare": 1, "multiply": 1},
    "elu": {"compare": 1, "exp": 1, "add": 1},
    "sigmoid": {"exp": 1, "add": 1, "divide": 1},
    "silu": {"exp": 1, "add": 1, "divide": 1},
    "tanh": {"multiply": 1, "exp": 1, "add": 2, "divide": 1},
    "gelu": {"multiply": 3, "exp": 1, "add": 2, "divide": 1},
    "hard_sigmoid": {"add": 1, "compare": 2, "multiply": 1},
    "hard_swish": {"add": 1, "compare": 2, "multiply": 2},
}
"""Operations per element:
relu max(x, 0); relu6 min(max(x, 0), 6); leaky_relu x < 0 ? a*x : x; elu x < 0 ? exp(x) - 1 : x;
sigmoid 1 / (1 + exp(-x)); silu x / (1 + exp(-x)); tanh (1 - e) / (1 + e) with e = exp(-2x);
gelu x / (1 + exp(-u)) with u = x*(a + b*x*x), the tanh form of Hendrycks and Gimpel, arXiv:1606.08415;
hard_sigmoid min(max(x + 3, 0), 6) * (1/6); hard_swish x * hard_sigmoid(x). A change of sign is free.
"""


def ops(**counts: int) -> Ops:
    """Return counts by kind as a layer keeps them: ordered as in `VECTOR_OPS`, zeros left out."""
    return tuple((kind, counts[kind]) for kind in VECTOR_OPS if counts.get(kind))


def merge(*parts: Ops) -> Ops:
    """Return the sum of several counts."""
    total: dict[str, int] = {}
    for part in parts:
        for kind, count in part:
            total[kind] = total.get(kind, 0) + count
    return ops(**total)


def activation_ops(function: str | None, elements: int) -> Ops:
    """Return the operations of an activation function on ``elements`` values; none for None.

    Raises
    ------
    InputError
        The function is not one of `ACTIVATIONS`.
    """
    if function is None:
        return ()
    if function not in ACTIVATIONS:
        hint = did_you_mean(function, ACTIVATIONS) or "."
        known = ", ".join(ACTIVATIONS)
        raise InputError(f"must be one of {known}; got {function!r}{hint}", where="activation")
    return ops(**{kind: count * elements for kind, count in ACTIVATIONS[function].items()})


def rms_norm_ops(rows: int, width: int) -> Ops:
    """Return the operations of an RMS norm over ``rows`` vectors of n = ``width`` values.

    Per row: n multiplies (squares), n adds (their sum), 1 multiply (mean), 1 add (epsilon), 1 sqrt,
    1 divide (reciprocal), n multiplies by the reciprocal, n by the gain.
    """
    return ops(multiply=rows * (3 * width + 1), add=rows * (width + 1), sqrt=rows, divide=rows)


def layer_norm_ops(rows: int, width: int) -> Ops:
    """Return the operations of a layer norm over ``rows`` vectors of n = ``width`` values.

    Per row: n adds and 1 multiply (mean), n adds (centering), then an RMS norm of the centered
    values, and n adds (shift).
    """
    return merge(ops(add=rows * 3 * width, multiply=rows), rms_norm_ops(rows, width))


def batch_norm_ops(elements: int) -> Ops:
    """Return the operations of a batch norm that is not folded: 1 multiply and 1 add per value."""
    return ops(multiply=elements, add=elements)


def local_norm_ops(elements: int, size: int) -> Ops:
    """Return the operations of local response normalization across ``size`` channels, beta 0.75.

    x / (k + (alpha/size) * sum x^2)^0.75: per value 1 multiply (square), ``size`` adds (sum), 1
    multiply and 1 add (alpha, k), 2 sqrt and 1 multiply (y^0.75 = sqrt(y) * sqrt(sqrt(y))), 1 divide.
    """
    return ops(multiply=3 * elements, add=(size + 1) * elements, sqrt=2 * elements, divide=elements)


def softmax_ops(elements: int) -> Ops:
    """Return the operations of a softmax over rows with ``elements`` values in all.

    Per value: 1 compare (maximum), 1 add (its subtraction), 1 exp, 1 add (sum), 1 divide.
    """
    return ops(compare=elements, add=2 * elements, exp=elements, divide=elements)


def rotary_ops(elements: int) -> Ops:
    """Return the operations of a rotary embedding: 2 multiplies and 1 add per rotated value."""
    return ops(multiply=2 * elements, add=elements)


def pool_ops(outputs: int, taps: int, *, average: bool) -> Ops:
    """Return the operations of a pool of ``taps`` values per output, padding included.

    Maximum: ``taps`` compares per output. Average: ``taps`` adds and 1 multiply.
    """
    if average:
        return ops(add=outputs * taps, multiply=outputs)
    return ops(compare=outputs * taps)
