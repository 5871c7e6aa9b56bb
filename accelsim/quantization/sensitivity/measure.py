"""Which layers must not lose bits? The network is run with one layer quantized at a time, and with all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelsim.errors import InputError
from accelsim.progress import progress
from accelsim.quantization.clipping import Clip
from accelsim.quantization.running.inputs import Data
from accelsim.quantization.running.network import Outcome, RunLayer, Runner, runner_of
from accelsim.quantization.sensitivity.changes import Asked, Quantization, quantized_layer
from accelsim.quantization.sensitivity.divergence import NO_RESULT, Answer, Divergence, sqnr_db
from accelsim.quantization.sensitivity.layer import LayerSensitivity
from accelsim.quantization.sensitivity.result import Sensitivity
from accelsim.quantization.sensitivity.schemes import asked_schemes
from accelsim.quantization.sensitivity.traces import Given as GivenTraces
from accelsim.quantization.sensitivity.traces import traces_of
from accelsim.scheme import Scheme


def sensitivity(
    model: Any,
    schemes: str | int | Scheme | Sequence[str | int | Scheme] | None = None,
    data: Data | None = None,
    *,
    parts: str = "both",
    clip: Clip | str = "absmax",
    layers: Sequence[str] = (),
    traces: GivenTraces | None = None,
    engine: str = "auto",
    output: str | None = None,
    axis: int = -1,
    others: bool = False,
) -> Sensitivity:
    """Return how much what a network answers changes with each layer quantized, alone and all together.

    Parameters
    ----------
    model : path of an ONNX file, or torch.nn.Module
    schemes : str, int, Scheme or sequence, optional
        Each layer's weights are stored in a scheme's weight format and what it reads in its activation format,
        overrides followed. A number of bits b stands for integer weights per output channel and activations left
        alone: 4 is w4a32. By default w8a8, w4a8 and w4a4.
    data : path, ndarray, tensor, mapping of str to ndarray, or sequence of ndarray
        What the network is run on, the samples along the first axis: an npz or npy file, one array, or arrays by
        the names of inputs. Some dozens to hundreds of samples are usual. May be left out where traces are given.
    parts : {"both", "weights", "activations"}
        What of a layer is quantized.
    clip : {"absmax", "mse"} or ("percentile", p)
        As of `accelsim.quantize`. Activations have one scale per tensor, over all samples.
    layers : sequence of str
        Patterns of the layers that are looked at; by default all that have weights.
    traces : path, mapping, sequence or Traces, optional
        Average trace of the Hessian of the loss in each layer's weights, measured elsewhere; see
        `accelsim.quantization.sensitivity.traces.read_traces`.
    engine : {"auto", "onnxruntime", "reference"}
        What runs an ONNX file.
    output : str, optional
        The output that is looked at, by name; by default the first of floats.
    axis : int
        Axis of the classes in the output.
    others : bool
        Look at operators without weights too, as far as they read what no layer with weights does (the operands of a
        residual addition): in ONNX files, where activations are quantized. An allocation wants them.

    Returns
    -------
    Sensitivity

    Raises
    ------
    InputError
        The model has no weights in such a layer, data are missing, of the wrong shape, not finite or all the same,
        or the network cannot be run on them.
    UsageError
        A scheme stands twice, or a package that runs the model is not installed.

    Notes
    -----
    Alone: everything but one layer keeps its values, so that a layer's number is its own. What follows is computed
    from what the layer then makes. Together: every layer reads what the quantized ones before it made.
    """
    asked = asked_schemes(schemes)
    how = Asked(parts, clip)
    if data is None and traces is not None:
        return _by_traces(model, asked, how, layers, traces)
    others = others and parts != "weights"
    runner = runner_of(model, data, engine=engine, output=output, layers=layers, others=others)
    depths = {layer.name: place for place, layer in enumerate((one for one in runner.layers if one.weights), 1)}
    known = traces_of(traces).of(list(depths)) if traces is not None else {}
    made = {name: [quantized_layer(layer, one, how) for layer in runner.layers] for name, one in asked.items()}
    own = runner.reference()
    answer = Answer(own.output, axis)
    whole = {name: _together(runner, found, own, answer) for name, found in made.items()}
    rows = []
    with progress(list(enumerate(runner.layers)), "layers", unit="layer") as steps:
        for place, layer in steps:
            for name in asked:
                alone, problem = _alone(runner, layer, made[name][place], answer)
                after = whole[name].after_db.get(layer.name, math.nan)
                depth = depths.get(layer.name, 0)
                rows.append(_row(layer, depth, name, made[name][place], alone, after, known, problem))
    together = {name: one.answer for name, one in whole.items()}
    notes = (*runner.notes, *_remarks(answer), *(f"{name}: {one.why}." for name, one in whole.items() if one.why))
    return Sensitivity(runner.name, runner.engine, runner.samples, asked, tuple(rows), together, parts, notes)


@dataclass(frozen=True)
class _Whole:
    """All layers quantized: the answer, dB after each layer, and why there is none where there is none."""

    answer: Divergence
    after_db: Mapping[str, float]
    why: str = ""


def _alone(runner: Runner, layer: RunLayer, made: Quantization, answer: Answer) -> tuple[Divergence, str]:
    """Return how far the answer is with one layer quantized, and why there is none where there is none."""
    if made.change is None:
        return NO_RESULT, ""
    if made.change.read is None and (not made.change.weights or not made.noise):
        return answer.against(answer.values), ""
    try:
        found = answer.against(runner.alone(layer.name, made.change))
    except InputError as error:
        return NO_RESULT, error.message.rstrip(".")
    if found.known and not found.noise and made.noise > 0:
        return found, "the answer does not change: it does not depend on this layer, or rounding swallows the change"
    if found.kl_nats == 0 and found.noise > 0:
        return found, "KL is 0 although the output differs: the softmax of the answers is saturated"
    return found, "" if found.known else "the answer has NaN or infinite values"


def _together(runner: Runner, made: Sequence[Quantization], own: Outcome, answer: Answer) -> _Whole:
    """Return what becomes of the network's answer and of every layer's result with all layers quantized."""
    no = "not all layers can be quantized together"
    changes = {}
    for layer, one in zip(runner.layers, made, strict=True):
        if one.change is None:
            return _Whole(NO_RESULT, {}, f"{no}: {layer.name}: {one.note}")
        changes[layer.name] = one.change
    try:
        found = runner.together(changes)
    except InputError as error:
        return _Whole(NO_RESULT, {}, f"{no}: {error.message.rstrip('.')}")
    after_db = {name: sqnr_db(own.after[name], values) for name, values in found.after.items()}
    return _Whole(answer.against(found.output), after_db)


def _row(
    layer: RunLayer, depth: int, asked: str, made: Quantization, alone: Divergence, after: float,
    traces: Mapping[str, float], problem: str,
) -> LayerSensitivity:  # fmt: skip
    return LayerSensitivity(
        layer.name, depth, asked, made.weight_format, made.activation_format,
        sum(math.prod(one.shape) for one in layer.weights), made.weight_sqnr_db, made.noise, alone, after,
        traces.get(layer.name, math.nan), "; ".join(text for text in (made.note, problem) if text),
    )  # fmt: skip


def _remarks(answer: Answer) -> list[str]:
    if answer.classes < 2:
        return ["The output has one value per sample: there is no KL divergence, and no decision that could change."]
    if answer.is_probability:
        return ["The output is taken as probabilities: each row is at least 0 and adds up to 1."]
    return []


def _by_traces(
    model: Any, asked: Mapping[str, Scheme], how: Asked, patterns: Sequence[str], traces: GivenTraces
) -> Sensitivity:
    """Return what traces and weights alone tell, of any model whose weights can be read."""
    from accelsim.quantization.tensors import tensors_of

    tensors = tensors_of(model)
    chosen = tensors.only(patterns) if patterns else tensors
    names = dict.fromkeys(one.layer for one in chosen)
    layers = [RunLayer(name, tuple(one for one in chosen if one.layer == name), reads=False) for name in names]
    known = traces_of(traces).of(list(names))
    weights = Asked("weights", how.clip)
    rows = [
        _row(layer, place, name, quantized_layer(layer, one, weights), NO_RESULT, math.nan, known, "")
        for place, layer in enumerate(layers, 1) for name, one in asked.items()
    ]  # fmt: skip
    notes = (*tensors.notes, "The network was not run: no data were given. Traces and weights alone are known.")
    return Sensitivity(tensors.name, "", 0, dict(asked), tuple(rows), {}, "weights", notes)
