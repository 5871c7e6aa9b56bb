"""How does a tile spread over the next group of fan-outs? One dimension after the other, hopeless ones dropped."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from accelsim.engine.case import Ints
from accelsim.search.best import Best
from accelsim.search.optimism import Optimist
from accelsim.search.partial import Bools, Partial
from accelsim.search.spreads import spread_fits
from accelsim.workload.shape import DIMS

FEW = 16
"""Rows up to which it does not pay to bound them before all dimensions are decided."""


def spread_out(own: Optimist, best: Best, part: Partial) -> Partial:
    """Return every way to spread the present tile over the next group, but for those hopeless halfway.

    Parameters
    ----------
    own : Optimist
    best : Best
        What to be better than.
    part : Partial
    """
    facts = own.facts
    totals, ways = facts.tables[part.place - 1]
    *steps, (entries, last, _) = _prefixes(totals.tobytes(), len(totals))
    at = np.zeros(len(part), dtype=np.int64)
    for _, inside, most in steps:
        rows, at = _continued(inside, at)
        part = part.take(rows).half_spread(most[at])
        if len(part) > FEW:
            rows = best.hopeful(best.bounded(own, part))
            part, at = part.take(rows), at[rows]
    rows, at = _continued(last, at)
    entry = entries[at]
    room = -(-facts.extents // part.top)[rows]
    keep = spread_fits(ways[entry], room)
    if best.constraints.divisors:
        keep &= _divide(part.top[rows] * totals[entry], facts.extents)
    rows, entry = rows[keep], entry[keep]
    return part.take(rows).with_spread(totals[entry], entry, facts.extents)


def _continued(inside: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Rows repeated for each prefix that continues theirs, and that prefix."""
    order = np.argsort(inside, kind="stable")
    starts = np.searchsorted(inside[order], np.arange(inside.max() + 2))
    counts = (starts[1:] - starts[:-1])[at]
    rows = np.repeat(np.arange(len(at)), counts)
    offset = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, order[starts[at[rows]] + offset]


def _divide(grid: Ints, extents: Ints) -> Bools:
    """Whether the tiles of all instances together divide every extent."""
    fits: Bools = ((grid <= extents) & (extents % np.minimum(grid, extents) == 0)).all(axis=1)
    return fits


@lru_cache(maxsize=256)
def _prefixes(content: bytes, count: int) -> tuple[tuple[Ints, Ints, Ints], ...]:
    """How a table of spreads (as bytes of int64) is decided one dimension at a time.

    For every number of decided dimensions: the distinct prefixes, the prefix of one dimension less that
    each continues, and the most that each can become, shape (prefixes, 9).
    """
    totals = np.frombuffer(content, dtype=np.int64).reshape(count, len(DIMS))
    steps = []
    inside = np.zeros(count, dtype=np.int64)
    moving = [column for column in range(len(DIMS)) if (totals[:, column] != totals[0, column]).any()] or [0]
    for grain in (1, 4, 0) if count > 64 else (0,):  # octaves, quarters of an octave, every number
        for column in moving:
            key = np.floor(np.log2(totals[:, column]) * grain).astype(np.int64) if grain else totals[:, column]
            _, number = np.unique(inside * (int(key.max()) + 1) + key, return_inverse=True)
            steps.append(_step(totals, inside, number.reshape(-1)))
            inside = number.reshape(-1)
    return tuple(steps)


def _step(totals: Ints, inside: Ints, number: Ints) -> tuple[Ints, Ints, Ints]:
    """The prefixes of a step: an entry of the table each, the prefix it continues, the most it can become."""
    _, first = np.unique(number, return_index=True)
    most = np.zeros((len(first), len(DIMS) + 1), dtype=np.int64)
    for dim in range(len(DIMS)):
        np.maximum.at(most[:, dim], number, totals[:, dim])
    np.maximum.at(most[:, -1], number, totals.prod(axis=1))
    return first, inside[first], most
