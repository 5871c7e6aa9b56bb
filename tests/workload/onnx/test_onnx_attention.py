"""Is attention the same layers from MatMul and Softmax, from fused operators, and from the shared law?"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from onnx_models import imported, node, scalar, stored, whole

from accelsim.workload.attention import Heads, Span, attention_core
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.operators.attention import pairs
from accelsim.workload.stream import Stream

BATCH, HEADS, TOKENS, SIZE = 2, 4, 10, 16
SHAPE = [BATCH, HEADS, TOKENS, SIZE]


def core(span: Span, kv_heads: int = HEADS) -> list[Layer]:
    """Scores, softmax and weighted sum by the law that workload files use."""
    shapes = (HEADS, span.tokens), (kv_heads, span.context), (kv_heads, span.context)
    query, keys, values = (
        Stream(("input",), heads * SIZE, tokens=count, batch=BATCH) for heads, count in shapes
    )  # fmt: skip
    built = attention_core("", query, keys, values, Heads(HEADS, kv_heads, SIZE), span)
    return [bare(layer) for layer in built.layers]


def bare(layer: Layer) -> Layer:
    return replace(layer, name="", inputs=(), stated=None)


def found(network: Network) -> list[Layer]:
    return [bare(layer) for layer in network.layers if layer.kind in ("matmul", "softmax")]


ALL = Span(TOKENS, TOKENS, causal=False, cached=False)
CAUSAL = Span(TOKENS, TOKENS, causal=True, cached=False)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("scale", ["Div", "Mul", "Q"])
def test_matmul_softmax_matmul(tmp_path: Path, scale: str, masked: bool) -> None:
    """The scale and the mask are applied on the way out of the scores; the mask is read once more."""
    nodes = [
        node("Transpose", ["k"], "t", perm=[0, 1, 3, 2]),
        node("MatMul", ["q", "t"], "scores"),
        node("Div" if scale == "Div" else "Mul", ["scores", "c"], "scaled"),
        *([node("Add", ["scaled", "mask"], "masked")] if masked else []),
        node("Softmax", ["masked" if masked else "scaled"], "softmax", axis=-1),
        node("MatMul", ["softmax", "v"], "y"),
    ]
    inputs = {"q": SHAPE, "k": SHAPE, "v": SHAPE, "mask": [BATCH, 1, 1, TOKENS]}
    network = imported(tmp_path, nodes, inputs if masked else {n: inputs[n] for n in "qkv"}, ["y"], [scalar("c", 8.0)])
    scores, softmax, attend = found(network)
    assert [layer.name for layer in network.layers] == ["scores", "softmax", "y"]
    wanted = core(ALL)
    if masked:
        rectangle = BATCH * HEADS * TOKENS * TOKENS
        assert dict(scores.vector_ops) == {"multiply": rectangle, "add": rectangle}
        assert scores.input_elements == wanted[0].input_elements + BATCH * TOKENS
        scores = replace(scores, vector_ops=wanted[0].vector_ops, input_elements=wanted[0].input_elements)
    assert [scores, softmax, attend] == wanted


FUSED: dict[str, tuple[str, dict[str, Any], list[int], Span, int]] = {
    "opset 23": ("Attention", {}, SHAPE, ALL, HEADS),
    "opset 23, causal": ("Attention", {"is_causal": 1}, SHAPE, CAUSAL, HEADS),
    "MultiHeadAttention": ("MultiHeadAttention", {"num_heads": HEADS}, [BATCH, TOKENS, 64], ALL, HEADS),
    "GroupQueryAttention": (
        "GroupQueryAttention", {"num_heads": HEADS, "kv_num_heads": 2}, [BATCH, TOKENS, 64], CAUSAL, 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FUSED)
def test_fused(tmp_path: Path, name: str) -> None:
    operator, attributes, shape, span, kv_heads = FUSED[name]
    narrow = shape if kv_heads == HEADS else [BATCH, TOKENS, kv_heads * SIZE]
    domain = "" if operator == "Attention" else "com.microsoft"
    made = node(operator, ["q", "k", "v"], "y", domain=domain, **attributes)
    network = imported(tmp_path, [made], {"q": shape, "k": narrow, "v": narrow}, ["y"], opset=23)
    assert network.uncounted == ()
    assert found(network) == core(span, kv_heads)


def test_fused_with_its_projection(tmp_path: Path) -> None:
    """Attention of com.microsoft multiplies by the weights of queries, keys and values itself."""
    made = node("Attention", ["x", "w", "b"], "y", domain="com.microsoft", num_heads=HEADS, unidirectional=1)
    network = imported(tmp_path, [made], {"x": [BATCH, TOKENS, 32]}, ["y"], [stored("w", 32, 192), stored("b", 192)])
    assert found(network) == core(CAUSAL)
    projection = network.layers[0]
    assert (projection.kind, projection.macs, projection.parameters) == ("linear", BATCH * TOKENS * 32 * 192, 192)


PAST = 6
CACHE = [BATCH, HEADS, PAST, SIZE]


@pytest.mark.parametrize("fused", [False, True])
def test_a_cache_grows(tmp_path: Path, fused: bool) -> None:
    """Keys and values behind those of the past are the KV cache: stored, grown and multiplied as such."""
    shape = [BATCH, HEADS, 1, SIZE]
    nodes = [node("Relu", [name], f"{name}1") for name in "kv"]
    if fused:
        nodes.append(
            node("Attention", ["q", "k1", "v1", "", "past_k", "past_v"], ["y", "new_k", "new_v"], is_causal=1)
        )  # fmt: skip
    else:
        nodes += [
            node("Concat", ["past_k", "k1"], "new_k", axis=2),
            node("Concat", ["past_v", "v1"], "new_v", axis=2),
            node("Transpose", ["new_k"], "t", perm=[0, 1, 3, 2]),
            node("MatMul", ["q", "t"], "scores"),
            node("Mul", ["scores", "c"], "scaled"),
            node("Softmax", ["scaled"], "softmax"),
            node("MatMul", ["softmax", "new_v"], "y"),
        ]
    inputs = {"q": shape, "k": shape, "v": shape, "past_k": CACHE, "past_v": CACHE}
    network = imported(tmp_path, nodes, inputs, ["y", "new_k", "new_v"], [scalar("c", 8.0)], opset=23)
    assert found(network) == core(Span(1, PAST + 1, causal=True, cached=True))
    assert [layer.output_role for layer in network.layers if layer.kind == "elementwise"] == ["kv", "kv"]
    assert (network.kv_elements_per_token, network.kv_tokens) == (2 * HEADS * SIZE, PAST + 1)


@given(st.integers(1, 8), st.integers(1, 8), st.booleans(), st.none() | st.integers(0, 8), st.integers(0, 4))
def test_pairs_are_those_of_a_mask(queries: int, keys: int, causal: bool, past: int | None, window: int) -> None:
    start = max(0, keys - queries) if past is None else past
    counted = 0
    for query in range(queries):
        seen = [key for key in range(keys) if not causal or key <= start + query]
        counted += len(seen[-window:] if window else seen)
    assert pairs(queries, keys, causal=causal, past=past, window=window) == counted


def test_queries_of_another_sequence(tmp_path: Path) -> None:
    """Cross-attention: as many keys as the other sequence has, and values of another width."""
    made = node("Attention", ["q", "k", "v"], "y")
    inputs = {"q": SHAPE, "k": [BATCH, HEADS, 3, SIZE], "v": [BATCH, HEADS, 3, 5]}
    network = imported(tmp_path, [made], inputs, ["y"], opset=23)
    scores, _, attend = found(network)
    assert (scores.macs, attend.macs) == (prod(SHAPE) * 3, BATCH * HEADS * TOKENS * 3 * 5)


def test_a_prompt_fills_the_cache(tmp_path: Path) -> None:
    """Without a past, keys and values that are handed out are what the next step finds in the cache."""
    nodes = [node("Relu", [name], f"{name}1") for name in "kv"]
    outputs = ["y", "ck", "cv"]
    heads: dict[str, Any] = {"num_heads": HEADS, "kv_num_heads": 2}
    fused = node("GroupQueryAttention", ["q", "k1", "v1"], outputs, domain="com.microsoft", **heads)
    inputs = {"q": [BATCH, TOKENS, 64], "k": [BATCH, TOKENS, 32], "v": [BATCH, TOKENS, 32]}
    network = imported(tmp_path, [*nodes, fused], inputs, ["y", "ck", "cv"])
    assert found(network) == core(Span(TOKENS, TOKENS, causal=True, cached=True), 2)
    assert (network.kv_elements_per_token, network.kv_tokens) == (2 * 32, TOKENS)


@pytest.mark.parametrize("tokens", [TOKENS, 1024], ids=["evaluated", "too large to evaluate"])
def test_a_mask_that_one_number_fills_is_no_parameter(tmp_path: Path, tokens: int) -> None:
    """Exporters write a causal mask as Expand, Trilu and Where of single numbers."""
    one = helper.make_tensor("one", 1, [1], [1.0])
    nodes = [
        node("Expand", ["one", "shape"], "square"),
        node("Trilu", ["square"], "triangle", upper=0),
        node("Equal", ["triangle", "zero"], "outside"),
        node("Where", ["outside", "far", "zero"], "mask"),
        node("MatMul", ["q", "k"], "scores"),
        node("Add", ["scores", "mask"], "masked"),
        node("Softmax", ["masked"], "shares"),
        node("MatMul", ["shares", "v"], "y"),
    ]
    given = {"q": [2, tokens, 8], "k": [2, 8, tokens], "v": [2, tokens, 8]}
    tensors = [one, whole("shape", tokens, tokens), scalar("zero", 0.0), scalar("far", -1e9)]
    assert imported(tmp_path, nodes, given, ["y"], tensors).parameters == 0


def test_an_input_that_is_handed_on_is_no_cache(tmp_path: Path) -> None:
    """Values of the past that are joined inside, or images joined to what is handed out, are activations."""
    nodes = [node("Concat", ["past_values", "x"], "c", axis=1), node("MatMul", ["q", "c"], "y")]
    inputs = {"past_values": [1, 3, 8], "x": [1, 2, 8], "q": [1, 4, 5]}
    network = imported(tmp_path, nodes, inputs, ["y"])
    assert (network["y"].second_operand, network.kv_tokens) == ("activation", 0)
    nodes = [node("Relu", ["x"], "r"), node("Concat", ["x", "r"], "y", axis=1)]
    network = imported(tmp_path, nodes, {"x": [1, 2, 8, 8]}, ["y"])
    assert (network["r"].output_role, network.kv_tokens) == ("activation", 0)


def test_expanded_keys_of_a_fused_attention(tmp_path: Path) -> None:
    """Keys and values repeated for every query head are still those of the fewer heads."""
    narrow = [BATCH, 2, TOKENS, SIZE]
    nodes = []
    for name in "kv":
        nodes += [
            node("Unsqueeze", [name, "two"], f"{name}u"),
            node("Expand", [f"{name}u", "wide"], f"{name}e"),
            node("Reshape", [f"{name}e", "whole"], f"{name}r"),
        ]
    tensors = [whole("two", 2), whole("wide", BATCH, 2, 2, TOKENS, SIZE), whole("whole", *SHAPE)]
    fused = node("Attention", ["q", "kr", "vr"], "y")
    network = imported(tmp_path, [*nodes, fused], {"q": SHAPE, "k": narrow, "v": narrow}, ["y"], tensors, opset=23)
    assert found(network) == core(ALL, 2)
