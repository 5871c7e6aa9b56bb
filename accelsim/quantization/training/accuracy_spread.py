"""How far do runs differ that differ by their seed only?

Noise is the sample standard deviation of the float network's accuracy over seeds; a drop is against the float network
of the same seed, trained as long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

FLOAT_BITS = 32
"""Bits of a run that is not quantized."""


@dataclass(frozen=True)
class AccuracyRun:
    """One network, trained, stored and tested.

    Parameters
    ----------
    network : {"perceptron", "cnn"}
    method : {"ptq", "qat"}
        Quantized after training, or trained on with its storage.
    granularity : {"tensor", "channel", "none"}
        Weights that share a scale; none = not quantized.
    bits : int
        Of weights and activations; 32 = fp32.
    seed : int
    accuracy, float_accuracy : float
        Share of the test images named right: by this run, and by the float network of the same seed that was trained
        as long.
    test_images : int
    """

    network: str
    method: str
    granularity: str
    bits: int
    seed: int
    accuracy: float
    float_accuracy: float
    test_images: int

    @property
    def drop(self) -> float:
        """What is lost against the float network of the same seed, trained as long."""
        return self.float_accuracy - self.accuracy

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self) | {"drop": self.drop}


@dataclass(frozen=True)
class AccuracySpread:
    """Runs that differ by their seed only.

    Parameters
    ----------
    network, method, granularity, bits
        As of each run.
    seeds : int
        How many runs.
    mean, std, least, most : float
        Of the accuracy; std is the sample's, NaN of one run.
    drop, drop_error : float
        Mean drop and its standard error, std / sqrt(seeds).
    noise : float
        Standard deviation of the float network's accuracy over the same seeds; NaN of one.
    """

    network: str
    method: str
    granularity: str
    bits: int
    seeds: int
    mean: float
    std: float
    least: float
    most: float
    drop: float
    drop_error: float
    noise: float

    @property
    def within_noise(self) -> bool | None:
        """Whether the mean drop is no larger than the noise; None of one seed."""
        return None if math.isnan(self.noise) else self.drop <= self.noise

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; what one seed cannot tell is None."""
        own = {name: None if value != value else value for name, value in asdict(self).items()}
        return own | {"within_noise": self.within_noise}


def spread_of(runs: Sequence[AccuracyRun]) -> AccuracySpread:
    """Return the spread of runs that differ by their seed only."""
    found = [run.accuracy for run in runs]
    drops = [run.drop for run in runs]
    several = len(runs) > 1
    first = runs[0]
    return AccuracySpread(
        first.network, first.method, first.granularity, first.bits, len(runs), fmean(found),
        stdev(found) if several else math.nan, min(found), max(found), fmean(drops),
        stdev(drops) / math.sqrt(len(runs)) if several else math.nan,
        stdev(run.float_accuracy for run in runs) if several else math.nan,
    )  # fmt: skip
