"""How fast is this machine, and how well does accelsim predict its layers? Your own first check, in under a minute.

``python benchmarks/measure_host.py`` times matrix products and layers of ResNet in fp32 and int8 with onnxruntime (or
torch, or numpy, whichever is there), and reads from memory; makes a hardware profile of the peaks, fits it to the
square products and those of one row, and reports how well it predicts all other layers. ``--out host.yaml`` keeps the
profile: ``accelsim estimate resnet50 --on host.yaml --scheme fp32``.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measured_host.backends import KNOWN, Backend, Numpy, backend_of
from measured_host.checking import check
from measured_host.kernels import KERNELS
from measured_host.machine import this_machine
from measured_host.profile import Times
from measured_host.report import page, record
from measured_host.timing import Timer, stream_bytes_per_s

from accelsim.errors import AccelsimError, UsageError
from accelsim.files import check_place, check_suffix, write_whole
from accelsim.progress import progress


def measured(backend: Backend, timer: Timer) -> Times:
    """Return the times of all layers in every format that the library has, in s."""
    asked = [(kernel, format) for format in backend.formats for kernel in KERNELS]
    with progress(asked, "time", unit="layer") as layers:
        return {(kernel, format): timer.fastest_s(backend.prepare(kernel, format)) for kernel, format in layers}


def main(arguments: list[str] | None = None) -> None:
    """Measure, fit, predict, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", metavar="FILE", help="write the fitted profile (.yaml)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--backend", choices=list(KNOWN), help="by default the first that is installed")
    parser.add_argument("--threads", type=int, metavar="N", help="by default as many as there are cores")
    given = parser.parse_args(arguments)
    try:
        out = None if given.out is None else check_place(check_suffix(given.out, (".yaml", ".yml"), "--out"))
        machine = this_machine()
        if given.threads is not None:
            if not 1 <= given.threads <= machine.cores:
                raise UsageError(f"--threads must be from 1 to the {machine.cores} cores; got {given.threads}.")
            machine = replace(machine, cores=given.threads)
        backend = backend_of(given.backend, machine.cores)
        if given.threads is not None and isinstance(backend, Numpy):
            raise UsageError("--threads must be left out with numpy; set OPENBLAS_NUM_THREADS and run on fewer cores.")
        timer = Timer(flush_bytes=min(2 * machine.cache_bytes, 2**28))
        print(f"timing {len(KERNELS)} layers with {backend.name} ...", file=sys.stderr)
        bandwidth = stream_bytes_per_s(machine.cores, replace(timer, budget_s=2.0))
        times = measured(backend, timer)
        found = check(machine, backend.name, times, bandwidth, timer.busy)
    except AccelsimError as error:
        raise SystemExit(f"error: {error}") from None
    if out is not None:
        write_whole(out, lambda path: path.write_text(found.profile, encoding="utf-8") and None)
        print(f"wrote {out}", file=sys.stderr)
    print(json.dumps(record(found), indent=2) if given.json else page(found))


if __name__ == "__main__":
    main()
