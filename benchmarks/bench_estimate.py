"""How long does a whole-network estimate take inside one process?

``python benchmarks/bench_estimate.py`` prints, for several networks: the first call in the process, a
later call (equal layers are already mapped), and a call whose mappings are searched again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import accelsim as sim
from accelsim.search import heuristic
from accelsim.simulation import mac_layer

CASES = (
    ("resnet50", "eyeriss-v1", "int8"),
    ("resnet50", "horowitz-45nm", "int8"),
    ("mobilenetv2", "horowitz-45nm", "int8"),
    ("bert-base", "tpu-v4i", "int8"),
    ("llama-2-7b/decode", "horowitz-45nm", "w4g128a16"),
)
LATER, SEARCHED = 15, 3


def seconds(call: Callable[[], object]) -> float:
    """Return the wall time of one call in s."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print the table; loading the profile and the workload is not counted."""
    print(f"{'network':20} {'profile':14} {'scheme':10} {'layers':>6} {'first':>9} {'later':>9} {'searched':>9}")
    for workload, profile, scheme in CASES:
        network, chip = sim.load_workload(workload), sim.load_profile(profile)

        def call(network: sim.Network = network, chip: sim.Chip = chip, scheme: str = scheme) -> object:
            result = sim.estimate(network, chip, scheme)
            return result.energy_pj, result.cycles

        def search(call: Callable[[], object] = call) -> object:
            heuristic._chosen.clear()
            mac_layer._costed.clear()
            return call()

        first = seconds(call)
        later = statistics.median(seconds(call) for _ in range(LATER))
        searched = min(seconds(search) for _ in range(SEARCHED))
        times = " ".join(f"{value * 1e3:6.1f} ms" for value in (first, later, searched))
        print(f"{workload:20} {profile:14} {scheme:10} {len(network.layers):6} {times}")


if __name__ == "__main__":
    main()
