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

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# ---- roles: what is asked of one loop's digit, a letter each -------------------------------------

FREE = "F"
"""Any value: sum over all tiles."""
ZERO = "Z"
"""The first tile only."""
STEP = "S"
"""Any but the first: the states entered by an advance of this loop."""
STILL = "="
"""The loop, a temporal one, does not move here: the lead has a single tile."""
LAST = "L"
"""The lead's last tile."""
LEFT = "<"
"""Any but the lead's last: the states that an advance of this loop leaves."""
FINAL = "I"
"""The tile of the last instance."""


@dataclass(frozen=True)
class Digit:
    """One loop of a chain: the tile that it hands down and its nominal bound, one entry a case."""

    tile: Ints
    bound: Ints
    spatial: bool = False


_Class = tuple[Ints, Ints, Ints]  # weight, length of the lead, own length


class Chain:
    """The loops of one dimension, outermost first.

    Conditions that begin alike share the work of their beginning, so that many cost little more than one.

    Parameters
    ----------
    extent : int64 array, shape (n,)
        Extent of the dimension in each case.
    digits : sequence of Digit
    """

    def __init__(self, extent: Ints, digits: Sequence[Digit]) -> None:
        self.extent, self.digits = extent, digits
        self._classes: dict[str, list[_Class]] = {"": [(np.ones_like(extent), extent, extent)]}

    def positions(self, roles: str) -> Ints:
        """Return how many positions in ``[0, extent)`` have the digits that are asked for.

        Parameters
        ----------
        roles : str
            Of the outermost loops, a letter each; positions below the last of them are all counted.

        Returns
        -------
        int64 array, shape (n,)
        """
        return _total([weight * own for weight, _, own in self._of(roles)])

    def positions_where(self, still: Sequence[Bools | None]) -> Ints:
        """Return how many positions have loops that do not move where that is asked; all other digits are free."""
        classes = self._classes[""]
        for digit, where in zip(self.digits, still, strict=True):
            if where is not None:
                classes = [(weight * ((lead <= digit.tile) | ~where), lead, own) for weight, lead, own in classes]
            classes = _split(classes, digit, FREE)
        return _total([weight * own for weight, _, own in classes])

    def states(self, roles: str) -> Ints:
        """Return how many non-empty tiles have the digits that are asked for, shape (n,)."""
        return _total([weight * (own > 0) for weight, _, own in self._of(roles.rstrip(ZERO))])

    def _of(self, roles: str) -> list[_Class]:
        found = self._classes.get(roles)
        if found is None:
            role, outside = roles[-1], roles[:-1]
            if role in (ZERO, STILL):  # tiles shrink from loop to loop: the innermost of several decides
                outside = roles.rstrip(role)
            found = self._classes[roles] = _descend(self._of(outside), self.digits[len(roles) - 1], role)
        return found


def _total(parts: Sequence[Ints]) -> Ints:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _before_last(lead: Ints, tile: Ints) -> Ints:
    """Tiles of the lead before its last; a class of tiles may be empty in some cases."""
    found: Ints = np.maximum(lead - 1, 0) // tile
    return found


def _descend(classes: list[_Class], digit: Digit, role: str) -> list[_Class]:
    tile = digit.tile
    if role == ZERO:
        return [(weight, np.minimum(lead, tile), np.minimum(own, tile)) for weight, lead, own in classes]
    if role == STILL:  # a single tile is as long as what it is a tile of
        return [(weight * (lead <= tile), lead, own) for weight, lead, own in classes]
    if role == LAST:
        last = [_before_last(lead, tile) * tile for _, lead, _ in classes]
        return [
            (weight, lead - start, _within(own - start, tile))
            for (weight, lead, own), start in zip(classes, last, strict=True)
        ]
    if role == FINAL:
        start = tile * (digit.bound - 1)
        return [(weight, np.minimum(lead, tile), _within(own - start, tile)) for weight, lead, own in classes]
    if role == LEFT:  # these tiles are all full, of the lead
        classes = [(weight * _before_last(lead, tile), lead, own) for weight, lead, own in classes]
        return [(weight, np.minimum(lead, tile), np.minimum(own, tile)) for weight, lead, own in classes]
    return _split(classes, digit, role)


def _within(length: Ints, tile: Ints) -> Ints:
    """A length, at least 0 and at most a tile."""
    found: Ints = np.minimum(np.maximum(length, 0), tile)
    return found


def _split(classes: list[_Class], digit: Digit, role: str) -> list[_Class]:
    """Classes of full tiles, all in one, and of the short ones that are left."""
    tile = digit.tile
    full_weights: list[Ints] = []
    short: list[_Class] = []
    for weight, lead, own in classes:
        full, rest = np.divmod(own, tile)
        lead_of_rest = np.minimum(tile, lead if digit.spatial else lead - full * tile)
        rest_weight = weight
        if role == STEP:
            rest_weight = weight * (full > 0)
            full = np.maximum(full - 1, 0)
        full_weights.append(weight * full)
        if (rest * rest_weight).any():
            short.append((rest_weight, lead_of_rest, rest))
    return [(_total(full_weights), tile, tile), *short]
