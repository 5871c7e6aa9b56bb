"""Are norms, functions and biases that an exporter takes to pieces the layers that they were?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from onnx_models import DATA, imported, node, scalar, stored, whole

from accelsim.workload import build
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.stream import Stream
from accelsim.workload.vector import ACTIVATIONS, merge, ops

TOKENS = Stream(("input",), 64, tokens=20)
EPSILON = scalar("e", 1e-5)


def bare(layer: Layer) -> Layer:
    return replace(layer, name="", inputs=(), stated=None)


def pieces_of_layer_norm(square: str) -> list[Any]:
    power = node("Pow", ["d", "two"], "q") if square == "Pow" else node("Mul", ["d", "d"], "q")
    return [
        node("ReduceMean", ["x"], "m", axes=[-1]),
        node("Sub", ["x", "m"], "d"),
        power,
        node("ReduceMean", ["q"], "v", axes=[-1]),
        node("Add", ["v", "e"], "s"),
        node("Sqrt", ["s"], "r"),
        node("Div", ["d", "r"], "n"),
        node("Mul", ["n", "gain"], "g"),
        node("Add", ["g", "shift"], "y"),
    ]


@pytest.mark.parametrize("square", ["Pow", "Mul"])
def test_layer_norm(tmp_path: Path, square: str) -> None:
    tensors = [EPSILON, scalar("two", 2.0), stored("gain", 64), stored("shift", 64)]
    network = imported(tmp_path, pieces_of_layer_norm(square), {"x": [2, 10, 64]}, ["y"], tensors, opset=13)
    (whole_norm,) = build.layer_norm("norm", TOKENS).layers
    assert [bare(layer) for layer in network.layers] == [bare(whole_norm)]
    fused = [node("LayerNormalization", ["x", "gain", "shift"], "y")]
    assert imported(tmp_path, fused, {"x": [2, 10, 64]}, ["y"], tensors).layers == tuple(
        replace(layer, name="y") for layer in network.layers
    )


@pytest.mark.parametrize("root", ["Div", "Reciprocal"])
def test_rms_norm(tmp_path: Path, root: str) -> None:
    end = {
        "Div": [node("Div", ["x", "r"], "n")],
        "Reciprocal": [node("Reciprocal", ["r"], "i"), node("Mul", ["x", "i"], "n")],
    }[root]
    nodes = [
        node("Pow", ["x", "two"], "q"),
        node("ReduceMean", ["q"], "v", axes=[-1]),
        node("Add", ["v", "e"], "s"),
        node("Sqrt", ["s"], "r"),
        *end,
        node("Mul", ["gain", "n"], "y"),
    ]
    tensors = [EPSILON, scalar("two", 2.0), stored("gain", 64)]
    network = imported(tmp_path, nodes, {"x": [2, 10, 64]}, ["y"], tensors, opset=13)
    (whole_norm,) = build.rms_norm("norm", TOKENS).layers
    assert [bare(layer) for layer in network.layers] == [bare(whole_norm)]


def test_a_mean_that_somebody_else_reads_stays(tmp_path: Path) -> None:
    tensors = [EPSILON, stored("gain", 64), stored("shift", 64)]
    nodes = [*pieces_of_layer_norm("Mul"), node("Relu", ["v"], "z")]
    network = imported(tmp_path, nodes, {"x": [2, 10, 64]}, ["y", "z"], tensors, opset=13)
    assert "norm" not in {layer.kind for layer in network.layers}
    assert network["v"].inputs == ("q",)


FUNCTIONS: dict[str, tuple[str, list[Any]]] = {
    "gelu by erf": (
        "gelu",
        [
            node("Div", ["x", "c"], "a"),
            node("Erf", ["a"], "b"),
            node("Add", ["b", "c"], "d"),
            node("Mul", ["x", "d"], "f"),
            node("Mul", ["f", "c"], "y"),
        ],
    ),
    "gelu by erf, halved first": (
        "gelu",
        [
            node("Div", ["x", "c"], "a"),
            node("Erf", ["a"], "b"),
            node("Add", ["b", "c"], "d"),
            node("Mul", ["x", "c"], "f"),
            node("Mul", ["f", "d"], "y"),
        ],
    ),
    "gelu by tanh": (
        "gelu",
        [
            node("Pow", ["x", "three"], "a"),
            node("Mul", ["a", "c"], "b"),
            node("Add", ["x", "b"], "d"),
            node("Mul", ["d", "c"], "f"),
            node("Tanh", ["f"], "g"),
            node("Add", ["g", "c"], "h"),
            node("Mul", ["x", "c"], "i"),
            node("Mul", ["i", "h"], "y"),
        ],
    ),
    "silu": ("silu", [node("Sigmoid", ["x"], "a"), node("Mul", ["x", "a"], "y")]),
    "hard swish": ("hard_swish", [node("HardSigmoid", ["x"], "a"), node("Mul", ["a", "x"], "y")]),
    "relu": ("relu", [node("Relu", ["x"], "y")]),
    "relu6": ("relu6", [node("Clip", ["x", "zero", "six"], "y")]),
}
CONSTANTS = [scalar("c", 0.5), scalar("three", 3.0), scalar("zero", 0.0), scalar("six", 6.0)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(tmp_path: Path, name: str) -> None:
    """Alone it is one layer that reads its input once; behind a linear layer it is applied on the way out."""
    function, nodes = FUNCTIONS[name]
    (alone,) = imported(tmp_path, nodes, {"x": [2, 10, 64]}, ["y"], CONSTANTS).layers
    (wanted,) = build.activation("f", TOKENS, function).layers
    assert bare(alone) == bare(wanted)
    before = [node("MatMul", ["in", "w"], "p"), node("Add", ["p", "bias"], "x")]
    tensors = [*CONSTANTS, stored("w", 64, 64), stored("bias", 64)]
    (behind,) = imported(tmp_path, [*before, *nodes], {"in": [2, 10, 64]}, ["y"], tensors).layers
    (wanted,) = build.linear("l", TOKENS, 64, activation=function).layers
    assert bare(behind) == bare(wanted)


@pytest.mark.parametrize("bias", [False, True])
def test_batch_norm_goes_into_a_convolution(tmp_path: Path, bias: bool) -> None:
    nodes = [
        node("Conv", ["x", "w", *(["bias"] if bias else [])], "c", pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c", "g", "b", "mean", "var"], "n"),
        node("Relu", ["n"], "y"),
    ]
    tensors = [stored("w", 8, 3, 3, 3), *(stored(name, 8) for name in ("bias", "g", "b", "mean", "var"))]
    (layer,) = imported(tmp_path, nodes, {"x": [2, 3, 9, 9]}, ["y"], tensors).layers
    image = Stream(("input",), 3, 9, 9, batch=2)
    (wanted,) = build.conv("c", image, 8, 3, pad=1, bias=bias, batch_norm=True, activation="relu").layers
    assert bare(layer) == bare(wanted)


UNFOLDED: dict[str, Callable[[], list[Any]]] = {
    "two readers": lambda: [node("Add", ["n", "c"], "y")],
    "handed out": lambda: [node("Identity", ["n"], "y"), node("Identity", ["c"], "z")],
    "behind a function": list,
}


@pytest.mark.parametrize("name", UNFOLDED)
def test_batch_norm_stands_alone_where_it_must(tmp_path: Path, name: str) -> None:
    if name == "behind a function":
        middle = [node("Relu", ["c"], "r"), node("BatchNormalization", ["r", "g", "b", "g", "b"], "y")]
    else:
        middle = [node("BatchNormalization", ["c", "g", "b", "g", "b"], "n")]
    nodes = [node("Conv", ["x", "w"], "c"), *middle, *UNFOLDED[name]()]
    outputs = ["y", "z"] if name == "handed out" else ["y"]
    tensors = [stored("w", 8, 3, 3, 3), stored("g", 8), stored("b", 8)]
    network = imported(tmp_path, nodes, {"x": [2, 3, 9, 9]}, outputs, tensors)
    norm = next(layer for layer in network.layers if layer.kind == "norm")
    (wanted,) = build.batch_norm("n", Stream(("c",), 8, 7, 7, batch=2)).layers
    assert bare(norm) == bare(wanted)


def test_transposed_convolution_takes_its_function(tmp_path: Path) -> None:
    """Every phase applies it to its own outputs."""
    nodes = [node("ConvTranspose", ["x", "w"], "t", strides=[2, 2]), node("Relu", ["t"], "r"), node("Neg", ["r"], "y")]
    network = imported(tmp_path, nodes, {"x": [1, 3, 5, 5]}, ["y"], [stored("w", 3, 4, 2, 2)])
    assert [layer.name for layer in network.layers] == ["t.0", "t.1", "t.2", "t.3"]
    assert all(layer.vector_ops == ops(compare=layer.output_elements) for layer in network.layers)


def test_padding_is_made_on_the_spot(tmp_path: Path) -> None:
    """A Pad in front of a convolution is the convolution's own padding: nobody stores or fetches it."""
    nodes = [node("Pad", ["x", "pads"], "p"), node("Conv", ["p", "w"], "y", strides=[2, 2])]
    tensors = [whole("pads", 0, 0, 0, 1, 0, 0, 1, 2), stored("w", 8, 3, 3, 3)]
    (apart,) = imported(tmp_path, nodes, {"x": [1, 3, 8, 8]}, ["y"], tensors).layers
    own = [node("Conv", ["x", "w"], "y", strides=[2, 2], pads=[0, 1, 1, 2])]
    (joined,) = imported(tmp_path, own, {"x": [1, 3, 8, 8]}, ["y"], tensors).layers
    assert apart == joined
    assert apart.input_elements == 3 * 8 * 8


def test_arithmetic_of_constants_is_applied_on_the_way_out(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "w"], "c"), node("Mul", ["c", "scale"], "s"), node("Sub", ["s", "c0"], "y")]
    tensors = [stored("w", 8, 3, 1, 1), stored("scale", 1, 8, 1, 1), scalar("c0", 1.0)]
    (layer,) = imported(tmp_path, nodes, {"x": [1, 3, 8, 8]}, ["y"], tensors).layers
    assert layer.vector_ops == ops(multiply=512, add=512)
    assert layer.parameters == 8


def test_gelu_in_pieces_costs_its_law() -> None:
    """The pieces by erf add up to the law without being recognized: that is how erf is counted."""
    from accelsim.workload.operators import FUNCTIONS as LAWS

    assert merge(ops(**LAWS["erf"]), ops(multiply=3, add=1)) == ops(**ACTIVATIONS["gelu"])


def test_exports_of_three_opsets_agree() -> None:
    """A transformer of two blocks as PyTorch exports it: norms and GELUs in pieces up to opset 14, norms whole at 17.

    The files are exports of torch 2.13 (width 64, 4 heads, 1000 words, tied to the head, GELU by erf,
    learned positions) without the data of large tensors, as `skim` leaves them.
    """
    exports = [
        load_workload(DATA / "onnx" / f"transformer_opset{opset}.onnx", 2, seq=16) for opset in (11, 14, 17)
    ]  # fmt: skip
    assert {network.macs for network in exports} == {2 * 1_638_400 + 32 * 64 * 1000}
    assert all(network.uncounted == () for network in exports)
    first, *others = ([bare(layer) for layer in network.layers] for network in exports)
    assert others == [first, first]
    kinds = ["norm", "linear", "matmul", "softmax", "matmul", "linear", "elementwise",
             "norm", "linear", "linear", "elementwise"]  # fmt: skip
    assert [layer.kind for layer in first] == ["embedding", "elementwise", *kinds, *kinds, "linear"]


def test_a_norm_without_gain_or_shift_costs_less(tmp_path: Path) -> None:
    """One multiply and one add per value less; x / |x| is an RMS norm without gain."""
    nodes = [node("LayerNormalization", ["x", "gain"], "a"), node("LpNormalization", ["a"], "y")]
    first, second = imported(tmp_path, nodes, {"x": [2, 10, 64]}, ["y"], [stored("gain", 64)]).layers
    (whole_norm,) = build.layer_norm("norm", TOKENS).layers
    assert merge(first.vector_ops, ops(add=1280)) == whole_norm.vector_ops
    (whole_norm,) = build.rms_norm("norm", TOKENS).layers
    assert merge(second.vector_ops, ops(multiply=1280)) == whole_norm.vector_ops
    assert (first.parameters, second.parameters) == (64, 0)


def test_rows_and_columns_of_a_table_are_looked_up(tmp_path: Path) -> None:
    """What is chosen at run time is gathered, along any axis; columns chosen beforehand are a view."""
    nodes = [node("Gather", ["w", "ids"], name, axis=axis) for axis, name in enumerate(("rows", "columns"))]
    nodes += [node("Gather", ["w", "two"], "view", axis=1), node("MatMul", ["x", "view"], "y")]
    inputs = {"ids": [3], "x": [1, 8]}
    tensors = [stored("w", 8, 5), whole("two", 0, 3)]
    network = imported(tmp_path, nodes, inputs, ["rows", "columns", "y"], tensors, kinds={"ids": 7})
    rows, columns, product = network.layers
    assert (rows.kind, rows.gathered_elements, rows.row_elements) == ("embedding", 15, 5)
    assert (columns.kind, columns.gathered_elements, columns.row_elements) == ("embedding", 24, 8)
    assert product.weight_elements == 8 * 2
    assert network.parameters == 40
