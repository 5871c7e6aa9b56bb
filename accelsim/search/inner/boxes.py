"""How large is the box that an operand has in a tile, and how often does it come?"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit

ROUND = 1e-9

ONE = np.int64(1)

ALL = np.int64(-2)
"""In place of a parent: every instance for itself."""


@jit
def span(axis, outputs, taps):
    """Input positions of a tile of outputs and taps."""
    return min((outputs - 1) * axis.stride + (taps - 1) * axis.dilation + 1, axis.size)


@jit
def box(loops, operand, top):
    """Words of the box that an operand has in a tile."""
    words = 1.0
    windowed = loops.windowed > 0 and operand == 1
    rows = columns = tap_rows = tap_columns = ONE
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

    ``parent`` `ALL` is for every instance, else for all instances inside a parent at once.
    """
    rows = columns = tap_rows = tap_columns = ONE
    for d in range(loops.dims):
        position = loops.image[d]
        if position >= 0:
            group = 1.0
            if parent != ALL:
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
