"""What does each plot say? Its numbers and its title as a record, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelsim.explore.compare import Comparison
from accelsim.explore.reasons import limits_of
from accelsim.explore.words import cause_words
from accelsim.hardware.chip import Chip
from accelsim.layout import percent
from accelsim.simulation.demand import READING, WRITING
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import engineering

WORD_BITS = 32
MAX_PARTS = 8
MAX_LAYERS = 14
ARRAY = {"multiply": "multiply and add", "add": "multiply and add", "reduce": "multiply and add"}


@dataclass(frozen=True)
class Bars:
    """Stacked bars.

    Parameters
    ----------
    title : str
        The finding.
    quantity, unit : str
        What the axis shows, in which unit ("energy", "uJ").
    names : tuple of str
        One per bar.
    parts : dict of str to tuple of float
        One value per bar, in ``unit``; the parts of a bar sum to its total.
    labels : tuple of str
        What stands behind each bar.
    levels : tuple of str
        The memories of all chips shown, outermost first; some of them are parts.
    """

    title: str
    quantity: str
    unit: str
    names: tuple[str, ...]
    parts: Mapping[str, tuple[float, ...]]
    labels: tuple[str, ...]
    levels: tuple[str, ...]

    @property
    def totals(self) -> tuple[float, ...]:
        """The length of every bar."""
        return tuple(sum(values[place] for values in self.parts.values()) for place in range(len(self.names)))


@dataclass(frozen=True)
class Costs:
    """Energy per operation: one bar each, in pJ, with its range; ``group`` is "multiply", "add" or "read"."""

    title: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    pj: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    derived: tuple[bool, ...]


@dataclass(frozen=True)
class Point:
    """One layer on a roofline: MACs per byte of outermost traffic, MACs per s, and share of all the time."""

    name: str
    macs_per_byte: float
    macs_per_s: float
    share: float
    bound_by: str


@dataclass(frozen=True)
class Roofline:
    """The roof of a chip in the formats that most MACs use, and the layers below it.

    ``bytes_per_s`` is None where the outermost memory never limits.
    """

    title: str
    peak_macs_per_s: float
    bytes_per_s: float | None
    points: tuple[Point, ...]


# ---------------------------------------------------------------------- energy or time as bars


def comparison_bars(comparison: Comparison) -> Bars:
    """Return the energy of every scheme by part, or its time by cause where an energy is unknown."""
    known = all(result.energy_pj is not None for result in comparison.results)
    columns = [_energy_parts(result) if known else _time_parts(result) for result in comparison.results]
    quantity = "energy" if known else "time"
    unit, factor = _unit(max(sum(column.values()) for column in columns), "pJ" if known else "s")
    amounts = [
        engineering(result.energy_pj, "pJ") if known else engineering(result.latency_s, "s")
        for result in comparison.results
    ]
    labels = []
    for name, result, amount in zip(comparison.names, comparison.results, amounts, strict=True):
        energy, time = comparison.ratios[name]["energy_pj"].text, comparison.ratios[name]["latency_s"].text
        ratios = "reference" if result is comparison.reference else f"{energy}, {time}" if known else time
        labels.append(f"{amount}: {ratios}")
    title = _comparison_title(comparison, quantity)
    levels = _levels(*(result.chip for result in comparison.results))
    return Bars(title, quantity, unit, comparison.names, _stacked(columns, factor), tuple(labels), levels)


def _comparison_title(comparison: Comparison, quantity: str) -> str:
    metric = "energy_pj" if quantity == "energy" else "latency_s"
    values = {
        name: result.energy_pj if quantity == "energy" else result.latency_s
        for name, result in zip(comparison.names, comparison.results, strict=True)
    }
    best = min(values, key=lambda name: values[name] or 0.0)
    network = comparison.reference.network
    model = network.title or network.name
    judged = comparison.judgement(best) if quantity == "energy" else None
    found, reference = comparison.ratios[best][metric], comparison.reference_name
    if comparison[best] is comparison.reference:
        first = f"{model}: no scheme takes less {quantity} than {best}"
    elif judged is not None and judged.too_close:
        first = f"{model}: {best} and {reference} are too close to call"
    elif found.direction == "same":
        first = f"{model}: no scheme takes less {quantity} than {reference}"
    else:
        first = f"{model}: {best} {'takes' if quantity == 'energy' else 'is'} {found.text} than {reference}"
    on = "" if comparison.several_chips else f"on {comparison.reference.chip.name}, "
    return f"{first}\n{on}{comparison.reference.mapping} mapping for {comparison.reference.objective}"


def breakdown_bars(result: Result) -> Bars:
    """Return the energy of the costliest layers by part; their time by cause where energy is unknown."""
    known = result.energy_pj is not None
    shown = [one for one in result.costliest(MAX_LAYERS) if one.cycles or one.energy_pj]
    columns = [_layer_parts(result, one, known) for one in shown]
    total = result.energy_pj if known and result.energy_pj else result.latency_s
    sums = [sum(column.values()) for column in columns]
    unit, factor = _unit(max(sums), "pJ" if known else "s")
    whole = _energy_parts(result) if known else _time_parts(result)
    largest = max(whole, key=lambda part: whole[part])
    model, amount = result.network.title or result.network.name, engineering(total, "pJ" if known else "s")
    finding = f"{largest} takes {percent(whole[largest], total)} of {amount}"
    title = f"{model} in {result.scheme.name} on {result.chip.name}: {finding}"
    if len(shown) < len(result.layers):
        title += f"\nthe {len(shown)} costliest of {len(result.layers)} layers, {percent(sum(sums), total)} in all"
    names, labels = tuple(_repeated(one) for one in shown), tuple(percent(each, total) for each in sums)
    quantity = "energy" if known else "time"
    return Bars(title, quantity, unit, names, _stacked(columns, factor), labels, _levels(result.chip))


def _repeated(one: LayerResult) -> str:
    return f"{one.layer.name} x{one.layer.repeat}" if one.layer.repeat > 1 else one.layer.name


def _levels(*chips: Chip) -> tuple[str, ...]:
    """Return the names of the memories of some chips, the first chip's first, each chip's outermost first."""
    return tuple(dict.fromkeys(level.name for chip in chips for level in reversed(chip.levels)))


def _energy_parts(result: Result) -> dict[str, float]:
    """Energy in pJ by memory, outermost first, then by the other parts."""
    found = {level.name: 0.0 for level in reversed(result.chip.levels)}
    for part, energy in result.energy_breakdown_pj.items():
        name = ARRAY.get(part, part)
        found[name] = found.get(name, 0.0) + (energy or 0.0)
    return {name: energy for name, energy in found.items() if energy}


def _time_parts(result: Result) -> dict[str, float]:
    return {cause_words(cause): cycles / result.chip.clock_hz.value for cause, cycles in result.cycle_breakdown.items()}


def _layer_parts(result: Result, one: LayerResult, known: bool) -> dict[str, float]:
    """Energy in pJ of all repeats of a layer by part, or its time in s by cause."""
    found: dict[str, float] = {level.name: 0.0 for level in reversed(result.chip.levels)} if known else {}
    if known:
        for line in one.lines:
            name = line.place if line.part == "memory" else ARRAY.get(line.part, line.part)
            found[name] = found.get(name, 0.0) + (line.energy_pj or 0.0) * one.layer.repeat
    else:
        for cause, cycles in one.cycle_parts.items():
            found[cause_words(cause)] = cycles * one.layer.repeat / result.chip.clock_hz.value
    return {name: value for name, value in found.items() if value}


def _stacked(columns: Sequence[Mapping[str, float]], factor: float) -> dict[str, tuple[float, ...]]:
    """Return the parts of all bars in common order; beyond the eighth color the smallest are "other"."""
    names = list(dict.fromkeys(name for column in columns for name in column))
    if len(names) > MAX_PARTS:
        weight = {name: sum(column.get(name, 0.0) for column in columns) for name in names}
        kept = set(sorted(names, key=lambda name: -weight[name])[:MAX_PARTS])
        columns = [
            {name: value for name, value in column.items() if name in kept}
            | {"other": sum(value for name, value in column.items() if name not in kept)}
            for column in columns
        ]
        names = [*(name for name in names if name in kept), "other"]
    return {name: tuple(column.get(name, 0.0) * factor for column in columns) for name in names}


def _unit(largest: float, unit: str) -> tuple[str, float]:
    """Return the unit with the prefix that fits an amount, and what to multiply amounts by."""
    shown, _, name = engineering(largest, unit, 12).partition(" ")
    return name, float(shown) / largest if largest else 1.0


# ---------------------------------------------------------------------- costs per operation


def chip_costs(chip: Chip) -> Costs:
    """Return the energy of a multiply and an add in every listed format, and of reading 32 bits from each memory."""
    rows = [
        *(
            ("multiply", f"{key} multiply", cost, 1.0)
            for key, cost in sorted(chip.multiply_table, key=lambda row: row[1].value)
        ),
        *(("add", f"{key} add", cost, 1.0) for key, cost in sorted(chip.add_table, key=lambda row: row[1].value)),
        *(
            ("read", f"{level.name} read of {WORD_BITS} bits", level.read_pj_per_bit, float(WORD_BITS))
            for level in chip.levels
            if level.read_pj_per_bit is not None
        ),
    ]
    return Costs(
        title=_cost_title(chip),
        names=tuple(name for _, name, _, _ in rows),
        groups=tuple(group for group, _, _, _ in rows),
        pj=tuple(cost.value * scale for _, _, cost, scale in rows),
        low=tuple(cost.least * scale for _, _, cost, scale in rows),
        high=tuple(cost.most * scale for _, _, cost, scale in rows),
        derived=tuple(cost.status == "derived" for _, _, cost, _ in rows),
    )


def _cost_title(chip: Chip) -> str:
    outermost = chip.outermost
    if outermost.read_pj_per_bit is None or not chip.multiply_table:
        return f"{chip.name}: energy per operation"
    read = outermost.read_pj_per_bit.value * WORD_BITS
    key, cost = min(chip.multiply_table, key=lambda row: row[1].value)
    return (
        f"{chip.name}: reading 32 bits from {outermost.name} costs as much as {read / cost.value:,.0f} {key} multiplies"
    )


# ---------------------------------------------------------------------- roofline


def roofline(result: Result) -> Roofline:
    """Return every layer with multiply-accumulates as a point under the chip's roof; the title is of all layers."""
    chip, clock = result.chip, result.chip.clock_hz.value
    dram = chip.outermost
    bits = dram.read_bits_per_cycle
    bandwidth = None if bits is None else bits * dram.efficiency.value * clock / 8
    counted = [one for one in result.layers if one.layer.macs and one.cycles]
    points = []
    for one in counted:
        traffic = one.bits_of(dram.name, *READING, *WRITING) / 8
        rate = one.layer.macs / one.cycles * clock
        share = one.cycles * one.layer.repeat / result.cycles
        points.append(
            Point(_repeated(one), one.layer.macs / traffic if traffic else float("inf"), rate, share, one.bound_by)
        )
    limited = dict(limits_of(result)).get(dram.name, 0.0)
    model = result.network.title or result.network.name
    finding = (
        f"layers bound by {dram.name} take {percent(limited, 1)} of the time"
        if limited
        else f"no layer is bound by {dram.name}"
    )
    title = f"{model} in {result.scheme.name} on {chip.name}:\n{finding}"
    return Roofline(title, result.peak_macs_per_cycle * clock, bandwidth, tuple(points))
