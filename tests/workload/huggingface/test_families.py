"""Does a config.json alone give the published parameters and multiply-accumulates of its model?"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from configs import CONFIGS, content, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload.catalog import load_workload
from accelsim.workload.importers.huggingface import phases

DATA = Path(__file__).parents[1] / "data"


def rows(name: str) -> list[dict[str, str]]:
    lines = (DATA / f"{name}.csv").read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


FACTS = {row["name"]: row for row in rows("transformers")}


def load(name: str, phase: str = "", **options):
    folder = CONFIGS / name
    return load_workload(f"{folder}/{phase}" if phase else folder, **options)


@pytest.mark.parametrize("name", FACTS)
def test_parameters_and_cache_are_the_published_ones(name):
    encoder = FACTS[name]["encoder"] == "1"
    network = load(name, "encode" if encoder else "decode")
    assert network.parameters == int(FACTS[name]["parameters"])
    if not encoder:
        assert 2 * network.kv_elements_per_token == int(FACTS[name]["kv_bytes_per_token_fp16"])


@pytest.mark.parametrize("row", rows("passes"), ids=lambda row: "-".join((row["model"], row["stage"], row["context"])))
def test_macs_of_a_pass_are_the_published_ones(row):
    context = int(row["context"])
    if row["model"] == "bert-base":
        assert load("bert-base", tokens=context).macs - 768 * 768 == int(row["macs_total_full_lasthead"])
    elif row["stage"] == "decode":
        assert load(row["model"], "decode", context=context).macs == int(row["macs_total_full_lasthead"])
    else:
        passes = {"causal_lasthead": {}, "full_lasthead": {"causal": False}}
        passes["full_allhead"] = {"causal": False, "all_logits": True}
        for column, options in passes.items():
            network = load(row["model"], "prefill", tokens=context, **options)
            assert network.macs == int(row[f"macs_total_{column}"])


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact["encoder"] == "0"])
@pytest.mark.parametrize("context", [1, 777, 1024])
def test_macs_follow_from_the_published_dimensions(name, context):
    """All models, those without a row in passes.csv too."""
    fact = {key: int(value) for key, value in FACTS[name].items() if value.isdecimal()}
    pair = 2 * fact["layers"] * fact["heads"] * fact["head_dim"]
    head, linear = fact["hidden"] * fact["vocabulary"], fact["linear_macs_per_token"]
    assert load(name, "decode", context=context).macs == linear + pair * context + head
    pairs = context * (context + 1) // 2
    assert load(name, "prefill", tokens=context).macs == context * linear + pair * pairs + head


SHIPPED = ["llama-2-7b", "llama-2-13b", "llama-2-70b", "llama-3-8b", "mistral-7b", "mixtral-8x7b", "gpt2"]


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(("phase", "option"), [("prefill", "tokens"), ("decode", "context")])
def test_a_config_and_the_shipped_workload_are_the_same_layers(name, phase, option):
    one = load(name, phase, batch=3, **{option: 700})
    other = load_workload(f"{name}/{phase}", batch=3, **{option: 700})
    assert one.layers == other.layers
    for field in ("batch", "kv_tokens", "kv_elements_per_token", "tied_parameters", "options", "name"):
        assert getattr(one, field) == getattr(other, field)


@pytest.mark.parametrize("name", ["bert-base", "vit-b-16"])
def test_an_encoder_and_the_shipped_workload_are_the_same_layers(name):
    assert load(name, batch=2).layers == load_workload(name, batch=2).layers


def test_the_numbers_of_vit():
    network = load("vit-b-16")
    assert (network.parameters, network.macs) == (86_567_656, 17_563_828_224)  # torchvision's vit_b_16
    assert network["embed_patches"].shape.words("O") == 768 * 14 * 14
    assert network["layers.scores"].shape.words("W") == 12 * 197 * 64
    assert network["classifier"].macs == 768 * 1000
    assert load("vit-b-16", batch=5).macs == 5 * network.macs


def test_the_numbers_of_mixtral():
    step = load("mixtral-8x7b", "decode")
    assert step.parameters == 46_702_792_704
    used = sum(
        (layer.weight_elements - layer.unread_weights + layer.parameters) * layer.repeat for layer in step.layers
    )
    assert used == 12_879_925_248
    assert step["layers.router"].macs == 4096 * 8


@pytest.mark.parametrize(
    ("name", "total", "used"),
    [("qwen3-8b", 8_190_735_360, 8_190_735_360), ("qwen3-30b-a3b", 30_532_122_624, 3_353_032_704)],
)
def test_the_numbers_of_qwen3(name, total, used):
    """Published as 8.2 B, and as 30.5 B of which 3.3 B are active."""
    step = load(name, "decode", context=5)
    assert step.parameters == total
    assert total - sum(layer.unread_weights * layer.repeat for layer in step.layers) == used
    assert step["layers.q_norm"].parameters == step["layers.k_norm"].parameters == 128
    heads = step["layers.q_proj"].shape.K // 128
    norm = {"multiply": heads * (3 * 128 + 1), "add": heads * 129, "sqrt": heads, "divide": heads}
    turned = norm | {"multiply": norm["multiply"] + 2 * heads * 128, "add": norm["add"] + heads * 128}
    assert dict(step["layers.q_norm"].vector_ops) == turned
    assert step["layers.q_proj"].vector_ops == ()
    assert step["layers.k_norm"].output_role == step["layers.v_proj"].output_role == "kv"
    assert step["layers.k_proj"].output_role == "activation"
    assert step["layers.scores"].inputs == ("layers.q_norm", "layers.k_norm")


HEADS = {  # known totals of transformers' classes on bert-base-uncased and vit-base-patch16-224
    ("bert-base", "BertForMaskedLM"): 109_514_298,
    ("bert-base", "BertForPreTraining"): 110_106_428,
    ("bert-base", "BertForSequenceClassification"): 109_483_778,
    ("bert-base", "BertForQuestionAnswering"): 108_893_186,
    ("bert-base", "BertForTokenClassification"): 108_893_186,
    ("vit-b-16", "ViTModel"): 86_389_248,
}


@pytest.mark.parametrize(("name", "architecture"), HEADS)
def test_heads_of_encoders(tmp_path, name, architecture):
    network = load_workload(write(tmp_path, name, {"architectures": [architecture]}))
    assert network.parameters == HEADS[name, architecture]
    if architecture == "BertForMaskedLM":
        assert network["lm_head"].macs == 128 * 768 * 30522
    if architecture == "BertForTokenClassification":
        assert network["classifier"].macs == 128 * 768 * 2


def test_what_a_file_leaves_out_is_what_the_class_takes(tmp_path):
    plain = load_workload(f"{write(tmp_path, 'llama-3-8b', drop=('num_key_value_heads',))}/decode")
    assert plain["layers.k_proj"].shape.K == 4096
    left_out = ("num_key_value_heads", "sliding_window", "model_type", "tie_word_embeddings")
    mistral = load_workload(f"{write(tmp_path, 'mistral-7b', drop=left_out)}/decode", context=9000)
    assert mistral["layers.k_proj"].shape.K == 1024
    assert mistral.kv_tokens == mistral["layers.scores"].shape.K == 4096
    null = write(tmp_path, "mistral-7b", {"num_key_value_heads": None}, drop=("sliding_window",))
    assert load_workload(f"{null}/decode")["layers.k_proj"].shape.K == 4096
    assert load_workload(f"{write(tmp_path, 'mistral-7b')}/decode", context=9000).kv_tokens == 9000


def test_windows_of_qwen2(tmp_path):
    def context(**changes) -> int:
        return load_workload(f"{write(tmp_path, 'qwen2-7b', changes)}/decode", context=9000).kv_tokens

    assert context(sliding_window=64) == 9000
    assert context(sliding_window=64, use_sliding_window=True) == 9000  # all 28 layers are below max_window_layers
    assert context(sliding_window=64, use_sliding_window=True, max_window_layers=0) == 64
    assert context(sliding_window=64, use_sliding_window=True, layer_types=["full_attention"] * 28) == 9000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kv=st.integers(1, 4), share=st.integers(1, 4), size=st.integers(1, 9), width=st.integers(1, 40))
def test_heads_of_any_size(tmp_path, kv, share, size, width):
    sizes = {"hidden_size": width, "num_attention_heads": kv * share, "num_key_value_heads": kv, "head_dim": size}
    network = load_workload(f"{write(tmp_path, 'llama-3-8b', sizes | {'attention_bias': True})}/decode", context=3)
    shapes = {name: network[f"layers.{name}_proj"] for name in "qkvo"}
    assert shapes["q"].weight_elements == shapes["o"].weight_elements == width * kv * share * size
    assert shapes["k"].weight_elements == shapes["v"].weight_elements == width * kv * size
    assert [shapes[name].parameters for name in "qkvo"] == [kv * share * size, kv * size, kv * size, width]
    assert network.kv_elements_per_token == 2 * 32 * kv * size


def test_a_file_a_folder_and_a_phase_behind_either(tmp_path, monkeypatch):
    write(tmp_path, "gpt2")
    names = [f"{tmp_path}/decode", f"{tmp_path}/config.json/decode"]
    assert len({load_workload(name).layers for name in names}) == 1
    assert load_workload(names[0]).name == f"{tmp_path.name}/decode"
    (tmp_path / "config.json").rename(tmp_path / "small.json")
    assert load_workload(tmp_path / "small.json" / "decode").name == "small/decode"
    (tmp_path / "gpt2").mkdir()
    write(tmp_path / "gpt2", "llama-2-7b")
    monkeypatch.chdir(tmp_path)
    assert load_workload("gpt2/decode").macs == load("gpt2", "decode").macs
    assert load_workload("./gpt2/decode").macs == load("llama-2-7b", "decode").macs


def test_phases_have_the_options_of_a_workload_file():
    decoder = {"prefill": {"tokens": 2048, "causal": True, "all_logits": False}, "decode": {"context": 2048}}
    assert phases(CONFIGS / "llama-2-7b" / "config.json") == decoder
    assert phases(CONFIGS / "gpt2" / "config.json")["decode"] == {"context": 1024}
    assert phases(CONFIGS / "bert-base" / "config.json") == {"encode": {"tokens": 128}}
    assert phases(CONFIGS / "vit-b-16" / "config.json") == {"encode": {}}
    with pytest.raises(InputError, match="must be given with a phase: llama-2-7b/prefill or llama-2-7b/decode"):
        load("llama-2-7b")
    with pytest.raises(InputError, match="option context: must be at most the 1024 learned positions; got 1025"):
        load("gpt2", "decode", context=1025)


def test_rope_scaling_and_tokenizer_fields_change_nothing(tmp_path):
    more = {"rope_scaling": {"factor": 8.0}, "rope_theta": 5e5, "bos_token_id": 1, "pretraining_tp": 1}
    assert load_workload(f"{write(tmp_path, 'llama-2-7b', more)}/decode").layers == load("llama-2-7b", "decode").layers


def test_partial_rotary_is_counted_in_part(tmp_path):
    part = load("phi-2", "decode")["layers.q_proj"].vector_ops
    whole = write(tmp_path, "phi-2", {"rope_parameters": {"partial_rotary_factor": 1.0}})
    full = load_workload(f"{whole}/decode")["layers.q_proj"].vector_ops
    assert dict(full)["multiply"] == 2 * 32 * 80
    assert dict(part)["multiply"] == 2 * 32 * 32


def test_configs_name_their_source():
    assert all(content(path.name)["_source"] for path in CONFIGS.iterdir())


def test_reading_needs_the_standard_library_alone():
    heavy = "{'numpy', 'pandas', 'pydantic', 'yaml', 'torch'}"
    path = CONFIGS / "llama-2-70b" / "decode"
    code = (
        f"import sys; from accelsim.workload.catalog import load_workload; load_workload({str(path)!r}); "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
