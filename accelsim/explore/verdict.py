"""What follows from a comparison? Sentences made from its numbers, each with its reference and direction.

A sentence is written only where the numbers say it: change a number and the sentence changes or goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from accelsim.explore.ratios import Ratio, compare_amounts
from accelsim.explore.reasons import largest_parts, multiplies
from accelsim.explore.robust import Judgement
from accelsim.explore.savings import savings
from accelsim.explore.speed import each, fastest
from accelsim.explore.words import joined, part_words
from accelsim.layout import percent
from accelsim.units import engineering, ratio

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison


def verdict(comparison: Comparison) -> tuple[str, ...]:
    """Return what follows from a comparison, the overall order first."""
    return (
        *_least_energy(comparison),
        *fastest(comparison),
        *savings(comparison),
        *each(comparison),
        *_one_multiply(comparison),
        *_dominating(comparison),
        *_no_reuse(comparison),
    )


# ---------------------------------------------------------------------- the order


def _least_energy(comparison: Comparison) -> Iterator[str]:
    """Who takes least, who is too close to it to call, and the margins to the reference and the next."""
    energies = {name: one.energy_pj for name, one in zip(comparison.names, comparison.results, strict=True)}
    known = {name: energy for name, energy in energies.items() if energy is not None}
    unknown = [name for name in energies if name not in known]
    if unknown:
        yield f"Energy of {joined(unknown)} is unknown, for want of costs in the profile."
    if len(known) < 2:
        return
    order = sorted(known, key=lambda name: known[name])
    best, reference = order[0], comparison.reference_name
    rivals = {name: judged for name in order[1:] if (judged := comparison.judgement(best, name)) and judged.too_close}
    ties = [name for name in order if name not in rivals and _against(known[name], known[best]).direction == "same"]
    if len(ties) == len(known):
        energy = engineering(known.get(reference, known[best]), "pJ")
        yield f"{joined(ties) if unknown else 'All'} take the same energy, {energy}."
        return
    yield from _too_close(comparison, best, ties, rivals)
    runner_up = next((name for name in order if name not in (*ties, *rivals, reference)), None)
    beaten = [name for name in (reference, runner_up) if name in known and name not in (*ties, *rivals)]
    if beaten:
        title = f"{best}, the reference," if ties == [reference] else joined(ties)
        takes = ("takes" if len(ties) == 1 else "take") + ("" if rivals else " the least energy:")
        margins = joined([f"{_against(known[best], known[name]).text} than {name}" for name in beaten if name])
        yield f"{title} {takes} {margins}{_surety(comparison, best, [name for name in beaten if name])}."


def _against(energy: float, reference: float) -> Ratio:
    return compare_amounts(energy, reference, "less", "more", "the same")


def _too_close(
    comparison: Comparison, best: str, ties: Sequence[str], rivals: Mapping[str, Judgement]
) -> Iterator[str]:
    """Say which energies are too close to the least one: by what mappings may differ, or by the costs' ranges."""
    near = {name: judged.apart for name, judged in rivals.items() if judged.near}
    if near:
        apart = f"up to {ratio(max(near.values()))}" if len(near) > 1 else ratio(max(near.values()))
        yield (
            f"{joined([*ties, *near])} are too close to call in energy: {apart} apart, "
            "and mappings alone may differ by as much."
        )
    ranged = [name for name in rivals if name not in near]
    if ranged:
        yield (
            f"{joined([*ties, *ranged])} are too close to call in energy: "
            "which takes least depends on where the costs lie within their published ranges"
            f"{_odds(comparison, best, ranged)}."
        )


def _odds(comparison: Comparison, best: str, rivals: Sequence[str]) -> str:
    """How likely the least energy at the costs as they are is less than its rivals'."""
    found = {name: odds.text for name in rivals if (odds := comparison.probability(best, name)) is not None}
    return f"; {best} takes less than {joined([f'{name} {odds}' for name, odds in found.items()])}" if found else ""


def _surety(comparison: Comparison, best: str, beaten: Sequence[str]) -> str:
    """How sure the order of some energies is."""
    judged = [found for name in beaten if (found := comparison.judgement(best, name)) is not None]
    if not any(found.ranged for found in judged):
        return " (none of the costs used has a published range to vary it in)"
    return ", whatever the costs within their published ranges" if all(found.robust for found in judged) else ""


# ---------------------------------------------------------------------- why


def _one_multiply(comparison: Comparison) -> Iterator[str]:
    chip = comparison.reference.chip
    if comparison.several_chips:
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
        every = "every result" if comparison.several_chips else "every scheme"
        where = every if len(shares) == len(comparison.results) > 1 else joined(list(shares))
        if min(shares.values()) > 0.5:
            yield f"{part_words(part)} dominates: it takes {span} of the energy in {where}."
        else:
            yield f"{part_words(part)} takes the largest part of the energy in {where}, {span}."


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
