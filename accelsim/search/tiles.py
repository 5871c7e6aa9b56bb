"""Which tiles of a dimension can matter?

Of all tiles that leave the same number of tiles, the smallest needs the least room. With any number of instances
outside, or any tile inside, that number alone decides the bound: ceil(D / (T P)) = ceil( ceil(D / T) / P ).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from accelsim.engine.case import Ints


@lru_cache(maxsize=4096)
def tile_choices(extent: int) -> Ints:
    """Return the smallest tile for every number of tiles, descending: about 2 sqrt(extent) of them."""
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
    """Return every divisor, descending."""
    return np.array([tile for tile in range(extent, 0, -1) if extent % tile == 0], dtype=np.int64)


def thinned(tiles: Ints, most: int) -> Ints:
    """Return about ``most`` of some descending tiles, spread evenly on a logarithmic scale, both ends among them."""
    if len(tiles) <= most:
        return tiles
    wanted = np.geomspace(tiles[0], tiles[-1], most)
    nearest = np.unique([int(np.abs(np.log(tiles / tile)).argmin()) for tile in wanted])
    chosen: Ints = tiles[nearest]
    return chosen
