"""What do AccelForge and accelsim count for a mapping of a matrix product? One closed form, for tiles that divide.

AccelForge's rules differ in two points, which can only cost more: a tile is fetched anew at every step of every
temporal loop above its node, also where the step does not change it; and a partial sum that comes back is written
into every instance that shares it.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Literal

from accelsim.mapping.nest import Keep, Nest
from accelsim.workload.shape import RELEVANT, Shape

Rules = Literal["accelforge", "accelsim"]
WORD_BITS = 8


@dataclass(frozen=True)
class Node:
    """One operand in one level, or in the MACs.

    Parameters
    ----------
    level : str
    words : int
        Words that pass to or from all its instances over time, once for instances that share them.
    sharing : int
        Instances that share a word.
    """

    level: str
    words: int
    sharing: int


def bits_moved(shape: Shape, nest: Nest, rules: Rules) -> dict[tuple[str, str, str], int]:
    """Return the bits of every (level, operand, "read" or "write")."""
    words: Counter[tuple[str, str, str]] = Counter()
    for operand in "WI":
        for above, node in pairwise(_nodes(shape, nest, operand, rules)):
            words[above.level, operand, "read"] += node.words * above.sharing
            words[node.level, operand, "write"] += node.words * node.sharing
    blank = outputs = shape.words("O")  # what is touched first, and therefore not fetched, in the node above
    for above, node in pairwise(_nodes(shape, nest, "O", rules)):
        returned = (node.words - outputs) * (node.sharing if rules == "accelforge" else 1)
        words[above.level, "O", "read"] += node.words * above.sharing - blank
        words[above.level, "O", "write"] += node.words * above.sharing
        words[node.level, "O", "write"] += returned
        words[node.level, "O", "read"] += node.words * node.sharing
        blank = node.words * node.sharing - returned
    return {key: count * WORD_BITS for key, count in words.items() if key[0] != "MAC"}


def _nodes(shape: Shape, nest: Nest, operand: str, rules: Rules) -> list[Node]:
    """The nodes of an operand from outside to inside, and the MACs at last."""
    tile, sharing, nodes = shape.extents, 1, []
    steps = kept = 1  # of all loops above, and of the last ones among them that leave the tile as it is
    for line in (*nest.lines, Keep("MAC", operand)):
        if isinstance(line, Keep):
            if operand in line.operands:
                fetches = steps // kept if rules == "accelsim" and line.level != "MAC" else steps
                nodes.append(Node(line.level, prod(tile[dim] for dim in RELEVANT[operand]) * fetches, sharing))
            continue
        bound = tile[line.dim] // line.tile
        assert tile[line.dim] == bound * line.tile, "the tiles divide"
        tile[line.dim] = line.tile
        relevant = line.dim in RELEVANT[operand]
        if line.fanout is None and bound > 1:
            kept = 1 if relevant else kept * bound
        if line.fanout and not relevant:
            sharing *= bound
        else:
            steps *= bound
    return nodes
