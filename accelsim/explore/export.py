"""What is a comparison as plain data? Records for ``--json``, flat rows for ``--csv``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelsim.explore.ratios import METRICS
from accelsim.simulation.record import finite

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison

ROW_UNITS = {
    "energy_pj": "pJ", "latency_s": "s", "edp_pj_s": "pJ s", "dram_bits": "bit", "mac_pj": "pJ",
    "peak_macs_per_cycle": "MAC/cycle", "achieved_macs_per_cycle": "MAC/cycle", "weight_bytes": "B",
    "peak_memory_bytes": "B", "dram_read_bits": "bit", "dram_write_bits": "bit", "macs": "1", "cycles": "cycle",
    "macs_per_dram_byte": "MAC/B", "average_power_w": "W",
}  # fmt: skip
"""Units of the columns of `rows`."""


def records(comparison: Comparison) -> list[dict[str, Any]]:
    """Return every result as a record with ``reference`` and ``ratios``; what cannot run has ``unsupported``.

    A ratio has a ``value`` of at least 1, a ``direction`` and a ``text``; that of the energy also the
    range of value over reference over all costs within their published ranges, and whether it is
    ``too_close_to_call``.
    """
    found = []
    for name, result in zip(comparison.names, comparison.results, strict=True):
        ratios = {metric: vars(ratio) for metric, ratio in comparison.ratios[name].items()}
        judged = comparison.judgement(name)
        if judged is not None:
            ratios["energy_pj"] = ratios["energy_pj"] | {
                "too_close_to_call": judged.too_close,
                "over_reference_low": judged.low,
                "over_reference_high": judged.high,
            }
        found.append({"name": name, **result.to_dict(), "reference": comparison.reference_name, "ratios": ratios})
    for one in comparison.refusals:
        found.append({
            "name": one.name, "workload": comparison.reference.network.name, "profile": one.chip, "scheme": one.scheme,
            "reference": comparison.reference_name, "ratios": None, "unsupported": one.reason,
        })  # fmt: skip
    return found


def rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the totals of every result, flat, with the ratios to the reference."""
    found = []
    for name, result in zip(comparison.names, comparison.results, strict=True):
        row: dict[str, Any] = {
            "name": name, "workload": result.network.name, "profile": result.chip.name,
            "scheme": result.scheme.name, **{metric: how.amount(result) for metric, how in METRICS.items()},
            "dram_read_bits": result.dram_read_bits, "dram_write_bits": result.dram_write_bits,
            "macs": result.macs, "cycles": result.cycles, "macs_per_dram_byte": finite(result.macs_per_dram_byte),
            "average_power_w": result.average_power_w, "bound_by": result.bound_by, "mapping": result.mapping,
            "reference": comparison.reference_name,
        }  # fmt: skip
        for metric, ratio in comparison.ratios[name].items():
            row[f"{metric}_ratio"], row[f"{metric}_direction"] = ratio.value, ratio.direction
        found.append(row)
    return found
