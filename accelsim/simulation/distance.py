"""How far is the traffic of the outermost memory from the least that any mapping can reach?"""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.engine.bounds import capacity_bits
from accelsim.hardware.chip import Chip
from accelsim.mapping.nest import Keep
from accelsim.simulation.result import LayerResult
from accelsim.units import capacity, engineering


def outermost_bits(one: LayerResult) -> float:
    """Return the bits that a layer with MACs reads from and writes to the outermost level, in one repeat."""
    assert one.nest is not None
    opening = one.nest.lines[0]
    assert isinstance(opening, Keep)
    return one.bits_of(opening.level, "read", "drain", "fill", "return", "update")


def distance(layers: Sequence[LayerResult]) -> float | None:
    """Return the outermost traffic of layers over its lower bound, all repeats together.

    1 is at the bound. Layers without MACs do not count; None where nothing has to move.
    """
    counted = [one for one in layers if one.nest is not None]
    least = sum((one.bound_dram_bits or 0.0) * one.layer.repeat for one in counted)
    return sum(outermost_bits(one) * one.layer.repeat for one in counted) / least if least else None


def distance_words(chip: Chip, one: LayerResult) -> str | None:
    """Return the distance of a layer from the bound as a sentence, with what the bound is due to."""
    ratio = distance([one])
    if ratio is None:
        return None
    least, once = one.bound_dram_bits or 0.0, one.bound_compulsory_bits or 0.0
    amounts = f"{engineering(outermost_bits(one) / 8, 'B')} against {engineering(least / 8, 'B')}"
    room = capacity_bits(chip)
    if room is None or least == once:
        reason = "every word once"
    else:
        reason = f"capacity-bound: every word once would be {engineering(once / 8, 'B')}"
    on_chip = "" if room is None else f" with {capacity(room)} on chip"
    traffic = f"{chip.outermost.name} traffic {ratio:.2f}x the least that any mapping{on_chip} can reach"
    return f"{traffic} ({amounts}; {reason})"
