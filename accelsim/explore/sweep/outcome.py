"""What came of one point of a sweep? Its totals as plain data, or why there are none."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.errors import AccelsimError
from accelsim.simulation.record import layer_rows, totals
from accelsim.simulation.result import Result

Value = float | int | bool | str | None

INTERNAL = "internal error"
"""What the class of a failure is called that is a defect of accelsim, not something that the user gave."""

LOST = "worker lost"
"""What the class of a failure is called where every process that worked on the point ended before it was done."""


@dataclass(frozen=True)
class Failure:
    """Why a point has no numbers.

    Parameters
    ----------
    kind : str
        "InfeasibleError", "UnsupportedError", "InputError", "UsageError", `INTERNAL` or `LOST`.
    reason : str
        One sentence.
    """

    kind: str
    reason: str

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Return what an error says; one that is not of accelsim's family is an internal error."""
        if isinstance(error, AccelsimError):
            return cls(type(error).__name__, str(error))
        said = " ".join(str(error).split())
        return cls(
            INTERNAL, f"{INTERNAL}: {type(error).__name__}: {said}" if said else f"{INTERNAL}: {type(error).__name__}"
        )


@dataclass(frozen=True)
class Outcome:
    """The totals of a point, or its failure; plain data that any process and the store can hold.

    Parameters
    ----------
    metrics : mapping of str to number, text or None
        Every total of ``estimate --json`` by its name there, breakdowns as ``energy_breakdown_pj.DRAM``;
        None where unknown. Empty for a failure.
    failure : Failure or None
    warnings : tuple of str
        What a reader must know, as ``estimate`` says it.
    layers : tuple of mapping
        One row per layer, if the sweep asked for them.
    """

    metrics: Mapping[str, Value] = field(default_factory=dict)
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    layers: tuple[Mapping[str, Value], ...] = ()

    @classmethod
    def of(cls, result: Result, per_layer: bool = False) -> Outcome:
        """Return the plain data of a result."""
        rows = tuple(_without_names(row) for row in layer_rows(result)) if per_layer else ()
        return cls(metrics_of(result), None, tuple(result.warnings), rows)

    @property
    def status(self) -> str:
        """ "done" or "failed"."""
        return "done" if self.failure is None else "failed"

    @property
    def lasting(self) -> bool:
        """Whether it would come out the same again, so that it is not computed again: not where the program failed."""
        return self.failure is None or self.failure.kind not in (INTERNAL, LOST)

    def to_text(self) -> str:
        """Return it as JSON in one line, which `from_text` takes back."""
        failure = None if self.failure is None else [self.failure.kind, self.failure.reason]
        content = {
            "metrics": dict(self.metrics), "failure": failure, "warnings": list(self.warnings),
            "layers": [dict(row) for row in self.layers],
        }  # fmt: skip
        return json.dumps(content, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Outcome:
        """Return the outcome that `to_text` wrote; any other text raises ValueError."""
        try:
            content = json.loads(text)
            failure = content["failure"]
            return cls(
                dict(content["metrics"]), None if failure is None else Failure(*failure),
                tuple(content["warnings"]), tuple(dict(row) for row in content["layers"]),
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no outcome of a sweep: {error}") from None


def metrics_of(result: Result) -> dict[str, Value]:
    """Return the totals of a result, flat and finite, with the chip's size beside them.

    ``pes`` is the number of processing elements, ``area_mm2`` and ``tdp_w`` what the profile states, and
    ``mapping_found`` how the layers are mapped, which may be less than was asked for ("searched", not proven).
    """
    chip = result.chip
    found: dict[str, Value] = {}
    for name, value in totals(result).items():
        parts = {f"{name}.{part}": each for part, each in value.items()} if isinstance(value, dict) else {name: value}
        found |= {key: _plain(each) for key, each in parts.items()}
    return found | {
        "dram_bits": _plain(result.dram_bits),
        "pes": chip.pes,
        "area_mm2": chip.area_mm2.value if chip.area_mm2 else None,
        "tdp_w": chip.tdp_w.value if chip.tdp_w else None,
        "mapping_found": result.mapping,
    }


def _without_names(row: Mapping[str, Any]) -> dict[str, Value]:
    return {name: _plain(value) for name, value in row.items() if name not in ("workload", "profile", "scheme")}


def _plain(value: Any) -> Value:
    """Return a number as Python's own, so that JSON and pickle take it; None where it is not finite."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return int(value)
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, bool | int):
        return number
    return float(number) if math.isfinite(number) else None
