"""Do the layer builders count what a loop over every output would count?"""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload import build
from accelsim.workload.raw import gemm, nest
from accelsim.workload.recurrent import recurrent
from accelsim.workload.stream import Axis, Stream, axes, join


def image(channels=4, height=9, width=7, batch=1):
    return Stream(("input",), channels, height, width, batch=batch)


few = st.integers(1, 5)


@given(size=st.integers(1, 25), taps=few, stride=few, dilation=few, before=st.integers(0, 4), after=st.integers(0, 4))
def test_output_size_is_the_number_of_places_where_the_window_fits(size, taps, stride, dilation, before, after):
    starts = range(-before, size + after, stride)
    fits = [start for start in starts if start + dilation * (taps - 1) < size + after]
    if not fits:
        with pytest.raises(InputError, match="larger than its padded input"):
            Axis(size, taps, stride, dilation, before, after)
        return
    axis = Axis(size, taps, stride, dilation, before, after)
    assert axis.output == len(fits)
    window = axis.window
    assert [out * window.stride - window.pad for out in range(axis.output)] == fits


@given(size=st.integers(1, 25), taps=few, stride=few, pad=st.integers(0, 2))
def test_rounding_up_lets_the_last_window_hang_over_but_not_start_outside(size, taps, stride, pad):
    assume(taps <= size + 2 * pad)
    axis = Axis(size, taps, stride, before=pad, after=pad, ceil=True)
    places = range(-pad, size, stride)
    needed = [0, *(index for index in range(1, len(places)) if places[index - 1] + taps < size + pad)]
    assert axis.output == len(needed)


@given(size=st.integers(1, 25), taps=few, stride=few, dilation=few)
def test_same_padding_gives_one_output_per_stride(size, taps, stride, dilation):
    rows, _ = axes(image(height=size, width=size), taps, stride, "same", dilation)
    assert rows.output == math.ceil(size / stride)
    assert rows.after - rows.before in (0, 1)


@given(groups=st.integers(1, 4), c=few, k=few, height=st.integers(3, 9), kernel=st.integers(1, 3), batch=few)
def test_a_convolution_counts_every_product(groups, c, k, height, kernel, batch):
    source = image(groups * c, height, 7, batch)
    (layer,) = build.conv("x", source, groups * k, kernel, stride=2, pad=1, groups=groups).layers
    rows, columns = (len(range(-1, size + 2 - kernel, 2)) for size in (height, 7))
    assert layer.macs == batch * rows * columns * groups * k * c * kernel * kernel
    assert layer.weight_elements == groups * k * c * kernel * kernel
    assert (layer.input_elements, layer.output_elements) == (source.elements, batch * groups * k * rows * columns)
    assert layer.parameters == groups * k
    assert dict(layer.vector_ops) == {"add": layer.output_elements}


def test_bias_and_batch_norm_of_a_convolution():
    def counted(**fields):
        (layer,) = build.conv("x", image(), 8, 1, **fields).layers
        return layer.parameters, dict(layer.vector_ops).get("add", 0) // layer.output_elements

    assert counted() == (8, 1)
    assert counted(bias=False) == (0, 0)
    assert counted(batch_norm=True) == (16, 1)
    assert counted(batch_norm=True, bias=True) == (24, 1)


def test_padding_on_each_side():
    rows, columns = axes(image(), 3, pad=[1, 2, 3, 4])
    assert (rows.before, rows.after, columns.before, columns.after) == (1, 3, 2, 4)


def test_depthwise_is_a_kind_and_a_single_channel_is_not():
    assert build.conv("x", image(4), 8, 3, groups=4).layers[0].kind == "depthwise"
    assert build.conv("x", image(1), 8, 3).layers[0].kind == "conv"


def test_linear_flattens_an_image_and_maps_every_token():
    (flat,) = build.linear("x", image(4, 9, 7, batch=3), 10).layers
    assert (flat.macs, flat.weight_elements, flat.parameters) == (3 * 252 * 10, 2520, 10)
    (tokens,) = build.linear("x", Stream(("input",), 16, tokens=5, batch=3), 10, bias=False).layers
    assert (tokens.macs, tokens.weight_elements, tokens.parameters) == (15 * 16 * 10, 160, 0)


def test_matmul_of_two_activations():
    left, right = Stream(("a",), 6, tokens=4, batch=2), Stream(("b",), 5, tokens=6, batch=2)
    (layer,) = build.matmul("x", left, right).layers
    assert layer.macs == 2 * 4 * 6 * 5
    assert (layer.input_elements, layer.shape.words("W"), layer.output_elements) == (
        left.elements,
        right.elements,
        2 * 4 * 5,
    )
    assert (layer.inputs, layer.second_operand, layer.weight_elements) == (("a", "b"), "activation", 0)
    turned = build.matmul("x", left, Stream(("b",), 6, tokens=5, batch=2), transposed=True)
    assert turned.layers[0].shape == layer.shape
    with pytest.raises(InputError, match="a matmul sums over; got 6 and 5"):
        build.matmul("x", left, Stream(("b",), 6, tokens=5, batch=2))


def test_pools():
    built = build.pool("x", image(), 3, stride=2)
    assert built.output.extents == (4, 4, 3, 1, 1)
    assert dict(built.layers[0].vector_ops) == {"compare": 9 * 48}
    assert dict(build.pool("x", image(), 3, average=True).layers[0].vector_ops) == {"add": 9 * 24, "multiply": 24}
    assert dict(build.global_pool("x", image()).layers[0].vector_ops) == {"add": 252, "multiply": 4}


def test_elementwise_needs_equal_extents():
    three = build.elementwise("x", [image(), image(), image()], activation="relu").layers[0]
    assert (three.input_elements, three.output_elements) == (756, 252)
    assert dict(three.vector_ops) == {"add": 504, "compare": 252}
    with pytest.raises(InputError, match="equal extents for add; got 4 x 9 x 7 and 4 x 9 x 8"):
        build.elementwise("x", [image(), image(width=8)])
    with pytest.raises(InputError, match="at least 2 layers"):
        build.elementwise("x", [image()])


def test_embedding_gathers_rows():
    (layer,) = build.embedding("x", Stream(("input",), 1, tokens=5, batch=2), rows=100, width=8).layers
    assert (layer.gathered_elements, layer.output_elements, layer.input_elements, layer.parameters) == (80, 80, 10, 800)
    with pytest.raises(InputError, match="tokens of 1 value each"):
        build.embedding("x", image(), 100, 8)


def test_join_adds_channels():
    assert join([image(4), image(6)]).channels == 10
    with pytest.raises(InputError, match="must agree in all but the channels"):
        join([image(4), image(4, 8)])


@pytest.mark.parametrize(("cell", "gates"), [("lstm", 4), ("gru", 3)])
def test_recurrent_cells(cell, gates):
    built = recurrent("r", Stream(("input",), 6, tokens=7, batch=2), cell, 5)
    assert sum(layer.macs for layer in built.layers) == 14 * gates * 5 * (6 + 5)
    stored = sum(layer.weight_elements + layer.parameters for layer in built.layers)
    assert stored == gates * 5 * (6 + 5 + 2)
    assert built.output.extents == (5, 1, 1, 7, 2)


def test_a_gemm_is_translated_once():
    (layer,) = gemm("g", M=3, N=5, K=7, groups=2, batch=4).layers
    assert (layer.shape.B, layer.shape.K, layer.shape.C, layer.shape.G) == (12, 5, 7, 2)
    assert (layer.macs, layer.kind, layer.weight_elements) == (840, "linear", 70)
    assert gemm("g", 3, 5, 7, second_operand="kv").layers[0].kind == "matmul"


def test_a_raw_nest_has_the_input_that_its_windows_need():
    (layer,) = nest("n", {"K": 64, "C": 3, "OY": 112, "OX": 112, "FY": 7, "FX": 7}, stride=2, pad=3).layers
    assert (layer.macs, layer.kind) == (118_013_952, "conv")
    assert layer.input_elements == 3 * 223 * 223
    assert nest("n", {"G": 8, "FY": 3}).layers[0].kind == "depthwise"
    with pytest.raises(InputError, match="must leave an input"):
        nest("n", {"FY": 3}, pad=2)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: build.conv("x", image(), 8, 3, groups=3), "groups: must divide the 4 input channels; got 3"),
        (lambda: build.conv("x", image(), 6, 3, groups=4), "groups: must divide the 6 output channels; got 4"),
        (lambda: build.conv("x", image(), 8, 10), "spans 10 of 9 [+] 0"),
        (lambda: build.conv("x", image(), 0, 3), "out: must be a whole number of at least 1"),
        (lambda: build.conv("x", image(), 8, 3, stride=0), "stride: must be a whole number of at least 1"),
        (lambda: build.conv("x", image(), 8, 3, pad=-1), "pad: must be a whole number of at least 0"),
        (lambda: build.conv("x", image(), 8, True), "kernel: must be a whole number"),
        (lambda: build.conv("x", image(), 8, 3, pad="valid"), 'or "same"'),
        (lambda: build.conv("x", image(), 8, [3, 3, 3]), "kernel: must be one number or a list of 2"),
        (lambda: build.conv("x", Stream(("t",), 4, tokens=3), 8, 1), "input: must be an image"),
        (lambda: build.linear("x", image(), 8, activation="rleu"), "did you mean relu"),
    ],
)
def test_builders_refuse(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
