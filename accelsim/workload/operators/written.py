"""Which layers does a folded graph come to: with the names, formats and roles that only the whole graph tells?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from accelsim.precision import parse_format
from accelsim.workload.layer import Layer
from accelsim.workload.operators.fold import renamed
from accelsim.workload.operators.readers import Readers
from accelsim.workload.operators.step import Step
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.stated import Stated


def written(
    steps: Sequence[Step], readers: Readers, outputs: Sequence[Tensor], cached: Collection[str]
) -> tuple[Layer, ...]:
    """Return the layers in order; those named in ``cached`` write to the KV cache."""
    to_cache = {name for old in cached for name in readers.name(old)}
    handed_out = {name: tensor.format for tensor in outputs for name in readers.names(tensor)}
    made: list[Layer] = []
    for step in steps:
        for layer in renamed(step, readers).layers:
            if layer.name in to_cache:
                layer = replace(layer, output_role="kv")
            made.append(_stating(layer, step, handed_out.get(layer.name, "")))
    return tuple(made)


def _stating(layer: Layer, step: Step, output: str) -> Layer:
    """Return the layer with the formats of the tensors that it reads, and of what the model hands out."""
    if layer.stated is not None:
        return layer
    weights = next((tensor.format for tensor in step.weights if tensor.format), "")
    of_cache = next((tensor.format for tensor in step.reads if tensor.cached), "")
    stated = Stated(
        weights=weights if layer.second_operand == "weights" and (layer.shape or layer.gathered_elements) else "",
        activations=_widest([tensor.format for tensor in step.reads if tensor.format]),
        kv=of_cache,
        output=output,
    )
    return replace(layer, stated=stated) if stated else layer


def _widest(formats: Sequence[str]) -> str:
    """Return the format of most bits, in which a layer that reads several is said to read them; "" of none."""
    if len(set(formats)) < 2:
        return formats[0] if formats else ""
    return max(formats, key=lambda text: parse_format(text).payload_bits)
