"""Does an Edge TPU of three published numbers take the time that Google measured on four networks?"""

from __future__ import annotations

from accelsim.hardware import load_profile
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Row
from accelsim.validation.measurements import rows, sources

TABLE, NAME = "edgetpu_latency", "edge-tpu-latency"
USB_BYTES_PER_S = 4e8
"""What USB 3 carries of its 5 Gbit/s, from memory; the profile's own link is PCIe."""

_CANNOT = (
    "The array's shape, clock and dataflow are not published; the profile takes 64 x 64, 480 MHz and weights that "
    "stay, from memory.",
    "Depthwise layers run one channel a pass here, in nine rows of one column; how the chip runs them is not "
    "published.",
    "The host's part: driver, input and output quantization, and the start of each inference.",
)


def comparisons() -> list[Comparison]:
    """Return the latency on the Dev Board, judged, and over USB, shown; heuristic mappings for time, weights kept."""
    board = load_profile("edge-tpu")
    usb = load_profile("edge-tpu", {"levels.host.bandwidth_bytes_per_s": USB_BYTES_PER_S})
    compared = []
    for row in rows(TABLE):
        for chip, column, role in ((board, "dev_board_ms", "judged"), (usb, "usb_ms", "shown")):
            result = estimate(
                row["workload"], chip, "int8", mapping="heuristic", objective="latency", keep_weights=True
            )
            compared.append(
                Row(row["model"], result.latency_s * 1e3, float(row[column]), role, _bound_by(result),  # type: ignore[arg-type]
                    "Dev Board" if chip is board else "USB")
            )  # fmt: skip
    return [
        Comparison(
            NAME, "Edge TPU, one inference", "latency", "ms", "silicon", sources(TABLE), tuple(compared),
            bounds_of(NAME), (), _CANNOT,
        )
    ]  # fmt: skip


def _bound_by(result: Result) -> str:
    host = result.dram_bits / 8e6
    return f"{result.macs / 1e9:.2f} G MACs, {host:.1f} MB from the host"
