"""How long does a whole generation take to estimate?

``python benchmarks/bench_generate.py`` prints, for 2,048 tokens read and 2,048 written: the first call in a process
(which maps the layers of the prefill and of three decode steps), and the least of 15 later calls, in which these
mappings are known. Inside the time are loading the workload four times, its four estimates, and counting the
attention of every step; outside are starting Python, importing accelsim and numpy, and loading the profile. The last
columns map every step anew: how long that takes, and how much the sums of both phases differ. They are for 256 steps.
"""

from __future__ import annotations

import time

import accelsim as sim
from accelsim.search import heuristic
from accelsim.simulation import mac_layer

CASES = (
    ("llama-2-7b", "horowitz-45nm", "int8"),
    ("llama-2-7b", "tpu-v4i", "bf16"),
    ("llama-2-7b", "eyeriss-v1", "int8"),
)
PROMPT, NEW, FEW, LATER = 2048, 2048, 256, 15


def generated(
    model: str, chip: sim.Chip, scheme: str, new: int, every_step: bool = False
) -> tuple[float, sim.Generation]:
    """Return the wall time of one generation in s, and what it says."""
    start = time.perf_counter()
    made = sim.generate(model, chip, scheme, prompt=PROMPT, new_tokens=new, every_step=every_step)
    made.to_dict()
    return time.perf_counter() - start, made


def main() -> None:
    """Print the table."""
    sim.estimate("resnet18", "horowitz-45nm")  # imports everything
    head = f"{'model':12} {'profile':14} {'scheme':8} {'first':>9} {'later':>9}"
    print(f"{head} {'every step':>11} {'energy':>9} {'time':>9}")
    for model, profile, scheme in CASES:
        chip = sim.load_profile(profile)
        heuristic._chosen.clear()
        mac_layer._costed.clear()
        first, _ = generated(model, chip, scheme, NEW)
        later = min(generated(model, chip, scheme, NEW)[0] for _ in range(LATER))
        few = generated(model, chip, scheme, FEW)[1]
        anew, own = generated(model, chip, scheme, FEW, every_step=True)
        energy = (few.energy_pj or 0) / own.energy_pj - 1 if own.energy_pj else float("nan")
        times = " ".join(f"{value * 1e3:6.1f} ms" for value in (first, later))
        differ = f"{energy:+9.1e} {few.latency_s / own.latency_s - 1:+9.1e}"
        print(f"{model:12} {profile:14} {scheme:8} {times} {anew:9.2f} s {differ}")


if __name__ == "__main__":
    main()
