"""What follows from a comparison? Sentences made from its numbers, each with its reference and direction.

A sentence is written only where the numbers say it: change a number and the sentence changes or goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from accelsim.explore.ratios import Ratio, compare_amounts
from accelsim.explore.reasons import bits_per_word, dram_words, largest_parts, limits_of, multiplies, need
from accelsim.layout import percent
from accelsim.simulation.result import Result
from accelsim.units import engineering, ratio

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison

NOTABLE = 0.02
"""Relative change in the words moved below which it is not mentioned."""

EASED = 0.05
"""Relative change in the need of a bottleneck below which it is not named as the reason."""

EXACT = 1e-9
"""Relative distance from a whole number that is only rounding."""

WORTH_SAYING = 0.1
"""Share of the time below which a bottleneck is not mentioned."""


def verdict(comparison: Comparison) -> tuple[str, ...]:
    """Return what follows from a comparison, the overall order first."""
    return (
        *_least_energy(comparison),
        *_fastest(comparison),
        *_savings(comparison),
        *_each(comparison),
        *_one_multiply(comparison),
        *_dominating(comparison),
        *_no_reuse(comparison),
    )


def joined(names: Sequence[str]) -> str:
    """Return names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# ---------------------------------------------------------------------- the order


def _least_energy(comparison: Comparison) -> Iterator[str]:
    energies = {name: one.energy_pj for name, one in zip(comparison.names, comparison.results, strict=True)}
    known = {name: energy for name, energy in energies.items() if energy is not None}
    unknown = [name for name in energies if name not in known]
    if unknown:
        yield f"Energy of {joined(unknown)} is unknown, for want of costs in the profile."
    if len(known) < 2:
        return
    order = sorted(known, key=lambda name: known[name])
    best, reference = order[0], comparison.reference_name
    rivals = [name for name in order[1:] if _too_close(comparison, best, name)]
    if rivals:
        yield (
            f"{joined([best, *rivals])} are too close to call in energy: "
            "which takes least depends on where the costs lie within their published ranges."
        )
    runner_up = next((name for name in order[1:] if name not in rivals and name != reference), None)
    beaten = [
        name for name in (reference, runner_up) if name is not None and name in known and name not in (best, *rivals)
    ]
    if beaten:
        title = f"{best}, the reference," if best == reference else best
        margins = joined([f"{_less(known[best], known[name])} than {name}" for name in beaten])
        takes = "takes" if rivals else "takes the least energy:"
        yield f"{title} {takes} {margins}{_surety(comparison, best, beaten)}."


def _less(value: float, reference: float) -> str:
    return compare_amounts(value, reference, "less", "more", "the same energy, no less").text


def _too_close(comparison: Comparison, one: str, other: str) -> bool:
    judged = comparison.judgement(one, other)
    return judged is not None and judged.too_close


def _surety(comparison: Comparison, best: str, beaten: Sequence[str]) -> str:
    """How sure the order of some energies is."""
    judged = [found for name in beaten if (found := comparison.judgement(best, name)) is not None]
    if not any(found.ranged for found in judged):
        return " (none of the costs used has a published range to vary it in)"
    return ", whatever the costs within their published ranges" if all(found.robust for found in judged) else ""


def _fastest(comparison: Comparison) -> Iterator[str]:
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


# ---------------------------------------------------------------------- what is saved


def _savings(comparison: Comparison) -> Iterator[str]:
    """Traffic, peak rate and MAC energy: which schemes save which, so that storing is kept apart from multiplying."""
    others = [name for name in comparison.names if comparison[name] is not comparison.reference]
    if not others:
        return
    reference = comparison.reference_name
    moved = {name: comparison.ratio(name, "dram_bits") for name in others}
    dram = comparison.reference.chip.outermost.name
    yield f"{dram} traffic against {reference}: {_listed(moved, 'less', 'more', whole_ratio)}."
    rates = {name: comparison.ratio(name, "peak_macs_per_cycle") for name in others}
    yield f"Peak MACs per cycle against {reference}: {_listed(rates, 'fewer', 'higher')}."
    energies = {name: found for name in others if (found := comparison.ratio(name, "mac_pj")).value is not None}
    if energies:
        yield f"Energy of a multiply-accumulate against {reference}: {_listed(energies, 'less', 'more')}."
    stored_only = [
        name
        for name in others
        if moved[name].direction == "less"
        and rates[name].direction == "same"
        and name in energies
        and energies[name].direction == "same"
    ]
    both = [
        name
        for name in others
        if moved[name].direction == "less"
        and rates[name].direction == "more"
        and name in energies
        and energies[name].direction == "less"
    ]
    if stored_only:
        verb = "saves" if len(stored_only) == 1 else "save"
        only = f"; only {joined(both)} {'saves' if len(both) == 1 else 'save'} in all three" if both else ""
        yield f"So {joined(stored_only)} {verb} traffic but no multiplying{only}."


def whole_ratio(value: float) -> str:
    """Return a ratio as "4.00x" where it is that or a little more, as "just under 4x" where scales keep it below."""
    shown, whole = ratio(value), round(value)
    below = shown == ratio(whole) and "." in shown and value < whole * (1 - EXACT)
    return f"just under {whole}x" if below else shown


def _listed(ratios: Mapping[str, Ratio], less: str, more: str, shown: Callable[[float], str] = ratio) -> str:
    """Return ratios as "2.00x less with fp16, 4.00x less with int8, the same with w8a32"."""
    grouped: dict[str, list[str]] = {}
    for name, found in ratios.items():
        words = {"less": less, "more": more}.get(found.direction)
        text = "not comparable" if found.value is None else f"{shown(found.value)} {words}" if words else "the same"
        grouped.setdefault(text, []).append(name)
    return ", ".join(f"{text} with {joined(names)}" for text, names in grouped.items())


# ---------------------------------------------------------------------- each against the reference


def _each(comparison: Comparison) -> Iterator[str]:
    for name, result in zip(comparison.names, comparison.results, strict=True):
        if result is not comparison.reference:
            facts = [_time(comparison, name), _words(comparison, name), _conversion(result)]
            yield f"{name} is {'; '.join(fact for fact in facts if fact)}."


def _words(comparison: Comparison, name: str) -> str:
    """Say how much of a change in traffic comes from width and how much from moving fewer words."""
    result, reference = comparison[name], comparison.reference
    dram = result.chip.outermost.name
    moved = dram_words(result), dram_words(reference)
    found = compare_amounts(*moved, "fewer", "more", "")
    if found.value is None or found.value < 1 + NOTABLE:
        return ""
    width = compare_amounts(bits_per_word(result), bits_per_word(reference), "narrower", "wider", "as wide")
    return f"its {dram} traffic is {found.text} words, {width.text}"


def _conversion(result: Result) -> str:
    energy = result.energy_breakdown_pj.get("convert")
    if not energy or not result.energy_pj:
        return ""
    return f"converting takes {engineering(energy, 'pJ')}, {percent(energy, result.energy_pj)} of its energy"


def _time(comparison: Comparison, name: str) -> str:
    found = comparison.ratio(name, "latency_s")
    result, reference = comparison[name], comparison.reference
    called = comparison.reference_name
    than = f"{found.text} than {called}" if found.direction != "same" else f"as fast as {called}, no faster"
    if result.chip != reference.chip:
        return than
    limits = [limit for limit in limits_of(reference) if limit[1] >= WORTH_SAYING]
    if found.direction == "same":
        stated = joined([f"{resource} for {percent(share, 1)} of its time" for resource, share in limits])
        return f"{than}: {called} is bound by {stated}, which it needs as much"
    eased = []
    for resource, share in limits:
        easing = compare_amounts(
            need(result, reference, resource), need(reference, reference, resource), "less", "more", ""
        )
        if easing.direction == found.direction and easing.value is not None and easing.value >= 1 + EASED:
            eased.append(
                f"{resource} bounds {called} for {percent(share, 1)} of its time and is needed {easing.text} there"
            )
    return f"{than}, for {joined(eased)}" if eased else than


# ---------------------------------------------------------------------- why


def _one_multiply(comparison: Comparison) -> Iterator[str]:
    chip = comparison.reference.chip
    if any(result.chip != chip for result in comparison.results):
        return
    costs = multiplies(comparison.results)
    listed = dict(chip.multiply_table)
    if len(costs) > 1 and "int32" in listed and any(pair.startswith("int") for pair in costs):
        costs.setdefault("int32", listed["int32"].value)
    if len(costs) < 2:
        return
    (least, cheapest), *others = sorted(costs.items(), key=lambda each: each[1])
    against = [f"{cost:.3g} pJ in {pair} ({ratio(cost / cheapest)})" for pair, cost in others if cheapest > 0]
    if against:
        yield f"One multiply takes {cheapest:.3g} pJ in {least} on {chip.name}, against {joined(against)}."


def _dominating(comparison: Comparison) -> Iterator[str]:
    """What takes most of the energy in each result."""
    for part, shares in largest_parts(comparison.names, comparison.results).items():
        least, most = percent(min(shares.values()), 1), percent(max(shares.values()), 1)
        span = least if least == most else f"{least} to {most}"
        where = "every scheme" if len(shares) == len(comparison.results) > 1 else joined(list(shares))
        if min(shares.values()) > 0.5:
            yield f"{part} dominates: it takes {span} of the energy in {where}."
        else:
            yield f"{part} takes the largest part of the energy in {where}, {span}."


def _no_reuse(comparison: Comparison) -> Iterator[str]:
    from accelsim.explore.reuse import dynamic_pj, without_reuse

    reference = comparison.reference
    if not dynamic_pj(reference) or not any(one.nest for one in reference.layers):
        return
    fetched, reused = dynamic_pj(without_reuse(reference)), dynamic_pj(reference)
    found = compare_amounts(fetched, reused, "less", "more", "the same, no more")
    if found.value is None:
        return
    static = ", leaving aside what passes with time" if reused != reference.energy_pj else ""
    yield (
        f"Without on-chip reuse, every MAC fetching its operands from {reference.chip.outermost.name} and writing its "
        f"partial sum there, {comparison.reference_name} would take {engineering(fetched, 'pJ')}: {found.text}{static}."
    )
