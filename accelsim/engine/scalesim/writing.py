"""When does an output memory hand its words to DRAM, and when must the array wait for it?

Words gather in lines of as many words as DRAM takes a cycle. More than half a memory undrained starts a
drain of half a memory, a line a cycle; the array waits only while a drain goes on and no word is free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from accelsim.engine.case import Ints
from accelsim.engine.scalesim.folding import Folding

KIB = 1024


@dataclass(frozen=True)
class Pattern:
    """Which row of requests holds the how-manieth output: every fold of the layer, as cumulative counts."""

    folding: Folding

    @cached_property
    def _kinds(self) -> dict[tuple[int, int], Ints]:
        """Words written up to each cycle of a fold, by the rows and columns that the fold uses."""
        return {used: self._within(*used) for used in {self._used(fold) for fold in self._corners}}

    @property
    def _corners(self) -> list[tuple[int, int]]:
        down, across = self.folding.folds
        return [(row, column) for row in {0, down - 1} for column in {0, across - 1}]

    def _used(self, fold: tuple[int, int]) -> tuple[int, int]:
        machine, (down, across, _) = self.folding.machine, self.folding.sizes
        rows = min(machine.rows, down - fold[0] * machine.rows) if machine.dataflow == "os" else machine.rows
        return rows, min(machine.columns, across - fold[1] * machine.columns)

    def _within(self, rows: int, columns: int) -> Ints:
        machine, stream = self.folding.machine, self.folding.sizes[2]
        start = stream - 1 + machine.rows - rows if machine.dataflow == "os" else 2 * machine.rows - 1
        long = rows if machine.dataflow == "os" else stream
        change = np.zeros(self.folding.fold_cycles + long + 1, dtype=np.int64)
        for column in range(columns):
            change[start + column] += 1
            change[start + column + long] -= 1
        return np.cumsum(np.cumsum(change))[: self.folding.fold_cycles]

    @cached_property
    def _before(self) -> Ints:
        """Words written before each fold, and in all."""
        down, across = self.folding.folds
        column = [self._kinds[self._used((0, 0))][-1]] * (down - 1) + [self._kinds[self._used((down - 1, 0))][-1]]
        last = [self._kinds[self._used((0, across - 1))][-1]] * (down - 1)
        last += [self._kinds[self._used((down - 1, across - 1))][-1]]
        return np.concatenate([[0], np.cumsum(column * (across - 1) + last)])

    @property
    def words(self) -> int:
        """Words written in all."""
        return int(self._before[-1])

    @property
    def rows(self) -> int:
        """Cycles without stalls."""
        return self.folding.fold_cycles * (len(self._before) - 1)

    def _kind(self, fold: int) -> Ints:
        column, row = divmod(fold, self.folding.folds[0])
        return self._kinds[self._used((row, column))]

    def before(self, row: int) -> int:
        """Words written in the rows before ``row``."""
        if row <= 0:
            return 0
        fold, within = divmod(min(row, self.rows) - 1, self.folding.fold_cycles)
        return int(self._before[fold] + self._kind(fold)[within])

    def row_of(self, word: int) -> int:
        """Row in which the ``word``-th word is written, from 1."""
        fold = int(np.searchsorted(self._before, word)) - 1
        within = int(np.searchsorted(self._kind(fold), word - self._before[fold]))
        return fold * self.folding.fold_cycles + within


@dataclass
class Lines:
    """The words that wait for DRAM, in lines.

    A line that is not full when a drain begins stays so. SCALE-Sim counts it as full when it
    stands amid a drain (``slips``); the right count is of its words.
    """

    width: int
    slips: bool
    count: int = 0
    sealed: int = 0
    drained: int = 0
    partial: dict[int, int] = field(default_factory=dict)

    def seal(self, written: int) -> None:
        """End the line that is being filled."""
        words = written - self.sealed
        self.count += -(-words // self.width)
        if words % self.width:
            self.partial[self.count - 1] = words % self.width
        self.sealed = written

    def drain(self, most: int) -> tuple[int, int]:
        """Take up to ``most`` lines; return how many, and their words."""
        end = min(self.drained + most, self.count)
        lines = end - self.drained
        short = [line for line in self.partial if self.drained <= line < end]
        counted = [line for line in short if line == end - 1] if self.slips else short
        words = lines * self.width - sum(self.width - self.partial[line] for line in counted)
        for line in short:
            del self.partial[line]
        self.drained = end
        return lines, words


class OutputMemory:
    """The output memory at work: `next_row` tells when something happens, `serve` makes it happen."""

    def __init__(self, folding: Folding, slips: bool) -> None:
        machine = folding.machine
        self.pattern = Pattern(folding)
        self.size = machine.output_kib * KIB
        self.half = self.size - -(-self.size // 2)
        self.lines = Lines(machine.drained_words, slips)
        self.most = -(-self.half // machine.drained_words)
        self.written = self.freed = self.end = self.dram_words = 0
        self.first: int | None = None
        self.last = 0

    def next_row(self, row: int, stalls: int) -> int | None:
        """Return the next row, from ``row``, at which a drain starts or the array waits; None if there is none."""
        quiet = max(self.end - stalls, row)
        drain = max(self.written + 1, self.freed + self.half + 1, self.pattern.before(quiet) + 1)
        wait = max(self.written + 1, self.freed + self.size)
        words = [wait] if wait <= self.pattern.before(quiet) else []
        words += [drain] if drain <= self.pattern.words else []
        return self.pattern.row_of(min(words)) if words else None

    def serve(self, row: int, cycle: int) -> int:
        """Write the words of one row at a cycle; return how long the array waits."""
        self.written = max(self.written, self.pattern.before(row))
        end, now = self.pattern.before(row + 1), cycle
        while self.written < end:
            if now < self.end:
                self.written = max(self.written + 1, self.freed + self.size)
                if self.written <= end:
                    now = self.end
            else:
                self.written = max(self.written + 1, self.freed + self.half + 1)
                if self.written <= end:
                    self.freed += self._drain(now)
        self.written = end
        return now - cycle

    def empty(self, cycle: int) -> None:
        """Drain what is left, from a cycle on."""
        self.written = self.pattern.words
        self.lines.seal(self.written)
        while self.lines.drained < self.lines.count:
            self._drain(cycle, seal=False)
            cycle = self.end + 1

    def _drain(self, cycle: int, seal: bool = True) -> int:
        if seal:
            self.lines.seal(self.written)
        lines, words = self.lines.drain(self.most)
        self.first = cycle if self.first is None else self.first
        self.end = cycle + max(lines - 1, 0)
        self.last = max(self.last, self.end)
        self.dram_words += words
        return words
