"""Which row-stationary mappings does an array have for a layer? Logical sets of PEs, folded, stripped, replicated.

A *logical set* convolves one plane with one filter plane: a row of PEs for every filter row, a column for every
output row, each PE doing a whole row of one with a row of the other (Chen et al., ISCA 2016 and JSSC 2017).
A set wider than the array is folded into segments that stand below each other; one that does not fit even so
is cut into strips of output rows, and one taller than the array into pieces of filter rows. What room is left
takes replicas of the set for further channels and filters. The parameters have the names of JSSC 2017:

- e: output rows of a strip; r, t: replicas over channels and over filters;
- p, q: filters and channels that one PE interleaves; a pass does p * t filters of q * r channels;
- n, m: images and filters whose partial sums stay in the buffer while all channels pass.

Sets are cut into strips only where whole ones do not fit; one that would be folded may be cut into equal strips
instead if that takes no more steps. Kept are the mappings of the fewest steps, so of the most PEs at work on average.
What they cost is for the engine to say (`accelsim.search.heuristic`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.mapping.dataflows import Candidates
from accelsim.mapping.growth import FanOutRoom, Room
from accelsim.mapping.logical_sets import BLOCKS
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.mapping.set_layouts import Memories, logical_sets
from accelsim.workload.shape import Shape

ROWS = "row-stationary"


def array_of(fanouts: Sequence[FanOutRoom], rooms: Sequence[Room]) -> tuple[FanOutRoom, FanOutRoom] | None:
    """Return the rows and columns of an array that sets can lie on; None if there is no such array.

    The chip has two fan-outs, filter rows may run across the outer one and output rows across the inner one, and
    every memory stands in the PEs or outside the array.
    """
    if len(fanouts) != 2 or any(room.depth not in (0, 2) for room in rooms):
        return None
    rows, cols = fanouts
    inside = {operand for room in rooms if room.depth for operand in room.operands}
    return (rows, cols) if "FY" in rows.dims and "OY" in cols.dims and inside == set("WIO") else None


def row_stationary(shapes: Sequence[Shape], rooms: Sequence[Room], fanouts: Sequence[FanOutRoom]) -> Candidates | None:
    """Return the row-stationary mappings of every shape; None if sets cannot lie on the array.

    Parameters
    ----------
    shapes : sequence of Shape
        One a case.
    rooms : sequence of Room
        Outermost first; the first is the home of all tensors.
    fanouts : sequence of FanOutRoom
        Outermost first.

    Returns
    -------
    Candidates or None
        A shape that fits the memories in no way has none.
    """
    array = array_of(fanouts, rooms)
    if array is None:
        return None
    rows = [
        (number, sets.tiles(shape))
        for number, shape in enumerate(shapes)
        for sets in logical_sets(shape, array, Memories(rooms, number, shape))
    ]
    loops = sum(len(block) for block in BLOCKS)
    tiles = np.array([tiles for _, tiles in rows], dtype=np.int64).reshape(-1, loops)
    return Candidates(_nest(rooms, array), ROWS, np.array([case for case, _ in rows], dtype=np.int64), tiles)


def _nest(rooms: Sequence[Room], array: tuple[FanOutRoom, FanOutRoom]) -> Nest:
    """The common structure; its tiles are placeholders."""

    def keeps(operand: str, depth: int) -> list[Keep]:
        return [Keep(room.level, operand) for room in rooms[1:] if operand in room.operands and room.depth == depth]

    across = {3: array[0].name, 4: array[1].name}
    before: dict[int, list[Keep]] = {
        0: [Keep(rooms[0].level, "WIO")], 1: keeps("O", 0), 2: keeps("I", 0), 3: keeps("W", 0), 5: keeps("W", 2),
        6: [*keeps("I", 2), *keeps("O", 2)],
    }  # fmt: skip
    lines: list[Loop | Keep] = []
    for number, block in enumerate(BLOCKS):
        lines += before.get(number, [])
        lines += [Loop(dim, 1, across.get(number)) for dim in block]
    return Nest(tuple(lines))
