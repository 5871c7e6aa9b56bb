"""What does a systolic array compute, cycle by cycle? PEs with registers, values that move one PE a cycle.

Nothing here knows a closed form. Every fold is started as early as its hardware allows: a word that would be
overwritten before its use raises `Hazard`, and so does a sum that meets the wrong input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


class Hazard(Exception):  # noqa: N818
    """A value was overwritten before its use, or met the wrong one."""


@dataclass(frozen=True)
class Fold:
    """What one fold covers: ranges of the product over the rows and the columns of the array."""

    number: int
    down: range
    across: range


@dataclass(frozen=True)
class Done:
    """A finished product.

    Parameters
    ----------
    product : int array
    cycles : int
        From the first word that enters to the last sum that is complete or has left.
    port_words : list of (cycle, operand, place)
        Every word that crossed the edge of the array: "stationary" and "stream" words in, sums out.
    """

    product: np.ndarray
    cycles: int
    port_words: list[tuple[int, str, tuple[int, int]]]


def folds_of(down: int, across: int, rows: int, columns: int) -> list[Fold]:
    """Return the folds in their order, row folds inside column folds."""
    found: list[Fold] = []
    for j in range(0, across, columns):
        for i in range(0, down, rows):
            found.append(Fold(len(found), range(i, min(i + rows, down)), range(j, min(j + columns, across))))
    return found


def padded(matrix: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A matrix with zeros up to multiples of rows and columns: whole folds."""
    return np.pad(matrix, ((0, -matrix.shape[0] % rows), (0, -matrix.shape[1] % columns)))


class StationaryArray:
    """Weights (or inputs) stay in the PEs, the other operand moves right, sums move down into accumulators.

    Parameters
    ----------
    stream : int array, shape (T, down)
    stationary : int array, shape (down, across)
    overlap : bool
        Whether a second register takes the next fold's words during a fold.
    early : int
        Cycles by which the second fold starts too early, to see it fail.
    """

    def __init__(
        self, stream: np.ndarray, stationary: np.ndarray, rows: int, columns: int, overlap: bool, early: int = 0
    ) -> None:
        self.stream, self.stationary = stream, stationary
        self.rows, self.columns, self.overlap, self.early = rows, columns, overlap, early
        self.folds = folds_of(*stationary.shape, rows, columns)
        self.sums = np.zeros((len(stream), stationary.shape[1]), dtype=np.int64)
        self.active: dict[tuple[int, int], tuple[int, int]] = {}  # PE -> fold, word
        self.shadow: dict[tuple[int, int], tuple[int, int, int]] = {}  # PE -> fold, row it is for, word
        self.moving: dict[tuple[int, int], tuple[int, int, int]] = {}  # PE -> fold, step, input word
        self.falling: dict[tuple[int, int], tuple[int, int, int]] = {}  # PE -> fold, step, sum
        self.port_words: list[tuple[int, str, tuple[int, int]]] = []
        self.load_at: dict[int, int] = {}
        self.start_at: dict[int, int] = {}
        self.last = -1
        self.landed = 0

    def run(self) -> Done:
        """Run until every sum is in its accumulator."""
        self.load_at[0] = 0
        wanted = sum(len(fold.across) for fold in self.folds) * len(self.stream)
        cycle = 0
        while self.landed < wanted:
            if cycle > self.last + 1000:
                raise Hazard("nothing arrives any more")
            self._schedule(cycle)
            arriving = self._arriving(cycle)
            self._swap(arriving)
            self._multiply(cycle, arriving)
            self._load(cycle)
            self.moving = arriving
            cycle += 1
        return Done(self.sums, self.last + 1, self.port_words)

    def _schedule(self, cycle: int) -> None:
        """Start a fold as its first word is in place; load the next as soon as its registers are free."""
        for fold in self.folds:
            number = fold.number
            if number in self.start_at or number not in self.load_at:
                continue
            ahead = self.early if number == 1 else 0
            loaded = cycle >= self.load_at[number] + len(fold.down) - ahead
            streamed = number == 0 or cycle >= self.start_at[number - 1] + len(self.stream) - ahead
            if loaded and streamed:
                self.start_at[number] = cycle
        following = len(self.load_at)
        before = following - 1
        if following < len(self.folds) and before in self.start_at:
            swapped = cycle >= self.start_at[before]
            finished = self.landed == sum(len(fold.across) for fold in self.folds[:following]) * len(self.stream)
            if swapped if self.overlap else finished:
                self.load_at[following] = cycle

    def _arriving(self, cycle: int) -> dict[tuple[int, int], tuple[int, int, int]]:
        """Inputs at each PE in this cycle: from the left neighbor, and new ones at the left edge."""
        arriving = {(i, j + 1): word for (i, j), word in self.moving.items() if j + 1 < self.columns}
        for fold in self.folds:
            if fold.number not in self.start_at:
                continue
            for i in range(len(fold.down)):
                step = cycle - self.start_at[fold.number] - i
                if 0 <= step < len(self.stream):
                    if (i, 0) in arriving:
                        raise Hazard("two inputs enter a row at once")
                    arriving[i, 0] = fold.number, step, int(self.stream[step, fold.down[i]])
                    self.port_words.append((cycle, "stream", (step, fold.down[i])))
        return arriving

    def _swap(self, arriving: dict[tuple[int, int], tuple[int, int, int]]) -> None:
        """The first input of a fold takes the PE's second register into use."""
        for (i, j), (number, step, _) in arriving.items():
            if step == 0 and j < len(self.folds[number].across):
                held = self.shadow.pop((i, j), None)
                if held is None or held[0] != number or held[1] != i:
                    raise Hazard("a stationary word is not in place")
                self.active[i, j] = held[0], held[2]

    def _multiply(self, cycle: int, arriving: dict[tuple[int, int], tuple[int, int, int]]) -> None:
        falling: dict[tuple[int, int], tuple[int, int, int]] = {}
        for i in range(self.rows):
            for j in range(self.columns):
                above = self.falling.get((i - 1, j))
                word = arriving.get((i, j))
                if word is not None and j < len(self.folds[word[0]].across):
                    number, step, value = word
                    if self.active[i, j][0] != number:
                        raise Hazard("an input meets the word of another fold")
                    if (above is None) != (i == 0) or (above and above[:2] != (number, step)):
                        raise Hazard("a sum meets the wrong input")
                    falling[i, j] = number, step, (above[2] if above else 0) + value * self.active[i, j][1]
                elif above is not None:
                    falling[i, j] = above
        for j in range(self.columns):
            if (self.rows - 1, j) in falling:
                number, step, total = falling.pop((self.rows - 1, j))
                self.sums[step, self.folds[number].across[j]] += total
                self.port_words.append((cycle, "sum", (step, self.folds[number].across[j])))
                self.last, self.landed = cycle, self.landed + 1
        self.falling = falling

    def _load(self, cycle: int) -> None:
        """Words move down to the row that they are for, the lowest row's first; each column a cycle later."""
        shadow = dict(self.shadow)
        moved = [(place, held) for place, held in self.shadow.items() if held[1] != place[0]]
        for place, _ in moved:
            del shadow[place]
        entering = []
        for fold in self.folds:
            for j in range(len(fold.across)):
                place = cycle - self.load_at.get(fold.number, cycle + 1) - j
                if 0 <= place < len(fold.down):
                    row = len(fold.down) - 1 - place
                    word = int(self.stationary[fold.down[row], fold.across[j]])
                    entering.append(((-1, j), (fold.number, row, word)))
                    self.port_words.append((cycle, "stationary", (fold.down[row], fold.across[j])))
        for (i, j), held in [*moved, *entering]:
            if (i + 1, j) in shadow:
                raise Hazard("a stationary word is overwritten before its use")
            shadow[i + 1, j] = held
        self.shadow = shadow


class OutputArray:
    """Sums stay in the PEs; one operand moves right, the other down; finished sums move down and out.

    Parameters
    ----------
    left : int array, shape (down, T)
    top : int array, shape (T, across)
    overlap, early
        As in `StationaryArray`; the second register holds finished sums on their way out.
    """

    def __init__(
        self, left: np.ndarray, top: np.ndarray, rows: int, columns: int, overlap: bool, early: int = 0
    ) -> None:
        self.left, self.top, self.steps = left, top, left.shape[1]
        self.rows, self.columns, self.overlap, self.early = rows, columns, overlap, early
        self.folds = folds_of(left.shape[0], top.shape[1], rows, columns)

    def run(self) -> Done:
        """Start every fold at the earliest cycle at which the run has no hazard."""
        starts: list[int] = []
        for fold in self.folds:
            start = starts[-1] + self.steps if starts else 0
            if starts and not self.overlap:
                start = self._simulate(starts).cycles
            while self._fails([*starts, start]):
                start += 1
            starts.append(start - (self.early if fold.number == 1 else 0))
            if self.early and fold.number == 1:
                break
        return self._simulate(starts)

    def _fails(self, starts: list[int]) -> bool:
        try:
            self._simulate(starts)
        except Hazard:
            return True
        return False

    def _simulate(self, starts: list[int]) -> Done:
        product = np.zeros((self.left.shape[0], self.top.shape[1]), dtype=np.int64)
        sums: dict[tuple[int, int], tuple[int, int]] = {}
        finished: dict[tuple[int, int], tuple[int, int, int]] = {}  # PE -> fold, row it comes from, sum
        words: list[tuple[int, str, tuple[int, int]]] = []
        rightward: dict[tuple[int, int], tuple[int, int, int]] = {}
        downward: dict[tuple[int, int], tuple[int, int, int]] = {}
        left, cycle, last = sum(len(fold.down) * len(fold.across) for fold in self.folds[: len(starts)]), 0, -1
        while left:
            rightward = {(i, j + 1): word for (i, j), word in rightward.items() if j + 1 < self.columns}
            downward = {(i + 1, j): word for (i, j), word in downward.items() if i + 1 < self.rows}
            for place, word, at in self._entering(cycle, starts):
                side = rightward if at == "left" else downward
                if place in side:
                    raise Hazard("two words enter at once")
                side[place] = word
                words.append((cycle, at, self._index(place, word, at)))
            finished, out = self._shifted(finished, cycle, starts)
            for number, row, j, total in out:
                fold = self.folds[number]
                product[fold.down[row], fold.across[j]] = total
                words.append((cycle, "sum", (fold.down[row], fold.across[j])))
                left, last = left - 1, cycle
            for place in rightward.keys() & downward.keys():
                self._accumulate(place, rightward[place], downward[place], sums, finished)
            cycle += 1
        return Done(product, last + 1, words)

    def _index(self, place: tuple[int, int], word: tuple[int, int, int], at: str) -> tuple[int, int]:
        fold = self.folds[word[0]]
        return (fold.down[place[0]], word[1]) if at == "left" else (word[1], fold.across[place[1]])

    def _entering(self, cycle: int, starts: list[int]) -> Iterator[tuple[tuple[int, int], tuple[int, int, int], str]]:
        for fold, start in zip(self.folds, starts, strict=False):
            for i, row in enumerate(fold.down):
                if 0 <= (step := cycle - start - i) < self.steps:
                    yield (i, 0), (fold.number, step, int(self.left[row, step])), "left"
            for j, column in enumerate(fold.across):
                if 0 <= (step := cycle - start - j) < self.steps:
                    yield (0, j), (fold.number, step, int(self.top[step, column])), "top"

    def _accumulate(self, place, across, down, sums, finished) -> None:  # type: ignore[no-untyped-def]
        fold = self.folds[across[0]]
        if place[0] >= len(fold.down) or place[1] >= len(fold.across):
            return
        if across[:2] != down[:2]:
            raise Hazard("words of different steps meet")
        total = (sums[place][1] if across[1] else 0) + across[2] * down[2]
        sums[place] = across[0], total
        if across[1] == self.steps - 1:
            if place in finished:
                raise Hazard("a finished sum is overwritten")
            finished[place] = across[0], place[0], total

    def _shifted(self, finished, cycle, starts):  # type: ignore[no-untyped-def]
        """Move the sums of a column down together, from the cycle after its lowest one is finished."""
        kept, moving, out = {}, [], []
        for (i, j), held in finished.items():
            fold = self.folds[held[0]]
            ready = starts[held[0]] + self.steps + len(fold.down) - 1 + j
            if cycle >= ready:
                moving.append(((i + 1, j), held))
            else:
                kept[i, j] = held
        for (i, j), (number, row, total) in moving:
            if i == self.rows:
                out.append((number, row, j, total))
            elif (i, j) in kept:
                raise Hazard("a finished sum is overwritten")
            else:
                kept[i, j] = number, row, total
        return kept, out


def simulate(
    dataflow: str, inputs: np.ndarray, weights: np.ndarray, rows: int, columns: int, overlap: bool, early: int = 0
) -> Done:
    """Multiply M x K inputs and K x N weights on an array of a dataflow."""
    if dataflow == "os":
        return OutputArray(inputs, weights, rows, columns, overlap, early).run()
    if dataflow == "ws":
        return StationaryArray(inputs, weights, rows, columns, overlap, early).run()
    done = StationaryArray(weights.T, inputs.T, rows, columns, overlap, early).run()
    return Done(done.product.T, done.cycles, done.port_words)
