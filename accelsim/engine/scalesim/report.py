"""What do the three reports of SCALE-Sim say of some layers on a machine? One row a layer, its own column names.

``convention="scalesim"`` repeats its numbers; ``"accelsim"`` (the default) says what its array really does,
without the slips that docs/scalesim.md lists. What does not depend on stalls is computed for all layers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.engine.scalesim.folding import Folding
from accelsim.engine.scalesim.running import Run, first_row, last_row, run
from accelsim.hardware.importers.scalesim_machine import Machine
from accelsim.workload.importers.scalesim_layer import TopologyLayer

Convention = Literal["accelsim", "scalesim"]
Columns = dict[str, Ints | Floats]
NAMES = {"I": "IFMAP", "W": "FILTER", "O": "OFMAP"}
TITLES = {"I": "IFMAP", "W": "Filter", "O": "OFMAP"}


def compute_columns(layers: Sequence[TopologyLayer], machine: Machine, convention: Convention = "accelsim") -> Columns:
    """Return what needs no memories: cycles without stalls, SRAM words, mapping and compute utilization.

    Returns
    -------
    dict of str to array of shape (layers,)
        "Compute Cycles", "SRAM IFMAP Reads", "SRAM Filter Reads", "SRAM OFMAP Writes", "MACs", and in percent
        "Mapping Efficiency %" and "Compute Util %", the means over folds.
    """
    slips, flow = convention == "scalesim", machine.dataflow
    rows, columns = machine.rows, machine.columns
    m, n, k = np.array([layer.extents for layer in layers], dtype=np.int64).reshape(-1, 3).T
    down, across, stream = {"ws": (k, n, m), "os": (m, n, k), "is": (k, m, n)}[flow]
    row_folds, column_folds = -(-down // rows), -(-across // columns)
    folds = row_folds * column_folds
    fold_cycles = stream + columns - 2 + rows * (1 if flow == "os" else 2)
    reads_of_inputs, reads_of_weights, writes = {
        "ws": (m * k * column_folds, k * n, m * n * row_folds),
        "os": (m * k * column_folds, k * n * row_folds, m * n + folds * (rows + columns) * slips),
        "is": (m * k, k * n * column_folds, m * n * row_folds),
    }[flow]
    mapped = down * across / (folds * rows * columns)
    used = mapped * stream / (fold_cycles + (columns - 1) * (slips and flow != "os"))
    if slips:
        mapped, used = _summed_by_fold(machine, down, across, stream, fold_cycles)
    return {
        "Compute Cycles": folds * fold_cycles - slips,
        "MACs": m * n * k,
        "Mapping Efficiency %": 100 * mapped,
        "Compute Util %": 100 * used,
        "SRAM IFMAP Reads": reads_of_inputs,
        "SRAM Filter Reads": reads_of_weights,
        "SRAM OFMAP Writes": writes,
    }


def _summed_by_fold(
    machine: Machine, down: Ints, across: Ints, stream: Ints, fold_cycles: Ints
) -> tuple[Floats, Floats]:
    """Mapping efficiency and compute utilization to the last bit: added up fold by fold, as SCALE-Sim does."""
    found = []
    pes = machine.rows * machine.columns
    for rows, columns, steps, cycles in zip(down, across, stream, fold_cycles, strict=True):
        mapped = np.outer(_edges(int(columns), machine.columns), _edges(int(rows), machine.rows)).reshape(-1)
        busy = pes * (cycles + (machine.columns - 1) * (machine.dataflow != "os"))
        found.append([np.cumsum(part)[-1] / len(mapped) for part in (mapped / pes, mapped * steps / busy)])
    mapped_share, used_share = np.array(found).reshape(-1, 2).T
    return mapped_share, used_share


def _edges(extent: int, size: int) -> Ints:
    """Rows or columns that each fold uses."""
    return np.minimum(extent - np.arange(0, extent, size), size)


def report_columns(layers: Sequence[TopologyLayer], machine: Machine, convention: Convention = "accelsim") -> Columns:
    """Return all columns of the compute, bandwidth and detailed access reports.

    Parameters
    ----------
    layers : sequence of TopologyLayer
        Each is reported once, whatever it repeats.
    machine : Machine
    convention : {"accelsim", "scalesim"}
    """
    slips = convention == "scalesim"
    fixed = compute_columns(layers, machine, convention)
    foldings = [Folding(replace(layer, name="", repeat=1), machine) for layer in layers]
    runs = {folding: run(folding, slips) for folding in dict.fromkeys(foldings)}
    stalls = np.array([runs[folding].stalls for folding in foldings], dtype=np.int64)
    total = np.array([runs[folding].last_cycle for folding in foldings], dtype=np.int64) + (not slips)
    detail = _detail([runs[folding] for folding in foldings], foldings, fixed)
    opened = np.minimum(detail["DRAM IFMAP Start Cycle"], detail["DRAM Filter Start Cycle"])
    found: Columns = {
        "Total Cycles (incl. prefetch)": detail["DRAM OFMAP Stop Cycle"] - opened + (not slips),
        "Total Cycles": total,
        "Stall Cycles": stalls,
        "Overall Util %": fixed["MACs"] * 100 / (total * machine.rows * machine.columns),
        "Mapping Efficiency %": fixed["Mapping Efficiency %"],
        "Compute Util %": fixed["Compute Util %"],
    }
    for operand, name in NAMES.items():
        found[f"Avg {name} SRAM BW"] = detail[_words("SRAM", operand)] / total
    for operand, name in NAMES.items():
        title = TITLES[operand]
        busy = detail[f"DRAM {title} Stop Cycle"] - detail[f"DRAM {title} Start Cycle"] + 1
        found[f"Avg {name} DRAM BW"] = detail[_words("DRAM", operand)] / busy
    return found | detail


def _words(place: str, operand: str) -> str:
    return f"{place} {TITLES[operand]} {'Writes' if operand == 'O' else 'Reads'}"


def _detail(runs: Sequence[Run], foldings: Sequence[Folding], fixed: Columns) -> Columns:
    found: Columns = {}
    for operand, title in TITLES.items():
        ends = [_sram_cycles(one, folding, operand) for one, folding in zip(runs, foldings, strict=True)]
        found[f"SRAM {title} Start Cycle"], found[f"SRAM {title} Stop Cycle"] = np.array(ends).reshape(-1, 2).T
        found[_words("SRAM", operand)] = fixed[_words("SRAM", operand)]
    for operand, title in TITLES.items():
        fillings = [one.fillings[operand] for one in runs]
        found[f"DRAM {title} Start Cycle"] = np.array([filling.first for filling in fillings])
        found[f"DRAM {title} Stop Cycle"] = np.array([filling.last for filling in fillings])
        found[_words("DRAM", operand)] = np.array([filling.words for filling in fillings])
    return found


def _sram_cycles(one: Run, folding: Folding, operand: str) -> tuple[int, int]:
    """Cycles in which a port is served first and last: reads take a cycle."""
    latency = 0 if operand == "O" else 1
    first, last = (
        one.cycle(row) + latency + one.own_waits.get((operand, row), 0)
        for row in (first_row(folding, operand), last_row(folding, operand))
    )
    return first, last
