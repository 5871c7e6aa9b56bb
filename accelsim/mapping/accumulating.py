"""How many output words leave each level, return to it, and are finished when they move?

With T the words that leave working instances of a node and U the same with the sharers under one
parent instance merged, every one of the U updates belongs to a word that entered before: it read
nothing if that was the parent's first touch of it, else it was read and filled into one sharer ::

    F(node) = U(node) - (T(parent) - F(parent))

A word is finished when its last holder was the only one to work on it, at that level and above.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from math import prod

import numpy as np

from accelsim.mapping.cases import START, Cases
from accelsim.mapping.digits import Bools, Digit, Ints, Role, positions
from accelsim.mapping.factors import Factors
from accelsim.workload.shape import REDUCTION

Moved = dict[tuple[str, str], dict[str, Ints]]


def accumulated(cases: Cases, factors: Factors) -> Moved:
    """Return what every level moves of O, as fields of LevelCounts by (level, "O")."""
    nodes = cases.nodes["O"]
    moved: Moved = {(level, "O"): {} for _, level in nodes}
    moved[nodes[0][1], "O"] = {"fills": cases.zero, "drains_partial": cases.zero, "drains_final": cases.zero}
    first_touches = prod((cases.extent[dim] for dim in cases.plain["O"]), start=cases.one)
    places = [place for place, _ in nodes]
    for depth in range(1, len(nodes)):
        (parent, above), (node, level) = nodes[depth - 1], nodes[depth]
        left, updates = _left(cases, factors, node, node), _left(cases, factors, node, parent)
        returned = updates - first_touches
        fills, drained, finished = returned, left, _finished(cases, places[: depth + 1])
        if cases.timeloop:
            fills, drained, finished = left - _first_touches(cases, factors, node), cases.zero, cases.zero
        ready = _finished(cases, places[:depth])
        moved[above, "O"] |= {"reads": returned, "updates_partial": updates - ready, "updates_final": ready}
        moved[level, "O"] |= {"fills": fills, "drains_partial": drained - finished, "drains_final": finished}
        first_touches = left - fills
    node, level = nodes[-1]
    updates = prod((cases.extent[dim] for dim in cases.plain["O"]), start=cases.one)
    updates = prod((factors.working(dim, cases.bottom, cases.bottom, node) for dim in cases.other["O"]), start=updates)
    moved[level, "O"] |= {"reads": updates - first_touches, "updates_partial": updates, "updates_final": cases.zero}
    return moved


def _left(cases: Cases, factors: Factors, node: int, merge: int) -> Ints:
    """Words leaving working instances of a node, those under one instance of ``merge`` as one."""
    total = cases.zero
    for advance in [START, *cases.advances_above(node)]:
        working = prod((factors.working(dim, node, advance, merge) for dim in cases.other["O"]), start=cases.one)
        new = prod((factors.new(dim, node, advance) for dim in cases.plain["O"]), start=working)
        total = total + new
        if advance != START:
            total = total - prod((factors.held(dim, node, advance) for dim in cases.plain["O"]), start=working)
    return total


def _first_touches(cases: Cases, factors: Factors, node: int) -> Ints:
    """Words first touched in each working instance of a node (Timeloop's convention)."""
    words = prod((cases.extent[dim] for dim in cases.plain["O"]), start=cases.one)
    return prod((factors.working(dim, node, START, node) for dim in cases.other["O"]), start=words)


# ---- finished words ----------------------------------------------------------------------------

_Crowd = tuple[Bools, dict[int, Bools]]  # shared if no relevant loop moves; loops that end the sharing


def _finished(cases: Cases, chain: Sequence[int]) -> Ints:
    """Words whose last holder was, at every node of ``chain``, the only one to work on them.

    A node is shared where reduction dimensions spread between its parent and itself. Whether the last
    holder was alone depends on how deep the innermost relevant loop that moves stands: the deeper, the
    shorter the last holding. The words for which it was not are taken out by inclusion and exclusion
    over the shared nodes.
    """
    shared = [
        _crowd(cases, parent, node) for parent, node in pairwise(chain)
        if any(parent < loop.place < node and loop.spatial for dim in REDUCTION for loop in cases.loops[dim])
    ]  # fmt: skip
    total = cases.zero
    for size in range(len(shared) + 1):
        for chosen in combinations(shared, size):
            total = total + (-1) ** size * _crowded_words(cases, chosen)
    return total


def _crowd(cases: Cases, parent: int, node: int) -> _Crowd:
    movers = [loop.place for loop in cases.advances if loop.place < node and loop.dim in cases.plain["O"]]
    return ~_alone(cases, parent, node, START), {place: _alone(cases, parent, node, place) for place in movers}


def _alone(cases: Cases, parent: int, node: int, mover: int) -> Bools:
    """Whether only the lead worked in the last holding that the loop at ``mover`` delimits.

    Temporal reduction loops outside the mover stand at their last index, those inside at any; the lead
    is alone if the second instance of every spatial reduction loop is left without work.
    """
    alone: Bools = cases.zero == 0
    for dim in REDUCTION:
        lead: Ints = cases.extent[dim]
        seconds: list[Ints] = []
        for loop in cases.loops[dim]:
            if loop.place > node:
                break
            shared = loop.spatial and loop.place > parent
            last = (lead - 1) // loop.tile if not loop.spatial and loop.place < mover else cases.zero
            seconds = [np.clip(own - last * loop.tile, 0, loop.tile) for own in seconds]
            if shared:
                seconds.append(np.clip(lead - loop.tile, 0, loop.tile))
            lead = np.minimum(lead - last * loop.tile, loop.tile)
        for own in seconds:
            alone = np.asarray(alone & (own == 0))
    return alone


def _crowded_words(cases: Cases, chosen: Sequence[_Crowd]) -> Ints:
    """Output words that every node in ``chosen`` shares in its last holding."""
    words = prod((shared.astype(np.int64) for shared, _ in chosen), start=cases.one)
    for dim in cases.plain["O"]:
        chain = []
        for loop in cases.loops[dim]:
            where = np.any([cases.zero, *(ends[loop.place] for _, ends in chosen if loop.place in ends)], axis=0)
            still = not loop.spatial and bool(where.any())
            chain.append(Digit(loop.tile, Role.STILL if still else Role.FREE, loop.spatial, where if still else None))
        words = words * positions(cases.extent[dim], chain)
    return words
