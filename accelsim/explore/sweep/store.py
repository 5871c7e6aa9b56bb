"""Where do finished points of a sweep stay? In the cache by default, or in a file that the user names.

The cache may lose anything and never fails (`accelsim.cache.store`). A file that somebody names is expected to hold
the results afterwards: where it cannot, or where it is not such a file, the sweep does not even begin, and the
file is left as it is. If it fails later (a full disk), the sweep goes on, and one warning says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from accelsim.cache import Cache, CacheWarning, table
from accelsim.errors import InputError
from accelsim.explore.sweep.outcome import Outcome

if TYPE_CHECKING:
    import sqlite3

STORE = "sweeps"
"""Name of the store in the cache."""

MOST_ENTRIES, MOST_BYTES = 2_000_000, 2 * 2**30

FORM = 1
"""Form of a named file; another number is another form."""

_PROGRAM = 0x61736D73
"""What SQLite calls the application of a file: the letters "asms"."""

_BEGIN = (
    "BEGIN IMMEDIATE", f"PRAGMA application_id = {_PROGRAM}", f"PRAGMA user_version = {FORM}", "COMMIT",
)  # fmt: skip
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100


class Texts(Protocol):
    """Texts by key, kept somewhere."""

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the texts of those keys that are kept."""
        ...

    def put(self, entries: Mapping[str, str]) -> None:
        """Keep texts by key."""
        ...

    def __exit__(self, *_: object) -> None: ...


class Store:
    """Outcomes by the content key of their point, opened until the end of its ``with``.

    Parameters
    ----------
    path : str or Path, optional
        A file, made if there is none; by default the cache.
    fresh : bool
        Find nothing, so that every point is computed again, and its outcome replaced.

    Raises
    ------
    InputError
        The named file is damaged, another version's or another program's, or cannot be written to.
    """

    def __init__(self, path: str | Path | None = None, *, fresh: bool = False) -> None:
        self.fresh = fresh
        self._texts: Texts = Cache(STORE, MOST_ENTRIES, MOST_BYTES) if path is None else NamedFile(Path(path))

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *given: object) -> None:
        self._texts.__exit__(*given)

    def get(self, keys: Iterable[str]) -> dict[str, Outcome]:
        """Return the outcomes of those keys that are stored and would come out the same again."""
        texts = {} if self.fresh else self._texts.get(keys)
        read = {key: _read(text) for key, text in texts.items()}
        return {key: one for key, one in read.items() if one is not None and one.lasting}

    def put(self, key: str, outcome: Outcome) -> None:
        """Store an outcome; one that may come out otherwise is kept with its reason, but not found by `get`."""
        self._texts.put({key: outcome.to_text()})


def _read(text: str) -> Outcome | None:
    try:
        return Outcome.from_text(text)
    except ValueError:
        return None


class NamedFile:
    """Texts in a file that the user named."""

    def __init__(self, path: Path) -> None:
        import sqlite3

        self.path, self._failed = path, False
        _check_header(path)
        try:
            with ExitStack() as if_it_fails:
                self._connection = table.connect(path, _BEGIN if _is_new(path) else ())
                if_it_fails.callback(self._connection.close)
                _check_whole(self._connection)
                table.insert(self._connection, {})
                if_it_fails.pop_all()
        except (sqlite3.Error, OSError) as error:
            raise _unusable(path, error) from None

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the texts of those keys that are stored; none where the file cannot be read any more."""
        import sqlite3

        try:
            return table.select(self._connection, keys)
        except sqlite3.Error as error:
            self._warn(error)
            return {}

    def put(self, entries: Mapping[str, str]) -> None:
        """Store texts by key; where the file takes no more, warn once and forget them."""
        import sqlite3

        try:
            table.insert(self._connection, entries)
        except sqlite3.Error as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            warnings.warn(
                f"the store {self.path} takes no more results: {error}. The sweep goes on; what is not stored will be "
                "computed again another time.",
                CacheWarning,
                stacklevel=2,
            )


def _is_new(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _check_header(path: Path) -> None:
    """Refuse a file that is no store of this form, by its first bytes, without touching it."""
    try:
        if path.is_dir() or not path.parent.is_dir():
            what = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
            raise InputError(f"the store of a sweep must be a file in a folder that exists; {what}.", where=str(path))
        if _is_new(path):
            return
        with open(path, "rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise _unusable(path, error) from None
    program, form = int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big")
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        why = "the store of a sweep must be a file that a sweep has written; this is none"
    elif program != _PROGRAM:
        why = "the store of a sweep must be written by accelsim; this is another program's database"
    elif form != FORM:
        why = f"the store must be of form {FORM}; another version of accelsim has written it, in form {form}"
    else:
        return
    raise InputError(f"{why}. It is left as it is; name another file with --store.", where=str(path))


def _check_whole(connection: sqlite3.Connection) -> None:
    import sqlite3

    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0].decode()
    if said != "ok":
        error = sqlite3.DatabaseError(said.replace("\n", " "))
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _unusable(path: Path, error: Exception) -> InputError:
    why = getattr(error, "strerror", None) or str(error)
    if table.damaged(error):
        return InputError(
            f"the store is damaged ({why}) and is left as it is. Name another file with --store, or delete this one "
            "and have its points computed again.",
            where=str(path),
        )
    return InputError(
        f"the store cannot be used: {why}. Name a file that can be written, with --store.", where=str(path)
    )
