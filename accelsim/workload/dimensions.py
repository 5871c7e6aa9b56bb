"""Which dimensions and habits does a transformer have?"""

from __future__ import annotations

from dataclasses import dataclass, field

from accelsim.errors import InputError
from accelsim.workload.attention import Heads
from accelsim.workload.stream import whole
from accelsim.workload.vector import activation_ops


@dataclass(frozen=True)
class Transformer:
    """Dimensions of a decoder (KV cache, next-token head) or an encoder (neither).

    Parameters
    ----------
    hidden, intermediate, layers, heads : int
    kv_heads, head_dim : int
        0 means ``heads`` and ``hidden / heads``.
    vocabulary : int
    encoder : bool
        No KV cache, no head; attention sees all tokens.
    norm : {"rms", "layer"}
    norm_after : bool
        Norms follow the residual adds (BERT) in place of preceding attention and MLP; then there is
        no final norm.
    parallel : bool
        Attention and MLP share one norm and are added together (Phi-2).
    embedding_norm : bool
        A norm follows the embedding.
    gated : bool
        MLP is down(act(gate(x)) * up(x)) and not down(act(up(x))).
    activation : str
        One of `accelsim.workload.vector.ACTIVATIONS`.
    rotary : int
        Values of each head that are rotated.
    learned_positions, token_types : int
        Rows of further embedding tables, each added to the token's.
    attention_bias : {"none", "qkv", "qkvo"}
    mlp_bias, head_bias : bool
    tied_embeddings : bool
        The head uses the embedding table.
    pooler : bool
        An encoder ends with a dense tanh layer on the first token.
    """

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int = 0
    head_dim: int = 0
    vocabulary: int = 1
    encoder: bool = False
    norm: str = "rms"
    norm_after: bool = False
    parallel: bool = False
    embedding_norm: bool = False
    gated: bool = True
    activation: str = "silu"
    rotary: int = 0
    learned_positions: int = 0
    token_types: int = 0
    attention_bias: str = "none"
    mlp_bias: bool = False
    head_bias: bool = False
    tied_embeddings: bool = False
    pooler: bool = False
    split: Heads = field(init=False)

    def __post_init__(self) -> None:
        for name in ("hidden", "intermediate", "layers", "heads", "vocabulary"):
            whole(name, getattr(self, name))
        for name in ("kv_heads", "head_dim", "rotary", "learned_positions", "token_types"):
            whole(name, getattr(self, name), least=0)
        if not self.head_dim and self.hidden % self.heads:
            raise InputError(
                f"must divide the hidden size {self.hidden} unless head_dim is given; got {self.heads}.",
                where="heads",
            )
        split = Heads(self.heads, self.kv_heads or self.heads, self.head_dim or self.hidden // self.heads)
        object.__setattr__(self, "split", split)
        for name, known in (("norm", ("rms", "layer")), ("attention_bias", ("none", "qkv", "qkvo"))):
            if getattr(self, name) not in known:
                raise InputError(f"must be one of {', '.join(known)}; got {getattr(self, name)!r}.", where=name)
        activation_ops(self.activation, 1)
        if self.rotary > split.size:
            raise InputError(f"must be at most head_dim, {split.size}; got {self.rotary}.", where="rotary")
        if self.encoder and self.tied_embeddings:
            raise InputError("must be false: an encoder has no head.", where="tied_embeddings")
        if self.pooler and not self.encoder:
            raise InputError("must be false: only an encoder ends with one.", where="pooler")
        if self.parallel and self.norm_after:
            raise InputError("must be false where norms come after: it shares the norm before.", where="parallel")

    @property
    def kv_elements_per_token(self) -> int:
        """Words that a token adds to the KV cache: 2 * layers * kv_heads * head_dim."""
        return 0 if self.encoder else 2 * self.layers * self.split.kv_heads * self.split.size
