"""Do transformer stacks have their published counts, and do they scale with tokens, context and batch as they must?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import rows, transformer

from accelsim.errors import InputError
from accelsim.workload.attention import Heads, Span, attention, attention_core
from accelsim.workload.catalog import load_workload
from accelsim.workload.dimensions import Transformer
from accelsim.workload.stream import Stream
from accelsim.workload.transformer import decode, encode, prefill

FACTS = {row["name"]: row for row in rows("transformers")}
small = st.integers(1, 40)


def run(name: str, stage: str, context: int, **options):
    model = transformer(FACTS[name])
    if model.encoder:
        return encode(model, tokens=context)
    return decode(model, context=context) if stage == "decode" else prefill(model, tokens=context, **options)


@pytest.mark.parametrize("name", FACTS)
def test_parameters_and_cache_are_the_published_ones(name):
    network = run(name, "prefill", 1)
    assert network.parameters == int(FACTS[name]["parameters"])
    model = transformer(FACTS[name])
    if not model.encoder:
        assert 2 * network.kv_elements_per_token == int(FACTS[name]["kv_bytes_per_token_fp16"])


@pytest.mark.parametrize("row", rows("passes"), ids=lambda row: "-".join((row["model"], row["stage"], row["context"])))
def test_macs_of_a_pass_are_the_published_ones(row):
    model, context = transformer(FACTS[row["model"]]), int(row["context"])
    if model.encoder:
        pooler = model.hidden * model.hidden
        assert encode(model, tokens=context).macs - pooler == int(row["macs_total_full_lasthead"])
    elif row["stage"] == "decode":
        network = decode(model, context=context)
        assert network.macs == int(row["macs_total_full_lasthead"])
        assert 2 * network.kv_elements_per_token * network.kv_tokens == int(row["kv_cache_bytes_fp16"])
    else:
        assert prefill(model, tokens=context).macs == int(row["macs_total_causal_lasthead"])
        assert prefill(model, tokens=context, causal=False).macs == int(row["macs_total_full_lasthead"])
        every = prefill(model, tokens=context, causal=False, all_logits=True)
        assert every.macs == int(row["macs_total_full_allhead"])


@given(context=st.integers(1, 10**6), batch=st.integers(1, 300))
def test_llama_decode_is_linear_in_context_and_batch(context, batch):
    network = load_workload("llama-2-7b/decode", batch=batch, context=context)
    assert network.macs == batch * (6_607_077_376 + 262_144 * context)
    assert network.parameters == 6_738_415_616
    assert (network.kv_tokens, network.kv_elements_per_token) == (context, 262_144)


@given(tokens=st.integers(1, 10**5), batch=st.integers(1, 300))
def test_llama_prefill_is_a_triangle_or_a_square(tokens, batch):
    linear, head = 6_476_005_376, 131_072_000
    causal = load_workload("llama-2-7b/prefill", batch=batch, tokens=tokens)
    full = load_workload("llama-2-7b/prefill", batch=batch, tokens=tokens, causal=False)
    assert causal.macs == batch * (linear * tokens + head + 131_072 * tokens * (tokens + 1))
    assert full.macs == batch * (linear * tokens + head + 262_144 * tokens * tokens)
    assert causal["layers.scores"].shape.density * (2 * tokens) == tokens + 1


def test_the_numbers_of_llama_2_7b():
    prompt = load_workload("llama-2-7b/prefill")
    assert prompt.macs == 13_813_014_331_392
    assert load_workload("llama-2-7b/prefill", causal=False).macs == 14_362_501_709_824
    assert load_workload("llama-2-7b/decode").macs == 7_143_948_288
    assert prompt["lm_head"].macs == 4096 * 32000
    assert prompt["embed_tokens"].gathered_elements == 2048 * 4096
    assert prompt["embed_tokens"].parameters == 32000 * 4096
    assert prompt["layers.k_proj"].output_role == prompt["layers.v_proj"].output_role == "kv"
    assert prompt["layers.scores"].second_operand == prompt["layers.attend"].second_operand == "kv"


def test_bert_base_has_its_pooler_and_no_head():
    network = load_workload("bert-base")
    assert network.parameters == 109_482_240
    assert network.macs == 11_173_625_856 + 768 * 768
    assert (network.kv_tokens, network.kv_elements_per_token) == (0, 0)
    assert all(layer.second_operand != "kv" and layer.output_role == "activation" for layer in network.layers)
    with pytest.raises(InputError, match="512 learned positions"):
        load_workload("bert-base", tokens=513)


@given(kv=st.integers(1, 6), share=st.integers(1, 6), size=small, tokens=small, past=small, batch=st.integers(1, 4))
def test_grouped_heads_share_keys(kv, share, size, tokens, past, batch):
    heads, span = Heads(kv * share, kv, size), Span(tokens, tokens + past)
    stream = Stream(("x",), kv * share * size, tokens=tokens, batch=batch)
    scores, softmax, attend = attention_core("", stream, stream, stream, heads, span).layers
    assert scores.shape.words("W") == attend.shape.words("W") == batch * kv * (tokens + past) * size
    assert scores.shape.words("I") == attend.shape.words("O") == stream.elements
    pairs = sum(past + position + 1 for position in range(tokens))
    assert scores.macs == attend.macs == batch * kv * share * size * pairs
    assert dict(softmax.vector_ops)["exp"] == dict(scores.vector_ops)["multiply"] == batch * kv * share * pairs


@given(tokens=small, past=st.integers(0, 40))
def test_the_causal_triangle_counted_pair_by_pair(tokens, past):
    context = tokens + past
    visible = sum(key <= past + query for query in range(tokens) for key in range(context))
    assert Span(tokens, context).pairs == visible
    assert Span(tokens, context).density * tokens * context == visible
    assert Span(tokens, context, causal=False).pairs == tokens * context


@given(tokens=small, past=st.integers(0, 40), window=st.integers(1, 90))
def test_a_window_counted_pair_by_pair(tokens, past, window):
    context = tokens + past
    seen = [(query, key) for query in range(past, context) for key in range(context) if 0 <= query - key < window]
    span = Span(tokens, context, window=window)
    assert span.pairs == len(seen)
    assert span.keys == len({key for _, key in seen})
    assert span.density * tokens * span.keys == len(seen)


def test_an_image_becomes_tokens():
    sizes = {"hidden": 8, "intermediate": 20, "layers": 3, "heads": 4, "encoder": True, "norm": "layer"}
    model = Transformer(**sizes, image=(30, 20), patch=(7, 5), channels=2, classes=9, mlp_bias=True)
    network = encode(model, batch=3)
    assert network["embed_patches"].macs == 3 * 4 * 4 * 8 * 7 * 5 * 2
    assert network["embed_positions"].output_elements == 3 * 17 * 8
    assert network["embed_positions"].parameters == 18 * 8
    assert network["layers.up_proj"].macs == 3 * 17 * 8 * 20
    assert network["classifier"].macs == 3 * 8 * 9


def test_one_pass_of_two_tokens_is_two_decode_steps_less_one_head_and_norm():
    model = Transformer(hidden=8, intermediate=20, layers=3, heads=4, kv_heads=2, vocabulary=50, rotary=2)
    steps = [decode(model, context=context) for context in (1, 2)]
    both = prefill(model, tokens=2)
    assert both.macs == sum(step.macs for step in steps) - 8 * 50
    for layer in both.layers:
        if layer.name == "lm_head":
            continue
        totals = [dict(step[layer.name].vector_ops) for step in steps]
        assert dict(layer.vector_ops) == {kind: totals[0][kind] + totals[1][kind] for kind in totals[0]}


def test_vector_operations_of_a_block():
    model = Transformer(hidden=8, intermediate=20, layers=3, heads=4, kv_heads=2, vocabulary=50, rotary=2)
    network = prefill(model, tokens=5, batch=3)
    counts = {layer.name: dict(layer.vector_ops) for layer in network.layers}
    rows = 15
    assert counts["layers.attention_norm"] == {"multiply": rows * 25, "add": rows * 9, "sqrt": rows, "divide": rows}
    assert counts["layers.q_proj"] == {"multiply": 2 * rows * 8, "add": rows * 8}
    assert counts["layers.k_proj"] == {"multiply": 2 * rows * 4, "add": rows * 4}
    assert counts["layers.v_proj"] == counts["layers.o_proj"] == {}
    pairs = 3 * 4 * (1 + 2 + 3 + 4 + 5)
    assert counts["layers.softmax"] == {"compare": pairs, "add": 2 * pairs, "exp": pairs, "divide": pairs}
    assert counts["layers.mlp_act"] == dict.fromkeys(("multiply", "exp", "add", "divide"), rows * 20)
    assert counts["layers.mlp_add"] == {"add": rows * 8}


def test_attention_without_a_cache_is_four_projections_and_a_core():
    built = attention("a", Stream(("input",), 12, tokens=5, batch=2), heads=3)
    assert sum(layer.macs for layer in built.layers) == 2 * (4 * 5 * 12 * 12 + 2 * 5 * 5 * 12)
    assert built.output.extents == (12, 1, 1, 5, 2)
    assert all(layer.second_operand != "kv" for layer in built.layers)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"heads": 3}, "heads: must divide the hidden size 8"),
        ({"kv_heads": 3}, "kv_heads: must divide the 4 heads"),
        ({"layers": 0}, "layers: must be a whole number of at least 1"),
        ({"rotary": 3}, "rotary: must be at most head_dim, 2"),
        ({"activation": "silo"}, "did you mean silu"),
        ({"norm": "rmsnorm"}, "norm: must be one of rms, layer"),
        ({"encoder": True, "tied_embeddings": True}, "an encoder has no head"),
        ({"pooler": True}, "only an encoder"),
        ({"parallel": True, "norm_after": True}, "parallel: must be false"),
        ({"attention_bias": "k"}, "attention_bias: must be one of none, qkv, o, qkvo; got 'k'"),
        ({"window": -1}, "window: must be a whole number of at least 0"),
        ({"window": 4, "encoder": True}, "window: must be 0: every token of an encoder sees all"),
        ({"classes": 4}, "classes: must be 0: only an encoder"),
        ({"masked_head": True}, "masked_head: must be false: only an encoder"),
        ({"class_tokens": True, "encoder": True}, "class_tokens: must be false: there are no classes"),
        ({"image": 8, "patch": 4}, "image: must not be given: only an encoder"),
        ({"image": 8, "encoder": True}, "image: must be given together with patch"),
        ({"patch": 8, "encoder": True}, "patch: must not be given without an image"),
        ({"image": 8, "patch": 4, "encoder": True, "token_types": 2}, "token_types: must not be given with an image"),
        ({"image": -8, "patch": 4, "encoder": True}, "image: must be a whole number of at least 0"),
    ],
)
def test_a_wrong_transformer_cannot_exist(change, sentence):
    with pytest.raises(InputError, match=sentence):
        Transformer(**({"hidden": 8, "intermediate": 20, "layers": 3, "heads": 4} | change))


def test_passes_refuse_the_other_kind():
    decoder = Transformer(hidden=8, intermediate=20, layers=3, heads=4)
    with pytest.raises(InputError, match="a decoder by prefill"):
        encode(decoder)
    with pytest.raises(InputError, match="context: must be at least the 5 tokens"):
        Span(5, 4)
