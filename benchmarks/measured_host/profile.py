"""What is this machine as a hardware profile? Peak rates and bandwidth as measured, one PE a core."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from measured_host.kernels import Kernel
from measured_host.machine import Machine

ACCUMULATORS = {"fp32": "fp32", "int8": "int32"}
BASE, ROWS = "host-peaks.yaml", "measured.csv"

Times = Mapping[tuple[Kernel, str], float]
"""Measured times in s, by layer and format."""


def peak_macs_per_s(times: Times) -> dict[str, float]:
    """Return the highest rate that a layer to fit to has reached, by format, in MACs per s."""
    found: dict[str, float] = {}
    for (kernel, format), seconds in times.items():
        if kernel.role == "fitted":
            found[format] = max(found.get(format, 0.0), kernel.macs / seconds)
    return found


def base_profile(machine: Machine, library: str, times: Times, bandwidth_bytes_per_s: float) -> str:
    """Return a profile of the peaks that were measured, in YAML."""
    peaks = peak_macs_per_s(times)
    rates = {name: rate / machine.clock_hz / machine.cores for name, rate in peaks.items()}
    lines = [
        "name: host-peaks",
        f"title: {_quoted(f'{machine.name}, {machine.cores} cores, with {library}, as measured')}",
        "source: measured-here",
        f"sources: {{measured-here: {{title: {_quoted(f'peaks measured on {machine.name} with {library}')}}}}}",
        f"clock_hz: {{value: {machine.clock_hz:.6e}, status: assumed}}",
        f"array: {{core: {{size: {machine.cores}}}}}",
        "macs_per_pe_cycle:",
        *(
            f"  {name}: {{value: {rate:.6g}, source: measured-here, note: the fastest product timed}}"
            for name, rate in rates.items()
        ),
        f"accumulators: {{{', '.join(f'{name}: {ACCUMULATORS[name]}' for name in rates)}}}",
        "vector: {lanes: {value: %g, status: assumed, note: 16 lanes a core}}" % (16 * machine.cores),
        "levels:",
        f"  - {{name: cache, capacity: {machine.cache_bytes} B, buffering: ideal, technology: sram}}",
        f"  - {{name: DRAM, capacity: {machine.memory_bytes} B, technology: dram,",
        f"     bandwidth_bytes_per_s: {{value: {bandwidth_bytes_per_s:.6e}, note: streaming reads of all cores}}}}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def write_inputs(folder: Path, profile: str, times: Times) -> Path:
    """Write the profile, the layers as workloads, and the measurements to fit to; return the last."""
    (folder / BASE).write_text(profile, encoding="utf-8")
    for kernel, _ in times:
        (folder / f"{kernel.name}.yaml").write_text(kernel.workload(), encoding="utf-8")
    rows: Sequence[tuple[Kernel, str]] = [one for one in times if one[0].role == "fitted"]
    path = folder / ROWS
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["workload", "batch", "scheme", "latency_us"])
        for kernel, format in rows:
            batch = kernel.batch
            writer.writerow([f"{kernel.name}.yaml", batch, format, f"{times[kernel, format] * 1e6:.6g}"])
    return path


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
