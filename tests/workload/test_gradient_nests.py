"""Do the nests of the gradients compute the gradients? By brute force, against the definition of a derivative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelsim.workload.gradient_nests import input_gradient, weight_gradient
from accelsim.workload.shape import Shape, Window
from accelsim.workload.transposed import phases

Array = np.ndarray


def execute(shape: Shape, weights: Array, inputs: Array) -> Array:
    """The nest as `accelsim.workload.shape` defines it: W [g,k,c,fy,fx], I [b,g,c,iy,ix] -> O [b,g,k,oy,ox]."""
    assert shape.y is not None
    assert shape.x is not None
    out = np.zeros((shape.B, shape.G, shape.K, shape.OY, shape.OX))
    assert weights.shape == (shape.G, shape.K, shape.C, shape.FY, shape.FX)
    assert inputs.shape == (shape.B, shape.G, shape.C, shape.y.size, shape.x.size)
    for oy, ox, fy, fx in np.ndindex(shape.OY, shape.OX, shape.FY, shape.FX):
        iy = oy * shape.y.stride + fy * shape.y.dilation - shape.y.pad
        ix = ox * shape.x.stride + fx * shape.x.dilation - shape.x.pad
        if 0 <= iy < shape.y.size and 0 <= ix < shape.x.size:
            out[..., oy, ox] += np.einsum("gkc,bgc->bgk", weights[..., fy, fx], inputs[..., iy, ix])
    return out


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, Window]:
    """Outputs, taps and window of one axis; rows may be left unread behind, or padding stand before or behind alone."""
    outputs, taps = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    pad, behind = draw(st.integers(0, 2)), draw(st.integers(-2, 2))
    size = (outputs - 1) * stride + dilation * (taps - 1) + 1 - pad + behind
    assume(size >= 1)
    return outputs, taps, Window(stride, dilation, pad, size)


@st.composite
def layers(draw: st.DrawFn) -> Shape:
    """Small convolutions, grouped or not."""
    (oy, fy, y), (ox, fx, x) = draw(axes()), draw(axes())
    small = st.integers(1, 3)
    return Shape(draw(st.integers(1, 2)), draw(small), draw(small), draw(small), oy, ox, fy, fx, y, x)


def tensors(shape: Shape) -> tuple[Array, Array, Array]:
    """Random weights, inputs and gradients of the outputs."""
    assert shape.y is not None
    assert shape.x is not None
    random = np.random.default_rng(7)
    weights = random.normal(size=(shape.G, shape.K, shape.C, shape.FY, shape.FX))
    inputs = random.normal(size=(shape.B, shape.G, shape.C, shape.y.size, shape.x.size))
    return weights, inputs, random.normal(size=(shape.B, shape.G, shape.K, shape.OY, shape.OX))


def derivative(shape: Shape, weights: Array, inputs: Array, outer: Array, of: str) -> Array:
    """The derivative of sum(O * outer), which is linear in each operand: its value at every unit tensor."""
    given = weights if of == "W" else inputs
    found = np.zeros_like(given)
    for place in np.ndindex(*given.shape):
        unit = np.zeros_like(given)
        unit[place] = 1.0
        out = execute(shape, unit, inputs) if of == "W" else execute(shape, weights, unit)
        found[place] = (out * outer).sum()
    return found


@settings(max_examples=40, deadline=None)
@given(layers())
def test_weight_gradient_is_one_nest(shape):
    weights, inputs, outer = tensors(shape)
    nest = weight_gradient(shape)
    made = execute(nest, outer.transpose(1, 2, 0, 3, 4), inputs.transpose(2, 1, 0, 3, 4))
    assert made.transpose(1, 2, 0, 3, 4) == pytest.approx(derivative(shape, weights, inputs, outer, "W"), abs=1e-9)
    assert nest.macs == shape.macs
    assert nest.words("O") == shape.words("W")
    assert nest.words("I") == shape.words("I")
    assert nest.words("W") == shape.words("O")


@settings(max_examples=40, deadline=None)
@given(layers())
def test_input_gradient_is_a_nest_per_phase(shape):
    weights, inputs, outer = tensors(shape)
    y, x = shape.y, shape.x
    assert y is not None
    assert x is not None
    per_axis = []
    for window, outputs, taps in ((y, shape.OY, shape.FY), (x, shape.OX, shape.FX)):
        reached = (outputs - 1) * window.stride - 2 * window.pad + window.dilation * (taps - 1) + 1
        per_axis.append(phases(outputs, taps, window.stride, window.pad, window.dilation, window.size - reached))
    found = input_gradient(shape)
    nests = iter(found.shapes)
    made, written = np.zeros_like(inputs), 0
    for top, row in enumerate(per_axis[0]):
        for left, column in enumerate(per_axis[1]):
            if not (row.taps and column.taps):
                continue
            nest = next(nests)
            assert nest.y is not None
            assert nest.x is not None
            taps = weights[:, :, :, row.taps[::-1]][..., column.taps[::-1]].transpose(0, 2, 1, 3, 4)
            read = outer[..., shape.OY - nest.y.size :, shape.OX - nest.x.size :]
            made[..., top :: y.stride, left :: x.stride] = execute(nest, taps, read)
            written += nest.words("O")
    assert made == pytest.approx(derivative(shape, weights, inputs, outer, "I"), abs=1e-9)
    assert written + found.untouched == shape.words("I")


def test_a_matrix_product_has_two_products():
    product = Shape.gemm(M=5, N=7, K=11, groups=2)
    (inner,) = input_gradient(product).shapes
    assert inner == Shape.gemm(M=5, N=11, K=7, groups=2)
    assert weight_gradient(product) == Shape.gemm(M=11, N=7, K=5, groups=2)


def test_stride_one_with_padding_costs_what_the_forward_pass_does():
    window = Window(1, 1, 1, 14)
    shape = Shape(B=2, K=8, C=4, OY=14, OX=14, FY=3, FX=3, y=window, x=window)
    (inner,) = input_gradient(shape).shapes
    assert inner.macs == shape.macs
    assert (inner.y, inner.x) == (window, window)


def test_stride_two_multiplies_no_inserted_zeros():
    window = Window(2, 1, 1, 28)
    shape = Shape(K=8, C=4, OY=14, OX=14, FY=3, FX=3, y=window, x=window)
    made = input_gradient(shape).shapes
    assert len(made) == 4
    assert sum(one.words("O") for one in made) == shape.words("I")
    assert sum(one.macs for one in made) == shape.macs
