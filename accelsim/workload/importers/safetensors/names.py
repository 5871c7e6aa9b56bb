"""Under which names does a safetensors file of transformers store the weights of each layer?

``{p}`` is what stands before all names (``model.``, ``bert.``, nothing), ``{i}`` the block, ``{e}`` the
expert; the first name that the file has is meant. Several layers may share one tensor: queries,
keys and values in ``c_attn`` or ``qkv_proj``, gate and up in ``gate_up_proj``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import MappingProxyType

_BLOCKS = ("{p}layers.{i}.", "{p}h.{i}.", "{p}encoder.layer.{i}.")


def _in_block(*names: str) -> tuple[str, ...]:
    return tuple(block + name for name in names for block in _BLOCKS)


NAMES = MappingProxyType({
    "embed_tokens": ("{p}embed_tokens", "{p}wte", "{p}embeddings.word_embeddings"),
    "embed_positions": ("{p}wpe", "{p}embeddings.position_embeddings", "{p}embeddings"),
    "embed_types": ("{p}embeddings.token_type_embeddings",),
    "embed_norm": ("{p}embeddings.LayerNorm",),
    "embed_patches": ("{p}embeddings.patch_embeddings.projection",),
    "layers.attention_norm": _in_block(
        "input_layernorm", "ln_1", "attention.output.LayerNorm", "layernorm_before"
    ),
    "layers.q_proj": _in_block(
        "self_attn.q_proj", "self_attn.qkv_proj", "attn.c_attn", "attention.self.query", "attention.attention.query"
    ),
    "layers.k_proj": _in_block(
        "self_attn.k_proj", "self_attn.qkv_proj", "attn.c_attn", "attention.self.key", "attention.attention.key"
    ),
    "layers.v_proj": _in_block(
        "self_attn.v_proj", "self_attn.qkv_proj", "attn.c_attn", "attention.self.value", "attention.attention.value"
    ),
    "layers.o_proj": _in_block(
        "self_attn.o_proj", "self_attn.dense", "attn.c_proj", "attention.output.dense"
    ),
    "layers.q_norm": _in_block("self_attn.q_norm"),
    "layers.k_norm": _in_block("self_attn.k_norm"),
    "layers.mlp_norm": _in_block("post_attention_layernorm", "ln_2", "output.LayerNorm", "layernorm_after"),
    "layers.gate_proj": _in_block("mlp.gate_proj", "mlp.gate_up_proj"),
    "layers.up_proj": _in_block("mlp.up_proj", "mlp.gate_up_proj", "mlp.fc1", "mlp.c_fc", "intermediate.dense"),
    "layers.down_proj": _in_block("mlp.down_proj", "mlp.fc2", "mlp.c_proj", "output.dense"),
    "layers.router": _in_block("block_sparse_moe.gate", "mlp.gate"),
    "layers.expert_gate_proj": _in_block("block_sparse_moe.experts.{e}.w1", "mlp.experts.{e}.gate_proj"),
    "layers.expert_up_proj": _in_block("block_sparse_moe.experts.{e}.w3", "mlp.experts.{e}.up_proj"),
    "layers.expert_down_proj": _in_block("block_sparse_moe.experts.{e}.w2", "mlp.experts.{e}.down_proj"),
    "norm": ("{p}norm", "{p}ln_f", "{p}final_layernorm", "{p}layernorm"),
    "lm_head": ("lm_head", "cls.predictions"),
    "pooler": ("{p}pooler.dense",),
    "classifier": ("classifier", "qa_outputs", "cls.seq_relationship"),
    "masked_dense": ("cls.predictions.transform.dense",),
    "masked_norm": ("cls.predictions.transform.LayerNorm",),
})  # fmt: skip

CONSTANTS = (
    "*.rotary_emb.inv_freq", "*.position_ids", "*h.*.attn.bias", "*h.*.attn.masked_bias", "*self_attn.rotary_emb.*",
)  # fmt: skip
"""Tensors that no layer of a graph has: masks, positions and rotary frequencies that can be computed."""


def is_constant(name: str) -> bool:
    """Return whether a tensor is a constant and no weight of a layer."""
    return any(fnmatchcase(name, pattern) for pattern in CONSTANTS)


def split(name: str) -> tuple[str, str]:
    """Return the module of a tensor and what the tensor is in it: ("...q_proj", "weight.absmax")."""
    stem, inner, rest = name.rpartition(".weight.")
    if inner:
        return stem, f"weight.{rest}"
    stem, _, suffix = name.rpartition(".")
    return stem, suffix
