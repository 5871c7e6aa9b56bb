"""Which fields of a config.json change what is computed in a way that is not modeled?

A config.json has hundreds of fields, most of them without effect on shapes; those are passed over.
The fields below are not: with any value but those listed, the counts would be wrong, and the
file is refused. ``rope_scaling`` and ``rope_parameters`` change angles and not counts.
"""

from __future__ import annotations

from typing import Any

from accelsim.errors import UnsupportedError
from accelsim.workload.importers.huggingface.config import Config, short

HARMLESS: dict[str, tuple[Any, ...]] = {
    "is_encoder_decoder": (None, False),
    "add_cross_attention": (None, False),
    "pruned_heads": (None, {}),
    "qk_layernorm": (None, False),
    "use_qk_norm": (None, False),
    "attention_chunk_size": (None, 0),
    "alibi": (None, False),
    "q_lora_rank": (None, 0),
    "kv_lora_rank": (None, 0),
    "n_shared_experts": (None, 0),
    "n_routed_experts": (None, 0),
    "shared_expert_intermediate_size": (None, 0),
    "moe_intermediate_size": (None, 0),
    "num_nextn_predict_layers": (None, 0),
    "first_k_dense_replace": (None, 0),
    "decoder_sparse_step": (None, 0, 1),
    "mlp_only_layers": (None, []),
    "cross_attention_layers": (None, []),
    "embedding_size": (None,),
    "word_embed_proj_dim": (None,),
    "intermediate_sizes": (None,),
    "block_configs": (None, []),
    "hybrid_override_pattern": (None, ""),
    "attn_logit_softcapping": (None,),
    "final_logit_softcapping": (None,),
    "text_config": (None, {}),
    "vision_config": (None, {}),
    "audio_config": (None, {}),
    "adapter_attn_dim": (None, 0),
    "new_decoder_architecture": (None, False),
}
"""Fields that are refused, each with the values that have no effect."""

EXPERTS = ("num_local_experts", "num_experts", "num_experts_per_tok")
"""Fields of a mixture of experts: understood where the family is one, refused elsewhere."""


def refuse(config: Config, understood: tuple[str, ...] = ()) -> None:
    """Raise UnsupportedError for the first field that changes the counts and is not ``understood``."""
    listed = HARMLESS | dict.fromkeys(EXPERTS, (None, 0, 1))
    for field, harmless in listed.items():
        value = config.data.get(field)
        if field not in understood and value not in harmless:
            where = f"{config.path}: {config.within}{field}"
            message = f"{short(value)} changes what the model computes and is not modeled; counts would be wrong."
            raise UnsupportedError(message, where=where)
