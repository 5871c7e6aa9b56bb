"""Which mappings should counts be tried on? Random legal (shape, nest, hierarchy) triples of every kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, exp, log, prod
from random import Random

from hypothesis import strategies as st

from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import DIMS, OPERANDS, Shape, Window

Case = tuple[Shape, Nest, Hierarchy]


@dataclass(frozen=True)
class Knobs:
    """How large and how odd the cases are.

    Parameters
    ----------
    max_macs : int
        Upper limit of a layer's MACs; sizes are spread evenly over its logarithm.
    max_instances : int
        Upper limit of the product of the fan-outs.
    max_levels, max_fanouts : int
        At least two levels, at least no fan-out.
    max_loops : int
        Upper limit of the loops of one dimension (one more may close an open tile).
    bypass, spatial, whole_tile : float
        Chances that an operand skips a level, that a loop is spatial, and that a loop hands
        down all that it was handed (bound 1).
    """

    max_macs: int = 3000
    max_instances: int = 24
    max_levels: int = 4
    max_fanouts: int = 3
    max_loops: int = 3
    bypass: float = 0.25
    spatial: float = 0.55
    whole_tile: float = 0.08


def random_case(rng: Random, knobs: Knobs = Knobs()) -> Case:
    """Return one random layer, chip and mapping; the mapping passes `Nest.check`."""
    shape = random_shape(rng, knobs)
    hierarchy = random_hierarchy(rng, knobs)
    nest = random_nest(rng, shape, hierarchy, knobs)
    nest.check(shape, hierarchy)
    return shape, nest, hierarchy


def cases(knobs: Knobs = Knobs()) -> st.SearchStrategy[Case]:
    """Return a hypothesis strategy of random cases; it shrinks the layer's size."""
    sizes = st.integers(8, knobs.max_macs)
    return st.builds(lambda seed, size: random_case(Random(seed), replace(knobs, max_macs=size)), st.integers(0), sizes)


def random_shape(rng: Random, knobs: Knobs) -> Shape:
    """Return a matmul, convolution, depthwise or arbitrary layer of limited size."""
    kinds = (
        ("B", "K", "C"),
        ("G", "B", "K", "C"),
        ("K", "C", "OY", "OX", "FY", "FX"),
        ("G", "OY", "OX", "FY", "FX"),
        ("OX", "FX"),
        ("C", "OY", "FY"),
        DIMS,
    )
    budget = exp(rng.uniform(log(4), log(knobs.max_macs)))
    extents: dict[str, int] = dict.fromkeys(DIMS, 1)
    dims = list(rng.choice(kinds))
    rng.shuffle(dims)
    for dim in dims:
        room = int(budget / prod(extents.values()))
        largest = max(1, min(room, 5 if dim in ("FY", "FX") else 14))
        extents[dim] = rng.randint((largest + 1) // 2 if rng.random() < 0.6 else 1, largest)
    y = _random_window(rng, extents["OY"], extents["FY"])
    x = _random_window(rng, extents["OX"], extents["FX"])
    b, g, k, c, oy, ox, fy, fx = (extents[dim] for dim in DIMS)
    return Shape(b, g, k, c, oy, ox, fy, fx, y=y, x=x)


def _random_window(rng: Random, outs: int, taps: int) -> Window | None:
    """Return a window whose input is as large as it is reached, or a little off."""
    if rng.random() < 0.3:
        return None
    stride, dilation, pad = rng.choice((1, 1, 2, 3)), rng.choice((1, 1, 2, 3)), rng.choice((0, 0, 1, 2, 3))
    reach = (outs - 1) * stride + (taps - 1) * dilation + 1 - rng.choice((0, pad)) - pad
    return Window(stride, dilation, pad, max(1, reach + rng.choice((0, 0, -1, 1, 3))))


def random_hierarchy(rng: Random, knobs: Knobs) -> Hierarchy:
    """Return levels and fan-outs in a random order, the outermost level outside all fan-outs."""
    sizes: list[int] = []
    for _ in range(rng.randint(0, knobs.max_fanouts)):
        sizes.append(max(1, min(rng.choice((1, 2, 2, 3, 3, 4, 6)), knobs.max_instances // prod(sizes))))
    fanouts = tuple((f"fan{position}", size) for position, size in enumerate(sizes))
    depths = sorted(rng.randint(0, len(sizes)) for _ in range(rng.randint(1, knobs.max_levels - 1)))
    return Hierarchy(tuple((f"L{at}", depth) for at, depth in enumerate([0, *depths])), fanouts)


def random_nest(rng: Random, shape: Shape, hierarchy: Hierarchy, knobs: Knobs) -> Nest:
    """Return a legal mapping: every line gets a random height, then loops get their tiles in order."""
    heights = [*_node_heights(rng, hierarchy, knobs), *_loop_heights(rng, shape, hierarchy, knobs)]
    lines = [line for _, line in sorted(heights, key=lambda pair: pair[0])]
    opening = Keep(hierarchy.levels[0][0], "WIO")
    return Nest((opening, *_merge(rng, _tiled(rng, lines, shape, hierarchy, knobs))))


def _node_heights(rng: Random, hierarchy: Hierarchy, knobs: Knobs) -> list[tuple[float, Loop | Keep]]:
    """Place the nodes of a level of depth d in [d, d + 0.5), operands together or apart."""
    inner = hierarchy.levels[1:]
    together = sorted(depth + rng.random() / 2 for _, depth in inner)
    placed: list[tuple[float, Loop | Keep]] = []
    for operand in OPERANDS:
        apart = sorted(depth + rng.random() / 2 for _, depth in inner)
        heights = together if rng.random() < 0.5 else apart
        for (level, _), height in zip(inner, heights, strict=True):
            if rng.random() >= knobs.bypass:
                placed.append((height, Keep(level, operand)))
    return placed


def _loop_heights(rng: Random, shape: Shape, hierarchy: Hierarchy, knobs: Knobs) -> list[tuple[float, Loop | Keep]]:
    """Place loops (tiles still open): temporal ones anywhere, those across fan-out f in [f + 0.5, f + 1)."""
    fanouts = [name for name, _ in hierarchy.fanouts]
    placed: list[tuple[float, Loop | Keep]] = []
    for dim, extent in shape.extents.items():
        number = rng.randint(1, knobs.max_loops) if extent > 1 else rng.random() < knobs.whole_tile
        for _ in range(number):
            if fanouts and rng.random() < knobs.spatial:
                position = rng.randrange(len(fanouts))
                placed.append((position + 0.5 + rng.random() / 2, Loop(dim, 1, fanouts[position])))
            else:
                placed.append((rng.random() * (len(fanouts) + 0.5), Loop(dim, 1)))
    return placed


def _tiled(
    rng: Random, lines: list[Loop | Keep], shape: Shape, hierarchy: Hierarchy, knobs: Knobs
) -> list[Loop | Keep]:
    """Give every loop a tile that its fan-out can take; close what stays open with temporal loops."""
    room, handed = dict(hierarchy.fanouts), shape.extents
    last = {line.dim: at for at, line in enumerate(lines) if isinstance(line, Loop)}
    tiled: list[Loop | Keep] = []
    for at, line in enumerate(lines):
        if isinstance(line, Keep):
            tiled.append(line)
            continue
        whole = handed[line.dim]
        if whole == 1 and rng.random() >= knobs.whole_tile:
            continue
        smallest = ceil(whole / room[line.fanout]) if line.fanout else 1
        tile = _random_tile(rng, smallest, whole, at == last[line.dim], knobs)
        if line.fanout:
            room[line.fanout] //= ceil(whole / tile)
        handed[line.dim] = tile
        tiled.append(Loop(line.dim, tile, line.fanout))
    for dim, tile in handed.items():
        if tile > 1:
            same = [at for at, line in enumerate(tiled) if isinstance(line, Loop) and line.dim == dim]
            tiled.insert(rng.randint(max(same) + 1, len(tiled)), Loop(dim, 1))
    return tiled


def _random_tile(rng: Random, smallest: int, whole: int, is_last: bool, knobs: Knobs) -> int:
    if rng.random() < knobs.whole_tile:
        return whole
    if is_last:
        return smallest
    if rng.random() < 0.5:
        return max(smallest, ceil(whole / rng.randint(2, 3)))
    return rng.randint(smallest, max(smallest, whole - 1))


def _merge(rng: Random, lines: list[Loop | Keep]) -> list[Loop | Keep]:
    """Write neighboring nodes of one level as one line, most of the time."""
    merged: list[Loop | Keep] = []
    for line in lines:
        before = merged[-1] if merged else None
        if isinstance(line, Keep) and isinstance(before, Keep) and before.level == line.level and rng.random() < 0.8:
            merged[-1] = Keep(line.level, before.operands + line.operands)
        else:
            merged.append(line)
    return merged
