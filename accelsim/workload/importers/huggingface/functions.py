"""Which of accelsim's activation functions is one that a config.json names?"""

from __future__ import annotations

from accelsim.workload.importers.huggingface.config import Config

FUNCTIONS = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "sigmoid": "sigmoid", "tanh": "tanh",
    "silu": "silu", "swish": "silu", "hardswish": "hard_swish",
    "gelu": "gelu", "gelu_new": "gelu", "gelu_fast": "gelu", "gelu_python": "gelu",
    "gelu_pytorch_tanh": "gelu", "gelu_accurate": "gelu",
}  # fmt: skip
"""By their name in transformers; every form of GELU costs what its tanh form does."""


def function(config: Config, field: str, default: str) -> str:
    """Return the activation function that ``field`` names."""
    return config.choice(field, FUNCTIONS, default)
