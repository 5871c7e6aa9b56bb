"""Which tables does a reader see of a comparison? One row per scheme, each against the reference."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.explore.compare import Comparison
from accelsim.explore.reasons import multiply_of
from accelsim.layout import percent, table
from accelsim.report.tables import demand_words, instances_words, joules, number, octets
from accelsim.simulation.power import power_words
from accelsim.simulation.result import Result
from accelsim.units import engineering, ratio

MAX_LEVELS = 3
"""Memories with a column of their own; more, or several chips, are summed as "on chip"."""


def energy_table(comparison: Comparison) -> list[str]:
    """Energy of every scheme by part, the cost of one multiply, and the ratio to the reference.

    Where no chip has a cost, power times time.
    """
    if not any(result.chip.has_costs for result in comparison.results):
        pairs = zip(comparison.names, comparison.results, strict=True)
        taken = [[name, joules(one.power_energy_pj), f"{power_words(one.chip)} x time"] for name, one in pairs]
        return table(["scheme", "energy", "taken as"], taken, "lrl")
    levels = _level_columns(comparison)
    names = [*levels, "array", "convert", "other"]
    rows = [
        (name, result, _parts(result, levels))
        for name, result in zip(comparison.names, comparison.results, strict=True)
    ]
    shown = [part for part in names if any(parts[part] != 0 for _, _, parts in rows)]
    alone = len({result.chip.name for result in comparison.results}) == 1
    cells = []
    for name, result, parts in rows:
        amounts = [joules(result.energy_pj), *(_amount(parts[part]) for part in shown)]
        cells.append([name, *amounts, *([_multiply(result)] * alone), _against(comparison, name, "energy_pj")])
    header = ["scheme", "energy", *shown, *(["one multiply"] * alone), _reference(comparison)]
    return table(header, cells, "lr" + "r" * (len(shown) + alone) + "l")


def _level_columns(comparison: Comparison) -> list[str]:
    chips = {result.chip.name: result.chip for result in comparison.results}
    outermost = {chip.outermost.name for chip in chips.values()}
    outer = outermost.pop() if len(outermost) == 1 else "off chip"
    first = next(iter(chips.values()))
    if len(chips) == 1 and len(first.levels) <= MAX_LEVELS:
        return [level.name for level in reversed(first.levels)]
    return [outer, "on chip"]


def _parts(result: Result, levels: Sequence[str]) -> dict[str, float | None]:
    """Energy by column: the memories, the array (multiply, add, reduce), conversion, and the rest."""
    found: dict[str, float | None] = dict.fromkeys([*levels, "array", "convert", "other"], 0.0)
    memories = {level.name for level in result.chip.levels}
    for part, energy in result.energy_breakdown_pj.items():
        if part in memories:
            column = part if part in levels else levels[0] if part == result.chip.outermost.name else levels[-1]
        else:
            column = {"multiply": "array", "add": "array", "reduce": "array", "convert": "convert"}.get(part, "other")
        before = found[column]
        found[column] = None if energy is None or before is None else before + energy
    return found


def _amount(energy: float | None) -> str:
    return "-" if energy == 0 else joules(energy)


def _multiply(result: Result) -> str:
    """What one multiply costs in the format that most MACs use."""
    busiest = max(result.layers, key=lambda one: one.layer.macs * one.layer.repeat)
    if busiest.formats is None:
        return "-"
    pair, cost = multiply_of(result, busiest.layer.name)
    return f"unknown, {pair}" if cost is None else f"{cost:.3g} pJ {pair}"


def _against(comparison: Comparison, name: str, metric: str) -> str:
    """Return the ratio to the reference in short, with its range over the costs' published ranges."""
    if comparison[name] is comparison.reference:
        return "reference"
    found = comparison.ratios[name][metric]
    if metric == "latency_s" or found.value is None or found.direction == "same":
        return found.text
    text = f"{ratio(found.value)} {found.direction}"
    judged = comparison.judgement(name) if metric == "energy_pj" else None
    if judged is not None and judged.too_close:
        return f"{text} (too close to call)"
    if judged is None or judged.low == judged.high:
        return text
    low, high = (f"{end:.3g}" for end in sorted((max(judged.low, 1 / judged.low), max(judged.high, 1 / judged.high))))
    return f"{text} ({low}-{high})" if low != high else text


def _reference(comparison: Comparison) -> str:
    name = comparison.reference_name
    return f"against {name}" if len(name) <= 18 else "against reference"


def speed_table(comparison: Comparison) -> list[str]:
    """Time of every scheme, what bounds it, and the peak rate apart from the achieved one."""
    rows = []
    for name, result in zip(comparison.names, comparison.results, strict=True):
        rows.append([
            name, engineering(result.latency_s, "s"), result.bound_by, _peak(comparison, name),
            number(result.achieved_macs_per_cycle), percent(result.achieved_macs_per_cycle, result.peak_macs_per_cycle),
            "unknown" if result.average_power_w is None else engineering(result.average_power_w, "W"),
            _against(comparison, name, "latency_s"),
        ])  # fmt: skip
    header = ["scheme", "time", "bound by", "peak MACs/cycle", "achieved", "of peak", "power", _reference(comparison)]
    return table(header, rows, "lrlrrrrl")


def _peak(comparison: Comparison, name: str) -> str:
    """Return a peak rate with its ratio to the reference: "1,024 (4x)", "168 (6.1x fewer)"."""
    found, peak = comparison.ratios[name]["peak_macs_per_cycle"], number(comparison[name].peak_macs_per_cycle)
    if found.value is None:
        return peak
    return f"{peak} ({found.value:.3g}x{' fewer' if found.direction == 'less' else ''})"


def traffic_table(comparison: Comparison) -> list[str]:
    """Traffic of the outermost memory, what must be stored, and the ratio to the reference."""
    bounded = any(result.memory.fits is not None for result in comparison.results)
    rows = []
    for name, result in zip(comparison.names, comparison.results, strict=True):
        memory = result.memory
        rows.append(
            [
                name,
                octets(result.dram_read_bits / 8),
                octets(result.dram_write_bits / 8),
                number(result.macs_per_dram_byte),
                octets(memory.weight_bytes),
                octets(memory.peak_bytes),
                *([_fits(result)] if bounded else []),
                _against(comparison, name, "dram_bits"),
            ]
        )
    dram = _level_columns(comparison)[0]
    header = [
        "scheme",
        f"{dram} read",
        "written",
        f"MACs/{dram} byte",
        "weights",
        "peak memory",
        *(["fits"] if bounded else []),
        _reference(comparison),
    ]
    return table(header, rows, "lrrrrr" + "l" * bounded + "l")


def _fits(result: Result) -> str:
    return {True: "yes", False: "no", None: "unbounded"}[result.memory.fits]


def bandwidth_table(comparison: Comparison) -> list[str]:
    """Bandwidth that every memory needs for the array never to wait, against what it has."""
    shown = {result.chip.name: result.chip for result in comparison.results}
    if len(shown) > 1:
        return []
    chip = next(iter(shown.values()))
    title = "bytes/cycle: needed of available"
    levels = [level.name for level in reversed(chip.levels)]
    cells = [[demand_words(result, level) for level in levels] for result in comparison.results]
    memories = [instances_words(chip, level) for level in levels]
    by_scheme = table([title, *memories], [[name, *row] for name, row in zip(comparison.names, cells, strict=True)])
    turned = zip(memories, zip(*cells, strict=True), strict=True)
    by_memory = table([title, *comparison.names], [[memory, *row] for memory, row in turned])
    return min(by_scheme, by_memory, key=lambda lines: max(len(line) for line in lines))
