"""Which result is fastest, and what made each faster or slower than the reference?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from accelsim.explore.ratios import Ratio, compare_amounts
from accelsim.explore.reasons import bits_per_word, dram_words, limits_of, need
from accelsim.explore.words import cause_words, joined
from accelsim.layout import percent
from accelsim.simulation.result import Result
from accelsim.units import engineering

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison

NOTABLE = 0.02
"""Relative change in the words moved below which it is not mentioned."""

EASED = 0.05
"""Relative change in the need of a bottleneck below which it is not named as the reason."""

SHORT = 0.1
"""How far a speed-up must stay below the easing of the bottleneck for the new limit to be named."""

WORTH_SAYING = 0.1
"""Share of the time below which a bottleneck is not mentioned."""


def fastest(comparison: Comparison) -> Iterator[str]:
    """Yield which results take the least time."""
    times = {name: one.latency_s for name, one in zip(comparison.names, comparison.results, strict=True)}
    if len(times) < 2:
        return
    order = sorted(times, key=lambda name: times[name])
    reference = comparison.reference_name
    ties = [name for name in order if _speed(times[name], times[order[0]]).direction == "same"]
    if len(ties) == len(order):
        yield f"All take the same time, {engineering(times[reference], 's')}."
    elif reference in ties:
        yield f"None is faster than {reference}, the reference, at {engineering(times[reference], 's')}."
    else:
        are = "are the fastest" if len(ties) > 1 else "is the fastest"
        yield f"{joined(ties)} {are}: {_speed(times[order[0]], times[reference]).text} than {reference}."


def _speed(time: float, reference: float) -> Ratio:
    return compare_amounts(time, reference, "faster", "slower", "just as fast")


def each(comparison: Comparison) -> Iterator[str]:
    """Yield one sentence on every result but the reference: its time and why; across chips also its energy."""
    for name, result in zip(comparison.names, comparison.results, strict=True):
        if result is comparison.reference:
            continue
        if comparison.several_chips:
            yield _across_chips(comparison, name)
        else:
            facts = [*_time(comparison, name), _words(comparison, name), _conversion(result)]
            yield f"{'; '.join(fact for fact in facts if fact)}."


def _across_chips(comparison: Comparison, name: str) -> str:
    result, reference, called = comparison[name], comparison.reference, comparison.reference_name
    energy, judged = comparison.ratio(name, "energy_pj"), comparison.judgement(name)
    close = " (too close to call)" if judged is not None and judged.too_close else ""
    than = "as" if energy.direction == "same" else "than"
    time = comparison.ratio(name, "latency_s")
    if energy.value is None:
        takes = f"is {time.text} {'as' if time.direction == 'same' else 'than'} {called}"
    else:
        takes = f"takes {energy.text} {than} {called}{close} and is {time.text}"
    return f"{name} {takes}; it is bound by {_bounds(result)}, the reference by {_bounds(reference)}."


def _limits(result: Result) -> list[tuple[str, float]]:
    return [limit for limit in limits_of(result) if limit[1] >= WORTH_SAYING] or limits_of(result)[:1]


def _bounds(result: Result) -> str:
    return joined([f"{resource} {_time_share(share)}" for resource, share in _limits(result)])


def _time_share(share: float) -> str:
    """Return how much of its time something is in a state, in words."""
    shown = percent(share, 1)
    return f"all its time ({shown})" if shown == "100%" else f"for {shown} of its time"


def _time(comparison: Comparison, name: str) -> Iterator[str]:
    """Yield how the time stands to the reference's and why, then what limits a speed-up that fell short."""
    found, result, reference = comparison.ratio(name, "latency_s"), comparison[name], comparison.reference
    called, limits = comparison.reference_name, _limits(reference)
    needs = {
        resource: compare_amounts(
            need(result, reference, resource), need(reference, reference, resource), "less", "more", ""
        )
        for resource, _ in limits
    }
    if found.direction == "same":
        kept = [(resource, share) for resource, share in limits if needs[resource].direction == "same"]
        stated = joined([f"{resource} {_time_share(share)}" for resource, share in kept]) if kept else ""
        those = "these" if len(kept) > 1 else "it"
        why = f": {called} is bound by {stated}, and {name} needs {those} as much" if kept else ""
        yield f"{name} is as fast as {called}, no faster{why}"
        return
    eased = {
        resource: easing.value
        for resource, easing in needs.items()
        if easing.direction == found.direction and easing.value is not None and easing.value >= 1 + EASED
    }
    if not eased:
        yield f"{name} is {found.text} than {called}"
        return
    why = joined([
        f"by {resource} {_time_share(share)}, where {name} needs it {needs[resource].text}"
        for resource, share in limits if resource in eased
    ])  # fmt: skip
    yield f"{called} is bound {why}, so {name} is {found.text}"
    if found.direction == "less" and found.value is not None and found.value * (1 + SHORT) < max(eased.values()):
        cause, cycles = max(result.cycle_breakdown.items(), key=lambda part: part[1])
        yield f"what limits it now: {cause_words(cause)}, {percent(cycles, result.cycles)} of its time"


def _words(comparison: Comparison, name: str) -> str:
    """Say how much of a change in traffic comes from width and how much from moving fewer words."""
    result, reference = comparison[name], comparison.reference
    dram = result.chip.outermost.name
    found = compare_amounts(dram_words(result), dram_words(reference), "fewer", "more", "")
    if found.value is None or found.value < 1 + NOTABLE:
        return ""
    width = compare_amounts(bits_per_word(result), bits_per_word(reference), "narrower", "wider", "as wide")
    return f"its {dram} traffic is {found.text} words, {width.text}"


def _conversion(result: Result) -> str:
    energy = result.energy_breakdown_pj.get("convert")
    if not energy or not result.energy_pj:
        return ""
    return f"converting takes {engineering(energy, 'pJ')}, {percent(energy, result.energy_pj)} of its energy"
