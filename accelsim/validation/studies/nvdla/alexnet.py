"""Does AlexNet on 2048 MACs take the cycles that NVIDIA's spreadsheet estimates?"""

from __future__ import annotations

from functools import cache
from typing import Any

from accelsim.hardware.catalog import load_profile
from accelsim.simulation.estimate import estimate_layer
from accelsim.simulation.result import Result
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Row
from accelsim.validation.measurements import rows, sources
from accelsim.workload.catalog import load_workload

TABLE = "nvdla_alexnet_layers"
CONV1, CONV2 = "conv1", "conv2"

_CANNOT = (
    "The sheet is a formula, not a simulation: the larger of MACs over 2048 and bytes over bandwidth, whatever fits "
    "the array; a user's simulation of the RTL took 2.3 times its cycles for the whole network (nvdla/hw, issue 202).",
    "The sheet's Winograd (3x3 layers: 2.25 times fewer multiplies, 16/9 of the weights) is not modeled.",
)
_NOTES = {
    CONV1: "3 channels x 11 columns fill 33 of 64 lanes; the sheet has 121/16 taps of 48 channels on a full array, "
    "for 54 x 54 of the 55 x 55 outputs",
    CONV2: "60 of 64 lanes at work, with filter columns, which the chip folds in for images only",
}


def cycles() -> Comparison:
    """Return cycles per image: the second convolution and the connected layers are judged."""
    name = "nvdla-alexnet-cycles"
    compared = []
    for row in rows(TABLE):
        theirs = float(row["max_cycles"]) * int(row["rows_of_sheet"]) / 1e3
        judged = row["winograd"] == "no" and row["layer"] != CONV1
        note = "the sheet takes Winograd" if row["winograd"] == "yes" else _NOTES.get(row["layer"], "")
        compared.append(Row(row["layer"], _kilocycles(row), theirs, "judged" if judged else "shown", note))
        if row["layer"] == CONV2:
            alone = _kilocycles(row, folded=False)
            compared.append(Row("conv2, channels alone", alone, theirs, "shown", "48 of 64 lanes at work"))
    return Comparison(
        name, "NVDLA, AlexNet: cycles per image", "cycles per image", "kilocycles", "vendor estimate", sources(TABLE),
        tuple(compared), bounds_of(name), cannot=_CANNOT, remark=_remark(),
    )  # fmt: skip


def traffic() -> Comparison:
    """Return DRAM traffic per image; shown only, for the sheet counts what pooling and Winograd change."""
    name = "nvdla-alexnet-dram-traffic"
    compared = []
    for row in rows(TABLE):
        bits = _layer(row["workload_layer"], int(row["batch"])).dram_bits
        theirs = float(row["dram_traffic_kib"]) * int(row["rows_of_sheet"])
        compared.append(Row(row["layer"], bits / 8192 / int(row["batch"]), theirs, "shown"))
    return Comparison(
        name, "NVDLA, AlexNet: DRAM traffic per image", "DRAM traffic per image", "KiB", "vendor estimate",
        sources(TABLE), tuple(compared), bounds_of(name),
        cannot=("The sheet writes outputs after the pooling behind a layer (13 x 13 of conv2's 27 x 27); accelsim "
                "writes them before it, and pools in a layer of its own.",
                "Mappings are chosen for time, not for traffic.", *_CANNOT[1:]),
    )  # fmt: skip


def _kilocycles(row: dict[str, str], folded: bool = True) -> float:
    batch = int(row["batch"])
    return _layer(row["workload_layer"], batch, folded).cycles / batch / 1e3


@cache
def _layer(name: str, batch: int, folded: bool = True) -> Result:
    """One layer on the full configuration with the sheet's DRAM bandwidth; every operand comes from DRAM."""
    clock_hz = load_profile("nvdla-full").clock_hz.value
    overrides: dict[str, Any] = {"levels.DRAM.bandwidth_bytes_per_s": bytes_per_cycle() * clock_hz}
    if not folded:
        overrides["array.atomic_c.dims"] = ["C"]
    chip = load_profile("nvdla-full", overrides)
    layer = load_workload("alexnet", batch=batch)[name]
    return estimate_layer(layer, chip, "int8", mapping="weight-stationary", objective="latency")


def bytes_per_cycle() -> float:
    """Return the bandwidth that the sheet was given: its traffic over its DRAM cycles, in its largest layer."""
    largest = max(rows(TABLE), key=lambda row: float(row["dram_traffic_kib"]))
    return float(largest["dram_traffic_kib"]) * 1024 / float(largest["dram_cycles"])


def _remark() -> str:
    return (
        "The sheet never leaves a multiplier idle: its MAC cycles are MACs over 2048, with fractional taps for "
        "strided layers, and all its numbers follow from that formula to the last digit. conv2 differs by the lanes: "
        "48 channels a group fill 60 of 64 with filter columns folded in, as the profile lets every layer; the chip "
        "does that for images only, and with channels alone is as far from the sheet as the row below conv2 says. "
        f"DRAM moves {bytes_per_cycle():.2f} bytes a cycle in the sheet, half of what the profile has from the "
        "primer; that bandwidth is taken over. The connected layers are weights over bandwidth in both."
    )
