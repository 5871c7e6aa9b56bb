"""What is a piece of a trace? Columns of equal length: cycle, level, operand, action, address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Ints

COLUMNS = ("cycle", "level", "operand", "action", "address")


@dataclass(frozen=True)
class Piece:
    """Some lines of a trace, in order of their cycles.

    Parameters
    ----------
    cycle : int64 array
    kind : int64 array
        Index into ``kinds``.
    address : int64 array
        Of the word in its tensor, row-major from 0 (docs/systolic.md).
    kinds : sequence of (level, operand, action)
    """

    cycle: Ints
    kind: Ints
    address: Ints
    kinds: Sequence[tuple[str, str, str]]

    def __len__(self) -> int:
        return len(self.cycle)

    @classmethod
    def of(cls, parts: Sequence[tuple[int, Ints, Ints]], kinds: Sequence[tuple[str, str, str]]) -> Piece:
        """Join parts of (kind, cycles, addresses) into one piece in order of cycles, kinds and addresses."""
        cycle = np.concatenate([np.zeros(0, np.int64), *(cycles for _, cycles, _ in parts)])
        kind = np.concatenate([np.zeros(0, np.int64), *(np.full(len(cycles), one) for one, cycles, _ in parts)])
        address = np.concatenate([np.zeros(0, np.int64), *(addresses for _, _, addresses in parts)])
        order = np.lexsort((address, kind, cycle))
        return cls(cycle[order], kind[order], address[order], kinds)

    def columns(self) -> dict[str, object]:
        """Return the columns by name: arrays, and of words, lists."""
        names = [[kind[place] for kind in self.kinds] for place in range(3)]
        words = {
            name: [own[index] for index in self.kind.tolist()] for name, own in zip(COLUMNS[1:4], names, strict=True)
        }
        return {"cycle": self.cycle, **words, "address": self.address}
