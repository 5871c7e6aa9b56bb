"""How many positions of one loop dimension satisfy a condition on their loop indices?

A chain of loops over one dimension writes each position ``x`` in ``[0, extent)`` in a mixed radix:
``digit = x // tile, x = x % tile``, loop by loop. A tile of a mapping is the set of positions that
share the digits of the loops outside it, so every sum of tile lengths over loop states is the count
of positions whose digits are free, zero, at least one ... The last tile may be short: the count stays
exact, because each loop leaves one full class of tiles and one remainder class.

Under a spatial loop the iteration count of a temporal loop inside it is that of instance 0 (the
*lead*, whose tile is the longest); the length that an instance owns is followed beside the lead's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Role(Enum):
    """What is asked of one loop's digit."""

    FREE = auto()
    """Any value: sum over all tiles."""
    ZERO = auto()
    """The first tile only."""
    STEP = auto()
    """Any but the first: the states entered by an advance of this loop."""
    STILL = auto()
    """The loop does not move here: the lead has a single tile."""
    LAST = auto()
    """The lead's last tile."""
    LEFT = auto()
    """Any but the lead's last: the states that an advance of this loop leaves."""
    AT = auto()
    """The tile of one instance, ``index``."""


@dataclass(frozen=True)
class Digit:
    """One loop of a chain: the tile it hands down (one entry a case), what is asked of its digit.

    ``where``, if given, limits the condition to those cases; elsewhere the digit is free.
    ``index`` is the instance that `Role.AT` asks for.
    """

    tile: Ints
    role: Role
    spatial: bool = False
    where: Bools | None = None
    index: Ints | None = None


_Class = tuple[Ints, Ints, Ints]  # weight, length of the lead, own length


def positions(extent: Ints, chain: Sequence[Digit]) -> Ints:
    """Return how many positions in ``[0, extent)`` have the digits that ``chain`` asks for.

    Parameters
    ----------
    extent : int64 array, shape (n,)
        Extent of the dimension in each case.
    chain : sequence of Digit
        Loops of the dimension, outermost first; positions below the last loop are all counted.

    Returns
    -------
    int64 array, shape (n,)
    """
    total = np.zeros_like(extent)
    for weight, _, own in _classes(extent, chain):
        total = total + weight * own
    return total


def states(extent: Ints, chain: Sequence[Digit]) -> Ints:
    """Return how many non-empty tiles have the digits that ``chain`` asks for, shape (n,)."""
    total = np.zeros_like(extent)
    for weight, _, own in _classes(extent, chain):
        total = total + weight * (own > 0)
    return total


def _classes(extent: Ints, chain: Sequence[Digit]) -> list[_Class]:
    classes = [(np.ones_like(extent), extent, extent)]
    for digit in chain:
        classes = _descend(classes, digit)
    return classes


def _before_last(lead: Ints, tile: Ints) -> Ints:
    """Tiles of the lead before its last; a class of tiles may be empty in some cases."""
    found: Ints = np.maximum(lead - 1, 0) // tile
    return found


def _descend(classes: list[_Class], digit: Digit) -> list[_Class]:
    tile = digit.tile
    if digit.role is Role.ZERO:
        return [(weight, np.minimum(lead, tile), np.minimum(own, tile)) for weight, lead, own in classes]
    if digit.role is Role.LAST:
        last = [_before_last(lead, tile) * tile for _, lead, _ in classes]
        return [
            (weight, lead - start, np.clip(own - start, 0, tile))
            for (weight, lead, own), start in zip(classes, last, strict=True)
        ]
    if digit.role is Role.AT:
        assert digit.index is not None
        start = tile * digit.index
        return [(weight, np.minimum(lead, tile), np.clip(own - start, 0, tile)) for weight, lead, own in classes]
    if digit.role is Role.LEFT:  # these tiles are all full, of the lead
        classes = [(weight * _before_last(lead, tile), lead, own) for weight, lead, own in classes]
        return [(weight, np.minimum(lead, tile), np.minimum(own, tile)) for weight, lead, own in classes]
    if digit.role is Role.STILL:
        if digit.where is None:
            return [(weight * (lead <= tile), lead, own) for weight, lead, own in classes]
        classes = [(weight * ((lead <= tile) | ~digit.where), lead, own) for weight, lead, own in classes]
    full_weight = np.zeros_like(tile)
    short: list[_Class] = []
    for weight, lead, own in classes:
        full, rest = np.divmod(own, tile)
        lead_of_rest = np.minimum(tile, lead if digit.spatial else lead - full * tile)
        rest_weight = weight
        if digit.role is Role.STEP:
            rest_weight = weight * (full > 0)
            full = np.maximum(full - 1, 0)
        full_weight = full_weight + weight * full
        if (rest * rest_weight).any():
            short.append((rest_weight, lead_of_rest, rest))
    return [(full_weight, tile, tile), *short]
