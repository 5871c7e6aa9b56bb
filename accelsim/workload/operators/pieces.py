"""Which operators are one function or one norm that an exporter took to pieces?

- Functions: operators at one place that start from one tensor and end in one (x * sigmoid(x), a GELU
  of erf or tanh) become one step that reads that tensor once. Their operations add up; where the
  pieces are those of a SiLU or of a GELU by tanh they are counted as that function is.
- Norms: x / sqrt(mean(x^2) + e) and (x - mean(x)) / sqrt(mean((x - mean(x))^2) + e) become an RMS norm
  and a layer norm, and gain and shift behind them theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accelsim.workload.operators.norm_law import norm_ops
from accelsim.workload.operators.readers import Readers
from accelsim.workload.operators.step import Step, times
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.vector import ACTIVATIONS, Ops, merge, ops

SQUARES = ("square", "multiply", "power")


@dataclass(frozen=True)
class Whole:
    """One step in place of several: ``gone`` vanish, and what they end in becomes ``step``."""

    step: Step
    gone: tuple[Step, ...]


def joined(steps: Sequence[Step], readers: Readers) -> list[Step]:
    """Return the steps with functions and norms in pieces as one step each."""
    kept = dict(enumerate(steps))
    place = {step: number for number, step in kept.items()}
    for number, step in enumerate(steps):
        affine = _affine(step, readers)
        if affine is not None:
            before, merged = affine
            where = place.pop(before)
            readers.merge(step, merged)
            kept[where], place[merged] = merged, where
            del kept[number], place[step]
            continue
        whole = _norm(step, readers) or _function(step, readers)
        if whole is None:
            continue
        for gone in whole.gone:
            del kept[place.pop(gone)]
        del place[step]
        kept[number], place[whole.step] = whole.step, number
        readers.made_by(whole.step)
    return [kept[number] for number in sorted(kept)]


def _chain(tensor: Tensor, readers: Readers) -> tuple[list[Tensor], list[Step]]:
    """Return a tensor and what it is a function of, step by step back, and these steps."""
    tensors = [tensor]
    inside: list[Step] = []
    while True:
        maker = readers.maker(tensors[-1])
        if maker is None or not maker.pointwise or len(maker.reads) != 1 or readers.reads_of(maker) != 1:
            return tensors, inside
        tensors.append(maker.reads[0])
        inside.append(maker)


def _function(step: Step, readers: Readers) -> Whole | None:
    """Return an operation on several functions of one tensor as one function of it."""
    if not step.pointwise or len(step.reads) < 2 or len({tensor.elements for tensor in step.reads}) != 1:
        return None
    chains = [_chain(tensor, readers) for tensor in step.reads]
    names = [[readers.names(tensor) for tensor in tensors] for tensors, _ in chains]
    common = next((each for each in names[0] if all(each in others for others in names[1:])), None)
    if common is None:
        return None
    inside = [each for (_, found), own in zip(chains, names, strict=True) for each in found[: own.index(common)]]
    start, *others = (tensors[own.index(common)] for (tensors, _), own in zip(chains, names, strict=True))
    if any(other is not start and None in (readers.maker(start), readers.maker(other)) for other in others):
        return None  # two parts of one tensor, not one part twice
    if start.elements != step.result.elements or len(set(inside)) != len(inside):
        return None
    readers.drop(start, len(step.reads) - 1)
    pieces = tuple(piece for each in inside for piece in each.pieces) + step.pieces
    each = _law(pieces) or merge(*(part.each for part in inside), step.each)
    layer = replace(
        step.layers[0],
        vector_ops=times(each, step.result.elements),
        inputs=start.producers,
        input_elements=start.words,
        parameters=sum(layer.parameters for part in (*inside, step) for layer in part.layers),
    )
    weights = tuple(tensor for part in (*inside, step) for tensor in part.weights)
    whole = replace(step, layers=(layer,), reads=(start,), weights=weights, each=each, pieces=pieces)
    return Whole(whole, tuple(inside))


def _law(pieces: tuple[str, ...]) -> Ops:
    """Return the operations of the function that pieces are, () if they are none that has a law of its own."""
    found = Counter(pieces)
    if found == {"sigmoid": 1, "multiply": 1}:
        return ops(**ACTIVATIONS["silu"])
    by_tanh = found["tanh"] == 1 and found["add"] == 1 and found["multiply"] >= 1 and found["scale"] in (2, 3)
    if by_tanh and (found["cube"] or found["power"] or found["multiply"] == 3) and len(pieces) <= 9:
        law = ACTIVATIONS["gelu"]
        return ops(**(law | {"multiply": law["multiply"] - (3 - found["scale"])}))
    return ()


def _norm(step: Step, readers: Readers) -> Whole | None:
    """Return a division of a tensor by its root mean square as a norm."""
    if step.pieces not in (("divide",), ("multiply",)) or len(step.reads) != 2:
        return None
    for scaled, root in (step.reads, step.reads[::-1]):
        inside = _root_mean_square(scaled, root, readers)
        if inside is not None and root.elements < scaled.elements:
            break
        if step.pieces == ("divide",):
            return None
    else:
        return None
    rows = root.elements
    source, centering = _centered(scaled, rows, readers)
    counts = norm_ops(
        rows, source.elements // rows, centered=bool(centering), gain=False, shift=False
    )  # fmt: skip
    layer = replace(
        step.layers[0],
        kind="norm",
        vector_ops=counts,
        inputs=source.producers,
        input_elements=source.words,
        parameters=0,
    )
    readers.drop(source, 1)
    operator = "layer_norm" if centering else "rms_norm"
    whole = Step(operator, (layer,), (source,), (), step.result)
    return Whole(whole, (*inside, *centering))


def _root_mean_square(scaled: Tensor, root: Tensor, readers: Readers) -> list[Step] | None:
    """Return the steps that make the root mean square of ``scaled``, or its reciprocal; None if something else."""
    tensors, inside = _chain(root, readers)
    pieces = [piece for each in inside for piece in each.pieces]
    if not {"sqrt", "rsqrt"} & set(pieces) or not set(pieces) <= {"sqrt", "rsqrt", "reciprocal", "shift", "divide"}:
        return None
    mean = readers.maker(tensors[-1])
    if mean is None or mean.operator != "reduce_mean" or readers.reads_of(mean) != 1:
        return None
    square = readers.maker(mean.reads[0])
    if square is None or len(square.reads) != 1 or readers.reads_of(square) != 1:
        return None
    if square.pieces not in [(name,) for name in SQUARES]:
        return None
    return [*inside, mean, square] if readers.names(square.reads[0]) == readers.names(scaled) else None


def _centered(scaled: Tensor, rows: int, readers: Readers) -> tuple[Tensor, list[Step]]:
    """Return what a tensor less its mean is the rest of, and the steps of that; else the tensor itself."""
    less = readers.maker(scaled)
    if less is None or less.pieces != ("subtract",) or len(less.reads) != 2 or readers.reads_of(less) != 2:
        return scaled, []
    source, subtracted = less.reads
    mean = readers.maker(subtracted)
    if mean is None or mean.operator != "reduce_mean" or readers.reads_of(mean) != 1 or subtracted.elements != rows:
        return scaled, []
    if readers.names(mean.reads[0]) != readers.names(source):
        return scaled, []
    return source, [less, mean]


def _affine(step: Step, readers: Readers) -> tuple[Step, Step] | None:
    """Return the norm whose gain or shift a step is, and that norm with it."""
    if step.pieces not in (("scale",), ("shift",)) or len(step.reads) != 1:
        return None
    before = readers.maker(step.reads[0])
    if before is None or before.operator not in ("layer_norm", "rms_norm") or readers.reads_of(before) != 1:
        return None
    stored = sum(layer.parameters for layer in step.layers)
    if not stored or step.result.elements != before.result.elements or len(before.weights) > 1:
        return None
    return before, before.finished(step, step.each, stored)
