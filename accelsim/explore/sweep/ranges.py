"""Which values does a range stand for? ``8:32:8`` is linear, ``64KiB:1MiB:x2`` geometric; both ends belong to it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from accelsim.documents import shown
from accelsim.errors import InputError, did_you_mean
from accelsim.units import parse_capacity

MOST_VALUES = 100_000
"""A longer range is refused."""

HOW = "write lo:hi:step such as 8:32:8, or lo:hi:xN such as 8:64:x2"

_LOOKS = re.compile(r"\s*[-+.]?[0-9][^:]*:[^:]*(:[^:]*)?$")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$")
_UNITS = (("TiB", 2**43), ("GiB", 2**33), ("MiB", 2**23), ("KiB", 2**13), ("B", 8))
_FIELDS = ("from", "to", "step", "factor")


def is_range(given: Any) -> bool:
    """Return whether a value is written as a range: a text with colons that begins with a digit, or its fields."""
    if isinstance(given, Mapping):
        return "from" in given or "to" in given
    return isinstance(given, str) and _LOOKS.match(given) is not None


def range_values(given: str | Mapping[str, Any]) -> list[int | float | str]:
    """Return the values of a range, both ends included where the steps hit them.

    Parameters
    ----------
    given : str or mapping
        "8:32:8", "8:64:x2", "64KiB:1MiB:x2"; or {"from": 8, "to": 64, "factor": 2} or with "step".

    Raises
    ------
    InputError
        It is not written so, never ends, goes the other way, or has more than `MOST_VALUES` values.
    """
    low, high, step, factor = _fields(given) if isinstance(given, Mapping) else _parts(given)
    write: Callable[[Fraction], int | float | str] = _plain
    if _is_capacity(low) or _is_capacity(high):
        first, last, write = _bits(low), _bits(high), _capacity
        by = _bits(step) if step is not None else _number(factor)
    else:
        first, last, by = _number(low), _number(high), _number(step if step is not None else factor)
    check = _check_linear if step is not None else _check_geometric
    check(first, last, by, given)
    return [write(value) for value in _walk(first, last, by, linear=step is not None)]


def _parts(text: str) -> tuple[Any, Any, Any, Any]:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 3 or not all(parts):
        raise InputError(f"a range must say how it goes on; got {shown(text)}: {HOW}.")
    low, high, last = parts
    return (low, high, None, last[1:]) if last[0] in "xX" else (low, high, last, None)


def _fields(given: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    for name in given:
        if name not in _FIELDS:
            hint = did_you_mean(str(name), _FIELDS) or f"; it has {', '.join(_FIELDS)}."
            raise InputError(f"{name} is not a field of a range{hint}")
    if "from" not in given or "to" not in given or ("step" in given) == ("factor" in given):
        raise InputError(f"a range must have from, to, and either step or factor; got {', '.join(given)}.")
    return given["from"], given["to"], given.get("step"), given.get("factor")


def _is_capacity(given: Any) -> bool:
    return isinstance(given, str) and given.strip()[-1:] in ("B", "b")


def _number(given: Any) -> Fraction:
    if isinstance(given, str) and _NUMBER.match(given.strip()):
        return Fraction(given.strip())
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < 1e300:
        return Fraction(str(given))
    raise InputError(f"a range must be made of numbers; got {shown(given)}.")


def _bits(given: Any) -> Fraction:
    try:
        return Fraction(parse_capacity(str(given)))
    except ValueError as error:
        raise InputError(f"a range of capacities {error}.") from None


def _check_linear(first: Fraction, last: Fraction, step: Fraction, given: Any) -> None:
    if step == 0 and first != last:
        raise InputError(f"a range must have a step other than 0, or it never ends; got {_shown(given)}.")
    if (last - first) * step < 0:
        way = "up" if last > first else "down"
        raise InputError(f"a range that goes {way} must have a step that does; got {_shown(given)}.")


def _check_geometric(first: Fraction, last: Fraction, factor: Fraction, given: Any) -> None:
    if first <= 0 or last <= 0 or factor <= 0:
        raise InputError(f"a range by a factor must be made of numbers above 0; got {_shown(given)}.")
    if factor == 1 and first != last:
        raise InputError(f"a range must have a factor other than 1, or it never ends; got {_shown(given)}.")
    if (last - first) * (factor - 1) < 0:
        way = "above" if last > first else "below"
        raise InputError(f"a range that goes {'up' if last > first else 'down'} must have a factor {way} 1; "
                         f"got {_shown(given)}.")  # fmt: skip


def _shown(given: Any) -> str:
    if isinstance(given, Mapping):
        return ", ".join(f"{name} {value}" for name, value in given.items())
    return shown(given)


def _walk(first: Fraction, last: Fraction, by: Fraction, *, linear: bool) -> list[Fraction]:
    if first == last:
        return [first]
    way, pace = (float(last - first), float(by)) if linear else (_log(last / first), _log(by))
    if abs(way) >= abs(pace) * MOST_VALUES:
        raise InputError(f"a range must have at most {MOST_VALUES:,} values; this has more.")
    found = [first]
    while True:
        following = found[-1] + by if linear else found[-1] * by
        if (following > last) if last > first else (following < last):
            return found
        found.append(following if following.denominator < 10**30 else Fraction(float(following)))


def _log(ratio: Fraction) -> float:
    return math.log(ratio.numerator) - math.log(ratio.denominator)


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _capacity(bits: Fraction) -> str:
    """Return a capacity exactly, in the largest unit of which it is a whole number: "64 KiB"."""
    for unit, size in _UNITS:
        if bits % size == 0:
            return f"{bits // size} {unit}"
    if bits.denominator != 1:
        raise InputError(f"a range of capacities must be made of whole bits; {float(bits / 8):g} B is not.")
    return f"{float(bits / 8)} B"
