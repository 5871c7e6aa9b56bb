"""What can a partial mapping decide next? The tile at a node, or how a group of fan-outs spreads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.search.best import Best
from accelsim.search.growth import Marks, grow, grow_coarsely, refine
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
    """Every tile of the dimensions that reuse the next node outward, and of those that slide there.

    Loops that slide save little beside what they multiply, so that a dive leaves them out.
    """
    facts, exact, place = own.facts, best.constraints.divisors, part.place - 1
    what = facts.skeleton.places[place]
    pins = best.constraints.tiles.get((what.level, what.operand), {})
    free = []
    slides = np.zeros(len(part), dtype=bool)
    sliding = facts.sliding if best.beam is None else []
    if sliding:
        slides = own.sliding_rows(part)
    for dim in facts.active:
        extent = facts.shape.extents[dim]
        reused = dim in REUSE[what.operand]
        whole = extent if reused and place == 0 else None  # the outermost level has every tile
        if dim in pins:
            part, slides = grow(part, dim, extent, exact, slides, forced=pins[dim])
        elif dim in sliding and (what.operand == "I" or slides.any()):
            every = slides | (what.operand == "I") | (reused and place > 0)
            part, slides = grow(part, dim, extent, exact, slides, every, whole)
            part, slides = _pruned(own, best, part, slides)
        elif whole is not None:
            part, slides = grow(part, dim, extent, exact, slides, forced=whole)
        elif reused:
            free.append(dim)
    if not exact and free:
        return _grown(own, best, part, free)
    for dim in free:
        part, slides = grow(part, dim, facts.shape.extents[dim], exact, slides)
        part, slides = _pruned(own, best, part, slides)
    return part.with_node()


def _grown(own: Optimist, best: Best, part: Partial, dims: Sequence[str]) -> Partial:
    """Every tile of the dimensions that reuse a node: ranges of tiles first, then those of hopeful ranges."""
    part = part.coarsely()
    for dim in dims:
        part = grow_coarsely(part, dim, own.facts.shape.extents[dim])
    part = part.with_node()
    for by in ("count", "tile"):
        for dim in dims:
            part, _ = _pruned(own, best, part, np.zeros(len(part), dtype=bool))
            part = refine(part, dim, own.facts.shape.extents[dim], by).settled()
    return part.finely()


def _pruned(own: Optimist, best: Best, part: Partial, mark: Marks) -> tuple[Partial, Marks]:
    """The rows that are still hopeful, with their marks, if there are so many that looking pays."""
    if len(part) <= FEW:
        return part, mark
    rows = best.hopeful(best.bounded(own, part))
    return part.take(rows), mark[rows]
