"""What stands at one place of a document, and is it what it must be? For files whose fields other tools define."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.documents.reading import Document, dotted
from accelsim.documents.validation import shown
from accelsim.errors import InputError, did_you_mean

MOST = 10**15
MOST_PJ = 1e9
"""Largest energy of an access or an operation, in pJ."""

_EXPONENT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]{1,3}")


@dataclass(frozen=True)
class Part:
    """A value of a document with its place.

    Parameters
    ----------
    document : Document
    at : tuple of str or int
        Where it stands.
    value : object
    """

    document: Document
    at: tuple[str | int, ...]
    value: Any

    @classmethod
    def whole_of(cls, document: Document) -> Part:
        """Return all that a document says."""
        return cls(document, (), document.data)

    def error(self, message: str) -> InputError:
        """Return the error that names this place."""
        return InputError(message, where=self.document.where(*self.at))

    def inside(self, key: str | int) -> Part:
        """Return the part at a key or position."""
        return Part(self.document, (*self.at, key), self.value[key])

    def fields(self, known: Iterable[str], noun: str, needed: Iterable[str] = ()) -> dict[str, Part]:
        """Return the parts of a mapping by field, ``-`` in a key read as ``_``.

        Raises
        ------
        InputError
            It is no mapping, a field is unknown, stands twice or is missing.
        """
        parts = self.entries(noun)
        names = tuple(known)
        for key, part in parts.items():
            if key not in names:
                hint = did_you_mean(key, names) or f"; it has {', '.join(names)}."
                text = f"{dotted(part.at)} is not a field of {noun}{hint}"
                raise InputError(text, where=self.document.where_key(*part.at))
        for key in needed:
            if key not in parts:
                raise self.error(f"{key} must be given; {noun} needs it.")
        return parts

    def entries(self, noun: str) -> dict[str, Part]:
        """Return the parts of a mapping, whatever its keys, ``-`` in a key read as ``_``."""
        if not isinstance(self.value, Mapping):
            raise self.error(f"{noun} must be a mapping of fields; got {shown(self.value)}.")
        parts: dict[str, Part] = {}
        for key in self.value:
            part = self.inside(key)
            plain = str(key).replace("-", "_")
            if plain in parts:
                raise InputError(
                    f"{plain} must be given once; it stands twice.", where=self.document.where_key(*part.at)
                )
            parts[plain] = part
        return parts

    def items(self, noun: str = "this") -> list[Part]:
        """Return the parts of a list; anything else raises InputError."""
        if not isinstance(self.value, list):
            raise self.error(f"{noun} must be a list; got {shown(self.value)}.")
        return [self.inside(place) for place in range(len(self.value))]

    def text(self) -> str:
        """Return a text; anything else raises InputError."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.error(f"must be text; got {shown(self.value)}.")
        return self.value.strip()

    def flag(self) -> bool:
        """Return true or false; anything else raises InputError."""
        if not isinstance(self.value, bool):
            raise self.error(f"must be true or false; got {shown(self.value)}.")
        return self.value

    def whole(self, least: int = 1, most: int = MOST) -> int:
        """Return a whole number from ``least`` to ``most``; anything else raises InputError."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.error(f"must be a whole number of at least {least}; got {shown(value)}.{self._hint()}")
        if value > most:
            raise self.error(f"must be a whole number of at most {most}; got {shown(value)}.")
        return value

    def number(self, least: float = 0.0, most: float = 1e18) -> float:
        """Return a number from ``least`` to ``most``; ``1e-9``, which YAML reads as text, is one."""
        value = self.value
        if isinstance(value, str) and _EXPONENT.fullmatch(value.strip()):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.error(f"must be a number from {least:g} to {most:g}; got {shown(self.value)}.{self._hint()}")
        return float(value)

    def energy_pj(self) -> float:
        """Return an energy from 0 to `MOST_PJ`."""
        return self.number(0.0, MOST_PJ)

    def _hint(self) -> str:
        """Return why a text that looks like arithmetic is no number."""
        computed = isinstance(self.value, str) and re.search(r"[0-9A-Za-z_)]\s*[-+*/(]", self.value)
        return " Nothing in a file is evaluated: write the number." if computed else ""
