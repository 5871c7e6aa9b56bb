"""Does a quantization_config become the formats of the matrices that it means, and of no others?"""

from __future__ import annotations

from fractions import Fraction

import pytest
from configs import write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.precision import parse_format
from accelsim.scheme.from_model import from_model
from accelsim.workload.catalog import load_workload
from accelsim.workload.importers.huggingface.patterns import Module, Parts, Targets
from accelsim.workload.stated import Stated
from accelsim.workload.unroll import unroll

MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def load(folder, config, name="llama-3-8b", phase="/decode", **changes):
    return load_workload(f"{write(folder, name, {'quantization_config': config} | changes)}{phase}")


def scheme(weights, inputs=None, **rest):
    group = {"targets": ["Linear"], "weights": weights, "input_activations": inputs}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}, "ignore": ["lm_head"]} | rest


INT8 = {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True}
TOKEN8 = {"num_bits": 8, "type": "int", "strategy": "token", "dynamic": True}
FP8 = {"num_bits": 8, "type": "float", "strategy": "tensor"}
INT4 = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": True}
FP4 = {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16}
BNB4 = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16"}
NF4 = BNB4 | {"bnb_4bit_quant_type": "nf4"}

CASES = {
    "gptq": ({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": True}, "uint4g128zuint4", "", "bf16"),
    "gptq by channel": ({"quant_method": "gptq", "bits": 8, "group_size": -1}, "uint8gczuint8", "", "bf16"),
    "awq": ({"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True}, "uint4g64zuint4", "", "bf16"),
    "awq, old names": (
        {"quant_method": "awq", "w_bit": 4, "q_group_size": 128, "zero_point": False}, "int4g128", "", "bf16",
    ),
    "LLM.int8": ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8gcsfp32", "int8", ""),
    "LLM.int8, unnamed": ({"load_in_8bit": True}, "int8gcsfp32", "int8", ""),
    "nf4": (NF4, "nf4", "", "bf16"),
    "nf4, double": (NF4 | {"bnb_4bit_use_double_quant": True}, "nf4_dq", "", "bf16"),
    "nf4 in fp16": (NF4 | {"bnb_4bit_compute_dtype": "torch.float16"}, "nf4", "fp16", "fp16"),
    "fp4": (BNB4, "fp4e2m1g64sfp32", "", "bf16"),
    "fp4, double": (BNB4 | {"bnb_4bit_use_double_quant": True}, "fp4_dq", "", "bf16"),
    "fp8 in blocks": (
        {"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8e4m3_128x128", "fp8e4m3g128sfp32", "",
    ),
    "fp8 in odd blocks": (
        {"quant_method": "fp8", "weight_block_size": [64, 32]}, "fp8e4m3g32sfp32", "fp8e4m3g32sfp32", "",
    ),
    "fbgemm": ({"quant_method": "fbgemm_fp8"}, "fp8e4m3gcsfp32", "fp8e4m3", ""),
    "w8a8 int8": (scheme(INT8, TOKEN8), "int8gc", "int8", ""),
    "w8a8 fp8": (scheme(FP8, FP8), "fp8e4m3gt", "fp8e4m3", ""),
    "w4a16": (scheme(INT4), "int4g128", "", "bf16"),
    "w4a16, zero points": (scheme(INT4 | {"symmetric": False}), "uint4g128zuint4", "", "bf16"),
    "w4a8": (scheme(INT4, TOKEN8), "int4g128", "int8", "int8"),
    "nvfp4": (scheme(FP4, FP4), "nvfp4", "nvfp4", ""),
    "nvfp4, weights only": (scheme(FP4), "nvfp4", "", "bf16"),
    "mxfp4": (scheme(FP4 | {"group_size": 32, "strategy": "group"}), "mxfp4", "", "bf16"),
    "fp8 blocks": (scheme(FP8 | {"strategy": "block", "block_structure": "128x128"}), "fp8e4m3_128x128", "", "bf16"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_method_states_its_formats_and_leaves_the_rest_alone(case, tmp_path):
    config, weights, inputs, compute = CASES[case]
    network = load(tmp_path, config)
    for name in MATRICES:
        assert network[f"layers.{name}"].stated == Stated(weights, inputs, compute=compute)
    others = [layer for layer in network.layers if layer.name.removeprefix("layers.") not in MATRICES]
    assert all(layer.stated is None for layer in others)
    assert network.stated == Stated("bf16", "bf16", kv="bf16", parameters="bf16")
    assert network.parameters == 8_030_261_248
    made = from_model(network)
    assert made.for_layer("layers.up_proj").weight_format == parse_format(weights)
    assert made.for_layer("lm_head").weight_format.name == "bf16"


def test_formats_have_their_published_bits():
    def bits(name):
        return parse_format(name).storage_bits(4096)

    assert bits("uint4g128zuint4") == Fraction("4.15625")
    assert bits("int4g128") == Fraction("4.125")
    assert bits("nf4") == 4.5
    assert bits("nf4_dq") == bits("fp4_dq") == 4 + Fraction("8.125") / 64
    assert bits("fp8e4m3_128x128") == 8 + Fraction(32, 128 * 128)
    assert bits("int8gcsfp32") == 8 + Fraction(32, 4096)


def test_the_kv_cache_of_compressed_tensors(tmp_path):
    network = load(tmp_path, scheme(INT8, TOKEN8, kv_cache_scheme=FP8))
    assert network.stated.kv == "fp8e4m3"
    assert from_model(network).kv_bits() == 8


def test_gptq_may_name_its_matrices_and_its_head(tmp_path):
    base = {"quant_method": "gptq", "bits": 4, "group_size": 128}
    chosen = [["self_attn.k_proj", "self_attn.v_proj"], ["mlp.down_proj"]]
    network = load(tmp_path, base | {"modules_in_block_to_quantize": chosen})
    stated = {name for name in MATRICES if network[f"layers.{name}"].stated}
    assert stated == {"k_proj", "v_proj", "down_proj"}
    assert load(tmp_path, base | {"lm_head": True})["lm_head"].stated.weights == "uint4g128zuint4"


def test_names_of_every_family_are_those_of_its_modules(tmp_path):
    def left(name, modules, phase="/decode", **changes):
        config = {"quant_method": "fp8", "modules_to_not_convert": modules}
        network = load(tmp_path, config, name, phase, **changes)
        return {layer.name for layer in network.layers if layer.weight_elements and layer.stated is None}

    assert left("phi-2", ["dense", "fc1"]) == {"layers.o_proj", "layers.up_proj", "lm_head"}
    assert left("phi-3-mini", ["gate_up_proj"]) == {"layers.gate_proj", "layers.up_proj", "lm_head"}
    attention = {"layers.q_proj", "layers.k_proj", "layers.v_proj"}
    assert left("gpt2", ["c_attn"]) == {*attention, "lm_head"}
    assert left("mixtral-8x7b", ["block_sparse_moe.gate"]) == {"layers.router", "lm_head"}
    assert left("mixtral-8x7b", ["w2"]) == {"layers.expert_down_proj", "lm_head"}
    assert left("bert-base", ["attention.self"], "") == attention
    assert left("vit-b-16", ["pooler", "intermediate"], "") == {"layers.up_proj", "embed_patches", "classifier"}
    masked = left("bert-base", ["query"], "", architectures=["BertForMaskedLM"])
    assert masked == {"layers.q_proj", "lm_head"}


def test_blocks_that_differ_are_written_apart(tmp_path):
    skip = ["model.layers.0", "model.layers.31.mlp", "re:x"]
    network = load(tmp_path, {"quant_method": "fbgemm_fp8", "modules_to_not_convert": skip})
    plain = load_workload(f"{write(tmp_path, 'llama-3-8b')}/decode")
    prefixes = {layer.name.partition(".")[0]: layer.repeat for layer in network.layers if "layers" in layer.name}
    assert prefixes == {"layers_0": 1, "layers_1_30": 30, "layers_31": 1}
    assert network["layers_0.q_proj"].stated is None
    assert network["layers_1_30.q_proj"].stated.weights == network["layers_31.q_proj"].stated.weights != ""
    assert network["layers_31.up_proj"].stated is None
    assert network["layers_1_30.attention_norm"].inputs == ("layers_0.mlp_add",)
    assert network["norm"].inputs == ("layers_31.mlp_add",)
    assert (network.macs, network.parameters) == (plain.macs, plain.parameters)
    edges = [tuple(name.count("q_proj") for name in layer.inputs) for layer in unroll(network).layers]
    assert edges == [tuple(name.count("q_proj") for name in layer.inputs) for layer in unroll(plain).layers]
    assert len(unroll(network).layers) == len(unroll(plain).layers)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(skipped=st.sets(st.integers(0, 31)))
def test_any_set_of_blocks_may_stay_as_it_is(tmp_path, skipped):
    config = scheme(INT8, TOKEN8, ignore=["lm_head", *(f"re:model\\.layers\\.{number}\\..*" for number in skipped)])
    network = load(tmp_path, config)
    written = unroll(network)
    stated = [layer for layer in written.layers if layer.stated]
    assert len(stated) == len(MATRICES) * (32 - len(skipped))
    assert network.macs == written.macs == 8_041_529_344
    assert network.parameters == 8_030_261_248
    runs = 1 + sum((number in skipped) != (number + 1 in skipped) for number in range(31))
    assert sum(layer.name.endswith("q_proj") for layer in network.layers) == runs


@pytest.mark.parametrize(
    ("name", "reading", "inside"),
    [
        ("model.layers.1.mlp.up_proj", Parts.of(["model.layers.1"]), True),
        ("model.layers.10.mlp.up_proj", Parts.of(["model.layers.1"]), False),
        ("model.layers.10.mlp.up_proj", Parts.of(["model.layers.1*", "layers.1.*"]), False),
        ("model.layers.10.mlp.up_proj", Parts.of(["mlp.up_proj"]), True),
        ("model.layers.10.mlp.up_proj", Parts.of(["proj", "", "*"]), False),
        ("model.layers.0.mlp.gate", Parts.of(["gate"]), True),
        ("model.layers.0.mlp.gate_proj", Parts.of(["gate"]), False),
        ("lm_head", Targets.of(["Linear"]), True),
        ("lm_head", Targets.of(["re:.*head$"]), True),
        ("lm_head", Targets.of(["head", "re:head", "Conv1D"]), False),
        ("model.layers.0.mlp.gate", Targets.of([r"re:.*mlp\.gate$"]), True),
        ("model.layers.0.mlp.gate_proj", Targets.of([r"re:.*mlp\.gate$"]), False),
        ("model.layers.0.mlp.gate_proj", Targets.of(["re:.*(gate|up)_proj$"]), True),
    ],
)
def test_which_modules_a_list_means(name, reading, inside):
    assert (Module(name) in reading) is inside
