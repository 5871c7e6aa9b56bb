"""What are the points of a sweep, a comparison or a table, whatever they came as? Rows and columns of numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError, UsageError
from accelsim.explore.metrics import column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Points:
    """Rows, each one design point, whatever they came as.

    Parameters
    ----------
    rows : tuple of dict
        A value that is missing, None or NaN is unknown; a failed point has only unknown metrics.
    columns : tuple of str
        Names of all columns in order of first appearance.
    axes : tuple of str
        Columns that a sweep varied, where it says so.
    fixed : dict
        What all points have in common, where a sweep says so.
    """

    rows: tuple[Mapping[str, Any], ...]
    columns: tuple[str, ...]
    axes: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def numbers(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return a column as floats, NaN where unknown.

        Raises
        ------
        InputError
            There is no such column, or it holds something that is no number.
        """
        import numpy as np

        name = column(name, self.columns)
        found = np.empty(len(self.rows))
        for place, row in enumerate(self.rows):
            found[place] = _number(row.get(name), name, place)
        return found

    def label(self, place: int) -> str:
        """Return what a point is called: its name, or what varies among all points: "int8, array.rows 32"."""
        row = self.rows[place]
        if "name" in self.columns and not unknown(row.get("name")):
            return str(row["name"])
        return ", ".join(_told(name, row[name]) for name in self.varying if not unknown(row.get(name))) or (
            f"point {place + 1}"
        )

    @property
    def subject(self) -> str:
        """What all points are of: "resnet50 on horowitz-45nm: "; "" where they differ in it or do not say."""
        found = {}
        for name in ("workload", "profile"):
            values = {str(row[name]) for row in self.rows if not unknown(row.get(name))} or {str(self.fixed.get(name))}
            found[name] = values.pop() if len(values) == 1 else "None"
        workload, profile = ("" if one == "None" else one for one in found.values())
        return f"{' on '.join(part for part in (workload, profile) if part)}: " if workload or profile else ""

    @property
    def varying(self) -> tuple[str, ...]:
        """What a sweep varied: its axes if it says so, else columns of texts and parameters that differ."""
        candidates = self.axes or tuple(name for name in self.columns if self._is_parameter(name))
        return tuple(name for name in candidates if len({str(row.get(name)) for row in self.rows}) > 1)

    def _is_parameter(self, name: str) -> bool:
        if name in _TOLD or name.endswith(("_ratio", "_direction")) or "_breakdown" in name:
            return False
        texts = all(isinstance(row.get(name), str) for row in self.rows)
        return name in _AXES or "." in name or texts

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a pandas table."""
        import pandas as pd

        return pd.DataFrame([dict(row) for row in self.rows], columns=list(self.columns))


_TOLD = ("bound_by", "status", "reason", "error", "key", "reference", "result", "verdict", "warnings")
_AXES = ("workload", "profile", "scheme", "batch", "objective", "mapping", "bits")


def points_of(given: Any) -> Points:
    """Return points from a pandas table, records, a comparison, or whatever has ``to_frame``.

    Parameters
    ----------
    given : Points, DataFrame, sequence of mappings, Comparison or SweepResult
        What a comparison could not run counts as a failed point.

    Raises
    ------
    UsageError
        It is none of these.
    """
    if isinstance(given, Points):
        return given
    refusals = getattr(given, "refusals", ())
    frame = given.to_frame() if hasattr(given, "to_frame") else given
    if hasattr(frame, "to_dict") and hasattr(frame, "columns"):
        rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
        names = [str(name) for name in frame.columns]
    elif isinstance(frame, Iterable) and not isinstance(frame, str | bytes | Mapping):
        rows = list(frame)
        if not all(isinstance(row, Mapping) for row in rows):
            raise UsageError("points must be rows of names and values; got something else among them.")
        names = list(dict.fromkeys(str(name) for row in rows for name in row))
    else:
        raise UsageError(f"points must be a table, records, a comparison or a sweep; got {type(given).__name__}.")
    rows += [{"name": one.name, "scheme": one.scheme, "profile": one.chip, "reason": one.reason} for one in refusals]
    attributes = getattr(frame, "attrs", {})
    axes = tuple(name for name in attributes.get("axes", ()) if name in names)
    return Points(tuple(rows), tuple(names), axes, dict(attributes.get("fixed", {})))


def unknown(value: Any) -> bool:
    """Whether a cell says nothing: None or NaN."""
    return value is None or (isinstance(value, float) and value != value)


def _number(value: Any, name: str, place: int) -> float:
    if unknown(value) or value == "":
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers; row {place + 1} has {value!r}.") from None


def _told(name: str, value: Any) -> str:
    """A value with its parameter, unless the value says by itself what it is of."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if name in ("scheme", "profile", "workload") else f"{name.removeprefix('levels.')} {text}"


def read_points(path: str | Path) -> Points:
    """Return the points that a sweep wrote to a file: .csv, .json or .parquet.

    Raises
    ------
    UsageError
        The file ends in something else.
    InputError
        It cannot be read, or holds no points.
    """
    import pandas as pd

    place = Path(path)
    if place.suffix.lower() not in READERS:
        raise UsageError(f"points must be in a file ending in {', '.join(READERS)}; got {str(path)!r}.")
    axes: tuple[str, ...] = ()
    fixed: dict[str, Any] = {}
    rows: Any
    try:
        if place.suffix.lower() == ".json":
            content = json.loads(place.read_text(encoding="utf-8"))
            rows = content.get("points", []) if isinstance(content, dict) else content
            if isinstance(content, dict):
                axes, fixed = tuple(content.get("axes", ())), dict(content.get("fixed", {}))
        else:
            rows = pd.read_csv(place) if place.suffix.lower() == ".csv" else pd.read_parquet(place)
            axes, fixed = _leading(list(rows.columns)), dict(rows.attrs.get("fixed", {}))
    except (OSError, ValueError, ImportError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{place} cannot be read as points of a sweep: {why}") from None
    found = points_of(rows)
    if not len(found):
        raise InputError(f"{place} holds no points.")
    return Points(found.rows, found.columns, tuple(name for name in axes if name in found.columns), fixed)


READERS = (".csv", ".json", ".parquet")


def _leading(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the axes of a sweep's table, which stand before the first metric; () for any other table."""
    if tuple(columns[-2:]) != ("status", "reason"):
        return ()
    return tuple(takewhile(lambda name: name not in ("macs", "status"), columns))
