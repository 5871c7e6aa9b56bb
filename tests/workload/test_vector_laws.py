"""Do the laws of vector operations count what a literal implementation does?"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload import vector
from accelsim.workload.fields import Function


class Tally:
    """A number that counts what is done to it; a constant on either side costs as much as a value."""

    done: ClassVar[Counter[str]] = Counter()

    def _do(self, kind: str) -> Tally:
        Tally.done[kind] += 1
        return Tally()

    def __add__(self, other):
        return self._do("add")

    def __mul__(self, other):
        return self._do("multiply")

    def __truediv__(self, other):
        return self._do("divide")

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__ = __mul__
    __rtruediv__ = __truediv__

    def __neg__(self):
        return self


def sqrt(value):
    return value._do("sqrt")


def exp(value):
    return value._do("exp")


def larger(value, other):
    return value._do("compare")


def total(values, start=0.0):
    for value in values:
        start = start + value
    return start


def rms(values):
    scale = 1 / sqrt(total([v * v for v in values]) * 0.1 + 1e-6)
    return [v * scale * 2.0 for v in values]


def layer(values):
    mean = total(values) * 0.1
    return [v + 3.0 for v in rms([v - mean for v in values])]


def softmax(values):
    top = Tally()
    for value in values:
        top = larger(value, top)
    powers = [exp(v - top) for v in values]
    below = total(powers)
    return [p / below for p in powers]


def local(values, size=5):
    return [_local(v, [Tally()] * size) for v in values]


def _local(value, squares):
    value * value
    inside = total(squares) * 1e-4 + 2.0
    return value / (sqrt(inside) * sqrt(Tally()))


def relu(x):
    return larger(x, 0)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def tanh(x):
    power = exp(x * -2.0)
    return (1 - power) / (1 + power)


def hard_sigmoid(x):
    return larger(larger(x + 3, 0), 6) * (1 / 6)


LITERAL = {
    "relu": relu,
    "relu6": lambda x: larger(larger(x, 0), 6),
    "leaky_relu": lambda x: larger(x, 0) * 0.1,
    "elu": lambda x: larger(exp(x) - 1, 0),
    "sigmoid": sigmoid,
    "silu": lambda x: x / (1 + exp(-x)),
    "tanh": tanh,
    "gelu": lambda x: x / (1 + exp(-(x * (1.6 + x * x * 0.07)))),
    "hard_sigmoid": hard_sigmoid,
    "hard_swish": lambda x: x * hard_sigmoid(x),
}


def counted(function, *arguments) -> dict[str, int]:
    Tally.done = Counter()
    function(*arguments)
    return dict(Tally.done)


@pytest.mark.parametrize("name", vector.ACTIVATIONS)
def test_activations(name):
    assert counted(LITERAL[name], Tally()) == vector.ACTIVATIONS[name]


def test_every_activation_is_a_name_in_files():
    assert set(get_args(Function)) == set(vector.ACTIVATIONS)


@given(rows=st.integers(1, 4), width=st.integers(1, 20))
def test_norms_and_softmax(rows, width):
    for law, literal in ((vector.rms_norm_ops, rms), (vector.layer_norm_ops, layer)):
        assert dict(law(rows, width)) == {
            kind: rows * count for kind, count in counted(literal, [Tally()] * width).items()
        }
    assert dict(vector.softmax_ops(width)) == counted(softmax, [Tally()] * width)
    assert dict(vector.local_norm_ops(width, 5)) == counted(local, [Tally()] * width)


def test_counts_are_merged_in_one_order_and_zeros_are_left_out():
    assert vector.merge(vector.ops(exp=1, add=2), vector.ops(add=3, compare=0)) == (("add", 5), ("exp", 1))
    with pytest.raises(InputError, match="did you mean silu"):
        vector.activation_ops("silo", 1)
