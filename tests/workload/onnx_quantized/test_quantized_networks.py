"""Does a quantized ONNX file come to the network of its float original, and does `from-model` follow its formats?"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType
from quantized_models import (
    attention_block,
    conv_net,
    model,
    optimized,
    quantized,
    quantized_at_run_time,
    recurrent,
    stored,
)

import accelsim as sim
from accelsim.cli import run
from accelsim.scheme.from_model import from_model
from accelsim.workload.network import Network

NETS = {"conv": conv_net, "attention": attention_block}
CHIP = "horowitz-45nm"


def network(path: Path) -> Network:
    return sim.load_workload(path)


def original(net: str, folder: Path) -> Network:
    onnx.save(NETS[net](), str(folder / "original.onnx"))
    return network(folder / "original.onnx")


def counts(found: Network) -> dict[str, tuple[Any, ...]]:
    """What every layer is and counts, by name: the kind, the loop nest, the words of its tensors, the parameters."""
    return {
        layer.name.replace("_MatMul", ""): (
            layer.kind, layer.shape, layer.input_elements, layer.output_elements, layer.weight_elements,
            layer.parameters, layer.second_operand, tuple(name.replace("_MatMul", "") for name in layer.inputs),
        )
        for layer in found.layers
    }  # fmt: skip


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("per_channel", [True, False], ids=["channel", "tensor"])
@pytest.mark.parametrize("form", ["qdq", "qoperator", "dynamic"])
def test_counts_are_those_of_the_float_original(net: str, form: str, per_channel: bool, tmp_path: Path) -> None:
    if form == "dynamic":
        path = quantized_at_run_time(NETS[net](), tmp_path, per_channel=per_channel)
    else:
        how = {"qdq": QuantFormat.QDQ, "qoperator": QuantFormat.QOperator}[form]
        path = quantized(NETS[net](), tmp_path, quant_format=how, per_channel=per_channel)
    found, float_one = network(path), original(net, tmp_path)
    assert counts(found) == counts(float_one)
    assert (found.macs, found.parameters, found.uncounted) == (float_one.macs, float_one.parameters, ())


def nameless(found: Network) -> list[str]:
    """What the layers count, whatever they are called and in which order they come."""
    return sorted(str(each[:-1]) for each in counts(found).values())


@pytest.mark.parametrize(("net", "form", "level", "operators"), [
    ("conv", "qdq", "EXTENDED", {"QLinearConv", "QLinearAdd", "QGemm", "QLinearGlobalAveragePool"}),
    ("conv", "qdq", "ALL", {"QLinearConv"}),
    ("conv", "dynamic", "EXTENDED", {"ConvInteger", "DynamicQuantizeMatMul"}),
    ("attention", "qdq", "EXTENDED", {"QLinearMatMul", "QLinearSoftmax"}),
    ("attention", "dynamic", "EXTENDED", {"MatMulIntegerToFloat", "DynamicQuantizeMatMul"}),
])  # fmt: skip
def test_what_an_optimizer_fuses_counts_the_same(
    net: str, form: str, level: str, operators: set[str], tmp_path: Path
) -> None:
    if form == "qdq":
        path = quantized(NETS[net](), tmp_path, per_channel=True, activation_type=QuantType.QUInt8)
    else:
        path = quantized_at_run_time(NETS[net](), tmp_path, per_channel=True)
    path = optimized(path, level)
    assert operators <= {node.op_type for node in onnx.load(str(path)).graph.node}
    found, float_one = network(path), original(net, tmp_path)
    assert nameless(found) == nameless(float_one)
    assert (found.macs, found.parameters, found.uncounted) == (float_one.macs, float_one.parameters, ())
    weights = {layer.stated.weights for layer in found.layers if layer.stated and layer.weight_elements}
    assert weights <= {"int8gcsfp32", "int8gtsfp32"}


def test_a_recurrent_layer_with_its_weights_the_other_way_round(tmp_path: Path) -> None:
    path = quantized_at_run_time(recurrent(), tmp_path, per_channel=True)
    assert "DynamicQuantizeLSTM" in {node.op_type for node in onnx.load(str(path)).graph.node}
    onnx.save(recurrent(), str(tmp_path / "original.onnx"))
    found, float_one = network(path), network(tmp_path / "original.onnx")
    assert counts(found) == counts(float_one)
    assert found.parameters == float_one.parameters
    assert {str(layer.stated.weights) for layer in found.layers if layer.stated and layer.shape} == {"int8gcsfp32"}


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator], ids=["qdq", "qoperator"])
def test_an_integer_graph_is_multiplied_as_stored(net: str, form: QuantFormat, tmp_path: Path) -> None:
    found = network(quantized(NETS[net](), tmp_path, quant_format=form, per_channel=True))
    scheme = from_model(found)
    formats = [scheme.resolve(layer) for layer in found.layers if layer.shape]
    assert {(each.family, each.compute_weight.name, each.compute_input.name) for each in formats} == {
        ("native", "int8", "int8")
    }
    stated_alike = replace(scheme, name="int8", overrides=())
    mine, same = sim.estimate(found, CHIP, "from-model"), sim.estimate(found, CHIP, stated_alike)
    assert mine.energy_pj == pytest.approx(same.energy_pj)


def test_a_dynamic_graph_multiplies_integers_and_keeps_floats_between(tmp_path: Path) -> None:
    found = network(quantized_at_run_time(attention_block(), tmp_path))
    scheme = from_model(found)
    families = {layer.name: scheme.resolve(layer).family for layer in found.layers if layer.shape}
    assert families == dict.fromkeys(["query", "key", "value", "up", "down"], "native") | dict.fromkeys(
        ["scores", "values"], "reference"
    )
    assert scheme.output_format(found["query"], found).name == "fp32"


def test_weights_quantized_alone_are_dequantized(tmp_path: Path) -> None:
    """A 4-bit weight in blocks of 16 with zero points, as opset 21 writes it, beside float activations."""
    rng = np.random.default_rng(4)
    codes = helper.make_tensor("w", TensorProto.UINT4, (32, 64), rng.integers(0, 16, 32 * 64).tolist())
    zero = helper.make_tensor("z", TensorProto.UINT4, (2, 64), rng.integers(0, 16, 128).tolist())
    scale = numpy_helper.from_array(np.full((2, 64), 0.1, dtype=np.float32), "s")
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["d"], axis=0, block_size=16, name="unpack"),
        helper.make_node("MatMul", ["x", "d"], ["m"], name="up"),
        helper.make_node("MatMul", ["m", "v"], ["y"], name="down"),
    ]
    made = model(nodes, {"x": (1, 6, 32)}, (1, 6, 32), [codes, zero, scale, stored(rng, "v", 64, 32)])
    onnx.save(made, str(tmp_path / "blocks.onnx"))
    found = network(tmp_path / "blocks.onnx")
    scheme = from_model(found)
    up, down = scheme.resolve(found["up"]), scheme.resolve(found["down"])
    assert (up.family, up.weight.name, up.compute_weight.name) == ("dequantize", "uint4g16sfp32zuint4", "fp32")
    assert (down.family, down.weight.name) == ("reference", "fp32")
    assert up.weight_bits == 4 + (32 + 4) / 16
    assert found.parameters == 2 * 32 * 64
    assert [layer.name for layer in found.layers] == ["up", "down"]


def test_a_qonnx_network_of_three_and_four_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    domain, how = "qonnx.custom_op.general", {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
    scalars = {"s": 0.1, "zero": 0.0, "three": 3.0, "four": 4.0}
    each = numpy_helper.from_array(np.full((8, 1, 1, 1), 0.1, dtype=np.float32), "each")
    nodes = [
        helper.make_node("Quant", ["x", "s", "zero", "four"], ["xq"], domain=domain, **how),
        helper.make_node("Quant", ["w", "each", "zero", "three"], ["wq"], domain=domain, **how),
        helper.make_node("Conv", ["xq", "wq"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("Quant", ["r", "s", "zero", "four"], ["rq"], domain=domain, **how | {"signed": 0}),
        helper.make_node("Flatten", ["rq"], ["f"], name="flatten"),
        helper.make_node("MatMul", ["f", "v"], ["y"], name="float_head"),
    ]
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("x", 1, (1, 3, 6, 6))],
        [helper.make_tensor_value_info("y", 1, (1, 10))],
        [stored(rng, "w", 8, 3, 3, 3), stored(rng, "v", 128, 10), each,
         *(numpy_helper.from_array(np.array(value, dtype=np.float32), name) for name, value in scalars.items())],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(domain, 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets), str(tmp_path / "narrow.onnx"))
    found = network(tmp_path / "narrow.onnx")
    scheme = from_model(found)
    assert [layer.name for layer in found.layers] == ["conv", "float_head"]
    assert (found.macs, found.parameters, found.uncounted) == (8 * 27 * 16 + 1280, 8 * 27 + 1280, ())
    conv, head = (scheme.resolve(layer) for layer in found.layers)
    assert (conv.family, conv.weight.name, conv.input.name) == ("native", "int3gcsfp32", "int4")
    assert (head.family, head.weight.name, head.input.name) == ("dequantize", "fp32", "uint4")
    assert (sim.estimate(found, CHIP, "from-model").energy_pj or 0) > 0


def test_a_residual_of_two_formats_is_stored_in_the_wider(tmp_path: Path) -> None:
    path = quantized(conv_net(), tmp_path, op_types_to_quantize=["Conv"], quant_format=QuantFormat.QOperator)
    found = network(path)
    assert found["add"].stated is not None
    assert found["add"].stated.activations == "fp32"
    assert from_model(found).output_format(found["conv1"], found).name == "fp32"


def test_narrow_weights_are_stored_in_their_bits(tmp_path: Path) -> None:
    found = network(quantized(attention_block(), tmp_path, per_channel=True, weight_type=QuantType.QInt4))
    stored_bytes = sim.estimate(found, CHIP, "from-model").memory.weight_bytes
    weights = sum(layer.weight_elements for layer in found.layers)
    channels = sum(layer.shape.K for layer in found.layers if layer.shape and layer.weight_elements)
    biases = sum(layer.parameters for layer in found.layers)
    assert stored_bytes == pytest.approx((4 * weights + 32 * channels + 32 * biases) / 8)


def test_damaged_files_are_one_sentence(tmp_path: Path) -> None:
    rng = random.Random(7)
    whole = quantized(attention_block(), tmp_path, quant_format=QuantFormat.QOperator).read_bytes()
    damaged, refused = tmp_path / "damaged.onnx", []
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 2, 5])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        damaged.write_bytes(content)
        try:
            from_model(network(damaged))
        except sim.AccelsimError as error:
            refused.append(str(error))
    assert len(refused) > 50
    assert not [message for message in refused if "\n" in message or not message.startswith(str(damaged))]


def test_the_command_line_follows_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(quantized(conv_net(), tmp_path, per_channel=True))
    assert run(["compare", path, "--on", CHIP, "--schemes", "from-model,fp16,int8"]) == 0
    out = capsys.readouterr().out
    assert "states 4 layers of int8gcsfp32 weights by int8 inputs (native)" in " ".join(out.split())
    assert run(["estimate", path, "--on", CHIP, "--scheme", "from-model"]) == 0
    assert run(["map", f"{path}:conv2", "--on", CHIP, "--scheme", "from-model", "--mapping", "heuristic"]) == 0
