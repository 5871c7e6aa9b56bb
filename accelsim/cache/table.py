"""How does one file keep texts by key, so that any number of processes may use it at once?

It is an SQLite database with a write-ahead log: readers never wait, a writer waits for another one, and a process
that dies leaves what it had stored. Every entry has a checksum, since SQLite does not notice a changed byte.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

WAIT_S = 5.0
"""How long to wait for another process that writes."""

_TABLE = "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL, mark INTEGER NOT NULL)"
_PUT = (
    "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, mark = excluded.mark"
)
_SETTINGS = (
    "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA journal_size_limit = 4194304",
)  # fmt: skip

_AT_ONCE = 500
"""Keys of one query; SQLite takes at least 999."""


def connect(path: Path, first: Iterable[str] = ()) -> sqlite3.Connection:
    """Open a file, which is made if there is none, and its table.

    Parameters
    ----------
    path : Path
    first : iterable of str
        Statements to execute before any other.

    Raises
    ------
    sqlite3.Error
        It cannot be opened, or is no such database.
    """
    import sqlite3

    connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
    try:
        connection.text_factory = bytes
        for statement in (*first, *_SETTINGS, _TABLE):
            _patiently(connection, statement)
    except BaseException:
        connection.close()
        raise
    return connection


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


def select(connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, str]:
    """Return the texts of those keys that are stored; one that changed since is not."""
    wanted = [key.encode() for key in keys]
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = connection.execute(f"SELECT * FROM entries WHERE key IN ({','.join('?' * len(some))})", some)
        found |= {key.decode(): text.decode() for key, text, mark in rows if mark == _mark(key, text)}
    return found


def insert(
    connection: sqlite3.Connection,
    entries: Mapping[str, str],
    then: Callable[[sqlite3.Connection], object] | None = None,
) -> None:
    """Store texts by key, and do something else in the same transaction: all of it, or nothing."""
    rows = [(key.encode(), text.encode()) for key, text in entries.items()]
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(_PUT, [(key, text, _mark(key, text)) for key, text in rows])
        if then is not None:
            then(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def damaged(error: Exception) -> bool:
    """Whether an error means that a file is no database, or not such a one."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _mark(key: object, text: object) -> int | None:
    """Checksum of an entry; None if it is not even bytes."""
    return zlib.crc32(text, zlib.crc32(key)) if isinstance(key, bytes) and isinstance(text, bytes) else None
