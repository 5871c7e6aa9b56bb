"""What does one coming of an operand cost at a node, with the instances of all fan-outs given?"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit
from accelsim.search.inner.boxes import ROUND, instances
from accelsim.search.inner.sums import move
from accelsim.search.problem import FIRST, INPUT, NONE, OUTPUT, WEIGHT


@jit
def pick(loops, plan, work, ways, ways_of, number):
    """Set the instances of all groups to a combination of their ways."""
    for g in range(plan.groups):
        p = plan.group[g]
        row = number % ways_of[g]
        work.row[g] = row
        number //= ways_of[g]
        for d in range(loops.dims):
            work.spread[p, d] = ways[g, row, d]


@jit
def place_instances(loops, plan, work):
    """Work out the instances outside every place and of every level from ``work.spread``."""
    for d in range(loops.dims):
        outside = 1.0
        for p in range(plan.places):
            work.outside[p, d] = outside
            if plan.kind[p] == NONE:
                outside *= work.spread[p, d]
        work.outside[plan.places, d] = outside
    for level in range(plan.levels):
        used = 1.0
        for p in range(plan.outside[level]):
            if plan.kind[p] == NONE:
                for d in range(loops.dims):
                    used *= work.spread[p, d]
        work.used[level] = used


@jit
def clear(loops, plan, work):
    """Start the sums from what every mapping pays."""
    work.energy[0] = plan.fixed_pj
    work.open[0] = -1
    work.converting[0] = plan.converting
    for level in range(plan.levels):
        work.room[0, level] = plan.taken[level]
        for way in range(2):
            work.bits[0, level, way] = 0.0
            work.apart[0, level, way] = 0.0
        work.own_ramp[0, level] = 0.0
        for other in range(plan.levels):
            work.ramp[0, level, other] = 0.0
    work.bits[0, plan.bias_level, 0] = plan.bias_bits
    steps = 1.0
    for d in range(loops.dims):
        work.top[0, d] = 1
        steps *= np.ceil(loops.extent[d] / work.outside[plan.places, d] - ROUND)
    work.cycles = np.ceil(steps * plan.work - ROUND) + plan.skew


@jit
def feed_inputs(loops, plan, work, operand):
    """Add what the MACs take of W or I from its innermost node: one word for all that want it at a step."""
    last = plan.last[operand]
    words = loops.words[operand]
    for position in range(4):
        work.side[position] = 1.0
    for d in range(loops.dims):
        below = work.outside[plan.places, d] / (work.outside[last, d] if last >= 0 else 1.0)
        if loops.reuse[d] == operand:
            words *= np.ceil(loops.extent[d] / below - ROUND)
        if loops.image[d] >= 0:
            work.side[loops.image[d]] = below
    if operand == 1 and loops.windowed > 0:
        words *= loops.y.pairs / loops.y.touched / min(work.side[0], work.side[2])
        words *= loops.x.pairs / loops.x.touched / min(work.side[1], work.side[3])
    work.energy[0] += words * plan.feed[operand, 0]
    work.converting[0] += words * plan.feed[operand, 4]
    level = plan.level[last] if last >= 0 else plan.levels - 1
    work.bits[0, level, 0] += words * plan.feed[operand, 2]


@jit
def price_inputs(loops, plan, work, p):
    """Work out what a coming of W or I costs at a node: filled into all instances, read once for those that share."""
    operand = plan.kind[p]
    filled = loops.words[operand] * instances(loops, work, p, operand)
    read = loops.words[operand] * instances(loops, work, plan.parent[p], operand)
    work.unit_pj[p, 0] = filled * plan.cross[p, 1]
    work.unit_pj[p, 1] = read * plan.cross[p, 0]
    work.unit_bits[p, 0] = read * plan.cross[p, 6]
    work.unit_bits[p, 1] = 0.0
    work.unit_bits[p, 2] = 0.0
    work.unit_bits[p, 3] = filled * plan.cross[p, 7]
    work.unit_bits[p, 4] = filled * plan.cross[p, 12]


@jit
def price_outputs(loops, plan, work):
    """Work out what a holding of O costs at its nodes, drained and merged outside, and what is fixed.

    With T words drained from a node and U merged into its parent, U - (T - F)(parent) words come back to the
    node, F those that came back to the parent: so each T saves what the next node inside would read back, and
    each U costs that at the node itself and all nodes inside it.
    """
    last, words = plan.last[2], loops.words[2]
    updates = words
    for d in range(loops.dims):
        if loops.reuse[d] == 2:
            below = work.outside[plan.places, d] / (work.outside[last, d] if last >= 0 else 1.0)
            updates *= np.ceil(loops.extent[d] / below - ROUND)
    later = plan.feed[2, 0]
    work.energy[0] += updates * (plan.feed[2, 1] + later) - words * later
    level = plan.level[last] if last >= 0 else plan.levels - 1
    born = words * instances(loops, work, last, OUTPUT)
    work.bits[0, level, 0] += max(updates - born, 0.0) * plan.feed[2, 2]
    work.bits[0, level, 1] += updates * plan.feed[2, 3]
    p = last
    while p >= 0:
        price = plan.cross[p]
        here, there = instances(loops, work, p, OUTPUT), instances(loops, work, plan.parent[p], OUTPUT)
        drain = price[2] + plan.add_pj - later
        later += price[0] + price[1]
        merge = price[4] - plan.add_pj + later
        work.unit_pj[p, 0] = words * drain
        work.unit_pj[p, 1] = words * merge
        work.energy[0] -= words * (price[0] + price[1])
        work.unit_bits[p, 0] = words * price[6]
        work.unit_bits[p, 1] = words * price[10]
        work.unit_bits[p, 2] = words * price[8]
        work.unit_bits[p, 3] = words * price[7]
        work.unit_bits[p, 4] = 0.0
        work.side[0] = -words * there * price[6]
        work.side[1] = 0.0
        work.side[2] = 0.0
        work.side[3] = -words * there * price[7]
        # the last time, words leave finished: all of one instance, maybe those of several
        if here == 1.0 or price[2] > price[3]:
            work.energy[0] -= words * (price[2] - price[3])
        if here == 1.0 or price[8] > price[9]:
            work.side[2] = -words * (price[8] - price[9])
        if there == 1.0 or price[4] > price[5]:
            work.energy[0] -= words * (price[4] - price[5])
        if there == 1.0 or price[10] > price[11]:
            work.side[1] = -words * (price[10] - price[11])
        outer = plan.level[plan.parent[p]] if plan.parent[p] >= 0 else plan.levels - 1
        move(plan, work, FIRST, plan.level[p], outer, work.side[:], 1.0, 1.0, 1.0)
        p = plan.parent[p]


@jit
def prices(loops, plan, work):
    """Work out what every coming costs with the instances in ``work.spread``, and what is fixed."""
    place_instances(loops, plan, work)
    clear(loops, plan, work)
    feed_inputs(loops, plan, work, WEIGHT)
    feed_inputs(loops, plan, work, INPUT)
    for p in range(plan.places):
        if plan.kind[p] < 2:
            price_inputs(loops, plan, work, p)
    price_outputs(loops, plan, work)
