"""How long does a tile take in a memory that has bursts, rows and turnarounds? Whole bursts, and cycles lost.

The fields are a profile's (`accelsim.hardware.timing.Timing`); docs/memory-time.md states the model.
"""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Floats
from accelsim.hardware.timing import Timing


def moved_bits(timing: Timing, bits: Floats) -> Floats:
    """Return the bits of the bursts that hold a tile."""
    if timing.burst_bits is None:
        return bits
    return np.asarray(np.ceil(bits / timing.burst_bits.value - 1e-9) * timing.burst_bits.value)


def lost_cycles(timing: Timing, bits: Floats, bits_per_cycle: float, clock_hz: float, *, written: bool) -> Floats:
    """Return the cycles lost to rows and turnarounds while a tile moves; ``bits`` of one instance, in bursts.

    The first row of a tile is opened before anything moves. Each next one takes
    ``max(0, miss - (banks - 1) * time of a row)``, for the other banks open it in the meantime.
    """
    lost = np.zeros_like(bits)
    if timing.row_bits is not None and timing.row_miss_s is not None:
        miss = timing.row_miss_s.value * clock_hz
        others = (timing.banks.value if timing.banks is not None else 1.0) - 1
        each = max(0.0, miss - others * timing.row_bits.value / bits_per_cycle)
        rows = np.ceil(bits / timing.row_bits.value - 1e-9)
        lost = np.where(bits > 0, miss + np.maximum(rows - 1, 0) * each, 0.0)
    if written and timing.turnaround_s is not None:
        lost = lost + np.where(bits > 0, timing.turnaround_s.value * clock_hz, 0.0)
    return np.asarray(lost)
