"""How fast does a language model decode, by number format and software stack, on a chip that was not fitted to?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Fitted, Row
from accelsim.validation.measurements import rows, sources
from accelsim.validation.studies._language import bandwidth_bytes_per_s, decode_step, mean
from accelsim.validation.studies._stacks import leave_one_out

APPLE, STACKS = "llm_decode_apple", "llm_decode"

_CANNOT = (
    "All chips of a stack share one efficiency and one fixed time; kernels that suit one better than "
    "another, and clocks of processors, do not enter.",
    "The fixed time is all that does not shrink with the bytes: launches, attention, sampling, the work of the host.",
    "That bytes and multiplies overlap is assumed: a device whose converters or multipliers are slower than its memory "
    "looks as if it had a lower efficiency.",
)


@dataclass(frozen=True)
class Measured:
    """One measurement, and what accelsim says of its step: seconds are those of bytes over peak bandwidth."""

    stack: str
    device: str
    chip: str
    words: tuple[str, str, str]
    measured_s: float
    ideal_s: float
    moved_bytes: float

    def label(self, beside: list[Measured]) -> str:
        """Device and format, with model and context where the measurements beside it differ in them."""
        format_, model, context = self.words
        parts = [self.device, format_]
        parts += [model] * (len({one.words[1] for one in beside}) > 1)
        parts += [context] * (len({one.words[2] for one in beside}) > 1)
        return " ".join(parts)


def comparisons() -> list[Comparison]:
    """Return Llama 2 7B on Apple chips, and everything else by stack."""
    return [
        _compared("llm-decode-apple", "Llama 2 7B on Apple M1 and M2, llama.cpp Metal: time per token", APPLE),
        _compared("llm-decode-stacks", "Language models by software stack: time per token", STACKS),
    ]


def _measured(row: dict[str, str]) -> Measured:
    context = int(row["context"])
    step = decode_step(row["model"], row["format"], context)
    stated = float(row["bandwidth_gb_per_s"]) * 1e9
    ideal = step.moved_bytes / (bandwidth_bytes_per_s(row["profile"]) if row["profile"] else stated)
    words = (row["format"], row["model"], f"at context {context}")
    measured_s = 1 / float(row["tokens_per_s"])
    return Measured(row["stack"], row["device"], row["chip"], words, measured_s, ideal, step.moved_bytes)


def _compared(name: str, title: str, table: str) -> Comparison:
    found = [_measured(row) for row in rows(table)]
    compared: list[Row] = []
    fitted: list[Fitted] = []
    said = []
    for stack in dict.fromkeys(one.stack for one in found):
        own = [one for one in found if one.stack == stack]
        rows_, fits = _stack(stack, own)
        compared += rows_
        fitted += fits
        said.append(_said(stack, own, rows_))
    return Comparison(
        name, title, "time per token", "ms", "software", sources(table), tuple(compared), bounds_of(name),
        tuple(fitted), _CANNOT, " ".join(said),
    )  # fmt: skip


def _stack(stack: str, found: list[Measured]) -> tuple[list[Row], list[Fitted]]:
    """The rows of one stack, each predicted from the other chips, and what was fitted."""
    design = np.array([[one.ideal_s, 1.0] for one in found])
    measured = np.array([one.measured_s for one in found])
    out = leave_one_out(
        design, measured, [one.chip for one in found], ("time per byte", "fixed time"), lower=(1.0, 0.0)
    )  # fmt: skip
    rows_ = [
        Row(one.label(found), float(ours) * 1e3, one.measured_s * 1e3, group=stack,
            note=f"{one.moved_bytes / 1e9:.2f} GB; ideal roofline {one.ideal_s / one.measured_s - 1:+.0%}")
        for one, ours in zip(found, out.predicted, strict=True)
    ]  # fmt: skip
    labels = tuple(row.label for row in rows_)
    slope, (low, high) = float(out.values[0]), out.spread[0]
    fixed, spread = float(out.values[1]) * 1e3, (out.spread[1][0] * 1e3, out.spread[1][1] * 1e3)
    return rows_, [
        Fitted("efficiency", 1 / slope, "of the bandwidth", labels, stack, True, (1 / high, 1 / low)),
        Fitted("fixed time per token", fixed, "ms", labels, stack, True, spread),
    ]


def _said(stack: str, found: list[Measured], rows_: list[Row]) -> str:
    ideal = mean([one.ideal_s / one.measured_s - 1 for one in found])
    speed = mean([row.measured / row.predicted - 1 for row in rows_])
    chips = len({one.chip for one in found})
    return (
        f"{stack} ({chips} chips): {mean([row.error for row in rows_]):.1%} of the time per token, {speed:.1%} of "
        f"the tokens per second; the ideal roofline errs by {ideal:.1%} of the time."
    )
