"""How much faster does an A100 decode when weights alone are stored in int8 or int4, and why not two and four times?

::

    time per token = bytes / (efficiency * bandwidth) + layers * time of a layer + conversions * time of a conversion

Fitted to other models in the same software (Llama 3.1 8B and Llama 2 70B); Llama 2 7B is predicted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.explore.calibration.least_squares import Fit, fit
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Fitted, Row
from accelsim.validation.measurements import rows, sources
from accelsim.validation.studies._language import Step, bandwidth_bytes_per_s, decode_step

TABLE = "llm_weight_only"
PROFILE = "a100-80gb"
JUDGED = "llama-2-7b"
REFERENCE = "BF16"
AS_DEEP = "llama-3-8b"

_CANNOT = (
    "Time of a layer and of conversions are added to that of the bytes, as batch 1 kernels show; the engine overlaps "
    "them.",
    "The card was held to 330 W, and its clock with it; what that costs is in the fitted times.",
    "Four rows determine three parameters: one row alone says how sure they are, and they hold for this software.",
)


@dataclass(frozen=True)
class Timed:
    """A model in a format, the step it takes and the time that was measured."""

    model: str
    format_: str
    step: Step
    measured_s: float

    @property
    def label(self) -> str:
        """Model and format."""
        return f"{self.model} {self.format_}"

    @property
    def parts_s(self) -> list[float]:
        """Seconds of the bytes at peak bandwidth, layers, and billions of conversions."""
        bytes_s = self.step.moved_bytes / bandwidth_bytes_per_s(PROFILE)
        return [bytes_s, float(self.step.launches), self.step.conversions / 1e9]


def comparisons() -> list[Comparison]:
    """Return the speed-ups, judged, and the times that they come from, shown."""
    timed = [
        Timed(row["model"], row["format"], decode_step(row["model"], row["format"], int(row["context"])),
              1 / float(row["tokens_per_s"]))
        for row in rows(TABLE)
    ]  # fmt: skip
    others = [one for one in timed if one.model != JUDGED]
    found = fitted_to(others)
    fits = _fits(found, tuple(one.label for one in others))
    return [_speedups(timed, found, fits), _times(timed, found, fits)]


def fitted_to(others: list[Timed]) -> Fit:
    """Return time per byte over peak bandwidth, time of a layer and of a billion conversions, in seconds."""
    names = ("time per byte", "time of a layer", "time of conversions")
    return fit(
        [one.parts_s for one in others], [one.measured_s for one in others], names=names, lower=(1.0, 0.0, 0.0)
    )  # fmt: skip


def _fits(found: Fit, labels: tuple[str, ...]) -> tuple[Fitted, ...]:
    return (
        Fitted("efficiency", 1 / float(found.values[0]), "of the bandwidth", labels),
        Fitted("time of a layer", float(found.values[1]) * 1e6, "us", labels),
        Fitted("time of a billion conversions", float(found.values[2]) * 1e3, "ms", labels),
    )


def _speedups(timed: list[Timed], found: Fit, fits: tuple[Fitted, ...]) -> Comparison:
    own = [one for one in timed if one.model == JUDGED]
    reference = next(one for one in own if one.format_ == REFERENCE)
    ours = {one.format_: float(found.predict(one.parts_s)) for one in own}
    compared = tuple(
        Row(one.label, ours[REFERENCE] / ours[one.format_], reference.measured_s / one.measured_s,
            note=f"{reference.step.moved_bytes / one.step.moved_bytes:.2f}x fewer bytes")
        for one in own if one is not reference
    )  # fmt: skip
    name = "llm-weight-only-speedup"
    return Comparison(
        name, "Weight-only int8 and int4 on an A100, gpt-fast: speed-up over bf16", "speed-up over bf16", "x",
        "software", sources(TABLE), compared, bounds_of(name), fits, _CANNOT,
        f"{_said(compared, timed)} {_sure(found)}",
    )  # fmt: skip


def _said(compared: tuple[Row, ...], timed: list[Timed]) -> str:
    """The outcome, and that of the simplest other form: bytes and a time per token, fitted to the model as deep."""
    deep = [one for one in timed if one.model == AS_DEEP]
    simple = fit(
        [[one.parts_s[0], 1.0] for one in deep], [one.measured_s for one in deep],
        names=("time per byte", "fixed time"), lower=(1.0, 0.0),
    )  # fmt: skip
    own = {one.label: float(simple.predict([one.parts_s[0], 1.0])) for one in timed}
    parts = ", ".join(f"{row.label.removeprefix(f'{JUDGED} ')} {row.predicted:.2f}x ({row.note})" for row in compared)
    others = " and ".join(f"{own[f'{JUDGED} {REFERENCE}'] / own[row.label]:.2f}x" for row in compared)
    return (
        f"Predicted: {parts}; the time of layers and of conversions does not shrink with the bytes. With bytes and one "
        f"time per token alone, fitted to the two rows of {AS_DEEP}, which is as deep: {others}."
    )


def _sure(found: Fit) -> str:
    """How sure the parameters are."""
    share, layer, conversions = (
        f"{value * scale:.3g} +- {error * scale:.2g} {unit}"
        for value, error, scale, unit in zip(
            found.values, found.standard_errors, (1, 1e6, 1e3), ("of the ideal", "us", "ms"), strict=True
        )
    )
    return f"Standard errors: time per byte {share}, of a layer {layer}, of a billion conversions {conversions}."


def _times(timed: list[Timed], found: Fit, fits: tuple[Fitted, ...]) -> Comparison:
    compared = []
    for one in timed:
        parts = np.array(one.parts_s) * found.values * 1e3
        split = f"{parts[0]:.2f} ms bytes + {parts[1]:.2f} ms layers + {parts[2]:.2f} ms conversions"
        role = "shown" if one.model == JUDGED else "fitted"
        note = f"{one.step.words}: {split}"
        compared.append(Row(one.label, float(parts.sum()), one.measured_s * 1e3, role, note))  # type: ignore[arg-type]
    name = "llm-weight-only-time"
    return Comparison(
        name, "Weight-only int8 and int4 on an A100, gpt-fast: time per token", "time per token", "ms", "software",
        sources(TABLE), tuple(compared), bounds_of(name), fits, _CANNOT,
    )  # fmt: skip
