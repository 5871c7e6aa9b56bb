"""How long does a whole-network estimate take inside one process, in CPU time?

``python benchmarks/bench_estimate.py`` prints, for several networks and by either way of mapping: the first call in
the process, a later call (equal layers are already mapped), and a call whose mappings are chosen again. The cache on
disk is off; the machine code of the search is loaded before.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial

import accelsim as sim
from accelsim.search import heuristic, store
from accelsim.simulation import mac_layer

CASES = (
    ("resnet50", "eyeriss-v1", "int8"),
    ("resnet50", "horowitz-45nm", "int8"),
    ("mobilenetv2", "horowitz-45nm", "int8"),
    ("bert-base", "tpu-v4i", "int8"),
    ("llama-2-7b/decode", "horowitz-45nm", "w4g128a16"),
)
LATER, AGAIN = 15, 3


def seconds(call: Callable[[], object]) -> float:
    """Return the CPU time of one call in s."""
    start = time.process_time()
    call()
    return time.process_time() - start


def estimate(workload: str, profile: str, scheme: str, mapping: str) -> Callable[[], object]:
    """Return a call that estimates a network; loading the profile and the workload is not part of it."""
    network, chip = sim.load_workload(workload), sim.load_profile(profile)

    def call() -> object:
        result = sim.estimate(network, chip, scheme, mapping=mapping)
        return result.energy_pj, result.cycles

    return call


def again(call: Callable[[], object]) -> object:
    """Forget all mappings, and call."""
    heuristic._chosen.clear()
    store._known.clear()
    mac_layer._costed.clear()
    return call()


def main() -> None:
    """Print the table."""
    os.environ["ACCELSIM_CACHE"] = "off"
    sim.search_mapping("resnet18:conv1", "nvdla-full", "int8")
    head = f"{'network':20} {'profile':14} {'scheme':10} {'mapping':9} {'layers':>6}"
    print(f"{head} {'first':>10} {'later':>10} {'again':>10}")
    for workload, profile, scheme in CASES:
        for mapping in ("heuristic", "optimal"):
            call = estimate(workload, profile, scheme, mapping)
            first = seconds(partial(again, call))
            later = statistics.median(seconds(call) for _ in range(LATER))
            searched = min(seconds(partial(again, call)) for _ in range(AGAIN))
            layers = len(sim.load_workload(workload).layers)
            times = " ".join(f"{value * 1e3:7.1f} ms" for value in (first, later, searched))
            print(f"{workload:20} {profile:14} {scheme:10} {mapping:9} {layers:6} {times}", flush=True)


if __name__ == "__main__":
    main()
