"""How often must a node that is not decided yet see the tiles of its operand again, at least?"""

from __future__ import annotations

from math import prod

import numpy as np

from accelsim.engine.case import Floats
from accelsim.search.facts import Facts
from accelsim.search.instances import Instances
from accelsim.search.partial import Partial
from accelsim.search.skeleton import REUSE
from accelsim.workload.shape import RELEVANT


def returns(instances: Instances, operand: str, parent: int, node: int) -> tuple[Floats, Floats]:
    """Return how many tiles of the dimensions that reuse an operand an undecided node must at least see.

    Their tile there is part of the boxes of the other operands outside it, which must fit: a tile of one
    instance in the same stage, of all instances of a group further out.

    Parameters
    ----------
    instances : Instances
    operand : str
    parent, node : int
        Places of neighboring nodes of the operand.

    Returns
    -------
    (float array, shape (rows,); float array, shape (rows,))
        For the instances of the node one by one, and for those under one parent instance together.
    """
    facts, part = instances.facts, instances.part
    extent = float(prod(facts.shape.extents[dim] for dim in REUSE[operand]))
    alone, together = _room(facts, part, operand, node, extent)
    lanes = np.ones(instances.rows)
    for group in facts.skeleton.groups:
        if parent < group < node:
            lanes = lanes * instances.lanes(group)
    spread = facts.times(instances.between(parent, node), REUSE[operand])
    together = np.minimum(together, alone * np.minimum(spread, lanes))
    return np.ceil(extent / np.minimum(alone, together) - 1e-9), np.ceil(extent / together - 1e-9)


def _room(facts: Facts, part: Partial, operand: str, node: int, extent: float) -> tuple[Floats, Floats]:
    """The largest tile of the dimensions that reuse an operand: of one instance, and of all under one parent."""
    alone, together = np.full(len(part), extent), np.full(len(part), extent)
    stage = max(facts.skeleton.fans_above(node), default=-1)
    for outer in range(node):
        what = facts.skeleton.places[outer]
        if not what.operand or what.operand == operand or (what.operand == "I" and facts.sliding):
            continue
        level = facts.levels[what.level]
        if level.capacity_bits is None or (facts.home == level.name and what.operand in facts.case.resident):
            continue
        number = facts.skeleton.nodes[what.operand].index(outer)
        rest = tuple(dim for dim in RELEVANT[what.operand] if dim not in REUSE[operand])
        bits = facts.times(part.top, rest) * facts.widths[what.operand][number][0]
        copies = 2.0 if level.double_buffered else 1.0
        whole = extent * bits <= level.capacity_bits  # boxes that never move are kept once
        most = np.where(whole, extent, np.maximum(np.floor(level.capacity_bits / (bits * copies)), 1.0))
        if outer > stage:
            alone = np.minimum(alone, most)
        elif stage < 0:
            together = np.minimum(together, most)
    return alone, together
