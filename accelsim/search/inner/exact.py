"""What does a complete row of the search cost? Written as a nest in every variant, counted and priced; compiled.

A bound does not tell apart in which order the loops of an image stand, whether the instances of a fan-out take
neighboring tiles or blocks of tiles, and tiles that leave the same number of tiles. All of these are *variants*:

    variant  =  (order of the image loops) * 4 + (blocks) * 2 + (tiles rounded)

`accelsim.search.leaves` writes the same nests for the engine.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit
from accelsim.search.inner.boxes import ROUND, box
from accelsim.search.inner.outputs import DELIVERED, DRAINED, FILLED, FINISHED, READ, UPDATED
from accelsim.search.inner.sums import move, score
from accelsim.search.inner.words import count, steps, visits
from accelsim.search.problem import NONE, ORDERS

TEMPORAL, SPATIAL = np.int64(0), np.int64(1)
"""Kinds of loops."""


@jit
def temporal(loops, plan, work, nest, p, at, order, turned):
    """Write the temporal loops above a place, or above the MACs, down to ``work.top``'s last row; the next position.

    Loops that replace the box of what is kept further outside stand inside those that do not. The code of the order
    of image loops, where it matters, is in ``nest.turned``.
    """
    end = plan.places + 1
    image = 0
    for late in range(2):
        for number in range(loops.dims):
            d = loops.order[number]
            if loops.image[d] >= 0 and turned:
                while loops.at_image[order[image]] < 0:
                    image += 1
                d = loops.at_image[order[image]]
                image += 1
            if kept_inside(loops, plan, work, p, d) != late or work.top[end, d] >= nest.handed[d]:
                continue
            if loops.image[d] >= 0 and turned:
                nest.turned = nest.turned * 31 + loops.image[d] + 1
            loop(nest, d, work.top[end, d], at, TEMPORAL)
            nest.advance[nest.advances] = at
            nest.advances += 1
            at += 1
        image = 0
    return at


@jit
def kept_inside(loops, plan, work, p, d):
    """1 for loops that stand innermost above a place, so that a keeper further inside keeps its box."""
    if p > 0:
        above = plan.kind[p - 1]
        return 1 if above != NONE and loops.reuse[d] != above else 0
    keeper = work.open[plan.places]
    return 1 if keeper >= 0 and loops.reuse[d] == plan.kind[keeper] else 0


@jit
def loop(nest, d, tile, at, spatial):
    """Write a loop."""
    j = nest.count[d]
    nest.at[d, j], nest.tile[d, j], nest.spatial[d, j] = at, tile, spatial
    nest.bound[d, j] = -(-nest.handed[d] // tile)
    nest.handed[d] = tile
    nest.count[d] += 1


@jit
def spread(loops, plan, work, nest, split, p, at, order, blocks):
    """Write a group of fan-outs: what all instances take at once, the spatial loops, what each takes in turn."""
    end, inner = plan.places + 1, plan.last[1]
    turned = loops.windowed > 0 and p <= inner
    for d in range(loops.dims):
        blocked = blocks and p < inner and loops.image[d] >= 0 and work.spread[p, d] > 1
        work.held[d] = blocked
        work.top[end, d] = nest.handed[d] if blocked else nest.below[p, d] * work.spread[p, d]
    at = temporal(loops, plan, work, nest, p, at, order, turned)
    for f in range(plan.fanouts[p]):
        for d in range(loops.dims):
            own, inside = split[f, d], 1
            if own > 1:
                for g in range(f + 1, plan.fanouts[p]):
                    inside *= split[g, d]
                tile = nest.below[p, d] * inside
                if work.held[d] > 0:
                    tile = max(nest.below[p, d], -(-nest.handed[d] // own))
                if tile < nest.handed[d]:
                    loop(nest, d, tile, at, SPATIAL)
                    at += 1
    for d in range(loops.dims):
        work.top[end, d] = nest.below[p, d]
    return temporal(loops, plan, work, nest, p, at, order, turned)


@jit
def write(loops, plan, work, nest, splits, order, blocks):
    """Write ``nest.below`` as a nest."""
    end = plan.places + 1
    nest.advances, nest.turned = 0, 0
    for d in range(loops.dims):
        nest.count[d], nest.handed[d] = 0, loops.extent[d]
    for operand in range(3):
        nest.nodes[operand], nest.node[operand, 0] = 1, 0
    at, group = np.int64(1), 0
    for p in range(plan.places):
        if plan.kind[p] == NONE:
            at = spread(loops, plan, work, nest, splits[group, work.row[group]], p, at, order, blocks)
            group += 1
            continue
        for d in range(loops.dims):
            work.top[end, d] = nest.below[p, d]
        at = temporal(loops, plan, work, nest, p, at, order, loops.windowed > 0 and p <= plan.last[1])
        operand = plan.kind[p]
        nest.node[operand, nest.nodes[operand]] = at
        nest.nodes[operand] += 1
        at += 1
        nest.moved[p] = 0
        for d in range(loops.dims):
            nest.box[p, d] = nest.handed[d]
            if loops.reuse[d] != operand and moved(nest, d):
                nest.moved[p] = 1
    for d in range(loops.dims):
        work.top[end, d] = 1
    nest.bottom = temporal(loops, plan, work, nest, plan.places, at, order, np.bool_(False))


@jit
def moved(nest, d):
    """Whether a dimension has a temporal loop so far."""
    for j in range(nest.count[d]):
        if nest.spatial[d, j] == 0:
            return True
    return False


@jit
def round_tiles(loops, plan, work, nest):
    """Make tiles multiples of those inside them where as many are left; whether that changes anything."""
    changed = False
    for d in range(loops.dims):
        extent, handed = loops.extent[d], 1
        for p in range(plan.places - 1, -1, -1):
            tile = work.tile[p, d]
            if plan.kind[p] == NONE:
                nest.below[p, d] = max(tile, handed)
                handed = min(nest.below[p, d] * work.spread[p, d], extent)
            else:
                wider = min(-(-tile // handed) * handed, extent)
                same = -(-extent // wider) == -(-extent // tile)
                handed = max(wider if same else tile, handed)
                nest.below[p, d] = handed
            changed = changed or nest.below[p, d] != tile
    return changed


@jit
def fits_all(loops, plan, nest, work):
    """Whether the boxes of a counted nest fit all levels."""
    end = plan.places + 1
    for level in range(plan.levels - 1):
        work.room[end, level] = plan.taken[level]
    for operand in range(3):
        k = 0
        for p in range(plan.places):
            if plan.kind[p] == operand:
                k += 1
                level = plan.level[p]
                unfinished = operand == 2 and nest.words[2, k, UPDATED] > 0
                bits = box(loops, operand, nest.box[p]) * plan.bits[p, 1 if unfinished else 0]
                work.room[end, level] += bits * plan.copies[level] if nest.moved[p] > 0 else bits
    for level in range(plan.levels - 1):
        if plan.capacity[level] >= 0 and work.room[end, level] > plan.capacity[level]:
            return False
    return True


@jit
def cross(plan, work, nest, p, k):
    """Add what words cost that pass between a node and the one outside it."""
    end, operand, level = plan.places + 1, plan.kind[p], plan.level[p]
    outer = plan.level[plan.parent[p]] if plan.parent[p] >= 0 else plan.levels - 1
    price, here, there = plan.cross[p], nest.words[operand, k], nest.words[operand, k - 1]
    filled, read = here[FILLED], there[READ]
    work.energy[end] += filled * price[1] + read * price[0]
    work.side[0], work.side[3] = read * price[6], filled * price[7]
    work.side[1], work.side[2] = 0.0, 0.0
    if operand == 2:
        work.energy[end] += here[DRAINED] * price[2] + here[DELIVERED] * price[3]
        work.energy[end] += there[UPDATED] * price[4] + there[FINISHED] * price[5]
        merged = here[DRAINED] + here[DELIVERED] - there[UPDATED] - there[FINISHED]
        work.energy[end] += max(merged, 0.0) * plan.add_pj
        work.side[1] = there[UPDATED] * price[10] + there[FINISHED] * price[11]
        work.side[2] = here[DRAINED] * price[8] + here[DELIVERED] * price[9]
    else:
        work.converting[end] += filled * price[12]
        if plan.ramps[level] > 0:
            work.own_ramp[end, level] += nest.first[operand, k, 0] * price[7]
            work.ramp[end, level, outer] += nest.first[operand, k, 1] * price[6]
    move(plan, work, end, level, outer, work.side[:], 1.0, 1.0, 1.0)


@jit
def price(loops, plan, goal, work, nest):
    """The objective of a counted nest, at the least time that its sums allow."""
    end = plan.places + 1
    work.energy[end], work.converting[end] = plan.fixed_pj, plan.converting
    for level in range(plan.levels):
        work.own_ramp[end, level] = 0.0
        for way in range(2):
            work.bits[end, level, way], work.apart[end, level, way] = 0.0, 0.0
        for other in range(plan.levels):
            work.ramp[end, level, other] = 0.0
    work.bits[end, plan.bias_level, 0] = plan.bias_bits
    for operand in range(3):
        k = 0
        for p in range(plan.places):
            if plan.kind[p] == operand:
                k += 1
                cross(plan, work, nest, p, k)
        words, feed = nest.words[operand, k], plan.feed[operand]
        level = plan.level[plan.last[operand]] if plan.last[operand] >= 0 else plan.levels - 1
        work.energy[end] += words[READ] * feed[0] + words[UPDATED] * feed[1]
        work.bits[end, level, 0] += words[READ] * feed[2]
        work.bits[end, level, 1] += words[UPDATED] * feed[3]
        work.converting[end] += words[READ] * feed[4]
    cycles, turns = work.cycles, steps(loops, nest)
    work.cycles = np.ceil(turns * plan.work - ROUND) + skew(loops, plan, nest, turns)
    value = score(plan, goal, work, end, work.energy[end])
    work.cycles = cycles
    return value


@jit
def skew(loops, plan, nest, turns):
    """Cycles of a systolic array beyond those of its steps, as `accelsim.engine.systolic.skew_cycles` has them."""
    folds = np.inf
    for operand in range(3):
        last = plan.last[operand]
        if last >= 0 and plan.level[last] == plan.register:
            folds = min(folds, visits(loops, nest, operand))
    if folds == np.inf:
        return plan.skew
    alone = plan.rows + plan.skew
    if plan.serial[plan.register] > 0:
        return folds * alone
    return alone + np.ceil((folds - 1) * max(0.0, plan.rows - turns / (plan.speed * folds)))


@jit
def exact(loops, plan, goal, work, nest, scratch, splits, state):
    """The least objective of all variants of what is decided, and which it is; infinite if none fits."""
    best, best_variant = np.inf, -1
    orders = len(ORDERS) if loops.windowed > 0 else 1
    for rounded in range(2):
        if rounded == 0:
            for p in range(plan.places):
                for d in range(loops.dims):
                    nest.below[p, d] = work.tile[p, d]
        elif loops.exact > 0 or not round_tiles(loops, plan, work, nest):
            break
        for blocks in range(2 if loops.windowed > 0 and loops.exact == 0 else 1):
            if blocks > 0 and not may_block(loops, plan, work):
                break
            for number in range(orders):
                write(loops, plan, work, nest, splits, ORDERS[number], blocks > 0)
                nest.codes[number] = nest.turned
                if repeated(nest, number):
                    continue
                nest.looked = 0
                count(loops, nest, scratch)
                state.counted += 1
                state.spent += COUNTED + nest.looked // LOOKED
                if fits_all(loops, plan, nest, work):
                    value = price(loops, plan, goal, work, nest)
                    if value < best:
                        best, best_variant = value, number * 4 + blocks * 2 + rounded
    return best, best_variant


COUNTED, LOOKED = 20, 50
"""Bounds that take as long as to count a mapping, and pairs of tiles of an image axis that take as long as a bound."""


@jit
def may_block(loops, plan, work):
    """Whether instances may take blocks of tiles of an image dimension."""
    for g in range(plan.groups):
        p = plan.group[g]
        for d in range(loops.dims):
            if p < plan.last[1] and loops.image[d] >= 0 and work.spread[p, d] > 1:
                return True
    return False


@jit
def repeated(nest, number):
    """Whether an order of image loops is the same as one before it, where they move."""
    for other in range(number):
        if nest.codes[other] == nest.codes[number]:
            return True
    return False
