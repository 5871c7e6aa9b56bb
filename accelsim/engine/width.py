"""How wide is a word of an operand in a level?"""

from __future__ import annotations

from accelsim.engine.case import Case
from accelsim.hardware.chip import Chip, Level


def word_bits(chip: Chip, level: Level, case: Case, operand: str, *, finished: bool = False) -> float:
    """Return the bits of one word: stored width above the level that converts, compute width from there down.

    Outputs have accumulator width, or stored width once ``finished``.
    """
    formats = case.formats
    if operand == "O":
        return float(formats.output_bits) if finished else float(formats.accumulator.bits)
    holding = [one.name for one in chip.levels if operand in one.holds]
    point = holding.index(formats.convert_at) if formats.convert_at in holding else 0
    stored = formats.weight_bits if operand == "W" else formats.input_bits
    multiplied = formats.compute_weight.bits if operand == "W" else formats.compute_input.bits
    return float(multiplied if holding.index(level.name) <= point else stored)
