"""Which mappings does a chip allow? The declared space, written down by plain recursion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, groupby, product
from math import prod

from accelsim.hardware.chip import Chip
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.shape import DIMS, OPERANDS, Shape

Loops = tuple[Loop, ...]
Chain = tuple[tuple[str, int], ...]
"""The nodes of one operand inside the outermost level, outermost first: (level, number of loops above it)."""


@dataclass(frozen=True)
class Mapping:
    """A nest without loops of bound 1: its loops, and the places of the nodes of W, I and O among them.

    Two nests that differ in the order of neighboring nodes only, or in that of the spatial loops of one
    fan-out, are the same mapping: boxes and instances do not depend on either.
    """

    loops: Loops
    chains: tuple[Chain, ...]

    @classmethod
    def of(cls, shape: Shape, nest: Nest) -> Mapping:
        """Return the mapping that a nest is."""
        handed = shape.extents
        loops: list[Loop] = []
        chains: dict[str, list[tuple[str, int]]] = {operand: [] for operand in OPERANDS}
        for line in nest.lines[1:]:
            if isinstance(line, Keep):
                for operand in line.operands:
                    chains[operand].append((line.level, len(loops)))
            elif line.tile < handed[line.dim]:
                handed[line.dim] = line.tile
                loops.append(line)
        ordered: list[Loop] = []
        for fanout, group in groupby(loops, key=lambda loop: loop.fanout):
            together = list(group)
            ordered += sorted(together, key=lambda loop: DIMS.index(loop.dim)) if fanout else together
        return cls(tuple(ordered), tuple(tuple(chains[operand]) for operand in OPERANDS))

    def nest(self, chip: Chip) -> Nest:
        """Return the mapping as a nest, a line a node."""
        order = [level.name for level in reversed(chip.levels)]
        nodes = defaultdict(list)
        for operand, chain in zip(OPERANDS, self.chains, strict=True):
            for level, place in chain:
                nodes[place].append(Keep(level, operand))
        lines: list[Loop | Keep] = [Keep(order[0], "".join(OPERANDS))]
        for place in range(len(self.loops) + 1):
            lines += sorted(nodes[place], key=lambda keep: order.index(keep.level))
            lines += self.loops[place : place + 1]
        return Nest(tuple(lines))


def every_nest(chip: Chip, shape: Shape) -> Iterator[Nest]:
    """Yield one nest for every mapping of the declared space, whether it fits or not."""
    for mapping in every_mapping(chip, shape):
        yield mapping.nest(chip)


def every_mapping(chip: Chip, shape: Shape) -> Iterator[Mapping]:
    """Yield every mapping of the declared space once.

    The outermost level keeps W, I and O first; every other level keeps any of the operands that it
    holds, anywhere inside the fan-outs outside it and outside those inside it. Between neighboring
    nodes and fan-outs stands at most one temporal loop of each dimension, in any order. A dimension
    crosses a fan-out that allows it at most once; the loops of a fan-out stand together and use no
    more instances than it has; its place, used or not, parts the levels outside from those inside. A tile
    is any integer that is smaller than the one outside it.
    """
    for loops in every_order(chip, shape):
        repeats = repeated(loops)
        for chains in product(*(every_chain(chip, loops, operand) for operand in OPERANDS)):
            if len(frozenset().union(*(parted(repeats, chain) for chain in chains))) == len(repeats):
                mapping = Mapping(loops, chains)
                if separated(chip, mapping):
                    yield mapping


def separated(chip: Chip, mapping: Mapping) -> bool:
    """Whether every fan-out, be it used or not, has a place that parts the nodes outside it from those inside."""
    depth = {level.name: level.depth for level in chip.levels}
    nodes = [(depth[level], place) for chain in mapping.chains for level, place in chain]
    return all(
        outer <= inner
        for number in range(len(chip.fanouts))
        for own, outer in nodes
        if own <= number
        for other, inner in nodes
        if other > number
    )


def every_order(chip: Chip, shape: Shape) -> Iterator[Loops]:
    """Yield every sequence of loops among which nodes can stand so that a mapping comes out."""
    nodes = sum(len(level.holds) for level in chip.levels[:-1])
    return _every_order(chip, shape, shape.extents, (), nodes)


def _every_order(chip: Chip, shape: Shape, handed: dict[str, int], above: Loops, nodes: int) -> Iterator[Loops]:
    """Yield every sequence of loops that starts with ``above`` and hands down tiles of 1 at its end."""
    if all(tile == 1 for tile in handed.values()):
        yield above
        return
    for dim, fanout in product(DIMS, (None, *chip.fanouts)):
        for tile in range(1, handed[dim]):
            loops = (*above, Loop(dim, tile, fanout.name if fanout else None))
            if _fewest_nodes(loops) <= nodes and (fanout is None or _crosses_well(chip, shape, loops)):
                yield from _every_order(chip, shape, handed | {dim: tile}, loops, nodes)


def _crosses_well(chip: Chip, shape: Shape, loops: Loops) -> bool:
    """Whether the spatial loops cross the fan-outs in order, together, as allowed and where there is room."""
    bounds = zip(loops, Nest(loops).bounds(shape), strict=True)
    runs = [(name, list(run)) for name, run in groupby(bounds, key=lambda pair: pair[0].fanout) if name]
    order = [fanout.name for fanout in chip.fanouts]
    crossed = [order.index(name) for name, _ in runs]
    if crossed != sorted(set(crossed)):
        return False
    for name, run in runs:
        fanout = chip.fanouts[order.index(name)]
        dims = [loop.dim for loop, _ in run]
        once_in_order = dims == sorted(set(dims), key=DIMS.index)
        allowed = fanout.dims is None or fanout.dims >= set(dims)
        if not (once_in_order and allowed and prod(bound for _, bound in run) <= fanout.size):
            return False
    return True


def _fewest_nodes(loops: Loops) -> int:
    """How many nodes, at least, must stand between temporal loops of equal dimensions."""
    nodes = 0
    seen: set[str] = set()
    for loop in loops:
        if loop.fanout is not None:
            seen = set()
        elif loop.dim in seen:
            nodes, seen = nodes + 1, {loop.dim}
        else:
            seen.add(loop.dim)
    return nodes


def repeated(loops: Loops) -> list[tuple[int, int]]:
    """Return pairs of temporal loops of one dimension with no fan-out in between: a node must part them."""
    return [
        (first, second)
        for first, second in combinations(range(len(loops)), 2)
        if loops[first].dim == loops[second].dim and all(one.fanout is None for one in loops[first : second + 1])
    ]


def parted(repeats: list[tuple[int, int]], chain: Chain) -> frozenset[tuple[int, int]]:
    """Return the pairs of loops that the nodes of one operand part."""
    return frozenset((first, second) for first, second in repeats if any(first < at <= second for _, at in chain))


def every_chain(chip: Chip, loops: Loops, operand: str) -> list[Chain]:
    """Return every choice of levels that keep an operand, at every height where they may stand."""
    places = range(len(loops) + 1)
    may = {
        level.name: {place for place in places if _may_stand(chip, loops, level.depth, place)}
        for level in reversed(chip.levels[:-1])
        if operand in level.holds
    }
    return [
        tuple(zip(levels, heights, strict=True))
        for count in range(len(may) + 1)
        for levels in combinations(may, count)
        for heights in combinations_with_replacement(places, count)
        if all(place in may[level] for level, place in zip(levels, heights, strict=True))
    ]


def _may_stand(chip: Chip, loops: Loops, depth: int, place: int) -> bool:
    """Whether a node inside ``depth`` fan-outs may stand below the first ``place`` loops."""
    order = [fanout.name for fanout in chip.fanouts]
    above = [order.index(loop.fanout) for loop in loops[:place] if loop.fanout]
    below = [order.index(loop.fanout) for loop in loops[place:] if loop.fanout]
    return all(crossed < depth for crossed in above) and all(crossed >= depth for crossed in below)
