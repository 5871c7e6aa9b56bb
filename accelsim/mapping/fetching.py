"""How many words of W and I are fetched into each level, and read for it from the level outside?

::

    fills = first box + sum over advances l of (prod_a new_a(l) - prod_a held_a(l))

over the tensor axes a; a dimension that the operand does not have multiplies by its number of states,
and by its instances where words are filled. Reads are the same over the union of what the instances
under one parent newly fill: the product of positions that some instance holds less the product of
those that every holder already held.
"""

from __future__ import annotations

from math import prod

from accelsim.mapping.cases import START, Cases
from accelsim.mapping.digits import Bools, Ints
from accelsim.mapping.factors import Factors
from accelsim.workload.shape import RELEVANT


def fetched(
    cases: Cases, factors: Factors, operand: str, node: int, parent: int
) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints], dict[int, tuple[Ints, Ints]]]:
    """Return words filled into a node and read from its parent: in all, before the first step, at each loop's advances.

    Parameters
    ----------
    operand : {"W", "I"}
    node, parent : int
        Places of the node and of the next node of the operand above it.
    """
    fills, reads = opening = _at(cases, factors, operand, node, parent, START)
    later = {advance: _at(cases, factors, operand, node, parent, advance) for advance in cases.advances_above(node)}
    for more_fills, more_reads in later.values():
        fills, reads = fills + more_fills, reads + more_reads
    return (fills, reads), opening, later


def _at(cases: Cases, factors: Factors, operand: str, node: int, parent: int, advance: int) -> tuple[Ints, Ints]:
    """Words newly filled, and read for it, over all advances of one loop."""
    repeated, sharers = cases.one, cases.one
    for dim in cases.other[operand]:
        repeated = repeated * factors.lead_states(dim, node, advance) * factors.instances(dim, -1, parent)
        sharers = sharers * factors.instances(dim, parent, node)
    new = prod((factors.new(dim, node, advance) for dim in cases.plain[operand]), start=repeated)
    held = prod((factors.held(dim, node, advance) for dim in cases.plain[operand]), start=repeated)
    fill_new = read_new = new
    fill_held = read_held = held * (advance != START)
    for axis in cases.axes[operand]:
        sums = factors.axis(axis, node, parent, advance)
        fill_new, fill_held = fill_new * sums.fill_new, fill_held * sums.fill_held
        read_new, read_held = read_new * sums.read_new, read_held * sums.read_held
    if cases.timeloop and advance != START:
        reused = _reused(cases, operand, node, advance)
        fill_held, read_held = fill_held * reused, read_held * reused
    return sharers * (fill_new - fill_held), read_new - read_held


def fed_to_macs(cases: Cases, factors: Factors, operand: str, node: int) -> Ints:
    """Return the words that MACs read from the innermost node: at each step, the union below one instance."""
    words = cases.one
    for dim in cases.other[operand]:
        words = words * factors.working(dim, cases.bottom, cases.bottom, node)
    words = prod((cases.extent[dim] for dim in cases.plain[operand]), start=words)
    for axis in cases.axes[operand]:
        words = words * factors.axis(axis, cases.bottom, node, cases.bottom).read_new
    return words


def _reused(cases: Cases, operand: str, node: int, advance: int) -> Bools:
    """Timeloop reuses a box only along the innermost relevant loop, same-dimension neighbors joined."""
    relevant = [loop for loop in cases.advances if advance <= loop.place < node and loop.dim in RELEVANT[operand]]
    advancing = next((loop.dim for loop in relevant if loop.place == advance), None)
    refetched = cases.zero > 0
    for loop in relevant:
        if loop.place > advance and loop.dim != advancing:
            refetched = refetched | (loop.bound > 1)
    return ~refetched
