"""How many words does every level move? Integers, in closed form, for many mappings at once.

The counts of a nest are sums over the advances of its temporal loops. At the advance of a loop every
instance of a node has a new box and fills the words that its old box lacked; both sizes are products
over tensor axes, and each factor, summed over the states of that axis's own loops, is a count of
positions (`accelsim.mapping.digits` for an axis of one dimension, `accelsim.mapping.halo` for an image
axis of I). `accelsim.mapping.fetching` sums them for W and I, `accelsim.mapping.accumulating` for O.
The derivation is in docs/model.md; `accelsim.mapping.interpreter` executes the definition by brute
force and must agree integer for integer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from accelsim.mapping.accumulating import Moved, accumulated
from accelsim.mapping.cases import Cases, Convention
from accelsim.mapping.digits import Ints
from accelsim.mapping.factors import Factors
from accelsim.mapping.fetching import fed_to_macs, fetched
from accelsim.mapping.nest import Nest
from accelsim.mapping.tally import LevelCounts
from accelsim.workload.shape import DIMS, Shape


@dataclass(frozen=True)
class Counts:
    """What one mapping moves and does; every entry is an int, or an array with one entry a case.

    Parameters
    ----------
    macs : int
        Operations of the full rectangle of loops, padding included.
    steps : int
        Lockstep steps: states of all temporal loops.
    levels : mapping from (level, operand) to LevelCounts
    boxes : mapping from (level, operand) to int
        Words of the largest box that one instance holds.
    opening : mapping from (level, operand) to int
        W and I words read from a level before the first step below it.
    instances : mapping from fan-out name to int
        Instances of each fan-out that the spatial loops use.
    """

    macs: Ints
    steps: Ints
    levels: Mapping[tuple[str, str], LevelCounts]
    boxes: Mapping[tuple[str, str], Ints]
    opening: Mapping[tuple[str, str], Ints]
    instances: Mapping[str, Ints]


def count(shape: Shape, nest: Nest, convention: Convention = "accelsim") -> Counts:
    """Return the counts of one mapping, as Python integers.

    Parameters
    ----------
    shape : Shape
        The layer; its ``density`` is not applied (the engine does).
    nest : Nest
        A mapping that passed `Nest.check`.
    convention : {"accelsim", "timeloop"}
        Timeloop's rules differ in documented points; see docs/model.md.
    """
    tiles = np.array([[loop.tile for loop in nest.loops]], dtype=np.int64)
    many = count_many([shape], np.zeros(1, dtype=np.int64), nest, tiles, convention)
    levels = {
        key: LevelCounts(**{name: int(np.asarray(value).item()) for name, value in vars(tally).items()})
        for key, tally in many.levels.items()
    }
    boxes, opening, instances = (
        {key: int(value[0]) for key, value in entries.items()} for entries in (many.boxes, many.opening, many.instances)
    )
    return Counts(int(many.macs[0]), int(many.steps[0]), levels, boxes, opening, instances)  # type: ignore[arg-type]


def count_many(
    shapes: Sequence[Shape],
    shape_of: Ints,
    nest: Nest,
    tiles: Ints,
    convention: Convention = "accelsim",
    *,
    exact: bool = True,
) -> Counts:
    """Return the counts of many mappings that share one structure.

    Parameters
    ----------
    shapes : sequence of Shape
        The distinct layers.
    shape_of : int64 array, shape (n,)
        Which of ``shapes`` each case maps.
    nest : Nest
        The structure: order, fan-outs and nodes; its tiles are ignored.
    tiles : int64 array, shape (n, loops)
        Tile of every loop, in the order of ``nest.loops``, in each case.
    convention : {"accelsim", "timeloop"}
    exact : bool
        False replaces the sums over an image axis by the mean reach of a tile, to rank many mappings.

    Returns
    -------
    Counts
        With int64 arrays of shape (n,). Exact while counts stay below 2**63.
    """
    cases = Cases(shapes, shape_of, nest, tiles, convention, exact)
    factors = Factors(cases)
    moved: Moved = accumulated(cases, factors)
    opening: dict[tuple[str, str], Ints] = {}
    for operand in "WI":
        nodes = cases.nodes[operand]
        moved |= {(level, operand): {"fills": cases.zero} for _, level in nodes}
        for (parent, above), (node, level) in pairwise(nodes):
            fills, reads, first = fetched(cases, factors, operand, node, parent)
            moved[above, operand]["reads"], moved[level, operand]["fills"] = reads, fills
            opening[above, operand] = first
        innermost, level = nodes[-1]
        moved[level, operand]["reads"] = fed_to_macs(cases, factors, operand, innermost)
    return Counts(
        macs=prod(cases.extent.values(), start=cases.one),
        steps=prod((factors.lead_states(dim, cases.bottom, cases.bottom) for dim in DIMS), start=cases.one),
        levels={key: LevelCounts(**fields) for key, fields in moved.items()},  # type: ignore[arg-type]
        boxes={
            (level, operand): factors.box(operand, place) for operand in "WIO" for place, level in cases.nodes[operand]
        },
        opening=opening,
        instances=cases.instances,
    )
