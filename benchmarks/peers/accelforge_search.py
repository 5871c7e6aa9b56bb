"""What does AccelForge find, and how long does it take? Runs inside AccelForge's environment; bench_peers.py calls it.

Reads one job as JSON from standard input and prints one line of JSON per run: the first in the process, then warm
ones with tiles that divide, its default, and at last one with any tiles, as far as it explores them. A job names an
architecture and a workload (a file, or one of AccelForge's examples).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import accelforge
import examples
from accelforge.mapper.FFM.mappings import Mappings

EXAMPLES = Path(next(iter(examples.__path__)))


def text_of(name: str, folder: str) -> str:
    """Return the text of a file, or of the example of that name."""
    path = Path(name)
    return (path if path.is_absolute() else EXAMPLES / folder / name).read_text()


def specification(job: dict[str, Any], folder: Path, *, divisors: bool) -> Any:
    """Return a fresh specification of the job."""
    architecture = text_of(job["architecture"], "arches")
    for old, new in job.get("replace", {}).items():
        if old not in architecture:
            sys.exit(f"{job['architecture']} no longer says {old!r}")
        architecture = architecture.replace(old, new)
    paths = [folder / "architecture.yaml", folder / "workload.yaml"]
    for path, text in zip(paths, (architecture, text_of(job["workload"], "workloads")), strict=True):
        path.write_text(text)
    found = accelforge.Spec.from_yaml(*paths, jinja_parse_data=job.get("values", {}))
    found.mapper.metrics = accelforge.mapper.Metrics.ENERGY
    found.mapper.explore_imperfect_temporal_loops = found.mapper.explore_imperfect_spatial_loops = not divisors
    found.arch.nodes[0].tensors.keep = "All"  # layer by layer: every tensor passes main memory
    return found


def main() -> None:
    """Run the job."""
    job = json.load(sys.stdin)
    accelforge.set_n_parallel_jobs(1)
    Mappings.render = lambda self, **options: ""  # it would draw every mapping that it finds
    for divisors in (*[True] * job["runs"], False):
        with TemporaryDirectory() as folder:
            os.chdir(folder)  # it writes a picture where it runs
            spec = specification(job, Path(folder), divisors=divisors)
            wall, cpu = time.perf_counter(), time.process_time()
            found = spec.map_workload_to_arch(print_progress=False)
            record = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
            os.chdir(EXAMPLES)
        mapping = found.data.iloc[0]["Total<SEP>mapping"]().compact_str()
        kind = "divisors" if divisors else "free"
        record |= {"kind": kind, "energy": float(found.energy()), "latency": float(found.latency()), "mapping": mapping}
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
