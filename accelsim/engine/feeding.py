"""How long do steps wait for what the MACs read and write? By kinds of steps, of which some ask for less.

A first sum of a word reads nothing; short last tiles leave instances without work; padding is not read. So the steps
are told apart by these, each kind with its number, and a step takes as long as the slowest of its ports.
"""

from __future__ import annotations

from math import prod

import numpy as np

from accelsim.engine.case import Floats
from accelsim.engine.links import Ports, Work, add, chain
from accelsim.mapping.halo import reached_pairs
from accelsim.mapping.nest import Loop, Nest
from accelsim.mapping.order import Order
from accelsim.workload.shape import RELEVANT, Shape

Stalls = dict[tuple[str, str], Floats]
"""Cycles by the level whose port is waited for, and the operand."""


def step_waits(ports: Ports, nest: Nest, order: Order, fed: dict[str, Work], compute: Floats) -> tuple[Floats, Stalls]:
    """Return the cycles that steps wait for what the MACs read and write, in all and by level and operand.

    Parameters
    ----------
    fed : dict of operand to Work
        What passes between the MACs and their levels.
    compute : float64 array, shape (n,)
        Cycles of the array alone.
    """
    level = chain(nest, "O")[-1][1]
    reads = ports.flows(level, "O", "read")
    again = np.minimum(reads[0] / np.maximum(ports.flows(level, "O", "update")[0], 1e-9), 1)
    returns = ports.cycles(level, "read", reads[1])
    blank = fed | {"O": dict(fed["O"])}
    add(blank["O"], returns, -1.0)
    full = {port: cycles / np.maximum(again, 1e-9) for port, cycles in returns.items()}
    names = list({port: None for work in fed.values() for port in work})
    waits, port_at = ports.zero, np.full(len(ports.zero), -1)
    for often, scales in _crowds(ports, nest, order):
        for share, extra in ((1 - again, {}), (again, full)):
            share = share * often
            work: Work = {}
            for operand, own in blank.items():
                add(work, own, scales[operand])
            add(work, extra, scales["O"])
            slowest = compute
            for at, port in enumerate(names):
                later = work[port] > slowest + 1e-9
                slowest = np.where(later, work[port], slowest)
                port_at = np.where(later & (share > 0), at, port_at)
            waits = waits + share * (slowest - compute)
    stalls: Stalls = {}
    for at, port in enumerate(names):
        add(stalls, _blamed(ports, fed, port, np.where(port_at == at, waits, 0.0)))
    return waits, stalls


def _blamed(ports: Ports, fed: dict[str, Work], port: str, waits: Floats) -> Stalls:
    """Waits for a port, by the operand that takes most of it."""
    most = np.stack([work.get(port, ports.zero) for work in fed.values()]).argmax(axis=0)
    return {(ports.level_of[port], operand): np.where(most == at, waits, 0.0) for at, operand in enumerate(fed)}


def _crowds(ports: Ports, nest: Nest, order: Order) -> list[tuple[Floats, dict[str, Floats]]]:
    """Shares of the steps in which as many instances work, and what each operand moves then over its mean."""
    found = [(ports.zero + 1, dict.fromkeys("WIO", ports.zero + 1))]
    for dim, working in order.working.items():
        rest = working.states - working.full
        if not rest.any():
            continue
        mean = working.worked / working.states
        few = (working.worked - working.full * working.instances) / np.maximum(rest, 1)
        operands = [operand for operand in "WIO" if _spreads(nest, operand, dim)]
        found = [
            (often * share, scales | {operand: scales[operand] * count / mean for operand in operands})
            for often, scales in found
            for share, count in ((working.full / working.states, working.instances), (rest / working.states, few))
        ]
    inside = _inside(ports, nest)
    if (inside < 1).any():
        found = [
            (often * share, scales | {"I": scales["I"] * times})
            for often, scales in found
            for share, times in ((inside, 1 / np.maximum(inside, 1e-9)), (1 - inside, ports.zero))
        ]
    return found


def _inside(ports: Ports, nest: Nest) -> Floats:
    """Share of the steps that read an input, not padding; 1 along an axis that is spread over instances."""
    spread = [line.dim for line in nest.lines if isinstance(line, Loop) and line.fanout is not None]
    axes = [(out, taps) for out, taps in (("OY", "FY"), ("OX", "FX")) if out not in spread and taps not in spread]
    return ports.batch.each(lambda case: prod(inside_share(case.shape, out, taps) for out, taps in axes))


def _spreads(nest: Nest, operand: str, dim: str) -> bool:
    """Whether instances of a dimension take words of their own: it is the operand's, or outside its last node."""
    last = chain(nest, operand)[-1][0]
    outside = [line for line in nest.lines[:last] if isinstance(line, Loop) and line.fanout is not None]
    return dim in RELEVANT[operand] or any(line.dim == dim for line in outside)


def inside_share(shape: Shape, out: str, taps: str) -> float:
    """Return the share of pairs of an output and a filter position along an axis that meet inside the input."""
    window, outs, filters = (shape.y if out == "OY" else shape.x), getattr(shape, out), getattr(shape, taps)
    return float(reached_pairs(window, outs, filters, True) / (outs * filters))
