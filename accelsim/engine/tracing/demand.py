"""Which words cross the edge of a systolic array in each cycle? The schedule of docs/systolic.md, word by word.

::

    ws, is   stationary word of row i, column j   load + (r - 1 - i) + j, load as the fold before starts, or ends
             stream word of step t, row i         start + t + i
             sum of step t, column j              start + t + R - 1 + j
    os       words of step t, row i or column j   start + t + i, start + t + j
             sum of row i, column j               start + T + r - 1 + j + R - 1 - i
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Ints
from accelsim.engine.scalesim.folding import Folding
from accelsim.engine.systolic import STATIONARY
from accelsim.engine.tracing.piece import Piece

WORDS = 2**17
"""About so many places are looked at for one piece."""
EDGE = "array"
KINDS = ((EDGE, "W", "read"), (EDGE, "I", "read"), (EDGE, "O", "write"))
_KIND = {"W": 0, "I": 1, "O": 2}


@dataclass(frozen=True)
class _Lane:
    """Words on ``wide`` lanes, ``long`` on each, a word a cycle, lane l from cycle ``start + l`` on."""

    operand: str
    start: int
    long: int
    wide: int
    address: Callable[[Ints, Ints], Ints]
    """Of the word at a place of a lane."""

    @property
    def end(self) -> int:
        return self.start + self.long + self.wide - 1

    def within(self, begin: int, end: int) -> tuple[int, Ints, Ints]:
        """Return kind, cycles and addresses of the words in some cycles."""
        places = np.arange(max(0, begin - self.start - self.wide + 1), min(self.long, end - self.start))[:, None]
        lanes = np.arange(self.wide)
        cycle = self.start + places + lanes
        asked = (cycle >= begin) & (cycle < end)
        address = np.broadcast_to(self.address(places, lanes), cycle.shape)
        asked &= address >= 0
        return _KIND[self.operand], cycle[asked], address[asked]


def demand(folding: Folding, overlap: bool) -> Iterator[Piece]:
    """Yield every word that enters or leaves a systolic array, in order of cycles.

    Parameters
    ----------
    folding : Folding
        A layer on an array; its memories and its mode are ignored.
    overlap : bool
        Whether the stationary operand is double-buffered.

    Yields
    ------
    Piece
        Words beyond the edge of the input are not asked for.
    """
    window = max(1, WORDS // max(folding.machine.rows, folding.machine.columns))
    lanes: list[_Lane] = []
    coming = _folds(folding, overlap)
    following = next(coming, None)
    begin = 0
    while lanes or following:
        while following and following[0].start < begin + window:
            lanes += following
            following = next(coming, None)
        parts = [lane.within(begin, begin + window) for lane in lanes if lane.start < begin + window]
        piece = Piece.of(parts, KINDS)
        if len(piece):
            yield piece
        begin += window
        lanes = [lane for lane in lanes if lane.end > begin]


def _folds(folding: Folding, overlap: bool) -> Iterator[list[_Lane]]:
    """Yield the lanes of every fold, those that begin first in front."""
    rows, flow, (_, _, stream) = folding.machine.rows, folding.machine.dataflow, folding.sizes
    start = previous = 0
    for number, (down, across) in enumerate(_places(folding)):
        r, c = len(down), len(across)
        if flow == "os":
            if number:
                start += max(stream, previous) if overlap else previous
            previous = r if overlap else stream + rows + r + c - 2
            yield _output_lanes(folding, start, down, across)
        else:
            load = (start if overlap else start + previous) if number else 0
            start = max(load + r, start + stream) if overlap and number else load + r
            previous = stream + rows + c - 2
            yield _stationary_lanes(folding, load, start, down, across)


def _places(folding: Folding) -> Iterator[tuple[range, range]]:
    down, across, _ = folding.sizes
    rows, columns = folding.machine.rows, folding.machine.columns
    for column in range(0, across, columns):
        for row in range(0, down, rows):
            yield range(row, min(row + rows, down)), range(column, min(column + columns, across))


def _stationary_lanes(folding: Folding, load: int, start: int, down: range, across: range) -> list[_Lane]:
    rows, stream, r, c = folding.machine.rows, folding.sizes[2], len(down), len(across)
    last, left = down[-1], across[0]
    if STATIONARY[folding.machine.dataflow] == "W":
        return [
            _Lane("W", load, r, c, lambda place, lane: folding.weights(last - place, left + lane)),
            _Lane("I", start, stream, r, lambda place, lane: folding.inputs(place, down[0] + lane)),
            _Lane("O", start + rows - 1, stream, c, lambda place, lane: folding.outputs(place, left + lane)),
        ]
    return [
        _Lane("I", load, r, c, lambda place, lane: folding.inputs(left + lane, last - place)),
        _Lane("W", start, stream, r, lambda place, lane: folding.weights(down[0] + lane, place)),
        _Lane("O", start + rows - 1, stream, c, lambda place, lane: folding.outputs(left + lane, place)),
    ]


def _output_lanes(folding: Folding, start: int, down: range, across: range) -> list[_Lane]:
    rows, stream, r, c = folding.machine.rows, folding.sizes[2], len(down), len(across)
    out = start + stream + r - 1 + rows - r
    return [
        _Lane("I", start, stream, r, lambda place, lane: folding.inputs(down[0] + lane, place)),
        _Lane("W", start, stream, c, lambda place, lane: folding.weights(place, across[0] + lane)),
        _Lane("O", out, r, c, lambda place, lane: folding.outputs(down[-1] - place, across[0] + lane)),
    ]
