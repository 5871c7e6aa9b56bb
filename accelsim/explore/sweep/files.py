"""How is a sweep written for other programs? CSV, JSON and Parquet, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.errors import UnsupportedError
from accelsim.explore.sweep.tables import INSTALL
from accelsim.files import check_place, check_suffix, write_whole

if TYPE_CHECKING:
    from accelsim.explore.sweep.result import SweepResult

SUFFIXES = (".csv", ".json", ".parquet")


def csv_text(result: SweepResult) -> str:
    """Return the table as CSV with a header; what is unknown is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, result.columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(result.rows)
    return text.getvalue()


def record(result: SweepResult) -> dict[str, Any]:
    """Return what was asked, the units, the rows and the counts as plain data."""
    axes = {one.name: list(one.labels) for axis in result.sweep.axes for one in axis.settings}
    together = [[one.name for one in axis.settings] for axis in result.sweep.axes if len(axis.settings) > 1]
    points = [
        {**row, "key": point.key, **({"layers": list(outcome.layers)} if result.sweep.per_layer else {})}
        for row, point, outcome in zip(result.rows, result.points, result.outcomes, strict=True)
    ]
    return {
        "fixed": result.fixed, "axes": axes, "together": together, "units": result.units,
        "stored": result.stored, "computed": result.computed, "failed": len(result.failures),
        "warnings": list(result.warnings), "points": points,
    }  # fmt: skip


def json_text(result: SweepResult) -> str:
    """Return `record` as JSON."""
    return json.dumps(record(result), indent=2, allow_nan=False) + "\n"


def write_text(path: str | Path, text: str) -> Path:
    """Write a text to a file, whole or not at all."""

    def write(place: Path) -> None:
        place.write_bytes(text.encode("utf-8", "backslashreplace"))

    return write_whole(path, write)


def check_parquet() -> None:
    """Raise UnsupportedError with the command that installs it where pyarrow is missing."""
    try:
        import_module("pyarrow")
    except ImportError:
        raise UnsupportedError(f"Parquet needs pyarrow, which is not installed; {INSTALL}") from None


def write_parquet(result: SweepResult, path: str | Path) -> Path:
    """Write the table as Parquet; units, axes and what is fixed stand in the file's metadata."""
    check_parquet()
    table = result.to_frame()
    return write_whole(path, lambda place: table.to_parquet(place, engine="pyarrow", index=False))


def check_output(path: str | Path) -> Path:
    """Return where a sweep can be saved, checked before anything is computed.

    Raises
    ------
    UsageError
        The name does not end in .csv, .json or .parquet.
    InputError
        There is no such folder, or the place is a folder.
    UnsupportedError
        It ends in .parquet and pyarrow is not installed.
    """
    place = check_place(check_suffix(path, SUFFIXES, "the output"))
    if place.suffix.lower() == ".parquet":
        check_parquet()
    return place


def save(result: SweepResult, path: str | Path) -> Path:
    """Write the table in the form that the end of the name tells."""
    place = check_output(path)
    if place.suffix.lower() == ".parquet":
        return write_parquet(result, place)
    return write_text(place, csv_text(result) if place.suffix.lower() == ".csv" else json_text(result))
