"""How far is the closed form of memory time from the simulation of every tile, and what does it take?

``python benchmarks/bench_memory_time.py [FIRST_SEED]`` draws 1,000 random layers, mappings and chips as the tests do,
prints the distribution of the error for the pipeline and for the sums alone, and the time of both ways. Some 30 s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from accelsim.engine import cycles as engine
from accelsim.engine.traffic import traffic
from accelsim.mapping.nest import Nest
from accelsim.workload.shape import Shape

CASES, MAX_MACS = 1000, 3000


def divides(shape: Shape, nest: Nest) -> bool:
    """Return whether no loop leaves a short last tile."""
    handed = shape.extents
    for loop in nest.loops:
        if handed[loop.dim] % loop.tile:
            return False
        handed[loop.dim] = loop.tile
    return True


def row(name: str, off: Sequence[float]) -> str:
    """Return one line of the table."""
    error = np.abs(off)
    shares = [np.mean(error < limit) for limit in (1e-9, 0.02, 0.1)]
    middle, most, worst = np.median(error), np.quantile(error, 0.95), error.max()
    return f"{name:34}{len(off):6}" + "".join(f"{share:9.1%}" for share in (*shares, middle, most, worst))


def main() -> None:
    """Print the error of the pipeline and of the sums alone, over all nests and over those whose tiles divide."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "engine"))
    from event_simulator import simulate
    from memory_cases import batch_of, random_memory_case, widths_of

    found: list[tuple[bool, float, float]] = []
    spent = {"simulated": 0.0, "closed form": 0.0}
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    for seed in range(first, first + CASES):
        shape, nest, hierarchy, chip = random_memory_case(Random(seed), MAX_MACS)
        batch, counts = batch_of(shape, nest, chip)
        moved = traffic(batch, nest, counts)
        start = time.process_time()
        total = float(engine.cycles(batch, nest, counts, moved).total[0])
        spent["closed form"] += time.process_time() - start
        sums = engine.least_cycles(batch, nest, counts, moved)
        start = time.process_time()
        simulated = simulate(shape, nest, hierarchy, chip, widths_of(batch, nest), float(chip.rates[0][2])).cycles
        spent["simulated"] += time.process_time() - start
        found.append((divides(shape, nest), total / simulated - 1, float(sums[0]) / simulated - 1))
    print(f"{'':34}{'nests':>6}{'equal':>9}{'< 2%':>9}{'< 10%':>9}{'median':>9}{'95%':>9}{'worst':>9}")
    even = [one for one in found if one[0]]
    print(row("sums alone", [one[2] for one in found]))
    print(row("pipeline", [one[1] for one in found]))
    print(row("sums alone, tiles that divide", [one[2] for one in even]))
    print(row("pipeline, tiles that divide", [one[1] for one in even]))
    print(", ".join(f"{name} {seconds / CASES * 1e3:.2f} ms a nest" for name, seconds in spent.items()))


if __name__ == "__main__":
    main()
