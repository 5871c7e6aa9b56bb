"""Which tables does a reader see of an estimate? Rows of text, engineering prefixes."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.explore.words import cause_words
from accelsim.hardware.chip import Chip
from accelsim.layout import percent, table
from accelsim.provenance import Source
from accelsim.simulation.costs import short_source, uses
from accelsim.simulation.demand import demand
from accelsim.simulation.result import Result
from accelsim.units import engineering


def joules(picojoules: float | None) -> str:
    """Return an energy in pJ with its prefix."""
    return engineering(picojoules, "pJ")


def octets(count: float) -> str:
    """Return bytes with a prefix."""
    return engineering(count, "B")


def instances_words(chip: Chip, level: str) -> str:
    """Return a memory's name, with its instances where there are several."""
    count = chip.instances(level)
    return f"{level} (each of {count})" if count > 1 else level


def demand_words(result: Result, level: str) -> str:
    """Return the bytes per cycle that a memory needs of what it has, and their ratio."""
    found = demand(result, result.chip.level(level))
    if found.available is None:
        return f"{number(found.needed / 8)} of unlimited"
    return f"{number(found.needed / 8)} of {number(found.available / 8)} ({found.ratio:.2f}x)"


def number(value: float) -> str:
    """Return a number to three digits, written in full."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


# ---------------------------------------------------------------------- estimate


def energy_shares(result: Result) -> list[list[str]]:
    """Energy by part, largest first, as rows of name, energy and share; none where the chip has no costs."""
    if not result.chip.has_costs:
        return []
    parts = sorted(result.energy_breakdown_pj.items(), key=lambda each: -(each[1] or 0))
    total = result.energy_pj
    return [
        [part, joules(energy), "" if energy is None or total is None else percent(energy, total)]
        for part, energy in parts if energy != 0
    ]  # fmt: skip


def cycle_shares(result: Result) -> list[list[str]]:
    """Time by cause, longest first, as rows of cause, time and share."""
    clock = result.chip.clock_hz.value
    parts = sorted(result.cycle_breakdown.items(), key=lambda each: -each[1])
    return [
        [cause_words(cause), engineering(cycles / clock, "s"), percent(cycles, result.cycles)]
        for cause, cycles in parts
    ]


def shares_table(result: Result) -> list[str]:
    """Energy by part and time by cause, side by side."""
    left, right = energy_shares(result), cycle_shares(result)
    blank = ["", "", ""]
    if not left:
        return table(["time", "", ""], right, "lrr")
    height = max(len(left), len(right))
    rows = [
        [*(left[place] if place < len(left) else blank), "  ", *(right[place] if place < len(right) else blank)]
        for place in range(height)
    ]
    return table(["energy", "", "", "  ", "time", "", ""], rows, "lrrllrr")


def bandwidths(result: Result) -> list[str]:
    """Bandwidth needed against available, one row per memory."""
    rows = [
        [instances_words(result.chip, level.name), demand_words(result, level.name)]
        for level in reversed(result.chip.levels)
    ]
    return table(["bytes/cycle", "needed of available"], rows)


# ---------------------------------------------------------------------- costs


def cost_table(results: Sequence[Result], known: dict[str, Source], statuses: Sequence[str] | None = None) -> list[str]:
    """Every unit cost in use, with its range, source and status; only some statuses where asked."""
    found = dict.fromkeys(use for result in results for use in uses(result))
    rows = [
        [
            use.what,
            f"{use.cost.value:.4g} {use.unit}",
            _range(use.cost.least, use.cost.most),
            short_source(use.cost, known),
        ]
        for use in found
        if statuses is None or use.cost.status in statuses
    ]
    return table(["cost of", "value", "range", "source"], rows, "lrll") if rows else []


def _range(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}" if high > low else ""
