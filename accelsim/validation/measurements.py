"""What was published? Reads the measurements in ``accelsim/validation/data``, each a CSV file with its sources."""

from __future__ import annotations

import csv
from pathlib import Path

from accelsim.errors import InputError, did_you_mean

DATA = Path(__file__).parent / "data"
_SOURCE = "# source:"


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of measurements, as text by column.

    Parameters
    ----------
    name : str
        The file's name without ``.csv``.

    Raises
    ------
    InputError
        There is no such table, it has no rows, or one has more or fewer cells than the header.
    """
    lines = _lines(name)
    found = []
    reader = csv.DictReader((line for _, line in lines), restkey="", restval=None)
    for (number, _), row in zip(lines[1:], reader, strict=False):
        if "" in row or None in row.values():
            raise InputError("a row must have a cell for every column of the header.", where=f"{name}.csv:{number}")
        found.append(row)
    if not found:
        raise InputError("measurements must have at least one row.", where=f"{name}.csv")
    return found


def sources(name: str) -> tuple[str, ...]:
    """Return what a table's lines ``# source: ...`` say, in order.

    Raises
    ------
    InputError
        There is no such table, or it names no source.
    """
    lines = _path(name).read_text(encoding="utf-8").splitlines()
    found = tuple(line.removeprefix(_SOURCE).strip() for line in lines if line.startswith(_SOURCE))
    if not found:
        raise InputError("measurements must name their source; write '# source: ...' at the top.", where=f"{name}.csv")
    return found


def _lines(name: str) -> list[tuple[int, str]]:
    """The lines of a table that are neither comments nor empty, numbered."""
    text = _path(name).read_text(encoding="utf-8")
    return [(at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]


def _path(name: str) -> Path:
    path = DATA / f"{name}.csv"
    if not path.is_file():
        known = sorted(one.stem for one in DATA.glob("*.csv"))
        raise InputError(f"there are no measurements {name!r}{did_you_mean(name, known) or '.'}")
    return path
