"""What does accelsim's search find, and how long does it take? Runs in a process of its own; the benchmarks call it.

``python benchmarks/own_search.py NAME`` searches a job of `peers.jobs`, ``CHIP`` the 3x3 convolution of ResNet-18 on a
shipped profile. Prints one line of JSON per search: first those restricted as the peer is, then free ones.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import replace

from peers.jobs import CONV, JOBS

import accelsim as sim
from accelsim.engine.case import Case
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.scheme import parse_scheme
from accelsim.search.optimal import optimum
from accelsim.workload.shape import Shape

ENOUGH_S, MOST = 2.0, 6
"""Searches of one kind go on until this time or this number is reached; there are at least two."""


def searches(kind: str, chip: Chip, case: Case, constraints: Constraints) -> None:
    """Search again and again, and print what every search took."""
    begun = time.perf_counter()
    for done in range(1, MOST + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        found = optimum(chip, case, "energy", constraints).certificate
        record = {"kind": kind, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        record |= {"energy_pj": found.value, "evaluated": found.evaluated, "candidates": found.candidates}
        record |= {"proven": found.proven}
        print(json.dumps(record), flush=True)
        if done > 1 and time.perf_counter() - begun > ENOUGH_S:
            break


def main() -> None:
    """Search the job or the chip that is named."""
    name = sys.argv[1]
    job = next((job for job in JOBS if job.name == name), None)
    if job is None:
        layer = next(
            layer for layer in sim.load_workload("resnet18").layers
            if layer.shape and layer.shape.extents == CONV.extents
        )  # fmt: skip
        scheme = parse_scheme("int8")
        searches(
            "free", sim.load_profile(name), Case(layer, scheme.resolve(layer), scheme.vector_format), Constraints()
        )
    elif job.shape is not None:
        chip, case = job.chip, job.case(job.shape)
        searches("divisors", chip, case, replace(job.constraints, divisors=True))
        searches("free", chip, case, Constraints(keeps=job.constraints.keeps))
    else:
        shapes: Counter[Shape] = Counter()
        for layer in sim.load_workload("resnet18").layers:
            if layer.shape is not None:
                shapes[layer.shape] += layer.repeat
        for shape, count in shapes.items():
            found = optimum(job.chip, job.case(shape), "energy", replace(job.constraints, divisors=True))
            record = {"kind": "divisors", "energy_pj": found.certificate.value * count}
            print(json.dumps(record | {"proven": found.certificate.proven}), flush=True)


if __name__ == "__main__":
    main()
