"""How is a GGUF header read piece by piece, never past its file, never more than a header may have?"""

from __future__ import annotations

import struct
from typing import BinaryIO

from accelsim.errors import InputError

LONGEST_HEADER = 64 * 2**20
LONGEST_KEY = 1_000
LONGEST_TEXT = 8 * 2**20
KEPT_TEXT = 10_000
"""Characters of a text value that are kept; the rest of a chat template is read over."""


class Cursor:
    """A position in an open GGUF file.

    Every length is compared with what is left before anything of that length is read.

    Parameters
    ----------
    file : binary file, at its start
    size : int
        Bytes of the file.
    path : str
        Named in messages.
    """

    def __init__(self, file: BinaryIO, size: int, path: str) -> None:
        self.file, self.size, self.path = file, size, path
        self.order = "<"
        self.position = 0

    def take(self, count: int, what: str) -> bytes:
        """Return the next ``count`` bytes."""
        self._pass(count, what)
        data = self.file.read(count)
        if len(data) != count:
            raise self._truncated(what)
        return data

    def skip(self, count: int, what: str) -> None:
        """Move over ``count`` bytes."""
        self._pass(count, what)
        self.file.seek(count, 1)

    def number(self, code: str, what: str) -> int | float:
        """Return the next value of a `struct` code."""
        raw = self.take(struct.calcsize(f"{self.order}{code}"), what)
        value: int | float = struct.unpack(f"{self.order}{code}", raw)[0]
        return value

    def count(self, code: str, what: str) -> int:
        """Return the next unsigned whole number."""
        return int(self.number(code, what))

    def text(self, what: str, longest: int = LONGEST_TEXT) -> bytes:
        """Return the bytes of the next text: its length in 8 bytes, then itself."""
        length = self.count("Q", f"the length of {what}")
        if length > longest:
            raise InputError(f"{what} must have at most {longest} bytes; its length is {length}.", where=self.path)
        return self.take(length, what)

    def skip_texts(self, count: int, what: str) -> None:
        """Move over ``count`` texts."""
        self.check_room(count, 8, what)
        order = "little" if self.order == "<" else "big"
        for _ in range(count):
            length = int.from_bytes(self.take(8, what), order)  # type: ignore[arg-type]
            self._pass(length, what)
            self.file.seek(length, 1) if length > 4096 else self.file.read(length)

    def check_room(self, count: int, each: int, what: str) -> None:
        """Refuse a count of things of ``each`` bytes or more that cannot stand in the rest of the header."""
        room = min(self.size, LONGEST_HEADER) - self.position
        if count * each > room:
            raise InputError(
                f"{what} must fit the rest of the header, {room} bytes; its count is {count}.", where=self.path
            )

    def _pass(self, count: int, what: str) -> None:
        if count > self.size - self.position:
            raise self._truncated(what)
        if count > LONGEST_HEADER - self.position:
            raise InputError(f"a header must have at most {LONGEST_HEADER} bytes; {what} goes beyond.", where=self.path)
        self.position += count

    def _truncated(self, what: str) -> InputError:
        return InputError(
            f"the file is truncated: it ends, after {self.size} bytes, inside {what}. Fetch it again.", where=self.path
        )
