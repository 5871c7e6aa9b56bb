"""Which of many mappings have a dimension tiled alike? Their distinct tilings, and which each mapping has."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from accelsim.mapping.cases import Cases, LoopLine
from accelsim.mapping.digits import Chain, Digit, Ints

FEW = 256
"""Up to this many mappings, looking for distinct tilings costs more than it saves."""


@dataclass(frozen=True)
class Tilings:
    """The distinct tilings of some dimensions above a line.

    Parameters
    ----------
    first : int64 array, shape (tilings,)
        The first case that has each.
    inverse : int64 array, shape (cases,), or None
        Which tiling each case has; None where every case has its own.
    loops : dict of dimension to list of LoopLine
        The loops above the line, with one tile a tiling.
    chains : dict of dimension to Chain
        The same loops.
    """

    first: Ints
    inverse: Ints | None
    loops: dict[str, list[LoopLine]]
    chains: dict[str, Chain]

    @classmethod
    def of(cls, cases: Cases, loops: dict[str, list[LoopLine]]) -> Tilings:
        """Return the distinct tilings among the cases."""
        inverse: Ints | None = None
        first = np.arange(len(cases.shape_of))
        extent = {dim: cases.extent[dim] for dim in loops}
        if not cases.apart and len(first) > FEW:
            first, inverse = _distinct([cases.shape_of, *(loop.tile for chain in loops.values() for loop in chain)])
            loops = {dim: [loop.at(first) for loop in chain] for dim, chain in loops.items()}
            extent = {dim: column[first] for dim, column in extent.items()}
        chains = {
            dim: Chain(extent[dim], [Digit(loop.tile, loop.bound, loop.spatial) for loop in chain])
            for dim, chain in loops.items()
        }
        return cls(first, inverse, loops, chains)


def _distinct(columns: list[Ints]) -> tuple[Ints, Ints]:
    """The first of each distinct row of some columns of small numbers, and which of them each row is."""
    count = len(columns[0])
    radix = [int(column.max()) + 1 for column in columns]
    if prod(radix) >= 2**62:
        _, first, inverse = np.unique(np.stack(columns, axis=1), axis=0, return_index=True, return_inverse=True)
        return first, inverse.reshape(-1)
    code = np.zeros_like(columns[0])
    for column, base in zip(columns, radix, strict=True):
        code = code * base + column
    if prod(radix) > 8 * count:
        _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        return first, inverse
    seen = np.full(prod(radix), -1)
    seen[code[::-1]] = np.arange(count)[::-1]  # the first of a code is written last
    found = np.flatnonzero(seen >= 0)
    rank = np.empty(len(seen), dtype=np.int64)
    rank[found] = np.arange(len(found))
    return seen[found], rank[code]
