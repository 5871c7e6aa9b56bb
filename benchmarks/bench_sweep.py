"""How long does a sweep of ResNet-50 take over schemes, array sizes and SRAM sizes, cold and from its store?

``python benchmarks/bench_sweep.py`` sweeps 12 schemes x 20 array sizes x 10 SRAM sizes with searched mappings on all
cores, with an empty cache, and prints the time, the most memory that all processes held together, what a point took,
and how long the same sweep takes from the store. ``--schemes 3 --arrays 2 --srams 4`` takes fewer of each, evenly
chosen; ``--mapping heuristic`` searches nothing. A point of the same sweep by `accelsim.estimate` in a loop is timed
beside it. What a sweep of costs alone takes, at fixed mappings, is in bench_costs.py.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import accelsim as sim

SCHEMES = (
    "fp32", "fp16", "bf16", "w8a32", "w8a8-dequant-fp32", "w8a16", "int8", "w4a16", "w4g128a16", "w4a8", "w4g32a8-int8",
    "w4a4",
)  # fmt: skip
ARRAYS = tuple(range(8, 88, 4))
SRAMS = tuple(f"{64 * 2**power}KiB" for power in range(10))
LOOPED = 3


def evenly(values: tuple[object, ...], count: int) -> list[object]:
    """Return so many values, from the first to the last."""
    return [values[round(place * (len(values) - 1) / max(1, count - 1))] for place in range(count)]


class Memory(threading.Thread):
    """The most memory that this process and its children held together, by PSS and by RSS, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.pss_mb = self.rss_mb = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        """Look five times a second; a page that processes share counts once in PSS."""
        while not self.over.is_set():
            texts = [text for process in family(os.getpid()) if (text := rollup(process))]
            self.pss_mb = max(self.pss_mb, sum(kilobytes(text, "Pss:") for text in texts) / 1e3)
            self.rss_mb = max(self.rss_mb, sum(kilobytes(text, "Rss:") for text in texts) / 1e3)
            self.over.wait(0.2)


def family(process: int) -> list[int]:
    """Return a process and its children."""
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        text = ""
    return [process, *(int(child) for child in text.split())]


def rollup(process: int) -> str:
    """Return what Linux says of the memory of a process, empty if it says nothing."""
    try:
        return Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return ""


def kilobytes(text: str, name: str) -> float:
    """Return one line of it in kB."""
    return next(float(line.split()[1]) * 1.024 for line in text.splitlines() if line.startswith(name))


def cpu_s() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def sweep(asked: argparse.Namespace) -> None:
    """Sweep twice, cold and from the store, and print what it takes."""
    axes = {
        "scheme": evenly(SCHEMES, asked.schemes), "array": evenly(ARRAYS, asked.arrays),
        "sram": evenly(SRAMS, asked.srams),
    }  # fmt: skip
    for name in ("cold", "from the store"):
        memory, wall, cpu = Memory(), time.perf_counter(), cpu_s()
        memory.start()
        found = sim.sweep(
            workload="resnet50", profile="horowitz-45nm", **axes, mapping=asked.mapping, jobs=asked.jobs,
            store=asked.store,
        )  # fmt: skip
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
        memory.over.set()
        points = len(found.to_frame())
        print(
            f"{points:,} points by {asked.mapping} mappings, {name}: {wall:.1f} s, {cpu:.1f} CPU s "
            f"({cpu / points * 1e3:.1f} ms a point), {memory.pss_mb:.0f} MB in all processes "
            f"({memory.rss_mb:.0f} MB if shared pages count in each)",
            flush=True,
        )


def loop(mapping: str) -> None:
    """Print what one point takes in a loop that calls `estimate`."""
    model = sim.load_workload("resnet50")
    start = time.process_time()
    for size in ARRAYS[:LOOPED]:
        chip = sim.load_profile("horowitz-45nm", {"array.rows": size, "array.cols": size})
        sim.estimate(model, chip, "int8", mapping=mapping)
    print(f"estimate in a loop: {(time.process_time() - start) / LOOPED * 1e3:.0f} CPU ms a point", flush=True)


def main() -> None:
    """Print the figures, with a cache of its own that is empty at first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schemes", type=int, default=len(SCHEMES))
    parser.add_argument("--arrays", type=int, default=len(ARRAYS))
    parser.add_argument("--srams", type=int, default=len(SRAMS))
    parser.add_argument("--mapping", default="optimal")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--store", default=None)
    parser.add_argument("--loop", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.loop:
        loop(asked.mapping)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ACCELSIM_CACHE"] = folder
        sweep(asked)
    off = os.environ | {"ACCELSIM_CACHE": "off"}
    subprocess.run([sys.executable, __file__, "--loop", "--mapping", asked.mapping], env=off, check=True)


if __name__ == "__main__":
    main()
