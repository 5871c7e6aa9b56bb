"""How are quantities read from and written for people? Capacities in, engineering prefixes out."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_BINARY = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_CAPACITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*$")
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_SYMBOLS = {"J", "s", "W", "Hz", "B", "B/s", "bit", "b", "b/s", "bit/s", "m", "V", "J*s", "J/s"}
_GIVEN = {
    f"{prefix}{unit}": (power, unit)
    for power, prefix in _PREFIXES.items()
    for unit in ("J", "s", "W", "Hz", "J*s")
    if prefix
}


def parse_capacity(text: str) -> int:
    """Return the bits of a capacity in bytes: "512 B", "256KiB", "1.5 MiB".

    Raises
    ------
    ValueError
        The text is no capacity; a bare KB, MB or GB is ambiguous and refused.
    """
    found = _CAPACITY.match(text)
    unit = found[2] if found else ""
    if found is None or not unit:
        raise ValueError(f"must be a capacity in bytes such as 512 B or 256 KiB; got {text!r}")
    if unit.upper() in {"KB", "MB", "GB", "TB"}:
        wanted = f"{unit[0].upper()}iB"
        raise ValueError(f"must not be in {unit}, which may mean 1000 or 1024; write {found[1]} {wanted} (1024-based)")
    prefix = unit[:-1]
    if unit[-1:] != "B" or prefix not in _BINARY:
        raise ValueError(f"must be in B, KiB, MiB, GiB or TiB; got {text!r}")
    bits = Fraction(found[1]) * _BINARY[prefix] * 8
    if bits.denominator != 1:
        raise ValueError(f"must be a whole number of bits; got {text!r}")
    return int(bits)


def capacity(bits: float) -> str:
    """Return a capacity in the largest binary unit that keeps it at least 1: "256 KiB"."""
    size, chosen = bits / 8, ""
    for prefix in ("Ki", "Mi", "Gi", "Ti"):
        if size < 1024:
            break
        size, chosen = size / 1024, prefix
    return f"{size:.4g} {chosen}B"


def engineering(value: float | None, unit: str, digits: int = 3) -> str:
    """Return ``value`` with an engineering prefix: 23.6 uJ, 1.05 GHz, 4.09 G MACs.

    Parameters
    ----------
    value : float or None
        In ``unit``; None gives "unknown".
    unit : str
        A symbol ("J", "pJ", "s", "Hz", "B"), which joins its prefix, or a word ("MACs"), which does not.
    digits : int
        Significant digits.
    """
    if value is None:
        return "unknown"
    power, base = _GIVEN.get(unit, (0, unit))
    number = float(value)
    if not math.isfinite(number):
        return f"{number} {unit}"
    if number == 0:
        return f"0 {base}".rstrip()
    exponent = math.floor(math.log10(abs(float(f"{number:.{digits - 1}e}")))) + power
    step = min(max(3 * (exponent // 3), min(_PREFIXES)), max(_PREFIXES))
    mantissa = number * 10.0 ** (power - step)
    decimals = max(0, digits - 1 - (exponent - step))
    prefix = _PREFIXES[step]
    if base in _SYMBOLS:
        return f"{mantissa:.{decimals}f} {prefix}{base}"
    return f"{mantissa:.{decimals}f} {prefix} {base}".rstrip() if prefix else f"{mantissa:.{decimals}f} {base}".rstrip()


_AMOUNT = re.compile(r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*(.*?)\s*$")
_SAME = {"bits": "bit", "cycles": "cycle", "mm^2": "mm2"}


def parse_amount(text: str, unit: str) -> float:
    """Return an amount in ``unit``: "5 ms" is 0.005 in "s", "1GiB" 1073741824 in "B", a bare number is in ``unit``.

    Parameters
    ----------
    text : str
        A number, and a unit with or without a prefix.
    unit : str
        What a suffix of a name stands for ("pJ", "s", "B", "bit", "W", "mm2" ...); "" takes bare numbers alone.

    Raises
    ------
    ValueError
        The text is no number, or its unit is of something else; a bare KB, MB or GB is ambiguous and refused.
    """
    found = _AMOUNT.match(text)
    if found is None:
        raise ValueError(f"must be a number{f' in {unit}' if unit else ''}; got {text!r}")
    number, given = float(found[1]), _SAME.get(found[2], found[2])
    if given in ("", unit):
        return number
    if unit in ("B", "bit"):
        if given.upper() in {"KB", "MB", "GB", "TB"}:
            wanted = f"{given[0].upper()}iB"
            raise ValueError(f"must not be in {given}, which may mean 1000 or 1024; write {found[1]} {wanted}")
        if given[-1:] == "B" and given[:-1] in _BINARY:
            return number * _BINARY[given[:-1]] * (8 if unit == "bit" else 1)
    base, smaller = (unit.removeprefix("p"), 12) if unit.startswith("pJ") else (unit, 0)
    powers = {f"{prefix}{base}": power for power, prefix in _PREFIXES.items()}
    if base not in ("J", "J*s", "s", "W", "Hz", "V", "bit") or given not in powers:
        raise ValueError(f"must be {f'in {unit}' if unit else 'a bare number'}; got {text!r}")
    return number * 10.0 ** (powers[given] + smaller)


def ratio(value: float, digits: int = 3) -> str:
    """Return a ratio as "15.2x"; at least 1000 is written in full."""
    if not math.isfinite(value):
        return "n/a"
    decimals = max(0, digits - 1 - (math.floor(math.log10(abs(value))) if value else 0))
    return f"{value:.{min(decimals, 6)}f}x"


def compared(value: float, reference: float, less: str, more: str) -> str:
    """Return how ``value`` stands to ``reference`` as a ratio of at least 1: "3.10x less energy".

    >>> compared(2.0, 6.2, "less energy", "more energy")
    '3.10x less energy'
    """
    if value == reference:
        return "the same"
    if value <= 0 or reference <= 0:
        return "not comparable"
    return f"{ratio(reference / value)} {less}" if value < reference else f"{ratio(value / reference)} {more}"
