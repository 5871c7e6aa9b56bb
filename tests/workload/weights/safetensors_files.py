"""Writes folders with config.json and safetensors, with the safetensors package: tensors named as transformers does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

H, F, V, L, HEADS, KV = 256, 512, 300, 2, 4, 2
NARROW = H // HEADS * KV
Shapes = dict[str, tuple[int, ...]]

USUAL = {
    "hidden_size": H, "intermediate_size": F, "num_hidden_layers": L, "num_attention_heads": HEADS, "vocab_size": V,
    "max_position_embeddings": 512, "torch_dtype": "bfloat16",
}  # fmt: skip


def _linear(name: str, out: int, into: int, bias: bool = False) -> Shapes:
    return {f"{name}.weight": (out, into)} | ({f"{name}.bias": (out,)} if bias else {})


def _norm(name: str, bias: bool = False) -> Shapes:
    return {f"{name}.{kind}": (H,) for kind in (("weight", "bias") if bias else ("weight",))}


def _attention(prefix: str, bias: bool = False, out: str = "o_proj", out_bias: bool = False) -> Shapes:
    made = _linear(f"{prefix}.q_proj", H, H, bias)
    made |= _linear(f"{prefix}.k_proj", NARROW, H, bias) | _linear(f"{prefix}.v_proj", NARROW, H, bias)
    return made | _linear(f"{prefix}.{out}", H, H, out_bias)


def _gated(prefix: str) -> Shapes:
    up = _linear(f"{prefix}.gate_proj", F, H) | _linear(f"{prefix}.up_proj", F, H)
    return up | _linear(f"{prefix}.down_proj", H, F)


def _decoder(block: Callable[[str], Shapes], final: str = "model.norm", bias: bool = False) -> Shapes:
    made = {"model.embed_tokens.weight": (V, H)} | _norm(final, bias) | _linear("lm_head", V, H, bias)
    for i in range(L):
        made |= block(f"model.layers.{i}")
    return made


def _llama_norms(at: str) -> Shapes:
    return _norm(f"{at}.input_layernorm") | _norm(f"{at}.post_attention_layernorm")


def _llama(at: str) -> Shapes:
    return _llama_norms(at) | _attention(f"{at}.self_attn") | _gated(f"{at}.mlp")


def _qwen2(at: str) -> Shapes:
    return _llama_norms(at) | _attention(f"{at}.self_attn", bias=True) | _gated(f"{at}.mlp")


def _qwen3(at: str) -> Shapes:
    head = (H // HEADS,)
    return _llama(at) | {f"{at}.self_attn.q_norm.weight": head, f"{at}.self_attn.k_norm.weight": head}


def _qwen3_moe(at: str) -> Shapes:
    made = {name: shape for name, shape in _qwen3(at).items() if ".mlp." not in name}
    made |= _linear(f"{at}.mlp.gate", 4, H)
    for expert in range(4):
        made |= _gated(f"{at}.mlp.experts.{expert}")
    return made


def _mixtral(at: str) -> Shapes:
    made = _llama_norms(at) | _attention(f"{at}.self_attn") | _linear(f"{at}.block_sparse_moe.gate", 4, H)
    for expert in range(4):
        inner = f"{at}.block_sparse_moe.experts.{expert}"
        made |= _linear(f"{inner}.w1", F, H) | _linear(f"{inner}.w2", H, F) | _linear(f"{inner}.w3", F, H)
    return made


def _phi3(at: str) -> Shapes:
    made = _llama_norms(at) | _linear(f"{at}.self_attn.qkv_proj", H + 2 * NARROW, H)
    made |= _linear(f"{at}.self_attn.o_proj", H, H) | _linear(f"{at}.mlp.gate_up_proj", 2 * F, H)
    return made | _linear(f"{at}.mlp.down_proj", H, F)


def _phi(at: str) -> Shapes:
    made = _norm(f"{at}.input_layernorm", True) | _attention(f"{at}.self_attn", True, "dense", True)
    return made | _linear(f"{at}.mlp.fc1", F, H, True) | _linear(f"{at}.mlp.fc2", H, F, True)


def _gpt2() -> Shapes:
    made = {"wte.weight": (V, H), "wpe.weight": (512, H)} | _norm("ln_f", True)
    for i in range(L):
        at = f"h.{i}"
        made |= _norm(f"{at}.ln_1", True) | _norm(f"{at}.ln_2", True) | {f"{at}.attn.bias": (1, 1, 512, 512)}
        made |= {f"{at}.attn.c_attn.weight": (H, 3 * H), f"{at}.attn.c_attn.bias": (3 * H,)}
        made |= {f"{at}.attn.c_proj.weight": (H, H), f"{at}.attn.c_proj.bias": (H,)}
        made |= {f"{at}.mlp.c_fc.weight": (H, F), f"{at}.mlp.c_fc.bias": (F,)}
        made |= {f"{at}.mlp.c_proj.weight": (F, H), f"{at}.mlp.c_proj.bias": (H,)}
    return made


def _encoder(prefix: str, attention: str) -> Shapes:
    made: Shapes = {}
    for i in range(L):
        at = f"{prefix}.encoder.layer.{i}"
        for name in ("query", "key", "value"):
            made |= _linear(f"{at}.attention.{attention}.{name}", H, H, True)
        made |= _linear(f"{at}.attention.output.dense", H, H, True)
        made |= _linear(f"{at}.intermediate.dense", F, H, True) | _linear(f"{at}.output.dense", H, F, True)
        norms = ("attention.output.LayerNorm", "output.LayerNorm") if attention == "self" else (
            "layernorm_before", "layernorm_after")  # fmt: skip
        made |= {name: shape for norm in norms for name, shape in _norm(f"{at}.{norm}", True).items()}
    return made


def _bert() -> Shapes:
    made = _encoder("bert", "self") | _norm("bert.embeddings.LayerNorm", True)
    tables = {"word": V, "position": 512, "token_type": 2}
    made |= {f"bert.embeddings.{name}_embeddings.weight": (rows, H) for name, rows in tables.items()}
    made |= _linear("cls.predictions.transform.dense", H, H, True) | {"cls.predictions.bias": (V,)}
    return made | _norm("cls.predictions.transform.LayerNorm", True)


def _vit() -> Shapes:
    made = _encoder("vit", "attention") | _norm("vit.layernorm", True) | _linear("classifier", 10, H, True)
    made |= {"vit.embeddings.cls_token": (1, 1, H), "vit.embeddings.position_embeddings": (1, 17, H)}
    projection = "vit.embeddings.patch_embeddings.projection"
    return made | {f"{projection}.weight": (H, 3, 8, 8), f"{projection}.bias": (H,)}


def _config(kind: str, architecture: str, **more: Any) -> dict[str, Any]:
    return {"model_type": kind, "architectures": [architecture], **USUAL, **more}


GPT2 = {"n_embd": H, "n_inner": F, "n_layer": L, "n_head": HEADS, "n_positions": 512}
LLAMA = _config("llama", "LlamaForCausalLM", num_key_value_heads=KV)
FAMILIES: dict[str, tuple[dict[str, Any], Shapes]] = {
    "llama": (LLAMA, _decoder(_llama)),
    "qwen2": (_config("qwen2", "Qwen2ForCausalLM", num_key_value_heads=KV), _decoder(_qwen2)),
    "qwen3": (
        _config("qwen3", "Qwen3ForCausalLM", num_key_value_heads=KV, head_dim=H // HEADS),
        _decoder(_qwen3),
    ),
    "qwen3_moe": (
        _config("qwen3_moe", "Qwen3MoeForCausalLM", num_key_value_heads=KV, head_dim=H // HEADS, num_experts=4,
                num_experts_per_tok=2, moe_intermediate_size=F),
        _decoder(_qwen3_moe),
    ),
    "mixtral": (
        _config("mixtral", "MixtralForCausalLM", num_key_value_heads=KV, num_local_experts=4),
        _decoder(_mixtral),
    ),
    "phi3": (_config("phi3", "Phi3ForCausalLM", num_key_value_heads=KV), _decoder(_phi3)),
    "phi": (
        _config("phi", "PhiForCausalLM", num_key_value_heads=KV),
        _decoder(_phi, "model.final_layernorm", bias=True),
    ),
    "gpt2": (_config("gpt2", "GPT2LMHeadModel", **GPT2), _gpt2()),
    "bert": (_config("bert", "BertForMaskedLM"), _bert()),
    "vit": (
        _config("vit", "ViTForImageClassification", image_size=32, patch_size=8,
                id2label={str(i): str(i) for i in range(10)}),
        _vit(),
    ),
}  # fmt: skip
"""By family: config.json and the tensors of the checkpoint."""


def zeros(shapes: Shapes, dtype: torch.dtype = torch.bfloat16) -> dict[str, torch.Tensor]:
    """Tensors of zeros; masks of GPT-2 in fp32, as published."""
    return {name: torch.zeros(shape, dtype=torch.float32 if len(shape) == 4 and ".attn.bias" in name else dtype)
            for name, shape in shapes.items()}  # fmt: skip


def write(folder: Path, config: dict[str, Any] | None, tensors: dict[str, torch.Tensor], parts: int = 1) -> Path:
    """Write a folder; with ``parts`` > 1 shards and their index. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    if parts == 1:
        save_file(tensors, folder / "model.safetensors")
        return folder
    where: dict[str, str] = {}
    names = list(tensors)
    for part in range(parts):
        file = f"model-{part + 1:05}-of-{parts:05}.safetensors"
        chosen = names[part::parts]
        save_file({name: tensors[name] for name in chosen}, folder / file)
        where |= dict.fromkeys(chosen, file)
    index = {"metadata": {"total_size": 0}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def bytes_of(tensors: dict[str, torch.Tensor]) -> int:
    """Bytes of all tensors, as torch counts them."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
