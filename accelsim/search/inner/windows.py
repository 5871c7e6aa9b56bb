"""How many rows or columns of the input do tiles reach, and reach anew? One mapping at a time.

As `accelsim.mapping.halo` has it for many at once.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit

OUTPUTS, TAPS = np.int64(0), np.int64(1)
"""The two dimensions of an image axis."""


@jit
def loop_steps(nest, d, j, advance):
    """Indices of a loop that are looked at one by one; a loop inside the advance begins anew."""
    if nest.spatial[d, j] == 0:
        if nest.at[d, j] > advance:
            return 1
        if nest.at[d, j] == advance:
            return nest.bound[d, j] - 1
    return nest.bound[d, j]


@jit
def line_up(loops, nest, scratch, side, d, node, parent, advance):
    """Write the tiles of an image dimension after and before an advance, those that one parent serves together.

    In ``scratch``; says whether there are several.
    """
    tiles, groups = scratch.tiles[side], scratch.groups[side]
    count = 0
    if d >= 0:
        while count < nest.count[d] and nest.at[d, count] < node:
            count += 1
    apart, together = 1, 1
    for j in range(count):
        if nest.spatial[d, j] > 0 and nest.at[d, j] > parent:
            together *= loop_steps(nest, d, j, advance)
        else:
            apart *= loop_steps(nest, d, j, advance)
    extent = loops.extent[d] if d >= 0 else 1
    found, group = 0, 0
    for outer in range(apart):
        groups[group] = found
        for inner in range(together):
            rest_outer, rest_inner = outer, inner
            first, own, lead, held_first, held_own, held_lead = 0, extent, extent, 0, extent, extent
            for j in range(count):
                tile, spatial = nest.tile[d, j], nest.spatial[d, j] > 0
                steps = loop_steps(nest, d, j, advance)
                if spatial and nest.at[d, j] > parent:
                    digit = rest_inner % steps
                    rest_inner //= steps
                else:
                    digit = rest_outer % steps
                    rest_outer //= steps
                before = digit
                if not spatial and nest.at[d, j] == advance:
                    digit += 1
                elif not spatial and nest.at[d, j] > advance:
                    before = max(held_lead - 1, 0) // tile
                own = min(max(own - digit * tile, 0), tile)
                held_own = min(max(held_own - before * tile, 0), tile)
                lead = min(lead if spatial else lead - digit * tile, tile)
                held_lead = min(held_lead if spatial else held_lead - before * tile, tile)
                first += digit * tile
                held_first += before * tile
                if own == 0:
                    break
            if own > 0:
                tiles[found, 0], tiles[found, 1] = first, own
                tiles[found, 2], tiles[found, 3] = held_first, held_own
                found += 1
        if found > groups[group]:
            group += 1
    groups[group] = found
    nest.lines[side] = group
    return together > 1


@jit
def interval(axis, first, own, tap_first, tap_own):
    """Input positions that outputs and taps reach: from the first to before the last."""
    low = first * axis.stride + tap_first * axis.dilation - axis.pad
    high = low + (own - 1) * axis.stride + (tap_own - 1) * axis.dilation + 1
    low, high = min(max(low, 0), axis.size), min(max(high, 0), axis.size)
    if own == 0 or tap_own == 0:
        return low, low
    return low, max(high, low)


@jit
def image(loops, nest, axis, scratch, node, parent, advance):
    """Sum up input positions of an image axis: entered and already held, of every instance, and of all as one.

    In ``nest.image``: entered, held, entered under one parent, held under one parent.
    """
    for column in range(4):
        nest.image[column] = 0.0
    shared = line_up(loops, nest, scratch, OUTPUTS, axis.out, node, parent, advance)
    shared = line_up(loops, nest, scratch, TAPS, axis.taps, node, parent, advance) or shared
    if node == nest.bottom and not shared:
        for column in range(4):
            nest.image[column] = axis.pairs
        return
    groups, outs, taps, marks = scratch.groups, scratch.tiles[0], scratch.tiles[1], scratch.marks
    for a in range(nest.lines[0]):
        for b in range(nest.lines[1]):
            nest.mark += 1
            for i in range(groups[0, a], groups[0, a + 1]):
                for k in range(groups[1, b], groups[1, b + 1]):
                    low, high = interval(axis, outs[i, 0], outs[i, 1], taps[k, 0], taps[k, 1])
                    held_low, held_high = interval(axis, outs[i, 2], outs[i, 3], taps[k, 2], taps[k, 3])
                    nest.looked += 1
                    nest.image[0] += high - low
                    nest.image[1] += max(min(high, held_high) - max(low, held_low), 0)
                    if shared:
                        for position in range(low, high):
                            if marks[0, position] != nest.mark:
                                marks[0, position] = nest.mark
                                nest.image[2] += 1
                            if not held_low <= position < held_high and marks[1, position] != nest.mark:
                                marks[1, position] = nest.mark
                                nest.image[3] += 1
    if shared:
        nest.image[3] = nest.image[2] - nest.image[3]
    else:
        nest.image[2], nest.image[3] = nest.image[0], nest.image[1]


@jit
def axis_of(loops, number):
    """The rows or the columns of the input."""
    return loops.y if number == 0 else loops.x
