"""How long does a layer run when its memories may stall the array? Events only: turns of a wheel, and drains.

All ports are served in the same cycle; the array waits for the slowest of them. With ``slips`` the waiting
is SCALE-Sim's: a turn that is late counts twice, and one that is early makes up for another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from accelsim.engine.scalesim.folding import Folding
from accelsim.engine.scalesim.reading import Filling, Wheel, calculated, flushes, wheel
from accelsim.engine.scalesim.writing import OutputMemory


@dataclass(frozen=True)
class Run:
    """What the memories did.

    Parameters
    ----------
    stalls : int
        Cycles that the array waited.
    last_cycle : int
        Cycle of the last row of requests, from 0.
    waits : dict of int to int
        Stalls by row.
    own_waits : dict of (operand, row) to int
        What each port needed.
    fillings : dict of str to Filling
        DRAM side of the memories of I, W and O.
    """

    stalls: int
    last_cycle: int
    waits: dict[int, int]
    own_waits: dict[tuple[str, int], int]
    fillings: dict[str, Filling]

    def cycle(self, row: int) -> int:
        """Cycle in which a row of requests is made."""
        return row + sum(wait for at, wait in self.waits.items() if at < row)


class ReadPort:
    """The turns of a wheel as the layer runs."""

    def __init__(self, prefetches: Wheel, slips: bool) -> None:
        self.rows, self.slips, self.lines = prefetches.rows, slips, prefetches.turn_lines
        self.place, self.ready = 0, -1

    @property
    def next_row(self) -> int | None:
        """Row of the next turn."""
        return int(self.rows[self.place]) if self.place < len(self.rows) else None

    def serve(self, row: int, cycle: int) -> int:
        """Make the turns of a row; return how long they keep the array waiting."""
        wait = 0
        while self.next_row == row:
            self.ready += self.lines + 1
            late = self.ready - (cycle + 1 + wait)
            wait += 2 * late if late > 0 and self.slips else late if self.slips else max(late, 0)
            self.place += 1
        return wait


def run(folding: Folding, slips: bool) -> Run:
    """Return what the memories of a layer do, and the stalls that they cause."""
    wheels = {operand: wheel(folding, operand) for operand in "IW"} if folding.machine.mode == "USER" else {}
    ports = {operand: ReadPort(prefetches, slips) for operand, prefetches in wheels.items()}
    memory = OutputMemory(folding, slips)
    row, stalls = 0, 0
    waits: dict[int, int] = {}
    own_waits: dict[tuple[str, int], int] = {}
    last_wait = 0
    rows = memory.pattern.rows
    while True:
        following = [port.next_row for port in ports.values()] + [memory.next_row(row, stalls)]
        known = [number for number in following if number is not None]
        if not known:
            break
        at = min(known)
        needed = {operand: port.serve(at, at + stalls) for operand, port in ports.items()}
        needed["O"] = memory.serve(at, at + stalls)
        own_waits |= {(operand, at): wait for operand, wait in needed.items() if wait}
        wait = max(needed.values()) if "I" in needed else max(needed["O"], 0)
        if wait:
            waits[at] = wait
        if at == rows - 1:
            last_wait = wait
        stalls, row = stalls + wait, at + 1
    last = rows - 1 + stalls - last_wait + own_waits.get(("O", rows - 1), 0)
    memory.empty(last)
    fillings = {operand: _wheel_filling(ports[operand], wheels[operand]) for operand in ports}
    result = Run(stalls, last, waits, own_waits, fillings)
    if not ports:
        for operand in "IW":
            full, words = flushes(folding, operand)
            cycle = None if full is None else result.cycle(full)
            fillings[operand] = calculated(folding, operand, first_row(folding, operand), cycle, words)
    fillings["O"] = Filling(memory.first or 0, memory.last, memory.dram_words)
    return result


def _wheel_filling(port: ReadPort, prefetches: Wheel) -> Filling:
    return Filling(-prefetches.lines, port.ready, prefetches.words)


def first_row(folding: Folding, operand: str) -> int:
    """Row of the first request of a port."""
    if operand != "I" or not folding.beyond:
        return folding.asked(operand, 0, 0).start
    return _outer_row(folding, range(folding.folds[0] * folding.folds[1]))


def last_row(folding: Folding, operand: str) -> int:
    """Row of the last request of a port."""
    row_folds, column_folds = folding.folds
    if operand != "I" or not folding.beyond:
        asked = folding.asked(operand, row_folds - 1, column_folds - 1)
        return (row_folds * column_folds - 1) * folding.fold_cycles + asked.end
    return _outer_row(folding, reversed(range(row_folds * column_folds)), last=True)


def _outer_row(folding: Folding, folds: Iterable[int], last: bool = False) -> int:
    """First or last row of the first of some folds in which any input is asked for."""
    for fold in folds:
        column_fold, row_fold = divmod(fold, folding.folds[0])
        block, start, skewed = folding.block("I", row_fold, column_fold)
        rows, columns = np.nonzero(block >= 0)
        if len(rows):
            cycles = rows + columns if skewed else rows
            return fold * folding.fold_cycles + start + int(cycles.max() if last else cycles.min())
    raise AssertionError("a layer has a word of every operand")
