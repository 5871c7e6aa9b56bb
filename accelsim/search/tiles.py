"""Which tiles of a dimension can matter?

Of all tiles that leave the same number of tiles, the smallest needs the least room. With any number of instances
outside, or any tile inside, that number alone decides the bound: ceil(D / (T P)) = ceil( ceil(D / T) / P ).
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

import numpy as np

from accelsim.engine.case import Ints

LARGEST = 4_000_000
"""Extent up to which every number of tiles is looked at."""


@lru_cache(maxsize=4096)
def tile_choices(extent: int) -> Ints:
    """Return the smallest tile for every number of tiles, descending: about 2 sqrt(extent) of them.

    Beyond `LARGEST` some thousand, spread evenly on a logarithmic scale.
    """
    if extent > LARGEST:
        counts = {round(float(count)) for count in np.geomspace(1, extent, 2000)}
        return np.array(sorted({-(-extent // count) for count in counts}, reverse=True), dtype=np.int64)
    found, tile = [extent], extent
    while tile > 1:
        count = -(-extent // tile) + 1
        tile = -(-extent // count)
        if tile == found[-1]:  # several counts share a tile; step to the next smaller one
            tile -= 1
        found.append(tile)
    return np.array(found, dtype=np.int64)


@lru_cache(maxsize=4096)
def divisors(extent: int) -> Ints:
    """Return every divisor, descending; of an extent beyond `LARGEST` those whose counterpart is up to its root."""
    if extent <= LARGEST:
        small = [tile for tile in range(1, isqrt(extent) + 1) if extent % tile == 0]
    else:
        small = [tile for tile in range(1, isqrt(LARGEST) + 1) if extent % tile == 0]
    return np.array(sorted({*small, *(extent // tile for tile in small)}, reverse=True), dtype=np.int64)


def thinned(tiles: Ints, most: int) -> Ints:
    """Return about ``most`` of some descending tiles, spread evenly on a logarithmic scale, both ends among them."""
    if len(tiles) <= most:
        return tiles
    wanted = np.geomspace(tiles[0], tiles[-1], most)
    nearest = np.unique([int(np.abs(np.log(tiles / tile)).argmin()) for tile in wanted])
    chosen: Ints = tiles[nearest]
    return chosen
