"""What do the fused attention operators of ONNX itself and of com.microsoft become?"""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import Graph, Tensor, attention, concat, cut, matmul, reshape, rotary, transpose


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Return (batch, tokens, heads * size) as (batch, heads, tokens, size)."""
    if len(x.shape) == 4:
        return x
    if len(x.shape) != 3 or heads < 1 or x.shape[2] % heads:
        raise InputError(f"must read batch x tokens x features that {heads} heads divide; got {x.text()}.")
    batch, tokens, features = x.shape
    return transpose(reshape(x, (batch, tokens, heads, features // heads)), (0, 2, 1, 3))


def join_heads(x: Tensor) -> Tensor:
    """Return (batch, heads, tokens, size) as (batch, tokens, heads * size)."""
    batch, heads, tokens, size = x.shape
    return reshape(transpose(x, (0, 2, 1, 3)), (batch, tokens, heads * size))


def cut_features(x: Tensor, widths: Sequence[int]) -> list[Tensor]:
    """Return the parts of a tensor along its last axis."""
    if sum(widths) != x.shape[-1]:
        raise InputError(f"must have {sum(widths)} features; got {x.text()}.")
    return [cut(x, (*x.shape[:-1], width)) for width in widths]


def extended(node: Node, graph: Graph, result: int, past: Tensor | None, new: Tensor) -> Tensor:
    """Return the keys or values of the past with new ones behind them, a KV cache if there is a past.

    Without one the new ones are a cache if the operator hands them out as its result number ``result``.
    """
    handed_out = result < len(node.outputs) and bool(node.outputs[result]) and node.handed_out
    if past is None and not handed_out:
        return new
    return concat(graph, f"{node.name}.cache", [*([past] if past is not None else []), new], 2, cache=True)


def _attention(node: Node, graph: Graph) -> list[Tensor]:
    """Attention of opset 23: Q, K, V of rank 3 or 4, mask, past keys and values."""
    query, key, value = node.x(0), node.x(1), node.x(2)
    flat = len(query.shape) == 3
    heads = node.integer("q_num_heads", 0) if flat else query.shape[1]
    kv_heads = node.integer("kv_num_heads", 0) if flat else key.shape[1]
    query, key, value = split_heads(query, heads), split_heads(key, kv_heads), split_heads(value, kv_heads)
    past_key = node.maybe(4)
    causal, left = bool(node.integer("is_causal", 0)), node.integer("left_window_size", -1)
    if (left >= 0 and not causal) or node.integer("right_window_size", -1) > 0:
        raise UnsupportedError("a window that looks ahead is not understood.")
    key = extended(node, graph, 1, past_key, key)
    value = extended(node, graph, 2, node.maybe(5), value)
    made = attention(
        graph,
        node.name,
        query,
        key,
        value,
        causal=causal,
        window=left + 1,
        past=past_key.shape[2] if past_key is not None else 0,
        mask=node.maybe(3),
        capped=node.number("softcap", 0.0) > 0,
    )
    scores = made.like((*made.shape[:3], key.shape[2]))
    return [join_heads(made) if flat else made, key, value, scores]


def _microsoft_attention(node: Node, graph: Graph) -> list[Tensor]:
    """Attention of com.microsoft: the projection of queries, keys and values is inside."""
    x, weight, heads = node.x(0), node.x(1), node.integer("num_heads", 0)
    widths = node.integers("qkv_hidden_sizes") or (weight.shape[-1] // 3,) * 3
    if heads < 1 or node.has(4):
        raise UnsupportedError("its form with a packed past is not understood.")
    projected = matmul(graph, f"{node.name}.qkv", x, weight, node.maybe(2))
    query, key, value = (split_heads(part, heads) for part in cut_features(projected, widths))
    made = attention(
        graph, node.name, query, key, value, causal=bool(node.integer("unidirectional", 0)), mask=node.maybe(5)
    )  # fmt: skip
    return [join_heads(made)]


def _multi_head(node: Node, graph: Graph) -> list[Tensor]:
    """MultiHeadAttention of com.microsoft; a bias of all three is added on their way in."""
    query, heads = node.x(0), node.integer("num_heads", 0)
    if heads < 1 or not node.has(1) or not node.has(2) or len(query.shape) != 3 or len(node.x(1).shape) == 5:
        raise UnsupportedError("its packed forms are not understood.")
    from accelsim.workload.operators import arithmetic

    key, value = node.x(1), node.x(2)
    if node.has(3):
        biases = cut_features(node.x(3), [query.shape[-1], key.shape[-1], value.shape[-1]])
        query, key, value = (
            arithmetic(graph, f"{node.name}.{name}_bias", "add", [tensor, bias])
            for name, tensor, bias in zip("qkv", (query, key, value), biases, strict=True)
        )
    past = node.maybe(6)
    keys = extended(node, graph, 1, past, split_heads(key, heads))
    values = extended(node, graph, 2, node.maybe(7), split_heads(value, heads))
    made = attention(
        graph,
        node.name,
        split_heads(query, heads),
        keys,
        values,
        causal=bool(node.integer("unidirectional", 0)),
        past=past.shape[2] if past is not None else 0,
        mask=node.maybe(5),
    )
    return [join_heads(made), keys, values]


def _group_query(node: Node, graph: Graph) -> list[Tensor]:
    """GroupQueryAttention of com.microsoft: causal, with a cache, with a rotary embedding if it says so."""
    query, heads, kv_heads = node.x(0), node.integer("num_heads", 0), node.integer("kv_num_heads", 0)
    if heads < 1 or kv_heads < 1:
        raise InputError(f"num_heads and kv_num_heads must be at least 1; got {heads} and {kv_heads}.")
    if node.has(1) and node.has(2):
        key, value = node.x(1), node.x(2)
    else:
        size = query.shape[-1] // (heads + 2 * kv_heads)
        query, key, value = cut_features(query, [heads * size, kv_heads * size, kv_heads * size])
    if node.integer("do_rotary", 0):
        size = query.shape[-1] // heads
        rotated = 2 * node.x(7).shape[-1] if node.has(7) else size
        query = rotary(graph, f"{node.name}.rotate_q", query, size, rotated)
        key = rotary(graph, f"{node.name}.rotate_k", key, size, rotated)
    past = node.maybe(3)
    keys = extended(node, graph, 1, past, split_heads(key, kv_heads))
    values = extended(node, graph, 2, node.maybe(4), split_heads(value, kv_heads))
    window = node.integer("local_window_size", -1)
    made = attention(
        graph,
        node.name,
        split_heads(query, heads),
        keys,
        values,
        causal=True,
        past=past.shape[2] if past is not None else 0,
        window=max(0, window),
        capped=node.number("softcap", 0.0) > 0,
    )
    return [join_heads(made), keys, values]


OPERATORS: dict[str, Handler] = {
    "Attention": _attention,
    "com.microsoft.Attention": _microsoft_attention,
    "com.microsoft.GroupQueryAttention": _group_query,
    "com.microsoft.MultiHeadAttention": _multi_head,
}
