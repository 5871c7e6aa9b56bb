"""Are the MACs of convolutions and products those that loops over every index count, one by one?"""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator
from onnx_models import imported, model, node, stored

from accelsim.workload.operators import Graph, conv, conv_transpose, einsum, expand, matmul, reshape

small = st.integers(1, 4)


def starts(size: int, taps: int, stride: int, dilation: int, before: int, after: int) -> list[int]:
    """Every place where a window fits into the padded axis."""
    places, at = [], -before
    while at + dilation * (taps - 1) < size + after:
        places.append(at)
        at += stride
    return places


@st.composite
def windows(draw: st.DrawFn, axes: int) -> list[dict[str, int]]:
    made = []
    for _ in range(axes):
        window = {name: draw(st.integers(1, 3)) for name in ("taps", "stride", "dilation")}
        window |= {"before": draw(st.integers(0, 2)), "after": draw(st.integers(0, 2))}
        least = max(1, window["dilation"] * (window["taps"] - 1) + 1 - window["before"] - window["after"])
        made.append(window | {"size": draw(st.integers(least, least + 5))})
    return made


@given(st.data(), st.integers(1, 3), small, small, small, small)
@settings(max_examples=150, deadline=None)
def test_convolution(data: st.DataObject, axes: int, batch: int, groups: int, inputs: int, outputs: int) -> None:
    own = data.draw(windows(axes))
    graph = Graph("conv")
    x = graph.input((batch, groups * inputs, *(window["size"] for window in own)))
    weight = graph.stored("w", (groups * outputs, inputs, *(window["taps"] for window in own)))
    pads = [window["before"] for window in own] + [window["after"] for window in own]
    strides, dilations = ([window[name] for window in own] for name in ("stride", "dilation"))
    y = conv(graph, "conv", x, weight, None, strides, pads, dilations, groups)
    network = graph.network([y])

    counted = 0
    places = [starts(**window) for window in own]
    taps = [range(window["taps"]) for window in own]
    for _ in product(range(batch), range(groups), range(outputs), range(inputs), *places, *taps):
        counted += 1
    assert network.macs == counted
    assert y.shape == (batch, groups * outputs, *map(len, places))
    (layer,) = network.layers
    assert (layer.weight_elements, layer.input_elements) == (weight.elements, x.elements)
    assert layer.output_elements == y.elements


@given(st.data(), st.integers(1, 2), small, small, small)
@settings(max_examples=100, deadline=None)
def test_transposed_convolution(data: st.DataObject, axes: int, batch: int, inputs: int, outputs: int) -> None:
    """Every output of a phase takes the taps of that phase: those at which it does not meet an inserted zero."""
    sizes, kernels, strides = (data.draw(st.tuples(*[st.integers(1, 4)] * axes)) for _ in range(3))
    graph = Graph("transposed")
    x = graph.input((batch, inputs, *sizes))
    weight = graph.stored("w", (inputs, outputs, *kernels))
    y = conv_transpose(graph, "t", x, weight, None, strides)
    counted = 0
    extents = [(size - 1) * stride + taps for size, taps, stride in zip(sizes, kernels, strides, strict=True)]
    for place in product(*map(range, extents)):
        for tap in product(*map(range, kernels)):
            counted += all((at - f) % stride == 0 for at, f, stride in zip(place, tap, strides, strict=True))
    assert y.shape[2:] == tuple(extents)
    assert graph.network([y]).macs == counted * batch * inputs * outputs


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_einsum(data: st.DataObject) -> None:
    labels = "abcde"
    sizes = {label: data.draw(st.integers(1, 4)) for label in labels}
    terms = [data.draw(st.lists(st.sampled_from(labels), min_size=1, max_size=4, unique=True)) for _ in range(2)]
    found = sorted({*terms[0], *terms[1]})
    result = data.draw(st.lists(st.sampled_from(found), max_size=4, unique=True))
    equation = f"{''.join(terms[0])},{''.join(terms[1])}->{''.join(result)}"
    graph = Graph("einsum")
    left, right = (graph.input(tuple(sizes[label] for label in term)) for term in terms)
    y = einsum(graph, "einsum", equation, [left, right])
    assert y.shape == np.einsum(equation, np.zeros(left.shape), np.zeros(right.shape)).shape
    assert graph.network([y]).macs == sum(1 for _ in product(*(range(sizes[label]) for label in found)))


@given(st.data(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_matmul_broadcasts(data: st.DataObject, weights: bool) -> None:
    batch = data.draw(st.lists(small, max_size=3))
    few = [data.draw(st.sampled_from([extent, 1])) for extent in batch]
    many = [
        extent if other == 1 else data.draw(st.sampled_from([extent, 1]))
        for extent, other in zip(batch, few, strict=True)
    ]
    rows, inner, columns = (data.draw(small) for _ in range(3))
    graph = Graph("matmul")
    left = graph.input((*many, rows, inner))
    right = (*few, inner, columns)
    y = matmul(graph, "matmul", left, graph.stored("w", right) if weights else graph.input(right))
    assert y.shape == np.matmul(np.zeros(left.shape), np.zeros(right)).shape
    (layer,) = graph.network([y]).layers
    counted = sum(1 for _ in product(*map(range, y.shape), range(inner)))
    assert layer.macs == counted
    assert layer.shape is not None
    assert (layer.shape.words("O"), layer.kind) == (y.elements, "linear" if weights else "matmul")
    assert layer.shape.words("W") == prod(right)


@given(small, small, small, small, small)
def test_keys_that_heads_share_are_read_once(batch: int, kv_heads: int, repeat: int, tokens: int, size: int) -> None:
    """An exporter expands keys for the query heads that share them; they are still one tensor."""
    graph = Graph("shared")
    keys = graph.input((batch, kv_heads, size, tokens))
    wide = expand(reshape(keys, (batch, kv_heads, 1, size, tokens)), (batch, kv_heads, repeat, size, tokens))
    query = graph.input((batch, kv_heads * repeat, tokens, size))
    y = matmul(graph, "scores", query, reshape(wide, (batch, kv_heads * repeat, size, tokens)))
    (layer,) = graph.network([y]).layers
    assert layer.shape is not None
    assert (layer.shape.words("W"), layer.shape.words("I")) == (keys.elements, query.elements)
    assert layer.macs == batch * kv_heads * repeat * tokens * tokens * size


@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_repeats_are_never_counted_wrong(data: st.DataObject, a: int, b: int, c: int, d: int) -> None:
    """Axes that are repeated whole or not at all, merged into one: the product stays the same."""
    graph = Graph("repeats")
    sizes = [a, b, c]
    once = [size if data.draw(st.booleans()) else 1 for size in sizes]
    right = reshape(expand(graph.input((*once, d, 2)), (*sizes, d, 2)), (a * b * c, d, 2))
    left = expand(graph.input((data.draw(st.sampled_from([1, a * b * c])), 3, d)), (a * b * c, 3, d))
    y = matmul(graph, "product", left, right)
    assert y.shape == (a * b * c, 3, 2)
    (layer,) = graph.network([y]).layers
    assert layer.shape is not None
    assert (layer.macs, layer.shape.words("O")) == (y.elements * d, y.elements)
    assert prod(once) * d * 2 <= layer.shape.words("W") <= right.elements


CASES: dict[str, tuple[list[Any], dict[str, list[int]], dict[str, list[int]]]] = {
    "Conv": (
        [node("Conv", ["x", "w"], "y", auto_pad="SAME_LOWER", strides=[2, 3], kernel_shape=[3, 4])],
        {"x": [1, 2, 7, 8]},
        {"w": [3, 2, 3, 4]},
    ),
    "ConvTranspose, cut off behind": (
        [node("ConvTranspose", ["x", "w"], "y", auto_pad="SAME_UPPER", strides=[2, 2])],
        {"x": [1, 2, 3, 4]},
        {"w": [2, 3, 3, 3]},
    ),
    "Gemm": ([node("Gemm", ["x", "w"], "y", transA=1, transB=1)], {"x": [3, 5]}, {"w": [4, 3]}),
    "MatMul, weights on the left": ([node("MatMul", ["w", "x"], "y")], {"x": [2, 3, 5]}, {"w": [4, 3]}),
    "AveragePool, rounded up": (
        [node("AveragePool", ["x"], "y", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0], ceil_mode=1)],
        {"x": [1, 2, 7, 9]},
        {},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_shapes_are_those_that_running_gives(name: str, tmp_path: Path) -> None:
    nodes, inputs, tensors = CASES[name]
    run = ReferenceEvaluator(model(nodes, inputs | tensors, ["y"]))
    (made,) = run.run(None, {each: np.ones(shape, np.float32) for each, shape in (inputs | tensors).items()})
    network = imported(tmp_path, nodes, inputs, ["y"], [stored(each, *shape) for each, shape in tensors.items()])
    written = [layer.output_elements for layer in network.layers]
    assert sum(written) == np.size(made)
    assert sum(layer.weight_elements for layer in network.layers) == sum(prod(shape) for shape in tensors.values())


@pytest.mark.parametrize(
    ("mode", "pads"), [("SAME_UPPER", [0, 1, 1, 1]), ("SAME_LOWER", [1, 1, 0, 1]), ("VALID", [0, 0, 0, 0])]
)
@pytest.mark.parametrize("operator", ["Conv", "MaxPool"])
def test_automatic_padding(tmp_path: Path, operator: str, mode: str, pads: list[int]) -> None:
    """Rows of 8 in steps of 2 need one row more, before or behind; columns of 9 one column on both sides."""
    inputs = ["x", "w"] if operator == "Conv" else ["x"]
    nodes = [
        node(operator, inputs, "y", kernel_shape=[3, 3], strides=[2, 2], **given)
        for given in ({"auto_pad": mode}, {"pads": pads})
    ]
    tensors = [stored("w", 4, 3, 3, 3)]
    said, explicit = (imported(tmp_path, [each], {"x": [1, 3, 8, 9]}, ["y"], tensors) for each in nodes)
    assert said.layers == explicit.layers
