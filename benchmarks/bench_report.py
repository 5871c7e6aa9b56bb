"""How long does a design-review report take beyond finding the mappings, and how large is it?

``python benchmarks/bench_report.py`` compares six schemes on ResNet-50 once (with the heuristic, since the mappings
are no part of it), then writes the report in a fresh state of everything that only the report needs, and again. The
file is compared with what plotly's script alone would take in it, if plotly is installed.
"""

from __future__ import annotations

import base64
import gzip
import importlib.util
import tempfile
import time
from pathlib import Path

import accelsim as sim

CASES = (
    ("resnet50", "horowitz-45nm", ["fp32", "fp16", "bf16", "w8a8-dequant-fp32", "int8", "w4a4"]),
    ("llama-2-7b/decode", "tpu-v4i", ["bf16", "w8abf16", "int8"]),
)
AGAIN = 3


def seconds(comparison: sim.Comparison, place: Path) -> tuple[float, float]:
    """Return the wall and the CPU time of writing one report in s."""
    wall, cpu = time.perf_counter(), time.process_time()
    sim.save_report(comparison, place)
    return time.perf_counter() - wall, time.process_time() - cpu


def plotly_bytes() -> int | None:
    """Return what plotly's script takes in a page, compressed and as text; None where it is not installed."""
    found = importlib.util.find_spec("plotly")
    if found is None or found.origin is None:
        return None
    script = Path(found.origin).parent / "package_data" / "plotly.min.js"
    return len(base64.b64encode(gzip.compress(script.read_bytes(), 9)))


def main() -> None:
    """Print one line per model and kind of file."""
    print(f"{'':44}{'first':>20}{'again':>10}{'size':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for workload, profile, schemes in CASES:
            comparison = sim.compare(workload, profile, schemes, mapping="heuristic")
            for suffix in (".html", ".md"):
                place = Path(folder) / f"review{suffix}"
                first = seconds(comparison, place)
                again = min(seconds(comparison, place)[1] for _ in range(AGAIN))
                name = f"{workload}, {len(schemes)} schemes, {suffix}"
                size = f"{place.stat().st_size / 1e6:.2f} MB"
                print(f"{name:44}{first[0]:9.2f} s ({first[1]:.2f} CPU){again:8.2f} s{size:>12}")
    script = plotly_bytes()
    if script is not None:
        print(f"plotly's script alone, gzip as base64: {script / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
