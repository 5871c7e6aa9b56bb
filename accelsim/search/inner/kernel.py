"""Which mappings of a skeleton cost least? Branch and bound from the MACs outward, in inner loops that are compiled.

With the instances of all fan-outs given, what an operand costs depends on one thing alone: how often the
dimensions that reuse it come back to each of its nodes (its *comings*). So every decided node adds

    energy  =  unit_pj * comings,    comings = product over the dimensions that reuse it of ceil( D / (T P) )

with T the tile handed to the node and P the instances outside it; `accelsim.search.inner.units` works the units out
once for each choice of instances. What is not decided yet comes at least as often as the boxes outside it, which must
fit their levels, force it to (`forced`). What is decided in full is counted and priced (`accelsim.search.inner.exact`).
See docs/search.md.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import entry, jit
from accelsim.search.inner.boxes import ROUND, comings
from accelsim.search.inner.decisions import (
    HOWS,
    OPEN,
    WHOLE,
    choices,
    choose_tile,
    decide_group,
    decide_node,
    whole_fits,
)  # fmt: skip
from accelsim.search.inner.exact import exact
from accelsim.search.inner.holdings import charge_undecided
from accelsim.search.inner.sums import copy, score
from accelsim.search.inner.units import pick, prices
from accelsim.search.problem import FIRST, NONE, Kept, Scratch

PATIENCE = 20


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
    top = work.top[depth]
    for q in range(p):
        if plan.kind[q] != NONE:
            most = comings(loops, work, q, plan.kind[q], top)
            few = forced(loops, plan, work, q, top, most) if most > 1 else 1.0
            charge_undecided(loops, plan, work, end, q, few, most)
    if keeper >= 0:  # comes once, if all loops that are left stand well
        most = comings(loops, work, max(p - 1, 0), plan.kind[keeper], top) if p > 0 else 1.0
        charge_undecided(loops, plan, work, end, keeper, 1.0, most)
    return score(plan, goal, work, end, work.energy[end])


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
def keep(loops, plan, work, state, kept, at, value, variant):
    """Keep a complete mapping if it is among the best."""
    if value >= state.below:
        return
    worst = 0
    for i in range(len(kept.value)):
        if kept.value[i] > kept.value[worst]:
            worst = i
    if value < kept.value[worst]:
        kept.value[worst], kept.at[worst], kept.variant[worst] = value, at, variant
        kept.open[worst] = work.open[plan.places]
        for p in range(plan.places):
            for d in range(loops.dims):
                kept.tile[worst, p, d] = work.tile[p, d]
                kept.spread[worst, p, d] = work.spread[p, d]
    state.below = min(state.below, value * state.slack)


@jit
def finish(loops, plan, goal, work, nest, scratch, splits, state, kept, at, depth):
    """Count a complete mapping in all its variants, and keep the best."""
    bound = least(loops, plan, goal, work, depth, FIRST)
    if bound >= state.below:
        return
    if loops.windowed > 0 and loops.halo == 0:  # too large to look at every tile
        keep(loops, plan, work, state, kept, at, bound, FIRST)
        return
    value, variant = exact(loops, plan, goal, work, nest, scratch, splits, state)
    if value > bound * (1 + ROUND):  # another tile of the same number may cost less
        state.unsettled = min(state.unsettled, bound)
    keep(loops, plan, work, state, kept, at, value, variant)


@jit
def explore(
    loops, plan, goal, work, nest, state, tiles, reach_y, reach_x, value, which, scratch, splits, kept,
    at_plan, share, most,
):  # fmt: skip
    """Search all tiles with the instances in ``work.spread``, until so many bounds were computed.

    The first descent goes to its end all the same, unless that takes `PATIENCE` times as many, or more than ``most``
    in all.
    """
    depth = FIRST
    entering = True
    limit = state.spent + share
    patience = max(limit, min(state.spent + PATIENCE * share, most))
    complete = False
    while depth >= 0:
        p = plan.places - 1 - depth
        if p < 0:
            complete = True
            finish(loops, plan, goal, work, nest, scratch, splits, state, kept, at_plan, depth)
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


@entry
def bound_roots(plans, loops, goals, works, ways, ways_of, menu, at, combination, value):
    """Bound combinations of instances with nothing else decided; plan i takes its instances from ``ways[menu[i]]``."""
    loop, goal, work = loops[0], goals[0], works[0]
    for i in range(len(value)):
        plan, own = plans[at[i]], menu[at[i]]
        pick(loop, plan, work, ways[own], ways_of[own], combination[i])
        prices(loop, plan, work)
        value[i] = least(loop, plan, goal, work, FIRST, plan.places)


@entry
def search(
    plans, loops, goals, works, nests, states, tiles, reach_y, reach_x, ways, ways_of, splits, menu, value, which,
    image_tiles, groups, marks, kept_value, kept_at, kept_open, kept_variant, kept_tile, kept_spread,
    bounds, at, combination, limit, share,
):  # fmt: skip
    """Search combinations of instances in the order given, each until ``share`` bounds were computed for it."""
    loop, goal, work, nest, state = loops[0], goals[0], works[0], nests[0], states[0]
    scratch = Scratch(image_tiles, groups, marks)
    kept = Kept(kept_value, kept_at, kept_open, kept_variant, kept_tile, kept_spread)
    for i in range(len(bounds)):
        if bounds[i] >= state.below:
            continue
        if state.spent > limit:
            state.left = min(state.left, bounds[i])
            continue
        plan, own = plans[at[i]], menu[at[i]]
        pick(loop, plan, work, ways[own], ways_of[own], combination[i])
        prices(loop, plan, work)
        explore(
            loop, plan, goal, work, nest, state, tiles, reach_y, reach_x, value, which, scratch, splits[own], kept,
            at[i], share, limit,
        )  # fmt: skip
