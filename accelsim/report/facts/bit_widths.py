"""What does the plot of bit-widths say? Memory, time, energy and error of each, beside the first, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.explore.bit_widths_table import MIXED, BitWidth, BitWidths
from accelsim.report.facts.common import scaled


@dataclass(frozen=True)
class Quantity:
    """One measure of every bit-width.

    Parameters
    ----------
    name, unit : str
    values : dict of str to float or None
        By bit-width; None where it is not known.
    log : bool
    """

    name: str
    unit: str
    values: Mapping[str, float | None]
    log: bool = False


@dataclass(frozen=True)
class BitWidthFacts:
    """Bit-widths of a model side by side.

    Parameters
    ----------
    title, note : str
    labels : tuple of str
    panels : tuple of Quantity
    """

    title: str
    note: str
    labels: tuple[str, ...]
    panels: tuple[Quantity, ...]


def bit_width_bars(table: BitWidths) -> BitWidthFacts:
    """Return bit-widths as they are drawn; a quantity that none has is left out."""
    names = _names(table)
    own = {
        ("weights in memory", "B", False): [row.weight_bytes for row in table.rows],
        ("time", "s", False): [row.latency_s for row in table.rows],
        ("energy", "pJ", False): [row.energy_pj for row in table.rows],
        ("added noise of formats", "", True): [row.added_noise for row in table.rows],
    }
    panels = []
    for (name, unit, log), values in own.items():
        known = [value for value in values if value is not None]
        if known:
            shown, factor = scaled(max(known), unit) if unit else ("", 1.0)
            scaled_values = [None if value is None else value * factor for value in values]
            panels.append(Quantity(name, shown, dict(zip(names, scaled_values, strict=True)), log))
    note = f"{table.chip.name}, batch {table.network.batch}, {table.mapping} mapping. " + " ".join(_calm(table))
    return BitWidthFacts(_title(table), note, names, tuple(panels))


def _calm(table: BitWidths) -> list[str]:
    """The notes that fit a footnote: the table has the warnings."""
    misfits = [row.label for row in table.rows if row.result is not None and row.result.memory.fits is False]
    told = [f"{', '.join(misfits)} does not fit the memory of {table.chip.name}."] if misfits else []
    return told + [note for note in table.notes if not note.startswith("warning")]


def _names(table: BitWidths) -> tuple[str, ...]:
    """What each is called: its label, with its scheme where two have the same."""
    labels = [row.label for row in table.rows]
    return tuple(
        row.label if labels.count(row.label) == 1 or row.scheme is None else f"{row.label} ({row.scheme.name})"
        for row in table.rows
    )


def _title(table: BitWidths) -> str:
    model = table.network.title or table.network.name
    eight = next((row for row in table.rows if row.label == "8-bit"), None)
    best = eight or next((row for row in table.rows[::-1] if row.result is not None and row.label != MIXED), None)
    return model if best is None else f"{model}: {_saving(table, best)}"


def _saving(table: BitWidths, row: BitWidth) -> str:
    saved, faster, less = table.memory_saved(row), table.times_faster(row), table.times_less_energy(row)
    own = row is not table.reference
    parts = [
        "" if saved is None else f"{saved:.0%} less memory than {table.rows[0].label}",
        "" if faster is None or not own else f"{faster:.1f}x the speed",
        "" if less is None or not own else f"{less:.1f}x less energy",
    ]
    return f"{row.label}, {', '.join(part for part in parts if part)}"
