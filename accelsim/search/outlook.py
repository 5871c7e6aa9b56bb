"""What do the undecided nodes outside all fan-outs cost at least, given the tiles above the decided ones?"""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.search.partial import COLUMN, Bools, Partial
from accelsim.workload.shape import Shape


class Outlook:
    """The least that remains, by the number of tiles of the dimensions decided so far, or by its octave.

    Parameters
    ----------
    place : int
        Places outside it have an outlook.
    octaves : bool
        Whether tiles are laid out in octaves of their number, for want of room for all.
    """

    def __init__(self, place: int, *, octaves: bool) -> None:
        self.place, self.octaves = place, octaves
        self._tables: dict[int, tuple[tuple[str, ...], Ints, Floats, Floats]] = {}

    def add(self, place: int, dims: tuple[str, ...], keys: Ints, energy: Floats, bits: Floats) -> None:
        """Remember the least of what remains outside ``place`` for every key.

        Parameters
        ----------
        place : int
        dims : tuple of str
            The dimensions that the keys count.
        keys : int64 array, shape (rows,)
            As `key` returns them.
        energy, bits : float array, shape (rows,)
            In pJ, and of the outermost level; negative ones count as 0.
        """
        unique, inverse = np.unique(keys, return_inverse=True)
        least = [np.full(len(unique), np.inf) for _ in range(2)]
        for table, values in zip(least, (energy, bits), strict=True):
            np.minimum.at(table, inverse, np.maximum(values, 0.0))
        self._tables[place] = dims, unique, least[0], least[1]

    def key(self, dims: tuple[str, ...], tiles: Ints, shape: Shape) -> Ints:
        """Return the number of tiles of some dimensions, or its octave, as one number a row."""
        key = np.zeros(len(tiles), dtype=np.int64)
        for dim in dims:
            extent = shape.extents[dim]
            count = -(-extent // tiles[:, COLUMN[dim]])
            if self.octaves:
                key = key * 64 + np.floor(np.log2(count + 0.5)).astype(np.int64)
            else:
                key = key * (extent + 1) + count
        return key

    def rest(self, part: Partial, shape: Shape) -> tuple[Floats, Floats, Bools]:
        """Return energy, bits of the outermost level, and whether there is any way at all."""
        dims, keys, energy, bits = self._tables[min(part.place, self.place)]
        if not len(keys):
            return np.zeros(len(part)), np.zeros(len(part)), np.zeros(len(part), dtype=bool)
        key = self.key(dims, part.top, shape)
        where = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        return energy[where], bits[where], keys[where] == key
