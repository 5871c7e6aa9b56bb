"""What do the plots and the drill-down show of every layer? Numbers and formulas as plain data, texts stored once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from accelsim.explore.compare import Comparison
from accelsim.explore.words import cause_words
from accelsim.provenance import Source
from accelsim.report.style import PALETTE, look
from accelsim.simulation.costs import works
from accelsim.simulation.demand import READING, WRITING
from accelsim.simulation.explain import BILL_HEADER, bill_rows, extents, how, nest_lines, time_rows, time_words
from accelsim.simulation.line import Line
from accelsim.simulation.proof import proof
from accelsim.simulation.result import LayerResult, Result

FIXED = "fixed times"
"""What stands for a layer for the times that no layer has."""

ARRAY = {"multiply": "multiply and add", "add": "multiply and add", "reduce": "multiply and add"}
SCHEME_COLORS = (*PALETTE[:6], PALETTE[7], PALETTE[6])
"""Yellow last: it is the faintest on white paper."""


class Interned:
    """Values that stand once in a list, and by number everywhere else."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[str, int] = {}

    def __call__(self, value: Any) -> int:
        """Return the number of a value, adding it if it is new."""
        key = value if isinstance(value, str) else json.dumps(value)
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]


@dataclass(frozen=True)
class Legend:
    """Parts that plots stack or color: name, color and hatch, in the order in which they are stacked."""

    names: tuple[str, ...]
    levels: tuple[str, ...]

    def data(self) -> list[dict[str, str]]:
        """Return the legend as plain data."""
        looks = ((name, *_look(name, self.levels)) for name in self.names)
        return [{"name": name, "color": color, "hatch": hatch} for name, color, hatch in looks]


OPERAND_HATCHES = {"W": "\\\\", "I": "...", "O": "ooo"}


def _look(name: str, levels: tuple[str, ...]) -> tuple[str, str]:
    """Return color and hatch of a part, a cause or a resource; waiting for an operand looks like its memory."""
    level, _, operand = name.removeprefix("waiting for ").rpartition(" ")
    if level in levels and operand in OPERAND_HATCHES:
        return look(level, levels)[0], OPERAND_HATCHES[operand]
    return look({"compute": "multiplying", "conversion": "waiting for conversion"}.get(name, name), levels)


def plot_data(comparison: Comparison) -> dict[str, Any]:
    """Return everything that the page's plots and drill-down draw, as plain data.

    Returns
    -------
    dict
        ``parts``, ``causes`` and ``bounds`` are legends; ``schemes`` one entry per result with its totals by part
        (pJ) and cause (s), its roof and its layers; ``details`` the formulas, one for all layers that share it;
        ``texts`` the texts that details name by number.
    """
    levels = _levels(comparison.results)
    parts, causes, bounds = _parts(comparison.results), _causes(comparison.results), _bounds(comparison.results)
    texts, details = Interned(), Interned()
    schemes = [
        _scheme(comparison, place, name, parts, causes, texts, details) for place, name in enumerate(comparison.names)
    ]
    return {
        "parts": Legend(parts, levels).data(),
        "causes": Legend(causes, levels).data(),
        "bounds": Legend(bounds, levels).data(),
        "schemes": schemes,
        "billHeader": BILL_HEADER,
        "details": details.values,
        "texts": texts.values,
    }


def _levels(results: Sequence[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(level.name for one in results for level in reversed(one.chip.levels)))


def part_of(line: Line) -> str:
    """Return the part of the energy that a line of a bill belongs to, as plots name it."""
    return line.place if line.part == "memory" else ARRAY.get(line.part, line.part)


def _parts(results: Sequence[Result]) -> tuple[str, ...]:
    """Return the parts of all energies: memories from the outermost, then the others as they come."""
    used = dict.fromkeys(part_of(line) for result in results for line, _ in result.bill() if line.energy_pj)
    levels = [level for level in _levels(results) if level in used]
    return tuple(dict.fromkeys([*levels, *used]))


def _causes(results: Sequence[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cause_words(cause) for result in results for cause in result.cycle_breakdown))


def _bounds(results: Sequence[Result]) -> tuple[str, ...]:
    fixed = ("fixed overhead",) if any(result.overhead_s for result in results) else ()
    return (*dict.fromkeys(one.bound_by for result in results for one in result.layers if one.cycles), *fixed)


def _scheme(
    comparison: Comparison,
    place: int,
    name: str,
    parts: tuple[str, ...],
    causes: tuple[str, ...],
    texts: Interned,
    details: Interned,
) -> dict[str, Any]:
    result, known, clock = comparison[name], works(comparison[name]), comparison[name].chip.clock_hz.value
    by_cause = {cause_words(cause): cycles / clock for cause, cycles in result.cycle_breakdown.items()}
    layers = [_layer(result, one, parts, details(_detail(result, one, known, texts))) for one in result.layers]
    if result.overhead_s:
        layers.append(_fixed(result, parts))
    sums = [sum(layer["parts"][place] for layer in layers) for place in range(len(parts))]
    return {
        "name": name,
        "color": SCHEME_COLORS[place % len(SCHEME_COLORS)],
        "energyPj": result.energy_pj,
        "timeS": result.latency_s,
        "against": _against(comparison, name),
        "parts": sums if result.energy_pj is not None else None,
        "causes": [by_cause.get(cause, 0.0) for cause in causes],
        "roof": _roof(result),
        "layers": layers,
    }


def _against(comparison: Comparison, name: str) -> dict[str, str]:
    if comparison[name] is comparison.reference:
        own = "reference" if len(comparison.names) > 1 else ""
        return {"energy": own, "time": own}
    ratios = comparison.ratios[name]
    return {"energy": ratios["energy_pj"].text, "time": ratios["latency_s"].text}


def _roof(result: Result) -> dict[str, float | None]:
    """Return the peak in MACs per s and the outermost memory's bandwidth in bytes per s; None if it never limits."""
    dram, clock = result.chip.outermost, result.chip.clock_hz.value
    bits = dram.read_bits_per_cycle
    bandwidth = None if bits is None else bits * dram.efficiency.value * clock / 8
    return {"macsPerS": result.peak_macs_per_cycle * clock, "bytesPerS": bandwidth}


def _layer(result: Result, one: LayerResult, parts: tuple[str, ...], detail: int) -> dict[str, Any]:
    """Return a layer's numbers, all repeats together; the place on the roofline is that of one repeat."""
    layer, clock = one.layer, result.chip.clock_hz.value
    traffic = one.bits_of(result.chip.outermost.name, *READING, *WRITING) / 8
    intensity = layer.macs / traffic if layer.macs and traffic else None
    return {
        "name": layer.name,
        "kind": layer.kind,
        "repeat": layer.repeat,
        "macs": layer.macs * layer.repeat,
        "energyPj": None if one.energy_pj is None else one.energy_pj * layer.repeat,
        "timeS": one.cycles * layer.repeat / clock,
        "trafficBytes": traffic * layer.repeat,
        "macsPerByte": intensity if intensity is None or isfinite(intensity) else None,
        "macsPerS": layer.macs / one.cycles * clock if layer.macs and one.cycles else None,
        "bound": one.bound_by if one.cycles else "",
        "mapping": one.mapping,
        "parts": _by_part(((line, layer.repeat) for line in one.lines), parts),
        "detail": detail,
    }


def _fixed(result: Result, parts: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": FIXED, "kind": "fixed", "repeat": 1, "macs": 0, "energyPj": result.overhead_energy_pj,
        "timeS": result.overhead_s, "trafficBytes": 0, "macsPerByte": None, "macsPerS": None,
        "bound": "fixed overhead", "mapping": "", "detail": None,
        "parts": _by_part(((line, 1) for line in result.overhead_lines), parts),
    }  # fmt: skip


def _by_part(lines: Any, parts: tuple[str, ...]) -> list[float]:
    found = dict.fromkeys(parts, 0.0)
    for line, times in lines:
        if line.energy_pj:
            found[part_of(line)] += line.energy_pj * times
    return [found[part] for part in parts]


def _detail(result: Result, one: LayerResult, known: dict[str, Source], texts: Interned) -> dict[str, Any]:
    """Return the formula of one repeat of a layer with its numbers: what ``--explain`` prints, in pieces."""
    counted = f"{one.layer.macs:,} MACs, {how(one)} mapping for {result.objective}" if one.layer.macs else ""
    found: dict[str, Any] = {
        "loops": texts(extents(one.layer)),
        "counted": texts(counted),
        "bill": [[texts(cell) for cell in row] for row in bill_rows(result, one, known)],
        "time": [[texts(cell) for cell in row] for row in time_rows(result, one)],
        "words": [texts(line) for line in time_words(result, one)],
        "nest": [],
        "proof": texts(""),
    }
    if one.nest is not None:
        found |= {"nest": [texts(line[2:]) for line in nest_lines(one)], "proof": texts(proof(one))}
    return found
