"""How many words of W and I are fetched into each level, and read for it from the level outside?

::

    fills = first box + sum over advances l of (prod_a new_a(l) - prod_a held_a(l))

over the tensor axes a; a dimension that the operand does not have multiplies by its number of states,
and by its instances where words are filled. Reads are the same over the union of what the instances
under one parent newly fill: the product of positions that some instance holds less the product of
those that every holder already held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.mapping.cases import EVERY, Above, Cases, LoopOrder
from accelsim.mapping.digits import Bools, Ints
from accelsim.mapping.factors import Factors, product
from accelsim.workload.shape import RELEVANT


@dataclass(frozen=True)
class Fetched:
    """Words filled into a node and read for it from its parent.

    Parameters
    ----------
    fills, reads : int64 array, shape (n,)
        In all.
    opening : (fills, reads)
        Before the first step.
    later : dict of place to (fills, reads)
        At the advances of each loop.
    """

    fills: Ints
    reads: Ints
    opening: tuple[Ints, Ints]
    later: dict[int, tuple[Ints, Ints]]


def fetched(cases: Cases, factors: Factors, order: LoopOrder, operand: str, node: Above, parent: Above) -> Fetched:
    """Return the words that W or I moves between a node and its parent, the next node of the operand above it."""
    key = "entering", operand, node, parent
    fills, reads = factors.once(key, lambda: _entering(cases, factors, operand, node, parent))
    rows = cases.rows(order, node)
    chosen = [0, *rows.values()]
    later = {place: (fills[row], reads[row]) for place, row in rows.items()}
    return Fetched(summed(fills, chosen), summed(reads, chosen), (fills[0], reads[0]), later)


def summed(matrix: Ints, rows: list[int]) -> Ints:
    """Return the sum of some rows of a matrix, one after another."""
    if rows == list(range(len(matrix))):
        return np.asarray(np.add.reduce(matrix, axis=0))
    return np.asarray(np.add.reduce(matrix.take(rows, axis=0), axis=0))


def _entering(cases: Cases, factors: Factors, operand: str, node: Above, parent: Above) -> tuple[Ints, Ints]:
    """Words newly filled, and read for it, over all advances of each loop above a node, shape (advances, n)."""
    numbers = cases.above(node)
    repeated = [cases.one[None]]
    sharers = cases.one
    for dim in cases.other[operand]:
        repeated += [factors.lead_states(dim, numbers)]
        if any(loop.spatial for loop in cases.loops[dim]):
            repeated += [factors.instances(dim, None, parent)[None]]
            sharers = sharers * factors.instances(dim, parent, node)
    often = product(repeated)
    new = product([often, *(factors.new(dim, node, numbers) for dim in cases.plain[operand])])
    held = product([often, *(factors.held(dim, node, numbers) for dim in cases.plain[operand])])
    fill_new = read_new = new
    fill_held = read_held = held
    for axis in cases.axes[operand]:
        sums = factors.axis(axis, node, parent, numbers)
        fill_new, fill_held = fill_new * sums.fill_new, fill_held * sums.fill_held
        read_new, read_held = read_new * sums.read_new, read_held * sums.read_held
    if cases.timeloop:
        reused = _reused(cases, operand, node)
        fill_held, read_held = fill_held * reused, read_held * reused
    return sharers * _less(fill_new, fill_held, len(numbers)), _less(read_new, read_held, len(numbers))


def _less(new: Ints, held: Ints, count: int) -> Ints:
    """What is new at each of some advances and was not held before; before the first, nothing was."""
    found = np.array(np.broadcast_to(new, (count, new.shape[1])))
    found[1:] -= held[1:] if len(held) > 1 else held
    return found


def fed_to_macs(cases: Cases, factors: Factors, operand: str, node: Above) -> Ints:
    """Return the words that MACs read from the innermost node: at each step, the union below one instance."""
    working = [factors.working(dim, (EVERY,), node) for dim in cases.other[operand]]
    words: Ints = product([*working, *(cases.extent[dim][None] for dim in cases.plain[operand])])[0]
    for axis in cases.axes[operand]:
        words = words * factors.axis(axis, cases.bottom, node, (EVERY,)).read_new[0]
    return words


def _reused(cases: Cases, operand: str, node: Above) -> Bools:
    """Timeloop reuses a box only along the innermost relevant loop, same-dimension neighbors joined.

    This depends on the order of the loops, so that orders are counted one by one; shape (advances, n).
    """
    (order,) = cases.orders
    rows, found = cases.rows(order, node), [cases.zero == 0]
    for place in rows:
        refetched = cases.zero > 0
        advancing = cases.loop(order.advances[place]).dim
        for other in rows:
            loop = cases.loop(order.advances[other])
            if (
                other > place
                and loop.dim in RELEVANT[operand]
                and (loop.dim != advancing or advancing not in RELEVANT[operand])
            ):
                refetched = refetched | (loop.bound > 1)
        found.append(~refetched)
    return np.stack(found)
