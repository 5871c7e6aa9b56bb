"""What does a reader see of an estimate and of a comparison? Pages of text, built from tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from accelsim.explore.words import joined
from accelsim.hardware.chip import Chip
from accelsim.layout import percent, table
from accelsim.provenance import Source
from accelsim.report import tables
from accelsim.report.fusion_text import fusion_sentences, fusion_table
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.training_text import training_table
from accelsim.simulation.costs import uses, works
from accelsim.simulation.distance import distance
from accelsim.simulation.explain import LAYER_ALIGN, LAYER_HEADER, layer_rows
from accelsim.simulation.power import power_words
from accelsim.simulation.result import Result
from accelsim.units import capacity, engineering

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison

ASSUMPTIONS = "docs/assumptions.md"
UNSAID = ("phase", "pass")
"""Options that the title of a network tells already."""


def array_of(chip: Chip) -> str:
    """Return a chip's fan-outs as "16x16 PEs"."""
    return f"{'x'.join(str(fanout.size) for fanout in chip.fanouts)} PEs" if chip.fanouts else "1 PE"


def titled(result: Result) -> str:
    """Return what was computed: the model, its batch, options and MACs."""
    network = result.network
    name = network.title or network.name
    options = "".join(f", {option} {value}" for option, value in network.options.items() if option not in UNSAID)
    return f"{name} (batch {network.batch}{options}, {engineering(result.macs, 'MACs')})"


# ---------------------------------------------------------------------- estimate


def estimate_page(result: Result, cite: bool = False) -> Page:
    """Return an estimate as a page: totals, where energy and time go, the costliest layers, what was left out."""
    chip = result.chip
    page = [
        Text(f"{titled(result)} in {result.scheme.name} on {chip.name}", "title"),
        Text(_setting(result), "note"),
        *_scheme_words([result]),
        Text(""),
    ]
    page += [Text(line) for line in table(["", "", ""], list(_totals(result)), "lrl")[1:]]
    page.append(Text(""))
    page += headed(training_table(result))
    page += headed(fusion_table(result))
    page += sentences(fusion_sentences(result), "note")
    page += headed(tables.shares_table(result))
    page += headed(tables.bandwidths(result))
    page += headed(table(LAYER_HEADER, layer_rows(result, result.costliest(6)), LAYER_ALIGN))
    page += sentences([f"warning: {warning}" for warning in result.warnings], "warning")
    if result.warnings:
        page.append(Text(""))
    page += _footer([result], cite)
    return page


def _scheme_words(results: Sequence[Result]) -> Iterator[Text]:
    """Yield what schemes say of themselves: a file its description, from-model what the model states."""
    told = dict.fromkeys((one.scheme.name, one.scheme.description) for one in results if one.scheme.description)
    yield from sentences([f"{name}: {description}" for name, description in told], "note", indent="")


def _setting(result: Result) -> str:
    chip = result.chip
    clock = engineering(chip.clock_hz.value, "Hz")
    return f"{array_of(chip)} at {clock}, {result.mapping} mapping for {result.objective}"


def _totals(result: Result) -> Iterator[list[str]]:
    memory, dram = result.memory, result.chip.outermost.name
    energy = result.power_energy_pj if result.energy_pj is None else result.energy_pj
    yield ["energy", tables.joules(energy), _energy_words(result)]
    yield [
        "time",
        engineering(result.latency_s, "s"),
        f"{tables.number(result.throughput_per_s)} per s, bound by {result.bound_by}",
    ]
    if result.average_power_w is not None:
        yield ["power", engineering(result.average_power_w, "W"), _power_words(result)]
    skipped = f"; {percent(result.skipped_macs, result.macs)} of the MACs are skipped" if result.skipped_macs else ""
    yield [
        "rate", tables.number(result.achieved_macs_per_cycle),
        f"of {tables.number(result.peak_macs_per_cycle)} MACs per cycle at peak "
        f"({percent(result.achieved_macs_per_cycle, result.peak_macs_per_cycle)}{skipped})",
    ]  # fmt: skip
    yield [
        dram, tables.octets(result.dram_bits / 8),
        f"{tables.octets(result.dram_read_bits / 8)} read, {tables.octets(result.dram_write_bits / 8)} written, "
        f"{tables.number(result.macs_per_dram_byte)} MACs per byte{_distance_words(result)}",
    ]  # fmt: skip
    parts = [
        f"{tables.octets(memory.weight_bytes)} weights",
        f"{tables.octets(memory.activation_bytes)} activations at {memory.peak_layer}",
    ]
    if memory.kv_bytes:
        parts.insert(1, f"{tables.octets(memory.kv_bytes)} KV cache")
    if memory.state_bytes:
        parts.insert(1, f"{tables.octets(memory.state_bytes)} optimizer states")
    yield ["memory", tables.octets(memory.peak_bytes), ", ".join(parts)]
    if memory.capacity_bytes is not None:
        inside = "" if memory.writable_bytes is None else f", and {capacity(memory.writable_bytes * 8)} to write to"
        has = f"{capacity(memory.capacity_bytes * 8)} of {dram}{inside}"
        yield ["", "", f"{'fits' if memory.fits else 'does not fit'} the {has}"]


def _distance_words(result: Result) -> str:
    ratio = distance(result.layers)
    return "" if ratio is None else f", {ratio:.3g}x the least of any mapping"


def _energy_words(result: Result) -> str:
    if result.energy_pj is None:
        drawn = "" if result.power_energy_pj is None else f"{power_words(result.chip)} x time; "
        lack = "the profile lacks a cost" if result.chip.has_costs else "no cost per operation is known"
        return f"{drawn}{lack}, see the warnings"
    words = f"{result.energy_pj / result.macs:.3g} pJ per MAC" if result.macs else ""
    own = [
        one.energy_pj * one.layer.repeat for one in result.layers if one.nest is not None and one.energy_pj is not None
    ]
    if result.bound_energy_pj:
        words += f", {sum(own) / result.bound_energy_pj:.3g}x what no mapping can beat"
    return words


def _power_words(result: Result) -> str:
    tdp, limited = result.chip.tdp_w, result.power_limited_latency_s
    if tdp is None:
        return "on average; no TDP known"
    if limited is None:
        return f"on average, within the TDP of {tdp.value:g} W"
    return f"on average, above the TDP of {tdp.value:g} W: within it the time would be {engineering(limited, 's')}"


# ---------------------------------------------------------------------- comparison


def compare_page(comparison: Comparison, cite: bool = False) -> Page:
    """Return a comparison as a page: energy, speed, traffic and bandwidth tables, then the verdict."""
    from accelsim.report import comparison_tables

    reference = comparison.reference
    chips = {result.chip.name: result.chip for result in comparison.results}
    where = (
        f"{array_of(reference.chip)} at {engineering(reference.chip.clock_hz.value, 'Hz')}, " if len(chips) == 1 else ""
    )
    page = [
        Text(f"{titled(reference)} on {joined(list(chips))}", "title"),
        Text(f"{where}{reference.mapping} mapping for {reference.objective}", "note"),
        *_scheme_words(comparison.results),
        Text(""),
    ]
    page += headed(comparison_tables.energy_table(comparison))
    page += headed(comparison_tables.speed_table(comparison))
    page += headed(comparison_tables.traffic_table(comparison))
    page += headed(comparison_tables.bandwidth_table(comparison))
    page += sentences([f"- {sentence}" for sentence in comparison.verdict])
    page += sentences([f"- {one.name} cannot run: {one.reason}" for one in comparison.refusals], "warning")
    said: dict[str, list[str]] = {}
    for name, result in zip(comparison.names, comparison.results, strict=True):
        for warning in result.warnings:
            said.setdefault(warning, []).append(name)
    if said:
        page.append(Text(""))
        page += sentences([f"warning, {joined(names)}: {warning}" for warning, names in said.items()], "warning")
    page.append(Text(""))
    page += _footer(comparison.results, cite)
    return page


# ---------------------------------------------------------------------- what stands below


def _footer(results: Sequence[Result], cite: bool) -> Iterator[Text]:
    known = {key: source for result in results for key, source in works(result).items()}
    if cite:
        yield from citation_lines(results, known)
    else:
        yield from sentences([cost_sentence(results, known)], "note")
    yield from sentences(
        [f"Accuracy is not estimated: only what the formats cost, not what they lose. Assumptions: {ASSUMPTIONS}"],
        "note",
    )


def cost_sentence(results: Sequence[Result], known: dict[str, Source]) -> str:
    """Return which works the costs come from, and how many were derived or are unconfirmed."""
    found = list(dict.fromkeys(use for result in results for use in uses(result)))
    if not found or not any(result.chip.has_costs for result in results):
        return "Costs: the profile lists none."
    names = list(
        dict.fromkeys(
            known[use.cost.source].short()
            if use.cost.source in known and known[use.cost.source].author
            else use.cost.source
            for use in found
        )
    )
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    counts = [
        (status, sum(use.cost.status == status for use in found))
        for status in ("derived", "assumed", "fitted", "from memory")
    ]
    marked = [f"{count} {status}" for status, count in counts if count]
    where = f"; of {len(found)}, {joined(marked)} (see --cite)" if marked else " (see --cite)"
    return f"Costs: {', '.join(names[:4])}{more}{where}."


def citation_lines(results: Sequence[Result], known: dict[str, Source]) -> Iterator[Text]:
    """Yield every cost in use with its range and source, the laws of derived ones, and the works in full."""
    yield from headed(tables.cost_table(results, known))
    uncertain = dict.fromkeys(
        use for result in results for use in uses(result) if use.cost.status != "seen" and use.cost.note
    )
    if uncertain:
        yield Text("  derived, assumed and unconfirmed costs", "head")
        yield from sentences([f"{use.what} ({use.cost.status}): {use.cost.note}" for use in uncertain])
        yield Text("")
    yield Text("  sources", "head")
    yield from sentences(list(dict.fromkeys(source.cite() for result in results for source in result.citations())))
    yield Text("")
