"""How long does an ONNX file take to become a network, beyond importing onnx?

``python benchmarks/bench_onnx.py`` reads the small graphs that the onnx package ships, ResNet-50 also as
the first thing a fresh process does after importing accelsim and onnx; then a model of one matrix
product whose 8 GiB of weights stand inside the file, as a hole in it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import onnx

from accelsim import load_workload

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
RUNS = 20
FRESH_RUNS = 5
TARGET_MS = 500
GIB = 2**30


def warm(path: Path) -> list[float]:
    """Return the times in ms of reading ``path`` in this process."""
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        load_workload(path)
        found.append((time.perf_counter() - start) * 1e3)
    return found


def fresh(path: Path) -> tuple[float, float, float]:
    """Return the time of importing onnx and of the first reading in ms, and MB of memory more (as Linux tells)."""
    program = (
        "import sys, time, accelsim\nload = accelsim.load_workload\nstart = time.perf_counter()\n"
        "import onnx\nmiddle = time.perf_counter()\n"
        "def held(what):\n"
        "    return int(open('/proc/self/status').read().partition(what + ':')[2].split()[0]) / 1e3\n"
        "before = held('VmRSS')\n"
        "again = time.perf_counter()\nload(sys.argv[1])\nend = time.perf_counter()\n"
        "print((middle - start) * 1e3, (end - again) * 1e3, held('VmHWM') - before)"
    )
    command = [sys.executable, "-c", program, str(path)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(FRESH_RUNS)]
    importing, reading, memory = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
    return statistics.median(importing), statistics.median(reading), max(memory)


def with_weights_inside(path: Path, size: int) -> None:
    """Write a matrix product whose weights, ``size`` bytes of zeros, are a hole in the file."""
    made = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
            "product",
            [onnx.helper.make_tensor_value_info("x", 1, [1, 32768])],
            [onnx.helper.make_tensor_value_info("y", 1, [1, size // 4 // 32768])],
        )
    )
    graph = made.graph.SerializeToString()
    tensor = onnx.TensorProto(name="w", dims=[32768, size // 4 // 32768], data_type=1).SerializeToString()
    tensor += b"\x4a" + _varint(size)
    weights = b"\x2a" + _varint(len(tensor) + size) + tensor
    made.ClearField("graph")
    head = made.SerializeToString() + b"\x3a" + _varint(len(graph) + len(weights) + size) + graph + weights
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)


def _varint(value: int) -> bytes:
    made = b""
    while value > 127:
        made, value = made + bytes([value & 127 | 128]), value >> 7
    return made + bytes([value])


def main() -> None:
    """Print the tables."""
    print("network            layers  median of", RUNS, "in ms")
    for path in sorted(LIGHT.glob("*.onnx")):
        layers = len(load_workload(path).layers)
        print(f"{path.stem.removeprefix('light_'):<18} {layers:>6}  {statistics.median(warm(path)):>8.1f}")
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder, "8gib.onnx")
        with_weights_inside(large, 8 * GIB)
        print(f"\nfirst reading of a process (median of {FRESH_RUNS}; target {TARGET_MS} ms beyond importing onnx)")
        for path in (LIGHT / "light_resnet50.onnx", large):
            importing, reading, memory = fresh(path)
            print(f"{path.stem:<18} import onnx {importing:>5.0f} ms, read {reading:>5.0f} ms, {memory:>5.1f} MB more")


if __name__ == "__main__":
    main()
