"""How do the logical sets of a row-stationary pass lie on an array, and which loops and steps does that make?

The parameters have the names of Chen et al., JSSC 2017; docs/row-stationary.md explains them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from accelsim.mapping.growth import Ints
from accelsim.mapping.nest import Nest
from accelsim.workload.shape import Shape

BLOCKS: tuple[tuple[str, ...], ...] = (
    ("G", "B", "OX", "OY", "K"),  # outside the buffered partial sums
    ("C", "FY", "FX"),  # outside the buffered inputs
    ("K",),  # outside the buffered filters
    ("K", "C", "OY", "FY"),  # across the rows
    ("K", "C", "OY"),  # across the columns
    ("B", "OX"),  # outside the PE's inputs and partial sums
    ("C", "FX", "K"),
)
"""Loops of the nest, outermost first."""


@dataclass(frozen=True)
class LogicalSets:
    """How the sets of one pass lie on an array.

    Parameters
    ----------
    taps : int
        Filter rows of a set, so its height.
    e : int
        Output rows of a set, so its width.
    segments : int
        Parts that a set is folded into, below each other.
    across, down : (int, int)
        Replicas side by side and below each other: over channels, and over filters.
    p, q : int
        Filters and channels that one PE interleaves.
    n, m : int
        Images and filters whose partial sums stay in the buffer.
    columns : int
        Output columns that stay there with them.
    fx : int
        Filter columns that one PE holds.
    """

    taps: int
    e: int
    segments: int
    across: tuple[int, int]
    down: tuple[int, int]
    p: int
    q: int
    n: int = 1
    m: int = 1
    columns: int = 1
    fx: int = 1

    @property
    def r(self) -> int:
        """Replicas over channels."""
        return self.across[0] * self.down[0]

    @property
    def t(self) -> int:
        """Replicas over filters."""
        return self.across[1] * self.down[1]

    @property
    def pes(self) -> int:
        """PEs that the sets take: taps * e * r * t."""
        return self.taps * self.e * self.r * self.t

    def tiles(self, shape: Shape) -> tuple[int, ...]:
        """Return the tiles of the nest's loops, outermost first."""
        filters, channels = self.p * self.across[1], self.q * self.across[0]
        wanted = (
            *(1, self.n, self.columns, self.e, self.m),
            *(self.q * self.r, self.taps, self.fx),
            self.p * self.t,
            *(filters, channels, ceil(self.e / self.segments), 1),
            *(self.p, self.q, 1),
            *(1, 1),
            *(1, 1, 1),
        )
        handed, found = shape.extents, []
        for dim, tile in zip((dim for block in BLOCKS for dim in block), wanted, strict=True):
            handed[dim] = min(tile, handed[dim])
            found.append(handed[dim])
        return tuple(found)

    def steps(self, shape: Shape) -> int:
        """Return the steps of all passes: cycles at one multiply-accumulate a cycle in every PE."""
        return int(self.steps_with(shape, np.asarray(self.p), np.asarray(self.q)))

    def steps_with(self, shape: Shape, p: Ints, q: Ints) -> Ints:
        """Return the steps of such sets whose PEs interleave p filters and q channels."""
        return self._passes(shape) * _lead(shape.K, p * self.t, p) * _lead(shape.C, q * self.r, q)

    def least_steps(self, shape: Shape) -> int:
        """Return the fewest steps that any p and q give."""
        return self._passes(shape) * -(-shape.K // self.t) * -(-shape.C // self.r)

    def _passes(self, shape: Shape) -> int:
        """Steps of one filter and one channel."""
        strips = -(-shape.OY // self.e) * -(-shape.FY // self.taps)
        return shape.G * shape.B * shape.OX * strips * shape.FX


def _lead(extent: int, tile: Ints, share: Ints) -> Ints:
    """Positions that the first instance works through, at most ``share`` of every tile."""
    tiles, left = np.divmod(extent, tile)
    return np.asarray(tiles * share + np.minimum(left, share))


def sets_of(structure: Nest, tiles: Sequence[int], shape: Shape) -> LogicalSets:
    """Return the sets of a mapping made by `row_stationary`, from its structure and tiles."""
    handed, bounds = shape.extents, []
    for loop, tile in zip(structure.loops, tiles, strict=True):
        bounds.append(ceil(handed[loop.dim] / tile))
        handed[loop.dim] = tile
    _, n, columns, e, m, _, taps, fx, *_ = tiles
    _, down_t, down_r, segments, _, across_t, across_r = bounds[8:15]
    p, q = tiles[13], tiles[14]
    return LogicalSets(taps, e, segments, (across_r, across_t), (down_r, down_t), p, q, n, m, columns, fx)
