"""In which schemes are layers quantized: by name, by numbers of bits, or what an allocation chooses from?"""

from __future__ import annotations

from typing import Any

from accelsim.errors import UsageError
from accelsim.scheme import Scheme, parse_scheme

SCHEMES = ("w8a8", "w4a8", "w4a4")
"""What is compared where nothing is asked for: the choices of an allocation."""


def asked_schemes(schemes: Any) -> dict[str, Scheme]:
    """Return schemes by name; a number of bits as the scheme that it stands for."""
    given = SCHEMES if schemes is None else [schemes] if isinstance(schemes, str | int | Scheme) else list(schemes)
    found: dict[str, Scheme] = {}
    for one in given:
        name = bits_scheme(one) if isinstance(one, int) else str(one)
        if name in found:
            raise UsageError(f"each scheme must be given once; {name} is given twice.")
        found[name] = parse_scheme(name if isinstance(one, int) else one)
    if not found:
        raise UsageError("at least one scheme or number of bits must be given, such as w4a8 or 4; got none.")
    return found


def bits_scheme(bits: int) -> str:
    """Return the scheme of integer weights of so many bits and activations left alone: "w4a32" of 4.

    Raises
    ------
    UsageError
        There are no integers of so many bits.
    """
    if isinstance(bits, bool) or not 2 <= bits <= 16:
        raise UsageError(f"bits of weights must be a whole number from 2 to 16; got {bits}.")
    return f"w{bits}a32" if bits <= 8 else f"wint{bits}a32"
