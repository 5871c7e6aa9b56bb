"""What can no mapping beat? The roofline in time and the compulsory traffic in energy.

- compute: cycles >= executed MACs / peak rate of the whole array in the formats multiplied;
- memory: cycles >= compulsory DRAM bits / DRAM bandwidth;
- energy: >= the multiplies and adds, plus one DRAM read of every word of W and I that is not resident
  and one DRAM write of every output word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from accelsim.engine.case import Batch, Case, Floats
from accelsim.engine.energy import multiplied_formats
from accelsim.workload.shape import Window


@dataclass(frozen=True)
class Bounds:
    """Lower bounds of every case, laid out over the mappings, each of shape (n,).

    ``energy_pj`` is NaN where a cost is unknown.
    """

    compute_cycles: Floats
    memory_cycles: Floats
    dram_bits: Floats
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

    macs = batch.each(lambda case: case.shape.macs)
    read = batch.each(lambda case: sum(_compulsory_bits(case, operand) for operand in "WI"))
    written = batch.each(lambda case: _compulsory_bits(case, "O"))
    slowest = _bound_cycles(read, dram.read_bits_per_cycle), _bound_cycles(written, dram.write_bits_per_cycle)
    together = slowest[0] + slowest[1] if dram.shared_port else np.maximum(*slowest)

    def arithmetic(case: Case) -> float:
        rate = chip.macs_per_pe_cycle(*multiplied_formats(case))
        costs = chip.multiply_pj(rate.weight, rate.input), chip.add_pj(case.formats.accumulator.name)
        return sum(np.nan if cost is None else cost.value for cost in costs)

    unit = [np.nan if cost is None else cost.value for cost in (dram.read_pj_per_bit, dram.write_pj_per_bit)]
    energy = macs * batch.each(arithmetic) + read * unit[0] + written * unit[1]
    return Bounds(macs / batch.each(peak), together, read + written, energy)


def _bound_cycles(bits: Floats, bits_per_cycle: float | None) -> Floats:
    return bits / bits_per_cycle if bits_per_cycle else 0 * bits


def _compulsory_bits(case: Case, operand: str) -> float:
    if operand in case.resident:
        return 0.0
    formats = case.formats
    width = {"W": formats.weight_bits, "I": formats.input_bits, "O": formats.output_bits}[operand]
    return float(fetched_words(case, operand) * width)


def fetched_words(case: Case, operand: str) -> int:
    """Return the distinct words of an operand that the MACs touch; input that no window reaches is not."""
    shape = case.shape
    if operand != "I":
        return shape.words(operand)
    words = shape.B * shape.G * shape.C
    for window, out, taps in ((shape.y, shape.OY, shape.FY), (shape.x, shape.OX, shape.FX)):
        assert window is not None
        words *= _reached(window, out, taps)
    return words


@lru_cache(maxsize=4096)
def _reached(window: Window, out: int, taps: int) -> int:
    """Input positions of one axis that some window reaches."""
    reached: set[int] = set()
    for tap in range(taps):
        first = tap * window.dilation - window.pad
        reached.update(range(first, first + out * window.stride, window.stride))
    return sum(0 <= position < window.size for position in reached)
