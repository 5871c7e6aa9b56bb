"""What did measuring accuracy find? Every run, their spread over seeds, and what can be said of them.

noise     = sample standard deviation of the float network's accuracy over seeds
drop      = accuracy of the float network of the same seed - accuracy of the run
flat      = mean drop no larger than the noise
recovered = (mean of qat - mean of ptq) / (mean of float - mean of ptq)
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.quantization.training.accuracy_spread import FLOAT_BITS, AccuracyRun, AccuracySpread, spread_of

if TYPE_CHECKING:
    import pandas as pd


SCOPE = (
    "Small networks on 1797 images of 8 x 8 pixels say nothing of the accuracy that larger models lose: those have "
    "outliers, depth and classes that these do not. Published accuracy of larger models: accelsim.published_accuracy."
)
UNITS = {"bits": "bit", "accuracy": "1", "float_accuracy": "1", "drop": "1"}
"""Accuracy is a share of the test images."""


@dataclass(frozen=True)
class AccuracyTable:
    """Measured accuracy of small networks.

    Parameters
    ----------
    runs : tuple of AccuracyRun
    clip : str
        How the largest stored value was chosen.
    epochs : int
        Of training, and of training on.
    """

    runs: tuple[AccuracyRun, ...]
    clip: str
    epochs: int

    plot = Accessor("accelsim.report.plots:AccuracyPlots")

    @property
    def notes(self) -> tuple[str, ...]:
        """How it was measured, and what it cannot say."""
        images = self.runs[0].test_images
        return (
            f"{images} test images, so one is {1 / images:.2%}. Each seed has its own split, start and order. "
            f"{self.epochs} epochs; qat starts from the float network and trains it on for as many again, and is "
            "judged against the float network trained on as long.",
            f"Weights: 2^b - 1 values, clip {self.clip}. What layers read: 2^b values, one scale per tensor, fixed by "
            "256 training images. First and last layer too. Biases and results fp32.",
            SCOPE,
        )

    @property
    def spreads(self) -> tuple[AccuracySpread, ...]:
        """Spread over seeds, in the order of the runs."""
        groups: dict[tuple[str, str, str, int], list[AccuracyRun]] = {}
        for run in self.runs:
            groups.setdefault((run.network, run.method, run.granularity, run.bits), []).append(run)
        return tuple(spread_of(runs) for runs in groups.values())

    def spread(self, network: str, method: str, granularity: str, bits: int) -> AccuracySpread | None:
        """Return the spread of one kind of run; None where there is none."""
        wanted = network, method, granularity, bits
        found = (one for one in self.spreads if (one.network, one.method, one.granularity, one.bits) == wanted)
        return next(found, None)

    @property
    def findings(self) -> tuple[str, ...]:
        """What the runs show, a sentence each: where accuracy stays flat, where it falls, what training recovers."""
        return tuple(_findings(self.spreads))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per run; ``attrs["units"]`` names units, ``attrs["notes"]`` what it cannot say."""
        return _frame(self.to_dicts(), self.notes)

    def summary(self) -> pd.DataFrame:
        """Return one row per network, method, granularity and number of bits, with the spread over seeds."""
        return _frame([one.to_dict() for one in self.spreads], self.notes)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the runs as plain data."""
        return [run.to_dict() for run in self.runs]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: runs, spreads, findings and notes."""
        return {
            "runs": self.to_dicts(), "spreads": [one.to_dict() for one in self.spreads],
            "findings": list(self.findings), "notes": list(self.notes), "units": dict(UNITS),
        }  # fmt: skip

    def __repr__(self) -> str:
        kinds = ", ".join(dict.fromkeys(run.network for run in self.runs))
        return f"Measured accuracy of {kinds} on handwritten digits: {len(self.runs)} runs, clip {self.clip}"

    def _repr_html_(self) -> str:
        body = self.summary().to_html(index=False, float_format=lambda value: f"{value:.4f}", border=0)
        told = "".join(f"<p>{html.escape(text)}</p>" for text in (*self.findings, *self.notes))
        return f"<div><b>Measured accuracy on handwritten digits</b>{body}{told}</div>"


def _frame(rows: Sequence[dict[str, Any]], notes: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows)
    frame.attrs.update(units=dict(UNITS), notes=list(notes))
    return frame


def _findings(spreads: Sequence[AccuracySpread]) -> Iterator[str]:
    by_kind: dict[tuple[str, str, str], list[AccuracySpread]] = {}
    for one in spreads:
        if one.bits != FLOAT_BITS:
            by_kind.setdefault((one.network, one.method, one.granularity), []).append(one)
    for kind, found in by_kind.items():
        yield _flatness(kind, sorted(found, key=lambda one: -one.bits))
    for (network, method, span), found in by_kind.items():
        least = min(found, key=lambda one: one.bits)
        after = [one for one in by_kind.get((network, "ptq", span), []) if one.bits == least.bits]
        lost = after[0].drop if after else 0.0
        if method == "qat" and after and lost > 0:
            share = (least.mean - after[0].mean) / lost
            yield (
                f"{network}, {least.bits} bits per {span}: {after[0].mean:.1%} after training alone, {least.mean:.1%} "
                f"with quantization-aware training, which recovers {share:.0%} of what was lost."
            )


def _flatness(kind: tuple[str, str, str], falling: Sequence[AccuracySpread]) -> str:
    """Down to how many bits the mean drop stays within the noise, and what comes below."""
    network, method, span = kind
    who = f"{network}, {method} per {span}"
    least = falling[-1]
    if least.within_noise is None:
        return f"{who}: {least.mean:.1%} at {least.bits} bits; noise needs two seeds or more."
    flat = 0
    while flat < len(falling) and falling[flat].within_noise:
        flat += 1
    noise = f"within noise ({100 * least.noise:.1f} points)"
    if not flat:
        return f"{who}: not {noise} even at {falling[0].bits} bits, {100 * falling[0].drop:.1f} points lost."
    start = f"{who}: {noise} down to {falling[flat - 1].bits} bits"
    if flat == len(falling):
        return f"{start}, the fewest tried."
    lost = ", ".join(f"{100 * one.drop:.1f} at {one.bits}" for one in falling[flat:])
    return f"{start}; points lost below: {lost}."
