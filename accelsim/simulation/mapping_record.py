"""What is a layer's mapping as plain data? The fields that ``accelsim map --json`` prints."""

from __future__ import annotations

from typing import Any

from accelsim.mapping.nest_text import written
from accelsim.simulation.occupancy import occupancies, tiles
from accelsim.simulation.record import certificate_record
from accelsim.simulation.result import LayerResult, Result


def mapping_record(result: Result, one: LayerResult) -> dict[str, Any]:
    """Return the mapping of one layer of a result, with what it costs and how good it is known to be.

    ``nest`` are the lines that a mapping file has. Costs are those of one repeat, without the fixed times of a pass.
    """
    assert one.nest is not None
    assert one.layer.shape is not None
    seconds = one.cycles / result.chip.clock_hz.value
    rate = one.layer.macs / one.cycles
    return {
        "layer": one.layer.name,
        "kind": one.layer.kind,
        "macs": one.layer.macs,
        "extents": one.layer.shape.extents,
        "profile": result.chip.name,
        "scheme": result.scheme.name,
        "objective": result.objective,
        "mapping": one.mapping,
        "nest": [written(line) for line in one.nest.lines],
        "energy_pj": one.energy_pj,
        "cycles": one.cycles,
        "latency_s": seconds,
        "edp_pj_s": None if one.energy_pj is None else one.energy_pj * seconds,
        "bound_by": one.bound_by,
        "bound_energy_pj": one.bound_energy_pj,
        "bound_cycles": one.bound_cycles,
        "peak_macs_per_cycle": one.peak_macs_per_cycle,
        "achieved_macs_per_cycle": rate,
        "utilization": (one.layer.macs - one.skipped_macs) / one.cycles / one.peak_macs_per_cycle,
        "fanouts": [
            {"fanout": fanout.name, "size": fanout.size, "used": one.instances.get(fanout.name, 1)}
            for fanout in result.chip.fanouts
        ],
        "levels": _levels(result, one),
        "certificate": certificate_record(one),
        "warnings": list(result.warnings),
    }


def _levels(result: Result, one: LayerResult) -> list[dict[str, Any]]:
    kept = tiles(one)
    return [
        {
            "level": level.level,
            "instances": level.instances,
            "capacity_bits": level.capacity_bits,
            "used_bits": level.used_bits,
            "occupancy": level.share,
            "keeps": [
                {"operand": tile.operand, "tile": tile.extents, "words": tile.words, "bits": tile.bits}
                for tile in kept
                if tile.level == level.level
            ],
        }
        for level in occupancies(one, result.chip)
    ]
