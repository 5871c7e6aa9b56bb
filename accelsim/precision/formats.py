"""What numbers can one stored element stand for, and how many bits does it really take?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

from accelsim.errors import InputError

Kind = Literal["int", "uint", "float"]
Specials = Literal["ieee", "nan", "none"]
Span = int | Literal["channel", "tensor"]


@dataclass(frozen=True)
class Block:
    """Elements stored together with what they share: scales, zero points, sums.

    Parameters
    ----------
    size : int, "channel" or "tensor"
        Elements over which the shared bits below are counted. Blocks run along the reduction
        and do not cross output channels.
    scale : str
        Format in which a scale is stored ("fp16", "e8m0" ...).
    scale_bits, zero_point_bits, sum_bits : int
        Bits of all scales, zero points (or minimums) and precomputed sums in one block; rational
        for scales that share one of their own (double quantization).
    zero_point : str or None
        Format of a zero point; None for a symmetric block.
    group : int or None
        Elements that share one scale where a block has several (Q4_K: 32 of 256); None = ``size``.
    """

    size: Span
    scale: str = "fp16"
    scale_bits: int | Fraction = 16
    zero_point: str | None = None
    zero_point_bits: int = 0
    sum_bits: int = 0
    group: int | None = None

    @property
    def overhead_bits(self) -> int | Fraction:
        """Bits of one block that are not element codes."""
        return self.scale_bits + self.zero_point_bits + self.sum_bits

    @property
    def scale_group(self) -> int | None:
        """Elements that share one scale; None where a whole channel or tensor does."""
        if self.group is not None:
            return self.group
        return self.size if isinstance(self.size, int) else None

    def count(self, elements: int) -> int:
        """Number of scales along ``elements`` elements of one channel; the last may be shared by fewer."""
        group = self.scale_group
        return 1 if group is None else -(-elements // group)


@dataclass(frozen=True)
class Format:
    """A number format: the grid of one element, and the block it is stored in.

    Parameters
    ----------
    name : str
    kind : {"int", "uint", "float"}
    bits : int
        Bits of one element once it stands alone; tf32 takes a 32-bit word.
    exponent_bits, mantissa_bits : int
        Of a float, the mantissa without its hidden bit; 0 for integers.
    specials : {"ieee", "nan", "none"}
        Codes a float gives up: the top exponent (ieee), one NaN per sign (nan), none.
    packed_bits : Fraction or None
        Bits of one element's code in storage where it is less than ``bits`` (code books).
    block : Block or None
        What is stored beside the codes; None for a bare element.
    largest : float or None
        Largest value of a float code book's table, its negative being the lowest; None = of the whole grid.

    Notes
    -----
    Range, step and significand are those of one element without its scale. A code book (NF4,
    IQ2 ...) has those of the grid that holds its table, or the range of the table where ``largest`` gives it.
    """

    name: str
    kind: Kind
    bits: int
    exponent_bits: int = 0
    mantissa_bits: int = 0
    specials: Specials = "ieee"
    packed_bits: Fraction | None = None
    block: Block | None = None
    largest: float | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def payload_bits(self) -> Fraction:
        """Bits of one element's code in storage, without its share of the block."""
        return Fraction(self.bits) if self.packed_bits is None else self.packed_bits

    @property
    def significand(self) -> int:
        """Bits of the magnitude: a float's mantissa with its hidden bit; an integer's without its sign."""
        return self.mantissa_bits + 1 if self.kind == "float" else self.bits - (self.kind == "int")

    @property
    def bias(self) -> int:
        """Exponent bias of a float, 2^(exponent_bits - 1) - 1."""
        return (1 << (self.exponent_bits - 1)) - 1

    @cached_property
    def max(self) -> int | float:
        """Largest finite value, without scales; a symmetric integer quantizer uses -max..max."""
        if self.largest is not None:
            return self.largest
        if self.kind != "float":
            return (1 << self.significand) - 1
        top_exponent = (1 << self.exponent_bits) - 1 - self.bias - (self.specials == "ieee")
        unused_codes = 2 if self.specials == "nan" else 1
        return float((2 - Fraction(unused_codes, 1 << self.mantissa_bits)) * Fraction(2) ** top_exponent)

    @property
    def min(self) -> int | float:
        """Lowest finite value, without scales; -2^(bits-1) for a signed integer (int8: -128)."""
        if self.kind == "float":
            return -self.max
        return -self.max - 1 if self.kind == "int" else 0

    @property
    def step(self) -> int | float:
        """Smallest spacing of two neighbors: 1, or a float's smallest subnormal."""
        return 1 if self.kind != "float" else 2.0 ** (1 - self.bias - self.mantissa_bits)

    @property
    def step_at_one(self) -> int | float:
        """Spacing just above 1.0: 1, or 2^-mantissa_bits."""
        return 1 if self.kind != "float" else 2.0**-self.mantissa_bits

    def storage_bits(self, elements_per_channel: int | None = None, elements_per_tensor: int | None = None) -> Fraction:
        """Return the exact stored bits per element, block overhead included.

        bits = payload + overhead * blocks / elements, with blocks = ceil(elements per channel / size).
        Without ``elements_per_channel`` blocks are full. One scale per tensor is counted where
        ``elements_per_tensor`` is given, else it is a constant of the program.

        Raises
        ------
        InputError
            One scale per channel, but the channel's size is not given.
        """
        if self.block is None:
            return self.payload_bits
        size = self.block.size
        elements = elements_per_tensor if size == "tensor" else elements_per_channel
        if elements is not None:
            blocks = -(-elements // size) if isinstance(size, int) else 1
            return self.payload_bits + Fraction(self.block.overhead_bits * blocks) / elements
        if size == "channel":
            raise InputError(
                f"{self.name} has a scale per channel; its bits per element need the elements per channel."
            )
        return self.payload_bits + (Fraction(self.block.overhead_bits) / size if isinstance(size, int) else 0)

    def holds(self, other: Format) -> bool:
        """Return whether every finite element value of ``other``, without scales, is exact in this format.

        Both grids are m * 2^e: it takes the significand, the smallest spacing and the range.
        Signed zero, infinities and NaNs are not counted as values.
        """
        if not (self.min <= other.min and other.max <= self.max):
            return False
        if self.kind != "float":
            return other.kind != "float"
        return other.significand <= self.significand and self.step <= other.step

    def in_blocks(self, name: str, block: Block) -> Format:
        """Return this element format stored in ``block`` under another name."""
        return replace(self, name=name, block=block)
