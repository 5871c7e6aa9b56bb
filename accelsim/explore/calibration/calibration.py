"""What did a calibration find: the numbers, how sure they are, and how well the profile now agrees?"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.hardware.chip import Chip
from accelsim.provenance import Sourced

if TYPE_CHECKING:
    import pandas as pd

_UNSURE = 0.5
"""A standard error beyond this share of a number is remarked upon."""


@dataclass(frozen=True)
class Parameter:
    """One fitted number.

    Parameters
    ----------
    path : str
        Field of the profile.
    label, unit : str
        What it is; numbers of one class share a label and were fitted by one factor.
    before : float or None
        What the profile says; 1 for a share of a peak rate.
    value : float
    standard_error : float
        NaN where a bound holds the number or no degree of freedom is left.
    at_bound : bool
    rows : int
        Rows that it was fitted to.
    informed_by : tuple of int
        Lines of the fewest rows that hold 90% of what tells it.
    """

    path: str
    label: str
    unit: str
    before: float | None
    value: float
    standard_error: float
    at_bound: bool
    rows: int
    informed_by: tuple[int, ...]

    def remarks(self) -> list[str]:
        """Return what a reader must know of it."""
        if self.at_bound:
            return [f"{self.path} is held at its bound of {self.value:.3g}; no value within it fits the rows better."]
        if math.isnan(self.standard_error):
            return [f"{self.path} has no standard error: there are no more rows than parameters."]
        if self.standard_error > _UNSURE * self.value:
            return [f"{self.path} is hardly determined: {self.value:.3g} with a standard error of "
                    f"{self.standard_error:.3g}."]  # fmt: skip
        return []


@dataclass(frozen=True)
class Outcome:
    """A measured value, and what is predicted before, after, and without the row.

    Parameters
    ----------
    line : int
    name : str
    quantity : {"latency", "energy"}
    unit : {"s", "J"}
    measured : float
    before : float or None
        By the profile as it was.
    predicted : float
        By the calibrated profile, with mappings chosen anew.
    leave_one_out : float
        By the fit to all other rows; NaN where they do not determine every parameter.
    """

    line: int
    name: str
    quantity: str
    unit: str
    measured: float
    before: float | None
    predicted: float
    leave_one_out: float

    @property
    def error(self) -> float:
        """Relative error, predicted / measured - 1."""
        return self.predicted / self.measured - 1

    @property
    def leave_one_out_error(self) -> float:
        """Relative error of the fit to all other rows."""
        return self.leave_one_out / self.measured - 1


@dataclass(frozen=True)
class Calibration:
    """A profile fitted to measurements.

    Parameters
    ----------
    profile : str
        Name or file of the profile that was fitted.
    measurements : Path
    base, chip : Chip
        Before and after.
    parameters : tuple of Parameter
    outcomes : tuple of Outcome
        One per measured latency and energy.
    mapping, objective : str
        How layers were mapped in rows that do not say.
    notes : tuple of str
    starts : dict of path to Sourced
        Costs of nothing that a device without costs was given besides those fitted.
    """

    profile: str
    measurements: Path
    base: Chip
    chip: Chip
    parameters: tuple[Parameter, ...]
    outcomes: tuple[Outcome, ...]
    mapping: str
    objective: str
    notes: tuple[str, ...] = ()
    starts: Mapping[str, Sourced] = field(default_factory=dict)

    def of(self, quantity: str) -> tuple[Outcome, ...]:
        """Return the outcomes of one quantity, "latency" or "energy"."""
        return tuple(one for one in self.outcomes if one.quantity == quantity)

    def parameter(self, path: str) -> Parameter:
        """Return the parameter of a path; KeyError if it was not fitted."""
        return {one.path: one for one in self.parameters}[path]

    @cached_property
    def summary(self) -> dict[str, dict[str, float]]:
        """Mean absolute relative errors by quantity: "before", "fitted" and "leave_one_out" (NaN where unknown)."""
        found = {}
        for quantity in dict.fromkeys(one.quantity for one in self.outcomes):
            own = self.of(quantity)
            before = [one.before / one.measured - 1 for one in own if one.before is not None]
            found[quantity] = {
                "before": _mape(before), "fitted": _mape([one.error for one in own]),
                "leave_one_out": _mape([one.leave_one_out_error for one in own]),
            }  # fmt: skip
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return the outcomes as a tidy frame; units in ``.attrs["units"]``."""
        import pandas as pd

        rows = [asdict(one) | {"error": one.error, "leave_one_out_error": one.leave_one_out_error}
                for one in self.outcomes]  # fmt: skip
        frame = pd.DataFrame(rows)
        frame.attrs["units"] = {"measured": "as unit", "predicted": "as unit", "error": "1"}
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; what is not known is None."""
        return {
            "profile": self.profile, "measurements": str(self.measurements), "mapping": self.mapping,
            "objective": self.objective, "parameters": [_plain(asdict(one)) for one in self.parameters],
            "outcomes": [_plain(asdict(one) | {"error": one.error, "leave_one_out_error": one.leave_one_out_error})
                         for one in self.outcomes],
            "mean_absolute_relative_error": {key: _plain(own) for key, own in self.summary.items()},
            "notes": list(self.notes),
        }  # fmt: skip

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a profile that extends the one fitted and says what was fitted to what; return its path.

        Raises
        ------
        InputError, UsageError
            The path does not end in .yaml, cannot be written, or is that of the profile itself.
        """
        from accelsim.explore.calibration.profile import save

        return save(self, Path(path))

    def __repr__(self) -> str:
        lines = [f"{self.profile} fitted to {self.measurements}:"]
        lines += [f"  {one.path} = {one.value:.4g} {one.unit} +- {one.standard_error:.2g}" for one in self.parameters]
        lines += [
            f"  {quantity}: {own['before']:.1%} off before, {own['fitted']:.1%} fitted, "
            f"{own['leave_one_out']:.1%} with each row left out"
            for quantity, own in self.summary.items()
        ]
        return "\n".join(lines)


def _mape(errors: Sequence[float]) -> float:
    known = [abs(error) for error in errors if not math.isnan(error)]
    return sum(known) / len(known) if known else math.nan


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in fields.items()}  # fmt: skip
