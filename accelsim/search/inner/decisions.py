"""What may a node or a group of fan-outs decide, and what does it come to? The steps of the branch and bound.

Nodes decide from the MACs outward; what is added up stands in the row of the scratch space of that depth.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit
from accelsim.search.inner.boxes import ALL, ROUND, box, comings, halo, instances
from accelsim.search.inner.holdings import charge_outputs, charge_untiled, held_by_tile
from accelsim.search.inner.sums import copy, move
from accelsim.search.problem import NONE

CLOSED, OPEN, WHOLE, HOWS = 0, 1, 2, 3
"""How a tile is meant: with the loops that reuse the operand directly below; as a keeper, whose comings are open yet;
or with the whole operand kept, which then comes once."""


@jit
def whole_fits(loops, plan, work, p):
    """Whether a double-buffered level may hold one copy of all that its instances share of an operand.

    What never moves needs one copy, less room than two of a tile of more than half.
    """
    level = plan.level[p]
    if loops.wholes == 0 or plan.copies[level] == 1 or plan.capacity[level] < 0:
        return False
    for d in range(loops.dims):
        work.held[d] = int(np.ceil(loops.extent[d] / work.outside[p, d] - ROUND))
    return box(loops, plan.kind[p], work.held[:]) * plan.bits[p, 0] <= plan.capacity[level]


@jit
def set_aside(loops, plan, work, p):
    """Bits that a decided node needs in its level."""
    operand, level = plan.kind[p], plan.level[p]
    bits = box(loops, operand, work.tile[p])
    if plan.copies[level] > 1:
        moves = False
        for d in range(loops.dims):
            if loops.reuse[d] != operand and work.tile[p, d] * work.outside[p, d] < loops.extent[d]:
                moves = True
        if moves:
            bits *= plan.copies[level]
    inside = plan.inner[p]
    unfinished = operand == 2 and (inside < 0 or work.comings[inside] > 1)
    return bits * plan.bits[p, 1 if unfinished else 0]


@jit
def fits(loops, plan, work, depth, p):
    """Whether what is decided fits beside the smallest boxes of the nodes outside it."""
    for level in range(plan.levels - 1):
        if plan.capacity[level] >= 0:
            needed = work.room[depth, level]
            for q in range(p):
                if plan.kind[q] != NONE and plan.level[q] == level:
                    needed += box(loops, plan.kind[q], work.tile[p]) * plan.bits[q, 0]
            if needed > plan.capacity[level]:
                return False
    return True


@jit
def ramp(loops, plan, work, depth, p, outer):
    """Add the first boxes of W or I of all instances of a node."""
    operand, level = plan.kind[p], plan.level[p]
    for d in range(loops.dims):
        work.held[d] = min(int(work.tile[p, d] * work.outside[p, d]), loops.extent[d])
    words = box(loops, operand, work.held[:])
    here, there = instances(loops, work, p, operand), instances(loops, work, plan.parent[p], operand)
    work.own_ramp[depth, level] += words * here * plan.cross[p, 7]
    work.ramp[depth, level, outer] += words * there * plan.cross[p, 6]


@jit
def charge(loops, plan, work, reach_y, reach_x, depth, p, seen, tiled):
    """Add what a node with so many comings costs; ``tiled`` if its tile is that in ``work.tile``."""
    if plan.kind[p] == 2:
        if tiled:
            held = held_by_tile(loops, work, p, p)
            merged = held_by_tile(loops, work, p, plan.parent[p])
            charge_outputs(loops, plan, work, depth, p, held, merged, seen)
        else:
            charge_untiled(loops, plan, work, depth, p, seen, seen)
        return
    operand, level, parent = plan.kind[p], plan.level[p], plan.parent[p]
    filled, read = 1.0, 1.0
    if operand == 1 and loops.halo > 0:
        filled = halo(loops, work, p, ALL, reach_y, reach_x)
        read = halo(loops, work, p, parent, reach_y, reach_x)
    work.energy[depth] += seen * (work.unit_pj[p, 0] * filled + work.unit_pj[p, 1] * read)
    work.converting[depth] += work.unit_bits[p, 4] * seen * filled
    outer = plan.level[parent] if parent >= 0 else plan.levels - 1
    move(plan, work, depth, level, outer, work.unit_bits[p], seen, read, filled)
    if plan.ramps[level] > 0:
        ramp(loops, plan, work, depth, p, outer)


@jit
def close(loops, plan, work, reach_y, reach_x, depth, p):
    """Charge an open keeper if a loop below node ``p`` is the first that changes its box.

    The loops that reuse it and stand inside that loop, above nodes of other operands too, leave its box alone.
    """
    keeper = work.open[depth]
    if keeper < 0:
        return
    operand = plan.kind[keeper]
    changes = False
    for d in range(loops.dims):
        if loops.reuse[d] != operand and work.tile[p, d] > work.top[depth, d]:
            changes = True
    if changes:
        seen = comings(loops, work, p, operand, work.tile[p])
        work.comings[keeper] = seen
        work.open[depth + 1] = -1
        charge(loops, plan, work, reach_y, reach_x, depth + 1, keeper, seen, np.bool_(False))


@jit
def decide_node(loops, plan, work, reach_y, reach_x, depth, p, how):
    """Take ``work.tile[p]`` for a node and add up what it comes to; False if something does not fit.

    With ``OPEN`` its own comings are left open.
    """
    level = plan.level[p]
    seen = 1.0 if how == WHOLE else comings(loops, work, p, plan.kind[p], work.tile[p])
    work.comings[p] = 1.0 if how == OPEN else seen
    copy(plan, work, depth, depth + 1)
    if plan.capacity[level] >= 0:
        work.room[depth + 1, level] += set_aside(loops, plan, work, p)
    if not fits(loops, plan, work, depth + 1, p):
        return False
    close(loops, plan, work, reach_y, reach_x, depth, p)
    if how == OPEN:
        work.open[depth + 1] = p
    else:
        charge(loops, plan, work, reach_y, reach_x, depth + 1, p, seen, how == CLOSED)
    for d in range(loops.dims):
        work.top[depth + 1, d] = work.tile[p, d]
    return True


@jit
def decide_group(loops, plan, work, depth, p):
    """Spread the present tile over a group of fan-outs; False if an instance would have nothing to do."""
    copy(plan, work, depth, depth + 1)
    for d in range(loops.dims):
        tile, spread = work.top[depth, d], work.spread[p, d]
        work.tile[p, d] = tile
        if spread > 1:
            turns = -(-loops.extent[d] // tile)
            if turns < spread and (plan.fanouts[p] == 1 or 2 * turns <= spread):
                return False  # two fan-outs may take n2 and ceil(turns / n2)
            if loops.exact > 0 and loops.extent[d] % (tile * spread) != 0:
                return False
        work.top[depth + 1, d] = min(tile * spread, loops.extent[d])
    return True


@jit
def grows(loops, plan, work, depth, p, d, opens):
    """Whether a loop of a dimension may stand directly below a node: one that reuses its operand, or the open keeper's.

    Below a keeper that is left open any loop may.
    """
    keeper = work.open[depth]
    own = opens or loops.reuse[d] == plan.kind[p] or (keeper >= 0 and loops.reuse[d] == plan.kind[keeper])
    return own or plan.loops[p + 1, d] == 1


@jit
def choose_tile(loops, plan, work, tiles, depth, p, number, how):
    """Write choice ``number`` of the tile at a node; False if it is none, or the same as another."""
    opens = how == OPEN
    more = False
    for d in range(loops.dims):
        present, extent = work.top[depth, d], loops.extent[d]
        work.tile[p, d] = present
        pinned = plan.pins[p, d]
        if how == WHOLE and loops.reuse[d] != plan.kind[p]:
            tile = max(int(np.ceil(extent / work.outside[p, d] - ROUND)), present)
            if (pinned > 0 and pinned != tile) or (loops.exact > 0 and (tile % present != 0 or extent % tile != 0)):
                return False
            more = more or tile > present
            work.tile[p, d] = tile
            continue
        if pinned > 0:
            if pinned < present or (loops.exact > 0 and (pinned % present != 0 or extent % pinned != 0)):
                return False
            work.tile[p, d] = pinned
        elif grows(loops, plan, work, depth, p, d, opens) and present < extent:
            if p == 0 and work.open[depth] < 0 and not opens and plan.loops[0, d] == 0 and plan.loops[1, d] == 0:
                work.tile[p, d] = extent
                continue
            at = number % loops.choices[d]
            number //= loops.choices[d]
            tile = tiles[d, at]
            if tile < present:  # the first smaller one stands for staying as it is
                if at > 0 and tiles[d, at - 1] <= present:
                    return False
                tile = present
            elif loops.exact > 0 and tile % present != 0:
                return False
            work.tile[p, d] = tile
    return (more or how != WHOLE) and loops_obey(loops, plan, work, depth, p)


@jit
def loops_obey(loops, plan, work, depth, p):
    """Whether the loops below a node, and those of the outermost level, are those that are pinned."""
    for d in range(loops.dims):
        below, above = plan.loops[p + 1, d], plan.loops[0, d] if p == 0 else 0
        if (below == 1 or below == 2) and (work.tile[p, d] > work.top[depth, d]) != (below == 1):
            return False
        if (above == 1 or above == 2) and (loops.extent[d] > work.tile[p, d]) != (above == 1):
            return False
    return True


@jit
def choices(loops, plan, work, depth, p, how):
    """How many choices `choose_tile` has."""
    opens = how == OPEN
    count = 1
    for d in range(loops.dims):
        free = plan.pins[p, d] == 0 and work.top[depth, d] < loops.extent[d]
        chosen = p > 0 or work.open[depth] >= 0 or opens or plan.loops[0, d] > 0 or plan.loops[1, d] > 0
        if how == WHOLE and loops.reuse[d] != plan.kind[p]:
            continue
        if free and chosen and grows(loops, plan, work, depth, p, d, opens):
            count *= loops.choices[d]
    return count
