"""How are results kept on disk so that any number of processes may use them at once, and none may fail?

A store is an SQLite database with a write-ahead log: readers never wait, a writer waits for another one, and
a process that dies leaves what it had stored. Losing an entry costs time, never an answer. So a damaged file
is set aside and a new one begun, and where the disk fails in any other way nothing is found and nothing is
kept; one warning says so.
"""

from __future__ import annotations

import os
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from accelsim.cache.place import SETTING, File, begin_anew, folder, in_use

if TYPE_CHECKING:
    import sqlite3

WAIT_S = 5.0
"""How long to wait for another process that writes."""

_TABLE = "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL, mark INTEGER NOT NULL)"
_PUT = (
    "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, mark = excluded.mark"
)
_SIZE = (
    "SELECT (SELECT max(rowid) FROM entries), (SELECT min(rowid) FROM entries), page_size * (page_count - "
    "freelist_count) FROM pragma_page_size, pragma_page_count, pragma_freelist_count"
)
_AT_ONCE = 500
"""Keys of one query; SQLite takes at least 999."""

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
        wanted = [key.encode() for key in keys]
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            found |= self._tried(partial(_select, wanted[start : start + _AT_ONCE]), _unusable) or {}
        return found

    def put(self, entries: Mapping[str, str]) -> None:
        """Store texts by key, all or none; once this returns every process finds them."""
        rows = [(key.encode(), text.encode()) for key, text in entries.items()]
        if rows and self._folder not in _unwritable:
            self._tried(partial(self._insert, rows), _unwritable)

    def _insert(self, rows: Sequence[tuple[bytes, bytes]], connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(_PUT, [(key, text, _mark(key, text)) for key, text in rows])
            self._unpruned += len(rows)
            if self._unpruned >= _BETWEEN_PRUNINGS:
                _prune(connection, self.most_entries, self.most_bytes)
                self._unpruned = 0
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _tried(self, action: Callable[[sqlite3.Connection], Answer], failed: set[Path]) -> Answer | None:
        """Do something with the database; where it cannot be done, note so in ``failed`` and return None."""
        if self._folder is None or self._folder in _unusable or self._process != os.getpid():
            return None
        import sqlite3

        try:
            try:
                return action(self._opened(self._folder))
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    raise
                self._begin_anew()
                return action(self._opened(self._folder))
        except (sqlite3.Error, OSError) as error:
            if self._connection is None or _damaged(error):
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
        import sqlite3

        place.mkdir(parents=True, exist_ok=True)
        self._file = in_use(place, self.name)
        connection = sqlite3.connect(self._file.path, timeout=WAIT_S, isolation_level=None)
        try:
            connection.text_factory = bytes
            for statement in (*_SETTINGS, _TABLE):
                _patiently(connection, statement)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

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


_SETTINGS = (
    "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA journal_size_limit = 4194304",
)  # fmt: skip


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Execute a statement for which SQLite itself does not wait while another process opens the same new file."""
    import sqlite3

    last = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > last:
                raise
            time.sleep(0.005)


_unusable: set[Path] = set()
_unwritable: set[Path] = set()
"""Cache folders that this process has given up: for everything, for writing."""

_warned: list[str] = []


def _warn(message: str) -> None:
    """Warn, the first time in a process."""
    if not _warned:
        _warned.append(message)
        warnings.warn(message, CacheWarning, stacklevel=4)


def _damaged(error: Exception) -> bool:
    """Whether an error means that a file is no database, or not such a one."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _select(keys: Sequence[bytes], connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute(f"SELECT * FROM entries WHERE key IN ({','.join('?' * len(keys))})", keys)
    return {key.decode(): text.decode() for key, text, mark in rows if mark == _mark(key, text)}


def _mark(key: object, text: object) -> int | None:
    """Checksum of an entry, since SQLite does not notice a changed byte; None if it is not even bytes."""
    return zlib.crc32(text, zlib.crc32(key)) if isinstance(key, bytes) and isinstance(text, bytes) else None


def _prune(connection: sqlite3.Connection, most_entries: int, most_bytes: int) -> None:
    """Drop the oldest entries where there are too many, and a tenth of the rest, so that it is rarely done."""
    newest, oldest, used_bytes = connection.execute(_SIZE).fetchone()
    entries = newest - oldest + 1
    most = min(most_entries, entries * most_bytes // used_bytes)
    if entries > most:
        connection.execute("DELETE FROM entries WHERE rowid <= ?", (newest - most * 9 // 10,))
