"""What is applied on the way out of another layer, and so is no layer of its own?

Exactly what a workload file lets a layer say. A batch norm goes into the weights of the convolution
or linear layer before it: it costs the one add of a bias. A bias, an activation function, and
arithmetic with constants go into the product, sum or function before it: they cost their operations
and no traffic. The mask of an attention is applied on the way out of its scores. All this only where nobody
else reads what the layer before makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from accelsim.workload.operators.readers import Readers
from accelsim.workload.operators.step import Step
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.vector import Ops, ops

IN_WEIGHTS = ("conv", "conv_transpose", "linear")
"""Operators whose weights a batch norm can go into."""


def fold(steps: Sequence[Step], readers: Readers) -> list[Step]:
    """Return the steps that remain, each with what is folded into it."""
    kept: dict[int, Step] = {}
    place: dict[Step, int] = {}
    masks = _masks(steps, readers)
    for number, step in enumerate(steps):
        before = _before(step, readers, masks)
        if before is None:
            kept[number] = step
            place[step] = number
            continue
        where = place.pop(before)
        parameters = sum(layer.parameters for layer in step.layers)
        extra = sum(tensor.words for tensor in step.reads if readers.maker(tensor) is not before)
        merged = before.finished(step, _cost(before, step), parameters, extra)
        readers.merge(step, merged)
        kept[where] = merged
        place[merged] = where
    return [kept[number] for number in sorted(kept)]


def _before(step: Step, readers: Readers, masks: dict[Step, Tensor]) -> Step | None:
    """Return the step that takes ``step`` on its way out, or None."""
    if step.operator != "batch_norm" and not step.pointwise:
        return None
    if len(step.reads) != 1 and step not in masks:
        return None
    read = masks.get(step, step.reads[0])
    before = readers.maker(read)
    if before is None or not before.takes or readers.reads_of(before) != 1:
        return None
    if step.result.elements != read.elements:
        return None
    if step.operator == "batch_norm" and (before.operator not in IN_WEIGHTS or before.closed):
        return None
    return before


def _cost(before: Step, step: Step) -> Ops:
    """Return the operations per element of ``step`` on the way out of ``before``."""
    if step.operator == "batch_norm":
        return () if before.biased else ops(add=1)
    return step.each


def _masks(steps: Sequence[Step], readers: Readers) -> dict[Step, Tensor]:
    """Return the steps that mask or bias attention scores, each with the scores that it reads.

    They stand between a product of two activations and a softmax, and read something beside the scores.
    """
    found: dict[Step, Tensor] = {}
    for step in steps:
        if step.operator != "softmax":
            continue
        path: dict[Step, Tensor] = {}
        behind, read = step, step.reads[0]
        while (before := readers.maker(read)) is not None and readers.reads_of(before) == 1:
            if before.operator == "matmul":
                found |= path
                break
            scores = [tensor for tensor in before.reads if tensor.elements == before.result.elements]
            if not before.pointwise or not scores:
                break
            behind, read = before, _towards_product(scores, readers)
            path[behind] = read
    return {step: read for step, read in found.items() if len(step.reads) > 1}


def _towards_product(candidates: list[Tensor], readers: Readers) -> Tensor:
    """Return the first tensor that a product or a function of one makes."""
    for tensor in candidates:
        maker = readers.maker(tensor)
        if maker is not None and (maker.operator == "matmul" or maker.pointwise):
            return tensor
    return candidates[0]


def renamed(step: Step, readers: Readers) -> Step:
    """Return a step whose layers name the layers that remain as their inputs."""
    layers = tuple(
        replace(layer, inputs=tuple(name for old in layer.inputs for name in readers.name(old)))
        for layer in step.layers
    )
    return replace(step, layers=layers)
