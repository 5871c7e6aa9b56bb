"""How are results kept on disk so that any number of processes may use them at once, and none may fail?

A store is one file as `accelsim.cache.table` has it. Losing an entry costs time, never an answer. So a
damaged file is set aside and a new one begun, and where the disk fails in any other way nothing is found and
nothing is kept; one warning says so.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from accelsim.cache import table
from accelsim.cache.place import SETTING, File, begin_anew, folder, in_use

if TYPE_CHECKING:
    import sqlite3

_SIZE = (
    "SELECT (SELECT max(rowid) FROM entries), (SELECT min(rowid) FROM entries), page_size * (page_count - "
    "freelist_count) FROM pragma_page_size, pragma_page_count, pragma_freelist_count"
)
_BETWEEN_PRUNINGS = 256
"""Entries written before the size is looked at again."""

Answer = TypeVar("Answer")


class CacheWarning(UserWarning):
    """The cache was damaged or cannot be used: what it would have answered is computed again."""


class Cache:
    """One store of the cache, for one thread: it is opened when it is first used and closed by its ``with``.

    Parameters
    ----------
    name : str
        Lower-case letters; every name has a file of its own.
    most_entries, most_bytes : int
        Beyond either, the oldest entries are dropped.
    """

    def __init__(self, name: str, most_entries: int = 200_000, most_bytes: int = 200 * 2**20) -> None:
        self.name, self.most_entries, self.most_bytes = name, most_entries, most_bytes
        self._folder = folder()
        self._file: File | None = None
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._unpruned = _BETWEEN_PRUNINGS

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def enabled(self) -> bool:
        """Whether there is a cache at all."""
        return self._folder is not None

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the texts of those keys that are stored."""
        wanted = list(keys)
        return (self._tried(lambda connection: table.select(connection, wanted), _unusable) or {}) if wanted else {}

    def put(self, entries: Mapping[str, str]) -> None:
        """Store texts by key, all or none; once this returns every process finds them."""
        if entries and self._folder not in _unwritable:
            self._tried(partial(self._insert, entries), _unwritable)

    def _insert(self, entries: Mapping[str, str], connection: sqlite3.Connection) -> None:
        self._unpruned += len(entries)
        due = self._unpruned >= _BETWEEN_PRUNINGS
        table.insert(connection, entries, self._prune if due else None)
        self._unpruned = 0 if due else self._unpruned

    def _prune(self, connection: sqlite3.Connection) -> None:
        _prune(connection, self.most_entries, self.most_bytes)

    def _tried(self, action: Callable[[sqlite3.Connection], Answer], failed: set[Path]) -> Answer | None:
        """Do something with the database; where it cannot be done, note so in ``failed`` and return None."""
        if self._folder is None or self._folder in _unusable or self._process != os.getpid():
            return None
        import sqlite3

        try:
            try:
                return action(self._opened(self._folder))
            except sqlite3.DatabaseError as error:
                if not table.damaged(error):
                    raise
                self._begin_anew()
                return action(self._opened(self._folder))
        except (sqlite3.Error, OSError) as error:
            if self._connection is None or table.damaged(error):
                failed = _unusable
            failed.add(self._folder)
            what = "cannot be written to" if failed is _unwritable else "cannot be used"
            _warn(
                f"the cache {self._folder} {what}: {getattr(error, 'strerror', None) or error}. "
                f"Set {SETTING} to another folder or to off."
            )
            return None

    def _opened(self, place: Path) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        place.mkdir(parents=True, exist_ok=True)
        self._file = in_use(place, self.name)
        self._connection = table.connect(self._file.path)
        return self._connection

    def _begin_anew(self) -> None:
        """Leave a damaged file as it is and go on with the next, which another process may have begun."""
        self._close()
        if self._file is not None:
            begin_anew(self._file, keep=True)
            _warn(f"the cache {self._file.path} was damaged; a new one is begun.")

    def _close(self) -> None:
        """Close the database; a forked process leaves it to its parent."""
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None


_unusable: set[Path] = set()
_unwritable: set[Path] = set()
"""Cache folders that this process has given up: for everything, for writing."""

_warned: list[str] = []


def _warn(message: str) -> None:
    """Warn, the first time in a process."""
    if not _warned:
        _warned.append(message)
        warnings.warn(message, CacheWarning, stacklevel=4)


def _prune(connection: sqlite3.Connection, most_entries: int, most_bytes: int) -> None:
    """Drop the oldest entries where there are too many, and a tenth of the rest, so that it is rarely done."""
    newest, oldest, used_bytes = connection.execute(_SIZE).fetchone()
    entries = newest - oldest + 1
    most = min(most_entries, entries * most_bytes // used_bytes)
    if entries > most:
        connection.execute("DELETE FROM entries WHERE rowid <= ?", (newest - most * 9 // 10,))
