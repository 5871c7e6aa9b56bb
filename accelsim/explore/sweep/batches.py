"""Which points does one process work on together? Those of one chip, because equal layers on it are searched once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import ceil

from accelsim.explore.sweep.point import Point

Batch = list[Point]

LARGEST = 32
"""Points of one batch at most: they travel to a process at once."""

SHARES = 4
"""Batches that every process gets at least, where there are as many points, so that all end about together."""


def batches(points: Sequence[Point], jobs: int) -> list[Batch]:
    """Return the points in batches for ``jobs`` processes, those of a chip in one if that leaves enough for all.

    A chip with more than its share of the points is divided by scheme, and a scheme with more than that as it comes.
    """
    share = ceil(len(points) / (SHARES * jobs)) if jobs > 1 else len(points)
    most = max(1, min(LARGEST, share))
    found: list[Batch] = []
    for chip in _grouped(points, _chip):
        for group in [chip] if len(chip) <= most else _grouped(chip, _scheme):
            found += [group[start : start + most] for start in range(0, len(group), most)]
    return found


def _grouped(points: Sequence[Point], key: Callable[[Point], Hashable]) -> list[Batch]:
    groups: dict[Hashable, Batch] = {}
    for point in points:
        groups.setdefault(key(point), []).append(point)
    return list(groups.values())


def _chip(point: Point) -> Hashable:
    return point.job and point.job.chip.digest


def _scheme(point: Point) -> Hashable:
    return point.job and point.job.scheme.name
