"""What do stacked bars say: energy, or time where it is unknown, by layer, memory, operand or scheme?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.explore.compare import Comparison
from accelsim.explore.words import cause_words
from accelsim.layout import percent
from accelsim.report.facts.common import cost_works, levels_of, model_of, repeated, scaled, setting
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import engineering

MAX_PARTS = 8
MAX_LAYERS = 14
ARRAY = {"multiply": "multiply and add", "add": "multiply and add", "reduce": "multiply and add"}


OPERANDS = {"W": "weights (W)", "I": "inputs (I)", "O": "outputs (O)", "": "no operand"}
BY = ("layer", "level", "operand")


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
    note : str
        On what it was found, and where the costs come from; the footnote.
    """

    title: str
    quantity: str
    unit: str
    names: tuple[str, ...]
    parts: Mapping[str, tuple[float, ...]]
    labels: tuple[str, ...]
    levels: tuple[str, ...]
    note: str = ""

    @property
    def totals(self) -> tuple[float, ...]:
        """The length of every bar."""
        return tuple(sum(values[place] for values in self.parts.values()) for place in range(len(self.names)))


def comparison_bars(comparison: Comparison) -> Bars:
    """Return the energy of every scheme by part, or its time by cause where an energy is unknown."""
    known = all(result.energy_pj is not None for result in comparison.results)
    columns = [_energy_parts(result) if known else _time_parts(result) for result in comparison.results]
    quantity = "energy" if known else "time"
    unit, factor = scaled(max(sum(column.values()) for column in columns), "pJ" if known else "s")
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
    levels = levels_of(*(result.chip for result in comparison.results))
    note = cost_works(comparison.results)
    return Bars(title, quantity, unit, comparison.names, _stacked(columns, factor), tuple(labels), levels, note)


def _comparison_title(comparison: Comparison, quantity: str) -> str:
    metric = "energy_pj" if quantity == "energy" else "latency_s"
    values = {
        name: result.energy_pj if quantity == "energy" else result.latency_s
        for name, result in zip(comparison.names, comparison.results, strict=True)
    }
    best = min(values, key=lambda name: values[name] or 0.0)
    model = model_of(comparison.reference)
    on = "" if comparison.several_chips else f"on {comparison.reference.chip.name}, "
    where = f"\n{on}{comparison.reference.mapping} mapping for {comparison.reference.objective}"
    if len(comparison.results) == 1:
        amount = engineering(values[best], "pJ" if quantity == "energy" else "s")
        return f"{model}: {best} takes {amount}{where}"
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
    return f"{first}{where}"


def energy_bars(result: Result, by: str = "layer") -> Bars:
    """Return the energy of a result as stacked bars by "layer", "level" or "operand".

    Parameters
    ----------
    result : Result
    by : {"layer", "level", "operand"}
        One bar per layer, stacked by memory and other part; per memory and other part, stacked by operand;
        or per operand, stacked by memory and other part. The bars of the last two sum to the energy.

    Raises
    ------
    UsageError
        ``by`` is none of these.
    InputError
        The energy is unknown, so that there is nothing to draw by level or operand.
    """
    if by == "layer":
        return breakdown_bars(result)
    if by not in BY:
        raise UsageError(f"by must be one of {', '.join(BY)}; got {by!r}{did_you_mean(by, BY) or '.'}")
    if not result.energy_pj:
        raise InputError(
            f"{result.chip.name} lists no costs, so energy by {by} is unknown; its time by layer can be drawn."
        )
    cells = _cells(result)
    places, operands = dict.fromkeys(place for place, _ in cells), list(OPERANDS.values())
    bars, stack = (list(places), operands) if by == "level" else (operands, list(places))
    columns = [{part: cells.get((bar, part) if by == "level" else (part, bar), 0.0) for part in stack} for bar in bars]
    kept = [place for place, column in enumerate(columns) if sum(column.values()) > 0]
    bars, columns = [bars[place] for place in kept], [columns[place] for place in kept]
    columns = [{part: value for part, value in column.items() if value} for column in columns]
    sums = [sum(column.values()) for column in columns]
    unit, factor = scaled(max(sums), "pJ")
    largest = bars[sums.index(max(sums))]
    finding = f"{largest.split(' (')[0]} take{'' if by == 'operand' else 's'} {percent(max(sums), result.energy_pj)}"
    title = f"{model_of(result)} in {result.scheme.name} on {result.chip.name}: {finding}"
    if largest == OPERANDS[""]:
        title = f"{model_of(result)} in {result.scheme.name} on {result.chip.name}: energy by operand"
    labels = tuple(f"{engineering(own, 'pJ')}, {percent(own, result.energy_pj)}" for own in sums)
    note = f"{setting(result)} {cost_works([result])}"
    parts = _stacked(_in_order(columns, stack), factor)
    return Bars(
        f"{title} of {engineering(result.energy_pj, 'pJ')}" if largest != OPERANDS[""] else title,
        "energy",
        unit,
        tuple(bars),
        parts,
        labels,
        levels_of(result.chip),
        note,
    )


def _cells(result: Result) -> dict[tuple[str, str], float]:
    """Energy in pJ by (memory or other part, operand), memories first, the outermost first."""
    found = {(level.name, operand): 0.0 for level in reversed(result.chip.levels) for operand in OPERANDS.values()}
    for line, times in result.bill():
        place = line.place if line.part == "memory" else ARRAY.get(line.part, line.part)
        key = place, OPERANDS.get(line.operand, OPERANDS[""])
        found[key] = found.get(key, 0.0) + (line.energy_pj or 0.0) * times
    return found


def _in_order(columns: Sequence[Mapping[str, float]], order: Sequence[str]) -> list[dict[str, float]]:
    """Return the columns with every part that any has, in one order."""
    there = [part for part in order if any(part in column for column in columns)]
    return [{part: column.get(part, 0.0) for part in there} for column in columns]


def breakdown_bars(result: Result) -> Bars:
    """Return the energy of the costliest layers by part; their time by cause where energy is unknown."""
    known = bool(result.energy_pj)
    shown = [one for one in result.costliest(MAX_LAYERS) if one.cycles or one.energy_pj]
    if not shown:
        raise InputError(f"{model_of(result)} takes no energy and no time; there is nothing to draw.")
    columns = [_layer_parts(result, one, known) for one in shown]
    total = result.energy_pj if result.energy_pj else result.latency_s
    sums = [sum(column.values()) for column in columns]
    unit, factor = scaled(max(sums), "pJ" if known else "s")
    whole = _energy_parts(result) if known else _time_parts(result)
    largest = max(whole, key=lambda part: whole[part])
    model, amount = model_of(result), engineering(total, "pJ" if known else "s")
    finding = f"{largest} takes {percent(whole[largest], total)} of {amount}"
    title = f"{model} in {result.scheme.name} on {result.chip.name}: {finding}"
    if len(shown) < len(result.layers):
        title += f"\nthe {len(shown)} costliest of {len(result.layers)} layers, {percent(sum(sums), total)} in all"
    names, labels = tuple(repeated(one) for one in shown), tuple(percent(each, total) for each in sums)
    quantity = "energy" if known else "time"
    note = f"{setting(result)} {cost_works([result])}"
    return Bars(title, quantity, unit, names, _stacked(columns, factor), labels, levels_of(result.chip), note)


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
