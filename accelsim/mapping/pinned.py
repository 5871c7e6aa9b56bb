"""Does a mapping keep what somebody pinned? The last word on constraints, whatever a search assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from accelsim.mapping.constraints import Constraints, Node
from accelsim.mapping.nest import Loop, Nest
from accelsim.workload.shape import Shape


@dataclass(frozen=True)
class _Standing:
    """Where a node stands: loops of more than one step outside it, its tile, and the temporal loops just above it."""

    depth: int
    tile: Mapping[str, int]
    above: tuple[str, ...]


def keeps_pins(nest: Nest, shape: Shape, constraints: Constraints) -> bool:
    """Return whether a nest has the pinned order of nodes, tiles, order of loops and instances.

    Nodes with no loop between them may be written in either order. What levels keep and divisors are not
    looked at.
    """
    nodes = _nodes(nest, shape)
    if not {*constraints.nodes, *constraints.tiles, *constraints.loops} <= nodes.keys():
        return False
    order = [nodes[node].depth for node in constraints.nodes]
    return (
        order == sorted(order)
        and all(nodes[node].tile[dim] == tile for node, own in constraints.tiles.items() for dim, tile in own.items())
        and all(nodes[node].above == tuple(dims) for node, dims in constraints.loops.items())
        and _keeps_instances(nest, shape, constraints)
    )


def _keeps_instances(nest: Nest, shape: Shape, constraints: Constraints) -> bool:
    used = {
        (loop.fanout, loop.dim): bound
        for loop, bound in zip(nest.loops, nest.bounds(shape), strict=True) if loop.fanout is not None
    }  # fmt: skip
    return all(
        used.get((fanout, dim), 1) == count
        for fanout, dims in constraints.spatial.items() for dim, count in dims.items() if count is not None
    )  # fmt: skip


def _nodes(nest: Nest, shape: Shape) -> dict[Node, _Standing]:
    handed = shape.extents
    found: dict[Node, _Standing] = {}
    above: list[str] = []
    depth = 0
    for line, following in pairwise((*nest.lines, None)):
        if isinstance(line, Loop):
            if line.tile < handed[line.dim]:
                handed[line.dim] = line.tile
                depth += 1
                if line.fanout is None:
                    above.append(line.dim)
        elif line is not None:
            found |= {(line.level, operand): _Standing(depth, dict(handed), tuple(above)) for operand in line.operands}
            if following is None or isinstance(following, Loop):  # nodes in a row share the loops above them
                above = []
    return found
