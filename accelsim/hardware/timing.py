"""What do a memory's bursts, rows, refresh and turnarounds cost in time, beside its bits over its bandwidth?

A profile opts in by naming timing fields of a level; without them the level is its bandwidth times its
``efficiency``. docs/memory-time.md gives the model, JEDEC's names and an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelsim.provenance import Sourced


@dataclass(frozen=True)
class Timing:
    """Timing of one instance of a memory; what is None costs nothing.

    Parameters
    ----------
    burst_bits : Sourced or None
        A tile moves whole bursts.
    row_bits, row_miss_s : Sourced or None
        Bits of a row, and the time from the end of one row to the first bits of another (tRP + tRCD).
    banks : Sourced or None
        Rows that can be open at once; while one transfers, the others open theirs. 1 by default.
    refresh_s, refresh_interval_s : Sourced or None
        Time of one refresh (tRFC), and time from one to the next (tREFI).
    turnaround_s : Sourced or None
        Time lost when a tile is written between reads: to writing and back.
    """

    burst_bits: Sourced | None = None
    row_bits: Sourced | None = None
    row_miss_s: Sourced | None = None
    banks: Sourced | None = None
    refresh_s: Sourced | None = None
    refresh_interval_s: Sourced | None = None
    turnaround_s: Sourced | None = None

    @property
    def available(self) -> float:
        """Share of the time in which no refresh runs."""
        if self.refresh_s is None or self.refresh_interval_s is None:
            return 1.0
        return 1 - self.refresh_s.value / self.refresh_interval_s.value


FIELDS = tuple(Timing.__dataclass_fields__)
"""Names of the timing fields of a level, here and in a profile."""


def timing_of(given: dict[str, Any]) -> Timing | None:
    """Return the timing of a level, or None if no field is given."""
    return Timing(**given) if any(number is not None for number in given.values()) else None
