"""Which dimensions does the config.json of an encoder give: BERT with its heads, ViT?"""

from __future__ import annotations

from typing import Any

from accelsim.errors import UnsupportedError
from accelsim.workload.importers.huggingface.config import Config
from accelsim.workload.importers.huggingface.decoders import MOST_LAYERS
from accelsim.workload.importers.huggingface.functions import function

BERT_HEADS: dict[str, tuple[bool, bool, bool, bool]] = {
    "BertModel": (True, False, False, False),
    "BertForMaskedLM": (False, True, False, False),
    "BertForPreTraining": (True, True, True, False),
    "BertForNextSentencePrediction": (True, False, True, False),
    "BertForSequenceClassification": (True, False, True, False),
    "BertForTokenClassification": (False, False, True, True),
    "BertForQuestionAnswering": (False, False, True, True),
}
"""By architecture: with pooler, with masked-language head, with classes, told of every token."""

BERT_OF_TWO = ("BertForPreTraining", "BertForNextSentencePrediction", "BertForQuestionAnswering")
"""Whose classes are two: next sentence or not, start and end of the answer."""

VIT_HEADS = {"ViTModel": (True, False), "ViTForImageClassification": (False, True)}
"""By architecture: with pooler, with classes."""


def bert(config: Config) -> dict[str, Any]:
    """BERT: norms behind attention and MLP, learned positions and types, a norm behind the embedding."""
    if config.flag("is_decoder"):
        raise UnsupportedError("a BERT that decodes is not modeled.", where=f"{config.path}: is_decoder")
    config.choice("position_embedding_type", {"absolute": ""}, "absolute")
    architecture = (config.texts("architectures") or ["BertModel"])[0]
    pooler, masked, classes, every = BERT_HEADS[architecture]
    return _usual(config) | {
        "vocabulary": config.whole("vocab_size"),
        "learned_positions": config.whole("max_position_embeddings", 512),
        "token_types": config.whole("type_vocab_size", 2),
        "embedding_norm": True,
        "norm_after": True,
        "attention_bias": "qkvo",
        "pooler": pooler,
        "masked_head": masked,
        "classes": (2 if architecture in BERT_OF_TWO else _classes(config)) if classes else 0,
        "class_tokens": every,
    }


def vit(config: Config) -> dict[str, Any]:
    """ViT: patches of an image behind a class token, norms before attention and MLP, one linear head."""
    pooler, classes = VIT_HEADS[(config.texts("architectures") or ["ViTModel"])[0]]
    return _usual(config) | {
        "image": config.pair("image_size", 224),
        "patch": config.pair("patch_size", 16),
        "channels": config.whole("num_channels", 3),
        "attention_bias": "qkvo" if config.flag("qkv_bias", True) else "o",
        "pooler": pooler,
        "classes": _classes(config) if classes else 0,
    }


def _usual(config: Config) -> dict[str, Any]:
    return {
        "encoder": True,
        "hidden": config.whole("hidden_size"),
        "intermediate": config.whole("intermediate_size"),
        "layers": config.whole("num_hidden_layers", most=MOST_LAYERS),
        "heads": config.whole("num_attention_heads"),
        "norm": "layer",
        "gated": False,
        "activation": function(config, "hidden_act", "gelu"),
        "mlp_bias": True,
    }


def _classes(config: Config) -> int:
    """Return how many classes the head tells apart: the names in id2label, else num_labels, else 2."""
    names = config.section("id2label").data
    return len(names) or config.whole("num_labels", 2)
