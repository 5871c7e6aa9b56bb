"""Under which names does a GGUF file store the weights of each layer of a transformer?

As in gguf-py's ``TENSOR_NAMES``. ``{i}`` is the block, ``{e}`` the expert; the first name that the
file has is meant. Several layers may share one tensor: queries, keys and values in ``attn_qkv``,
gate and up of Phi-3 in ``ffn_up``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import MappingProxyType

from accelsim.errors import InputError
from accelsim.workload.importers.gguf.types import FORMATS
from accelsim.workload.importers.modules import Notation, Suffixes

NAMES = MappingProxyType({
    "embed_tokens": ("token_embd",),
    "embed_positions": ("position_embd",),
    "embed_types": ("token_types",),
    "embed_norm": ("token_embd_norm",),
    "layers.attention_norm": ("blk.{i}.attn_norm", "blk.{i}.attn_output_norm"),
    "layers.q_proj": ("blk.{i}.attn_q", "blk.{i}.attn_qkv"),
    "layers.k_proj": ("blk.{i}.attn_k", "blk.{i}.attn_qkv"),
    "layers.v_proj": ("blk.{i}.attn_v", "blk.{i}.attn_qkv"),
    "layers.q_norm": ("blk.{i}.attn_q_norm",),
    "layers.k_norm": ("blk.{i}.attn_k_norm",),
    "layers.o_proj": ("blk.{i}.attn_output",),
    "layers.mlp_norm": ("blk.{i}.ffn_norm", "blk.{i}.layer_output_norm"),
    "layers.gate_proj": ("blk.{i}.ffn_gate", "blk.{i}.ffn_up"),
    "layers.up_proj": ("blk.{i}.ffn_up",),
    "layers.down_proj": ("blk.{i}.ffn_down",),
    "layers.router": ("blk.{i}.ffn_gate_inp",),
    "layers.expert_gate_proj": ("blk.{i}.ffn_gate_exps", "blk.{i}.ffn_gate.{e}"),
    "layers.expert_up_proj": ("blk.{i}.ffn_up_exps", "blk.{i}.ffn_up.{e}"),
    "layers.expert_down_proj": ("blk.{i}.ffn_down_exps", "blk.{i}.ffn_down.{e}"),
    "norm": ("output_norm",),
    "lm_head": ("output",),
    "pooler": ("cls",),
    "classifier": ("cls.output",),
})  # fmt: skip

CONSTANTS = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight", "blk.*.attn_rot_embd.weight")
"""Tensors that no layer of a graph has: small tables of rotary frequencies."""


def is_constant(name: str) -> bool:
    """Return whether a tensor is a constant and no weight of a layer."""
    return any(fnmatchcase(name, pattern) for pattern in CONSTANTS)


def _split(name: str) -> tuple[str, str]:
    stem, _, suffix = name.rpartition(".")
    return stem, suffix


def _format_of(parts: Suffixes, elements: int, channel: int) -> str:
    """Return the format of the one tensor that is W."""
    weight = parts.get("weight")
    if weight is None or len(parts) > 1:
        raise InputError(f"W must be one tensor, weight; got {', '.join(parts) or 'none'}.")
    if weight.elements != elements:
        raise InputError(f"must have {elements} elements; its shape is {' x '.join(map(str, weight.shape))}.")
    return FORMATS[weight.type]


NOTATION = Notation(NAMES, _split, _format_of, FORMATS)
