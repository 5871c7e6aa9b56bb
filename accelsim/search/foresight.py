"""How is an outlook found? By laying out every tiling of the nodes outside all fan-outs, with the least inside."""

from __future__ import annotations

from dataclasses import replace
from math import log2, prod, sqrt

import numpy as np

from accelsim.engine.case import Ints
from accelsim.mapping.constraints import Constraints
from accelsim.search.best import Best
from accelsim.search.facts import Facts
from accelsim.search.growth import grow, grow_coarsely
from accelsim.search.optimism import Optimist
from accelsim.search.outlook import Outlook
from accelsim.search.partial import COLUMN, Partial
from accelsim.search.skeleton import REUSE
from accelsim.workload.shape import DIMS

MANY, MOST = 1000, 3000
"""Tilings up to which each is laid out; more are laid out in octaves. Octaves up to which all groups of fan-outs
but the innermost are looked beyond; with more, only the nodes outside the outermost group are laid out."""


def look_out(own: Optimist, best: Best, top: Ints) -> Outlook:
    """Return what the nodes outside all fan-outs cost at least.

    Parameters
    ----------
    own : Optimist
        Of the skeleton; its present outlook does not matter.
    best : Best
        Counts the tilings laid out.
    top : int64 array, shape (1, 8)
        The tile inside those nodes is at least this one.
    """
    facts = own.facts
    groups = facts.skeleton.groups
    end = groups[-1] if groups else len(facts.skeleton.places)
    if groups and _octaves(facts, top, end) > MOST:
        end = groups[0]
    outlook = Outlook(end, octaves=_tilings(facts, top, end) > MANY)
    blind = Optimist(facts)
    part = _imagined(facts, top, end)
    while part.place > 0:
        part = _laid_out(facts, best.constraints, part, octaves=outlook.octaves)
        part = part.take(np.flatnonzero(best.bounded(blind, part).fits))
    _remember(blind, part, outlook)
    return outlook


def _tilings(facts: Facts, top: Ints, end: int) -> float:
    """About how many tilings the nodes outside a place have."""
    return prod(2 * sqrt(room) for room in _rooms(facts, top, end))


def _octaves(facts: Facts, top: Ints, end: int) -> float:
    """About how many octaves of tilings the nodes outside a place have."""
    return prod(1 + log2(room) for room in _rooms(facts, top, end))


def _rooms(facts: Facts, top: Ints, end: int) -> list[float]:
    """How many times larger than the least each tile to be laid out may be."""
    return [
        facts.shape.extents[dim] / int(top[0, COLUMN[dim]])
        for place in range(1, end)
        for dim in REUSE.get(facts.skeleton.places[place].operand, ())
    ]


def _imagined(facts: Facts, top: Ints, end: int) -> Partial:
    """The best that there can be inside: a word at every node, and output words that are summed up there."""
    word = np.ones((1, len(DIMS)), dtype=np.int64)
    summed = word.copy()
    for dim in REUSE["O"]:
        summed[:, COLUMN[dim]] = facts.shape.extents[dim]
    inner = range(end, len(facts.skeleton.places))
    operands = {place: facts.skeleton.places[place].operand for place in inner}
    return Partial(
        end,
        top,
        tiles={place: summed if operand == "O" else word for place, operand in operands.items() if operand},
        spread={place: word for place, operand in operands.items() if not operand},
        imagined=inner,
    )


def _laid_out(facts: Facts, constraints: Constraints, part: Partial, *, octaves: bool) -> Partial:
    """Rows with every tile, or octave of tiles, of the dimensions that reuse the next node outward."""
    place = part.place - 1
    what = facts.skeleton.places[place]
    if what.fanouts:
        most = np.tile(facts.most[place], (len(part), 1))
        return replace(part, place=place, most={**part.most, place: most})
    pins = constraints.tiles.get((what.level, what.operand), {})
    if octaves and part.coarse is None:
        part = part.coarsely()
    for dim in facts.active:
        extent = facts.shape.extents[dim]
        if dim not in pins and dim not in REUSE[what.operand]:
            continue
        forced = pins.get(dim, extent if place == 0 else None)
        if octaves and forced is None:
            part = grow_coarsely(part, dim, extent)
        else:
            part = grow(part, dim, extent, False, forced=forced, windows=False)
    return part.with_node()


def _remember(blind: Optimist, part: Partial, outlook: Outlook) -> None:
    """Add the least of complete rows to an outlook, for every place outside of which it may be asked."""
    facts, end = blind.facts, outlook.place
    nothing = np.zeros(len(part), dtype=np.int64)
    if not len(part):  # nothing fits
        outlook.add(end, (), nothing, np.zeros(0), np.zeros(0))
        return
    costs = blind.crossings(part)
    nodes = [place for place in facts.nodes if place < end]
    energy = np.sum([costs[place][0] for place in nodes], axis=0) + np.zeros(len(part))
    home_bits = np.sum([costs[place][1] for place in nodes], axis=0) + np.zeros(len(part))
    outlook.add(end, (), nothing, energy, home_bits)
    dims: list[str] = []
    for place in reversed(range(end)):
        what = facts.skeleton.places[place]
        if what.fanouts:  # how it spreads is open, so that tiles outside it start anew
            dims = []
            outlook.add(place, (), nothing, energy, home_bits)
            continue
        energy, home_bits = energy - costs[place][0], home_bits - costs[place][1]
        for dim in REUSE[what.operand]:
            if dim in facts.active and dim not in dims and dim not in facts.sliding:
                dims.append(dim)
        outlook.add(place, tuple(dims), outlook.key(tuple(dims), part.tiles[place], facts.shape), energy, home_bits)
