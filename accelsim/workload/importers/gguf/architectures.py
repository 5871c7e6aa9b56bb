"""Which architectures of GGUF files are known, and what does each do that its tensors do not show?

Shapes, biases, gating, tied embeddings and the kind of norm are read from the tensors themselves;
only what no tensor shows stands here (llama.cpp's graphs of these architectures).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from accelsim.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Habits:
    """What an architecture does.

    Parameters
    ----------
    title : str
        Models that use it.
    activation : str
        Of the MLP.
    rotary : bool
        Whether positions are rotations of queries and keys.
    encoder, norm_after : bool
        As in `accelsim.workload.dimensions.Transformer`.
    """

    title: str
    activation: str = "silu"
    rotary: bool = True
    encoder: bool = False
    norm_after: bool = False


KNOWN = MappingProxyType({
    "llama": Habits("Llama, Mistral, Mixtral"),
    "mistral": Habits("Mistral"),
    "qwen2": Habits("Qwen2, Qwen2.5"),
    "qwen3": Habits("Qwen3"),
    "qwen3moe": Habits("Qwen3 with experts"),
    "phi2": Habits("Phi-1, Phi-2", activation="gelu"),
    "phi3": Habits("Phi-3, Phi-4"),
    "gemma": Habits("Gemma", activation="gelu"),
    "gpt2": Habits("GPT-2", activation="gelu", rotary=False),
    "bert": Habits("BERT", activation="gelu", rotary=False, encoder=True, norm_after=True),
})  # fmt: skip


def habits(architecture: str, where: str) -> Habits:
    """Return what an architecture does; an unknown one raises InputError with those that are known."""
    if architecture in KNOWN:
        return KNOWN[architecture]
    hint = did_you_mean(architecture, KNOWN).rstrip("?")
    known = ", ".join(f"{name} ({one.title})" for name, one in KNOWN.items())
    raise InputError(
        f"no graph is known for the architecture {architecture[:60]!r}{hint}; known are {known}. "
        "accelsim show lists the tensors of the file all the same.",
        where=where,
    )
