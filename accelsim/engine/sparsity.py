"""What do a chip's means against zeros make of a layer's densities? Shares of MACs and bits of coded words.

With densities d of the operands, taken as independent of each other ::

    multiplied  = product of d over operands that are skipped or gated
    timed       = max(product of d over operands that are skipped, 1 / most speedup)

as shares of the dense multiply-accumulates. Where an operand is skipped because its innermost level stores entries
without zeros (run-length, CSC), d is the number of those entries per element: the zeros that carry on a run take a
cycle, too. MACs that are not timed are skipped; those that take time and are not
multiplied are gated. An N:M pattern that the chip does not take is computed dense, never credited.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from accelsim.hardware.chip import Chip
from accelsim.hardware.sparse import SparseUnit
from accelsim.precision.sparse import Pattern, coded_bits, entries_per_element
from accelsim.scheme import LayerFormats
from accelsim.workload.layer import Layer
from accelsim.workload.sparsity import Sparsity

if TYPE_CHECKING:
    from accelsim.engine.case import Case

ONE = Fraction(1)


@dataclass(frozen=True)
class Code:
    """How the words of one operand are coded in a level."""

    level: str
    operand: str
    codec: str
    density: Fraction
    pattern: Pattern | None
    column: int | None = None


@dataclass(frozen=True)
class Work:
    """Which share of a layer's dense MACs a chip does, and which of its words are coded.

    Parameters
    ----------
    timed, multiplied : Fraction
        Shares that take a cycle, and that are multiplied and added.
    reads : tuple of 3 Fractions
        Shares of the words of W, I and O that MACs read from (and O: write to) their innermost levels.
    skipped : tuple of 3 Fractions
        The part of these shares that an operand owes to its own zeros being skipped.
    codes : tuple of Code
    notes : tuple of str
        What is declared and not made use of.
    """

    timed: Fraction = ONE
    multiplied: Fraction = ONE
    reads: tuple[Fraction, Fraction, Fraction] = (ONE, ONE, ONE)
    skipped: tuple[Fraction, Fraction, Fraction] = (ONE, ONE, ONE)
    codes: tuple[Code, ...] = ()
    notes: tuple[str, ...] = ()

    def fed(self, operand: str, level: str) -> float:
        """Return the share of an operand's words that MACs read from a level, or write to it.

        Where the words are coded there, the zeros that are skipped are not among their bits any more.
        """
        place = "WIO".index(operand)
        coded = any(code.level == level and code.operand == operand for code in self.codes)
        return float(self.reads[place] / self.skipped[place] if coded else self.reads[place])

    @property
    def least_fed(self) -> float:
        """The least share of the words of any operand that MACs read."""
        return float(min(self.reads))


DENSE_WORK = Work()
"""All MACs done, nothing coded."""


def work_of(chip: Chip, layer: Layer, formats: LayerFormats) -> Work:
    """Return what a chip makes of a layer's declared densities, given the formats it is multiplied in."""
    declared, unit = layer.sparsity, chip.sparsity
    if not declared:
        return DENSE_WORK
    weight = chip.macs_per_pe_cycle(formats.compute_weight, formats.compute_input, formats.accumulator).weight
    if unit is None:
        return Work(notes=_unused(chip, declared, None, weight))
    pattern = declared.pattern
    skipped = [one for one in unit.skip if unit.skips(one, pattern, weight)]
    gated = [one for one in unit.gate if one not in skipped]
    codes = _codes(chip, declared, unit, weight, layer)
    done = {one: _entries(chip, one, declared.density(one), codes) for one in skipped}
    kept = prod(done.values(), start=ONE)
    live = prod((declared.density(one) for one in gated), start=ONE)
    timed = max(kept, 1 / Fraction(str(unit.speedup.value))) if unit.speedup is not None and skipped else kept
    chosen = skipped == ["W"] and pattern in unit.patterns  # all M inputs come, and an index picks N of them
    reads = {one: kept * (live if one in unit.gated_reads else ONE) for one in "WIO"}
    own = {one: done.get(one, ONE) for one in "WIO"}
    if chosen:
        reads["I"] = reads["I"] / kept
    notes = _unused(chip, declared, unit, weight)
    if kept * live == 1 and not codes and not notes and any(declared.density(one) < 1 for one in "WIO"):
        notes = (f"declared densities change nothing: {chip.name} neither gates nor skips these zeros nor codes them.",)
    return Work(
        timed, kept * live, (reads["W"], reads["I"], reads["O"]), (own["W"], own["I"], own["O"]), codes, notes
    )  # fmt: skip


def _entries(chip: Chip, operand: str, density: Fraction, codes: tuple[Code, ...]) -> Fraction:
    """Words of a skipped operand that take a cycle, per element: entries where its innermost level stores them."""
    innermost = next(level.name for level in chip.levels if operand in level.holds)
    found = next((code for code in codes if (code.level, code.operand) == (innermost, operand)), None)
    return density if found is None else entries_per_element(found.codec, density, found.column)


def _column(chip: Chip, level: str, layer: Layer) -> int | None:
    """Elements of a column of CSC weights in one bank: the output channels of one input, spread over the banks."""
    return None if layer.shape is None else -(-layer.shape.K // chip.instances(level))


def _codes(chip: Chip, declared: Sparsity, unit: SparseUnit, weight: str, layer: Layer) -> tuple[Code, ...]:
    names = [level.name for level in reversed(chip.levels)]
    found = []
    for coding in unit.codings:
        for operand in coding.operands:
            density = declared.declared(operand)
            if density is None or (coding.codec == "n:m" and declared.pattern is None):
                continue
            pattern = declared.pattern if operand == "W" else None
            if coding.codec == "n:m" and "W" in unit.skip and not unit.skips("W", pattern, weight):
                continue
            inner = names[: names.index(coding.down_to) + 1]
            column = _column(chip, coding.down_to, layer) if (operand, coding.codec) == ("W", "csc") else None
            found += [Code(level, operand, coding.codec, density, pattern, column) for level in inner]
    return tuple(found)


def _unused(chip: Chip, declared: Sparsity, unit: SparseUnit | None, weight: str) -> tuple[str, ...]:
    """What is declared and lost on the chip, in sentences."""
    used = unit is not None and ("W" in unit.gate or unit.skips("W", declared.pattern, weight))
    if declared.pattern is not None and not used:
        made = f"weights of pattern {declared.pattern} are computed dense"
        return (f"{made}: {chip.name} has no hardware for it in {weight}.",)
    if unit is None:
        return (f"declared densities change nothing: {chip.name} neither gates nor skips zeros nor codes words.",)
    if declared.weights not in (None, ONE) and "W" in unit.skip and not used:
        known = ", ".join(map(str, unit.patterns)) or "some formats"
        return (f"zeros anywhere in weights are computed as they are: {chip.name} skips {known} only.",)
    return ()


def level_bits(case: Case, operand: str, level: str, bits: float, *, converted: bool) -> float:
    """Return the bits of a word in a level, given its bits when it is not coded.

    Scales and what else is stored beside the elements is not coded.

    Parameters
    ----------
    case : Case
    operand : {"W", "I", "O"}
    level : str
    bits : float
        Of the word as it is stored, or converted.
    converted : bool
        Whether it is in the format of the multiply.
    """
    for code in case.work.codes:
        if code.level == level and code.operand == operand:
            formats = case.formats
            stored = {"W": formats.weight, "I": formats.input, "O": formats.output}[operand]
            computed = {"W": formats.compute_weight, "I": formats.compute_input, "O": formats.output}[operand]
            payload = (computed if converted else stored).payload_bits
            coded = coded_bits(code.codec, payload, code.density, code.pattern, code.column)
            return bits if coded is None else bits - float(payload) + float(coded)
    return bits
