"""How much does one layer matter in one scheme: what becomes of its weights, of the answer, of what it makes?"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from accelsim.errors import UsageError, did_you_mean
from accelsim.quantization.error_table import decibels
from accelsim.quantization.sensitivity.divergence import Divergence

UNITS = {
    "depth": "1", "elements": "1", "weight_sqnr_db": "dB", "squared_error": "1", "output_sqnr_db": "dB",
    "noise": "1", "kl_nats": "nat", "changed_share": "1", "after_sqnr_db": "dB", "trace": "1", "trace_error": "1",
}  # fmt: skip
MEASURES = {
    "kl": "KL divergence of the answers",
    "noise": "noise over signal of the output",
    "changed": "share of samples that are decided otherwise",
    "weights": "noise over signal of the weights",
    "trace": "trace of the Hessian times squared weight error",
}
"""What a layer's sensitivity may be: each grows with the harm, and adds up over layers to first order."""


def check_measure(name: str) -> str:
    """Return a name of `MEASURES`; UsageError with the nearest one where it is none."""
    if name not in MEASURES:
        raise UsageError(f"a measure must be one of {', '.join(MEASURES)}; got {name!r}"
                         f"{did_you_mean(name, MEASURES) or '.'}")  # fmt: skip
    return name


@dataclass(frozen=True)
class LayerSensitivity:
    """One layer in one scheme.

    Parameters
    ----------
    layer : str
    depth : int
        Its place among the layers with weights that were looked at, from 1; 0 for an operator without any.
    asked : str
        The scheme.
    weight_format, activation_format : str
        In which its weights and what it reads are stored; "" where they are left as they are.
    elements : int
        Of its weights.
    weight_sqnr_db : float
        Signal over noise of its weights; infinite where exact, NaN where they are all zero, have no result or are
        left as they are.
    squared_error : float
        Squared norm of the change of its weights; NaN where they are left as they are.
    alone : Divergence
        Of the network's answer with this layer alone quantized.
    after_sqnr_db : float
        Signal over noise of what it makes, with all layers quantized; NaN where it cannot be seen.
    trace : float
        Average trace of the Hessian in its weights, as given; NaN where none was.
    note : str
        What the numbers alone do not say.
    """

    layer: str
    depth: int
    asked: str
    weight_format: str
    activation_format: str
    elements: int
    weight_sqnr_db: float
    squared_error: float
    alone: Divergence
    after_sqnr_db: float
    trace: float = math.nan
    note: str = ""

    def sensitivity(self, measure: str) -> float:
        """Return one of `MEASURES`; NaN where it is not known."""
        if measure == "kl":
            return self.alone.kl_nats
        if measure == "noise":
            return self.alone.noise
        if measure == "changed":
            return self.alone.changed_share
        if measure == "weights":
            return 0.0 if math.isinf(self.weight_sqnr_db) else 10 ** (-self.weight_sqnr_db / 10)
        return self.trace * self.squared_error

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; a number that is not finite is None, and ``note`` says why."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("alone", "note")}
        own |= {
            "output_sqnr_db": self.alone.sqnr_db, "noise": self.alone.noise, "kl_nats": self.alone.kl_nats,
            "changed_share": self.alone.changed_share, "trace_error": self.sensitivity("trace"),
        }  # fmt: skip
        order = ["layer", "depth", "asked", "weight_format", "activation_format", *list(UNITS)[1:]]
        return {name: finite(own[name]) for name in order} | {"note": self.note}


def cells(row: LayerSensitivity) -> tuple[str, ...]:
    """Return a row as texts: layer, scheme, dB of weights, of the output, KL, dB after it, note."""
    kl = "-" if math.isnan(row.alone.kl_nats) else f"{row.alone.kl_nats:.3g}"
    return (
        row.layer, row.asked, decibels(row.weight_sqnr_db), decibels(row.alone.sqnr_db), kl,
        decibels(row.after_sqnr_db), row.note,
    )  # fmt: skip


def finite(value: Any) -> Any:
    """Return a value as JSON has it: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
