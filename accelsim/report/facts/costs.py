"""What does the chart that every talk on quantization begins with say? Energy per operation, by format and memory."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.hardware import sram
from accelsim.hardware.chip import Chip, Level
from accelsim.provenance import Sourced
from accelsim.report.facts.common import chip_works
from accelsim.units import capacity

WORD_BITS = 32
SIZES_BITS = tuple(size * 2**13 for size in (8, 32, 256, 1024))
"""SRAM sizes shown beside the chip's own: 8, 32 and 256 KiB, 1 MiB, as far as they lie within the table."""

Row = tuple[str, str, Sourced, float]


@dataclass(frozen=True)
class Costs:
    """Energy per operation: one bar each, in pJ, with its range.

    Parameters
    ----------
    title : str
        The finding.
    names, groups : tuple of str
        What each is; "multiply", "add", "on chip" or "off chip".
    pj, low, high : tuple of float
    derived : tuple of bool
        Whether a law gave the number.
    ratios : tuple of float or None
        Over the cost of ``unit_name``; None where that is 0.
    unit_name : str
        The cheapest multiply, which the ratios divide by; "" without one.
    note : str
    """

    title: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    pj: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    derived: tuple[bool, ...]
    ratios: tuple[float | None, ...] = ()
    unit_name: str = ""
    note: str = ""


def chip_costs(chip: Chip) -> Costs:
    """Return the energy of a multiply and an add in every listed format, and of reading 32 bits from each memory.

    Beside an SRAM of the chip stand other sizes, by the ratio of the CACTI table
    (`accelsim.hardware.sram`), marked as derived.
    """
    rows: list[Row] = [
        *_listed(chip.multiply_table, "multiply"),
        *_listed(chip.add_table, "add"),
        *_memories(chip),
    ]
    name, unit = _unit_of(chip)
    return Costs(
        title=_cost_title(chip),
        names=tuple(name for _, name, _, _ in rows),
        groups=tuple(group for group, _, _, _ in rows),
        pj=tuple(cost.value * scale for _, _, cost, scale in rows),
        low=tuple(cost.least * scale for _, _, cost, scale in rows),
        high=tuple(cost.most * scale for _, _, cost, scale in rows),
        derived=tuple(cost.status == "derived" for _, _, cost, _ in rows),
        ratios=tuple(cost.value * scale / unit if unit else None for _, _, cost, scale in rows),
        unit_name=name,
        note=chip_works(chip, (cost for _, _, cost, _ in rows)),
    )


def costs_or_error(chip: Chip) -> Costs:
    """Return the costs of a chip; one that lists none raises InputError."""
    facts = chip_costs(chip)
    if not facts.names:
        raise InputError(f"{chip.name} lists no costs; there is nothing to draw.")
    return facts


def _listed(table: tuple[tuple[str, Sourced], ...], group: str) -> list[Row]:
    return [(group, f"{key} {group}", cost, 1.0) for key, cost in sorted(table, key=lambda row: row[1].value)]


def _memories(chip: Chip) -> list[Row]:
    """Reads of 32 bits, the innermost memory first, other SRAM sizes beside the chip's largest SRAM."""
    rows: list[Row] = []
    srams = [one for one in chip.levels if one.technology == "sram" and one.read_pj_per_bit and one.capacity_bits]
    shown = max(srams, key=lambda one: one.capacity_bits or 0, default=None)
    for level in chip.levels:
        if level.read_pj_per_bit is None:
            continue
        outer = level is chip.outermost
        size = "" if outer or level.capacity_bits is None else f" of {capacity(level.capacity_bits)}"
        read = (level.read_pj_per_bit, float(WORD_BITS))
        own: list[Row] = [("off chip" if outer else "on chip", f"{WORD_BITS} bits from {level.name}{size}", *read)]
        if level is shown:
            own += _other_sizes(chip, level)
            own.sort(key=lambda row: row[2].value)
        rows += own
    return rows


def _other_sizes(chip: Chip, level: Level) -> list[Row]:
    """The same SRAM at other sizes within the table, by its ratio of read energies."""
    assert level.capacity_bits
    assert level.read_pj_per_bit
    width = float(level.access_bits or WORD_BITS)
    node = None if chip.node_nm is None else chip.node_nm.value
    rows: list[Row] = []
    for size in SIZES_BITS:
        if size == level.capacity_bits or sram.extrapolated(level.capacity_bits, width):
            continue
        old, new = (float(level.capacity_bits), width), (float(size), width)
        factor = sram.ratio("read_pj", old, new, node)
        cost = Sourced(
            level.read_pj_per_bit.value * factor, level.read_pj_per_bit.source, status="derived",
            note=sram.law(old, new, node), also=(sram.SOURCE,),
        )  # fmt: skip
        rows.append(("on chip", f"{WORD_BITS} bits from {level.name} of {capacity(size)}", cost, float(WORD_BITS)))
    return rows


def _unit_of(chip: Chip) -> tuple[str, float]:
    """The cheapest listed multiply and its pJ."""
    if not chip.multiply_table:
        return "", 0.0
    key, cost = min(chip.multiply_table, key=lambda row: row[1].value)
    return f"{key} multiply", cost.value


def _cost_title(chip: Chip) -> str:
    outermost, (name, unit) = chip.outermost, _unit_of(chip)
    if outermost.read_pj_per_bit is None or not unit:
        return f"{chip.name}: energy per operation"
    read = outermost.read_pj_per_bit.value * WORD_BITS
    return (
        f"{chip.name}: reading {WORD_BITS} bits from {outermost.name} costs as much as "
        f"{read / unit:,.0f} {name.replace(' multiply', '')} multiplies"
    )
