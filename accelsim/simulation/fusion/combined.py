"""What does a layer cost that is computed in several parts? The sum of its parts, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from accelsim.mapping.tally import LevelCounts
from accelsim.simulation.line import Line
from accelsim.simulation.result import LayerResult
from accelsim.workload.layer import Layer


def combined(layer: Layer, parts: Sequence[tuple[LayerResult, int]]) -> LayerResult:
    """Return the cost of a layer, given that of parts of it and how often each is computed.

    Its nest and formats are those of the part with most operations, boxes and footprints the largest.
    """
    largest, _ = max(parts, key=lambda part: part[0].layer.macs)
    lines: dict[tuple[object, ...], Line] = {}
    cycles: dict[str, float] = {}
    busy: dict[str, float] = {}
    for one, times in parts:
        for line in one.lines:
            key = (line.part, line.place, line.operand, line.action, line.bits, line.cost)
            before = lines[key].count if key in lines else 0.0
            lines[key] = replace(line, count=before + line.count * times)
        for totals, own in ((cycles, one.cycle_parts), (busy, one.busy)):
            for name, value in own.items():
                totals[name] = totals.get(name, 0.0) + value * times
    return replace(
        largest,
        layer=layer,
        lines=tuple(lines.values()),
        cycle_parts=cycles,
        busy=busy,
        bound_by=max(busy, key=lambda name: busy[name]),
        counts=_counts(parts),
        boxes={key: max(one.boxes.get(key, 0) for one, _ in parts) for key in largest.boxes},
        footprints={key: max(one.footprints.get(key, 0.0) for one, _ in parts) for key in largest.footprints},
        bound_energy_pj=_sum([(one.bound_energy_pj, times) for one, times in parts]),
        bound_cycles=_sum([(one.bound_cycles, times) for one, times in parts]),
        bound_dram_bits=_sum([(one.bound_dram_bits, times) for one, times in parts]),
        bound_compulsory_bits=_sum([(one.bound_compulsory_bits, times) for one, times in parts]),
    )


def _counts(parts: Sequence[tuple[LayerResult, int]]) -> dict[tuple[str, str], LevelCounts]:
    """Words of all parts, where their mappings keep the same operands."""
    keys = [set(one.counts) for one, _ in parts]
    names = [field.name for field in fields(LevelCounts)]
    return {
        key: LevelCounts(
            **{name: sum(getattr(one.counts[key], name) * times for one, times in parts) for name in names}
        )
        for key in set.intersection(*keys)
    }


def _sum(values: Sequence[tuple[float | None, int]]) -> float | None:
    return None if any(value is None for value, _ in values) else sum((value or 0.0) * times for value, times in values)
