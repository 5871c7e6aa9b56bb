"""What does ZigZag find, and how long does it take? Runs inside ZigZag's environment; bench_peers.py calls it.

Reads one job as JSON from standard input and prints one line of JSON per run: the first in the process, then warm
ones. A job names an accelerator and a mapping file among ZigZag's inputs, and a workload: an ONNX file or its layers.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zigzag
from zigzag import api

INPUTS = Path(zigzag.__file__).parent / "inputs"


def layer_record(cost: Any) -> dict[str, Any]:
    """Return a layer's loops, energy and mapping: for each operand and level, the loops inside it, innermost first."""
    loops = cost.temporal_mapping.mapping_dic_stationary
    return {
        "name": cost.layer.name,
        "kind": cost.layer.type,
        "sizes": {str(dim): int(size) for dim, size in cost.layer.layer_dim_sizes.data.items()},
        "energy": float(cost.energy_total),
        "mapping": {
            str(operand): [[[str(dim), float(size)] for dim, size in level] for level in levels]
            for operand, levels in loops.items()
        },
    }


def main() -> None:
    """Run the job."""
    job = json.load(sys.stdin)
    workload = job["workload"]
    if isinstance(workload, str):
        workload = str(INPUTS / "workload" / workload)
    logging.disable(logging.CRITICAL)
    for _ in range(job["runs"]):
        with TemporaryDirectory() as folder:
            os.chdir(folder)
            wall, cpu = time.perf_counter(), time.process_time()
            energy, latency, costs = api.get_hardware_performance_zigzag(
                workload, str(INPUTS / "hardware" / job["accelerator"]), str(INPUTS / "mapping" / job["mapping"]),
                opt="energy", loma_show_progress_bar=False,
            )  # fmt: skip
            record = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
            os.chdir("/")
        layers = [layer_record(one) for one, _ in costs[0][1]]
        record |= {"kind": "divisors"}
        print(json.dumps(record | {"energy": energy, "latency": latency, "layers": layers}), flush=True)


if __name__ == "__main__":
    main()
