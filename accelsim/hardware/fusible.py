"""What does a PE made of bit-bricks multiply, how fast and at what energy? Every width follows from the widest.

A fusible PE has (bits / brick)^2 bricks, each a multiplier of brick x brick bits, and the shifters and adders that
fuse their products. All of them work in every cycle, on one product of the widest operands or on many narrow ones ::

    rate(w, i)   = rate(bits, bits) * (bits / w) * (bits / i)
    energy(w, i) = overhead * fixed_multiply_pj * (w / bits) * (i / bits)

with w and i rounded up to brick, 2 brick, 4 brick ... ``fixed_multiply_pj`` is what a multiplier of fixed width takes;
``overhead`` is what shifting and adding cost on top of it, so that the energy of a cycle is the same at every width
and a MAC of the widest operands pays for a flexibility that it does not use.

Valid for integers of one size of brick fused in space. What the profile charges beside the multiply (`add_pj`, reads
of registers) is charged per product as on any chip.

References
----------
H. Sharma et al., Bit Fusion, ISCA 2018, doi:10.1109/ISCA.2018.00069.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from accelsim.provenance import Sourced

if TYPE_CHECKING:
    from accelsim.hardware.chip import Chip


@dataclass(frozen=True)
class Fusible:
    """A PE that fuses bricks.

    Parameters
    ----------
    bits : int
        Width of the widest multiply of one cycle.
    brick_bits : int
        Width of a brick, ``bits`` divided by a power of two.
    overhead : Sourced
        Energy of the PE's cycle relative to a multiplier of fixed width ``bits``, at least 1.
    fixed_multiply_pj : Sourced or None
        Energy of a multiply in that one; None where no cost is known.
    source, note : str
    """

    bits: int
    brick_bits: int
    overhead: Sourced
    fixed_multiply_pj: Sourced | None
    source: str
    note: str = ""

    @property
    def widest(self) -> str:
        """The integer format that all bricks together multiply."""
        return f"int{self.bits}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Operand widths that bricks fuse to, narrowest first."""
        return tuple(self.brick_bits << n for n in range((self.bits // self.brick_bits).bit_length()))

    def pairs(self) -> Iterator[tuple[str, str, int]]:
        """Yield every pair of formats, weights first, with its products in a cycle."""
        for w in reversed(self.widths):
            for i in reversed(self.widths):
                yield f"int{w}", f"int{i}", (self.bits // w) * (self.bits // i)


def fuse(chip: Chip, unit: Fusible) -> Chip:
    """Return the chip with rates and costs of all widths that its PEs fuse; those that it lists stay as listed."""
    listed = {(row[0], row[1]): row for row in chip.rates}
    base = listed[unit.widest, unit.widest]
    costs = dict(chip.multiply_table)
    rates = list(chip.rates)
    for weight, operand, products in unit.pairs():
        key = weight if weight == operand else f"{weight}*{operand}"
        if (weight, operand) not in listed:
            value, note = base[3].value * products, _products(unit, products)
            status = "derived" if base[3].status == "seen" else base[3].status
            number = replace(base[3], value=value, source=unit.source, status=status, note=note)
            rates.append((weight, operand, base[2] * products, number))
        if unit.fixed_multiply_pj is not None:
            costs.setdefault(key, _fused(unit.fixed_multiply_pj, unit, products))
    return replace(chip, rates=tuple(rates), multiply_table=tuple(costs.items()), fusible=unit)


def _products(unit: Fusible, products: int) -> str:
    return f"{products} products of {unit.brick_bits}-bit bricks in the cycle of one {unit.widest} product"


def _fused(one: Sourced, unit: Fusible, products: int) -> Sourced:
    """Return the energy of one of so many products of a cycle, the ranges of cost and overhead multiplied."""
    share, over = float(Fraction(1, products)), unit.overhead
    also = tuple(dict.fromkeys((*one.also, *over.sources)))
    note = f"fusible PE: {over.value:g} x {one.value:g} pJ of a fixed {unit.widest} multiply"
    note = f"{note}, of {products} products a cycle" if products > 1 else note
    value = one.value * over.value * share
    low, high = min(value, one.least * over.least * share), max(value, one.most * over.most * share)
    return Sourced(value, one.source, low, high, "derived", note, also)
