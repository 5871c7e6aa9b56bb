"""What does a SCALE-Sim configuration describe? An array, three double-buffered memories and how DRAM feeds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

CALC_READ_WORDS = 10
"""Words a cycle at which SCALE-Sim fills the first half of a memory in CALC mode."""


@dataclass(frozen=True)
class Machine:
    """A configuration of SCALE-Sim. A word is a byte.

    Parameters
    ----------
    rows, columns : int
        Of the array.
    dataflow : {"ws", "os", "is"}
    input_kib, weight_kib, output_kib : int
        Of each memory; half of it is used while the other half is filled or drained.
    mode : {"CALC", "USER"}
        CALC reports the bandwidth that reads without a stall need, USER stalls at the given ones.
    input_words, weight_words, output_words : int
        Words per cycle between DRAM and each memory. USER mode reads at the first two and writes at
        the last; CALC mode ignores them, reads at `CALC_READ_WORDS` and writes a word a column.
    """

    rows: int
    columns: int
    dataflow: str
    input_kib: int
    weight_kib: int
    output_kib: int
    mode: str = "CALC"
    input_words: int = 10
    weight_words: int = 10
    output_words: int = 10

    @property
    def drained_words(self) -> int:
        """Words a cycle that leave the output memory."""
        return self.output_words if self.mode == "USER" else self.columns

    def on(self, **changes: int | str) -> Machine:
        """Return the machine with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
