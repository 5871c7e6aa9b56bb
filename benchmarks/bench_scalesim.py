"""How long do cycles, SRAM and DRAM counts of ResNet-50 on a 32 x 32 array take, beside SCALE-Sim?

``python benchmarks/bench_scalesim.py`` writes the 54 layers as a topology, times accelsim's report of all of them in
every dataflow, installs SCALE-Sim 3.0.0 into an environment of its own (``--env DIR`` keeps it; the network is
needed), runs both on the few layers that it can finish (``--layers``), and compares every column of its three
reports. ``--no-peer`` leaves SCALE-Sim out.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
import time
import venv
from pathlib import Path

from child import run

import accelsim as sim
from accelsim.engine.scalesim.report import compute_columns, report_columns
from accelsim.hardware.importers.scalesim import read_config
from accelsim.workload.importers.scalesim import read_layers
from accelsim.workload.network import Network

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
CONFIG = """\
[general]
run_name = resnet50_32x32

[architecture_presets]
ArrayHeight : 32
ArrayWidth : 32
IfmapSramSzkB : {kib}
FilterSramSzkB : {kib}
OfmapSramSzkB : {kib}
IfmapOffset : 0
FilterOffset : 10000000
OfmapOffset : 20000000
Dataflow : {dataflow}
Bandwidth : 10
ReadRequestBuffer : 32
WriteRequestBuffer : 32

[layout]
IfmapCustomLayout : False
IfmapSRAMBankBandwidth : 10
IfmapSRAMBankNum : 10
IfmapSRAMBankPort : 2
FilterCustomLayout : False
FilterSRAMBankBandwidth : 10
FilterSRAMBankNum : 10
FilterSRAMBankPort : 2

[sparsity]
SparsitySupport : false
SparseRep : ellpack_block
OptimizedMapping : false
BlockSize : 8
RandomNumberGeneratorSeed : 40

[run_presets]
InterfaceBandwidth : CALC
UseRamulatorTrace : False
"""
PEER = """
import json, os, resource, sys, time
start = time.process_time()
from scalesim.scale_sim import scalesim
print(json.dumps({"kind": "import", "cpu_s": time.process_time() - start}))
start = time.process_time()
one = scalesim(save_disk_space=True, verbose=False, config=sys.argv[1], topology=sys.argv[2], layout=sys.argv[4],
               input_type_gemm=False)
one.run_scale(top_path=sys.argv[3])
print(json.dumps({"kind": "run", "cpu_s": time.process_time() - start}))
"""
REPORTS = ("COMPUTE_REPORT.csv", "BANDWIDTH_REPORT.csv", "DETAILED_ACCESS_REPORT.csv")


def topology_of(network: Network) -> list[str]:
    """Rows of a topology: inputs with their padding, as SCALE-Sim has none."""
    rows = []
    for layer in network.layers:
        shape = layer.shape
        if shape is None:
            continue
        stride = 1 if shape.y is None else shape.y.stride
        size = [(out - 1) * stride + taps for out, taps in ((shape.OY, shape.FY), (shape.OX, shape.FX))]
        row = f"{layer.name},{size[0]},{size[1]},{shape.FY},{shape.FX},{shape.C},{shape.K},{stride},"
        rows += [row] * layer.repeat
    return rows


def written(folder: Path, name: str, text: str) -> Path:
    """Write a file."""
    place = folder / name
    place.write_text(text, encoding="utf-8")
    return place


def own(folder: Path, rows: list[str], kib: int) -> None:
    """Time the reports of all layers in this process, after the import."""
    layers = read_layers(written(folder, "resnet50.csv", "\n".join([HEADER, *rows]) + "\n"))
    print(f"\nResNet-50, {len(layers)} layers, 32 x 32 PEs, three memories of {kib} KiB; CPU time in ms")
    print("dataflow  cycles and SRAM  all 30 columns      cycles  SRAM words  DRAM words")
    for dataflow in ("ws", "os", "is"):
        machine = read_config(written(folder, "one.cfg", CONFIG.format(kib=kib, dataflow=dataflow))).machine
        start = time.process_time()
        compute_columns(layers, machine)
        middle = time.process_time()
        found = report_columns(layers, machine)
        end = time.process_time()
        words = {
            place: sum(int(column.sum()) for name, column in found.items()
                       if name.startswith(place) and name.endswith(("Reads", "Writes")))
            for place in ("SRAM", "DRAM")
        }  # fmt: skip
        print(
            f"{dataflow:8} {1e3 * (middle - start):16.2f} {1e3 * (end - middle):15.1f} "
            f"{int(found['Total Cycles'].sum()):11,} {words['SRAM']:11,} {words['DRAM']:11,}"
        )


def python_of(folder: Path) -> str:
    """Return the Python of SCALE-Sim's environment, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "scalesim==3.0.0", "numpy<2.4"], check=True)
    return str(python)


def beside(python: str, folder: Path, rows: list[str], kib: int, limit_s: float) -> None:
    """Run both on each of a few layers, and compare what they report."""
    script = written(folder, "peer.py", PEER)
    layout = written(folder, "layout.csv", "Layer name,\n")  # must be there, is not used
    config = written(folder, "peer.cfg", CONFIG.format(kib=kib, dataflow="ws"))
    print(f"\nweight-stationary, three memories of {kib} KiB; CPU time after the import")
    print("layer                     SCALE-Sim s  accelsim ms    ratio  columns equal")
    for number, row in enumerate(rows):
        topology = written(folder, f"peer{number}.csv", f"{HEADER}\n{row}\n")
        place = folder / f"out{number}"
        place.mkdir()
        child = run([python, str(script), str(config), str(topology), str(place), str(layout)], limit_s)
        cpu = [record["cpu_s"] for record in child.records if record["kind"] == "run"]
        start = time.process_time()
        found = report_columns(read_layers(topology), read_config(config).machine, "scalesim")
        own_s = time.process_time() - start
        name = row.split(",")[0]
        if not cpu:
            why = "over the time limit" if child.stopped else child.error
            print(f"{name:24} {'-':>12} {1e3 * own_s:12.2f} {'-':>8}  {why}")
            continue
        theirs = read_reports(place)
        same = [column for column in found if float(found[column][0]) == theirs.get(column)]
        print(f"{name:24} {cpu[0]:12.2f} {1e3 * own_s:12.2f} {cpu[0] / own_s:7.0f}x  {len(same)} of {len(found)}")


def read_reports(folder: Path) -> dict[str, float]:
    """Return the columns of SCALE-Sim's three reports of one layer."""
    found: dict[str, float] = {}
    for name in REPORTS:
        for place in folder.rglob(name):
            row = next(csv.DictReader(place.read_text().splitlines(), skipinitialspace=True))
            found |= {key.strip(): float(value) for key, value in row.items() if key and value and key != "LayerID"}
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", type=Path, help="folder of SCALE-Sim's environment")
    parser.add_argument("--layers", default="layer4.2.conv3,layer3.1.conv1", help="layers for SCALE-Sim")
    parser.add_argument("--kib", type=int, default=512, help="size of each memory")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds that SCALE-Sim may take for a layer")
    parser.add_argument("--no-peer", action="store_true", help="leave SCALE-Sim out")
    arguments = parser.parse_args()
    rows = topology_of(sim.load_workload("resnet50"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        own(folder, rows, arguments.kib)
        if arguments.no_peer:
            return
        wanted = [next(row for row in rows if row.startswith(f"{name},")) for name in arguments.layers.split(",")]
        python = python_of(arguments.env or folder / "env")
        beside(python, folder, wanted, arguments.kib, arguments.limit)


if __name__ == "__main__":
    main()
