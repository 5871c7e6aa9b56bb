"""What does each format lose of each tensor? A row per tensor and format, and the table that they make."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from accelsim.accessor import Accessor
from accelsim.errors import InputError, did_you_mean
from accelsim.quantization.error_measures import Measures

if TYPE_CHECKING:
    import pandas as pd

UNITS = {
    "stored_bits": "bit", "step": "1", "sqnr_db": "dB", "mse": "1", "predicted_mse": "1", "max_error": "1",
    "cosine": "1", "elements": "1",
}  # fmt: skip
"""Units of a row's numbers; 1 = the unit of the tensor itself, or its square."""


MOST_ROWS = 60
"""Rows that a notebook shows."""


@dataclass(frozen=True)
class TensorError:
    """What one format loses of one tensor.

    Parameters
    ----------
    layer, tensor : str
    role : {"weights", "activations"}
    asked : str
        Scheme or format that was asked for.
    format : str
        In which the tensor is stored.
    granularity, clip : str
        Elements that share a scale; how its largest value was chosen ("own" = by the format's own quantizer).
    symmetric : bool
        Whether there is no zero point.
    grid : str
        Values of one element: "255 levels, -127..127".
    measures : Measures or None
        None where the format cannot store the tensor; ``note`` says why.
    stored_bits : Fraction
        Per element, scales included.
    shape : tuple of int
    note : str
        What the numbers alone do not say: exact, all zero, constant, overflow, approximated.
    """

    layer: str
    tensor: str
    role: Literal["weights", "activations"]
    asked: str
    format: str
    granularity: str
    clip: str
    symmetric: bool
    grid: str
    measures: Measures | None
    stored_bits: Fraction
    shape: tuple[int, ...]
    note: str = ""

    @property
    def elements(self) -> int:
        """Numbers in the tensor."""
        return math.prod(self.shape)

    @property
    def sqnr_db(self) -> float:
        """Signal over quantization noise in dB; infinite where exact, NaN where there is no signal or no result."""
        return math.nan if self.measures is None else self.measures.sqnr_db

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; a number that is not finite is None, and ``note`` says why."""
        own = {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("measures", "shape", "note")
        }
        own["stored_bits"] = float(self.stored_bits)
        own["shape"] = "x".join(map(str, self.shape))
        own["elements"] = self.elements
        for name in ("step", "sqnr_db", "mse", "predicted_mse", "max_error", "cosine"):
            value = math.nan if self.measures is None else getattr(self.measures, name)
            own[name] = value if math.isfinite(value) else None
        return own | {"note": self.note}


@dataclass(frozen=True)
class ErrorTable:
    """What formats lose of the tensors of a model.

    Parameters
    ----------
    model : str
        What it is called.
    rows : tuple of TensorError
        By tensor, then by format, in the order asked for.
    notes : tuple of str
        What was left out, and why.
    """

    model: str
    rows: tuple[TensorError, ...]
    notes: tuple[str, ...] = ()

    plot = Accessor("accelsim.report.plots:ErrorPlots")

    @property
    def asked(self) -> tuple[str, ...]:
        """Schemes and formats in the order asked for."""
        return tuple(dict.fromkeys(row.asked for row in self.rows))

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers in order."""
        return tuple(dict.fromkeys(row.layer for row in self.rows))

    def row(self, layer: str, asked: str, role: str = "weights") -> TensorError:
        """Return the first row of a layer in a scheme or format.

        Raises
        ------
        InputError
            There is none; the nearest name is given.
        """
        for one in self.rows:
            if (one.layer, one.asked, one.role) == (layer, asked, role):
                return one
        if layer not in self.layers:
            raise InputError(f"the table has no layer {layer!r}{did_you_mean(layer, self.layers) or '.'}")
        raise InputError(f"the table has no {role} of {layer} in {asked!r}{did_you_mean(asked, self.asked) or '.'}")

    def sqnr_db(self, asked: str, role: str = "weights") -> float:
        """Return the SQNR of all tensors of a role together: their signals over their noises, in dB.

        NaN where one of them has no result; infinite where all are exact.
        """
        own = [row.measures for row in self.rows if row.asked == asked and row.role == role]
        if not own or any(one is None for one in own):
            return math.nan
        signal, noise = (sum(getattr(one, name) for one in own) for name in ("signal", "noise"))
        if not signal:
            return math.nan
        return 10 * math.log10(signal / noise) if noise else math.inf

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as plain data."""
        return [row.to_dict() for row in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the model, units, rows and notes."""
        return {"model": self.model, "units": dict(UNITS), "rows": self.to_dicts(), "notes": list(self.notes)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per tensor and format; ``attrs["units"]`` names units; an exact tensor has infinite dB."""
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts())
        frame["sqnr_db"] = [row.sqnr_db for row in self.rows]
        frame.attrs["units"] = dict(UNITS)
        return frame

    def _repr_html_(self) -> str:
        names = (
            "layer",
            "of",
            "asked",
            "format",
            "bits",
            "step",
            "SQNR (dB)",
            "MSE",
            "step^2/12",
            "most",
            "cosine",
            "",
        )
        header = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        shown = self.rows[:MOST_ROWS]
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells(row)) + "</tr>" for row in shown
        )
        left = len(self.rows) - len(shown)
        more = f"<p>... and {left} more rows: to_frame() has all.</p>" if left else ""
        table = f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div><b>{html.escape(f'Quantization error of {self.model}')}</b>{table}{more}</div>"


def cells(row: TensorError) -> tuple[str, ...]:
    """Return a row as texts: layer, role, what was asked, format, bits, measures, note."""
    of = row.measures
    numbers = ("-",) * 6
    if of is not None:
        numbers = (
            f"{of.step:.3g}", decibels(of.sqnr_db), f"{of.mse:.3g}", f"{of.predicted_mse:.3g}", f"{of.max_error:.3g}",
            "-" if math.isnan(of.cosine) else f"{of.cosine:.6f}",
        )  # fmt: skip
    return (row.layer, row.role, row.asked, row.format, f"{float(row.stored_bits):.4g}", *numbers, row.note)


def decibels(value: float) -> str:
    """Return a ratio in dB as text: "exact" without noise, "-" where there is none."""
    return "-" if math.isnan(value) else "exact" if math.isinf(value) else f"{value:.1f}"


def joined_notes(parts: Iterable[str]) -> str:
    """Return the remarks on a row as one text."""
    return "; ".join(part for part in parts if part)
