"""Which builder makes each kind of layer of a workload file?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accelsim.errors import InputError
from accelsim.workload import build as make
from accelsim.workload.attention import attention
from accelsim.workload.interaction import dot_interaction, embedding_bag
from accelsim.workload.layer_schema import AnyLayer
from accelsim.workload.raw import gemm, nest
from accelsim.workload.recurrent import recurrent
from accelsim.workload.stream import Built, Stream, join
from accelsim.workload.transposed import transposed_conv

Fields = dict[str, Any]


def _depthwise(name: str, source: Stream, multiplier: int = 1, **fields: Any) -> Built:
    return make.conv(name, source, out=source.channels * multiplier, groups=source.channels, **fields)


ONE_INPUT: dict[str, Callable[..., Built]] = {
    "conv": make.conv,
    "depthwise": _depthwise,
    "transposed_conv": transposed_conv,
    "linear": make.linear,
    "attention": attention,
    "max_pool": make.pool,
    "average_pool": lambda name, source, **fields: make.pool(name, source, average=True, **fields),
    "global_max_pool": lambda name, source: make.global_pool(name, source, average=False),
    "global_average_pool": make.global_pool,
    "activation": make.activation,
    "batch_norm": make.batch_norm,
    "layer_norm": make.layer_norm,
    "rms_norm": make.rms_norm,
    "local_norm": make.local_norm,
    "softmax": make.softmax,
    "embedding": make.embedding,
    "lstm": lambda name, source, **fields: recurrent(name, source, "lstm", **fields),
    "gru": lambda name, source, **fields: recurrent(name, source, "gru", **fields),
}
"""Kinds that read one activation; several inputs are joined along their channels."""

ROOTS = ("gemm", "nest", "embedding_bag")
"""Kinds that read the network's input, and not the layer before, where they name no input."""


def build(name: str, layer: AnyLayer, sources: list[Stream], batch: int) -> Built:
    """Return the layers of one entry of a file, reading ``sources``."""
    fields = {key: getattr(layer, key) for key in type(layer).model_fields if key not in AnyLayer.model_fields}
    if layer.kind in ONE_INPUT:
        return ONE_INPUT[layer.kind](name, join(sources), **fields)
    if layer.kind in ("add", "multiply"):
        return make.elementwise(name, sources, layer.kind, **fields)
    if layer.kind == "matmul":
        if len(sources) != 2:
            raise InputError(f"must name 2 layers for matmul; got {len(sources)}.", where="input")
        return make.matmul(name, sources[0], sources[1], **fields)
    if layer.kind == "dot_interaction":
        return dot_interaction(name, sources)
    fields |= {"batch": batch, "source": join(sources) if sources else None}
    if layer.kind == "embedding_bag":
        return embedding_bag(name, **fields)
    if layer.kind == "gemm":
        return gemm(name, **fields)
    loops = fields.pop("shape").model_dump()
    window = {key: loops.pop(key) for key in ("stride", "dilation", "pad", "size")}
    return nest(name, loops, **window, **fields)
