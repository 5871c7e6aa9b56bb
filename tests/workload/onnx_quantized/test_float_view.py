"""Is the float view of a quantized graph its float original, with the formats that the quantizer gave it?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType
from quantized_models import attention_block, constant, conv_net, quantized, quantized_at_run_time

from accelsim.errors import InputError
from accelsim.workload.importers.onnx.quantized import Formats, float_view

COMPUTING = ("Conv", "MatMul", "Gemm")
NETS = {"conv": conv_net, "attention": attention_block}


def viewed(model: onnx.ModelProto | Path) -> tuple[onnx.ModelProto, Formats]:
    model = onnx.load(str(model)) if isinstance(model, Path) else model
    return model, float_view(model)


def operators(model: onnx.ModelProto) -> list[str]:
    """Operators in order, without those that a quantizer folds into another's codes."""
    return [node.op_type for node in model.graph.node if node.op_type not in ("Identity", "Relu", "Reshape", "Cast")]


def products(model: onnx.ModelProto, formats: Formats) -> dict[str, tuple[str, str]]:
    """Formats of (weights, activations) by name of the node that multiplies them."""
    return {
        node.name: (formats.of[node.input[1]], formats.of[node.input[0]])
        for node in model.graph.node
        if node.op_type in COMPUTING
    }


def made(
    nodes: list[Any], weights: list[TensorProto], shape: tuple[int, ...] = (4, 64), **more: Any
) -> onnx.ModelProto:
    """Return an unchecked model from x to y."""
    graph = helper.make_graph(
        nodes, "made", [helper.make_tensor_value_info("x", more.get("type", 1), shape)],
        [helper.make_tensor_value_info("y", 1, None)], weights,
    )  # fmt: skip
    domains = ["", "com.microsoft", "qonnx.custom_op.general"]
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid(name, 21 if not name else 1) for name in domains]
    )


def tensor(name: str, type_: int, shape: tuple[int, ...], value: float = 0.0) -> TensorProto:
    """Return a stored tensor of one value everywhere; of no data if it is large."""
    count = int(np.prod(shape)) if shape else 1
    if count > 1024:
        return TensorProto(name=name, dims=shape, data_type=type_)
    return helper.make_tensor(name, type_, shape, [value] * count)


# --- what a real quantizer makes ----------------------------------------------------------------


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator], ids=["qdq", "qoperator"])
@pytest.mark.parametrize("per_channel", [True, False], ids=["channel", "tensor"])
def test_static_quantization(net: str, form: QuantFormat, per_channel: bool, tmp_path: Path) -> None:
    float_model = NETS[net]()
    path = quantized(
        float_model, tmp_path, quant_format=form, per_channel=per_channel,
        weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8,
    )  # fmt: skip
    model, formats = viewed(path)
    assert operators(model) == operators(float_model)
    weights = "int8gcsfp32" if per_channel else "int8gtsfp32"
    found = products(model, formats)
    assert {name: each for name, each in found.items() if name not in ("scores", "values")} == {
        node.name: (weights, "uint8")
        for node in float_model.graph.node
        if node.op_type in COMPUTING and node.name not in ("scores", "values")
    }
    assert [found[name] for name in ("scores", "values") if name in found] in ([], [("uint8", "uint8")] * 2)
    assert formats.usual == "fp32"


@pytest.mark.parametrize("types", [(QuantType.QInt4, QuantType.QInt8), (QuantType.QUInt4, QuantType.QUInt16)])
def test_narrow_weights_and_wide_activations(types: tuple[QuantType, QuantType], tmp_path: Path) -> None:
    path = quantized(attention_block(), tmp_path, per_channel=True, weight_type=types[0], activation_type=types[1])
    found = products(*viewed(path))
    expected = {QuantType.QInt4: "int8", QuantType.QUInt4: "uint16"}[types[0]]
    assert found["query"] == ("int4gcsfp32", expected)


def test_weights_that_stay_float_before_their_quantizer(tmp_path: Path) -> None:
    options = {"AddQDQPairToWeight": True, "DedicatedQDQPair": True}
    found = products(*viewed(quantized(conv_net(), tmp_path, extra_options=options)))
    assert set(found.values()) == {("int8gtsfp32", "int8")}


def test_only_some_operators_quantized(tmp_path: Path) -> None:
    path = quantized(conv_net(), tmp_path, op_types_to_quantize=["Conv"], quant_format=QuantFormat.QOperator)
    found = products(*viewed(path))
    assert found["conv2"] == ("int8gtsfp32", "int8")
    assert found["classify"] == ("fp32", "fp32")


@pytest.mark.parametrize("per_channel", [True, False], ids=["channel", "tensor"])
def test_dynamic_quantization(per_channel: bool, tmp_path: Path) -> None:
    model, formats = viewed(quantized_at_run_time(attention_block(), tmp_path, per_channel=per_channel))
    assert operators(model) == operators(attention_block())
    found = products(model, formats)
    assert found["up"] == ("int8gcsfp32" if per_channel else "int8gtsfp32", "uint8")
    assert found["scores"] == ("fp32", "fp32")
    conv, formats = viewed(quantized_at_run_time(conv_net(), tmp_path))
    assert products(conv, formats)["conv1"][1] == "uint8"
    assert not [node for node in conv.graph.node if node.op_type in ("Mul", "Cast")]


def test_a_float_graph_stays_as_it_is() -> None:
    model, formats = viewed(conv_net())
    assert model.SerializeToString() == conv_net().SerializeToString()
    assert set(formats.of.values()) == {"fp32"}


# --- granularity and types ----------------------------------------------------------------------


def dequantized(type_: int, scale: tuple[int, ...], scale_type: int = 1, zero: int | None = None, **how: Any) -> str:
    """Return the format of a 64 x 32 weight of a matmul after DequantizeLinear."""
    shape = how.pop("shape", (64, 32))
    inputs = ["w", "s"] + (["z"] if zero is not None else [])
    weights = [tensor("w", type_, shape), tensor("s", scale_type, scale, 1.0)]
    if zero is not None:
        weights.append(tensor("z", type_, scale, zero))
    transposed = shape != (64, 32)
    nodes = [helper.make_node("DequantizeLinear", inputs, ["d"], **how)]
    nodes += [helper.make_node("Transpose", ["d"], ["t"], perm=[1, 0])] if transposed else []
    nodes += [helper.make_node("MatMul", ["x", "t" if transposed else "d"], ["y"])]
    _, formats = viewed(made(nodes, weights))
    return formats.of["t" if transposed else "d"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type_": TensorProto.INT8, "scale": ()}, "int8gtsfp32"),
        ({"type_": TensorProto.INT8, "scale": (32,), "axis": 1}, "int8gcsfp32"),
        ({"type_": TensorProto.INT8, "scale": (64,), "axis": 0}, "int8g32sfp32"),
        ({"type_": TensorProto.INT8, "scale": (32,), "axis": 0, "shape": (32, 64)}, "int8gcsfp32"),
        ({"type_": TensorProto.INT4, "scale": (4, 32), "axis": 0, "block_size": 16, "scale_type": 10}, "int4g16"),
        ({"type_": TensorProto.UINT4, "scale": (4, 32), "axis": 0, "block_size": 16, "zero": 3}, "uint4g16sfp32zuint4"),
        ({"type_": TensorProto.UINT4, "scale": (4, 32), "axis": 0, "block_size": 16, "zero": 8}, "int4g16sfp32"),
        ({"type_": TensorProto.UINT8, "scale": (32,), "zero": 128}, "int8gcsfp32"),
        ({"type_": TensorProto.UINT8, "scale": (32,), "zero": 127}, "uint8gcsfp32zuint8"),
        ({"type_": TensorProto.INT8, "scale": (32,), "zero": 0}, "int8gcsfp32"),
        ({"type_": TensorProto.INT8, "scale": (32,), "zero": -7}, "int8gcsfp32zint8"),
        ({"type_": TensorProto.UINT16, "scale": (32,), "zero": 32768}, "int16gcsfp32"),
        ({"type_": TensorProto.UINT16, "scale": (32,), "zero": 128}, "uint16gcsfp32zuint16"),
        ({"type_": TensorProto.FLOAT8E4M3FN, "scale": ()}, "fp8e4m3gtsfp32"),
        ({"type_": TensorProto.FLOAT8E5M2, "scale": (32,), "scale_type": 16}, "fp8e5m2gcsbf16"),
        ({"type_": TensorProto.FLOAT4E2M1, "scale": (2, 32), "axis": 0, "block_size": 32, "scale_type": 24},
         "fp4e2m1g32se8m0"),
        ({"type_": TensorProto.INT2, "scale": (32,)}, "int2gcsfp32"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_granularity_of_weights(given: dict[str, Any], expected: str) -> None:
    from accelsim.precision import parse_format

    assert dequantized(**given) == expected
    parse_format(expected)


def test_channels_of_every_operator() -> None:
    cases = {
        "Conv": ((16, 3, 3, 3), 0, {}), "ConvTranspose": ((3, 16, 3, 3), 1, {}),
        "Gemm": ((64, 16), 1, {}), "Gather": ((16, 64), 0, {}),
    }  # fmt: skip
    for op, (shape, axis, how) in cases.items():
        order = ["d", "x"] if op == "Gather" else ["x", "d"]
        nodes = [helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=axis),
                 helper.make_node(op, order, ["y"], **how)]  # fmt: skip
        _, formats = viewed(made(nodes, [tensor("w", TensorProto.INT8, shape), tensor("s", 1, (16,))]))
        assert formats.of["d"] == "int8gcsfp32", op
        nodes[0].attribute[0].i = 1 - axis
        _, formats = viewed(made(nodes, [tensor("w", TensorProto.INT8, shape), tensor("s", 1, (shape[1 - axis],))]))
        assert formats.of["d"] == f"int8g{int(np.prod(shape)) // shape[1 - axis]}sfp32", op


def test_channels_are_followed_through_a_transpose() -> None:
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=1),
        helper.make_node("Transpose", ["d"], ["t"], perm=[1, 0]),
        helper.make_node("Gemm", ["x", "t"], ["y"], transB=1),
    ]
    _, formats = viewed(made(nodes, [tensor("w", TensorProto.INT8, (64, 16)), tensor("s", 1, (16,))]))
    assert formats.of["t"] == "int8gcsfp32"


def test_codes_clipped_to_fewer_bits() -> None:
    bounds = [
        numpy_helper.from_array(np.array(value, dtype=np.int8), name) for name, value in (("low", -7), ("high", 7))
    ]
    nodes = [
        helper.make_node("Clip", ["w", "low", "high"], ["c"]),
        helper.make_node("DequantizeLinear", ["c", "s"], ["d"], axis=1),
        helper.make_node("MatMul", ["x", "d"], ["y"]),
    ]
    _, formats = viewed(made(nodes, [tensor("w", TensorProto.INT8, (64, 32)), tensor("s", 1, (32,)), *bounds]))
    assert formats.of["d"] == "int4gcsfp32"


def test_values_that_are_only_moved_keep_their_format_and_computed_ones_do_not() -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s"], ["q"], output_dtype=TensorProto.INT8),
        helper.make_node("DequantizeLinear", ["q", "s"], ["d"]),
        helper.make_node("Transpose", ["d"], ["t"], perm=[1, 0]),
        helper.make_node("Sigmoid", ["t"], ["g"]),
        helper.make_node("Cast", ["g"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("Neg", ["h"], ["y"]),
    ]
    _, formats = viewed(made(nodes, [tensor("s", 1, ())]))
    assert [formats.of[name] for name in "xqdtghy"] == ["fp32", "int8", "int8", "int8", "fp32", "fp16", "fp16"]


# --- other quantizers ---------------------------------------------------------------------------


def packed(bits: int, *, zero: bool, block: int = 32) -> onnx.ModelProto:
    """Return x (4 x 64) by 64 x 32 weights of ``bits`` bits as ONNX Runtime's MatMulNBits packs them."""
    rng = np.random.default_rng(5)
    blocks = 64 // block
    codes = rng.integers(0, 256, (32, blocks, block * bits // 8), dtype=np.uint8)
    weights = [
        numpy_helper.from_array(codes, "w"),
        numpy_helper.from_array(np.full(32 * blocks, 0.1, dtype=np.float32), "s"),
    ]
    if zero:
        weights.append(numpy_helper.from_array(np.full(32 * -(-blocks * bits // 8), 0x37, dtype=np.uint8), "z"))
    node = helper.make_node(
        "MatMulNBits", ["x", "w", "s"] + ["z"] * zero, ["y"], domain="com.microsoft", name="packed",
        K=64, N=32, bits=bits, block_size=block,
    )  # fmt: skip
    model = made([node], weights)
    model.ir_version = 10
    return model


@pytest.mark.parametrize(("bits", "zero", "expected"), [
    (4, False, "int4g32sfp32"), (4, True, "uint4g32sfp32zuint4"), (8, False, "int8g32sfp32"),
])  # fmt: skip
def test_packed_weights_have_their_true_shape(bits: int, zero: bool, expected: str) -> None:
    import onnxruntime

    whole = packed(bits, zero=zero)
    whole.graph.output[0].type.tensor_type.shape.dim.add().dim_value = 4
    whole.graph.output[0].type.tensor_type.shape.dim.add().dim_value = 32
    session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.zeros((4, 64), dtype=np.float32)})
    assert result.shape == (4, 32)
    model, formats = viewed(packed(bits, zero=zero))
    (node,) = model.graph.node
    assert (node.op_type, list(node.input)) == ("MatMul", ["x", "w"])
    assert [list(each.dims) for each in model.graph.initializer if each.name == "w"] == [[64, 32]]
    assert (formats.of["w"], formats.of["x"], formats.of["y"]) == (expected, "fp32", "fp32")


MICROSOFT: dict[str, tuple[list[str], dict[str, Any], str, dict[str, str]]] = {
    "QLinearConcat": (["s", "z", "x", "s", "z", "a", "s", "z"], {"axis": 0}, "Concat x a", {"y": "int8"}),
    "QLinearWhere": (["c", "x", "s", "z", "a", "s", "z", "s", "z"], {}, "Where c x a", {"y": "int8"}),
    "QLinearMul": (["x", "s", "z", "w", "s", "z", "s", "z"], {}, "Mul x w", {"w": "int8gtsfp32", "y": "int8"}),
    "QLinearReduceMean": (["x", "s", "z", "s", "z"], {"axes": [1]}, "ReduceMean x", {"y": "int8"}),
    "QLinearAveragePool": (["x", "s", "z", "s", "z"], {"kernel_shape": [2]}, "AveragePool x", {"y": "int8"}),
    "QLinearLeakyRelu": (["x", "s", "z", "s", "z"], {"alpha": 0.1}, "LeakyRelu x", {"y": "int8"}),
    "QAttention": (["x", "w", "b", "s", "each", "", "z"], {"num_heads": 2}, "Attention x w b", {"w": "int8gcsfp32"}),
    "MatMulBnb4": (["x", "w", "each"], {"K": 64, "N": 32, "block_size": 64, "quant_type": 1}, "MatMul x w",
                   {"w": "nf4", "y": "fp32"}),
    "GatherBlockQuantized": (["bytes", "i", "each"], {"block_size": 32, "bits": 4}, "Gather bytes i",
                             {"bytes": "int4g32sfp32", "y": "fp32"}),
}  # fmt: skip


@pytest.mark.parametrize("op", MICROSOFT)
def test_operators_of_onnx_runtime(op: str) -> None:
    inputs, how, expected, formats_expected = MICROSOFT[op]
    weights = [
        tensor("s", 1, ()), tensor("z", TensorProto.INT8, ()), tensor("w", TensorProto.INT8, (64, 32)),
        tensor("b", 1, (32,)), tensor("each", 1, (32,)), tensor("bytes", TensorProto.UINT8, (100, 16)),
        tensor("i", TensorProto.INT64, (4,)),
    ]  # fmt: skip
    floats = op in ("MatMulBnb4",)
    whole = made([helper.make_node(op, inputs, ["y"], domain="com.microsoft", name="own_quant", **how)], weights,
                 type=TensorProto.FLOAT if floats else TensorProto.INT8)  # fmt: skip
    view, formats = viewed(whole)
    (node,) = view.graph.node
    assert f"{node.op_type} {' '.join(filter(None, node.input))}" == expected
    assert {name: formats.of[name] for name in formats_expected} == formats_expected
    assert [list(each.dims) for each in view.graph.initializer if each.name == "bytes"] == [
        [100, 32 if op == "GatherBlockQuantized" else 16]
    ]


def test_channels_last_are_transposed_to_the_front() -> None:
    weights = [tensor("s", 1, ()), tensor("z", TensorProto.INT8, ()), tensor("w", TensorProto.INT8, (16, 3, 3, 3))]
    nodes = [
        helper.make_node("QLinearConv", ["x", "s", "z", "w", "s", "z", "s", "z"], ["c"], domain="com.microsoft",
                         channels_last=1),
        helper.make_node("NhwcMaxPool", ["c"], ["p"], domain="com.microsoft", kernel_shape=[2, 2]),
        helper.make_node("QLinearGlobalAveragePool", ["p", "s", "z", "s", "z"], ["y"], domain="com.microsoft",
                         channels_last=1),
    ]  # fmt: skip
    view, formats = viewed(made(nodes, weights, (1, 8, 8, 3), type=TensorProto.INT8))
    assert [node.op_type for node in view.graph.node] == [
        "Transpose", "Conv", "Transpose", "Transpose", "MaxPool", "Transpose",
        "Transpose", "GlobalAveragePool", "Transpose",
    ]  # fmt: skip
    assert not [one for node in view.graph.node for one in node.attribute if one.name == "channels_last"]
    orders = [list(node.attribute[0].ints) for node in view.graph.node[:3:2]]
    assert orders == [[0, 3, 1, 2], [0, 2, 3, 1]]
    assert {formats.of[node.output[0]] for node in view.graph.node} == {"int8"}


def quant(source: str, result: str, bits: float | str, scale: str = "s", **how: Any) -> Any:
    return helper.make_node(
        "Quant", [source, scale, "zero", f"b{bits}"], [result], domain="qonnx.custom_op.general",
        **({"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | how),
    )  # fmt: skip


def test_qonnx_bit_widths_come_from_its_inputs() -> None:
    weights = [
        tensor("w", 1, (16, 3, 3, 3)), tensor("s", 1, (), 0.1), tensor("each", 1, (16, 1, 1, 1), 0.1),
        tensor("zero", 1, ()), tensor("b3", 1, (), 3), tensor("b4", 1, (), 4), tensor("v", 1, (16, 16, 1, 1)),
    ]  # fmt: skip
    nodes = [
        quant("w", "wq", 3, "each", narrow=1),
        quant("x", "xq", 4),
        helper.make_node("Conv", ["xq", "wq"], ["c"], name="first"),
        helper.make_node("Relu", ["c"], ["r"]),
        quant("r", "rq", 4, signed=0),
        helper.make_node("BipolarQuant", ["v", "s"], ["vq"], domain="qonnx.custom_op.general"),
        helper.make_node("Conv", ["rq", "vq"], ["y"], name="second"),
    ]
    model, formats = viewed(made(nodes, weights, (1, 3, 8, 8)))
    assert products(model, formats) == {"first": ("int3gcsfp32", "int4"), "second": ("int2gtsfp32", "uint4")}
    assert operators(model) == ["Conv", "Conv"]


def test_qonnx_minifloats_and_truncation() -> None:
    weights = [
        tensor("s", 1, (), 0.1), tensor("zero", 1, ()), tensor("w", 1, (64, 32)), tensor("e", 1, (), 4),
        tensor("m", 1, (), 3), tensor("b8", 1, (), 8), tensor("b4", 1, (), 4),
    ]  # fmt: skip
    domain = "qonnx.custom_op.general"
    nodes = [
        quant("x", "q", 8, signed=0),
        helper.make_node("Trunc", ["q", "s", "zero", "b8", "b4"], ["t"], domain=domain),
        helper.make_node("FloatQuant", ["w", "s", "e", "m"], ["wq"], domain=domain),
        helper.make_node("MatMul", ["t", "wq"], ["y"], name="product"),
    ]
    assert products(*viewed(made(nodes, weights))) == {"product": ("fp8e4m3gtsfp32", "uint4")}


# --- broken graphs ------------------------------------------------------------------------------

BROKEN: dict[str, Callable[[], list[Any]]] = {
    "QLinearConv": lambda: [helper.make_node("QLinearConv", ["x"], ["y"], name="short")],
    "DequantizeLinear": lambda: [helper.make_node("DequantizeLinear", ["x"], ["y"], name="short")],
    "MatMulNBits": lambda: [helper.make_node("MatMulNBits", ["x"], ["y"], name="short", domain="com.microsoft")],
    "Quant": lambda: [helper.make_node("Quant", ["x", "s"], ["y"], name="short", domain="qonnx.custom_op.general")],
}


@pytest.mark.parametrize("op", BROKEN)
def test_an_operator_without_its_inputs_is_one_sentence(op: str) -> None:
    with pytest.raises(InputError, match=rf"^{op} must have at least \d inputs and an output; .short. has \d and 1\.$"):
        float_view(made(BROKEN[op](), []))


@pytest.mark.parametrize("how", [{"bits": 1000}, {"block_size": 0}, {"K": -64}, {"N": 31}, {"N": 1.5}], ids=str)
def test_packed_weights_must_be_those_of_the_matrix(how: dict[str, Any]) -> None:
    whole = packed(4, zero=True)
    for name, value in how.items():
        kept = [one for one in whole.graph.node[0].attribute if one.name != name]
        del whole.graph.node[0].attribute[:]
        whole.graph.node[0].attribute.extend([*kept, helper.make_attribute(name, value)])
    with pytest.raises(InputError, match=r"^MatMulNBits .packed. must have .*; got .*\.$"):
        float_view(whole)


@pytest.mark.parametrize("width", [float("nan"), float("inf"), -3.0, 1e9])
def test_impossible_bit_widths_are_no_traceback(width: float) -> None:
    weights = [tensor("s", 1, (), 0.1), tensor("zero", 1, ()), tensor("bx", 1, (), width)]
    float_view(made([quant("x", "q", "x"), helper.make_node("Relu", ["q"], ["y"])], weights))


@pytest.mark.parametrize("cut", range(1, 11))
def test_names_that_nobody_makes_are_no_traceback(cut: int) -> None:
    nodes = [
        helper.make_node("QLinearConv", [f"n{i}" for i in range(9)], ["a"]),
        helper.make_node("DequantizeLinear", ["a", "nowhere"], ["b"]),
        helper.make_node("QuantizeLinear", ["b", "nowhere"], ["b"]),
        helper.make_node("MatMulNBits", ["b", "gone", "gone"], ["c"], domain="com.microsoft", K=8, N=8, block_size=8),
        helper.make_node("QLinearConcat", ["s", "z", "c", "s", "z"], ["d"], domain="com.microsoft"),
        helper.make_node("Quant", ["d", "s", "z", "gone"], ["e"], domain="qonnx.custom_op.general"),
        helper.make_node("Gather", [], ["f"]),
        helper.make_node("Transpose", ["w"], ["t"], perm=[9, 9]),
        helper.make_node("DequantizeLinear", ["t", "w"], ["u"], axis=7),
        helper.make_node("MatMul", ["x", "u"], ["y"]),
    ]
    float_view(made(nodes[:cut], [tensor("w", TensorProto.INT8, (4, 5))]))


def test_a_ring_of_tensors_ends() -> None:
    nodes = [helper.make_node("Identity", ["b"], ["a"]), helper.make_node("Transpose", ["a"], ["b"]),
             helper.make_node("DequantizeLinear", ["b", "s"], ["y"])]  # fmt: skip
    float_view(made(nodes, [constant("s", 1)]))
