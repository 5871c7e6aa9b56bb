"""Which override of a scheme takes a layer? Patterns of names, quick even where every layer has its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

_SPECIAL = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")


def escape(name: str) -> str:
    """Return the pattern that matches ``name`` and nothing else."""
    return _SPECIAL.sub(r"[\g<0>]", name)


class Patterns:
    """Patterns (``*``, ``?``, ``[...]``) in the order in which they decide.

    Parameters
    ----------
    patterns : sequence of str
        Those that match one name alone are looked up, not tried one by one.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._named: dict[str, int] = {}
        self._tried: list[tuple[int, str]] = []
        for place, pattern in enumerate(patterns):
            if _SPECIAL.search(_ESCAPED.sub("", pattern)):
                self._tried.append((place, pattern))
            else:
                self._named.setdefault(_ESCAPED.sub(r"\1", pattern), place)

    def first(self, name: str) -> int | None:
        """Return the place of the first pattern that matches ``name``; None if none does."""
        named = self._named.get(name)
        for place, pattern in self._tried:
            if named is not None and place > named:
                break
            if fnmatchcase(name, pattern):
                return place
        return named
