"""How do two amounts stand to each other? A ratio of at least 1 that says its direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from accelsim.simulation.result import Result
from accelsim.units import ratio as shown

SAME = 0.005
"""Relative difference below which two amounts count as the same: less than a third digit shows."""


@dataclass(frozen=True)
class Ratio:
    """How an amount stands to the reference.

    Parameters
    ----------
    value : float or None
        At least 1; None where one of the amounts is unknown or not positive.
    direction : {"less", "more", "same", "unknown"}
        Which way the amount itself differs.
    text : str
        "3.10x less energy", "2.05x faster", "the same energy".
    """

    value: float | None
    direction: Literal["less", "more", "same", "unknown"]
    text: str


@dataclass(frozen=True)
class Metric:
    """One amount of a result that ratios are given for, and how each direction is called."""

    amount: Callable[[Result], float | None]
    less: str
    more: str
    same: str


METRICS: Mapping[str, Metric] = {
    "energy_pj": Metric(lambda one: one.energy_pj, "less energy", "more energy", "the same energy"),
    "latency_s": Metric(lambda one: one.latency_s, "faster", "slower", "just as fast"),
    "edp_pj_s": Metric(lambda one: one.edp_pj_s, "lower EDP", "higher EDP", "the same EDP"),
    "dram_bits": Metric(lambda one: one.dram_bits, "less DRAM traffic", "more DRAM traffic", "the same DRAM traffic"),
    "mac_pj": Metric(lambda one: mac_pj(one), "less MAC energy", "more MAC energy", "the same MAC energy"),
    "peak_macs_per_cycle": Metric(
        lambda one: one.peak_macs_per_cycle,
        "fewer MACs per cycle at peak",
        "the MACs per cycle at peak",
        "the same MAC rate at peak",
    ),
    "achieved_macs_per_cycle": Metric(
        lambda one: one.achieved_macs_per_cycle,
        "fewer MACs per cycle achieved",
        "the MACs per cycle achieved",
        "the same MACs per cycle achieved",
    ),
    "weight_bytes": Metric(
        lambda one: one.memory.weight_bytes, "smaller weights", "larger weights", "weights of the same size"
    ),
    "peak_memory_bytes": Metric(lambda one: one.memory.peak_bytes, "less memory", "more memory", "the same memory"),
}


def mac_pj(result: Result) -> float | None:
    """Return the energy of all multiplies and the adds of their products, in pJ."""
    parts = [result.energy_breakdown_pj.get(part, 0.0) for part in ("multiply", "add")]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def compare_amounts(value: float | None, reference: float | None, less: str, more: str, same: str) -> Ratio:
    """Return the ratio of two amounts, the larger over the smaller.

    >>> compare_amounts(2.0, 6.2, "less energy", "more energy", "the same energy").text
    '3.10x less energy'
    """
    if value is None or reference is None:
        return Ratio(None, "unknown", "unknown")
    if value == reference:
        return Ratio(1.0, "same", same)
    if value <= 0 or reference <= 0:
        return Ratio(None, "unknown", "not comparable")
    factor = max(value / reference, reference / value)
    if factor < 1 + SAME:
        return Ratio(factor, "same", same)
    return (
        Ratio(factor, "less", f"{shown(factor)} {less}")
        if value < reference
        else Ratio(factor, "more", f"{shown(factor)} {more}")
    )


def against(result: Result, reference: Result, metric: str) -> Ratio:
    """Return how a result stands to the reference in one of `METRICS`."""
    how = METRICS[metric]
    return compare_amounts(how.amount(result), how.amount(reference), how.less, how.more, how.same)
