"""What can no mapping beat? The roofline in time, the least traffic of the outermost level in bits and energy.

- compute: cycles >= executed MACs / peak rate of the whole array in the formats multiplied;
- memory: cycles >= least DRAM bits / DRAM bandwidth;
- energy: >= the multiplies and adds, plus the least bits read and written at DRAM's costs.

The least DRAM bits are compulsory (one read of every word of W and I that is not resident and of every bias,
one write of every output word) or forced by what the chip can hold (`accelsim.mapping.bounds`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Batch, Case, Floats
from accelsim.engine.energy import multiplied_formats
from accelsim.engine.traffic import keeps_weights
from accelsim.engine.width import multiplied_at, multiplied_bits, stored_at, stored_bits
from accelsim.hardware.chip import Chip
from accelsim.mapping.bounds import WordBits, input_macs, least_read_bits, touched_words


@dataclass(frozen=True)
class Bounds:
    """Lower bounds of every case, laid out over the mappings, each of shape (n,).

    ``energy_pj`` is NaN where a cost is unknown. ``compulsory_bits`` is the part of ``dram_bits`` that even a
    chip of unlimited capacity moves.
    """

    compute_cycles: Floats
    memory_cycles: Floats
    dram_bits: Floats
    compulsory_bits: Floats
    energy_pj: Floats

    @property
    def cycles(self) -> Floats:
        """The roofline: the larger of the two times."""
        return np.maximum(self.compute_cycles, self.memory_cycles)


def bounds(batch: Batch) -> Bounds:
    """Return what no mapping of the batch's cases can beat."""
    chip, dram = batch.chip, batch.chip.outermost

    def peak(case: Case) -> float:
        return chip.pes * float(chip.macs_per_pe_cycle(*multiplied_formats(case)).value)

    macs = batch.each(lambda case: case.shape.macs * float(case.work.multiplied))
    timed = batch.each(lambda case: case.shape.macs * float(case.work.timed))
    inputs = batch.each(lambda case: sum(_compulsory_bits(chip, case, operand) for operand in "WI"))
    biases = batch.each(lambda case: 0.0 if keeps_weights(case) else case.layer.parameters * case.vector_format.bits)
    read = np.maximum(inputs, batch.each(lambda case: _capacity_read_bits(chip, case))) + biases
    written = batch.each(lambda case: _compulsory_bits(chip, case, "O"))
    slowest = _bound_cycles(read, dram.read_bits_per_cycle), _bound_cycles(written, dram.write_bits_per_cycle)
    together = slowest[0] + slowest[1] if dram.shared_port else np.maximum(*slowest)

    def arithmetic(case: Case) -> float:
        rate = chip.macs_per_pe_cycle(*multiplied_formats(case))
        costs = chip.multiply_pj(rate.weight, rate.input), chip.add_pj(case.formats.accumulator.name)
        return sum(np.nan if cost is None else cost.value for cost in costs)

    unit = [np.nan if cost is None else cost.value for cost in (dram.read_pj_per_bit, dram.write_pj_per_bit)]
    energy = macs * batch.each(arithmetic) + read * unit[0] + written * unit[1]
    return Bounds(timed / batch.each(peak), together, read + written, inputs + biases + written, energy)


def _bound_cycles(bits: Floats, bits_per_cycle: float | None) -> Floats:
    return bits / bits_per_cycle if bits_per_cycle else 0 * bits


def capacity_bits(chip: Chip) -> float | None:
    """Return what all levels inside the outermost hold together; None if one of them is unbounded."""
    total = 0
    for level in chip.levels[:-1]:
        if level.capacity_bits is None:
            return None
        total += level.capacity_bits * chip.instances(level.name)
    return total


def _capacity_read_bits(chip: Chip, case: Case) -> float:
    """Bits that the capacity forces the outermost level to be read for; with a resident operand no claim is made.

    What exists of a layer's MACs (``density``) is counted as such a share of all traffic at the least.
    """
    room = capacity_bits(chip)
    if case.resident or room is None:
        return 0.0
    partial = case.formats.accumulator.bits
    widths = [_narrowest_bits(chip, case, operand) for operand in "WI"]
    finished = min(stored_bits(case, "O"), *(stored_at(case, "O", level.name) for level in chip.levels))
    bits = WordBits(widths[0], widths[1], partial, finished)
    return (
        float(case.shape.density)
        * case.work.least_fed
        * least_read_bits(case.shape, bits, max(0.0, room - case.reserved_bits), chip.pes)
    )


def _narrowest_bits(chip: Chip, case: Case, operand: str) -> float:
    """Bits of a word of W or I where it takes least: as it is stored, or as it is multiplied, coded or not."""
    own = (stored_bits(case, operand), multiplied_bits(case, operand))
    names = [level.name for level in chip.levels] if case.work.codes else []
    coded = [width(case, operand, name) for name in names for width in (stored_at, multiplied_at)]
    return min(*own, *coded)


def _compulsory_bits(chip: Chip, case: Case, operand: str) -> float:
    """Bits of the words that cross once at the least; an output of MACs on DRAM leaves as wide as it is summed.

    MACs that take an operand straight from DRAM are charged the ``density`` of a layer for it, be it shared
    by the whole array or not.
    """
    if operand in case.resident:
        return 0.0
    words: float = touched_words(case.shape, operand)
    share = float(case.shape.density) * case.work.least_fed
    if share < 1:
        fed = max(words, input_macs(case.shape) / chip.pes)
        words = min(words, fed * share)
    width = stored_at(case, operand, chip.outermost.name)
    return words * (min(width, multiplied_bits(case, "O")) if operand == "O" else width)
