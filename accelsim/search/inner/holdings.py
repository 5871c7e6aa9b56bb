"""How often do words of O leave a node at least? Idle instances drain nothing, unlike those that wait for W or I.

An instance that holds a box covers at most T positions of a dimension that is summed up, so that D positions take
ceil(D / T) holdings, and ceil(D / (T P)) where P instances are merged into one. Where tiles divide, that is how
often the box comes, in all instances.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit
from accelsim.search.inner.boxes import ROUND, instances
from accelsim.search.inner.sums import move
from accelsim.search.problem import NONE, OUTPUT


@jit
def held_by_tile(loops, work, p, merged):
    """Holdings of a node with the tile in ``work.tile``, of instances inside place ``merged`` as one (``p``: none)."""
    result = 1.0
    for d in range(loops.dims):
        if loops.reuse[d] == 2:
            together = work.outside[p, d] / (work.outside[merged, d] if merged >= 0 else 1.0)
            result *= np.ceil(loops.extent[d] / (work.tile[p, d] * together) - ROUND)
    return result


@jit
def at_work(loops, plan, work, p):
    """Instances outside a place that have work at least; a group of several fan-outs may leave almost half idle.

    The outermost group that a dimension is spread over has so many tiles, and all but the last are full.
    """
    result = 1.0
    if p < 0:
        return result
    for d in range(loops.dims):
        if loops.reuse[d] == 2 and work.outside[p, d] > 1:
            for q in range(p):
                if plan.kind[q] == NONE and work.spread[q, d] > 1:
                    own = work.spread[q, d]
                    busy = own if plan.fanouts[q] == 1 else own // 2 + 1
                    result *= (busy - 1) * (work.outside[p, d] / own) + 1
                    break
    return result


@jit
def held_at_least(loops, plan, work, p, seen):
    """Holdings of the instances outside place ``p`` that come so many times, whatever the tile."""
    dims, instances = 0, 1.0
    for d in range(loops.dims):
        if loops.reuse[d] == 2:
            dims += 1
            instances *= work.outside[p, d] if p >= 0 else 1.0
    fewest = (seen - 1) * instances + 1 if dims == 1 else seen
    return max(fewest, at_work(loops, plan, work, p))


@jit
def cheapest(loops, plan, work, p, held, merged, most):
    """The least energy of so many holdings and merged holdings at least, of a box that comes ``most`` times at most.

    Every merged holding is one holding at least, and one of every instance that shares it at most: so where one of
    the two saves energy, it is bounded by the other.
    """
    drain, merge = work.unit_pj[p, 0], work.unit_pj[p, 1]
    here, there = instances(loops, work, p, OUTPUT), instances(loops, work, plan.parent[p], OUTPUT)
    if drain < 0:
        both = drain * here / there + merge
        return both * (merged if both >= 0 else there * most)
    if merge < 0:
        both = drain + merge
        return both * (held if both >= 0 else here * most)
    return drain * held + merge * merged


@jit
def charge_outputs(loops, plan, work, depth, p, held, merged, most):
    """Add what a node of O costs at least."""
    work.energy[depth] += cheapest(loops, plan, work, p, held, merged, most)
    outer = plan.level[plan.parent[p]] if plan.parent[p] >= 0 else plan.levels - 1
    work.side[0], work.side[1] = work.unit_bits[p, 0] * merged, work.unit_bits[p, 1] * merged
    work.side[2], work.side[3] = work.unit_bits[p, 2] * held, work.unit_bits[p, 3] * merged
    move(plan, work, depth, plan.level[p], outer, work.side[:], 1.0, 1.0, 1.0)


@jit
def charge_untiled(loops, plan, work, depth, p, few, most):
    """Add what a node of O costs at least that comes so many times, whatever its tile."""
    held = held_at_least(loops, plan, work, p, few)
    merged = held_at_least(loops, plan, work, plan.parent[p], few)
    charge_outputs(loops, plan, work, depth, p, held, merged, most)


@jit
def charge_undecided(loops, plan, work, depth, p, few, most):
    """Add what a node costs at least whose tile is not decided."""
    if plan.kind[p] == 2:
        charge_untiled(loops, plan, work, depth, p, few, most)
        return
    unit = work.unit_pj[p, 0] + work.unit_pj[p, 1]
    work.energy[depth] += unit * (few if unit >= 0 else most)
    outer = plan.level[plan.parent[p]] if plan.parent[p] >= 0 else plan.levels - 1
    move(plan, work, depth, plan.level[p], outer, work.unit_bits[p], few, 1.0, 1.0)
    work.converting[depth] += work.unit_bits[p, 4] * few
