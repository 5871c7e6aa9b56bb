"""Which results save traffic, which MAC rate, which MAC energy? Storing is kept apart from multiplying."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from accelsim.explore.ratios import against
from accelsim.explore.reasons import base_of
from accelsim.explore.words import joined, listed, whole_ratio
from accelsim.simulation.result import Result

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison


def savings(comparison: Comparison) -> Iterator[str]:
    """Yield traffic, peak rate and MAC energy against the reference; on one chip also who saves which."""
    others = [name for name in comparison.names if comparison[name] is not comparison.reference]
    if not others:
        return
    reference = comparison.reference_name
    outermost = {result.chip.outermost.name for result in comparison.results}
    place = outermost.pop() if len(outermost) == 1 else "Off-chip"
    moved = {name: comparison.ratio(name, "dram_bits") for name in others}
    yield f"{place} traffic against {reference}: {listed(moved, 'less', 'more', whole_ratio)}."
    rates = {name: comparison.ratio(name, "peak_macs_per_cycle") for name in others}
    yield f"Peak MACs per cycle against {reference}: {listed(rates, 'fewer', 'higher')}."
    energies = {name: found for name in others if (found := comparison.ratio(name, "mac_pj")).value is not None}
    if energies:
        yield f"Energy of a multiply-accumulate against {reference}: {listed(energies, 'less', 'more')}."
    if not comparison.several_chips:
        yield from _stored_only(comparison, others)


def _stored_only(comparison: Comparison, others: Sequence[str]) -> Iterator[str]:
    """Name what saves traffic alone, each against what multiplies in the same format where that is in the table."""
    groups: dict[str, list[str]] = {}
    for name in others:
        base = base_of(comparison[name], comparison.results) or comparison.reference
        if saved(comparison[name], base) == ("less", "same", "same"):
            groups.setdefault(comparison.name_of(base), []).append(name)
    if not groups:
        return
    reference, stored = comparison.reference_name, [name for names in groups.values() for name in names]
    whole = [
        name
        for name in others
        if name not in stored and saved(comparison[name], comparison.reference) == ("less", "more", "less")
    ]
    clauses = [
        f"{joined(names)} {_save(names)} traffic but no multiplying" + (f" against {base}" if base != reference else "")
        for base, names in groups.items()
    ]
    only, than = ("only ", "") if list(groups) == [reference] else ("", f" against {reference}")
    ending = f"all three{than}: traffic, MAC rate and MAC energy"
    all_three = f"; {only}{joined(whole)} {_save(whole)} {ending}" if whole else ""
    yield f"So {joined(clauses)}{all_three}."


def saved(result: Result, base: Result) -> tuple[str, ...]:
    """Return how traffic, MAC rate and MAC energy of a result differ from another's."""
    return tuple(against(result, base, metric).direction for metric in ("dram_bits", "peak_macs_per_cycle", "mac_pj"))


def _save(names: Sequence[str]) -> str:
    return "saves" if len(names) == 1 else "save"
