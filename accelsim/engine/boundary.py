"""By how much do the transfers of one boundary between two steps outlast the compute before it?

Everything that is due when a loop advances is lined up on its ports, in the order of docs/memory-time.md:
tiles of O that leave, from inside out, then tiles that come in, from outside in. Times are counted from the
end of compute: a tile whose slot has been free for a window of w cycles may start at -w.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.case import Floats
from accelsim.engine.links import Link, Work

Bools = NDArray[np.bool_]
NEVER = 1e300


@dataclass
class Due:
    """What is due of one link at a boundary.

    Parameters
    ----------
    link : Link
    now : bool array, shape (n,)
        Whether its box changes here.
    window : float64 array, shape (n,)
        Cycles since its slot became free; 0 for a single-buffered level.
    within : Work
        What else takes the ports in that time.
    coming, leaving : Work
        Tiles that come in and go out.
    owed : Work
        At the end of the layer: what left the box before the last one, and has not gone out yet.
    idle : bool array or None
        Where nothing is due to leave yet: before the second change of a double-buffered level.
    """

    link: Link
    now: Bools
    window: Floats
    within: Work
    coming: Work = field(default_factory=dict)
    leaving: Work = field(default_factory=dict)
    idle: Bools | None = None
    owed: Work = field(default_factory=dict)


@dataclass
class _Block:
    """The time in which a port is busy for what was lined up so far."""

    start: Floats
    end: Floats


class Boundary:
    """The ports at one boundary.

    Attributes
    ----------
    late : float64 array, shape (n,)
        Cycles after the end of compute when all is over.
    blamed : dict of (level, operand) to float64 array
        The same cycles by what ends last.
    """

    def __init__(self, zero: Floats, level_of: dict[str, str]) -> None:
        self.zero, self.level_of = zero, level_of
        self.late = zero
        self.blame: list[tuple[str, str]] = []
        self.blamed_at = np.full(len(zero), -1)
        self._blocks: dict[str, _Block] = {}

    def serve(self, due: Due, work: Work, release: Floats, where: Bools) -> Floats:
        """Line up one tile and return when it is over."""
        over = release
        for port, cycles in work.items():
            free = _free(due, port, self.zero)
            start = np.where(release < 0, release * free, release)
            use = where & (cycles > 0)
            if not use.any():
                continue
            block = self._blocks.get(port)
            if block is None:
                own, self._blocks[port] = _alone(start, cycles, use)
            else:
                own, self._blocks[port] = _lined_up(block, start, cycles, use)
            own = np.where(own < 0, own / np.maximum(free, 1e-9), own)
            later = use & (own > over)
            if later.any():
                over = np.where(later, own, over)
                self._note(port, due.link.operand, where & later & (own > self.late), own)
        return over

    def _note(self, port: str, operand: str, worse: Bools, until: Floats) -> None:
        if worse.any():
            key = self.level_of[port], operand
            if key not in self.blame:
                self.blame.append(key)
            self.late = np.where(worse, until, self.late)
            self.blamed_at = np.where(worse, self.blame.index(key), self.blamed_at)

    @property
    def blamed(self) -> dict[tuple[str, str], Floats]:
        """Cycles after the end of compute, by (level, operand) of what ends last."""
        return {key: np.where(self.blamed_at == at, self.late, 0.0) for at, key in enumerate(self.blame)}


def _free(due: Due, port: str, zero: Floats) -> Floats:
    """Share of the time before the end of compute that what else takes a port leaves of it."""
    taken = due.within.get(port)
    if taken is None:
        return zero + 1
    return np.asarray(1 - np.minimum(np.divide(taken, due.window, out=zero + 0, where=due.window > 0), 1))


def _alone(start: Floats, cycles: Floats, use: Bools) -> tuple[Floats, _Block]:
    end = start + cycles
    return end, _Block(np.where(use, start, NEVER), np.where(use, end, -NEVER))


def _lined_up(block: _Block, start: Floats, cycles: Floats, use: Bools) -> tuple[Floats, _Block]:
    """Serve a tile after what was lined up, or before it as far as the port was free and the tile could start."""
    empty = block.end == -NEVER
    gap = np.where(empty, 0.0, np.maximum(block.start - start, 0.0))
    fits = cycles <= gap
    own = np.where(empty | fits, start + cycles, np.maximum(block.end, start) + cycles - gap)
    idle = np.maximum(start - block.end, 0.0)
    early = np.where(gap > 0, np.where(fits, block.start - cycles, start), block.start + idle)
    begin = np.where(use, np.where(empty, start, early), block.start)
    end = np.where(use, np.where(empty, own, np.maximum(block.end, own)), block.end)
    return own, _Block(begin, end)


def settle(dues: Sequence[Due], zero: Floats, level_of: dict[str, str], last: bool = False) -> Boundary:
    """Line up all that is due at a boundary; ``dues`` from outside in. ``last``: the end of the layer.

    At the end, tiles of O that double-buffered levels still owe come first, then the last ones.
    """
    boundary = Boundary(zero, level_of)
    outputs = [due for due in reversed(dues) if due.link.operand == "O"]
    gone = _leave(boundary, outputs, zero, last)
    came: dict[str, Floats] = {}
    for due in dues:
        if not due.coming:
            continue
        operand, release = due.link.operand, -due.window
        if operand in came:
            release = np.maximum(release, came[operand])
        if id(due) in gone:
            release = np.where(due.now, np.maximum(release, gone[id(due)]), release)
        over = boundary.serve(due, due.coming, release, due.now)
        before = came.get(operand)
        came[operand] = np.where(due.now, over, -NEVER if before is None else before)
    return boundary


def _leave(boundary: Boundary, outputs: Sequence[Due], zero: Floats, last: bool) -> dict[int, Floats]:
    """Tiles of O leave from inside out, each after the one inside it has arrived; when each is over."""
    gone: dict[int, Floats] = {}
    owed: dict[str, Floats] = {}
    if last:
        for due in outputs:
            if not due.link.single:
                owed[due.link.level] = boundary.serve(due, due.owed, -due.window, due.now)
    inner: tuple[Due, Floats] | None = None
    for at, due in enumerate(outputs):
        at_once = np.full(len(zero), last)
        for other in outputs[at:]:
            if other.link.single:
                at_once = at_once | other.now
        release = np.where(at_once, 0.0, -due.window)
        where = due.now | last
        if inner is not None:
            below, over = inner
            later = np.where(at_once, np.maximum(release, over), release + below.window + over)
            release = np.where((below.now | last) & where, later, release)
        if due.link.level in owed:
            release = np.maximum(release, np.where(due.now, owed[due.link.level], release))
        leaves = where if due.idle is None else where & ~(due.idle & ~at_once)
        over = boundary.serve(due, due.leaving, release, leaves)
        gone[id(due)], inner = over, (due, over)
    return gone
