"""How long does the search for the best mapping take, on one core and without any cache of results?

``python benchmarks/bench_search.py`` prints, for each job, the CPU time of the first search in a process of its own,
which loads the machine code, and of a later one; what they cost exactly and in part; and the most memory that the
process held; for networks the time of the whole process. Before the first job it has the code compiled, if it is not.
``--only TEXT`` runs the jobs whose name contains it, ``--limit S`` stops each after S s.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from child import Child, run

OWN = str(Path(__file__).parent / "own_search.py")
NETWORK = """
import accelsim as sim
result = sim.estimate(sim.load_workload({workload!r}), sim.load_profile({profile!r}), "int8", mapping="optimal")
result.energy_pj, result.cycles
"""


COMPILING_S = 300.0
"""How long compiling may take."""


@dataclass(frozen=True)
class Row:
    """A job and what it is to reach.

    Parameters
    ----------
    name : str
    command : tuple of str
        Arguments of the interpreter.
    target_s : float
        CPU time of a later search of one layer, or of the whole process for a network.
    """

    name: str
    command: tuple[str, ...]
    target_s: float


def _layer(name: str, target_s: float) -> Row:
    return Row(name, (OWN, name), target_s)


def _network(workload: str, profile: str) -> Row:
    return Row(f"{workload}, {profile}", ("-c", NETWORK.format(workload=workload, profile=profile)), 1.0)


ROWS = (
    _layer("1024^3 matmul, two levels, 4096 bits", 0.002),
    _layer("1024^3 matmul, two levels, 32768 bits", 0.002),
    _layer("1024^3 matmul, NVDLA", 0.005),
    _layer("1024^3 matmul, TPU v4i", 0.005),
    _layer("1024^3 matmul, Eyeriss", 0.005),
    _layer("3x3 convolution, NVDLA", 0.05),
    _layer("3x3 convolution, Eyeriss", 0.05),
    *(
        Row(f"3x3 convolution, {profile}", (OWN, profile), 0.05)
        for profile in ("nvdla-full", "eyeriss-v1", "horowitz-45nm", "tpu-v1", "tpu-v4i")
    ),
    *(_network("resnet18", profile) for profile in ("nvdla-full", "eyeriss-v1", "horowitz-45nm", "tpu-v4i")),
    *(
        _network(f"llama-2-7b/{phase}", profile)
        for profile in ("horowitz-45nm", "tpu-v4i")
        for phase in ("decode", "prefill")
    ),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="jobs whose name contains it")
    parser.add_argument("--limit", type=float, default=120.0, metavar="S", help="stop each job after S s")
    arguments = parser.parse_args()
    ready = run([sys.executable, *ROWS[0].command], COMPILING_S)
    if ready.error:
        sys.exit(f"{ROWS[0].name}: {ready.error}")
    print(f"machine code: {_time(ready.records[0]['cpu_s'])} to compile or load it in the first search\n", flush=True)
    head = f"{'CPU time, one core':38} {'first':>10} {'later':>10} {'target':>8} {'evaluated':>10} {'bounded':>10}"
    print(f"{head} {'memory':>8}")
    for row in ROWS:
        if arguments.only in row.name:
            child = run([sys.executable, *row.command], arguments.limit)
            print(_line(row, child), flush=True)


def _line(row: Row, child: Child) -> str:
    free = [record for record in child.records if record["kind"] == "free"]
    first, later, counts = "-", "-", f"{'-':>10} {'-':>10}"
    if child.error:
        first = "failed"
    elif free:
        first = _time(child.records[0]["cpu_s"])
        later = _time(statistics.median(record["cpu_s"] for record in free[1:])) if free[1:] else "-"
        counts = f"{free[0]['evaluated']:10,} {free[0]['candidates']:10,}"
    else:
        first = f"> {child.cpu_s:.0f} s" if child.stopped else _time(child.cpu_s)
    answer = "" if not free else "proven" if all(record["proven"] for record in free) else "searched"
    line = f"{row.name:38} {first:>10} {later:>10} {_time(row.target_s):>8} {counts} {child.peak_mb:5.0f} MB"
    return f"{line}  {child.error or answer}".rstrip()


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


if __name__ == "__main__":
    main()
