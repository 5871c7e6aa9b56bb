"""What do the key-value pairs of a GGUF file say? Of a long array (a vocabulary) only the length is kept."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.workload.importers.gguf.cursor import KEPT_TEXT, LONGEST_KEY, Cursor

KEPT_ITEMS = 10_000

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""`struct` codes of the value types of numbers; 8 is a text, 9 an array."""
TEXT, ARRAY = 8, 9


@dataclass(frozen=True)
class Array:
    """A metadata array: its length, and its numbers, packed, where there are at most `KEPT_ITEMS`."""

    length: int
    code: str = ""
    packed: bytes = b""

    @property
    def items(self) -> tuple[int | float | bool, ...]:
        """The numbers; none of a text array or a long one."""
        return struct.unpack(self.code, self.packed) if self.code else ()


Value = int | float | bool | str | Array


def read_metadata(cursor: Cursor, count: int) -> dict[str, Value]:
    """Return the next ``count`` key-value pairs.

    Raises
    ------
    InputError
        A key is no text or stands twice, a value is of no known type, or the file ends before.
    """
    metadata: dict[str, Value] = {}
    cursor.check_room(count, 13, "the metadata")
    for _ in range(count):
        raw = cursor.text("a metadata key", LONGEST_KEY)
        try:
            key = raw.decode("utf-8")
        except UnicodeDecodeError:
            key = ""
        if not key or not key.isprintable():
            raise InputError(f"a metadata key must be printable text; got {raw[:40]!r}.", where=cursor.path)
        if key in metadata:
            raise InputError(f"a metadata key must stand once; {key} stands twice.", where=cursor.path)
        metadata[key] = _value(cursor, key)
    return metadata


def _value(cursor: Cursor, key: str) -> Value:
    kind = cursor.count("I", f"the type of {key}")
    if kind == TEXT:
        return cursor.text(key).decode("utf-8", "replace")[:KEPT_TEXT]
    if kind == ARRAY:
        return _array(cursor, key)
    return _number(cursor, kind, key)


def _number(cursor: Cursor, kind: int, key: str) -> int | float | bool:
    if kind not in SCALARS:
        raise InputError(f"{key}: a value's type must be a number from 0 to 12; got {kind}.", where=cursor.path)
    return cursor.number(SCALARS[kind], key)


def _array(cursor: Cursor, key: str) -> Array:
    kind, length = cursor.count("I", f"the type of {key}"), cursor.count("Q", f"the length of {key}")
    if kind == TEXT:
        cursor.skip_texts(length, key)
        return Array(length)
    if kind == ARRAY:
        raise InputError(f"{key}: an array must hold numbers or texts; this holds arrays.", where=cursor.path)
    if kind not in SCALARS:
        raise InputError(f"{key}: a value's type must be a number from 0 to 12; got {kind}.", where=cursor.path)
    each = struct.calcsize(SCALARS[kind])
    cursor.check_room(length, each, key)
    if length > KEPT_ITEMS:
        cursor.skip(length * each, key)
        return Array(length)
    return Array(length, f"{cursor.order}{length}{SCALARS[kind]}", cursor.take(length * each, key))
