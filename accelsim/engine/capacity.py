"""Do the tiles of a mapping fit its levels? Which tile does not, and by how many bits.

A level holds one box of each operand that it keeps, at the width that it moves there; partial sums
take accumulator width. A double-buffered level needs room for two of every box that changes. A resident
operand takes its whole tensor in the home level, and so do the tensors that stay there for other layers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.case import Batch, Floats, home
from accelsim.engine.width import chain_of, stored_at, stored_bits, word_bits
from accelsim.errors import InfeasibleError
from accelsim.hardware.chip import Level
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Nest


def check_fit(batch: Batch, nest: Nest, counts: Counts) -> None:
    """Refuse mappings whose tiles do not fit.

    Raises
    ------
    InfeasibleError
        Names the level, the tiles with their bits, and how many bits are missing.
    """
    for level in batch.chip.levels[:-1]:
        if level.capacity_bits is None:
            continue
        used = _used(batch, nest, counts, level)
        operands = [name for name in used if name != OTHERS]
        total = sum(used.values(), np.zeros(len(batch.case_of)))
        over = np.flatnonzero(total > level.capacity_bits)
        if over.size:
            row = int(over[0])
            tiles = ", ".join(f"{name} {bits[row]:,.0f}" for name, bits in used.items() if bits[row])
            raise InfeasibleError(
                f"levels.{level.name}: the tiles of {', '.join(operands)} must fit its {level.capacity_bits:,} bits; "
                f"they need {total[row]:,.0f} ({tiles} bits), {total[row] - level.capacity_bits:,.0f} too many. "
                f"Use smaller tiles, a narrower scheme or a larger {level.name}.",
                where=batch.cases[batch.case_of[row]].layer.name,
            )


def fits(batch: Batch, nest: Nest, counts: Counts) -> NDArray[np.bool_]:
    """Return whether the tiles of every mapping fit all levels, shape (n,)."""
    result = np.ones(len(batch.case_of), dtype=bool)
    for level in batch.chip.levels[:-1]:
        if level.capacity_bits is not None:
            used = sum(_used(batch, nest, counts, level).values(), np.zeros(len(result)))
            result &= used <= level.capacity_bits
    return result


OTHERS = "what stays for other layers"


def _used(batch: Batch, nest: Nest, counts: Counts, level: Level) -> dict[str, Floats]:
    """Bits that one instance of a level sets aside, by operand, and for other layers."""
    used = {
        operand: footprint_bits(batch, nest, counts, level, operand)
        for operand in "WIO" if (level.name, operand) in counts.boxes
    }  # fmt: skip
    kept = home(batch.chip)
    if kept is not None and kept.name == level.name:
        used[OTHERS] = batch.each(lambda case: case.reserved_bits)
    return used


def footprint_bits(batch: Batch, nest: Nest, counts: Counts, level: Level, operand: str) -> Floats:
    """Return the bits that one instance of a level sets aside for an operand, shape (n,)."""
    chip, chain = batch.chip, chain_of(nest, operand)
    box = np.broadcast_to(np.asarray(counts.boxes[level.name, operand], dtype=np.float64), batch.case_of.shape)
    if level.double_buffered:
        box = box * np.where(counts.moving[level.name, operand], 2.0, 1.0)
    stored = batch.each(lambda case: stored_bits(case, operand))
    tile = box * batch.each(lambda case: word_bits(chip, chain, level, case, operand))
    partial = np.asarray(operand == "O")
    if operand == "O":
        partial = np.asarray(counts.levels[level.name, "O"].updates_partial) > 0
        tile = np.where(partial, tile, box * batch.each(lambda case: stored_at(case, operand, level.name)))
    kept = home(chip)
    if kept is None or kept.name != level.name:
        return tile
    stays = batch.each(lambda case: operand in case.resident) > 0
    whole = batch.each(lambda case: case.shape.words(operand)) * stored
    return np.where(stays, whole + np.where(partial, tile, 0.0), tile)
