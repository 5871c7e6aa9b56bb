"""Which chip and which layers do the tests of calibration use? Small ones, so that estimates take milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import accelsim as sim

CHIP = """
name: small
source: bench
sources: {bench: {title: a chip of the tests}}
clock_hz: 1.0e+9
array: {lane: {size: 64}}
dataflows: [output-stationary]
macs_per_pe_cycle: {source: bench, int8: 2, fp16: 1}
multiply_pj: {source: bench, int8: 0.2, fp16: 1.1}
add_pj: {source: bench, int32: 0.1, fp32: 0.9}
vector: {lanes: 64, ops_pj: {source: bench, add: 0.5}}
leakage_w: {value: 0.01, source: bench}
levels:
  - {name: SRAM, source: bench, capacity: 512 KiB, buffering: ideal, read_pj_per_bit: 0.05, write_pj_per_bit: 0.06}
  - {name: DRAM, source: bench, bandwidth_bytes_per_s: 1.0e+10, read_pj_per_bit: 4, write_pj_per_bit: 5}
"""
"""128 int8 MACs a cycle against 10 bytes: about 13 MACs per byte are balanced."""

FLAT = """
name: flat
extends: small.yaml
vector: {ops_pj: {add: {value: 0, source: bench}}}
levels: [{name: SRAM, source: bench, read_pj_per_bit: 0, write_pj_per_bit: 0}]
"""
"""The same chip with free SRAM: on `small` it moves as many bits for every MAC, so that nothing tells them apart."""

BARE = """
name: bare
source: bench
sources: {bench: {title: a chip of the tests}}
clock_hz: 1.0e+9
array: {lane: {size: 64}}
dataflows: [output-stationary]
macs_per_pe_cycle: {source: bench, int8: 2, fp16: 1}
vector: {lanes: 64}
levels:
  - {name: SRAM, source: bench, capacity: 512 KiB, buffering: ideal}
  - {name: DRAM, source: bench, bandwidth_bytes_per_s: 1.0e+10}
"""
"""The same chip without any cost."""

LAYERS = {"wide": (256, 1024), "narrow": (512, 64), "deep": (1024, 512)}
"""Linear layers: input and output channels. ``stack`` is five of them."""

Row = tuple[str, int, str]
"""Workload, batch and scheme."""


def write_bench(folder: Path) -> Path:
    """Write the chips and the layers; return the path of the one with free SRAM."""
    for name, (inputs, outputs) in LAYERS.items():
        (folder / f"{name}.yaml").write_text(_workload(name, inputs, [outputs]))
    (folder / "stack.yaml").write_text(_workload("stack", 256, [64, 256, 64, 256, 64]))
    (folder / "small.yaml").write_text(CHIP)
    (folder / "flat.yaml").write_text(FLAT)
    (folder / "bare.yaml").write_text(BARE)
    return folder / "flat.yaml"


def _workload(name: str, inputs: int, outputs: Sequence[int]) -> str:
    layers = "".join(f"  - {{name: layer{at}, kind: linear, out: {out}}}\n" for at, out in enumerate(outputs))
    return f"name: {name}\ninput: {{channels: {inputs}}}\nlayers:\n{layers}"


def run(folder: Path, row: Row, overrides: Mapping[str, str] | None = None, profile: str = "flat.yaml") -> sim.Result:
    """Return the estimate of a row on the chip with other numbers."""
    chip = sim.load_profile(folder / profile, dict(overrides or {}))
    network = sim.load_workload(folder / f"{row[0]}.yaml", batch=row[1])
    return sim.estimate(network, chip, row[2], mapping="heuristic")


def write_rows(path: Path, rows: Sequence[Row], columns: Mapping[str, Sequence[float]]) -> Path:
    """Write a file of measurements."""
    lines = [",".join(["workload", "batch", "scheme", *columns])]
    for at, (name, batch, scheme) in enumerate(rows):
        lines.append(",".join([f"{name}.yaml", f"{batch}", scheme, *(f"{own[at]:.9g}" for own in columns.values())]))
    path.write_text("\n".join(lines) + "\n")
    return path
