"""How do measured sensitivities reach an allocation as a file? A column for the layer, one for each scheme."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.files import check_suffix, write_whole

if TYPE_CHECKING:
    from accelsim.quantization.allocation.errors import LayerErrors

LONG = ("layer", "asked", "kl_nats", "noise")
"""Columns by which the CSV of ``accelsim error --data`` is known."""


def write_errors(path: str | Path, errors: LayerErrors) -> Path:
    """Write a table of errors as CSV, its source in a comment; whole or not at all."""
    place = check_suffix(path, (".csv",), "a table of errors")
    choices = list(next(iter(errors.rows.values())))
    text = io.StringIO()
    text.write(f"# {' '.join(errors.source.split())}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["layer", *choices])
    writer.writerows([layer, *(repr(float(row[choice])) for choice in choices)] for layer, row in errors.rows.items())

    def write(unfinished: Path) -> None:
        unfinished.write_text(text.getvalue(), encoding="utf-8")

    return write_whole(place, write)


def is_long(header: Sequence[str]) -> bool:
    """Return whether a table has a row for each layer and scheme, as ``accelsim error --data --csv`` prints it."""
    return all(name in header for name in LONG)


def long_rows(rows: Sequence[Mapping[str, str]], where: str) -> tuple[dict[str, dict[str, float]], str]:
    """Return errors by layer and scheme of a table that is_long, and which measure they are.

    KL divergence where every row has one, and more than 0 where there is noise; else the noise of the output.

    Raises
    ------
    InputError
        A row has neither.
    """
    column = "kl_nats" if all(_tells(row) for row in rows) else "noise"
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        try:
            value = float(row[column])
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            reason = f" ({row['note']})" if row.get("note") else ""
            raise InputError(
                f"{row['layer']} in {row['asked']} must have a {column}; it has none{reason}.", where=where
            )
        found.setdefault(row["layer"], {})[row["asked"]] = value
    return found, column


def _tells(row: Mapping[str, str]) -> bool:
    """Return whether a row has a KL divergence that is not swallowed by a saturated softmax."""
    try:
        return float(row["kl_nats"]) > 0 or float(row["noise"]) == 0
    except ValueError:
        return False
