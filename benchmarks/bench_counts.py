"""How long does the closed form take for one tiling, when it counts many at once?

``python benchmarks/bench_counts.py`` counts 100,000 tilings of a matrix product and of a 3x3 convolution,
and a small nest with both the closed form and the interpreter, the brute-force definition of the counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from accelsim.mapping.counts import count, count_many
from accelsim.mapping.digits import Ints
from accelsim.mapping.interpreter import interpret
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import Shape, Window

TILINGS = 100_000
RUNS = 2
HIERARCHY = Hierarchy((("DRAM", 0), ("SRAM", 0), ("RF", 2)), (("rows", 16), ("cols", 16)))


def best(call: Callable[[], object]) -> float:
    """Return the shortest wall time of a few calls in s."""
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def two_levels(outer: str, inner: str) -> Nest:
    """Return a nest on DRAM and SRAM with loops of placeholder tiles."""
    lines: list[Loop | Keep] = [Keep("DRAM", "WIO"), *(Loop(dim, 1) for dim in outer.split()), Keep("SRAM", "WIO")]
    return Nest((*lines, *(Loop(dim, 1) for dim in inner.split())))


def three_levels(outer: str, inner: str) -> Nest:
    """Return a nest on DRAM, SRAM and RF, channels across the fan-outs, with loops of placeholder tiles."""
    lines: list[Loop | Keep] = [*two_levels(outer, inner).lines, Loop("C", 1, "rows"), Loop("K", 1, "cols")]
    return Nest((*lines, Keep("RF", "WIO"), *(Loop(dim, 1) for dim in inner.split())))


def random_tiles(shape: Shape, nest: Nest, count: int, *, perfect: bool = False) -> Ints:
    """Return the tiles of ``count`` random mappings; with ``perfect`` every tile divides the one outside it."""
    draw = np.random.default_rng(0)
    handed = {dim: np.full(count, extent) for dim, extent in shape.extents.items()}
    last = {loop.dim: place for place, loop in enumerate(nest.loops)}
    columns = []
    for place, loop in enumerate(nest.loops):
        whole, extent = handed[loop.dim], shape.extents[loop.dim]
        divisors = [size for size in range(1, extent + 1) if extent % size == 0]
        tile = np.gcd(draw.choice(divisors, count), whole) if perfect else draw.integers(1, whole + 1)
        if loop.fanout is not None:
            tile = np.where(whole > tile * 16, whole, tile)
        handed[loop.dim] = np.ones_like(whole) if last[loop.dim] == place else tile
        columns.append(handed[loop.dim])
    return np.stack(columns, axis=1)


MATMUL = Shape.gemm(M=512, N=768, K=1024)
CONVOLUTION = Shape(K=256, C=128, OY=28, OX=28, FY=3, FX=3, y=Window(1, 1, 1, 28), x=Window(1, 1, 1, 28))
SMALL = Shape(K=4, C=3, OY=6, OX=5, FY=3, FX=3, y=Window(1, 1, 1, 6), x=Window(1, 1, 1, 5))
OUTER, INNER = "K C OY OX FY FX", "OY OX K C FY FX"
CASES = (
    ("matmul, 2 levels, any tiles", MATMUL, two_levels("B K C", "K B C"), {}),
    ("matmul, 3 levels and 2 fan-outs, any tiles", MATMUL, three_levels("B K C", "K B C"), {}),
    ("3x3 conv, 2 levels, dividing tiles", CONVOLUTION, two_levels(OUTER, INNER), {"perfect": True}),
    ("3x3 conv, 2 levels, any tiles", CONVOLUTION, two_levels(OUTER, INNER), {}),
    ("3x3 conv, 3 levels and 2 fan-outs, any tiles", CONVOLUTION, three_levels(OUTER, INNER), {}),
)


def main() -> None:
    """Print the table."""
    print(f"{'counted':46} {'tilings':>8} {'loops':>6} {'per tiling':>11}")
    which = np.zeros(TILINGS, dtype=np.int64)
    for name, shape, nest, how in CASES:
        tiles = random_tiles(shape, nest, TILINGS, **how)
        taken = best(partial(count_many, [shape], which, nest, tiles))
        print(f"{name:46} {TILINGS:8,} {len(nest.loops):6} {taken / TILINGS * 1e6:8.2f} us")
    tiles = random_tiles(CONVOLUTION, nest, TILINGS)
    taken = best(partial(count_many, [CONVOLUTION], which, nest, tiles, exact=False))
    name = "  the same, approximate, to rank candidates"
    print(f"{name:46} {TILINGS:8,} {len(nest.loops):6} {taken / TILINGS * 1e6:8.2f} us")
    nest = three_levels(OUTER, INNER)
    tiles = random_tiles(SMALL, nest, 1)[0]
    filled = iter(tiles.tolist())
    lines = (Loop(line.dim, next(filled), line.fanout) if isinstance(line, Loop) else line for line in nest.lines)
    nest = Nest(tuple(lines))
    nest.check(SMALL, HIERARCHY)
    closed = best(lambda: count(SMALL, nest))
    stepped = best(lambda: interpret(SMALL, nest, HIERARCHY))
    print(f"one nest of {SMALL.macs:,} MACs: closed form {closed * 1e3:.2f} ms, interpreter {stepped * 1e3:.1f} ms, "
          f"{stepped / closed:.0f}x")  # fmt: skip


if __name__ == "__main__":
    main()
