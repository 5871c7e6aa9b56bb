"""Which rows does every layer of a fused group compute in each tile, and how many must be kept?

The group runs in tiles of rows (image rows, or tokens) of its last layer's output. In tile k every layer computes
the rows that the layers behind it read in this tile and that were not computed before, and keeps what a later tile
reads again (the halo): every row is computed once. With ``end`` the rows computed after a tile, a consumer with window
``input row = row*stride + tap*dilation - pad`` needs of its producer ::

    end(producer) = (end(consumer) - 1)*stride + dilation*(taps - 1) - pad + 1        at most all rows
    begin(producer) = end of the tile before(consumer)*stride - pad                   at least 0

In the last tile every layer computes what is left of its rows. A kept tensor takes the most rows between ``begin`` and
``end`` of any tile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accelsim.workload.shape import Window


@dataclass(frozen=True)
class Rows:
    """One layer of a group, as far as rows go.

    Parameters
    ----------
    name : str
    rows : int
        Of its output.
    window : Window
        How its rows reach rows of its input; ``size`` counts those.
    taps : int
    reads : tuple of str
        Layers of the group that it reads.
    """

    name: str
    rows: int
    window: Window
    taps: int = 1
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """What a layer computes in one tile: so many rows, with so many rows of padding and of input."""

    rows: int
    pad: int
    size: int


@dataclass(frozen=True)
class Tiling:
    """A group in tiles.

    Parameters
    ----------
    tiles : int
    parts : dict of layer to Counter of Part
        What each layer computes, and in how many tiles; tiles in which it computes nothing are left out.
    kept : dict of layer to int
        Most rows of its output that are there at once, of every layer that another of the group reads.
    """

    tiles: int
    parts: Mapping[str, Counter[Part]]
    kept: Mapping[str, int] = field(default_factory=dict)


def tiling(members: Sequence[Rows], tile: int) -> Tiling:
    """Return a group of layers, in order, in tiles of ``tile`` rows of the last one's output."""
    last = members[-1]
    tiles = -(-last.rows // tile)
    done = dict.fromkeys((one.name for one in members), 0)
    parts: dict[str, Counter[Part]] = {one.name: Counter() for one in members}
    kept = {name: 0 for one in members for name in one.reads}
    for number in range(tiles):
        ends = _ends(members, min(last.rows, (number + 1) * tile), done, final=number == tiles - 1)
        begins = _begins(members, done, ends)
        for one in members:
            if ends[one.name] > done[one.name]:
                parts[one.name][_part(one, done[one.name], ends[one.name])] += 1
            if one.name in kept:
                kept[one.name] = max(kept[one.name], ends[one.name] - min(begins[one.name], done[one.name]))
        done = ends
    return Tiling(tiles, parts, kept)


def _ends(members: Sequence[Rows], end: int, done: Mapping[str, int], *, final: bool) -> dict[str, int]:
    """Rows that every layer has computed after a tile."""
    ends = dict(done) | {members[-1].name: end}
    if final:
        return {one.name: one.rows for one in members}
    rows = {one.name: one.rows for one in members}
    for one in reversed(members):
        if not ends[one.name]:
            continue
        reach = (ends[one.name] - 1) * one.window.stride + one.window.dilation * (one.taps - 1) - one.window.pad + 1
        for name in one.reads:
            ends[name] = max(ends[name], min(rows[name], reach))
    return ends


def _begins(members: Sequence[Rows], done: Mapping[str, int], ends: Mapping[str, int]) -> dict[str, int]:
    """The first row of every layer that is still read, in this tile or a later one."""
    begins = {one.name: ends[one.name] for one in members}
    for one in members:
        for name in one.reads:
            begins[name] = min(begins[name], max(0, done[one.name] * one.window.stride - one.window.pad))
    return begins


def _part(one: Rows, begin: int, end: int) -> Part:
    window = one.window
    first = begin * window.stride - window.pad
    last = (end - 1) * window.stride + window.dilation * (one.taps - 1) - window.pad
    before = max(0, -first)
    return Part(end - begin, before, max(1, min(last + 1, window.size) - max(first, 0)))
