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
    "macs_per_dram_byte": "MAC/B", "average_power_w": "W", "throughput_per_s": "1/s", "area_mm2": "mm2",
    "energy_least_pj": "pJ", "energy_most_pj": "pJ",
}  # fmt: skip
"""Units of the columns of `rows`."""


def records(comparison: Comparison) -> list[dict[str, Any]]:
    """Return every result as a record with ``reference`` and ``ratios``; what cannot run has ``unsupported``.

    A ratio has a ``value`` of at least 1, a ``direction`` and a ``text``; that of the energy also the
    range of value over reference over all costs within their published ranges, whether it is
    ``too_close_to_call``, and how likely the result takes less (docs/uncertainty.md). ``energy_least_pj`` and
    ``energy_most_pj`` are the ends of the energy over the same ranges.
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
                **_odds(comparison, name),
            }
        found.append({
            "name": name, **result.to_dict(), **_ends(comparison, name), "reference": comparison.reference_name,
            "ratios": ratios,
        })  # fmt: skip
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
            "average_power_w": result.average_power_w, "throughput_per_s": result.throughput_per_s,
            "area_mm2": None if result.chip.area_mm2 is None else result.chip.area_mm2.value,
            "bound_by": result.bound_by, "mapping": result.mapping,
            "reference": comparison.reference_name,
        }  # fmt: skip
        for metric, ratio in comparison.ratios[name].items():
            row[f"{metric}_ratio"], row[f"{metric}_direction"] = ratio.value, ratio.direction
        found.append(row | _ends(comparison, name) | _odds(comparison, name))
    return found


def _ends(comparison: Comparison, name: str) -> dict[str, float | None]:
    """The least and the greatest energy over the costs' published ranges; None where it is unknown."""
    if comparison.likely is None or name not in comparison.likely.names:
        return {"energy_least_pj": None, "energy_most_pj": None}
    found = comparison.likely.interval(name)
    return {"energy_least_pj": found.least, "energy_most_pj": found.most}


def _odds(comparison: Comparison, name: str) -> dict[str, float | None]:
    """How likely a result takes less energy than the reference, and how exactly that is known."""
    found = comparison.probability(name)
    return {
        "probability_of_less_energy": None if found is None else found.value,
        "probability_standard_error": None if found is None else found.standard_error,
    }
