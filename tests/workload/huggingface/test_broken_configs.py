"""Is every impossible config.json refused with one sentence that names the file, the field and what is wrong?"""

# ruff: noqa: E501 (one case a line reads best)

from __future__ import annotations

import json
import re
from copy import deepcopy

import pytest
from configs import NAMES, content, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.errors import AccelsimError, InputError, UnsupportedError
from accelsim.workload.catalog import load_workload

KNOWN = "llama, mistral, mixtral, qwen2, qwen3, qwen3_moe, phi, phi3, gpt2, bert, vit."


def quantized(**fields):
    return {"quantization_config": fields}


def group(**weights):
    groups = {"g": {"targets": ["Linear"], "weights": {"num_bits": 8} | weights}}
    return quantized(quant_method="compressed-tensors", config_groups=groups)


def ignoring(*texts):
    return quantized(quant_method="compressed-tensors", config_groups={}, ignore=list(texts))


WRONG = [
    ({"model_type": "mamba2"}, f'model_type: "mamba2" is not a known architecture; known are {KNOWN}'),
    ({"model_type": "lama"}, f'model_type: "lama" is not a known architecture; did you mean llama? Known are {KNOWN}'),
    ({"model_type": 7}, "model_type: must be a text; got 7."),
    ({"model_type": None, "architectures": None}, f"model_type: must be given; known are {KNOWN}"),
    ({"model_type": None, "architectures": ["OPTForCausalLM"]}, 'architectures: "OPTForCausalLM" is not a known architecture; known are LlamaForCausalLM'),
    ({"architectures": ["LlamaForSequenceClassification"]}, "known of llama are LlamaForCausalLM"),
    ({"architectures": "LlamaForCausalLM"}, "architectures: must be a list of texts"),
    ({"hidden_size": None}, "hidden_size: must be given; got null."),
    ({"hidden_size": 0}, "hidden_size: must be a whole number of at least 1; got 0."),
    ({"hidden_size": -4096}, "hidden_size: must be a whole number of at least 1; got -4096."),
    ({"hidden_size": 4096.5}, "hidden_size: must be a whole number of at least 1; got 4096.5."),
    ({"hidden_size": True}, "hidden_size: must be a whole number of at least 1; got true."),
    ({"hidden_size": "4096"}, 'hidden_size: must be a whole number of at least 1; got "4096".'),
    ({"hidden_size": [4096]}, "hidden_size: must be a whole number of at least 1; got a list of 1."),
    ({"hidden_size": 10**13}, "hidden_size: must be at most 1000000000000; got 10000000000000."),
    ({"hidden_size": 10**900}, "hidden_size: must be at most 1000000000000; got a number of more than 40 digits."),
    ({"hidden_size": 4097}, "num_attention_heads: must divide the hidden size 4097 unless head_dim is given; got 32."),
    ({"num_hidden_layers": 10**9}, "num_hidden_layers: must be at most 1000; got 1000000000."),
    ({"num_key_value_heads": 5}, "num_key_value_heads: must divide the 32 heads; got 5."),
    ({"head_dim": 0}, "head_dim: must be a whole number of at least 1; got 0."),
    ({"hidden_act": "gelux"}, 'hidden_act: "gelux" is not known; did you mean gelu?'),
    ({"hidden_act": "maxout"}, 'hidden_act: "maxout" is not known; known are relu'),
    ({"attention_bias": "yes"}, 'attention_bias: must be true or false; got "yes".'),
    ({"partial_rotary_factor": 1.5}, "partial_rotary_factor: must be a number from 0 to 1; got 1.5."),
    ({"torch_dtype": "float61"}, 'torch_dtype: "float61" is not known; did you mean float16?'),
    ({"rope_parameters": 3}, "rope_parameters: must be a mapping; got 3."),
    ({"intermediate_size": 10**12, "hidden_size": 10**12}, "must multiply to at most 2**58"),
    (quantized(quant_method="hqq"), "quantization_config.quant_method: \"hqq\" is not a known method; known are gptq, awq, bitsandbytes, fp8"),
    (quantized(quant_method="gtpq"), "did you mean gptq? Known are gptq, awq"),
    (quantized(bits=4), "quantization_config.quant_method: must be given; got nothing."),
    (quantized(quant_method="gptq"), "quantization_config.bits: must be given"),
    (quantized(quant_method="gptq", bits=4, group_size=0), "quantization_config.group_size: must be a whole number of at least 1; got 0."),
    (quantized(quant_method="gptq", bits=64), "quantization_config.bits: must be at most 8; got 64."),
    (quantized(quant_method="gptq", bits=4, modules_in_block_to_quantize=[[1]]), "modules_in_block_to_quantize: must be a list of names"),
    (quantized(quant_method="bitsandbytes"), "load_in_4bit: must be true unless load_in_8bit is"),
    (quantized(quant_method="bitsandbytes", load_in_4bit=True, bnb_4bit_quant_type="nf5"), "bnb_4bit_quant_type: \"nf5\" is not known; did you mean nf4?"),
    (quantized(quant_method="fp8", weight_block_size=[128, 0]), "weight_block_size: must be a whole number of at least 1"),
    (quantized(quant_method="fp8", modules_to_not_convert="lm_head"), "modules_to_not_convert: must be a list of texts"),
    (group(type="complex"), "config_groups.g.weights.type: must be int, or float of 8 bits, or of 4 in groups; got \"complex\" of 8."),
    (group(type="float", num_bits=6), "weights.type: must be int, or float"),
    (group(num_bits=1), "weights.num_bits: must be at least 2; got 1."),
    (group(strategy="row"), "weights.strategy: must be one of tensor, channel, group"),
    (group(strategy="block", block_structure="1x2x3"), "block_structure: must be a whole number"),
    (ignoring("re:(a"), "ignore: must be regular expressions where they begin with re:; got '(a'."),
    (ignoring("re:(a+)+$"), "ignore: a regular expression must repeat at most 3 times and no group; got '(a+)+$'."),
    (ignoring("re:" + "a?" * 30), "must repeat at most 3 times"),
    (ignoring(*(f"re:a{number}" for number in range(99))), "ignore: must have at most 50 regular expressions; got 99."),
]  # fmt: skip

UNMODELED = [
    ("llama-2-7b", {"num_local_experts": 8}, "num_local_experts: 8 changes what the model computes"),
    ("llama-2-7b", {"is_encoder_decoder": True}, "is_encoder_decoder: true changes what the model computes"),
    ("llama-2-7b", {"vision_config": {"a": 1}}, "vision_config: a mapping of 1 changes"),
    ("llama-2-7b", {"final_logit_softcapping": 30.0}, "final_logit_softcapping: 30.0 changes"),
    ("gpt2", {"add_cross_attention": True}, "add_cross_attention: true changes"),
    ("phi-2", {"qk_layernorm": True}, "qk_layernorm: true changes"),
    ("qwen2-7b", {"use_sliding_window": True, "max_window_layers": 14}, "max_window_layers: gives some layers a sliding window and others none"),
    ("qwen2-7b", {"use_sliding_window": True, "layer_types": ["full_attention", "sliding_attention"] * 14}, "layer_types: gives some layers a sliding window"),
    ("qwen3-30b-a3b", {"mlp_only_layers": [0]}, "mlp_only_layers: a list of 1 changes"),
    ("qwen3-8b", {"moe_intermediate_size": 768}, "moe_intermediate_size: 768 changes"),
    ("bert-base", {"is_decoder": True}, "is_decoder: a BERT that decodes is not modeled."),
    ("llama-2-7b", quantized(quant_method="gptq", bits=4, dynamic={"-:x": {}}), "quantization_config.dynamic: rules by module"),
    ("llama-2-7b", quantized(quant_method="compressed-tensors", sparsity_config={"format": "sparse-24-bitmask"}), "quantization_config.sparsity_config.format: sparse storage"),
]  # fmt: skip

TEXTS = {
    "": "1:1: the file must be JSON; expecting value.",
    "{": "1:2: the file must be JSON; expecting property name",
    "[]": "a config.json must be a mapping of fields; got a list of 0.",
    "3": "a config.json must be a mapping of fields; got 3.",
    '{"a": 1,\n "a": 2}': "a: must be given once; it stands twice.",
    "[" * 100_000: "the file must be JSON; it is nested too deeply.",
    '{"vocab_size": ' + "9" * 5000 + "}": "the file must be JSON; it has a number of thousands of digits.",
    '{"vocab_size": NaN, "model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 1}': "vocab_size: must be a whole number of at least 1; got nan.",
}  # fmt: skip


def refused(path, kind=InputError) -> str:
    with pytest.raises(kind) as caught:
        load_workload(f"{path}/decode")
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    assert len(text) < 500 + len(str(path))
    assert re.search(r"[^.?][.?]$", text)
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_wrong_fields(changes, sentence, tmp_path):
    assert sentence in refused(write(tmp_path, "llama-3-8b", changes))


@pytest.mark.parametrize(("name", "changes", "sentence"), UNMODELED)
def test_fields_that_change_the_counts_are_refused(name, changes, sentence, tmp_path):
    path = write(tmp_path, name, changes)
    with pytest.raises(UnsupportedError) as caught:
        load_workload(f"{path}" if name == "bert-base" else f"{path}/decode")
    assert str(caught.value).startswith(f"{path}: {sentence}")


@pytest.mark.parametrize("field", ["num_key_value_heads", "num_local_experts", "experts", "patch_size", "id2label"])
def test_harmless_values_pass(field, tmp_path):
    load_workload(f"{write(tmp_path, 'llama-2-7b', {field: None})}/decode")


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_files_that_are_no_config(text, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_workload(f"{path}/decode")
    assert TEXTS[text] in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe{}")
    assert "must be UTF-8 text" in refused(path)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "must be at most 16 MiB; this file is larger." in refused(path)
    path.unlink()
    with pytest.raises(InputError):
        load_workload(path)
    with pytest.raises(InputError, match=r"a folder must hold model\.safetensors"):
        load_workload(f"{tmp_path}")


def test_regular_expressions_of_a_file_end(tmp_path):
    """The slowest that is let through, many times over, on every module of the largest stack."""
    slow = [f"re:.*a.*a.*{number}" for number in range(50)]
    config = {"quant_method": "compressed-tensors", "ignore": slow, "config_groups": {}}
    config["config_groups"] = {"g": {"targets": ["Linear"], "weights": {"num_bits": 8}}}
    path = write(tmp_path, "llama-3-8b", {"quantization_config": config})
    assert load_workload(f"{path}/decode").parameters == 8_030_261_248


VALUES = [None, True, False, 0, -1, 1, 2, 7, 64, 10**12, 10**40, 0.5, float("nan"), "", "x", "float16", "gelu", [], {}, [1, 2], ["Linear"], {"a": 1}]  # fmt: skip


def places(data, at=()):
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield (*at, key)
        yield from places(value, (*at, key))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_configs_with_other_values_load_or_are_refused(data, tmp_path):
    fields = content(data.draw(st.sampled_from(NAMES)))
    fields.pop("id2label", None)
    if data.draw(st.booleans()):
        changed = data.draw(st.sampled_from([changes for changes, _ in WRONG if "quantization_config" in changes]))
        fields |= deepcopy(changed)
    for _ in range(data.draw(st.integers(1, 3))):
        *outer, key = data.draw(st.sampled_from(list(places(fields))))
        owner = fields
        for step in outer:
            owner = owner[step]
        owner[key] = deepcopy(data.draw(st.sampled_from(VALUES)))
        if not fields:
            break
    path = tmp_path / "config.json"
    path.write_text(json.dumps(fields))
    for name in (path, f"{path}/decode"):
        try:
            network = load_workload(name)
        except AccelsimError:
            continue
        assert min(network.macs, network.parameters) > 0
