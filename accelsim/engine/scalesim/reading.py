"""What do the memories of W and I read from DRAM? Fill and flush in CALC mode, a wheel of prefetches in USER mode.

CALC: half a memory takes ``50 floor(bytes / 100)`` words. As it is full, all of it is given up; a word that
is asked for again is read again.

USER: the words of one pass are laid out in sets of ``ceil(bytes / 100)`` in the order of their first use. The
memory holds the sets of its active half; a word outside them turns the wheel by the sets of the other
half, which DRAM has brought meanwhile at its bandwidth, or the array waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Ints
from accelsim.engine.scalesim.folding import Folding
from accelsim.engine.scalesim.writing import KIB
from accelsim.hardware.importers.scalesim_machine import CALC_READ_WORDS

SETS = 50
"""Sets of the active half."""


def memory_bytes(folding: Folding, operand: str) -> int:
    """Bytes of the memory of W or I."""
    machine = folding.machine
    return (machine.input_kib if operand == "I" else machine.weight_kib) * KIB


def distinct_words(folding: Folding, operand: str) -> int:
    """Words of W, or words of I that any window reads."""
    layer = folding.layer
    if operand == "W":
        return layer.extents[1] * layer.extents[2]
    lengths = (
        _covered(layer.height, layer.filter_height, layer.strides[0], layer.output_height),
        _covered(layer.width, layer.filter_width, layer.strides[1], layer.output_width),
    )
    return lengths[0] * lengths[1] * layer.channels


def _covered(size: int, taps: int, stride: int, outputs: int) -> int:
    """Positions of an axis that the windows cover."""
    last = size - (outputs - 1) * stride
    return (outputs - 1) * min(taps, stride) + max(0, min(taps, last))


def flushes(folding: Folding, operand: str) -> tuple[int | None, int]:
    """Return the row in which half a memory is last full in CALC mode, and the words read from DRAM in all.

    A word counts as new if it was not asked for since the last flush.
    """
    room = SETS * (memory_bytes(folding, operand) // 100)
    distinct = distinct_words(folding, operand)
    if distinct < room:
        return None, distinct
    m, _, k = folding.layer.extents
    if operand == "W" or distinct == m * k:
        last, words = _flushes_of_passes(_passes(folding, operand), room)
        return folding.row_of(operand, last) if last else None, words
    return _flushes_of_requests(folding, operand, room)


def _passes(folding: Folding, operand: str) -> list[tuple[int, int]]:
    """Words that are asked for one after another, each once, and how often so, for operands without halos."""
    m, n, k = folding.layer.extents
    row_folds, column_folds = folding.folds
    flow, columns = folding.machine.dataflow, folding.machine.columns
    if operand == "I":
        return [(m * k, 1 if flow == "is" else column_folds)]
    if flow == "os":
        return [(k * min(columns, n - start), row_folds) for start in range(0, n, columns)]
    return [(k * n, column_folds if flow == "is" else 1)]


def _flushes_of_passes(passes: list[tuple[int, int]], room: int) -> tuple[int, int]:
    """Number of the request that fills the memory last (0: none does), and words read.

    Words that come round again are all held if they are fewer than the room, and all new otherwise.
    """
    last = words = held = asked = 0
    for size, times in passes:
        if size >= room:
            new = size * times
            if held + new >= room:
                last = asked + (held + new) // room * room - held
            held = (held + new) % room
        elif held + size < room:
            new, held = size, held + size
        else:
            first = room - held
            last = asked + first
            held = min(size, size * times - first)
            new = first + held
        words, asked = words + new, asked + size * times
    return last, words


def _flushes_of_requests(folding: Folding, operand: str, room: int) -> tuple[int | None, int]:
    last = None
    held = words = place = 0
    flushed = -1
    seen = np.full(_last_address(folding, operand) + 1, -1, dtype=np.int64)
    one_tap = folding.machine.dataflow == "ws" and folding.layer.channels % folding.machine.rows == 0
    for cycles, addresses in folding.requests(operand):
        if one_tap:  # no word is asked for twice in a fold
            before = seen[addresses]
            seen[addresses] = np.arange(place, place + len(addresses))
        else:
            before = _previous(addresses, place, seen)
        place += len(addresses)
        base, start = place - len(addresses), 0
        while start < len(addresses):
            gathered = np.cumsum(before[start:] <= flushed)
            if held + gathered[-1] < room:
                held, start = held + int(gathered[-1]), len(addresses)
            else:
                full = start + int(np.searchsorted(gathered, room - held))
                last = int(cycles[full])
                words, held, flushed, start = words + room, 0, base + full, full + 1
    return last, words + held


def _last_address(folding: Folding, operand: str) -> int:
    layer = folding.layer
    if operand == "W":
        return layer.extents[1] * layer.extents[2] - 1
    return layer.height * layer.width * layer.channels - 1


def _previous(addresses: Ints, place: int, seen: Ints) -> Ints:
    """For every request the place of the last one of its address, -1 if there was none; ``seen`` is kept up."""
    order = np.argsort(addresses, kind="stable")
    ordered = addresses[order]
    again = np.concatenate([[False], ordered[1:] == ordered[:-1]])
    last = np.where(again, np.concatenate([[0], order[:-1]]) + place, seen[ordered])
    previous = np.empty_like(last)
    previous[order] = last
    seen[addresses] = np.arange(place, place + len(addresses))
    return previous


@dataclass(frozen=True)
class Filling:
    """DRAM reads of one memory: first and last cycle at which words arrive, and how many."""

    first: int
    last: int
    words: int


def calculated(folding: Folding, operand: str, first_row: int, full_cycle: int | None, words: int) -> Filling:
    """Return the DRAM reads of a memory in CALC mode.

    Parameters
    ----------
    first_row : int
        Row of the operand's first request.
    full_cycle : int or None
        Cycle in which half the memory was last full, None if it never was.
    words : int
        From `flushes`.
    """
    a_set = memory_bytes(folding, operand) // 100
    if full_cycle is None:
        sets = -(-words // a_set)
        return Filling(-sets * a_set // CALC_READ_WORDS, -1, words)
    return Filling(first_row - -(-SETS * a_set // CALC_READ_WORDS), full_cycle + 1, words)


@dataclass(frozen=True)
class Wheel:
    """The prefetches of one memory in USER mode.

    Parameters
    ----------
    lines : int
        Cycles of the first prefetch, which ends as the layer starts.
    turn_lines : int
        Cycles of each further one.
    rows : int64 array
        Row of every turn, in order.
    width : int
        Words a cycle.
    """

    lines: int
    turn_lines: int
    rows: Ints
    width: int

    @property
    def words(self) -> int:
        """Words asked of DRAM, whole lines."""
        return self.width * (self.lines + self.turn_lines * len(self.rows))


def wheel(folding: Folding, operand: str) -> Wheel:
    """Return the prefetches of W or I."""
    machine, size = folding.machine, memory_bytes(folding, operand)
    width = machine.input_words if operand == "I" else machine.weight_words
    active = -(-size // 2)
    spare = size - active
    a_set = -(-size // 100)
    addresses, places = folding.fetched(operand)
    fetch_lines = -(-places // width)
    lines = min(-(-active // width), fetch_lines)
    sets = len(addresses) // a_set + 1
    held = min(sets, -(-active // a_set))
    turned = min(sets - held, -(-spare // a_set))
    rows = _turns(folding, operand, addresses, a_set, sets, held, turned) if turned else np.zeros(0, np.int64)
    return Wheel(lines, -(-spare // width), rows, width)


def _turns(folding: Folding, operand: str, fetched: Ints, a_set: int, sets: int, held: int, turned: int) -> Ints:
    """Rows at which a word is asked for outside the sets held, once for every turn of the wheel that it takes."""
    words = _last_address(folding, operand) + 1
    set_of = np.arange(len(fetched)) // a_set
    rows: list[int] = []
    start = 0
    present = _present(fetched, set_of, start, held, sets, words)
    for cycles, addresses in folding.requests(operand):
        place = 0
        while place < len(addresses):
            missing = ~present[addresses[place:]]
            step = int(np.argmax(missing))
            if not missing[step]:
                break
            place += step
            while not present[addresses[place]]:
                start = (start + turned) % sets
                rows.append(int(cycles[place]))
                present = _present(fetched, set_of, start, held, sets, words)
    return np.array(rows, dtype=np.int64)


def _present(fetched: Ints, set_of: Ints, start: int, held: int, sets: int, words: int) -> np.ndarray:
    """Whether each address is in one of the sets held."""
    present = np.zeros(words, dtype=bool)
    present[fetched[(set_of - start) % sets < held]] = True
    return present
