"""What do several plots say alike: names of models and layers, units with prefixes, sources in a footnote?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accelsim.hardware.chip import Chip
from accelsim.provenance import Source, Sourced, bibliography
from accelsim.simulation.costs import uses
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import engineering

MOST_SOURCES = 4


def scaled(largest: float, unit: str) -> tuple[str, float]:
    """Return the unit with the prefix that fits an amount, and what to multiply amounts by.

    >>> scaled(2.5e6, "pJ")[0]
    'uJ'
    """
    shown, _, name = engineering(largest, unit, 12).partition(" ")
    return name, float(shown) / largest if largest else 1.0


def model_of(result: Result) -> str:
    """Return what a result's network is called."""
    return result.network.title or result.network.name


def repeated(one: LayerResult) -> str:
    """Return a layer's name with its repeats: "layers.q_proj x32"."""
    return f"{one.layer.name} x{one.layer.repeat}" if one.layer.repeat > 1 else one.layer.name


def levels_of(*chips: Chip) -> tuple[str, ...]:
    """Return the names of the memories of some chips, the first chip's first, each chip's outermost first."""
    return tuple(dict.fromkeys(level.name for chip in chips for level in reversed(chip.levels)))


def setting(result: Result) -> str:
    """Return on what a result was found: chip, batch, mapping."""
    return f"{result.chip.name}, batch {result.network.batch}, {result.mapping} mapping for {result.objective}."


def cost_works(results: Sequence[Result]) -> str:
    """Return the works that the costs of results come from, for the footnote of a figure."""
    known = bibliography()
    for result in results:
        known = known | result.chip.sources
    return works_of((use.cost for result in results for use in uses(result)), known)


def chip_works(chip: Chip, numbers: Iterable[Sourced]) -> str:
    """Return the works that some numbers of a chip come from, for the footnote of a figure."""
    return works_of(numbers, bibliography() | chip.sources)


def works_of(numbers: Iterable[Sourced], known: dict[str, Source]) -> str:
    """Return "Costs: Horowitz 2014, Han 2015; 2 derived." for some numbers; "" without any."""
    found = list(dict.fromkeys(numbers))
    if not found:
        return ""
    names = list(dict.fromkeys(_short(number, known) for number in found))
    more = f" and {len(names) - MOST_SOURCES} more" if len(names) > MOST_SOURCES else ""
    counts = ((state, sum(one.status == state for one in found)) for state in ("derived", "assumed", "fitted"))
    marked = "".join(f"; {count} {state}" for state, count in counts if count)
    return f"Costs: {', '.join(names[:MOST_SOURCES])}{more}{marked}."


def _short(number: Sourced, known: dict[str, Source]) -> str:
    source = known.get(number.source)
    return source.short() if source is not None and source.author else number.source
