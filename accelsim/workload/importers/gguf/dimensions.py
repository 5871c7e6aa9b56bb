"""Which transformer does a GGUF header describe?"""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.dimensions import Transformer
from accelsim.workload.importers.gguf.architectures import Habits, habits
from accelsim.workload.importers.gguf.metadata import Array, Value
from accelsim.workload.importers.stored import TensorTable

MOST_BLOCKS = 10_000
KEYS = {
    "hidden": "embedding_length", "intermediate": "feed_forward_length", "layers": "block_count",
    "heads": "attention.head_count", "kv_heads": "attention.head_count_kv", "head_dim": "attention.key_length",
    "rotary": "rope.dimension_count", "experts": "expert_count", "experts_per_token": "expert_used_count",
}  # fmt: skip
"""What a header calls a dimension."""


class Description:
    """The metadata and tensors of a model, as questions with one answer.

    Parameters
    ----------
    metadata : mapping
    table : TensorTable
    where : str
        Named in messages.
    """

    def __init__(self, metadata: Mapping[str, Value], table: TensorTable, where: str) -> None:
        self.metadata, self.table, self.where = metadata, table, where
        name = metadata.get("general.architecture")
        if not isinstance(name, str) or not name:
            raise InputError("general.architecture must name an architecture such as llama.", where=where)
        self.architecture = name

    def whole(self, key: str, default: int | None = None, most: int = 2**31) -> int:
        """Return the whole number at ``<architecture>.<key>``; one that differs from block to block is refused."""
        full = f"{self.architecture}.{key}"
        value = self.metadata.get(full, default)
        if isinstance(value, Array) and value.items:
            if len(set(value.items)) > 1:
                raise UnsupportedError(
                    "the blocks of a model must be alike here; this gives every block its own.",
                    where=f"{self.where}: {full}",
                )
            value = value.items[0]
        if value is None:
            raise InputError("this must be given; the file does not have it.", where=f"{self.where}: {full}")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            shown = f"{value!r}"[:40]
            raise InputError(f"must be a whole number of at most {most}; got {shown}.", where=f"{self.where}: {full}")
        return value

    def has(self, *names: str) -> bool:
        """Return whether any of the named tensors is there."""
        return any(name in self.table.by_name for name in names)

    def rows(self, name: str) -> int:
        """Return the rows of a table; 0 if it is not there."""
        return self.table[name].shape[0] if self.has(name) else 0


def transformer(about: Description) -> Transformer:
    """Return the dimensions that metadata and tensors describe.

    Raises
    ------
    InputError
        The architecture is unknown, or a number is missing or contradicts the others.
    UnsupportedError
        Blocks differ in shape, or keys and values do.
    """
    habit = habits(about.architecture, f"{about.where}: general.architecture")
    if not about.has("token_embd.weight"):
        raise InputError("a model must have a token embedding, token_embd.weight; it has none.", where=about.where)
    hidden, heads = about.whole("embedding_length"), about.whole("attention.head_count")
    head_dim = about.whole("attention.key_length", hidden // max(heads, 1))
    if about.whole("attention.value_length", head_dim) != head_dim:
        raise UnsupportedError("keys and values of different lengths are not modeled.", where=about.where)
    experts = about.whole("expert_count", 0)
    intermediate = about.whole("feed_forward_length")
    try:
        return Transformer(
            hidden=hidden,
            intermediate=about.whole("expert_feed_forward_length", intermediate) if experts else intermediate,
            layers=about.whole("block_count", most=MOST_BLOCKS),
            heads=heads,
            kv_heads=about.whole("attention.head_count_kv", heads),
            head_dim=head_dim,
            vocabulary=about.rows("token_embd.weight"),
            window=0 if habit.encoder else about.whole("attention.sliding_window", 0),
            experts=experts,
            experts_per_token=about.whole("expert_used_count") if experts else 0,
            rotary=about.whole("rope.dimension_count", head_dim) if habit.rotary else 0,
            **_shown(about, habit, intermediate, experts),  # type: ignore[arg-type]
        )
    except InputError as error:
        if error.where and about.where in error.where:
            raise
        key = f"{about.architecture}.{KEYS.get(error.where or '', error.where)}"
        raise InputError(error.message, where=f"{about.where}: {key}" if error.where else about.where) from None


def _shown(about: Description, habit: Habits, intermediate: int, experts: int) -> dict[str, bool | str | int]:
    """Return what the tensors of the first block and of the ends show."""
    first = "blk.0"
    gated = about.has(f"{first}.ffn_gate.weight", f"{first}.ffn_gate_exps.weight", f"{first}.ffn_gate.0.weight")
    fused = about.rows(f"{first}.ffn_up.weight") == 2 * intermediate
    inputs = about.has(f"{first}.attn_q.bias", f"{first}.attn_qkv.bias")
    output = about.has(f"{first}.attn_output.bias")
    return {
        "encoder": habit.encoder,
        "activation": habit.activation,
        "norm": "layer" if about.has(f"{first}.attn_norm.bias", f"{first}.attn_output_norm.bias") else "rms",
        "norm_after": habit.norm_after,
        "parallel": not habit.norm_after and not about.has(f"{first}.ffn_norm.weight"),
        "embedding_norm": about.has("token_embd_norm.weight"),
        "gated": gated or fused,
        "learned_positions": about.rows("position_embd.weight"),
        "token_types": about.rows("token_types.weight"),
        "attention_bias": {(False, False): "none", (True, False): "qkv", (False, True): "o"}.get(
            (inputs, output), "qkvo"
        ),
        "head_norm": about.has(f"{first}.attn_q_norm.weight"),
        "mlp_bias": not experts and about.has(f"{first}.ffn_up.bias", f"{first}.ffn_down.bias"),
        "head_bias": about.has("output.bias"),
        "tied_embeddings": not habit.encoder and not about.has("output.weight"),
        "pooler": habit.encoder and about.has("cls.weight"),
        "classes": about.rows("cls.output.weight") if habit.encoder else 0,
    }
