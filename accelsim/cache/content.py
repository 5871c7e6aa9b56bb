"""Under which key is a result stored? A hash of everything that it depends on, the same in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Set
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from numbers import Integral
from types import NoneType


def key_of(*content: object) -> str:
    """Return the key of some content: the SHA-256 of its `canonical` text, in hexadecimal."""
    return hashlib.sha256(canonical(content).encode("utf-8", "backslashreplace")).hexdigest()


def canonical(value: object) -> str:
    """Return the text of a value: every process writes it alike, and no other value has it.

    Raises
    ------
    TypeError
        The value is made of something else than numbers, texts, collections and dataclasses.
    """
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return plain(value)
    if isinstance(value, tuple):
        return f"({','.join(map(canonical, value))})"
    if is_dataclass(value) and not isinstance(value, type):
        content = ",".join([f"{name}={canonical(getattr(value, name))}" for name in _names(type(value))])
        return f"{type(value).__qualname__}({content})"
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, Mapping):  # its order is no part of it; that of a set differs between processes
        return f"{{{','.join(sorted(f'{canonical(key)}:{canonical(entry)}' for key, entry in value.items()))}}}"
    if isinstance(value, Set):
        return f"<{','.join(sorted(map(canonical, value)))}>"
    for base in (str, float):  # such as a float of numpy
        if isinstance(value, base):
            return base.__repr__(value)
    if isinstance(value, Integral):
        return repr(int(value))
    raise TypeError(f"a key must be made of numbers, texts, collections and dataclasses; got {value!r}.")


_PLAIN: Mapping[type, Callable[[object], str]] = dict.fromkeys((str, int, float, bool, NoneType), repr)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))
