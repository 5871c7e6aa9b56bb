"""How long does a sweep of unit costs take, against an estimate for each variant with the same mappings?

``python benchmarks/bench_costs.py`` prints, for ResNet-50 and others: the CPU time of one estimate in a loop that
changes costs and keeps mappings (``mapping=`` a dict of nests), that of one variant of a cost sweep, their ratio,
and the time of 100,000 variants. The energies of the loop and of the sweep are compared. Two more rows vary what is
slower: costs that laws derive again, and mappings searched again. Mappings are the heuristic's: neither way depends
on how they were found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

import accelsim as sim
from accelsim.hardware.unit_costs import with_costs
from accelsim.provenance import COMMAND_LINE, Sourced

CASES = (
    ("resnet50", "horowitz-45nm", "int8"),
    ("resnet50", "horowitz-45nm", "fp32"),
    ("resnet50", "eyeriss-v1", "int8"),
    ("bert-base", "tpu-v4i", "bf16"),
    ("llama-2-7b/decode", "horowitz-45nm", "w4g128a16"),
)
MANY, LOOPED = 100_000, 20


def seconds(call: Callable[[], object]) -> float:
    """Return the CPU time of one call in s."""
    start = time.process_time()
    call()
    return time.process_time() - start


def random_costs(result: sim.Result, count: int) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Return costs that the result is charged for and its chip lists, each between half and twice itself."""
    random, listed = np.random.default_rng(0), dict(result.chip.numbers())
    paths = [one.path for one in result.uncertainty(draws=1).bill.costs if one.path in listed]
    return {path: listed[path].value * 2 ** random.uniform(-1, 1, count) for path in paths}


def main() -> None:
    """Print the table."""
    os.environ["ACCELSIM_CACHE"] = "off"
    head = f"{'network':18} {'profile':14} {'scheme':10} {'costs':>5} {'estimate':>10} {'variant':>10}"
    print(f"{head} {'ratio':>9} {'100,000':>9} {'draws':>9}")
    for workload, profile, scheme in CASES:
        result = sim.estimate(workload, profile, scheme, mapping="heuristic")
        nests = {one.layer.name: one.nest for one in result.layers if one.nest is not None}
        costs = random_costs(result, MANY)

        def looped(place: int) -> float | None:
            own = {path: Sourced(float(each[place]), COMMAND_LINE) for path, each in costs.items()}  # noqa: B023
            return sim.estimate(
                result.network, with_costs(result.chip, own), result.scheme, mapping=nests  # noqa: B023
            ).energy_pj  # fmt: skip

        found: list[float | None] = []
        one = seconds(lambda: found.extend(looped(place) for place in range(LOOPED))) / LOOPED  # noqa: B023
        swept: list[sim.CostSweep] = []
        whole = seconds(lambda: swept.append(sim.cost_sweep(result, costs, pairing="list")))  # noqa: B023
        drawn = seconds(lambda: sim.cost_sweep(result, draws=MANY, unranged=0.2))  # noqa: B023
        assert np.allclose(swept[0].energy_pj[0, :LOOPED], np.array(found, dtype=float), rtol=1e-9)
        head = f"{workload:18} {profile:14} {scheme:10} {len(costs):5} {one * 1e3:7.2f} ms {whole / MANY * 1e6:7.3f} us"
        print(f"{head} {one / (whole / MANY):8,.0f}x {whole:7.2f} s {drawn:7.2f} s", flush=True)
    result = sim.estimate("resnet50", "horowitz-45nm", "bf16", mapping="heuristic")
    multiples = np.random.default_rng(0).uniform(0.5, 2, MANY)
    again = seconds(lambda: sim.cost_sweep(result, factors={"multiply_pj.fp16": multiples}))
    print(f"resnet50 in bf16, derived from a varied fp16 multiply: {again:.2f} s for 100,000 variants")
    searched = seconds(lambda: sim.cost_sweep(result, dram=["lpddr4", "hbm2", "ddr3"], reoptimize=True)) / 3
    print(f"resnet50 in bf16, mapped again by the heuristic: {searched * 1e3:.0f} ms a variant")


if __name__ == "__main__":
    main()
