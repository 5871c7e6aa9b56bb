"""Are dynamic axes bound, the arithmetic of shapes evaluated, and operators without a law listed?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto, helper
from onnx_models import imported, node, scalar, stored, whole

from accelsim.errors import InputError, UnsupportedError
from accelsim.simulation.estimate import estimate
from accelsim.workload.operators import Graph, concat, conv, cut, expand, pointwise, reshape, transpose
from accelsim.workload.uncounted import require_counted

LINEAR = [node("MatMul", ["x", "w"], "y")]
WEIGHT = [stored("w", 8, 4)]


def test_an_unset_batch_is_one_and_is_announced(tmp_path: Path) -> None:
    network = imported(tmp_path, LINEAR, {"x": ["batch_size", 8]}, ["y"], WEIGHT)
    assert (network.batch, network.macs) == (1, 32)
    assert network.notes == ("the batch (batch_size) is not given; 1 is taken (--batch).",)
    assert network.notes[0] in estimate(network, "horowitz-45nm").warnings
    given = imported(tmp_path, LINEAR, {"x": ["batch_size", 8]}, ["y"], WEIGHT, batch=5)
    assert (given.batch, given.macs, given.notes) == (5, 160, ())


@pytest.mark.parametrize("axis", ["N", "unk__12", None, "batch"])
def test_the_first_axis_is_the_batch(tmp_path: Path, axis: str | None) -> None:
    assert imported(tmp_path, LINEAR, {"x": [axis, 8]}, ["y"], WEIGHT, batch=3).macs == 96


def test_other_axes_are_bound_by_name(tmp_path: Path) -> None:
    inputs: dict[str, Any] = {"x": ["batch", "sequence", 8]}
    network = imported(tmp_path, LINEAR, inputs, ["y"], WEIGHT, batch=2, dims={"sequence": 7})
    assert (network.macs, network.options) == (2 * 7 * 32, {"sequence": 7})


def test_a_sum_of_axes_follows_from_its_parts(tmp_path: Path) -> None:
    nodes = [node("Concat", ["past", "x"], "c", axis=1), node("Add", ["c", "mask"], "y")]
    inputs: dict[str, Any] = {"past": [1, "old", 8], "x": [1, "new", 8], "mask": [1, "old + new", 8]}
    network = imported(tmp_path, nodes, inputs, ["y"], dims={"old": 5, "new": 2})
    assert network["y"].output_elements == 7 * 8


@pytest.mark.parametrize(
    ("shape", "dims", "batch", "message"),
    [
        (["batch", "sequence", 8], {}, 2, "give --dim sequence=N"),
        ([2, None, 8], {}, None, "give --dim x.1=N"),
        (["sequence", 8], {}, 2, "give --dim sequence=N"),
        (["batch", "sequence", 8], {"sequenze": 3, "sequence": 2}, 2, "did you mean sequence"),
        ([2, 8], {}, 3, "the batch must be 2"),
        (["batch", "s", 8], {"s": "many"}, 2, "must be a whole number"),
    ],
)
def test_axes_that_nothing_binds_are_named(
    tmp_path: Path, shape: list[Any], dims: dict[str, Any], batch: int | None, message: str
) -> None:
    with pytest.raises(InputError, match=r"model\.onnx") as error:
        imported(tmp_path, LINEAR, {"x": shape}, ["y"], WEIGHT, dims=dims, batch=batch)
    assert message in str(error.value)


def test_the_arithmetic_of_shapes_is_evaluated(tmp_path: Path) -> None:
    """Half of the sequence by Shape, Gather, Div, Slice; heads by Concat and Reshape; as exporters write it."""
    nodes = [
        node("Shape", ["x"], "s"),
        node("Gather", ["s", "one"], "length", axis=0),
        node("Div", ["length", "two"], "half"),
        node("Unsqueeze", ["half", "zero"], "end"),
        node("Slice", ["x", "zero", "end", "ones"], "front"),
        node("Constant", [], "minus", value_ints=[-1]),
        node("Concat", ["zero", "end", "two1", "minus"], "wanted", axis=0),
        node("Reshape", ["front", "wanted"], "split"),
        node("Transpose", ["split"], "turned", perm=[0, 2, 1, 3]),
        node("MatMul", ["turned", "w"], "y"),
    ]
    numbers = [whole(name, value) for name, value in (("zero", 0), ("ones", 1), ("two1", 2))]
    scalars = [helper.make_tensor(name, TensorProto.INT64, [], [value]) for name, value in (("one", 1), ("two", 2))]
    network = imported(
        tmp_path, nodes, {"x": ["b", "s", 8]}, ["y"], [stored("w", 4, 5), *numbers, *scalars], batch=3, dims={"s": 11}
    )
    assert network.uncounted == ()
    (layer,) = network.layers
    assert layer.macs == 3 * 2 * 5 * 4 * 5
    assert layer.input_elements == 3 * 5 * 8


def test_what_only_looks_at_a_tensor_is_no_layer() -> None:
    graph = Graph("views")
    x = pointwise(graph, "relu", "relu", graph.input((2, 6, 4)))
    y = pointwise(graph, "sigmoid", "sigmoid", x)
    parts = [cut(reshape(transpose(each, (0, 2, 1)), (8, 6)), (8, 3)) for each in (x, y)]
    made = pointwise(graph, "exp", "exp", concat(graph, "concat", parts, 1))
    network = graph.network([made])
    assert [layer.name for layer in network.layers] == ["relu", "sigmoid", "exp"]
    assert network["exp"].inputs == ("relu", "sigmoid")
    assert network["exp"].input_elements == 2 * 8 * 3


def test_a_stored_part_of_an_activation_is_written_there() -> None:
    """The class token of a vision transformer: it is read from its weights and joins the activation."""
    graph = Graph("token")
    image = conv(graph, "patches", graph.input((1, 3, 8, 8)), graph.stored("w", (16, 3, 4, 4)), stride=(4, 4))
    token = expand(graph.stored("token", (1, 1, 16)), (1, 1, 16))
    made = concat(graph, "join", [token, transpose(reshape(image, (1, 16, 4)), (0, 2, 1))], 1)
    network = graph.network([pointwise(graph, "exp", "exp", made)])
    assert network["join"].parameters == network["join"].output_elements == 16
    assert network["exp"].inputs == ("patches", "join")
    assert network.parameters == 16 * 3 * 4 * 4 + 16


def test_a_tied_table_is_stored_once(tmp_path: Path) -> None:
    nodes = [
        node("Gather", ["table", "ids"], "e", axis=0),
        node("Transpose", ["table"], "t"),
        node("MatMul", ["e", "t"], "y"),
    ]
    network = imported(tmp_path, nodes, {"ids": [1, 5]}, ["y"], [stored("table", 100, 8)], kinds={"ids": 7})
    embed, head = network.layers
    assert (embed.kind, embed.gathered_elements, embed.row_elements, embed.parameters) == ("embedding", 40, 8, 800)
    assert (head.macs, network.tied_parameters, network.parameters) == (5 * 8 * 100, 800, 800)


def test_what_is_not_understood_is_listed(tmp_path: Path) -> None:
    """With count and share; what stands behind it is counted if its shape is known, and strict refuses."""
    nodes = [
        node("Relu", ["x"], "a"),
        node("NonZero", ["a"], "b"),
        node("MyOwn", ["a"], "c", domain="some.where"),
        node("MyOwn", ["c"], "d", domain="some.where"),
        node("MatMul", ["a", "w"], "y"),
    ]
    network = imported(tmp_path, nodes, {"x": [3, 8]}, ["y", "b", "d"], WEIGHT)
    assert network.uncounted == ("some.where.MyOwn (2 of 5 operators, 40.0%)", "NonZero (1 of 5 operators, 20.0%)")
    assert network.macs == 3 * 8 * 4
    with pytest.raises(UnsupportedError, match=r"some\.where\.MyOwn \(2 of 5"):
        require_counted(network)
    assert any("MyOwn" in warning for warning in estimate(network, "horowitz-45nm").warnings)


def test_what_reads_an_unknown_shape_is_not_counted_as_zero(tmp_path: Path) -> None:
    nodes = [node("MyOwn", ["x"], "a", domain="some.where"), node("MatMul", ["a", "w"], "b"), node("Relu", ["x"], "y")]
    network = imported(tmp_path, nodes, {"x": [3, 8]}, ["y", "b"], WEIGHT)
    assert network.uncounted[1] == "MatMul of unknown shape (1 of 3 operators, 33.3%)"


@pytest.mark.parametrize("operator", ["If", "Loop", "Scan"])
def test_control_flow_is_listed(tmp_path: Path, operator: str) -> None:
    body = helper.make_graph([node("Relu", ["x"], "r")], "body", [], [helper.make_tensor_value_info("r", 1, [3, 8])])
    attributes: dict[str, Any] = (
        {"then_branch": body, "else_branch": body} if operator == "If" else {"body": body, "num_scan_inputs": 1}
    )
    nodes = [node(operator, ["x"], "a", **attributes), node("Relu", ["x"], "y")]
    network = imported(tmp_path, nodes, {"x": [3, 8]}, ["y", "a"])
    assert network.uncounted == (f"{operator} (1 of 2 operators, 50.0%)",)


def test_functions_are_walked_in_place(tmp_path: Path) -> None:
    """A function of the model, called twice, with an attribute of the caller and an input left out."""
    inner = helper.make_node("Gemm", ["a", "weight", "bias"], ["g"], name="gemm")
    turned = inner.attribute.add()
    turned.name, turned.ref_attr_name, turned.type = "transB", "turned", 2
    ends = helper.make_node("Relu", ["g"], ["r"], name="relu")
    opset = [helper.make_opsetid("", 18)]
    function = helper.make_function("own", "Dense", ["a", "weight", "bias"], ["r"], [inner, ends], opset, ["turned"])
    nodes = [
        node("Dense", ["x", "w"], "h", "first", domain="own", turned=0),
        node("Dense", ["h", "w", "b"], "y", "second", domain="own", turned=1),
    ]
    tensors = [stored("w", 8, 4), stored("b", 8)]
    network = imported(tmp_path, nodes, {"x": [3, 8]}, ["y"], tensors, functions=[function])
    assert [(layer.name, layer.macs, layer.parameters) for layer in network.layers] == [
        ("first/gemm", 96, 0),
        ("second/gemm", 96, 8),
    ]
    assert network.tied_parameters == 32


@pytest.mark.parametrize("opset", [7, 9, 10, 11, 13, 18, 21, 23])
def test_opsets_agree(tmp_path: Path, opset: int) -> None:
    """Axes, slices, splits and clips as inputs or as attributes, as each opset writes them."""
    inputs = opset >= 13
    nodes = [
        node("ReduceMean", ["x", "last"], "m") if opset >= 18 else node("ReduceMean", ["x"], "m", axes=[-1]),
        node("Squeeze", ["m", "last"], "q") if inputs else node("Squeeze", ["m"], "q", axes=[2]),
        node("Slice", ["q", "one", "three", "one"], "s") if opset >= 10 else
        node("Slice", ["q"], "s", starts=[1], ends=[3], axes=[1]),
        node("Split", ["s", "both"], ["l", "r"], "split", axis=1) if inputs else
        node("Split", ["s"], ["l", "r"], "split", axis=1, split=[1, 1]),
        node("Clip", ["l", "low", "high"], "c") if opset >= 11 else node("Clip", ["l"], "c", min=0.0, max=6.0),
        node("Softmax", ["c"], "y", axis=1),
    ]  # fmt: skip
    numbers = [whole("last", 2), whole("one", 1), whole("three", 3), whole("both", 1, 1)]
    tensors = [*numbers, scalar("low", 0.0), scalar("high", 6.0)]
    network = imported(tmp_path, nodes, {"x": [2, 5, 4]}, ["y", "r"], tensors, opset=opset)
    assert network.uncounted == ()
    assert [(layer.kind, layer.input_elements, layer.output_elements) for layer in network.layers] == [
        ("pool", 40, 10),
        ("elementwise", 2, 2),
        ("softmax", 2, 2),
    ]


@pytest.mark.parametrize(("operator", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent(tmp_path: Path, operator: str, gates: int, directions: int) -> None:
    tokens, batch, features, hidden = 7, 2, 5, 6
    rows = gates * hidden
    tensors = [
        stored("w", directions, rows, features),
        stored("r", directions, rows, hidden),
        stored("b", directions, 2 * rows),
    ]
    direction = "bidirectional" if directions == 2 else "forward"
    made = node(operator, ["x", "w", "r", "b"], ["y", "last"], "cell", hidden_size=hidden, direction=direction)
    network = imported(
        tmp_path, [made, node("Relu", ["last"], "z")], {"x": [tokens, batch, features]}, ["y", "z"], tensors
    )
    assert network.macs == directions * tokens * batch * rows * (features + hidden)
    assert network.parameters == directions * rows * (features + hidden + 2)
    assert network["z"].output_elements == directions * batch * hidden
    assert len(network["z"].inputs) == directions


def test_resize_counts_what_its_mode_reads(tmp_path: Path) -> None:
    for mode, taps in (("nearest", 0), ("linear", 4), ("cubic", 16)):
        nodes = [node("Resize", ["x", "", "scales"], "y", mode=mode)]
        scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, 2, 2])
        (layer,) = imported(tmp_path, nodes, {"x": [1, 3, 4, 4]}, ["y"], [scales]).layers
        assert layer.output_elements == 3 * 8 * 8
        assert dict(layer.vector_ops) == ({"add": 192 * taps, "multiply": 192 * taps} if taps else {})
