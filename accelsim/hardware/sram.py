"""What does an access to an on-chip SRAM cost at another capacity or width? A table, interpolated.

The table holds one-bank, one-port memories computed with CACTI 7 at 45, 32 and 22 nm. Between its
points, energy, leakage and area are straight lines in the logarithms of capacity and width (leave-
one-out error of the read energy: 7% mean, 27% at most). Only ratios are taken from it, so a
published cost at one capacity keeps its level and changes by the table's slope.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Literal

from accelsim.library import packaged

SOURCE = "balasubramonian-taco2017"
Quantity = Literal["read_pj", "write_pj", "leakage_mw", "area_mm2"]
_COLUMNS: tuple[Quantity, ...] = ("read_pj", "write_pj", "leakage_mw", "area_mm2")


@dataclass(frozen=True)
class Grid:
    """The table at one node: logarithms of each quantity over capacity and width."""

    capacities: tuple[float, ...]
    widths: tuple[float, ...]
    logs: dict[Quantity, tuple[tuple[float, ...], ...]]


@cache
def _grids() -> dict[int, Grid]:
    lines = packaged("hardware/data/sram_cacti7.csv").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    grids = {}
    for node in sorted({int(row["node_nm"]) for row in rows}):
        at_node = {
            (int(row["capacity_bytes"]), int(row["width_bits"])): row for row in rows if int(row["node_nm"]) == node
        }
        capacities, widths = (tuple(sorted({key[axis] for key in at_node})) for axis in (0, 1))
        logs = {
            name: tuple(tuple(math.log(float(at_node[c, w][name])) for w in widths) for c in capacities)
            for name in _COLUMNS
        }
        grids[node] = Grid(tuple(map(math.log, capacities)), tuple(map(math.log, widths)), logs)
    return grids


def nearest_node(node_nm: float | None) -> int:
    """Return the tabulated node whose logarithm is nearest; 45 nm if the node is unknown."""
    if node_nm is None:
        return 45
    return min(_grids(), key=lambda node: abs(math.log(node / node_nm)))


def _segment(points: tuple[float, ...], x: float) -> tuple[int, float]:
    left = min(max(bisect_right(points, x) - 1, 0), len(points) - 2)
    return left, (x - points[left]) / (points[left + 1] - points[left])


def lookup(quantity: Quantity, capacity_bits: float, width_bits: float, node_nm: float | None = None) -> float:
    """Return a quantity of the tabulated SRAM: pJ per access, mW or mm2.

    Parameters
    ----------
    quantity : {"read_pj", "write_pj", "leakage_mw", "area_mm2"}
    capacity_bits, width_bits : float
        Beyond 1 KiB to 16 MiB or 32 to 256 bits the outermost segment is extended.
    node_nm : float, optional
        The nearest of 45, 32 and 22 nm is used as it stands.
    """
    grid = _grids()[nearest_node(node_nm)]
    c, along_c = _segment(grid.capacities, math.log(capacity_bits / 8))
    w, along_w = _segment(grid.widths, math.log(width_bits))
    table = grid.logs[quantity]
    at_left, at_right = (table[c][column] * (1 - along_c) + table[c + 1][column] * along_c for column in (w, w + 1))
    return math.exp(at_left * (1 - along_w) + at_right * along_w)


def extrapolated(capacity_bits: float, width_bits: float) -> bool:
    """Return whether a memory lies beyond the table (1 KiB to 16 MiB, 32 to 256 bits)."""
    return not (2**13 <= capacity_bits <= 2**27 and 32 <= width_bits <= 256)


def ratio(
    quantity: Quantity, old: tuple[float, float], new: tuple[float, float], node_nm: float | None = None
) -> float:
    """Return the factor by which a quantity changes from ``old`` to ``new`` (capacity bits, width bits).

    >>> round(ratio("read_pj", (2.0**23, 64.0), (2.0**21, 64.0), 45), 2) < 1
    True
    """
    return lookup(quantity, *new, node_nm) / lookup(quantity, *old, node_nm)


def law(old: tuple[float, float], new: tuple[float, float], node_nm: float | None) -> str:
    """Return the sentence that states a rescaling, its node and whether it leaves the table."""
    from accelsim.units import capacity

    what = f"{capacity(old[0])} at {old[1]:g} bits to {capacity(new[0])} at {new[1]:g} bits"
    text = f"CACTI 7 ratio from {what} in the {nearest_node(node_nm)} nm table"
    beyond = extrapolated(*old) or extrapolated(*new)
    return text + (", extrapolated beyond 1 KiB to 16 MiB or 32 to 256 bits" if beyond else "")
