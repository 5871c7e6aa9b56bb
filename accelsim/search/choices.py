"""What can a partial mapping decide next? The tile at a node, or how a group of fan-outs spreads."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.search.best import Best
from accelsim.search.growth import grow, grow_coarsely, refine
from accelsim.search.optimism import Optimist
from accelsim.search.partial import Partial
from accelsim.search.skeleton import REUSE
from accelsim.search.spreading import spread_out

FEW = 64
"""Rows up to which it does not pay to bound them before all is grown."""


def choices(own: Optimist, best: Best, part: Partial) -> Partial:
    """Return every choice for the next place outward, but for those that are hopeless halfway.

    Parameters
    ----------
    own : Optimist
    best : Best
        What to be better than.
    part : Partial
    """
    place = part.place - 1
    if own.facts.skeleton.places[place].fanouts:
        return spread_out(own, best, part)
    return _reused(own, best, part)


def _reused(own: Optimist, best: Best, part: Partial) -> Partial:
    """Every tile of the dimensions that reuse the next node outward.

    Loops that only slide over the input save little beside what they multiply, and are left out.
    """
    facts, exact, place = own.facts, best.constraints.divisors, part.place - 1
    what = facts.skeleton.places[place]
    pins = best.constraints.tiles.get((what.level, what.operand), {})
    free = []
    for dim in facts.active:
        extent = facts.shape.extents[dim]
        reused = dim in REUSE[what.operand]
        if dim in pins:
            part = grow(part, dim, extent, exact, forced=pins[dim])
        elif reused and place == 0:  # the outermost level has every tile
            part = grow(part, dim, extent, exact, forced=extent)
        elif reused:
            free.append(dim)
    if not exact and free:
        return _grown(own, best, part, free)
    for dim in free:
        part = _pruned(own, best, grow(part, dim, facts.shape.extents[dim], exact))
    return part.with_node()


def _grown(own: Optimist, best: Best, part: Partial, dims: Sequence[str]) -> Partial:
    """Every tile of the dimensions that reuse a node: ranges of tiles first, then those of hopeful ranges."""
    part = part.coarsely()
    for dim in dims:
        part = grow_coarsely(part, dim, own.facts.shape.extents[dim])
    part = part.with_node()
    for by in ("count", "tile"):
        for dim in dims:
            part = _pruned(own, best, part)
            part = refine(part, dim, own.facts.shape.extents[dim], by).settled()
    return part.finely()


def _pruned(own: Optimist, best: Best, part: Partial) -> Partial:
    """The rows that are still hopeful, if there are so many that looking pays."""
    return part if len(part) <= FEW else part.take(best.hopeful(best.bounded(own, part)))
