"""What can a chip do with zeros? Gate or skip their multiplies, and store tensors without them."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.precision.sparse import Pattern
from accelsim.provenance import Sourced


@dataclass(frozen=True)
class Coding:
    """Where operands are stored coded: in all levels from the outermost down to one.

    Parameters
    ----------
    operands : str
        A subset of "WIO"; of O the finished words.
    codec : str
        A key of `accelsim.precision.sparse.CODECS`.
    down_to : str
        The innermost level that holds them coded.
    """

    operands: str
    codec: str
    down_to: str


@dataclass(frozen=True)
class SparseUnit:
    """A chip's means against zeros.

    Parameters
    ----------
    gate : str
        Operands (of "WI") whose zeros stop the multiply and the add, but take their cycle.
    gated_reads : str
        Operands that a gated multiply-accumulate does not read from their innermost level.
    skip : str
        Operands whose zeros take no cycle.
    patterns : tuple of Pattern
        N:M patterns that skipping of W takes; empty: zeros anywhere.
    formats : tuple of str
        Weight formats of the multipliers that skip; empty: all.
    speedup : Sourced or None
        The most that skipping gains; None: no limit.
    zero_test_pj : Sourced or None
        Energy of finding out whether to gate, per multiply-accumulate that takes time.
    codings : tuple of Coding
    source : str
    note : str
    """

    gate: str = ""
    gated_reads: str = ""
    skip: str = ""
    patterns: tuple[Pattern, ...] = ()
    formats: tuple[str, ...] = ()
    speedup: Sourced | None = None
    zero_test_pj: Sourced | None = None
    codings: tuple[Coding, ...] = ()
    source: str = ""
    note: str = ""

    def skips(self, operand: str, pattern: Pattern | None, weight: str) -> bool:
        """Whether zeros of an operand take no cycle, given the weights' pattern and the multiplier's weight format."""
        if operand not in self.skip or (self.formats and weight not in self.formats):
            return False
        return operand != "W" or not self.patterns or pattern in self.patterns
