"""What can no skeleton beat with some choice of instances? Every operand at its best, whatever the others do.

What an operand costs with the instances given depends on the levels that keep it and on the fan-outs outside
them, and is least if it comes once to each of its nodes. So the sum over the operands of the least of all their
chains of levels is a bound for every skeleton, with a few plans looked at in place of hundreds.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import entry, jit
from accelsim.search.inner.boxes import comings
from accelsim.search.inner.holdings import charge_undecided
from accelsim.search.inner.sums import port
from accelsim.search.inner.units import clear, feed_inputs, pick, place_instances, price_inputs, price_outputs
from accelsim.search.problem import FIRST


@jit
def alone(loops, plan, work, operand):
    """Add up what an operand costs that comes once to its nodes: energy, and bits of all ports."""
    outermost = plan.levels - 1
    work.energy[0] = plan.own_pj[operand]
    for way in range(2):
        work.bits[0, outermost, way] = 0.0
    if operand == 2:
        price_outputs(loops, plan, work)
    else:
        feed_inputs(loops, plan, work, operand)
    for p in range(plan.places):
        if plan.kind[p] == operand:
            if operand < 2:
                price_inputs(loops, plan, work, p)
            charge_undecided(loops, plan, work, FIRST, p, 1.0, comings(loops, work, p, operand, work.top[0]))


@jit
def at_best(loops, plans, some, work, ways, ways_of, number):
    """Write the least of every operand with a combination of instances, each for itself."""
    work.floor[:] = np.inf
    for i in some:
        plan = plans[i]
        pick(loops, plan, work, ways, ways_of, number)
        place_instances(loops, plan, work)
        clear(loops, plan, work)
        for operand in range(3):
            alone(loops, plan, work, operand)
            work.floor[operand, 0] = min(work.floor[operand, 0], work.energy[0])
            for way in range(2):
                bits = work.bits[0, plan.levels - 1, way]
                work.floor[operand, way + 1] = min(work.floor[operand, way + 1], bits)


@entry
def floors(plans, some, loops, goals, works, ways, ways_of, value):
    """Bound all combinations of instances of the plans that take them from ``ways``; ``some`` have all chains."""
    goal, work = goals[0], works[0]
    plan = plans[some[0]]
    for number in range(len(value)):
        at_best(loops[0], plans, some, work, ways, ways_of, number)
        energy, read, written = plan.fixed_pj, 0.0, 0.0
        for operand in range(3):
            energy += work.floor[operand, 0] - plan.own_pj[operand]
            read += work.floor[operand, 1]
            written += work.floor[operand, 2]
        cycles = max(work.cycles, plan.least_cycles, plan.converting, port(plan, work, plan.levels - 1, read, written))
        total = energy + plan.static_pj * cycles
        value[number] = total if goal.objective == 0 else cycles if goal.objective == 1 else total * cycles
