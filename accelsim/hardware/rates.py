"""How many multiply-accumulates does a PE do per cycle in a pair of formats, and in which multiplier?

A pair that the profile lists runs as listed. Any other pair runs in the cheapest listed pair that
represents every value of both operands exactly: highest rate, then lowest energy of a multiply and its add.
"""

from __future__ import annotations

from fractions import Fraction

from accelsim.errors import UnsupportedError
from accelsim.hardware.chip import Chip, Rate
from accelsim.precision import Format, element_of, parse_format
from accelsim.provenance import Sourced

RATE_LAW = "hypothetical rate: operations per cycle change inversely with the operand width, from {pair}"

_ALIASES = {name: name for name in ("fp32", "fp16", "bf16", "tf32", "int8", "int4")} | {"fp8e4m3": "fp8"}
"""Schemes that store and multiply one format as it is, by that format."""


def as_format(given: Format | str) -> Format:
    """Return the bare element format that a multiplier sees; scales are applied outside it."""
    return element_of(parse_format(given) if isinstance(given, str) else given)


def find_rate(chip: Chip, weight: Format | str, operand: Format | str) -> Rate:
    """Return the rate at which ``chip`` multiplies a pair of formats; see `Chip.macs_per_pe_cycle`."""
    w, i = as_format(weight), as_format(operand)
    listed = {(row[0], row[1]): row for row in chip.rates}
    if (w.name, i.name) in listed:
        return _rate(chip, listed[w.name, i.name], False)
    fitting = [row for row in chip.rates if as_format(row[0]).holds(w) and as_format(row[1]).holds(i)]
    if chip.what_if:
        return _hypothetical(chip, w, i)
    if not fitting:
        raise UnsupportedError(_refusal(chip, w, i))
    return _rate(chip, min(fitting, key=lambda row: _cost_order(chip, row, w)), True)


def _rate(chip: Chip, row: tuple[str, str, Fraction, Sourced], widened: bool) -> Rate:
    weight, operand, value, number = row
    return Rate(value, weight, operand, widened, accumulator(chip, weight, operand), number)


def accumulator(chip: Chip, weight: str, operand: str) -> str:
    """Return the format in which the chip accumulates a pair: as listed, else int32 or fp32."""
    for w, i, name in chip.accumulators:
        if (w, i) == (weight, operand):
            return name
    floats = "float" in (as_format(weight).kind, as_format(operand).kind)
    return "fp32" if floats else "int32"


def _cost_order(chip: Chip, row: tuple[str, str, Fraction, Sourced], narrow: Format) -> tuple[float, float, bool, int]:
    weight, operand, value, _ = row
    multiply, add = chip.multiply_pj(weight, operand), chip.add_pj(accumulator(chip, weight, operand))
    energy = (multiply.value if multiply else 0.0) + (add.value if add else 0.0)
    kind_differs = (as_format(weight).kind == "float") != (narrow.kind == "float")
    width = as_format(weight).bits + as_format(operand).bits
    return (-float(value), energy, kind_differs, width)


def _hypothetical(chip: Chip, w: Format, i: Format) -> Rate:
    """Return the rate of a chip that had this pair: the nearest listed pair's, by operand width."""

    def distance(row: tuple[str, str, Fraction, Sourced]) -> tuple[bool, int]:
        listed_w, listed_i = as_format(row[0]), as_format(row[1])
        other_kind = (listed_w.kind == "float") != (w.kind == "float")
        return other_kind, abs(listed_w.bits - w.bits) + abs(listed_i.bits - i.bits)

    weight, operand, value, number = min(chip.rates, key=distance)
    bits = max(as_format(weight).bits, as_format(operand).bits)
    factor = Fraction(bits, max(w.bits, i.bits))
    law = RATE_LAW.format(pair=weight if weight == operand else f"{weight}*{operand}")
    return Rate(
        value * factor, w.name, i.name, False, accumulator(chip, w.name, i.name), number.scaled(float(factor), law)
    )


def _refusal(chip: Chip, w: Format, i: Format) -> str:
    asked = w.name if w.name == i.name else f"{w.name} by {i.name}"
    pairs = [(row[0], row[1]) for row in chip.rates]

    def distance(pair: tuple[str, str]) -> tuple[int, int]:
        listed = as_format(pair[0]), as_format(pair[1])
        other_kind = sum(
            (fmt.kind == "float") != (own.kind == "float") for fmt, own in zip(listed, (w, i), strict=True)
        )
        return other_kind, abs(listed[0].bits - w.bits) + abs(listed[1].bits - i.bits)

    named = [weight if weight == operand else f"{weight}*{operand}" for weight, operand in sorted(pairs, key=distance)]
    return (
        f"{chip.name} cannot multiply {asked}: none of its formats ({', '.join(named)}) holds them exactly; "
        f"the nearest supported scheme is {_scheme(*min(pairs, key=distance))}. Use it, or --what-if."
    )


def _scheme(weight: str, operand: str) -> str:
    """Return the scheme, by alias or in the grammar, that stores and multiplies a pair of formats as they are."""
    if weight == operand and weight in _ALIASES:
        return _ALIASES[weight]
    return f"w{weight}a{operand}"
