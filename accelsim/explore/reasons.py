"""Why does a result cost what it costs: what bounds it, what it moves, what it multiplies in?"""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.precision import parse_format
from accelsim.simulation.result import LayerResult, Result


def dram_words(result: Result) -> float:
    """Return the words that the outermost memory moves."""
    name = result.chip.outermost.name
    return sum(
        line.count * one.layer.repeat
        for one in result.layers
        for line in one.lines
        if line.part == "memory" and line.place == name
    )


def bits_per_word(result: Result) -> float:
    """Return the average width of the words that the outermost memory moves."""
    words = dram_words(result)
    return result.dram_bits / words if words else 1.0


def limits_of(result: Result) -> list[tuple[str, float]]:
    """Return what bounds the layers of a result, with the share of all its time, the largest first."""
    bound: dict[str, float] = {}
    for one in result.layers:
        bound[one.bound_by] = bound.get(one.bound_by, 0.0) + one.cycles * one.layer.repeat
    shares = ((name, cycles / result.cycles if result.cycles else 0.0) for name, cycles in bound.items())
    return sorted(shares, key=lambda each: -each[1])


def need(result: Result, reference: Result, resource: str) -> float:
    """Cycles that a resource alone needs in the layers that it bounds in the reference."""
    return sum(
        own.busy.get(resource, 0.0) * own.layer.repeat
        for own, other in zip(result.layers, reference.layers, strict=True) if other.bound_by == resource
    )  # fmt: skip


def multiplies(results: Sequence[Result]) -> dict[str, float]:
    """Return the pJ of one multiply in every format that a result multiplies in, cheapest first."""
    found: dict[str, float] = {}
    for result in results:
        for one in result.layers:
            if one.formats is not None:
                pair, cost = multiply_of(result, one.layer.name)
                if cost is not None:
                    found.setdefault(pair, cost)
    return dict(sorted(found.items(), key=lambda each: each[1]))


def multiply_of(result: Result, layer: str) -> tuple[str, float | None]:
    """Return the formats that a layer is multiplied in, and the pJ of one such multiply."""
    formats = result.layer(layer).formats
    assert formats is not None
    rate = result.chip.macs_per_pe_cycle(formats.compute_weight, formats.compute_input, formats.accumulator)
    cost = result.chip.multiply_pj(rate.weight, rate.input)
    pair = rate.weight if rate.weight == rate.input else f"{rate.weight} x {rate.input}"
    return pair, None if cost is None else cost.value


def base_of(result: Result, results: Sequence[Result]) -> Result | None:
    """Return the result among others that stores what this one only multiplies in; None if there is none."""
    pair = _busiest_pair(result)
    if pair is None or stores_what_it_multiplies(result):
        return None
    same = (one for one in results if one is not result and one.chip == result.chip and _busiest_pair(one) == pair)
    return next((one for one in same if stores_what_it_multiplies(one)), None)


def stores_what_it_multiplies(result: Result) -> bool:
    """Whether the formats of the layer with most MACs are multiplied as wide as they are stored."""
    one = busiest(result)
    if one.formats is None:
        return False
    rate = result.chip.macs_per_pe_cycle(
        one.formats.compute_weight, one.formats.compute_input, one.formats.accumulator
    )  # fmt: skip
    stored = one.formats.weight, one.formats.input
    return all(own.bits >= parse_format(used).bits for own, used in zip(stored, (rate.weight, rate.input), strict=True))


def _busiest_pair(result: Result) -> str | None:
    one = busiest(result)
    return None if one.formats is None else multiply_of(result, one.layer.name)[0]


def busiest(result: Result) -> LayerResult:
    """Return the layer with most MACs over all repeats."""
    return max(result.layers, key=lambda one: one.layer.macs * one.layer.repeat)


def largest_parts(names: Sequence[str], results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Return the parts that take most of an energy, each with the results in which it does and its share there."""
    found: dict[str, dict[str, float]] = {}
    for name, result in zip(names, results, strict=True):
        parts = {part: energy for part, energy in result.energy_breakdown_pj.items() if energy}
        if parts and result.energy_pj:
            part = max(parts, key=lambda each: parts[each])
            found.setdefault(part, {})[name] = parts[part] / result.energy_pj
    return found
