"""Which tiles can a partial mapping take next? Every choice that can matter, none twice.

Of all tiles that leave the same number of tiles, the smallest needs the least room; it stands for the
others, which differ from it only where tiles inside it do not divide it (`accelsim.search.leaves`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from accelsim.engine.case import Ints
from accelsim.search.partial import COLUMN, Partial


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


def grow(
    part: Partial, dim: str, extent: int, exact: bool, *, forced: int | None = None, windows: bool = True
) -> Partial:
    """Return every row with every tile of ``dim`` that is at least its present one.

    Parameters
    ----------
    exact : bool
        Whether tiles must divide each other and the extent.
    forced : int, optional
        The only tile allowed.
    windows : bool
        Whether to take all tiles that leave the same number of tiles, not the smallest alone.
    """
    column = COLUMN[dim]
    rows, tiles = _laid_out([_options(extent, top, exact, forced, windows) for top in part.top[:, column].tolist()])
    return part.take(rows).grown(column, tiles)


def grow_coarsely(part: Partial, dim: str, extent: int) -> Partial:
    """Return every row with every range of tiles of ``dim``: those that leave 2**k to 2**(k + 1) - 1 tiles."""
    return _resized(
        part, dim, [_ranges(extent, top, top, extent, "scale") for top in part.top[:, COLUMN[dim]].tolist()]
    )


def refine(part: Partial, dim: str, extent: int, by: Literal["count", "tile"]) -> Partial:
    """Return every row with smaller ranges of ``dim``: tiles that leave one number of tiles, or single tiles."""
    assert part.coarse is not None
    assert part.base is not None
    ends = (one[:, COLUMN[dim]].tolist() for one in (part.base, part.top, part.coarse))
    return _resized(part, dim, [_ranges(extent, *own, by) for own in zip(*ends, strict=True)])


def _resized(part: Partial, dim: str, ranges: Sequence[Ints]) -> Partial:
    rows, ends = _laid_out(ranges, 2)
    return part.take(rows).resized(COLUMN[dim], ends[:, 0], ends[:, 1])


@lru_cache(maxsize=65536)
def _options(extent: int, least: int, exact: bool, forced: int | None, windows: bool) -> Ints:
    """Tiles to grow to from ``least``, descending, it among them."""
    if forced is not None:
        fine = forced >= least and (not exact or (forced % least == 0 and extent % forced == 0))
        return np.array([forced] if fine else [], dtype=np.int64)
    if exact:
        return np.array([tile for tile in divisors(extent).tolist() if tile % least == 0], dtype=np.int64)
    tiles = tile_choices(extent)
    if not windows:
        return np.append(tiles[tiles > least], least)
    found = {least: None}
    for tile in tiles[tiles > least].tolist():
        found.update(dict.fromkeys(_windows(tile, extent, least)))
    return np.array(sorted(found, reverse=True), dtype=np.int64)


def _windows(tile: int, extent: int, inside: int) -> range:
    """Tiles that leave as many tiles as ``tile`` does, up to the next multiple of the tile inside."""
    count = -(-extent // tile)
    most = min(-(-tile // inside) * inside, extent)
    while -(-extent // most) < count:
        most -= 1
    return range(tile, most + 1)


@lru_cache(maxsize=65536)
def _ranges(extent: int, base: int, least: int, most: int, by: str) -> Ints:
    """Smallest and largest tile of every range from ``least`` to ``most``, shape (ranges, 2), largest first."""
    tiles = _options(extent, base, exact=False, forced=None, windows=True)
    tiles = tiles[(tiles >= least) & (tiles <= most)]
    key = tiles if by == "tile" else -(-extent // tiles)
    if by == "scale":
        key = np.floor(np.log2(key + 0.5))
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return np.stack([tiles[np.append(starts[1:], len(tiles)) - 1], tiles[starts]], axis=1)


def _laid_out(options: Sequence[Ints], columns: int = 1) -> tuple[Ints, Ints]:
    """Rows repeated for each of their options, and the options end to end."""
    counts = [len(own) for own in options]
    empty = np.zeros((0, columns) if columns > 1 else 0, dtype=np.int64)
    return np.repeat(np.arange(len(options)), counts), np.concatenate([empty, *options])
