"""What did a comparison of bit-widths find? A row per bit-width, each against the first, and what it rests on."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.explore.metrics import words_of
from accelsim.explore.words import joined
from accelsim.hardware.chip import Chip
from accelsim.quantization.allocation.allocation import Allocation
from accelsim.quantization.published_table import PublishedAccuracy
from accelsim.scheme import Scheme
from accelsim.simulation.result import Result
from accelsim.workload.network import Network

if TYPE_CHECKING:
    import pandas as pd

MIXED = "mixed"
UNITS = {
    "weight_bytes": "B", "peak_memory_bytes": "B", "latency_s": "s", "energy_pj": "pJ", "weight_sqnr_db": "dB",
    "added_noise": "1", "memory_saved": "1", "times_faster": "1", "times_less_energy": "1",
}  # fmt: skip


def label_of(scheme: Scheme) -> str:
    """Return how people call a scheme: "FP32", "16-bit", "8-bit", "4-bit weights"; its name where layers differ."""
    if scheme.overrides:
        return scheme.name
    weights, activations = scheme.weight_format.payload_bits, scheme.activation_format.payload_bits
    if str(scheme.weight_format) == str(scheme.activation_format) == "fp32":
        return "FP32"
    return f"{float(weights):g}-bit" + ("" if weights == activations else " weights")


@dataclass(frozen=True)
class BitWidth:
    """A model in one bit-width.

    Parameters
    ----------
    label : str
        "FP32", "16-bit", "8-bit", "4-bit", "mixed".
    scheme : Scheme or None
        None of a mix that could not be allocated.
    result : Result or None
        None where the chip cannot run it; ``reason`` says why.
    weight_bytes : float or None
        Of all parameters as stored, scales included; known without a chip.
    added_noise : float or None
        Noise over signal of weights and activations, added up over layers.
    weight_sqnr_db : float or None
        Signal over noise of the model's own weights together; infinite where exact, None where it has none.
    published : tuple of PublishedAccuracy
        Of the same model in the same formats.
    reason : str
    """

    label: str
    scheme: Scheme | None
    result: Result | None
    weight_bytes: float | None
    added_noise: float | None
    weight_sqnr_db: float | None
    published: tuple[PublishedAccuracy, ...] = ()
    reason: str = ""

    @property
    def energy_pj(self) -> float | None:
        """Energy of one pass; None where unknown."""
        return None if self.result is None else self.result.energy_pj

    @property
    def latency_s(self) -> float | None:
        """Time of one pass."""
        return None if self.result is None else self.result.latency_s


@dataclass(frozen=True)
class BitWidths:
    """A model in several bit-widths on a chip, side by side.

    Parameters
    ----------
    network : Network
    chip : Chip
    mapping, objective : str
    rows : tuple of BitWidth
        Those asked for in order, then the mix.
    errors : str
        Where ``added_noise`` comes from.
    has_weights : bool
        Whether the model's own weights were measured.
    allocation : Allocation or None
        The mix: its scheme, what it was chosen from, the proof.
    remarks : tuple of str
        What was found of the weights: left out, not of this model, all zero.
    """

    network: Network
    chip: Chip
    mapping: str
    objective: str
    rows: tuple[BitWidth, ...]
    errors: str
    has_weights: bool
    allocation: Allocation | None = None
    remarks: tuple[str, ...] = ()

    plot = Accessor("accelsim.report.plots:BitWidthPlots")

    @property
    def reference(self) -> BitWidth:
        """What energy and time are compared with: the first that runs."""
        return next(row for row in self.rows if row.result is not None)

    def memory_saved(self, row: BitWidth) -> float | None:
        """Return the share of the first row's weight memory that a row does without."""
        whole = self.rows[0].weight_bytes
        return None if row.weight_bytes is None or not whole else 1 - row.weight_bytes / whole

    def times_faster(self, row: BitWidth) -> float | None:
        """Return the reference's time over a row's."""
        whole = self.reference.latency_s
        return whole / row.latency_s if whole and row.latency_s else None

    def times_less_energy(self, row: BitWidth) -> float | None:
        """Return the reference's energy over a row's."""
        whole = self.reference.energy_pj
        return whole / row.energy_pj if whole and row.energy_pj else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the numbers rest on, what is not available, and why something cannot run."""
        return tuple(_notes(self))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as plain data; what is not known is None, and an exact SQNR is None with ``exact`` true."""
        return [_plain(self, row) for row in self.rows]

    @property
    def published(self) -> tuple[str, ...]:
        """Published values of each row as text, each with its baseline, method and protocol: never one of several."""
        return tuple("; ".join(_published_text(one) for one in row.published) for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: rows, units and notes."""
        return {
            "workload": self.network.name, "profile": self.chip.name, "mapping": self.mapping,
            "objective": self.objective, "reference": self.reference.label, "units": dict(UNITS),
            "rows": self.to_dicts(), "notes": list(self.notes),
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return one row per bit-width; ``attrs`` holds units and notes; an exact tensor has infinite dB."""
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts())
        frame["weight_sqnr_db"] = [row.weight_sqnr_db for row in self.rows]
        frame["published"] = self.published
        frame.attrs.update(units=dict(UNITS), notes=list(self.notes))
        return frame

    def __repr__(self) -> str:
        return f"{self.network.name} on {self.chip.name} in {', '.join(row.label for row in self.rows)}"

    def _repr_html_(self) -> str:
        shown = ["label", "scheme", "weight_bytes", "memory_saved", "latency_s", "times_faster", "energy_pj",
                 "times_less_energy", "added_noise", "weight_sqnr_db", "published"]  # fmt: skip
        body = self.to_frame()[shown].to_html(index=False, float_format=lambda value: f"{value:.4g}", border=0)
        told = "".join(f"<p>{html.escape(text)}</p>" for text in self.notes)
        return f"<div><b>{html.escape(f'{self.network.name} on {self.chip.name}')}</b>{body}{told}</div>"


def _published_text(one: PublishedAccuracy) -> str:
    baseline = "?" if one.baseline is None else f"{one.baseline:g}"
    remembered = "" if one.status == "seen" else f", {one.status}"
    return f"{one.value:g} of {baseline} ({one.protocol}: {one.method}{remembered})"


def _plain(table: BitWidths, row: BitWidth) -> dict[str, Any]:
    result = row.result
    exact = row.weight_sqnr_db is not None and math.isinf(row.weight_sqnr_db)
    known = row.weight_sqnr_db is not None and math.isfinite(row.weight_sqnr_db)
    return {
        "label": row.label, "scheme": None if row.scheme is None else row.scheme.name,
        "weight_bytes": row.weight_bytes, "memory_saved": table.memory_saved(row),
        "peak_memory_bytes": None if result is None else result.memory.peak_bytes,
        "fits_memory": None if result is None else result.memory.fits,
        "latency_s": row.latency_s, "times_faster": table.times_faster(row),
        "energy_pj": row.energy_pj, "times_less_energy": table.times_less_energy(row),
        "added_noise": row.added_noise, "weight_sqnr_db": row.weight_sqnr_db if known else None, "exact": exact,
        "published": [
            {"value": one.value, "baseline": one.baseline, "metric": one.metric, "method": one.method,
             "protocol": one.protocol, "source": one.source, "status": one.status}
            for one in row.published
        ],
        "reason": row.reason,
    }  # fmt: skip


def _notes(table: BitWidths) -> Iterator[str]:
    if table.allocation is not None:
        told = ", ".join(table.allocation.choices.schemes)
        proof = "proven" if table.allocation.solution.proven else "not proven"
        least = words_of(table.allocation.solution.minimized)
        yield f"mixed: each layer in one of {told}; {proof} least {least} within its budget of error."
    yield f"Added noise: {table.errors}. It orders bit-widths of one model; it is no accuracy."
    yield from table.remarks
    if not table.has_weights:
        yield (
            "Error of the model's own weights: not available, since the model is a description without weights. Give "
            "an ONNX file, or the weights."
        )
    if not any(row.published for row in table.rows):
        yield "Published accuracy: none known of this model in these formats."
    else:
        yield (
            "Published accuracy: others' training and evaluation of a model of this name, each protocol by itself and "
            "beside its own baseline; values of two protocols do not compare."
        )
    for row in table.rows:
        if row.reason:
            yield f"{row.label} cannot run: {row.reason}"
    warned: dict[str, list[str]] = {}
    for row in table.rows:
        for text in () if row.result is None else row.result.warnings:
            warned.setdefault(text, []).append(row.label)
    yield from (f"warning, {joined(labels)}: {text}" for text, labels in warned.items())
