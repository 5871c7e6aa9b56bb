"""How many output words leave each level, return to it, and are finished when they move?

With T the words that leave working instances of a node and U the same with the sharers under one
parent instance merged, every one of the U updates belongs to a word that entered before: it read
nothing if that was the parent's first touch of it, else it was read and filled into one sharer ::

    F(node) = U(node) - (T(parent) - F(parent))

A word is finished when its last holder was the only one to work on it, at that level and above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import prod

import numpy as np

from accelsim.mapping.cases import COLUMN, EVERY, FIRST, NONE, Above, Cases, LoopOrder
from accelsim.mapping.digits import Bools, Ints
from accelsim.mapping.factors import Factors, product
from accelsim.mapping.fetching import summed
from accelsim.workload.shape import REDUCTION

Moved = dict[tuple[str, str], dict[str, Ints]]


def accumulated(cases: Cases, factors: Factors, order: LoopOrder) -> Moved:
    """Return what every level moves of O, as fields of LevelCounts by (level, "O")."""
    nodes = cases.nodes["O"]
    moved: Moved = {(level, "O"): {} for level, _ in nodes}
    moved[nodes[0].level, "O"] = {"fills": cases.zero, "drains_partial": cases.zero, "drains_final": cases.zero}
    first_touches = words = prod((cases.extent[dim] for dim in cases.plain["O"]), start=cases.one)
    places = [node for _, node in nodes]
    for depth in range(1, len(nodes)):
        (above, parent), (level, node) = nodes[depth - 1], nodes[depth]
        left, updates = (_left(cases, factors, order, node, merge) for merge in (node, parent))
        returned = updates - first_touches
        fills, drained, finished = returned, left, _finished(cases, factors, order, places[: depth + 1])
        if cases.timeloop:
            fills, drained, finished = left - _in_all(cases, factors, FIRST, node) * words, cases.zero, cases.zero
        ready = _finished(cases, factors, order, places[:depth])
        moved[above, "O"] |= {"reads": returned, "updates_partial": updates - ready, "updates_final": ready}
        moved[level, "O"] |= {"fills": fills, "drains_partial": drained - finished, "drains_final": finished}
        first_touches = left - fills
    level, node = nodes[-1]
    updates = _in_all(cases, factors, EVERY, node) * words
    moved[level, "O"] |= {"reads": updates - first_touches, "updates_partial": updates, "updates_final": cases.zero}
    return moved


def _left(cases: Cases, factors: Factors, order: LoopOrder, node: Above, merge: Above) -> Ints:
    """Words leaving working instances of a node, those under one instance of ``merge`` as one."""
    matrix = factors.once(("leaving", node, merge), lambda: _leaving(cases, factors, node, merge))
    return summed(matrix, [0, *cases.rows(order, node).values()])


def _leaving(cases: Cases, factors: Factors, node: Above, merge: Above) -> Ints:
    """The same at the advances of each loop above the node, shape (advances, n)."""
    numbers = cases.above(node)
    working = product([cases.one[None], *(factors.working(dim, numbers, merge) for dim in cases.other["O"])])
    changed = factors.once(("changed", node), lambda: _changed(cases, factors, node))
    return np.asarray(working * changed)


def _changed(cases: Cases, factors: Factors, node: Above) -> Ints:
    """Output words of the boxes that change at the advances of each loop above a node."""
    numbers = cases.above(node)
    new, held = (
        product([measure(dim, node, numbers) for dim in cases.plain["O"]]) for measure in (factors.new, factors.held)
    )
    found = np.array(np.broadcast_to(new, (len(numbers), new.shape[1])))
    found[1:] -= held[1:] if len(held) > 1 else held
    return found


def _in_all(cases: Cases, factors: Factors, advance: int, node: Above) -> Ints:
    """Loop states of the reduction in which instances of a node have work, at an advance."""
    states: Ints = product([cases.one[None], *(factors.working(dim, (advance,), node) for dim in cases.other["O"])])[0]
    return states


# ---- finished words ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Crowd:
    """Instances that share words of a node.

    Parameters
    ----------
    key : tuple
        What it depends on.
    shared : bool array, shape (n,)
        Where the node is shared if no relevant loop moves.
    ends : dict of (dimension, place among its loops) to bool array
        Where the last advance of a loop ends the sharing.
    """

    key: tuple[object, ...]
    shared: Bools
    ends: dict[tuple[str, int], Bools]


def _finished(cases: Cases, factors: Factors, order: LoopOrder, chain: Sequence[Above]) -> Ints:
    """Words whose last holder was, at every node of ``chain``, the only one to work on them.

    A node is shared where reduction dimensions spread between its parent and itself. Whether the last
    holder was alone depends on how deep the innermost relevant loop that moves stands: the deeper, the
    shorter the last holding. The words for which it was not are taken out by inclusion and exclusion
    over the shared nodes.
    """
    shared = [_crowd(cases, factors, order, parent, node) for parent, node in pairwise(chain)
              if any(_between(cases, dim, parent, node) for dim in REDUCTION)]  # fmt: skip
    total = prod((cases.extent[dim] for dim in cases.plain["O"]), start=cases.one)
    for size in range(1, len(shared) + 1):
        for chosen in combinations(shared, size):
            key = "crowded", *(crowd.key for crowd in chosen)
            words = factors.once(key, lambda chosen=chosen: _crowded_words(cases, factors, chosen))  # type: ignore[misc]
            total = total + (-1) ** size * words
    return total


def _between(cases: Cases, dim: str, parent: Above, node: Above) -> bool:
    """Whether a dimension is spread between two lines."""
    column = COLUMN[dim]
    return any(loop.spatial for loop in cases.loops[dim][parent[column] : node[column]])


def _crowd(cases: Cases, factors: Factors, order: LoopOrder, parent: Above, node: Above) -> _Crowd:
    def counts(outside: Above) -> tuple[int, ...]:
        return tuple(outside[COLUMN[dim]] for dim in REDUCTION)

    def alone(outside: Above) -> Bools:
        key = "alone", parent, node, counts(outside)
        return factors.once(key, lambda: _alone(cases, parent, node, outside))

    ends, depends = {}, []
    for place in cases.rows(order, node):
        outside, dim = cases.advances[order.advances[place]]
        if dim in cases.plain["O"]:
            ends[dim, outside[COLUMN[dim]]] = alone(outside)
            depends.append((dim, outside[COLUMN[dim]], counts(outside)))
    return _Crowd((parent, node, *sorted(depends)), ~alone(NONE), ends)


def _alone(cases: Cases, parent: Above, node: Above, outside: Above) -> Bools:
    """Whether only the lead worked in the last holding that a loop delimits; ``outside`` are the loops outside it.

    Temporal reduction loops outside the mover stand at their last index, those inside at any; the lead
    is alone if the second instance of every spatial reduction loop is left without work.
    """
    alone: Bools = cases.zero == 0
    for dim in REDUCTION:
        column = COLUMN[dim]
        lead: Ints = cases.extent[dim]
        seconds: list[Ints] = []
        for place, loop in enumerate(cases.loops[dim][: node[column]]):
            last = (lead - 1) // loop.tile if not loop.spatial and place < outside[column] else cases.zero
            seconds = [np.minimum(np.maximum(own - last * loop.tile, 0), loop.tile) for own in seconds]
            if loop.spatial and place >= parent[column]:
                seconds.append(np.minimum(np.maximum(lead - loop.tile, 0), loop.tile))
            lead = np.minimum(lead - last * loop.tile, loop.tile)
        for own in seconds:
            alone = np.asarray(alone & (own == 0))
    return alone


def _crowded_words(cases: Cases, factors: Factors, chosen: Sequence[_Crowd]) -> Ints:
    """Output words that every node in ``chosen`` shares in its last holding."""
    words = prod((crowd.shared.astype(np.int64) for crowd in chosen), start=cases.one)
    for dim in cases.plain["O"]:
        still: list[Bools | None] = []
        for place, loop in enumerate(cases.loops[dim]):
            where = [crowd.ends[dim, place] for crowd in chosen if (dim, place) in crowd.ends]
            any_ = np.logical_or.reduce(where) if where else None
            still.append(any_ if not loop.spatial and any_ is not None and any_.any() else None)
        words = words * factors.positions_where(dim, still)
    return words
