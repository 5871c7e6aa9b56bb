"""What do the scores, the softmax and the weighted sum of attention compute, causal or not, with a cache or not?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from accelsim.errors import InputError
from accelsim.workload.build import linear
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
from accelsim.workload.stream import Built, Stream, whole
from accelsim.workload.vector import ops, softmax_ops


@dataclass(frozen=True)
class Heads:
    """How queries and keys are grouped: ``heads`` query heads share ``kv_heads`` keys and values."""

    heads: int
    kv_heads: int
    size: int

    def __post_init__(self) -> None:
        for field, value in (("heads", self.heads), ("kv_heads", self.kv_heads), ("head_dim", self.size)):
            whole(field, value)
        if self.heads % self.kv_heads:
            raise InputError(f"must divide the {self.heads} heads; got {self.kv_heads}.", where="kv_heads")


@dataclass(frozen=True)
class Span:
    """Who attends to whom: each of the last ``tokens`` of ``context`` positions.

    Causal: position i attends to positions 1..i, with a ``window`` to the last ``window`` of them
    (itself included; 0 = no window). Otherwise all attend to all of ``context``.
    ``cached`` says that keys and values live in the KV cache.
    """

    tokens: int
    context: int
    causal: bool = True
    cached: bool = True
    window: int = 0

    def __post_init__(self) -> None:
        whole("tokens", self.tokens)
        whole("context", self.context)
        whole("window", self.window, least=0)
        if self.context < self.tokens:
            raise InputError(
                f"must be at least the {self.tokens} tokens that it ends with; got {self.context}.",
                where="context",
            )

    @property
    def keys(self) -> int:
        """Positions that some token attends to: all of ``context``, or those that the first token's window reaches."""
        if not (self.window and self.causal):
            return self.context
        return min(self.context, self.tokens + self.window - 1)

    @property
    def pairs(self) -> int:
        """(query, key) pairs of one head: tokens*context, less what causality and the window hide.

        Causality hides tokens*(tokens - 1)/2. A window w hides i - w keys from each position i > w,
        of which the last n = min(tokens, context - w) are here: n*(context - w) - n*(n - 1)/2.
        """
        if not self.causal:
            return self.tokens * self.context
        hidden = self.tokens * (self.tokens - 1) // 2
        beyond = max(0, self.context - self.window) if self.window else 0
        late = min(self.tokens, beyond)
        hidden += late * beyond - late * (late - 1) // 2
        return self.tokens * self.context - hidden

    @property
    def density(self) -> Fraction:
        """Share of the tokens x keys rectangle that exists; (S+1)/(2S) for a causal prefill of S."""
        return Fraction(self.pairs, self.tokens * self.keys)


def attention_core(prefix: str, query: Stream, keys: Stream, values: Stream, heads: Heads, span: Span) -> Built:
    """Return ``scores`` (Q times K transposed), ``softmax`` and ``attend`` (times V).

    One group per sample and KV head; the query heads that share it stand with the tokens in B.
    The keys or values play W, and their producer is the last of the layer's inputs. ``density``
    makes the MACs of a causal product exact; each score is scaled once and takes one softmax
    place (`vector.softmax_ops`), also only where it exists. Tensors are stored as rectangles.
    """
    role: Literal["kv", "activation"] = "kv" if span.cached else "activation"
    groups, rows = query.batch * heads.kv_heads, span.tokens * (heads.heads // heads.kv_heads)
    pairs = query.batch * heads.heads * span.pairs
    rectangle = query.batch * heads.heads * span.tokens * span.keys
    scores = Layer(
        f"{prefix}scores",
        "matmul",
        Shape.gemm(M=rows, N=span.keys, K=heads.size, groups=groups, density=span.density),
        second_operand=role,
        vector_ops=ops(multiply=pairs),
        inputs=query.producers + keys.producers,
    )
    softmax = Layer(
        f"{prefix}softmax",
        "softmax",
        vector_ops=softmax_ops(pairs),
        inputs=(scores.name,),
        input_elements=rectangle,
        output_elements=rectangle,
    )
    attend = Layer(
        f"{prefix}attend",
        "matmul",
        Shape.gemm(M=rows, N=heads.size, K=span.keys, groups=groups, density=span.density),
        second_operand=role,
        inputs=(softmax.name, *values.producers),
    )
    return Built((scores, softmax, attend), query.by(attend.name, channels=heads.heads * heads.size))


def attention(
    name: str, source: Stream, heads: int, kv_heads: int = 0, head_dim: int = 0, causal: bool = False, bias: bool = True
) -> Built:
    """Return self-attention without a cache: four projections around `attention_core`.

    ``kv_heads`` is by default ``heads``, ``head_dim`` the features divided by the heads.
    """
    whole("heads", heads)
    if not head_dim and source.features % heads:
        raise InputError(
            f"must divide the {source.features} features unless head_dim is given; got {heads}.", where="heads"
        )
    split = Heads(heads, kv_heads or heads, head_dim or source.features // heads)
    wide, narrow = split.heads * split.size, split.kv_heads * split.size
    query = linear(f"{name}.q_proj", source, wide, bias=bias)
    keys = linear(f"{name}.k_proj", source, narrow, bias=bias)
    values = linear(f"{name}.v_proj", source, narrow, bias=bias)
    span = Span(source.tokens, source.tokens, causal=causal, cached=False)
    core = attention_core(f"{name}.", query.output, keys.output, values.output, split, span)
    result = linear(f"{name}.o_proj", core.output, source.features, bias=bias)
    layers = query.layers + keys.layers + values.layers + core.layers + result.layers
    return Built(layers, result.output)
