"""Which dimensions and habits does a transformer have?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from accelsim.errors import InputError
from accelsim.workload.attention import Heads
from accelsim.workload.experts import check
from accelsim.workload.stream import pair, whole
from accelsim.workload.vector import activation_ops


@dataclass(frozen=True)
class Transformer:
    """Dimensions of a decoder (KV cache, next-token head) or an encoder (neither), of text or of an image.

    Parameters
    ----------
    hidden, intermediate, layers, heads : int
    kv_heads, head_dim : int
        0 means ``heads`` and ``hidden / heads``.
    vocabulary : int
        Rows of the token embedding; of no meaning with ``image``.
    encoder : bool
        No KV cache, no next-token head; attention sees all tokens.
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
    head_norm : bool
        An RMS norm over each head follows the projection of queries and of keys (Qwen3).
    attention_bias : {"none", "qkv", "o", "qkvo"}
    mlp_bias, head_bias : bool
    tied_embeddings : bool
        The head uses the embedding table.
    window : int
        A token attends to the last ``window`` positions, its own included; 0 = to all.
    experts, experts_per_token : int
        The MLP is a mixture of experts (`accelsim.workload.experts`); 0 = one MLP.
    pooler : bool
        An encoder ends with a dense tanh layer on the first token.
    classes : int
        An encoder ends with a linear layer to so many classes, on the first token; 0 = none.
    class_tokens : bool
        The classes are told of every token.
    masked_head : bool
        An encoder ends with BERT's masked-language head: dense, activation, norm, and a product
        with the embedding table (tied) plus a bias, for every token.
    image, patch : (rows, columns)
        An encoder of images: patches become tokens, behind one class token, and learned positions
        are added (ViT, arXiv:2010.11929). (0, 0) = text. One number stands for both.
    channels : int
        Of the image.
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
    head_norm: bool = False
    learned_positions: int = 0
    token_types: int = 0
    attention_bias: str = "none"
    mlp_bias: bool = False
    head_bias: bool = False
    tied_embeddings: bool = False
    window: int = 0
    experts: int = 0
    experts_per_token: int = 0
    pooler: bool = False
    classes: int = 0
    class_tokens: bool = False
    masked_head: bool = False
    image: tuple[int, int] = (0, 0)
    patch: tuple[int, int] = (0, 0)
    channels: int = 3
    split: Heads = field(init=False)

    def __post_init__(self) -> None:
        for name in ("image", "patch"):
            object.__setattr__(self, name, pair(name, getattr(self, name), least=0))
        for name in ("hidden", "intermediate", "layers", "heads", "channels", *(() if self.sees else ("vocabulary",))):
            whole(name, getattr(self, name))
        for name in ("kv_heads", "head_dim", "rotary", "learned_positions", "token_types", "window", "classes"):
            whole(name, getattr(self, name), least=0)
        if not self.head_dim and self.hidden % self.heads:
            raise InputError(
                f"must divide the hidden size {self.hidden} unless head_dim is given; got {self.heads}.",
                where="heads",
            )
        split = Heads(self.heads, self.kv_heads or self.heads, self.head_dim or self.hidden // self.heads)
        object.__setattr__(self, "split", split)
        for name, known in (("norm", ("rms", "layer")), ("attention_bias", ("none", "qkv", "o", "qkvo"))):
            if getattr(self, name) not in known:
                raise InputError(f"must be one of {', '.join(known)}; got {getattr(self, name)!r}.", where=name)
        activation_ops(self.activation, 1)
        if self.rotary > split.size:
            raise InputError(f"must be at most head_dim, {split.size}; got {self.rotary}.", where="rotary")
        check(self.experts, self.experts_per_token)
        for name, wrong, reason in self._contradictions():
            if wrong and getattr(self, name) not in (False, 0, (0, 0)):
                raise InputError(f"must {reason}", where=name)

    def _contradictions(self) -> Iterator[tuple[str, bool, str]]:
        """Yield (field, whether it must not be given, why not)."""
        yield "tied_embeddings", self.encoder, "be false: an encoder has no head."
        for name in ("pooler", "class_tokens", "masked_head"):
            yield name, not self.encoder, "be false: only an encoder ends with one."
        yield "classes", not self.encoder, "be 0: only an encoder ends with them."
        yield "window", self.encoder, "be 0: every token of an encoder sees all."
        yield "parallel", self.norm_after, "be false where norms come after: it shares the norm before."
        yield "mlp_bias", bool(self.experts), "be false: experts have no biases here."
        yield "class_tokens", not self.classes, "be false: there are no classes."
        yield "image", not self.encoder, "not be given: only an encoder sees an image."
        yield "image", 0 in (*self.image, *self.patch), "be given together with patch, both of at least 1."
        yield "patch", not self.sees, "not be given without an image."
        for name in ("learned_positions", "token_types", "masked_head", "embedding_norm"):
            yield name, self.sees, "not be given with an image: its patches are what is embedded."

    @property
    def sees(self) -> bool:
        """Whether the tokens are patches of an image."""
        return self.image != (0, 0)

    @property
    def kv_elements_per_token(self) -> int:
        """Words that a token adds to the KV cache: 2 * layers * kv_heads * head_dim."""
        return 0 if self.encoder else 2 * self.layers * self.split.kv_heads * self.split.size
