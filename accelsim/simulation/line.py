"""What is one line of an energy bill? A count, a width, a unit cost with its source, their product."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.engine.energy import static_costs
from accelsim.hardware.chip import Chip
from accelsim.provenance import Sourced


@dataclass(frozen=True)
class Line:
    """One product of a count and a cost, for one repeat of a layer.

    Parameters
    ----------
    part : str
        "multiply", "add", "reduce", "convert", "memory", "link", "vector", "clock", "leakage" or
        "background".
    place, operand, action : str
        Where, for which operand ("" for none), and which way or what.
    count : float
        Operations, or words.
    bits : float
        Bits of a word; 1 where the cost is per operation.
    cost : Sourced or None
        In pJ per operation or per bit; None where the chip gives none.
    """

    part: str
    place: str
    operand: str
    action: str
    count: float
    bits: float
    cost: Sourced | None

    @property
    def energy_pj(self) -> float | None:
        """Energy in pJ; None where the cost is unknown."""
        return None if self.cost is None else self.count * self.bits * self.cost.value

    @property
    def total_bits(self) -> float:
        """Bits moved, for a memory or a link."""
        return self.count * self.bits


def static_lines(chip: Chip, cycles: float) -> list[Line]:
    """Return the energy that passes with time: clock, leakage, background."""
    return [
        Line(part, place, "", "", cycles * weight, 1.0, cost)
        for part, place, weight, cost in static_costs(chip) if cycles
    ]  # fmt: skip
