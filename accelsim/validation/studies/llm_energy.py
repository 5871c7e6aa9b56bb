"""How many joules does a decode step take on an H100, against the batch and for a model that was not fitted to?

::

    energy of a step = pJ per bit * bits moved + pJ per multiply * multiplies

Both costs are all-in: power that flows whether or not anything happens is in them, and in the second all that grows
with the batch. For one model at one context, time, bits, multiplies and tokens are all straight lines in the batch, so
its rows identify two parameters and no third one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accelsim.explore.calibration.least_squares import Fit, fit
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Fitted, Role, Row
from accelsim.validation.measurements import DATA, rows, sources
from accelsim.validation.statistics import mape
from accelsim.validation.studies._language import Step, bandwidth_bytes_per_s, chip_of, decode_step

TABLE = "llm_energy"
PROFILE = "h100"
MODEL, OTHER, LARGER = "llama-3-8b", "qwen3-8b", "qwen3-14b"
PROMPT_TOKENS = 128
"""Mean length of a prompt, assumed: the source does not state it. Half or twice as much changes a prediction of the
other model by less than 1%."""
MOST = 128
"""Largest batch that is judged."""

_CANNOT = (
    "Energy of the prompts' prefill is in that of the tokens, and of the fitted costs.",
    f"The context is that of the answers, by their published lengths, and prompts of {PROMPT_TOKENS} tokens, assumed.",
    "Where power ends and work begins: with one straight line, power times time, pJ per bit and pJ per multiply cannot "
    "be told apart; the two costs are larger than those of the memory and of the multipliers alone.",
    "The largest batches, where requests wait and the clock falls at the power limit.",
)


@dataclass(frozen=True)
class Run:
    """A model at a batch, its step, and the joules that were measured."""

    model: str
    batch: float
    step: Step
    measured_j: float

    @property
    def label(self) -> str:
        """Model and batch."""
        return f"{self.model} at batch {round(self.batch)}"

    @property
    def parts(self) -> tuple[float, float]:
        """Bits moved and multiplies, in 10^12, so that their costs in joules are those of one in pJ."""
        return self.step.moved_bytes * 8e-12, self.step.macs * 1e-12

    @property
    def simple_j(self) -> float:
        """What the shipped profile alone says: the design power times the roofline's time of the bytes."""
        tdp = chip_of(PROFILE).tdp_w
        assert tdp is not None
        return tdp.value * self.step.moved_bytes / bandwidth_bytes_per_s(PROFILE)


def comparisons() -> list[Comparison]:
    """Return small batches that predict larger ones, and another model that predicts this one."""
    runs = [_run(row) for row in rows(TABLE)]
    own = [one for one in runs if one.model == MODEL]
    return [
        _compared(
            "llm-energy-batches", "Llama 3.1 8B on an H100: joules per decode step, from batches of 8 to 32", own,
            lambda one: "fitted" if one.batch < 40 else "judged" if one.batch <= MOST else "shown",
        ),
        _compared(
            "llm-energy-other-model", "Llama 3.1 8B on an H100: joules per decode step, from Qwen3 8B",
            [one for one in runs if one.model == MODEL or one.batch <= MOST],
            lambda one: "fitted" if one.model == OTHER
            else "judged" if one.model == MODEL and one.batch <= MOST else "shown",
        ),
    ]  # fmt: skip


def _run(row: dict[str, str]) -> Run:
    batch, context = float(row["batch"]), int(row["attended"]) + PROMPT_TOKENS
    model = row["model"] if row["model"] == MODEL else str(DATA / f"{row['model']}.yaml")
    step = decode_step(model, "BF16", context, round(batch), PROFILE)
    return Run(row["model"], batch, step, float(row["joules_per_token"]) * batch)


def fitted_to(runs: list[Run]) -> Fit:
    """Return pJ per bit moved and pJ per multiply, in relative least squares."""
    return fit([one.parts for one in runs], [one.measured_j for one in runs], names=("pJ per bit", "pJ per multiply"))


def _compared(name: str, title: str, runs: list[Run], role: Callable[[Run], Role]) -> Comparison:
    seen = [one for one in runs if role(one) == "fitted"]
    found = fitted_to(seen)
    labels = tuple(one.label for one in seen)
    compared = tuple(
        Row(one.label, float(found.predict(one.parts)), one.measured_j, role(one), note=_note(one)) for one in runs
    )  # fmt: skip
    judged = [one for one in runs if role(one) == "judged"]
    simple = mape([Row(one.label, one.simple_j, one.measured_j) for one in judged])
    fitted = tuple(
        Fitted(f"energy {what.removeprefix('pJ ')}", found.value(what), "pJ", labels) for what in found.names
    )
    return Comparison(
        name, title, "energy per step", "J", "silicon", sources(TABLE), compared, bounds_of(name), fitted, _CANNOT,
        f"The shipped profile alone, its design power times the roofline's time, errs by {simple:.0%}."
        + _larger(compared, runs),
    )  # fmt: skip


def _larger(compared: tuple[Row, ...], runs: list[Run]) -> str:
    """What the costs say of a larger model, where there is one."""
    errors = [row.error for row, one in zip(compared, runs, strict=True) if one.model == LARGER]
    if not errors:
        return ""
    return (
        f" The same costs overstate {LARGER} by {min(errors):.0%} to {max(errors):.0%} (shown): what grows with the "
        "tokens and not with the model is in the cost of a multiply."
    )


def _note(one: Run) -> str:
    return f"{one.step.moved_bytes / 1e9:.1f} GB, {one.step.macs / 1e9:,.0f} G multiplies"
