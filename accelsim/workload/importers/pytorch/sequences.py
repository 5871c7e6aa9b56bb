"""Which look-up, attention or recurrent layer is an operator of PyTorch?"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from accelsim.errors import UnsupportedError
from accelsim.workload.importers.pytorch.call import Call, Value, several
from accelsim.workload.operators import (
    Tensor,
    attention,
    cut,
    embedding,
    gather,
    recurrent,
    reshape,
    scatter,
    transpose,
)
from accelsim.workload.operators.elman import elman
from accelsim.workload.operators.pooling import streamed
from accelsim.workload.vector import ops


def looked_up(call: Call) -> Tensor:
    """Return rows of a table; of one that is computed, words that an index chooses."""
    table, indices = call.tensor("weight"), call.tensor("indices")
    if table.is_stored:
        return embedding(call.graph, call.name, indices, table)
    return gather(call.graph, call.name, table, indices, call.shape)


def bagged(call: Call) -> Value:
    """Return the sum, mean or maximum of the rows of every bag of indices: one operation per value read."""
    table, indices = call.tensor("weight"), call.tensor("indices")
    rows = embedding(call.graph, call.name, indices, table)
    kind = ("add", "add", "compare")[call.get("mode", 0)]
    means = prod(call.shape) if call.get("mode", 0) == 1 else 0
    counts = ops(**{kind: rows.elements}, multiply=means)
    return several(call, streamed(call.graph, f"{call.name}.bag", "reduce_sum", "pool", rows, call.shape, counts))


def indexed(call: Call) -> Tensor:
    """Return what an index chooses: fixed places are a part, computed ones are read and written."""
    x = call.tensor("self", "input")
    given = call.values.get("indices", call.values.get("index"))
    indices = [index for index in (given if isinstance(given, list) else [given]) if isinstance(index, Tensor)]
    if x.is_stored and len(indices) == 1 and len(x.shape) == 2 and prod(call.shape) == indices[0].elements * x.shape[1]:
        return embedding(call.graph, call.name, indices[0], x)
    computed = [index for index in indices if not index.is_stored]
    if not computed and prod(call.shape) <= x.elements:
        return cut(x, call.shape)
    return gather(call.graph, call.name, x, (computed or indices)[0], call.shape)


def written(call: Call) -> Tensor:
    """Return the tensor with something written at some places."""
    x, updates = call.tensor("self", "input"), None
    for name in ("src", "values", "source", "value", "updates"):
        if isinstance(call.values.get(name), Tensor):
            updates = call.values[name]
    index = next((call.values[name] for name in ("index", "indices") if call.values.get(name) is not None), None)
    first = next((each for each in (index if isinstance(index, list) else [index]) if isinstance(each, Tensor)), None)
    if updates is None or updates.is_stored:
        return x
    return scatter(call.graph, call.name, x, first if first is not None else Tensor((0,)), updates)


def attended(call: Call) -> Value:
    """Return scaled dot product attention; ``is_causal`` lets query i see keys 1 to i."""
    query, key, value = (_heads(call.tensor(name)) for name in ("query", "key", "value"))
    mask = call.optional("attn_mask") if "attn_mask" in call.values else call.optional("attn_bias")
    causal = bool(call.get("is_causal", False))
    past = 0 if causal else None
    name = call.inside or "attention"
    made = attention(call.graph, name, query, key, value, causal=causal, past=past, mask=mask)
    return several(call, reshape(made, call.shape))


def flexible(call: Call) -> Value:
    """Return FlexAttention over all pairs; what its own functions do to the scores is listed as not counted."""
    query, key, value = (_heads(call[str(place)]) for place in range(3))
    call.graph.skip("flex_attention's functions of scores and masks")
    made = attention(call.graph, call.inside or "attention", query, key, value)
    return several(call, reshape(made, call.shape))


def one_hot(call: Call) -> Tensor:
    """Return rows of zeros with a one at a computed place: written, with no operation."""
    return gather(call.graph, call.name, call.first, call.first, call.shape)


def _heads(x: Tensor) -> Tensor:
    """Return queries, keys or values as batch x heads x tokens x size."""
    if len(x.shape) == 4:
        return x
    *lead, tokens, size = x.shape
    outer, heads = (prod(lead[:-1]), lead[-1]) if len(lead) > 2 else (prod(lead), 1)
    return reshape(x, (outer, heads, tokens, size))


def unrolled(call: Call) -> list[Tensor]:
    """Return all states, and the last ones, of a recurrent layer of one or more layers, in one or two directions."""
    params = call.values.get("params")
    if params is None or "batch_sizes" in call.values:
        raise UnsupportedError("a recurrent layer over packed sequences is not understood.")
    layers, directions = call["num_layers"], 2 if call["bidirectional"] else 1
    biased = bool(call["has_biases"])
    each = 4 if biased else 2
    if len(params) != layers * directions * each:
        raise UnsupportedError("a recurrent layer with projections is not understood.")
    x = call.first
    x = transpose(x, (1, 0, 2)) if call["batch_first"] else x
    hidden = params[1].shape[1]
    for layer in range(layers):
        name = call.name if layers == 1 else f"{call.name}.l{layer}"
        own = tuple(params[layer * directions * each : (layer + 1) * directions * each])
        x = _layer(call, name, x, hidden, directions, biased, own)
    whole = transpose(x, (1, 0, 2)) if call["batch_first"] else x
    return [whole, *(cut(x, shape) for shape in call.shapes[1:])]


def _layer(
    call: Call, name: str, x: Tensor, hidden: int, directions: int, biased: bool, weights: tuple[Tensor, ...]
) -> Tensor:
    """Return one layer of the operator's cell over tokens x batch x features."""
    cell = call.operator.removesuffix("_cell")
    if cell.startswith("rnn_"):
        function = cell.removeprefix("rnn_")
        return elman(call.graph, name, function, x, hidden, directions, bias=biased, weights=weights)
    return recurrent(call.graph, name, cell, x, hidden, directions, bias=biased, weights=weights)


def stepped(call: Call) -> Value:
    """Return the next state of a recurrent cell: one token."""
    x = call.tensor("input")
    weights = [tensor for name in ("w_ih", "w_hh", "b_ih", "b_hh") if (tensor := call.optional(name)) is not None]
    tokens = reshape(x, (1, x.elements // x.shape[-1], x.shape[-1]))
    made = _layer(call, call.name, tokens, weights[1].shape[1], 1, len(weights) > 2, tuple(weights))
    return several(call, reshape(made, call.shape))


ATTENTIONS = (
    "scaled_dot_product_attention", "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention", "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_attention_math",
)  # fmt: skip
WRITES = ("scatter", "scatter_add", "scatter_reduce", "index_put", "_index_put_impl", "index_add", "index_copy",
          "slice_scatter", "select_scatter", "masked_scatter", "diagonal_scatter", "copy",
          "_unsafe_index_put")  # fmt: skip

SEQUENCES: dict[str, Callable[[Call], Value]] = {
    **dict.fromkeys(ATTENTIONS, attended),
    **dict.fromkeys(WRITES, written),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), unrolled),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), stepped),
    **dict.fromkeys(("embedding_bag", "_embedding_bag", "_embedding_bag_forward_only"), bagged),
    **dict.fromkeys(("index", "index_select", "gather", "take_along_dim", "take", "_unsafe_index"), indexed),
    "embedding": looked_up,
    "flex_attention": flexible,
    "one_hot": one_hot,
}
