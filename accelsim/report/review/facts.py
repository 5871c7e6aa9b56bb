"""What does the report of a comparison say? One record, which HTML and Markdown are written from."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.explore.compare import Comparison
from accelsim.explore.tornado import Tornado
from accelsim.explore.words import cause_words, joined
from accelsim.layout import percent
from accelsim.report.review.assumptions import Assumption, assumptions
from accelsim.report.review.comparison import Card, cards, comparison_table
from accelsim.report.review.ranges import range_table, tornado
from accelsim.report.review.reproduce import Recipe, recipe
from accelsim.report.review.tables import Cell, Column, Table, plain_table
from accelsim.report.tables import joules
from accelsim.report.text import array_of, titled
from accelsim.simulation.costs import Use, short_source, uses, works
from accelsim.simulation.result import Result
from accelsim.units import engineering

NOT_ESTIMATED = "Accuracy is not estimated: the report says what the formats cost, not what they lose."


@dataclass(frozen=True)
class Review:
    """The facts of a design-review report.

    Parameters
    ----------
    title, setting : str
        The model on the chips; how it was mapped.
    question, answer : str
        What was asked, and the verdict in a sentence.
    reasons : tuple of str
        The rest of the verdict, a sentence each.
    cards : tuple of Card
        Who is best at what.
    comparison : Table
    refusals : Table or None
        What cannot run, and why.
    parts : Table or None
        Energy by part; None where no energy is known.
    causes : Table
        Time by cause.
    parts_finding, causes_finding : str
        What takes the largest part of each.
    ranges : Table or None
        Energies over the published ranges of the costs.
    tornado : Tornado or None
        Which cost matters most to the finding.
    assumptions : tuple of Assumption
    costs : Table or None
        Every unit cost in use.
    laws : tuple of str
        How derived, assumed and unconfirmed costs came about.
    sources : tuple of str
        Works in full.
    warnings : tuple of str
    recipe : Recipe
    """

    title: str
    setting: str
    question: str
    answer: str
    reasons: tuple[str, ...]
    cards: tuple[Card, ...]
    comparison: Table
    refusals: Table | None
    parts: Table | None
    parts_finding: str
    causes: Table
    causes_finding: str
    ranges: Table | None
    tornado: Tornado | None
    assumptions: tuple[Assumption, ...]
    costs: Table | None
    laws: tuple[str, ...]
    sources: tuple[str, ...]
    warnings: tuple[str, ...]
    recipe: Recipe


def review(comparison: Comparison, question: str | None = None, command: str | None = None) -> Review:
    """Return what the report of a comparison says.

    Parameters
    ----------
    comparison : Comparison
    question : str, optional
        What the review is to decide; by default which scheme, or which chip, is best.
    command : str, optional
        The command that made it.
    """
    answer, *reasons = _verdict(comparison)
    chips = dict.fromkeys(result.chip.name for result in comparison.results)
    found = list(dict.fromkeys(use for result in comparison.results for use in uses(result)))
    return Review(
        title=f"{titled(comparison.reference)} on {joined(list(chips))}",
        setting=_setting(comparison),
        question=" ".join((question or "").split()) or _question(comparison),
        answer=answer,
        reasons=tuple(reasons),
        cards=cards(comparison),
        comparison=comparison_table(comparison),
        refusals=_refusals(comparison),
        parts=_parts(comparison),
        parts_finding=_largest("energy", {name: _known_parts(comparison[name]) for name in comparison.names}),
        causes=_causes(comparison),
        causes_finding=_largest("time", {name: _cause_words(comparison[name]) for name in comparison.names}),
        ranges=range_table(comparison),
        tornado=tornado(comparison),
        assumptions=assumptions(comparison),
        costs=_costs(comparison, found),
        laws=tuple(f"{use.what} ({use.cost.status}): {use.cost.note}" for use in found if _uncertain(use)),
        sources=tuple(dict.fromkeys(one.cite() for result in comparison.results for one in result.citations())),
        warnings=_warnings(comparison),
        recipe=recipe(comparison, command),
    )


def _verdict(comparison: Comparison) -> list[str]:
    """Return the sentences of the verdict, an answer first: that an energy is unknown answers nothing."""
    sentences = list(comparison.verdict) or [_alone(comparison)]
    if any(result.energy_pj is None for result in comparison.results):
        found = sentences[1:] or [_alone(comparison)]
        return [found[0], sentences[0], *found[1:]] if len(comparison.results) > 1 else [_alone(comparison), *sentences]
    return sentences if len(comparison.results) > 1 else [_alone(comparison), *sentences]


def _alone(comparison: Comparison) -> str:
    """Say what the only result takes, where there is nothing to compare it with."""
    result = comparison.reference
    energy = result.power_energy_pj if result.energy_pj is None else result.energy_pj
    return (
        f"{comparison.reference_name} takes {joules(energy)} and {engineering(result.latency_s, 's')}; "
        f"it is bound by {result.bound_by}."
    )


def _question(comparison: Comparison) -> str:
    network = comparison.reference.network
    model, names = network.title or network.name, [*comparison.names, *(one.name for one in comparison.refusals)]
    schemes = list(
        dict.fromkeys([*(one.scheme.name for one in comparison.results), *(one.scheme for one in comparison.refusals)])
    )
    chips = list(
        dict.fromkeys([*(one.chip.name for one in comparison.results), *(one.chip for one in comparison.refusals)])
    )
    if len(names) == 1:
        return f"What does {model} cost in {schemes[0]} on {chips[0]}?"
    if len(schemes) == 1:
        return f"Which chip runs {model} in {schemes[0]} with the least energy and time: {_either(chips)}?"
    where = f" on {chips[0]}" if len(chips) == 1 else f", and on which of {joined(chips)}"
    return f"Which number format runs {model} with the least energy and time{where}: {_either(schemes)}?"


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _setting(comparison: Comparison) -> str:
    reference = comparison.reference
    mappings = joined(list(dict.fromkeys(result.mapping for result in comparison.results)))
    chip = (
        ""
        if comparison.several_chips
        else f"{array_of(reference.chip)} at {engineering(reference.chip.clock_hz.value, 'Hz')}, "
    )
    return f"{chip}{mappings} mappings for {reference.objective}"


def _refusals(comparison: Comparison) -> Table | None:
    rows = [[one.name, one.reason] for one in comparison.refusals]
    return plain_table("Asked for, and cannot run", ["Scheme", "Why"], rows) if rows else None


def _parts(comparison: Comparison) -> Table | None:
    """Return energy by part, one row per scheme; None where no energy is known."""
    if all(result.energy_pj is None for result in comparison.results):
        return None
    names = dict.fromkeys(part for result in comparison.results for part in result.energy_breakdown_pj)
    shown = [name for name in names if any(result.energy_breakdown_pj.get(name) for result in comparison.results)]
    rows = []
    for name, result in zip(comparison.names, comparison.results, strict=True):
        amounts = [result.energy_breakdown_pj.get(part, 0.0) for part in shown]
        cells = [Cell("-" if amount == 0 else joules(amount), amount) for amount in amounts]
        rows.append((Cell(name), Cell(joules(result.energy_pj), result.energy_pj), *cells))
    columns = (Column("Scheme"), Column("Energy", "right"), *(Column(part, "right") for part in shown))
    return Table("Energy by memory and other part; the parts sum to the energy.", columns, tuple(rows))


def _causes(comparison: Comparison) -> Table:
    """Return time by cause, one row per scheme."""
    causes = list(dict.fromkeys(cause for result in comparison.results for cause in result.cycle_breakdown))
    rows = []
    for name, result in zip(comparison.names, comparison.results, strict=True):
        clock = result.chip.clock_hz.value
        times = [result.cycle_breakdown.get(cause, 0.0) / clock for cause in causes]
        cells = [Cell(engineering(time, "s") if time else "-", time) for time in times]
        rows.append((Cell(name), Cell(engineering(result.latency_s, "s"), result.latency_s), *cells))
    columns = (Column("Scheme"), Column("Time", "right"), *(Column(cause_words(cause), "right") for cause in causes))
    return Table("Time by cause; the causes sum to the time.", columns, tuple(rows))


def _known_parts(result: Result) -> dict[str, float]:
    return {} if result.energy_pj is None else {part: pj or 0.0 for part, pj in result.energy_breakdown_pj.items()}


def _cause_words(result: Result) -> dict[str, float]:
    return {cause_words(cause): cycles for cause, cycles in result.cycle_breakdown.items()}


def _largest(quantity: str, shares: dict[str, dict[str, float]]) -> str:
    """Say which part is the largest in which results, with its share: "DRAM takes 41% to 46% in fp32 and fp16."."""
    groups: dict[str, dict[str, float]] = {}
    for name, parts in shares.items():
        if sum(parts.values()):
            part = max(parts, key=lambda one: parts[one])
            groups.setdefault(part, {})[name] = parts[part] / sum(parts.values())
    words = []
    for part, found in groups.items():
        least, most = percent(min(found.values()), 1), percent(max(found.values()), 1)
        words.append(f"{part} {least if least == most else f'{least} to {most}'} in {joined(list(found))}")
    return f"The largest part of the {quantity}: {'; '.join(words)}." if words else ""


def _costs(comparison: Comparison, found: list[Use]) -> Table | None:
    known = {key: source for result in comparison.results for key, source in works(result).items()}
    if not found:
        return None
    rows = [
        (Cell(use.what), Cell(f"{use.cost.value:.4g} {use.unit}", use.cost.value), Cell(_span(use)),
         Cell(use.cost.status), Cell(short_source(use.cost, known).removesuffix(f" ({use.cost.status})")))
        for use in found
    ]  # fmt: skip
    columns = (
        Column("Cost of"),
        Column("Value", "right"),
        Column("Range", "right"),
        Column("How well known"),
        Column("Source"),
    )
    return Table("Every unit cost that the energies rest on.", columns, tuple(rows))


def _span(use: Use) -> str:
    cost = use.cost
    return f"{cost.least:.4g} to {cost.most:.4g}" if cost.most > cost.least else ""


def _uncertain(use: Use) -> bool:
    return use.cost.status != "seen" and bool(use.cost.note)


def _warnings(comparison: Comparison) -> tuple[str, ...]:
    said: dict[str, list[str]] = {}
    for name, result in zip(comparison.names, comparison.results, strict=True):
        for warning in result.warnings:
            said.setdefault(warning, []).append(name)
    every = len(comparison.names)
    return tuple(text if len(names) == every else f"{joined(names)}: {text}" for text, names in said.items())
