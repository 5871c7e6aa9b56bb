"""Which kind of model does a config.json describe, and which of its matrices has which name?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.dimensions import Transformer
from accelsim.workload.importers.huggingface import decoders, encoders
from accelsim.workload.importers.huggingface.config import Config, short
from accelsim.workload.importers.huggingface.unmodeled import EXPERTS, refuse

NAMES = {
    "hidden": "hidden_size", "intermediate": "intermediate_size", "layers": "num_hidden_layers",
    "heads": "num_attention_heads", "kv_heads": "num_key_value_heads", "vocabulary": "vocab_size",
    "learned_positions": "max_position_embeddings", "token_types": "type_vocab_size", "window": "sliding_window",
    "experts": "num_local_experts", "experts_per_token": "num_experts_per_tok", "image": "image_size",
    "patch": "patch_size", "channels": "num_channels", "rotary": "partial_rotary_factor",
    "tied_embeddings": "tie_word_embeddings",
}  # fmt: skip
"""What a config.json calls a dimension."""

LLAMA = {
    "layers.q_proj": "model.layers.{}.self_attn.q_proj",
    "layers.k_proj": "model.layers.{}.self_attn.k_proj",
    "layers.v_proj": "model.layers.{}.self_attn.v_proj",
    "layers.o_proj": "model.layers.{}.self_attn.o_proj",
    "layers.gate_proj": "model.layers.{}.mlp.gate_proj",
    "layers.up_proj": "model.layers.{}.mlp.up_proj",
    "layers.down_proj": "model.layers.{}.mlp.down_proj",
    "lm_head": "lm_head",
}
MIXTRAL = LLAMA | {
    "layers.router": "model.layers.{}.block_sparse_moe.gate",
    "layers.expert_gate_proj": "model.layers.{}.block_sparse_moe.experts.0.w1",
    "layers.expert_up_proj": "model.layers.{}.block_sparse_moe.experts.0.w3",
    "layers.expert_down_proj": "model.layers.{}.block_sparse_moe.experts.0.w2",
}
QWEN3_MOE = LLAMA | {
    "layers.router": "model.layers.{}.mlp.gate",
    **{f"layers.expert_{name}_proj": f"model.layers.{{}}.mlp.experts.0.{name}_proj" for name in ("gate", "up", "down")},
}
PHI = LLAMA | {
    "layers.o_proj": "model.layers.{}.self_attn.dense",
    "layers.up_proj": "model.layers.{}.mlp.fc1",
    "layers.down_proj": "model.layers.{}.mlp.fc2",
}
PHI3 = LLAMA | {
    **{f"layers.{name}_proj": "model.layers.{}.self_attn.qkv_proj" for name in "qkv"},
    **{f"layers.{name}_proj": "model.layers.{}.mlp.gate_up_proj" for name in ("gate", "up")},
}
GPT2 = {
    **{f"layers.{name}_proj": "transformer.h.{}.attn.c_attn" for name in "qkv"},
    "layers.o_proj": "transformer.h.{}.attn.c_proj",
    "layers.up_proj": "transformer.h.{}.mlp.c_fc",
    "layers.down_proj": "transformer.h.{}.mlp.c_proj",
    "lm_head": "lm_head",
}


def _encoder(prefix: str, attention: str) -> dict[str, str]:
    block = prefix + ".encoder.layer.{}."
    inner = f"{block}attention.{attention}."
    return {
        "layers.q_proj": f"{inner}query", "layers.k_proj": f"{inner}key", "layers.v_proj": f"{inner}value",
        "layers.o_proj": f"{block}attention.output.dense", "layers.up_proj": f"{block}intermediate.dense",
        "layers.down_proj": f"{block}output.dense", "pooler": f"{prefix}.pooler.dense", "classifier": "classifier",
    }  # fmt: skip


BERT = _encoder("bert", "self") | {
    "masked_dense": "cls.predictions.transform.dense",
    "lm_head": "cls.predictions.decoder",
}
VIT = _encoder("vit", "attention")


@dataclass(frozen=True)
class Family:
    """Models of one ``model_type``.

    Parameters
    ----------
    title : str
    read : callable
        From a config to the fields of a `Transformer`.
    architectures : tuple of str
        Classes of transformers that are understood; the first is taken where none is named.
    modules : mapping of str to str
        From layers with weights to the modules of transformers, "{}" for the number of the block.
    names : mapping of str to str
        What a config calls a dimension where `NAMES` does not say so.
    understood : tuple of str
        Fields that `unmodeled` refuses elsewhere.
    """

    title: str
    read: Callable[[Config], dict[str, Any]]
    architectures: tuple[str, ...]
    modules: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    understood: tuple[str, ...] = ()


FAMILIES = {
    "llama": Family("Llama", decoders.llama, ("LlamaForCausalLM",), LLAMA),
    "mistral": Family("Mistral", decoders.mistral, ("MistralForCausalLM",), LLAMA),
    "mixtral": Family("Mixtral", decoders.mixtral, ("MixtralForCausalLM",), MIXTRAL, understood=EXPERTS),
    "qwen2": Family("Qwen2", decoders.qwen2, ("Qwen2ForCausalLM",), LLAMA),
    "qwen3": Family("Qwen3", decoders.qwen3, ("Qwen3ForCausalLM",), LLAMA),
    "qwen3_moe": Family(
        "Qwen3 MoE", decoders.qwen3_moe, ("Qwen3MoeForCausalLM",), QWEN3_MOE,
        {"experts": "num_experts", "intermediate": "moe_intermediate_size"}, (*EXPERTS, "moe_intermediate_size"),
    ),
    "phi": Family("Phi", decoders.phi, ("PhiForCausalLM",), PHI),
    "phi3": Family("Phi-3", decoders.phi3, ("Phi3ForCausalLM",), PHI3),
    "gpt2": Family(
        "GPT-2", decoders.gpt2, ("GPT2LMHeadModel",), GPT2,
        {"hidden": "n_embd", "intermediate": "n_inner", "layers": "n_layer", "heads": "n_head",
         "learned_positions": "n_positions"},
    ),
    "bert": Family("BERT", encoders.bert, tuple(encoders.BERT_HEADS), BERT),
    "vit": Family("ViT", encoders.vit, tuple(encoders.VIT_HEADS), VIT),
}  # fmt: skip
"""By ``model_type``."""


def family(config: Config) -> Family:
    """Return the family of a config, by ``model_type`` or else by its first architecture.

    Raises
    ------
    InputError
        It is of no known family; those that are known are named.
    """
    known = ", ".join(FAMILIES)
    if config.has("model_type"):
        kind = config.text("model_type")
        if kind not in FAMILIES:
            near = did_you_mean(kind, FAMILIES)
            hint = f"{near} Known" if near else "; known"
            raise config.error("model_type", f"{short(kind)} is not a known architecture{hint} are {known}.")
        found = FAMILIES[kind]
        named = config.texts("architectures")
        if named and named[0] not in found.architectures:
            hint = f"known of {kind} are {', '.join(found.architectures)}."
            raise config.error("architectures", f"{short(named[0])} is not a known architecture; {hint}")
        return found
    named = config.texts("architectures")
    if not named:
        raise config.error("model_type", f"must be given; known are {known}.")
    for found in FAMILIES.values():
        if named[0] in found.architectures:
            return found
    classes = ", ".join(name for found in FAMILIES.values() for name in found.architectures)
    raise config.error("architectures", f"{short(named[0])} is not a known architecture; known are {classes}.")


def dimensions(config: Config, kind: Family) -> Transformer:
    """Return the dimensions that a config of this family gives.

    Raises
    ------
    InputError
        A field is missing or impossible.
    UnsupportedError
        A field changes the computation in a way that is not modeled.
    """
    refuse(config, kind.understood)
    try:
        return Transformer(**kind.read(config))
    except InputError as error:
        if error.where is None or str(config.path) in error.where:
            raise
        called = kind.names.get(error.where) or NAMES.get(error.where, error.where)
        raise config.error(called, error.message) from None
