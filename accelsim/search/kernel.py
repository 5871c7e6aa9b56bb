"""Which mappings of a skeleton cost least? Branch and bound from the MACs outward, in inner loops that are compiled.

With the instances of all fan-outs given, what an operand costs depends on one thing alone: how often the
dimensions that reuse it come back to each of its nodes (its *comings*). So every decided node adds

    energy  =  unit_pj * comings,    comings = product over the dimensions that reuse it of ceil( D / (T P) )

with T the tile handed to the node and P the instances outside it; `prices` works the units out once for each
choice of instances. What is not decided yet comes at least as often as the boxes outside it, which must fit
their levels, force it to (`forced`). See docs/search.md.

All of it stands in one file: machine code kept on disk is renewed when the file of its caller changes, not when
that of what it calls does.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit
from accelsim.search.problem import NONE

ROUND = 1e-9
PATIENCE = 20
TIE = 1e-10
"""Share of the objective for which ties are broken."""

CLOSED, OPEN, WHOLE, HOWS = 0, 1, 2, 3
"""How a tile is meant: with the loops that reuse the operand directly below; as a keeper, whose comings are open yet;
or with the whole operand kept, which then comes once."""


@jit
def span(axis, outputs, taps):
    """Input positions of a tile of outputs and taps."""
    return min((outputs - 1) * axis.stride + (taps - 1) * axis.dilation + 1, axis.size)


@jit
def box(loops, operand, top):
    """Words of the box that an operand has in a tile."""
    words = 1.0
    windowed = loops.windowed > 0 and operand == 1
    rows, columns, tap_rows, tap_columns = 1, 1, 1, 1
    for d in range(loops.dims):
        position = loops.image[d]
        if windowed and position >= 0:
            if position == 0:
                rows = top[d]
            elif position == 1:
                columns = top[d]
            elif position == 2:
                tap_rows = top[d]
            else:
                tap_columns = top[d]
        elif loops.reuse[d] != operand:
            words *= top[d]
    if windowed:
        words *= span(loops.y, rows, tap_rows) * span(loops.x, columns, tap_columns)
    return words


@jit
def halo(loops, work, p, parent, reach_y, reach_x):
    """What tiles reach of the input, over what all reach together, if the halo is kept along the better axis.

    ``parent`` -2 is for every instance, else for all instances inside a parent at once.
    """
    rows, columns, tap_rows, tap_columns = 1, 1, 1, 1
    for d in range(loops.dims):
        position = loops.image[d]
        if position >= 0:
            group = 1.0
            if parent > -2:
                group = work.outside[p, d] / (work.outside[parent, d] if parent >= 0 else 1.0)
            side = min(int(work.tile[p, d] * group), loops.extent[d])
            if position == 0:
                rows = side
            elif position == 1:
                columns = side
            elif position == 2:
                tap_rows = side
            else:
                tap_columns = side
    over_rows = reach_y[rows, tap_rows] / loops.y.touched
    over_columns = reach_x[columns, tap_columns] / loops.x.touched
    return max(min(over_rows, over_columns), 1.0)


@jit
def instances(loops, work, place, operand):
    """Instances outside a place (-1: 1) over the dimensions that reuse an operand."""
    result = 1.0
    if place >= 0:
        for d in range(loops.dims):
            if loops.reuse[d] == operand:
                result *= work.outside[place, d]
    return result


@jit
def comings(loops, work, place, operand, top):
    """How often the dimensions that reuse an operand come back to a place."""
    result = 1.0
    for d in range(loops.dims):
        if loops.reuse[d] == operand:
            handed = top[d] * work.outside[place, d]
            if handed < loops.extent[d]:
                result *= np.ceil(loops.extent[d] / handed - ROUND)
    return result


@jit
def move(plan, work, depth, own, outer, bits, times, read, filled):
    """Add bits to the ports of a level and of the one outside it."""
    out_of, into = bits[0] * times * read, bits[1] * times
    drained, received = bits[2] * times, bits[3] * times * filled
    work.bits[depth, outer, 0] += out_of
    work.bits[depth, outer, 1] += into
    work.bits[depth, own, 0] += drained
    work.bits[depth, own, 1] += received
    if plan.serial[own] > 0:
        work.apart[depth, outer, 0] += out_of
        work.apart[depth, outer, 1] += into
        work.apart[depth, own, 0] += drained
        work.apart[depth, own, 1] += received


@jit
def copy(plan, work, source, target):
    """Copy the sums of one depth to another."""
    work.energy[target] = work.energy[source]
    work.open[target] = work.open[source]
    work.converting[target] = work.converting[source]
    for level in range(plan.levels):
        work.room[target, level] = work.room[source, level]
        for way in range(2):
            work.bits[target, level, way] = work.bits[source, level, way]
            work.apart[target, level, way] = work.apart[source, level, way]
        if plan.ramps[level] > 0:
            work.own_ramp[target, level] = work.own_ramp[source, level]
            for other in range(plan.levels):
                work.ramp[target, level, other] = work.ramp[source, level, other]


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
    """Work out what a coming of O costs at its nodes, and what is fixed.

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
    born = words * instances(loops, work, last, 2)
    work.bits[0, level, 0] += max(updates - born, 0.0) * plan.feed[2, 2]
    work.bits[0, level, 1] += updates * plan.feed[2, 3]
    p = last
    while p >= 0:
        price = plan.cross[p]
        here, there = instances(loops, work, p, 2), instances(loops, work, plan.parent[p], 2)
        drain = price[2] + plan.add_pj - later
        later += price[0] + price[1]
        merge = price[4] - plan.add_pj + later
        work.unit_pj[p, 0] = words * (here * drain + there * merge)
        work.unit_pj[p, 1] = 0.0
        work.energy[0] -= words * (price[0] + price[1])
        work.unit_bits[p, 0] = words * there * price[6]
        work.unit_bits[p, 1] = words * there * price[10]
        work.unit_bits[p, 2] = words * here * price[8]
        work.unit_bits[p, 3] = words * there * price[7]
        work.unit_bits[p, 4] = 0.0
        work.side[0] = -words * there * price[6]
        work.side[1] = 0.0
        work.side[2] = 0.0
        work.side[3] = -words * there * price[7]
        if here == 1.0:  # the last time, words leave finished
            work.energy[0] -= words * (price[2] - price[3])
            work.side[2] = -words * (price[8] - price[9])
        if there == 1.0:
            work.energy[0] -= words * (price[4] - price[5])
            work.side[1] = -words * (price[10] - price[11])
        outer = plan.level[plan.parent[p]] if plan.parent[p] >= 0 else plan.levels - 1
        move(plan, work, 0, plan.level[p], outer, work.side, 1.0, 1.0, 1.0)
        p = plan.parent[p]


@jit
def prices(loops, plan, work):
    """Work out what every coming costs with the instances in ``work.spread``, and what is fixed."""
    place_instances(loops, plan, work)
    clear(loops, plan, work)
    feed_inputs(loops, plan, work, 0)
    feed_inputs(loops, plan, work, 1)
    for p in range(plan.places):
        if plan.kind[p] < 2:
            price_inputs(loops, plan, work, p)
    price_outputs(loops, plan, work)


@jit
def port(plan, work, level, read, written):
    """Cycles of a port of a level."""
    reading, writing = max(read, 0.0) * plan.rate[level, 0], max(written, 0.0) * plan.rate[level, 1]
    return (reading + writing if plan.rate[level, 2] > 0 else max(reading, writing)) / work.used[level]


@jit
def opening(plan, work, depth, own):
    """Cycles that the first boxes of a double-buffered level take before the first step."""
    cycles = port(plan, work, own, 0.0, work.own_ramp[depth, own])
    for level in range(plan.levels):
        cycles = max(cycles, port(plan, work, level, work.ramp[depth, own, level], 0.0))
    return cycles


@jit
def overlapped(plan, work, depth, level):
    """Cycles of what passes the port of a level after the opening."""
    read, written = work.bits[depth, level, 0], work.bits[depth, level, 1]
    for own in range(plan.levels - 1):
        if plan.ramps[own] > 0:
            read -= work.ramp[depth, own, level]
            if own == level:
                written -= work.own_ramp[depth, own]
    return port(plan, work, level, read, written)


@jit
def score(plan, goal, work, depth, energy):
    """The objective of what was added up, with what breaks ties."""
    waits = 0.0
    for level in range(plan.levels):
        waits = max(waits, port(plan, work, level, work.apart[depth, level, 0], work.apart[depth, level, 1]))
    cycles = max(work.cycles + waits, work.converting[depth], plan.least_cycles)
    for level in range(plan.levels):
        cycles = max(cycles, overlapped(plan, work, depth, level))
    for own in range(plan.levels - 1):
        if plan.ramps[own] > 0:
            cycles += opening(plan, work, depth, own)
    total = energy + plan.static_pj * cycles
    if goal.objective == 0:
        return total * (1 + TIE * min(cycles / goal.cycles, 5.0))
    if goal.objective == 1:
        return cycles * (1 + TIE * min(total / goal.energy, 5.0))
    return total * cycles * (1 + TIE * min(total / goal.energy, 5.0))


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
    return box(loops, plan.kind[p], work.held) * plan.bits[p, 0] <= plan.capacity[level]


@jit
def forced(loops, plan, work, p, top, most):
    """How often an undecided node must at least see its operand again: boxes outside it are to fit.

    A node that may become a keeper, or keep all of its operand, may come once, however often the tiles of the boxes
    outside it change.
    """
    if plan.keeper[p] > 0 or whole_fits(loops, plan, work, p):
        return 1.0
    operand = plan.kind[p]
    result, whole = 1.0, 1.0
    for d in range(loops.dims):
        if loops.reuse[d] == operand:
            whole *= loops.extent[d]
    for outer in range(p):
        other = plan.kind[outer]
        if other in (NONE, operand) or (other == 1 and loops.windowed > 0):
            continue
        room = plan.capacity[plan.level[outer]]
        rest = plan.bits[outer, 0]
        if room < 0 or rest <= 0:
            continue
        outside = 1.0
        for d in range(loops.dims):
            if loops.reuse[d] == operand:
                outside *= work.outside[outer, d]
            elif loops.reuse[d] != other:
                rest *= top[d]
        if whole * rest > room * outside:  # else it is kept whole in all instances together, once
            widest = max(np.floor(room / (rest * plan.copies[plan.level[outer]])), 1.0)
            result = max(result, np.ceil(whole / (widest * outside) - ROUND))
    return min(result, most)


@jit
def least(loops, plan, goal, work, depth, p):
    """A lower bound of all that a state with the places from ``p`` on decided can become.

    The sums are made in the last row of the scratch space.
    """
    keeper = work.open[depth]
    if p == 0 and keeper < 0:
        return score(plan, goal, work, depth, work.energy[depth])
    end = plan.places + 1
    copy(plan, work, depth, end)
    energy = work.energy[depth]
    top = work.top[depth]
    for q in range(p):
        if plan.kind[q] != NONE:
            most = comings(loops, work, q, plan.kind[q], top)
            few = forced(loops, plan, work, q, top, most) if most > 1 else 1.0
            unit = work.unit_pj[q, 0] + work.unit_pj[q, 1]
            energy += unit * (few if unit >= 0 else most)
            outer = plan.level[plan.parent[q]] if plan.parent[q] >= 0 else plan.levels - 1
            move(plan, work, end, plan.level[q], outer, work.unit_bits[q], few, 1.0, 1.0)
            work.converting[end] += work.unit_bits[q, 4] * few
    if keeper >= 0:  # comes once, if all loops that are left stand well
        unit = work.unit_pj[keeper, 0] + work.unit_pj[keeper, 1]
        most = comings(loops, work, max(p - 1, 0), plan.kind[keeper], top) if p > 0 and unit < 0 else 1.0
        energy += unit * most
        outer = plan.level[plan.parent[keeper]] if plan.parent[keeper] >= 0 else plan.levels - 1
        move(plan, work, end, plan.level[keeper], outer, work.unit_bits[keeper], 1.0, 1.0, 1.0)
        work.converting[end] += work.unit_bits[keeper, 4]
    return score(plan, goal, work, end, energy)


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
    words = box(loops, operand, work.held)
    here, there = instances(loops, work, p, operand), instances(loops, work, plan.parent[p], operand)
    work.own_ramp[depth, level] += words * here * plan.cross[p, 7]
    work.ramp[depth, level, outer] += words * there * plan.cross[p, 6]


@jit
def charge(loops, plan, work, reach_y, reach_x, depth, p, seen):
    """Add what a node with so many comings costs."""
    operand, level, parent = plan.kind[p], plan.level[p], plan.parent[p]
    filled, read = 1.0, 1.0
    if operand == 1 and loops.halo > 0:
        filled = halo(loops, work, p, -2, reach_y, reach_x)
        read = halo(loops, work, p, parent, reach_y, reach_x)
    work.energy[depth] += seen * (work.unit_pj[p, 0] * filled + work.unit_pj[p, 1] * read)
    work.converting[depth] += work.unit_bits[p, 4] * seen * filled
    outer = plan.level[parent] if parent >= 0 else plan.levels - 1
    move(plan, work, depth, level, outer, work.unit_bits[p], seen, read, filled)
    if plan.ramps[level] > 0 and plan.kind[p] < 2:
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
        charge(loops, plan, work, reach_y, reach_x, depth + 1, keeper, seen)


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
        charge(loops, plan, work, reach_y, reach_x, depth + 1, p, seen)
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


@jit
def open_node(loops, plan, goal, work, state, tiles, reach_y, reach_x, value, which, depth, p):
    """Bound every tile of a node, and line up the hopeful ones, the most promising first.

    A choice is written as its number times `HOWS` and how it is meant.
    """
    count, tried = 0, 0
    for how in range(HOWS):
        if (how == OPEN and (plan.keeper[p] == 0 or work.open[depth] >= 0)) or (
            how == WHOLE and not whole_fits(loops, plan, work, p)
        ):
            continue
        total = choices(loops, plan, work, depth, p, how)
        tried += total
        for number in range(total):
            if not choose_tile(loops, plan, work, tiles, depth, p, number, how):
                continue
            if not decide_node(loops, plan, work, reach_y, reach_x, depth, p, how):
                continue
            state.bounds += 1
            state.spent += 1
            bound = least(loops, plan, goal, work, depth + 1, p)
            if bound < state.below:
                if count == value.shape[1]:  # no room: the worst is left undone
                    count -= 1
                    state.left = min(state.left, max(bound, value[depth, count]))
                    if bound >= value[depth, count]:
                        count += 1
                        continue
                at = count
                while at > 0 and value[depth, at - 1] > bound:
                    value[depth, at], which[depth, at] = value[depth, at - 1], which[depth, at - 1]
                    at -= 1
                value[depth, at], which[depth, at] = bound, number * HOWS + how
                count += 1
    state.spent += tried // 16  # looking at tiles takes time, too
    work.count[depth] = count
    work.position[depth] = 0


@jit
def keep(loops, plan, work, state, best, best_at, best_open, best_tile, best_spread, at, value):
    """Keep a complete mapping if it is among the best."""
    if value >= state.below:
        return
    worst = 0
    for i in range(len(best)):
        if best[i] > best[worst]:
            worst = i
    if value < best[worst]:
        best[worst], best_at[worst] = value, at
        best_open[worst] = work.open[plan.places]
        for p in range(plan.places):
            for d in range(loops.dims):
                best_tile[worst, p, d] = work.tile[p, d]
                best_spread[worst, p, d] = work.spread[p, d]
    if state.slack < np.inf:
        state.below = min(state.below, value * state.slack)


@jit
def explore(
    loops, plan, goal, work, state, tiles, reach_y, reach_x, value, which,
    best, best_at, best_open, best_tile, best_spread, at_plan, share, most,
):  # fmt: skip
    """Search all tiles with the instances in ``work.spread``, until so many bounds were computed.

    The first descent goes to its end all the same, unless that takes `PATIENCE` times as many, or more than ``most``
    in all.
    """
    depth = 0
    entering = True
    limit = state.spent + share
    patience = max(limit, min(state.spent + PATIENCE * share, most))
    complete = False
    while depth >= 0:
        p = plan.places - 1 - depth
        if p < 0:
            bound = least(loops, plan, goal, work, depth, 0)
            complete = True
            keep(loops, plan, work, state, best, best_at, best_open, best_tile, best_spread, at_plan, bound)
            depth -= 1
            entering = False
        elif plan.kind[p] == NONE:
            if entering and decide_group(loops, plan, work, depth, p):
                depth += 1
            else:
                depth -= 1
                entering = False
        else:
            if entering:
                open_node(loops, plan, goal, work, state, tiles, reach_y, reach_x, value, which, depth, p)
            at = work.position[depth]
            if at >= work.count[depth] or value[depth, at] >= state.below:
                depth -= 1
                entering = False
            elif state.spent > (limit if complete else patience):
                state.left = min(state.left, value[depth, at])
                depth -= 1
                entering = False
            else:
                work.position[depth] += 1
                number, how = which[depth, at] // HOWS, which[depth, at] % HOWS
                choose_tile(loops, plan, work, tiles, depth, p, number, how)
                decide_node(loops, plan, work, reach_y, reach_x, depth, p, how)
                depth += 1
                entering = True


@jit
def pick(loops, plan, work, ways, ways_of, number):
    """Set the instances of all groups to a combination of their ways."""
    for g in range(plan.groups):
        p = plan.group[g]
        row = number % ways_of[g]
        number //= ways_of[g]
        for d in range(loops.dims):
            work.spread[p, d] = ways[g, row, d]


@jit
def roots(plans, loops, goals, works, ways, ways_of, menu, value, at, combination):
    """Bound every combination of instances of every plan, and write bounds, plans and numbers in turn.

    Plan i takes its instances from ``ways[menu[i]]``.
    """
    loop, goal, work = loops[0], goals[0], works[0]
    count = 0
    for i in range(len(plans)):
        plan = plans[i]
        total = 1
        for g in range(plan.groups):
            total *= ways_of[menu[i], g]
        for number in range(total):
            pick(loop, plan, work, ways[menu[i]], ways_of[menu[i]], number)
            prices(loop, plan, work)
            bound = least(loop, plan, goal, work, 0, plan.places)
            value[count], at[count], combination[count] = bound, i, number
            count += 1


@jit
def search(
    plans, loops, goals, works, states, tiles, reach_y, reach_x, ways, ways_of, menu, value, which,
    best, best_at, best_open, best_tile, best_spread, bounds, at, combination, limit, share,
):  # fmt: skip
    """Search combinations of instances in the order given, each until ``share`` bounds were computed for it."""
    loop, goal, work, state = loops[0], goals[0], works[0], states[0]
    for i in range(len(bounds)):
        if bounds[i] >= state.below:
            continue
        if state.spent > limit:
            state.left = min(state.left, bounds[i])
            continue
        plan = plans[at[i]]
        pick(loop, plan, work, ways[menu[at[i]]], ways_of[menu[at[i]]], combination[i])
        prices(loop, plan, work)
        explore(
            loop, plan, goal, work, state, tiles, reach_y, reach_x, value, which,
            best, best_at, best_open, best_tile, best_spread, at[i], share, limit,
        )  # fmt: skip
