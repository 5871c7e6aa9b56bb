"""What do words add up to: energy, and bits of every port, so time and the objective?"""

from __future__ import annotations

from accelsim.search.compiled import jit

TIE = 1e-10
"""Share of the objective for which ties are broken."""


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
