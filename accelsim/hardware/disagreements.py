"""On which costs do published sources disagree, and do the ranges that the project states hold them all?"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from accelsim.hardware.catalog import load_profile
from accelsim.hardware.dram import dram_pj_per_bit
from accelsim.hardware.node_scaling import energy_ratio
from accelsim.library import packaged

ROUNDING = 0.01
"""A published figure of two or three digits may lie so far outside a range and still be its end."""

Stands = Literal["chosen", "in range", "apart"]


@dataclass(frozen=True)
class Figure:
    """One published figure of a cost.

    Parameters
    ----------
    quantity, unit : str
        Which cost; figures of one quantity are of the same thing.
    value : float
    what : str
        What was counted, under which conditions.
    source : str
        Key of the work.
    status : str
    where : str
        The project's number whose range must hold it: ``PROFILE:field``, ``dram:TECHNOLOGY`` or ``node:FROM>TO``; ""
        for none.
    stands : {"chosen", "in range", "apart"}
    why : str
        Why it stands apart.
    """

    quantity: str
    unit: str
    value: float
    what: str
    source: str
    status: str
    where: str
    stands: Stands
    why: str


def figures() -> Iterator[Figure]:
    """Yield the figures of ``data/disagreeing_costs.csv``, those of one quantity together."""
    lines = packaged("hardware/data/disagreeing_costs.csv").splitlines()
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        yield Figure(**{**row, "value": float(row["value"])})  # type: ignore[arg-type]


def stated_range(where: str) -> tuple[float, float, float]:
    """Return the least, the value and the most of a number of the project.

    Parameters
    ----------
    where : str
        ``horowitz-45nm:multiply_pj.fp32``; fields may be added with ``+`` and multiplied by a count with ``*``;
        ``dram:hbm2``; ``node:45>7``.
    """
    kind, _, path = where.partition(":")
    if kind == "dram":
        cost = dram_pj_per_bit(path)
        return cost.least, cost.value, cost.most
    if kind == "node":
        ratio, low, high, _ = energy_ratio(*(float(node) for node in path.split(">")))
        return low, ratio, high
    numbers = dict(load_profile(kind).numbers())
    ends = [0.0, 0.0, 0.0]
    for part in path.split("+"):
        name, _, times = part.partition("*")
        number, count = numbers[name], float(times or 1)
        ends = [have + count * one for have, one in zip(ends, (number.least, number.value, number.most), strict=True)]
    return ends[0], ends[1], ends[2]


def held(figure: Figure) -> bool:
    """Return whether the range of the project's number holds a figure; true of one that stands apart."""
    if not figure.where:
        return True
    least, value, most = stated_range(figure.where)
    if figure.stands == "chosen":
        return abs(figure.value - value) <= ROUNDING * value
    return least * (1 - ROUNDING) <= figure.value <= most * (1 + ROUNDING)
