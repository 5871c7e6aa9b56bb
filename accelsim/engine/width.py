"""How wide is a word of an operand in a level, and where is it converted?

A value has its stored width (block scales included) above the level that converts it and compute width
from there down. The converting level is the innermost one that keeps the operand, unless the scheme
names another; with none inside the outermost level, the MACs convert what they read.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.engine.case import Case, home
from accelsim.engine.sparsity import level_bits
from accelsim.hardware.chip import Chip, Level
from accelsim.mapping.nest import Keep, Nest


def chain_of(nest: Nest, operand: str) -> list[str]:
    """Return the levels that keep an operand in a nest, outermost first."""
    return [line.level for line in nest.lines if isinstance(line, Keep) and operand in line.operands]


def holders(chip: Chip, operand: str) -> list[str]:
    """Return the levels of a chip that may keep an operand, outermost first."""
    return [level.name for level in reversed(chip.levels) if operand in level.holds]


def conversion_place(chip: Chip, chain: Sequence[str], case: Case, operand: str) -> int:
    """Return the place in ``chain`` of the level into which W or I is converted.

    ``len(chain)`` stands for the MACs. A resident operand is kept as it is stored, so that it is
    converted on its way out of the home level at the earliest.
    """
    names = [level.name for level in reversed(chip.levels)]
    wanted = case.formats.convert_at
    place = len(chain) - 1
    if wanted in names:
        inside = [number for number, name in enumerate(chain) if names.index(name) >= names.index(wanted)]
        place = inside[0] if inside else len(chain)
    kept = home(chip)
    if kept is not None and operand in case.resident and kept.name in chain:
        place = max(place, chain.index(kept.name) + 1)
    return place if place > 0 else len(chain)


def word_bits(
    chip: Chip, chain: Sequence[str], level: Level, case: Case, operand: str, *, finished: bool = False
) -> float:
    """Return the bits of one word in a level of ``chain``; outputs have stored width once ``finished``."""
    if operand == "O":
        return stored_at(case, operand, level.name) if finished else float(case.formats.accumulator.bits)
    if chain.index(level.name) < conversion_place(chip, chain, case, operand):
        return stored_at(case, operand, level.name)
    return multiplied_at(case, operand, level.name)


def stored_at(case: Case, operand: str, level: str) -> float:
    """Return the bits of one word as stored in a level: coded where the chip codes it there."""
    return level_bits(case, operand, level, stored_bits(case, operand), converted=False)


def multiplied_at(case: Case, operand: str, level: str) -> float:
    """Return the bits of one word of W or I in a level that holds it as it is multiplied, coded or not."""
    return level_bits(case, operand, level, multiplied_bits(case, operand), converted=True)


def stored_bits(case: Case, operand: str) -> float:
    """Return the bits of one word as stored, scales included."""
    formats = case.formats
    return float({"W": formats.weight_bits, "I": formats.input_bits, "O": formats.output_bits}[operand])


def multiplied_bits(case: Case, operand: str) -> float:
    """Return the bits of one word as it is multiplied (W, I) or accumulated (O)."""
    formats = case.formats
    return float({"W": formats.compute_weight, "I": formats.compute_input, "O": formats.accumulator}[operand].bits)
