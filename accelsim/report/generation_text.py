"""What does a reader see of a generation? Both phases side by side, where energy and time go, what a token costs."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.explore.words import cause_words
from accelsim.layout import percent, table
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.tables import joules, number, octets
from accelsim.report.text import ASSUMPTIONS, array_of, citation_lines, cost_sentence
from accelsim.simulation.costs import works
from accelsim.simulation.generation.phase import Phase
from accelsim.simulation.generation.result import Generation
from accelsim.simulation.power import power_words
from accelsim.units import capacity, engineering


def generation_page(made: Generation, cite: bool = False) -> Page:
    """Return a generation as a page: what each phase takes, and by what; with ``cite`` every cost and its source."""
    clock = engineering(made.chip.clock_hz.value, "Hz")
    page = [
        Text(f"{_titled(made)} in {made.scheme.name} on {made.chip.name}", "title"),
        Text(f"{array_of(made.chip)} at {clock}, {made.mapping} mapping for {made.objective}", "note"),
        Text(""),
    ]
    page += headed(_phases(made))
    page += [Text(line) for line in table(["", "", ""], list(_totals(made)), "lrl")[1:]]
    page.append(Text(""))
    page += headed(_shares(made))
    page += sentences([f"warning: {warning}" for warning in made.warnings], "warning")
    if made.warnings:
        page.append(Text(""))
    results = [made.first_pass, *made.steps.estimated.values()]
    known = {key: source for result in results for key, source in works(result).items()}
    page += citation_lines(results, known) if cite else sentences([cost_sentence(results, known)], "note")
    page += sentences(
        [f"Accuracy is not estimated: only what the formats cost, not what they lose. Assumptions: {ASSUMPTIONS}"],
        "note",
    )
    return page


def _titled(made: Generation) -> str:
    what = f"{made.prompt:,} tokens read, {made.new_tokens:,} written"
    return f"{made.title} (batch {made.batch}, {what}, {engineering(made.macs, 'MACs')})"


def _phases(made: Generation) -> list[str]:
    dram = made.chip.outermost.name
    header = ["phase", "tokens", "passes", "time", "tokens/s", "energy", "per token", dram, "bound by"]
    return table(header, [_row(phase) for phase in made.phases], "lrrrrrrrl")


def _row(phase: Phase) -> list[str]:
    per_token = None if phase.energy_pj is None else phase.energy_pj / phase.tokens
    return [
        phase.name,
        f"{phase.tokens:,}",
        f"{phase.passes:,}",
        engineering(phase.latency_s, "s"),
        number(phase.tokens_per_s),
        joules(phase.energy_pj),
        joules(per_token),
        octets(phase.dram_bits / 8),
        phase.bound_by,
    ]


def _totals(made: Generation) -> Iterator[list[str]]:
    memory, steps = made.memory, made.step_latency_s
    drawn = made.power_energy_pj
    if drawn is not None:
        each = joules(drawn / made.total.tokens)
        yield ["energy", joules(drawn), f"{power_words(made.chip)} x time; {each} for each token written"]
    yield ["first token", engineering(made.time_to_first_token_s, "s"), "after the prefill"]
    first, last = (engineering(float(steps[place]), "s") for place in (0, -1))
    yield ["next tokens", first, f"each at first, {last} at a context of {made.prompt + made.new_tokens:,}"]
    kept = f"{octets(memory.weight_bytes)} weights, {octets(memory.kv_bytes)} KV cache at the end"
    yield ["memory", octets(memory.peak_bytes), f"{kept}, {octets(memory.activation_bytes)} activations"]
    if memory.capacity_bytes is not None:
        verb = "fits" if memory.fits else "does not fit"
        yield ["", "", f"{verb} the {capacity(memory.capacity_bytes * 8)} of {made.chip.outermost.name}"]


def _shares(made: Generation) -> list[str]:
    """Energy by part and time by cause, a column a phase, as shares."""
    phases = made.phases
    rows: list[list[str]] = []
    known = () if made.energy_pj is None else phases
    parts = dict.fromkeys(name for phase in known for name, value in phase.energy_breakdown_pj.items() if value != 0)
    for part in sorted(parts, key=lambda name: -(made.total.energy_breakdown_pj.get(name) or 0.0)):
        cells = [phase.energy_breakdown_pj.get(part, 0.0) for phase in phases]
        rows.append(
            ["energy", part, *(_share(value, phase.energy_pj) for value, phase in zip(cells, phases, strict=True))]
        )
    causes = dict.fromkeys(name for phase in phases for name in phase.cycle_breakdown)
    for cause in sorted(causes, key=lambda name: -made.total.cycle_breakdown.get(name, 0.0)):
        times = [phase.cycle_breakdown.get(cause, 0.0) for phase in phases]
        shares = [percent(value, phase.cycles) for value, phase in zip(times, phases, strict=True)]
        rows.append(["time", cause_words(cause), *shares])
    return table(["share of", "", *(phase.name for phase in phases)], rows, "llrrr")


def _share(part: float | None, whole: float | None) -> str:
    return "unknown" if part is None or whole is None else percent(part, whole)
