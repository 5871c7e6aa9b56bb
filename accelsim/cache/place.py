"""Where is the cache, what is in it, and how is it emptied? A folder of SQLite files, one in use for each store."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SETTING = "ACCELSIM_CACHE"
OFF = ("off", "no", "none", "false", "0")

FORM = 1
"""Form of the tables. It is part of a file's name: another form is another file."""

_FILE = re.compile(r"(?P<name>[a-z]+)-(?P<form>\d+)-(?P<number>\d+)\.sqlite")


def folder() -> Path | None:
    """Return the folder of the cache, or None where there is to be none.

    ``ACCELSIM_CACHE`` names it, or is "off"; by default it is "accelsim" in the user's cache folder.
    """
    given = os.environ.get(SETTING, "").strip()
    if given.lower() in OFF:
        return None
    try:
        return Path(given).expanduser() if given else _of_the_user() / "accelsim"
    except RuntimeError:  # the user has no home
        return None


def _of_the_user() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    named = os.environ.get("XDG_CACHE_HOME", "")
    return Path(named) if os.path.isabs(named) else Path.home() / ".cache"


class File(NamedTuple):
    """A database of the cache. Of those of one name and form the highest number is in use."""

    name: str
    form: int
    number: int
    folder: Path

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / f"{self.name}-{self.form}-{self.number}.sqlite"

    @property
    def parts(self) -> list[Path]:
        """The database and its journal."""
        return [self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal", "-shm")]


def files(place: Path) -> list[File]:
    """Return every database of a folder, in order; none if there is no such folder."""
    if not place.is_dir():
        return []
    named = [_FILE.fullmatch(path.name) for path in place.iterdir()]
    return sorted(File(one["name"], int(one["form"]), int(one["number"]), place) for one in named if one)


def in_use(place: Path, name: str) -> File:
    """Return the file of a store, which may not exist yet."""
    own = [file for file in files(place) if (file.name, file.form) == (name, FORM)]
    return own[-1] if own else File(name, FORM, 0, place)


def begin_anew(old: File, *, keep: bool) -> None:
    """Begin the next file of a store, empty; delete those before ``old``, and ``old`` itself unless ``keep``.

    No name is used twice, because a process that still has the old file open will delete its journal by name.
    """
    File(old.name, old.form, old.number + 1, old.folder).path.touch()
    for file in files(old.folder):
        if (file.name, file.form) == (old.name, old.form) and file.number < old.number + (not keep):
            for part in file.parts:
                part.unlink(missing_ok=True)


@dataclass(frozen=True)
class Store:
    """A store as it lies on disk.

    Parameters
    ----------
    name : str
    entries : int or None
        None if its file cannot be read.
    bytes : int
        With its journal and what was set aside.
    """

    name: str
    entries: int | None
    bytes: int


def stores(place: Path) -> list[Store]:
    """Return the stores of a cache folder; a folder that cannot be read raises OSError."""
    groups: dict[tuple[str, int], list[File]] = {}
    for file in files(place):
        groups.setdefault((file.name, file.form), []).append(file)
    return [
        Store(name, _entries(group[-1].path), sum(_bytes(part) for file in group for part in file.parts))
        for (name, _), group in groups.items()
    ]


def clear(place: Path) -> None:
    """Empty every store of a cache folder; a process that uses one meanwhile only finds less."""
    newest = {(file.name, file.form): file for file in files(place)}
    for file in newest.values():
        begin_anew(file, keep=False)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _entries(path: Path) -> int | None:
    import sqlite3

    try:
        connection = sqlite3.connect(path)
        try:
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            return int(connection.execute("SELECT count(*) FROM entries").fetchone()[0]) if tables else 0
        finally:
            connection.close()
    except sqlite3.Error:
        return None
