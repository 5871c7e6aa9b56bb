"""Which dimensions does the config.json of a decoder give: Llama, Mistral, Mixtral, Qwen, Phi or GPT-2?

What a file leaves out is what the model's class in transformers takes for it.
"""

from __future__ import annotations

from typing import Any

from accelsim.errors import UnsupportedError
from accelsim.workload.importers.huggingface.config import Config
from accelsim.workload.importers.huggingface.functions import function

MOST_LAYERS = 1000


def llama(config: Config) -> dict[str, Any]:
    """Llama 1 to 3 and what is built like it (TinyLlama): RMS norms, gated MLP, rotary, grouped heads."""
    return _gated(config) | {
        "attention_bias": "qkvo" if config.flag("attention_bias") else "none",
        "mlp_bias": config.flag("mlp_bias"),
    }


def mistral(config: Config) -> dict[str, Any]:
    """Llama's dimensions, 8 KV heads and a window of 4,096 unless the file says otherwise."""
    window = config.data.get("sliding_window", 4096)
    return _gated(config, kv_heads=8) | {"window": 0 if window is None else _window(config, 4096)}


def mixtral(config: Config) -> dict[str, Any]:
    """Mistral's dimensions and a mixture of experts in place of the MLP; no window unless given."""
    return _gated(config, kv_heads=8) | {
        "window": _window(config, 0),
        "experts": config.whole("num_local_experts", 8),
        "experts_per_token": config.whole("num_experts_per_tok", 2),
    }


def qwen2(config: Config) -> dict[str, Any]:
    """Llama's dimensions and biases of queries, keys and values; windows only with use_sliding_window."""
    return _gated(config, kv_heads=32) | {"attention_bias": "qkv", "window": _qwen_window(config)}


def qwen3(config: Config) -> dict[str, Any]:
    """Llama's dimensions, heads of 128 and a norm over each of them; windows as Qwen2."""
    return _qwen3(config, config.whole("intermediate_size"))


def qwen3_moe(config: Config) -> dict[str, Any]:
    """Qwen3 with a mixture of experts in every block."""
    return _qwen3(config, config.whole("moe_intermediate_size")) | {
        "experts": config.whole("num_experts"),
        "experts_per_token": config.whole("num_experts_per_tok"),
    }


def _qwen3(config: Config, intermediate: int) -> dict[str, Any]:
    return _gated(config, kv_heads=32, head_dim=128, intermediate=intermediate) | {
        "attention_bias": "qkvo" if config.flag("attention_bias") else "none",
        "head_norm": True,
        "window": _qwen_window(config),
    }


def phi3(config: Config) -> dict[str, Any]:
    """Llama's dimensions; queries, keys and values in one matrix, gate and up in one."""
    return _gated(config) | {"window": _window(config, 0)}


def phi(config: Config) -> dict[str, Any]:
    """Phi-1 to 2: attention and MLP beside each other behind one norm, biases everywhere, partial rotary."""
    return _usual(config) | {
        "norm": "layer",
        "parallel": True,
        "gated": False,
        "activation": function(config, "hidden_act", "gelu_new"),
        "rotary": _rotary(config, 0.5),
        "attention_bias": "qkvo",
        "mlp_bias": True,
        "head_bias": True,
    }


def gpt2(config: Config) -> dict[str, Any]:
    """GPT-2: learned positions, biases everywhere; n_inner is 4 * n_embd unless given."""
    hidden = config.whole("n_embd")
    return {
        "hidden": hidden,
        "intermediate": config.whole("n_inner", 4 * hidden),
        "layers": config.whole("n_layer", most=MOST_LAYERS),
        "heads": config.whole("n_head"),
        "vocabulary": config.whole("vocab_size"),
        "learned_positions": config.whole("n_positions", config.whole("n_ctx", 1024)),
        "norm": "layer",
        "gated": False,
        "activation": function(config, "activation_function", "gelu_new"),
        "attention_bias": "qkvo",
        "mlp_bias": True,
        "tied_embeddings": config.flag("tie_word_embeddings", True),
    }


def _usual(
    config: Config, kv_heads: int | None = None, head_dim: int = 0, intermediate: int | None = None
) -> dict[str, Any]:
    """Return the dimensions under the names that most configurations share; arguments are the class's own."""
    heads = config.whole("num_attention_heads")
    usual = heads if kv_heads is None or "num_key_value_heads" in config.data else kv_heads
    return {
        "hidden": config.whole("hidden_size"),
        "intermediate": intermediate or config.whole("intermediate_size"),
        "layers": config.whole("num_hidden_layers", most=MOST_LAYERS),
        "heads": heads,
        "kv_heads": config.whole("num_key_value_heads", usual),
        "head_dim": config.whole("head_dim", head_dim, least=1 if config.has("head_dim") else 0),
        "vocabulary": config.whole("vocab_size"),
        "tied_embeddings": config.flag("tie_word_embeddings"),
    }


def _gated(
    config: Config, kv_heads: int | None = None, head_dim: int = 0, intermediate: int | None = None
) -> dict[str, Any]:
    return _usual(config, kv_heads, head_dim, intermediate) | {
        "norm": "rms",
        "gated": True,
        "activation": function(config, "hidden_act", "silu"),
        "rotary": _rotary(config, 1.0, head_dim),
    }


def _rotary(config: Config, share: float, head_dim: int = 0) -> int:
    """Return how many values of a head are rotated: head_dim * partial_rotary_factor, rounded down."""
    within = config.section("rope_parameters")
    holder = within if within.has("partial_rotary_factor") else config
    usual = head_dim or max(1, config.whole("hidden_size") // config.whole("num_attention_heads"))
    return int(config.whole("head_dim", usual) * holder.share("partial_rotary_factor", share))


def _qwen_window(config: Config) -> int:
    """Return the window of layers from max_window_layers on, if use_sliding_window says that it counts."""
    if not config.flag("use_sliding_window"):
        return 0
    first, layers = config.whole("max_window_layers", 28, least=0), config.whole("num_hidden_layers")
    if config.has("layer_types"):
        return _window(config, 4096)
    if 0 < first < layers:
        raise _mixed(config, "max_window_layers")
    return 0 if first >= layers else _window(config, 4096)


def _window(config: Config, default: int) -> int:
    """Return the window that all layers attend to, 0 = none; layers of both kinds are refused."""
    window = config.whole("sliding_window", default, least=0)
    kinds = set(config.texts("layer_types"))
    if len(kinds) > 1 and window:
        raise _mixed(config, "layer_types")
    return 0 if kinds == {"full_attention"} else window


def _mixed(config: Config, field: str) -> UnsupportedError:
    message = "gives some layers a sliding window and others none, which is not modeled; counts would be wrong."
    return UnsupportedError(message, where=f"{config.path}: {field}")
