"""What has been decided of many mappings so far? Partial mappings of one skeleton, from the MACs outward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.case import Ints
from accelsim.workload.shape import DIMS

Bools = NDArray[np.bool_]
COLUMN = {dim: number for number, dim in enumerate(DIMS)}
"""The column of every dimension in arrays of tiles."""


@dataclass(frozen=True)
class Partial:
    """Partial mappings, a row each: everything inside ``place`` is decided, and it.

    Parameters
    ----------
    place : int
        The outermost decided place of the skeleton; its number of places if none is.
    top : int64 array, shape (rows, 8)
        The tile of every dimension that stands above it.
    tiles : mapping from place to int64 array, shape (rows, 8)
        The tile at every decided node.
    spread : mapping from place to int64 array, shape (rows, 8)
        The instances over which every decided group of fan-outs spreads a dimension.
    ways : mapping from place to int64 array, shape (rows,)
        Which entry of the group's table of spreads that is.
    most : mapping from place to int64 array, shape (rows, 9)
        The most instances of every dimension, and of all at once, over a group that is only half decided.
    coarse : int64 array, shape (rows, 8), optional
        The largest tile above where a row still stands for a range of tiles, of which ``top`` is the smallest.
    base : int64 array, shape (rows, 8), optional
        The tile below those ranges, from which they grow.
    upper : mapping from place to int64 array, shape (rows, 8)
        The largest tile at decided nodes where rows stand for ranges.
    imagined : range
        Places whose tiles are made up, so that their room does not count.
    """

    place: int
    top: Ints
    tiles: Mapping[int, Ints] = field(default_factory=dict)
    spread: Mapping[int, Ints] = field(default_factory=dict)
    ways: Mapping[int, Ints] = field(default_factory=dict)
    most: Mapping[int, Ints] = field(default_factory=dict)
    coarse: Ints | None = None
    base: Ints | None = None
    upper: Mapping[int, Ints] = field(default_factory=dict)
    imagined: range = range(0)

    @classmethod
    def start(cls, places: int) -> Partial:
        """Return the one partial mapping in which nothing is decided."""
        return cls(places, np.ones((1, len(DIMS)), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.top)

    def take(self, rows: Ints) -> Partial:
        """Return some of the rows."""
        return replace(
            self,
            top=self.top[rows],
            tiles={place: tile[rows] for place, tile in self.tiles.items()},
            spread={place: spread[rows] for place, spread in self.spread.items()},
            ways={place: way[rows] for place, way in self.ways.items()},
            most={place: most[rows] for place, most in self.most.items()},
            coarse=None if self.coarse is None else self.coarse[rows],
            base=None if self.base is None else self.base[rows],
            upper={place: upper[rows] for place, upper in self.upper.items()},
        )

    def grown(self, column: int, tiles: Ints) -> Partial:
        """Return the same rows with another tile of one dimension above."""
        top = self.top.copy()
        top[:, column] = tiles
        if self.coarse is None:
            return replace(self, top=top)
        coarse = self.coarse.copy()
        coarse[:, column] = tiles
        return replace(self, top=top, coarse=coarse)

    def with_node(self) -> Partial:
        """Return the rows with the next node outward standing at the present tile."""
        return replace(self, place=self.place - 1).settled()

    def settled(self) -> Partial:
        """Return the rows with the outermost decided node at the tile that now stands on top."""
        upper = self.upper if self.coarse is None else {**self.upper, self.place: self.coarse}
        return replace(self, tiles={**self.tiles, self.place: self.top}, upper=upper)

    def widest(self, node: int) -> Ints:
        """Return the largest tile at a decided node that the rows stand for."""
        return self.upper.get(node, self.tiles[node])

    def with_spread(self, spread: Ints, ways: Ints, extents: Ints) -> Partial:
        """Return the rows with the next group of fan-outs outward spreading the present tile."""
        place = self.place - 1
        return replace(
            self,
            place=place,
            top=np.minimum(self.top * spread, extents),
            spread={**self.spread, place: spread},
            ways={**self.ways, place: ways},
            most={},
        )

    def half_spread(self, most: Ints) -> Partial:
        """Return the rows with the most that the next group of fan-outs can still become."""
        return replace(self, most={self.place - 1: most})

    def coarsely(self) -> Partial:
        """Return the rows as ranges of one tile each, the present one, that can be widened."""
        return replace(self, coarse=self.top, base=self.top)

    def finely(self) -> Partial:
        """Return rows whose ranges have shrunk to single tiles as such."""
        return replace(self, coarse=None, base=None, upper={})

    def resized(self, column: int, least: Ints, most: Ints) -> Partial:
        """Return the rows with another range of tiles of one dimension on top."""
        assert self.coarse is not None
        top, coarse = self.top.copy(), self.coarse.copy()
        top[:, column], coarse[:, column] = least, most
        return replace(self, top=top, coarse=coarse)
