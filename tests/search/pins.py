"""Which mappings keep a constraint? The meaning of each pin, and random pins taken from a mapping."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from random import Random

from space import Loops, Mapping

from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints, Node
from accelsim.mapping.nest import Nest
from accelsim.workload.shape import OPERANDS, Shape

PINS = ("keeps", "nodes", "tiles", "spatial", "loops", "divisors")


def obeys(chip: Chip, shape: Shape, mapping: Mapping, pins: Constraints, *, surely: bool = True) -> bool:
    """Return whether a mapping keeps every constraint.

    Parameters
    ----------
    surely : bool
        Whether every reading of the constraints must agree. They can differ where nodes stand at one place,
        so that neither is the upper one, where a fan-out stands between a node and the node above it, and
        where a dimension that may cross a fan-out does not.
    """
    between = _surely_between if surely else _perhaps_between
    return (
        all(set(_kept(mapping, level)) == set(kept) for level, kept in pins.keeps.items())
        and _in_order(mapping, pins.nodes)
        and all(_has_tiles(shape, mapping, node, tiles) for node, tiles in pins.tiles.items())
        and all(_spreads(_spread(shape, mapping, name), dims, surely) for name, dims in pins.spatial.items())
        and all(between(mapping, node, dims) for node, dims in pins.loops.items())
        and (not pins.divisors or _divides(shape, mapping))
    )


def random_pins(rng: Random, chip: Chip, shape: Shape, mapping: Mapping) -> Constraints:
    """Return one or two kinds of constraint that a mapping keeps."""
    kinds = rng.sample(PINS, len(PINS))
    pins = {kind: _pin(rng, kind, chip, shape, mapping) for kind in kinds}
    said = {kind: pin for kind, pin in pins.items() if pin}
    return Constraints(**{kind: said[kind] for kind in list(said)[: rng.choice((1, 1, 2))]})


def _pin(rng: Random, kind: str, chip: Chip, shape: Shape, mapping: Mapping) -> object:
    """One constraint of a kind; None where the mapping has nothing of it."""
    nodes = list(_nodes(mapping))
    if kind == "keeps":
        inner = [level.name for level in chip.levels[:-1]]
        return {level: _kept(mapping, level) for level in rng.sample(inner, rng.randint(1, len(inner)))}
    if kind == "spatial" and chip.fanouts:
        name = rng.choice(chip.fanouts).name
        return {name: {dim: rng.choice((count, None)) for dim, count in _spread(shape, mapping, name).items()}}
    if kind == "divisors":
        return _divides(shape, mapping)
    if kind == "loops":
        nodes = [node for node in nodes if _between(mapping, node) is not None]
    if not nodes or kind == "spatial":
        return None
    if kind == "nodes":
        chosen = rng.sample(nodes, min(len(nodes), rng.randint(1, 4)))
        rank = [level.name for level in reversed(chip.levels)]
        in_order = sorted(chosen, key=lambda node: (_nodes(mapping)[node], rank.index(node[0])))
        return tuple(in_order)
    node = rng.choice(nodes)
    if kind == "loops":
        return {node: _between(mapping, node)}
    tiles = _tiles(shape, mapping.loops[: _nodes(mapping)[node]])
    dims = [dim for dim, extent in shape.extents.items() if extent > 1]
    return {node: {dim: tiles[dim] for dim in rng.sample(dims, rng.randint(1, len(dims)))}}


def _nodes(mapping: Mapping) -> dict[Node, int]:
    """The places of all nodes inside the outermost level."""
    kept = zip(OPERANDS, mapping.chains, strict=True)
    return {(level, operand): place for operand, chain in kept for level, place in chain}


def _kept(mapping: Mapping, level: str) -> str:
    return "".join(operand for operand in OPERANDS if (level, operand) in _nodes(mapping))


def _in_order(mapping: Mapping, wanted: tuple[Node, ...]) -> bool:
    nodes = _nodes(mapping)
    if any(node not in nodes for node in wanted):
        return False
    places = [nodes[node] for node in wanted]
    return places == sorted(places)


def _tiles(shape: Shape, loops: Loops) -> dict[str, int]:
    """What some loops hand down, by dimension."""
    return shape.extents | {loop.dim: loop.tile for loop in loops}


def _has_tiles(shape: Shape, mapping: Mapping, node: Node, wanted: MappingType[str, int]) -> bool:
    nodes = _nodes(mapping)
    return node in nodes and _tiles(shape, mapping.loops[: nodes[node]]).items() >= wanted.items()


def _spread(shape: Shape, mapping: Mapping, fanout: str) -> dict[str, int]:
    """How many instances each dimension has across a fan-out."""
    bounds = zip(mapping.loops, Nest(mapping.loops).bounds(shape), strict=True)
    return {loop.dim: bound for loop, bound in bounds if loop.fanout == fanout}


def _spreads(own: dict[str, int], pinned: MappingType[str, int | None], surely: bool) -> bool:
    """Whether the pinned dimensions cross a fan-out, as often as pinned, and no other does."""
    crossing = {dim: count for dim, count in pinned.items() if surely or count is not None or dim in own}
    return own == {dim: own.get(dim, 0) if count is None else count for dim, count in crossing.items()}


def _between(mapping: Mapping, node: Node) -> tuple[str, ...] | None:
    """Dimensions of the temporal loops between a node and the node above it; None where that is not clear."""
    nodes = _nodes(mapping)
    if node not in nodes or nodes[node] in [place for other, place in nodes.items() if other != node]:
        return None
    loops = _loops_above(mapping, nodes[node])
    return None if any(loop.fanout for loop in loops) else tuple(loop.dim for loop in loops)


def _loops_above(mapping: Mapping, place: int) -> Loops:
    """Loops between a place and the next node strictly above it."""
    above = max((at for at in _nodes(mapping).values() if at < place), default=0)
    return mapping.loops[above:place]


def _surely_between(mapping: Mapping, node: Node, dims: Iterable[str]) -> bool:
    return _between(mapping, node) == tuple(dims)


def _perhaps_between(mapping: Mapping, node: Node, dims: Iterable[str]) -> bool:
    nodes = _nodes(mapping)
    if node not in nodes:
        return False
    alone = nodes[node] not in [place for other, place in nodes.items() if other != node]
    left = iter(dims)
    return not alone or all(loop.fanout or loop.dim in left for loop in _loops_above(mapping, nodes[node]))


def _divides(shape: Shape, mapping: Mapping) -> bool:
    """Whether every tile divides the tile outside it."""
    handed = shape.extents
    for loop in mapping.loops:
        if handed[loop.dim] % loop.tile:
            return False
        handed[loop.dim] = loop.tile
    return True
