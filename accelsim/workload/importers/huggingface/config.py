"""What does a config.json say, field by field, and where does it say something impossible?"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.passes import MOST

MOST_BYTES = 16 * 2**20
"""Largest file that is read: the largest published ones, with a name for each of 20,000 classes, have 2 MiB."""


@dataclass(frozen=True)
class Config:
    """A mapping of a file; every error names the file and the field.

    Parameters
    ----------
    path : Path
    data : dict
    within : str
        Dotted place of the mapping in the file, with a dot behind it; "" for the whole file.
    """

    path: Path
    data: dict[str, Any]
    within: str = ""

    def has(self, field: str) -> bool:
        """Return whether the field is given and is not null."""
        return self.data.get(field) is not None

    def error(self, field: str, message: str) -> InputError:
        """Return the error that ``field`` is not what it must be."""
        return InputError(message, where=f"{self.path}: {self.within}{field}")

    def whole(self, field: str, default: int | None = None, least: int = 1, most: int = MOST) -> int:
        """Return a whole number; ``default`` where the field is absent or null, None = it must be given."""
        value = self._given(field, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.error(field, f"must be a whole number of at least {least}; got {short(value)}.")
        if value > most:
            raise self.error(field, f"must be at most {most}; got {short(value)}.")
        return value

    def flag(self, field: str, default: bool = False) -> bool:
        """Return true or false."""
        value = self._given(field, default)
        if not isinstance(value, bool):
            raise self.error(field, f"must be true or false; got {short(value)}.")
        return value

    def share(self, field: str, default: float) -> float:
        """Return a number from 0 to 1."""
        value = self._given(field, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not (0 <= value <= 1):
            raise self.error(field, f"must be a number from 0 to 1; got {short(value)}.")
        return value

    def text(self, field: str, default: str | None = None) -> str:
        """Return a text."""
        value = self._given(field, default)
        if not isinstance(value, str):
            raise self.error(field, f"must be a text; got {short(value)}.")
        return value

    def choice(self, field: str, known: dict[str, str], default: str | None = None) -> str:
        """Return what ``known`` says of the field's text."""
        value = self.text(field, default)
        if value not in known:
            hint = did_you_mean(value, known) or f"; known are {', '.join(known)}."
            raise self.error(field, f"{short(value)} is not known{hint}")
        return known[value]

    def texts(self, field: str) -> list[str]:
        """Return a list of texts; empty where the field is absent or null."""
        value = self._given(field, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(field, f"must be a list of texts; got {short(value)}.")
        return value

    def pair(self, field: str, default: int | None = None) -> tuple[int, int]:
        """Return two whole numbers; one number stands for both."""
        value = self._given(field, default)
        both = value if isinstance(value, list) else [value, value]
        whole = [item for item in both if isinstance(item, int) and not isinstance(item, bool) and 1 <= item <= MOST]
        if len(both) != 2 or len(whole) != 2:
            message = f"must be a whole number of at least 1 and at most {MOST}, or a list of two; got {short(value)}."
            raise self.error(field, message)
        return both[0], both[1]

    def section(self, field: str) -> Config:
        """Return a mapping within this one; an empty one where it is absent or null."""
        value = self._given(field, {})
        if not isinstance(value, dict):
            raise self.error(field, f"must be a mapping; got {short(value)}.")
        return Config(self.path, value, f"{self.within}{field}.")

    def _given(self, field: str, default: Any) -> Any:
        value = self.data.get(field)
        if value is not None:
            return value
        if default is not None:
            return default
        given = "null" if field in self.data else "nothing"
        hint = did_you_mean(field, self.data) if given == "nothing" else ""
        raise self.error(field, f"must be given; got {given}{hint or '.'}")


def short(value: Any) -> str:
    """Return a value as a message shows it: as JSON writes it, 60 characters at most."""
    if isinstance(value, (dict, list)):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    if isinstance(value, int) and abs(value) > 10**40:
        return "a number of more than 40 digits"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:56]}..."


def read(path: Path) -> Config:
    """Return the mapping that a file holds.

    Raises
    ------
    InputError
        It cannot be read, is too large, is not JSON, or holds something else.
    """
    where = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"the file must be readable; {error.strerror}.", where=where) from None
    if len(content) > MOST_BYTES:
        raise InputError(f"a config.json must be at most {MOST_BYTES // 2**20} MiB; this file is larger.", where=where)
    try:
        data = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise InputError("the file must be UTF-8 text; it is not.", where=where) from None
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise InputError(f"the file must be JSON; {error.msg[:1].lower()}{error.msg[1:]}.", where=place) from None
    except RecursionError:
        raise InputError("the file must be JSON; it is nested too deeply.", where=where) from None
    except _TwiceError as error:
        raise InputError("must be given once; it stands twice.", where=f"{where}: {error}") from None
    except ValueError:
        raise InputError("the file must be JSON; it has a number of thousands of digits.", where=where) from None
    if not isinstance(data, dict):
        raise InputError(f"a config.json must be a mapping of fields; got {short(data)}.", where=where)
    return Config(path, data)


class _TwiceError(Exception):
    """A field stands twice in one mapping."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(short(key).strip('"'))
        found[key] = value
    return found
