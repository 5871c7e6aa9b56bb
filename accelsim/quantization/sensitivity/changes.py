"""What does a scheme make of one layer: other weights, another reading of its activations, and how far is that?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.precision import Format
from accelsim.quantization.clipping import Clip
from accelsim.quantization.rounding import quantize
from accelsim.quantization.running.network import Change, RunLayer
from accelsim.scheme import Scheme

Array = NDArray[Any]
PARTS = ("both", "weights", "activations")


@dataclass(frozen=True)
class Asked:
    """How layers are quantized.

    Parameters
    ----------
    parts : {"both", "weights", "activations"}
    clip : as of `accelsim.quantize`
    """

    parts: str
    clip: Clip | str

    def __post_init__(self) -> None:
        if self.parts not in PARTS:
            raise UsageError(f"parts must be one of {', '.join(PARTS)}; got {self.parts!r}"
                             f"{did_you_mean(str(self.parts), PARTS) or '.'}")  # fmt: skip


@dataclass(frozen=True)
class Quantization:
    """One layer in one scheme.

    Parameters
    ----------
    change : Change or None
        None where the formats cannot store it; ``note`` says why.
    weight_format, activation_format : str
        "" where left as they are.
    signal, noise : float
        Sums of squares of the weights and of their errors; noise is NaN where weights are left as they are.
    note : str
    """

    change: Change | None
    weight_format: str
    activation_format: str
    signal: float
    noise: float
    note: str = ""

    @property
    def weight_sqnr_db(self) -> float:
        """Signal over noise of the weights in dB; infinite where exact, NaN where all zero or without a result."""
        if not self.signal or math.isnan(self.noise):
            return math.nan
        return 10 * math.log10(self.signal / self.noise) if self.noise else math.inf


def quantized_layer(layer: RunLayer, scheme: Scheme, how: Asked) -> Quantization:
    """Return one layer in a scheme, its overrides followed.

    Raises
    ------
    InputError
        A weight is NaN or infinite, or a tensor is empty.
    """
    own = scheme.for_layer(layer.name)
    if how.parts == "activations":
        return _of_activations(layer, own, how)
    notes = [layer.note]
    weights, signal, noise = {}, 0.0, 0.0
    constant = True
    for source in layer.weights:
        if 0 in source.shape:
            raise InputError(f"{source.tensor} must have elements to be quantized; its shape is {source.shape}.")
        values = np.asarray(source.read())
        _check_finite(values, source.tensor)
        exact = np.asarray(values, dtype=np.float64)
        signal += float(np.square(exact).sum())
        constant = constant and bool(exact.min() == exact.max())
        try:
            stored = quantize(values, own.weight_format, axis=source.axis, clip=how.clip).values
        except InputError as error:
            noise = math.nan
            notes.append(error.message.rstrip("."))
            continue
        noise += float(np.square(exact - stored).sum())
        weights[source.tensor] = stored.astype(values.dtype)
    if not layer.weights:
        notes.clear()
    elif not signal:
        notes.append("every weight is zero: there is no signal")
    elif constant:
        notes.append("every weight is the same")
    if signal and not noise:
        notes.append("exact: every weight is one of the format's")
    read = _reading(own.activation_format, how, layer, notes)
    change = None if math.isnan(noise) else Change(weights, read)
    return Quantization(
        change, own.weight_format.name if layer.weights else "", own.activation_format.name if read is not None else "",
        signal, noise, "; ".join(note for note in notes if note),
    )  # fmt: skip


def _of_activations(layer: RunLayer, own: Scheme, how: Asked) -> Quantization:
    """Return a layer whose activations alone are quantized."""
    read = _reading(own.activation_format, how, layer, [])
    if read is not None:
        return Quantization(Change({}, read), "", own.activation_format.name, math.nan, math.nan, layer.note)
    why = f"{own.name} leaves activations as they are" if layer.reads else layer.note or "it reads no floats"
    return Quantization(Change(), "", "", math.nan, math.nan, f"nothing of it is quantized: {why}")


def _reading(stored: Format, how: Asked, layer: RunLayer, notes: list[str]) -> Any:
    """Return what a layer reads in place of an activation, or None where that is left as it is."""
    if how.parts == "weights" or stored.name == "fp32":
        return None
    if not layer.reads:
        if not layer.note:
            notes.append("it reads no floats: only its weights are quantized")
        return None

    def read(values: Array) -> Array:
        if not np.isfinite(values).all():
            raise InputError(f"what {layer.name} reads must be finite; it has NaN or infinite values.")
        return quantize(values, stored, clip=how.clip).values

    return read


def _check_finite(values: Array, name: str) -> None:
    from accelsim.quantization.rounding import check_finite

    check_finite(values, f"the weight {name}")
