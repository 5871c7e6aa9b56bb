"""What is each unit cost of a result the cost of, in which unit, and who says so?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.provenance import Source, Sourced, bibliography
from accelsim.simulation.line import Line
from accelsim.simulation.result import LayerResult, Result

STATIC = ("clock", "leakage", "background")


@dataclass(frozen=True)
class Use:
    """One unit cost in use.

    Parameters
    ----------
    what : str
        "int8 multiply", "SRAM read" ...
    unit : str
        "pJ", "pJ/bit", "pJ/cycle" or "W".
    cost : Sourced
    """

    what: str
    unit: str
    cost: Sourced


def unit_of(line: Line) -> str:
    """Return the unit of a line's cost."""
    if line.part in ("memory", "link"):
        return "pJ/bit"
    if line.part == "clock":
        return "pJ/cycle"
    return "W" if line.part in STATIC else "pJ"


def what_of(result: Result, one: LayerResult, line: Line) -> str:
    """Return what a line's cost is the cost of: "fp32 multiply", "DRAM read"."""
    if line.part == "multiply" and one.formats is not None:
        formats = one.formats
        rate = result.chip.macs_per_pe_cycle(formats.compute_weight, formats.compute_input, formats.accumulator)
        pair = rate.weight if rate.weight == rate.input else f"{rate.weight} x {rate.input}"
        return f"{pair} multiply"
    if line.part in ("add", "reduce") and one.formats is not None:
        return f"{one.formats.accumulator.name} add"
    if line.part == "memory":
        return f"{line.place} {'read' if line.action in ('read', 'drain') else 'write'}"
    if line.part == "link":
        return f"{line.place} link"
    if line.part == "vector":
        return f"{result.scheme.for_layer(one.layer.name).vector_format.name} {line.action}"
    if line.part == "convert":
        return f"conversion {line.action}"
    return f"{line.place} {line.part}"


def uses(result: Result) -> Iterator[Use]:
    """Yield every distinct unit cost that the energy rests on, with what it is the cost of."""
    seen: set[Use] = set()
    due = [(one, line) for one in result.layers for line in one.lines]
    for one, line in (*due, *((None, line) for line in result.overhead_lines)):
        if line.cost is None or not line.count:
            continue
        what = f"{line.place} {line.part}" if one is None else what_of(result, one, line)
        use = Use(what, unit_of(line), line.cost)
        if use not in seen:
            seen.add(use)
            yield use


def works(result: Result) -> dict[str, Source]:
    """Return every work that the result's numbers may name, by key."""
    return bibliography() | result.chip.sources


def short_source(cost: Sourced, known: dict[str, Source]) -> str:
    """Return a cost's source in two words, with its status where it is not as published."""
    source = known.get(cost.source)
    name = source.short() if source and source.author else cost.source
    return name if cost.status == "seen" else f"{name} ({cost.status})"
