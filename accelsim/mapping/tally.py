"""How many words does one level move for one operand? The records that every count is given in."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.mapping.digits import Ints


@dataclass(frozen=True)
class LevelCounts:
    """Words moved by one level for one operand, summed over all its instances.

    Parameters
    ----------
    reads : int
        Words read downward; a word that several instances below take at one step is one read.
        For outputs: partial sums handed back to the level below or to the MACs.
    fills : int
        Words written in from above; every receiving instance counts. For outputs: returned
        partial sums.
    updates_partial, updates_final : int
        Output words written up into this level, unfinished (accumulator width) and finished
        (output width). Every update by MACs is at accumulator width.
    drains_partial, drains_final : int
        Output words read out of this level upward, unfinished and finished.
    """

    reads: int = 0
    fills: int = 0
    updates_partial: int = 0
    updates_final: int = 0
    drains_partial: int = 0
    drains_final: int = 0


@dataclass(frozen=True)
class Opening:
    """Words of the first boxes of a level: filled into all its instances, and read outside it for them."""

    fills: Ints
    reads: Ints


@dataclass(frozen=True)
class Closing:
    """Words of the last boxes of a level: drained from all its instances, and updated outside it, merged."""

    drains: Ints
    updates: Ints
