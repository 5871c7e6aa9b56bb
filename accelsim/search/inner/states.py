"""How many positions of a dimension, and how many of its tiles, do its loops come to? One mapping at a time.

As `accelsim.mapping.digits` has it for many at once.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit

FREE, ZERO, STEP, STILL = np.int64(0), np.int64(1), np.int64(2), np.int64(3)
"""What is asked of a loop's index: anything; the first; any but the first; that the loop has a single step."""

START = np.int64(-1)
"""Position of the state before the first step, where an advance names the position of its loop."""

POSITIONS, TILES = np.int64(0), np.int64(1)
"""What is counted: positions, or the tiles that have any."""


@jit
def ask(nest, d, advance, cut, inside):
    """Write what an advance asks of the loops of a dimension.

    Spatial loops outside ``cut`` are free, temporal ones inside the advance are as ``inside`` says.
    """
    for j in range(nest.count[d]):
        at = nest.at[d, j]
        if nest.spatial[d, j] > 0:
            nest.role[j] = FREE if at < cut else ZERO
        elif at < advance:
            nest.role[j] = FREE
        else:
            nest.role[j] = STEP if at == advance else inside


@jit
def measure(nest, d, extent, above, what):
    """Positions in the tiles that loops outside a position ask for, or how many of these tiles are not empty."""
    count = 1
    nest.weight[0], nest.lead[0], nest.own[0] = 1, extent, extent
    for j in range(nest.count[d]):
        if nest.at[d, j] >= above:
            break
        tile, role, spatial = nest.tile[d, j], nest.role[j], nest.spatial[d, j] > 0
        if role == ZERO:
            for i in range(count):
                nest.lead[i], nest.own[i] = min(nest.lead[i], tile), min(nest.own[i], tile)
            continue
        every, short = 0, 1
        # a class leaves one short tile at most, so that reading stays ahead of writing
        weight, lead, own = nest.weight[0], nest.lead[0], nest.own[0]
        for i in range(count):
            later_weight, later_lead, later_own = nest.weight[i + 1], nest.lead[i + 1], nest.own[i + 1]
            if role == STILL and lead > tile:
                weight = 0
            if weight > 0:
                full, rest = own // tile, own % tile
                left = min(tile, lead if spatial else lead - full * tile)
                if role == STEP and full > 0:
                    full -= 1
                elif role == STEP:
                    rest = 0
                every += weight * full
                if rest > 0:
                    nest.weight[short], nest.lead[short], nest.own[short] = weight, left, rest
                    short += 1
            weight, lead, own = later_weight, later_lead, later_own
        nest.weight[0], nest.lead[0], nest.own[0] = every, tile, tile
        count = short
    total = 0
    for i in range(count):
        total += nest.weight[i] * (min(nest.own[i], 1) if what == TILES else nest.own[i])
    return float(total)


@jit
def moves(nest, d, advance):
    """Whether an advance is that of a loop of a dimension."""
    for j in range(nest.count[d]):
        if nest.at[d, j] == advance:
            return True
    return False


@jit
def entered(loops, nest, d, node, advance):
    """Positions in the tiles of all instances of a node after an advance."""
    if nest.count[d] == 0:
        return float(loops.extent[d])
    ask(nest, d, advance, node, ZERO)
    return measure(nest, d, loops.extent[d], node, POSITIONS)


@jit
def held(loops, nest, d, node, advance):
    """Positions of those tiles that were there before it."""
    if nest.count[d] == 0:
        return float(loops.extent[d])
    if moves(nest, d, advance):
        return 0.0
    ask(nest, d, advance, node, STILL)
    return measure(nest, d, loops.extent[d], node, POSITIONS)


@jit
def working(loops, nest, d, node, advance, merge):
    """States of the loops of a dimension at an advance in which instances have work, those inside ``merge`` as one."""
    if nest.count[d] == 0:
        return 1.0
    ask(nest, d, advance, merge, ZERO)
    return measure(nest, d, loops.extent[d], node, TILES)


@jit
def spread_over(nest, d, above, below):
    """Instances over which a dimension spreads between two positions."""
    result = 1.0
    for j in range(nest.count[d]):
        if nest.spatial[d, j] > 0 and above < nest.at[d, j] < below:
            result *= nest.bound[d, j]
    return result
