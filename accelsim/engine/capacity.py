"""Do the tiles of a mapping fit its levels? Which tile does not, and by how many bits.

A level holds one box of each operand that it keeps, at the width that it moves there; partial sums
take accumulator width. A double-buffered level needs room for two of every box that changes. A resident
operand takes its whole tensor in the home level.
"""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Batch, Floats, home
from accelsim.engine.width import word_bits
from accelsim.errors import InfeasibleError
from accelsim.hardware.chip import Level
from accelsim.mapping.counts import Counts


def check_fit(batch: Batch, counts: Counts) -> None:
    """Refuse mappings whose tiles do not fit.

    Raises
    ------
    InfeasibleError
        Names the level, the tiles with their bits, and how many bits are missing.
    """
    for level in batch.chip.levels[:-1]:
        if level.capacity_bits is None:
            continue
        used = {
            operand: footprint_bits(batch, counts, level, operand)
            for operand in "WIO"
            if (level.name, operand) in counts.boxes
        }
        total = np.sum(list(used.values()), axis=0) if used else np.zeros(1)
        over = np.flatnonzero(total > level.capacity_bits)
        if over.size:
            row = int(over[0])
            tiles = ", ".join(f"{operand} {bits[row]:,.0f}" for operand, bits in used.items())
            raise InfeasibleError(
                f"levels.{level.name}: the tiles of {', '.join(used)} must fit its {level.capacity_bits:,} bits; "
                f"they need {total[row]:,.0f} ({tiles} bits), {total[row] - level.capacity_bits:,.0f} too many. "
                f"Use smaller tiles, a narrower scheme or a larger {level.name}.",
                where=batch.cases[batch.case_of[row]].layer.name,
            )


def footprint_bits(batch: Batch, counts: Counts, level: Level, operand: str) -> Floats:
    """Return the bits that one instance of a level sets aside for an operand, shape (n,)."""
    kept = home(batch.chip)
    box = np.broadcast_to(np.asarray(counts.boxes[level.name, operand], dtype=np.float64), batch.case_of.shape)
    if level.double_buffered:
        box = box * np.where(_changes(batch, counts, level, operand), 2.0, 1.0)
    stored = batch.each(lambda case: word_bits(batch.chip, level, case, operand, finished=True))
    tile = box * batch.each(lambda case: word_bits(batch.chip, level, case, operand))
    if operand == "O":
        tile = np.where(np.asarray(counts.levels[level.name, "O"].updates_partial) == 0, box * stored, tile)
    if kept is None or kept.name != level.name:
        return tile
    stays = batch.each(lambda case: operand in case.resident) > 0
    whole = batch.each(lambda case: case.shape.words(operand)) * stored
    partial = tile if operand == "O" else 0.0
    return np.where(stays, whole + np.where(tile == box * stored, 0.0, partial), tile)


def _changes(batch: Batch, counts: Counts, level: Level, operand: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether the box of an operand is replaced during the layer."""
    used = np.ones(batch.case_of.shape)
    for fanout in batch.chip.fanouts[: level.depth]:
        used = used * counts.instances.get(fanout.name, 1)
    tally = counts.levels[level.name, operand]
    moved = tally.fills if operand != "O" else np.asarray(tally.drains_partial) + tally.drains_final
    return np.asarray(np.asarray(moved) > counts.boxes[level.name, operand] * used)
