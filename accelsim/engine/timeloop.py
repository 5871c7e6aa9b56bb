"""What would Timeloop report for a mapping? Its energy and cycles, from counts in its convention.

Timeloop charges whole accesses of one instance, counts no drain reads, and takes the slowest of compute
and every level's transfers as the time. It exists to compare with Timeloop, not to estimate with.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.hardware.chip import Chip, Level
from accelsim.mapping.counts import Counts, count
from accelsim.mapping.nest import Hierarchy, Nest
from accelsim.workload.shape import Shape


@dataclass(frozen=True)
class TimeloopReport:
    """Counts, energy and cycles of one mapping in Timeloop's convention.

    Parameters
    ----------
    counts : Counts
    energy_pj : dict of (level, operand) to float
        All instances together.
    cycles : int
    """

    counts: Counts
    energy_pj: dict[tuple[str, str], float]
    cycles: int


def timeloop_report(chip: Chip, shape: Shape, nest: Nest, word_bits: int) -> TimeloopReport:
    """Return what Timeloop reports for a mapping of words of one width.

    Per level and operand, ``energy = (ceil(reads/B) E_read + ceil(fills/B) E_write + ceil(updates/B)
    E_write) * instances`` with reads, fills and updates of one instance and B words per access;
    ``cycles = max(steps, reads/read bandwidth, (fills + updates)/write bandwidth)``.

    Parameters
    ----------
    chip : Chip
        Costs per access; levels with unequal widths are allowed.
    shape : Shape
    nest : Nest
    word_bits : int
        Width of every word, partial sums included.

    Raises
    ------
    InputError, InfeasibleError
        The nest is not a mapping of ``shape`` on the chip.
    """
    nest.check(shape, Hierarchy(*chip.hierarchy))
    counts = count(shape, nest, "timeloop")
    energy = {}
    cycles = int(counts.steps)
    for level in chip.levels:
        used = 1
        for fanout in chip.fanouts[: level.depth]:
            used *= int(counts.instances.get(fanout.name, 1))
        read = written = 0
        for operand in "WIO":
            tally = counts.levels.get((level.name, operand))
            if tally is None:
                continue
            updates = (tally.updates_partial + tally.updates_final) // used
            reads, fills = tally.reads // used, tally.fills // used
            energy[level.name, operand] = used * _accesses_pj(level, word_bits, reads, fills, updates)
            read, written = read + reads, written + fills + updates
        cycles = max(cycles, _transfer(read, level.read_bits_per_cycle, word_bits))
        cycles = max(cycles, _transfer(written, level.write_bits_per_cycle, word_bits))
    return TimeloopReport(counts, energy, cycles)


def _accesses_pj(level: Level, word_bits: int, reads: int, fills: int, updates: int) -> float:
    assert level.read_pj_per_bit is not None
    assert level.write_pj_per_bit is not None
    width = level.access_bits or word_bits
    words = max(width // word_bits, 1)
    read_pj, write_pj = level.read_pj_per_bit.value * width, level.write_pj_per_bit.value * width
    return -(-reads // words) * read_pj + (-(-fills // words) + -(-updates // words)) * write_pj


def _transfer(words: int, bits_per_cycle: float | None, word_bits: int) -> int:
    return 0 if bits_per_cycle is None else -int(-words * word_bits // bits_per_cycle)
