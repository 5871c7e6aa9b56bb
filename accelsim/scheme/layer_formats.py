"""What does the engine need to know of a scheme to cost one layer?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from accelsim.precision import Format

Family = Literal["reference", "dequantize", "unpack", "native"]
FAMILIES: tuple[Family, ...] = ("reference", "dequantize", "unpack", "native")


@dataclass(frozen=True)
class Operation:
    """One scalar operation of a conversion.

    Parameters
    ----------
    op : {"multiply", "add", "convert"}
        Shifts, masks and comparisons count as integer adds.
    format : str
        Name of the format that it works in; for a convert, the format that it makes.
    source : str or None
        For a convert, the format that it takes.
    """

    op: Literal["multiply", "add", "convert"]
    format: str
    source: str | None = None

    @property
    def key(self) -> str:
        """Its row in a cost table: the format, or ``source>format`` of a convert."""
        return f"{self.source}>{self.format}" if self.source else self.format


@dataclass(frozen=True)
class Conversion:
    """Operations done beside the multiply-accumulates, and how often.

    Parameters
    ----------
    operand : {"W", "I", "O"}
    per : {"word", "block", "output"}
        A word of W or I filled into the level that converts; a block of such words, or of the
        products of one output; a finished output.
    count_per : Fraction
        How many such units there are per word filled (W, I) or per finished output (O).
    operations : tuple of Operation
        Done once for each unit.
    reason : str
    """

    operand: Literal["W", "I", "O"]
    per: Literal["word", "block", "output"]
    count_per: Fraction
    operations: tuple[Operation, ...]
    reason: str


@dataclass(frozen=True)
class Multiply:
    """How a pair of stored formats is multiplied: family, formats at the multiplier, accumulator."""

    family: Family
    weight: Format
    input: Format
    accumulator: Format


@dataclass(frozen=True)
class LayerFormats:
    """Formats and conversions of one layer; hashable, part of the identity under which it is costed.

    Parameters
    ----------
    weight, input, output : Format
        As stored; ``weight`` is what plays W (weights, an activation or the KV cache).
    weight_bits, input_bits, output_bits : Fraction
        Stored bits per element, block overhead included, for this layer's channel size.
    compute_weight, compute_input : Format
        As multiplied: what moves below the level that converts.
    accumulator : Format
        Of partial sums.
    family : {"reference", "dequantize", "unpack", "native"}
    convert_at : str or None
        Level into which words are converted; None = the innermost level that keeps the operand.
    conversions : tuple of Conversion
    """

    weight: Format
    input: Format
    output: Format
    weight_bits: Fraction
    input_bits: Fraction
    output_bits: Fraction
    compute_weight: Format
    compute_input: Format
    accumulator: Format
    family: Family
    convert_at: str | None = None
    conversions: tuple[Conversion, ...] = ()
