"""What is a result as plain data? The fields that ``--json`` prints, units in their names."""

from __future__ import annotations

import math
from typing import Any

from accelsim.simulation.costs import Use, uses
from accelsim.simulation.demand import demand
from accelsim.simulation.distance import distance
from accelsim.simulation.result import LayerResult, Result

LAYER_FIELDS = (
    "name", "kind", "repeat", "macs", "energy_pj", "cycles", "bound_by", "mapping",
    "bound_dram_bits", "dram_over_bound",
)  # fmt: skip


def record(result: Result) -> dict[str, Any]:
    """Return a result as a dict of numbers, strings, lists and dicts.

    Energy is in pJ, time in s, sizes in bytes or bits as the name says; a quantity that is unknown
    or has no finite value is None.
    """
    return {
        "workload": result.network.name,
        "profile": result.chip.name,
        "scheme": result.scheme.name,
        "batch": result.network.batch,
        "options": dict(result.network.options),
        "mapping": result.mapping,
        "objective": result.objective,
        **totals(result),
        "bandwidth": [_demand_record(result, level.name) for level in result.chip.levels],
        "derived_costs": [_use_record(use) for use in uses(result) if use.cost.status == "derived"],
        "unconfirmed_costs": [_use_record(use) for use in uses(result) if use.cost.status == "from memory"],
        "fusion": [one.to_dict() for one in result.fusion],
        "citations": [source.cite() for source in result.citations()],
        "warnings": list(result.warnings),
        "layers": [_layer_record(one) | {"certificate": certificate_record(one)} for one in result.layers],
    }


def totals(result: Result) -> dict[str, Any]:
    """Return the numbers of the whole model in a `record`, and the two breakdowns."""
    memory = result.memory
    return {
        "macs": result.macs,
        "executed_macs": result.executed_macs,
        "gated_macs": result.gated_macs,
        "skipped_macs": result.skipped_macs,
        "energy_pj": result.energy_pj,
        "latency_s": result.latency_s,
        "cycles": result.cycles,
        "edp_pj_s": result.edp_pj_s,
        "overhead_s": result.overhead_s,
        "overhead_energy_pj": result.overhead_energy_pj,
        "throughput_per_s": finite(result.throughput_per_s),
        "dram_read_bits": result.dram_read_bits,
        "dram_write_bits": result.dram_write_bits,
        "weight_bytes": memory.weight_bytes,
        "kv_bytes": memory.kv_bytes,
        "activation_bytes": memory.activation_bytes,
        "state_bytes": memory.state_bytes,
        "peak_memory_bytes": memory.peak_bytes,
        "device_memory_bytes": memory.capacity_bytes,
        "fits_memory": memory.fits,
        "average_power_w": result.average_power_w,
        "power_energy_pj": result.power_energy_pj,
        "power_limited_latency_s": result.power_limited_latency_s,
        "bound_by": result.bound_by,
        "peak_macs_per_cycle": result.peak_macs_per_cycle,
        "achieved_macs_per_cycle": finite(result.achieved_macs_per_cycle),
        "macs_per_dram_byte": finite(result.macs_per_dram_byte),
        "energy_breakdown_pj": dict(result.energy_breakdown_pj),
        "bound_energy_pj": result.bound_energy_pj,
        "bound_dram_bits": result.bound_dram_bits,
        "dram_over_bound": distance(result.layers),
        "cycle_breakdown": dict(result.cycle_breakdown),
    }


def layer_rows(result: Result) -> list[dict[str, Any]]:
    """Return one flat row per layer (for one of its repeats): what ``--csv`` prints."""
    head = {"workload": result.network.name, "profile": result.chip.name, "scheme": result.scheme.name}
    return [head | _layer_record(one) for one in result.layers]


def certificate_record(one: LayerResult) -> dict[str, Any] | None:
    """Return the certificate of a layer's mapping as plain data; None where nothing was searched."""
    found = one.certificate
    if found is None:
        return None
    return {
        "objective": found.objective, "space": found.space, "evaluated": found.evaluated, "pruned": found.pruned,
        "candidates": found.candidates, "value": finite(found.value), "bound": finite(found.bound),
    }  # fmt: skip


def finite(value: float) -> float | None:
    """Return a number, or None where it is infinite: JSON has no word for that."""
    return value if math.isfinite(value) else None


def _layer_record(one: LayerResult) -> dict[str, Any]:
    layer = one.layer
    values = (
        layer.name, layer.kind, layer.repeat, layer.macs, one.energy_pj, one.cycles, one.bound_by, one.mapping,
        one.bound_dram_bits, distance([one]),
    )  # fmt: skip
    return dict(zip(LAYER_FIELDS, values, strict=True))


def _use_record(use: Use) -> dict[str, Any]:
    cost = use.cost
    return {
        "what": use.what, "value": cost.value, "unit": use.unit, "low": cost.least, "high": cost.most,
        "law": cost.note, "sources": list(cost.sources),
    }  # fmt: skip


def _demand_record(result: Result, level: str) -> dict[str, Any]:
    found = demand(result, result.chip.level(level))
    used = next(one for one in result.bandwidths if one.level == level)
    return {
        "level": found.level, "port": found.port,
        "needed_bits_per_cycle": found.needed, "available_bits_per_cycle": found.available,
        "average_bits_per_cycle": used.average, "peak_bits_per_cycle": used.peak,
    }  # fmt: skip
