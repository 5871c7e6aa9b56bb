"""What does a fused scaled dot product attention compute? Scores, softmax and weighted sum, as three layers.

Equal to `accelsim.workload.attention.attention_core` where both apply; here keys and values may differ
in width, queries need not be the last of the keys, and attention may reach back over a window only.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.shape import Shape
from accelsim.workload.vector import activation_ops, merge, ops, softmax_ops


def pairs(queries: int, keys: int, *, causal: bool = False, past: int | None = None, window: int = 0) -> int:
    """Return how many (query, key) pairs of one head exist.

    Causal: query i (from 1) sees keys 1 .. past + i, at most ``window`` of them if it is not 0.
    ``past`` is by default ``keys - queries``: the queries are the last of the keys.
    """
    most = min(keys, window or keys)
    if not causal:
        return queries * most
    past = max(0, keys - queries) if past is None else past
    rising = min(max(0, most - past), queries)
    return rising * past + rising * (rising + 1) // 2 + (queries - rising) * most


def attention(
    graph: Graph,
    name: str,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    causal: bool = False,
    past: int | None = None,
    window: int = 0,
    mask: Tensor | None = None,
    scaled: bool = True,
    capped: bool = False,
) -> Tensor:
    """Return attention of ``query`` (batch, heads, tokens, size) to ``key`` and ``value`` (batch, kv heads, ...).

    Layers ``NAME.scores``, ``NAME.softmax`` and ``NAME.attend``. Query heads that share keys stand with
    the tokens in B. Keys and values play W, as "kv" if the tensors are cached.

    Parameters
    ----------
    causal, past, window
        Which pairs exist, see `pairs`.
    mask : Tensor or None
        Added to the scores, read once.
    scaled : bool
        Whether the scores are multiplied by a constant.
    capped : bool
        Whether they pass c * tanh(s / c).
    """
    if any(len(tensor.shape) != 4 for tensor in (query, key, value)):
        raise InputError("attention must have queries, keys and values of batch x heads x tokens x size.")
    batch, heads, tokens, size = query.shape
    kv_heads, context = key.shape[1:3]
    if (
        heads % kv_heads
        or value.shape[:3] != key.shape[:3]
        or key.shape[3] != size
        or key.shape[0] not in (1, batch)
    ):  # fmt: skip
        given = f"{query.text()}, {key.text()} and {value.text()}"
        raise InputError(f"queries, keys and values must agree in batch, size and tokens; got {given}.")
    name = graph.fresh(name)
    if key.repeats and key.repeats == value.repeats:
        kv_heads //= key.repeats[1]
    seen = pairs(tokens, context, causal=causal, past=past, window=window)
    existing = batch * heads * seen
    density = Fraction(seen, tokens * context)
    groups, rows = batch * kv_heads, tokens * (heads // kv_heads)
    role: Literal["kv", "activation"] = "kv" if key.cached else "activation"
    scores = Layer(
        f"{name}.scores",
        "matmul",
        Shape.gemm(M=rows, N=context, K=size, groups=groups, density=density),
        second_operand=role,
        vector_ops=merge(
            ops(multiply=existing if scaled else 0, add=existing if mask is not None else 0),
            merge(activation_ops("tanh", existing), ops(multiply=2 * existing)) if capped else (),
        ),
        inputs=query.producers + key.producers,
        input_elements=query.words + (mask.words if mask is not None else 0),
        parameters=mask.parameters if mask is not None else 0,
    )
    rectangle = batch * heads * tokens * context
    softmax = Layer(
        f"{name}.softmax",
        "softmax",
        vector_ops=softmax_ops(existing),
        inputs=(scores.name,),
        input_elements=rectangle,
        output_elements=rectangle,
    )
    attend = Layer(
        f"{name}.attend",
        "matmul",
        Shape.gemm(M=rows, N=value.shape[3], K=context, groups=groups, density=density),
        second_operand=role,
        inputs=(softmax.name, *value.producers),
    )
    weights = [mask] if mask is not None and mask.is_stored else []
    reads = (query, key, value)
    shape = (batch, heads, tokens, value.shape[3])
    return graph.record("attention", (scores, softmax, attend), reads, shape, weights=weights)
