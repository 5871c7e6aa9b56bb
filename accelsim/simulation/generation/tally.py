"""What do many decode steps add up to? Arrays over steps, and totals by level, by part and by cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.engine.traffic import READS, WRITES
from accelsim.simulation.line import Line
from accelsim.simulation.result import LayerResult, Result


class Tally:
    """Costs of ``steps`` decode steps; an unknown cost makes every sum that it enters NaN.

    Attributes
    ----------
    energy_pj, cycles, read_bits, written_bits : float64 arrays, shape (steps,)
        Of each step; bits are those of the outermost level.
    energy_by : dict of str to float
        Of all steps, by memory level and by other part.
    cycles_by, bound_by : dict of str to float
        Of all steps, by cause and by the resource that limits each layer.
    """

    def __init__(self, steps: int, outermost: str) -> None:
        self.outermost = outermost
        self.energy_pj, self.cycles, self.read_bits, self.written_bits = (np.zeros(steps) for _ in range(4))
        self.energy_by: dict[str, float] = {}
        self.cycles_by: dict[str, float] = {}
        self.bound_by: dict[str, float] = {}

    def add_result(self, step: int, result: Result) -> None:
        """Add one step that was estimated by itself."""
        at = np.array([step])
        for one in result.layers:
            self.add_layer(at, one)
        self.add_fixed(at, result)

    def add_fixed(self, steps: Ints, result: Result) -> None:
        """Add the fixed times of a result, and what is drawn in them, to some steps."""
        self.add_lines(steps, result.overhead_lines, 1)
        self.cycles[steps] += result.overhead_cycles
        _into(self.cycles_by, {"fixed": result.overhead_cycles}, len(steps))

    def add_layer(self, steps: Ints, one: LayerResult) -> None:
        """Add a layer, all its repeats, that costs the same in some steps."""
        repeat = one.layer.repeat
        self.add_lines(steps, one.lines, repeat)
        self.cycles[steps] += one.cycles * repeat
        _into(self.cycles_by, one.cycle_parts, repeat * len(steps))
        _into(self.bound_by, {one.bound_by: one.cycles}, repeat * len(steps))

    def add_lines(self, steps: Ints, lines: Iterable[Line], times: int) -> None:
        """Add lines of a bill that are the same in some steps."""
        total = read = written = 0.0
        for line in lines:
            amount = line.count * line.bits * times
            energy = 0.0 if not amount else float("nan") if line.cost is None else amount * line.cost.value
            total += energy
            _into(self.energy_by, {line.place if line.part == "memory" else line.part: energy}, len(steps))
            if line.part == "memory" and line.place == self.outermost:
                read += amount if line.action in READS else 0.0
                written += amount if line.action in WRITES else 0.0
        self.energy_pj[steps] += total
        self.read_bits[steps] += read
        self.written_bits[steps] += written

    def add_bill(self, steps: Ints, line: tuple[str, str, str], amount: Floats, unit_pj: Floats | float) -> None:
        """Add a line of a bill: (part, place, action), and operations or bits and their cost, one per step.

        ``steps`` names each step at most once.
        """
        part, place, action = line
        energy = np.where(amount == 0, 0.0, amount * unit_pj)
        self.energy_pj[steps] += energy
        _into(self.energy_by, {place if part == "memory" else part: float(energy.sum())}, 1)
        if part == "memory" and place == self.outermost:
            if action in READS:
                self.read_bits[steps] += amount
            elif action in WRITES:
                self.written_bits[steps] += amount

    def add_cycles(self, steps: Ints, cycles: Floats) -> None:
        """Add cycles of some steps, each named at most once."""
        self.cycles[steps] += cycles

    def add_causes(self, parts: Mapping[str, float], bound_by: Mapping[str, float]) -> None:
        """Add totals of cycles by cause and by limiting resource."""
        _into(self.cycles_by, parts, 1)
        _into(self.bound_by, bound_by, 1)


def _into(totals: dict[str, float], parts: Mapping[str, float], times: int) -> None:
    for name, value in parts.items():
        totals[name] = totals.get(name, 0.0) + value * times
