"""Does a GGUF file give the network of its metadata, with exactly the bytes that its tensors take?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gguf import GGUFReader
from gguf_files import BF16, F16, F32, Q4_K, Q8_0, Model, q4_k_m, write

import accelsim as sim
from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.dimensions import Transformer
from accelsim.workload.importers.gguf import joined
from accelsim.workload.transformer import decode, encode, prefill

LLAMA_2_7B = Model(blocks=32, hidden=4096, intermediate=11008, heads=32, kv_heads=32, vocabulary=32000)

FAMILIES = {
    "llama": (Model(), {}),
    "mixtral": (Model(experts=4), {"experts": 4, "experts_per_token": 2}),
    "mistral": (Model("mistral"), {}),
    "qwen2": (Model("qwen2"), {"attention_bias": "qkv"}),
    "qwen3": (Model("qwen3"), {"head_norm": True}),
    "qwen3moe": (
        Model("qwen3moe", experts=4, more={"feed_forward_length": 999, "expert_feed_forward_length": 512}),
        {"head_norm": True, "experts": 4, "experts_per_token": 2},
    ),
    "gemma": (
        Model("gemma", more={"attention.key_length": 64, "attention.value_length": 64}),
        {"tied_embeddings": True, "activation": "gelu"},
    ),
    "phi2": (
        Model("phi2", kv_heads=4, more={"rope.dimension_count": 32}),
        {"norm": "layer", "parallel": True, "gated": False, "activation": "gelu", "attention_bias": "qkvo",
         "mlp_bias": True, "head_bias": True, "kv_heads": 4, "rotary": 32},
    ),
    "phi3": (Model("phi3", more={"attention.sliding_window": 5}), {"window": 5}),
    "gpt2": (
        Model("gpt2", kv_heads=4),
        {"norm": "layer", "gated": False, "activation": "gelu", "attention_bias": "qkvo", "mlp_bias": True,
         "kv_heads": 4, "rotary": 0, "learned_positions": 1024, "tied_embeddings": True},
    ),
    "bert": (
        Model("bert", kv_heads=4),
        {"encoder": True, "norm": "layer", "norm_after": True, "embedding_norm": True, "gated": False,
         "activation": "gelu", "attention_bias": "qkvo", "mlp_bias": True, "kv_heads": 4, "rotary": 0,
         "learned_positions": 512, "token_types": 2},
    ),
}  # fmt: skip
"""By family: what a file holds, and the dimensions that it must give besides the usual ones."""

USUAL = {"hidden": 256, "intermediate": 512, "layers": 2, "heads": 4, "kv_heads": 2, "head_dim": 64, "vocabulary": 300,
         "rotary": 64}  # fmt: skip


def unformatted(network: sim.Network) -> tuple:
    return tuple(replace(layer, stated=None) for layer in network.layers)


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_are_those_of_the_same_dimensions_and_bytes_those_of_the_file(family: str, tmp_path: Path) -> None:
    model, special = FAMILIES[family]
    path = write(tmp_path / f"{family}.gguf", model.tensors(), model.fields, model.architecture)
    dimensions = Transformer(**USUAL | special)
    passes = (("encode", encode, {"tokens": 9}),) if dimensions.encoder else (
        ("prefill", prefill, {"tokens": 9}), ("decode", decode, {"context": 9}))  # fmt: skip
    bytes_of_file = sum(int(tensor.n_bytes) for tensor in GGUFReader(path).tensors)
    for name, build, options in passes:
        found = joined(path, name, 3, options)
        assert unformatted(found.network) == unformatted(build(dimensions, batch=3, **options))
        assert found.beside == ()
        assert found.bytes == found.told_bytes == bytes_of_file
        assert sim.estimate(found.network, "horowitz-45nm", "from-model").memory.weight_bytes == bytes_of_file


def test_experts_may_be_tensors_of_their_own_and_an_encoder_may_end_with_classes(tmp_path: Path) -> None:
    mixture = FAMILIES["mixtral"][0]
    apart = {}
    for name, (shape, type_) in mixture.tensors().items():
        if "_exps." in name:
            apart |= {name.replace("_exps", f".{expert}"): (shape[1:], type_) for expert in range(4)}
        else:
            apart[name] = (shape, type_)
    stacked = write(tmp_path / "stacked.gguf", mixture.tensors(), mixture.fields)
    found = joined(write(tmp_path / "apart.gguf", apart, mixture.fields), "decode", None, {})
    assert found.network.layers == joined(stacked, "decode", None, {}).network.layers
    assert (found.beside, found.bytes) == ((), found.told_bytes)
    bert = FAMILIES["bert"][0]
    head = {"cls.weight": ((256, 256), F16), "cls.bias": ((256,), F32),
            "cls.output.weight": ((3, 256), F16), "cls.output.bias": ((3,), F32)}  # fmt: skip
    found = joined(write(tmp_path / "bert.gguf", bert.tensors() | head, bert.fields, "bert"), None, None, {})
    assert [layer.name for layer in found.network.layers[-2:]] == ["pooler", "classifier"]
    assert (found.beside, found.bytes) == ((), found.told_bytes)


def test_mixed_types_are_counted_block_by_block(tmp_path: Path) -> None:
    model = Model(blocks=16)
    path = write(tmp_path / "mixed.gguf", q4_k_m(model), model.fields)
    network = sim.load_workload(f"{path}/decode", context=7)
    tensors = GGUFReader(path).tensors
    result = sim.estimate(network, "horowitz-45nm", "from-model")
    assert result.memory.weight_bytes == sum(int(tensor.n_bytes) for tensor in tensors)
    assert {tensor.tensor_type.name for tensor in tensors} == {"Q4_K", "Q6_K", "F32"}
    down = [layer for layer in network.layers if layer.name.endswith("down_proj")]
    written = [layer.stated.weights for layer in down for _ in range(layer.repeat)]
    assert written == [tensor.tensor_type.name.lower() for tensor in tensors if tensor.name.endswith("ffn_down.weight")]
    uniform = write(tmp_path / "uniform.gguf", model.tensors(), model.fields)
    same = sim.load_workload(f"{uniform}/decode", context=7)
    assert (network.macs, network.parameters) == (same.macs, same.parameters)
    assert len(same.layers) < len(network.layers)


@pytest.mark.parametrize(
    ("tensors", "published"),
    [(LLAMA_2_7B.tensors(Q8_0), 7_161_089_728), (q4_k_m(LLAMA_2_7B), 4_081_004_224)],
    ids=["Q8_0", "Q4_K_M"],
)
def test_llama_2_7b_is_as_large_as_the_published_files(tensors: dict, published: int, tmp_path: Path) -> None:
    """Sizes of TheBloke/Llama-2-7B-Chat-GGUF on Hugging Face; its header with 32,000 tokens takes 741,056 bytes."""
    path = write(tmp_path / "llama-2-7b.gguf", tensors, LLAMA_2_7B.fields)
    found = joined(path, "decode", None, {})
    assert published - found.told_bytes == published - found.bytes == 741_056
    assert unformatted(found.network)[-1] == unformatted(sim.load_workload("llama-2-7b/decode"))[-1]
    assert found.network.parameters == 6_738_415_616
    assert found.network.macs == sim.load_workload("llama-2-7b/decode").macs


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"block_count": None}, "llama.block_count: this must be given; the file does not have it"),
        ({"block_count": 10**6}, "llama.block_count: must be a whole number of at most 10000; got 1000000"),
        (
            {"embedding_length": "many"},
            "llama.embedding_length: must be a whole number of at most 2147483648; got 'many'",
        ),
        (
            {"embedding_length": 512},
            "token_embd.weight: must have 153600 elements; its shape is 300 x 256; layer embed",
        ),
        ({"attention.head_count": 0}, "llama.attention.head_count: must be a whole number of at least 1; got 0"),
        ({"attention.head_count_kv": 3}, "llama.attention.head_count_kv: must divide the 4 heads; got 3"),
        (
            {"attention.head_count_kv": 4},
            "blk.0.attn_k.weight: must have 65536 elements; its shape is 128 x 256; layer",
        ),
        ({"attention.head_count_kv": [2, 4]}, "the blocks of a model must be alike here"),
        ({"attention.value_length": 32}, "keys and values of different lengths are not modeled"),
        ({"block_count": 3}, "the layer layers.attention_norm must have its tensors, blk.2.attn_norm"),
        ({"expert_count": 4}, "llama.expert_used_count: this must be given"),
    ],
)
def test_metadata_that_cannot_be_are_refused(fields: dict, sentence: str, tmp_path: Path) -> None:
    model = Model()
    given = {key: value for key, value in (model.fields | fields).items() if value is not None}
    path = write(tmp_path / "wrong.gguf", model.tensors(), given)
    with pytest.raises((InputError, UnsupportedError), match=sentence) as refused:
        sim.load_workload(f"{path}/decode")
    assert str(path) in str(refused.value)


def test_biases_and_norms_of_another_size_are_refused(tmp_path: Path) -> None:
    model = FAMILIES["qwen2"][0]
    for name, sentence in (
        ("blk.1.attn_q.bias", "blk.1.attn_q.bias must hold the 256 parameters of layer layers.q_proj; the file has 64"),
        ("output_norm.weight", "output_norm.weight must hold the 256 parameters of layer norm; the file has 64"),
    ):
        path = write(tmp_path / "wrong.gguf", model.tensors() | {name: ((64,), F32)}, model.fields, "qwen2")
        with pytest.raises(InputError, match=sentence):
            sim.load_workload(f"{path}/decode")


def test_an_unknown_architecture_is_told_what_is_known_and_still_lists_its_tensors(tmp_path: Path) -> None:
    path = write(tmp_path / "new.gguf", {"a.weight": ((4, 256), Q4_K)}, {"block_count": 1}, "llamma")
    with pytest.raises(
        InputError, match=r"'llamma'; did you mean llama; known are llama \(Llama, Mistral, Mixtral\), "
    ):
        sim.load_workload(f"{path}/decode")
    assert sim.list_tensors(path).bytes == 4 * 144


def test_tensors_that_no_layer_stores_are_listed_unless_they_are_constants(tmp_path: Path) -> None:
    model = Model()
    more = {"rope_freqs.weight": ((32,), F32)} | {f"v.blk.{i}.weight": ((8,), F32) for i in range(7)}
    path = write(tmp_path / "more.gguf", model.tensors() | more, model.fields)
    found = joined(path, "decode", None, {})
    assert {tensor.name for tensor in found.beside} == set(more)
    assert found.network.uncounted == (
        *(f"tensor v.blk.{i}.weight (32 bytes)" for i in range(5)), "2 more tensors (64 bytes)")  # fmt: skip


@pytest.mark.parametrize(
    ("matrix", "activations", "kv"), [(Q8_0, "fp16", "fp16"), (BF16, "bf16", "bf16"), (F16, "fp16", "fp16"),
                                      (F32, "fp32", "fp16")],
)  # fmt: skip
def test_activations_follow_the_float_of_the_weights(matrix: int, activations: str, kv: str, tmp_path: Path) -> None:
    model = Model()
    path = write(tmp_path / "m.gguf", model.tensors(matrix), model.fields)
    network = sim.load_workload(f"{path}/decode")
    assert (network.stated.activations, network.stated.kv) == (activations, kv)
    sim.estimate(network, "horowitz-45nm", "from-model")


def test_options_and_phases_are_those_of_a_workload_file(tmp_path: Path) -> None:
    model = FAMILIES["gpt2"][0]
    path = write(tmp_path / "gpt2.gguf", model.tensors(), model.fields | {"general.name": "GPT two"}, "gpt2")
    network = sim.load_workload(f"{path}/prefill", batch=2, tokens=5, all_logits=True)
    assert (network.name, network.title, network.batch) == ("gpt2/prefill", "GPT two, prefill", 2)
    assert network["lm_head"].output_elements == 2 * 5 * 300
    assert sim.load_workload(f"{path}/decode").kv_tokens == 1024
    with pytest.raises(
        InputError, match=r"gpt2.gguf must be given with a phase: gpt2.gguf/prefill or gpt2.gguf/decode"
    ):
        sim.load_workload(path)
    with pytest.raises(InputError, match=r"'contxt' is not an option of gpt2.gguf/decode; did you mean context"):
        sim.load_workload(f"{path}/decode", contxt=5)
    with pytest.raises(InputError, match="option context: must be at most the 1024 learned positions; got 5000"):
        sim.load_workload(f"{path}/decode", context=5000)
    bert = FAMILIES["bert"][0]
    path = write(tmp_path / "bert.gguf", bert.tensors(), bert.fields, "bert")
    assert sim.load_workload(path, tokens=7).name == "bert"
