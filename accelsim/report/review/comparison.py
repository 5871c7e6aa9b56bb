"""Which facts of a comparison does a reviewer see first? The table of all results, and who is best at what."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.explore.compare import Comparison
from accelsim.explore.ratios import METRICS, compare_amounts
from accelsim.explore.words import joined
from accelsim.layout import percent
from accelsim.report.review.tables import Cell, Column, Table
from accelsim.report.tables import joules, number, octets
from accelsim.simulation.power import power_words
from accelsim.units import engineering


@dataclass(frozen=True)
class Card:
    """Who is best at something: the label, the amount, whose it is, and how it stands to the reference."""

    label: str
    amount: str
    name: str
    against: str


def comparison_table(comparison: Comparison) -> Table:
    """Return one row per result: energy, time, traffic, memory, rate, each with its ratio to the reference."""
    reference = comparison.reference_name
    bounded = any(result.memory.fits is not None for result in comparison.results)
    dram = outermost_name(comparison)
    columns = (
        Column("Scheme"),
        Column("Energy", "right", "of one pass"),
        Column("Time", "right", "of one pass"),
        Column("EDP", "right", "energy times time"),
        Column(f"{dram[:1].upper()}{dram[1:]} traffic", "right", "read and written"),
        Column("Peak memory", "right", "weights, KV cache and the most activations alive at once"),
        *([Column("Fits")] if bounded else []),
        Column("Power", "right", "on average"),
        Column("Of peak rate", "right", "multiply-accumulates per cycle achieved, of what the array can do"),
        Column("Bound by"),
    )
    rows = tuple(_row(comparison, name, bounded) for name in comparison.names)
    alone = len(comparison.names) == 1
    caption = "Energy, time and traffic of one pass" + ("." if alone else f", each against {reference}.")
    return Table(caption, columns, rows)


def outermost_name(comparison: Comparison) -> str:
    """Return what the outermost memory is called: by its name on one chip, "off-chip" where there are several."""
    return "off-chip" if comparison.several_chips else comparison.reference.chip.outermost.name


def _row(comparison: Comparison, name: str, bounded: bool) -> tuple[Cell, ...]:
    result = comparison[name]
    memory, edp = result.memory, result.edp_pj_s
    share = result.achieved_macs_per_cycle / (result.peak_macs_per_cycle or 1.0)
    is_reference = result is comparison.reference and len(comparison.names) > 1
    return (
        Cell(name, note="reference" if is_reference else ""),
        _energy_cell(comparison, name),
        Cell(engineering(result.latency_s, "s"), result.latency_s, _against(comparison, name, "latency_s")),
        Cell(
            "unknown" if edp is None else engineering(edp * 1e-12, "J*s"), edp, _against(comparison, name, "edp_pj_s")
        ),
        Cell(octets(result.dram_bits / 8), result.dram_bits, _against(comparison, name, "dram_bits")),
        Cell(octets(memory.peak_bytes), memory.peak_bytes, _against(comparison, name, "peak_memory_bytes")),
        *([Cell({True: "yes", False: "no", None: "unbounded"}[memory.fits])] if bounded else []),
        Cell(engineering(result.average_power_w, "W"), result.average_power_w),
        Cell(percent(share, 1), share, f"of {number(result.peak_macs_per_cycle)} MACs/cycle"),
        Cell(result.bound_by),
    )


def _energy_cell(comparison: Comparison, name: str) -> Cell:
    """Return an energy with its ratio and the ratio's range; power times time where no cost is known."""
    result = comparison[name]
    if result.energy_pj is None:
        drawn = result.power_energy_pj
        if drawn is None:
            return Cell("unknown", None, "the profile lacks a cost")
        return Cell(joules(drawn), drawn, f"taken as {power_words(result.chip)} x time")
    note, judged = _against(comparison, name, "energy_pj"), comparison.judgement(name)
    if judged is not None and judged.too_close and result is not comparison.reference:
        note = f"{note}, too close to call"
    return Cell(joules(result.energy_pj), result.energy_pj, note)


def _against(comparison: Comparison, name: str, metric: str) -> str:
    found = comparison.ratios[name][metric]
    if comparison[name] is comparison.reference or found.value is None:
        return ""
    if metric == "latency_s":
        return found.text
    return "the same" if found.direction == "same" else f"{found.value:.3g}x {found.direction}"


CARDS = (
    ("Least energy", "energy_pj", "pJ"),
    ("Fastest", "latency_s", "s"),
    ("Least {dram} traffic", "dram_bits", "bit"),
    ("Least memory", "peak_memory_bytes", "B"),
)


def cards(comparison: Comparison) -> tuple[Card, ...]:
    """Return who is best in energy, time, traffic and memory; results that are the same share a card."""
    if len(comparison.names) < 2:
        return ()
    found = []
    for label, metric, unit in CARDS:
        amounts = {name: METRICS[metric].amount(comparison[name]) for name in comparison.names}
        known = {name: amount for name, amount in amounts.items() if amount is not None}
        if not known:
            continue
        best = min(known, key=lambda name: known[name])
        ties = [name for name in known if _tied(comparison, metric, name, best, known)]
        least = known[best] / 8 if unit == "bit" else known[best]
        amount = engineering(least, "B" if unit == "bit" else unit)
        found.append(
            Card(
                label.format(dram=outermost_name(comparison)),
                amount,
                joined(ties),
                _standing(comparison, metric, best, ties),
            )
        )
    return tuple(found)


def _tied(comparison: Comparison, metric: str, name: str, best: str, known: dict[str, float]) -> bool:
    """Whether a result is as good as the best: the same, or too close to call in energy."""
    if name == best or compare_amounts(known[name], known[best], "", "", "").direction == "same":
        return True
    judged = comparison.judgement(name, best) if metric == "energy_pj" else None
    return judged is not None and judged.too_close


def _standing(comparison: Comparison, metric: str, best: str, ties: list[str]) -> str:
    if comparison.reference_name in ties:
        return "the reference" if len(ties) == 1 else "no less than the reference"
    return f"{comparison.ratios[best][metric].text} than {comparison.reference_name}"
