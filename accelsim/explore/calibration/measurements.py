"""What did a user measure? A CSV file: workload, batch, scheme, and latency, energy or power with its unit.

::

    workload,batch,scheme,latency_ms,energy_mj
    resnet50,1,int8,3.1,41
    resnet50,8,int8,19.5,
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from accelsim.documents.reading import read_text
from accelsim.errors import InputError, did_you_mean

_TO = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0}
_SYMBOLS = {"latency": "s", "energy": "j", "power": "w"}
UNITS = {
    f"{what}_{prefix}{symbol}": (what, scale) for what, symbol in _SYMBOLS.items() for prefix, scale in _TO.items()
}
"""Columns of measurements: what each holds, and its unit in s, J or W."""

QUESTION = ("workload", "batch", "scheme", "mapping")
SET, OPTIONS, REMARKS = "set.", "options.", ("label", "note")
MOST_ROWS = 10_000
LEAST, MOST = 1e-15, 1e15
"""Range of what is measured, in s, J or W: beyond it squares of relative errors are no numbers."""

_AGREE = 0.05
"""Share by which energy may differ from power times latency where a row states all three."""


@dataclass(frozen=True)
class Measurement:
    """One row.

    Parameters
    ----------
    line : int
        Its line in the file.
    workload, scheme : str
    batch : int or None
    mapping : str
        "" where the row does not say.
    latency_s, energy_j : float or None
        Energy is power times latency where the row states these instead.
    overrides, options : dict
        Fields of the profile, and options of the workload, that this row was measured with.
    label : str
    """

    line: int
    workload: str
    scheme: str
    batch: int | None = None
    mapping: str = ""
    latency_s: float | None = None
    energy_j: float | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    label: str = ""

    @property
    def question(self) -> tuple[object, ...]:
        """What was measured, without the answer."""
        more = (tuple(sorted(given.items())) for given in (self.overrides, self.options))
        return (self.workload, self.batch, self.scheme, self.mapping, *more)

    @property
    def name(self) -> str:
        """Its label, or what was measured: "resnet50 int8 batch 8"."""
        more = [f"batch {self.batch}"] if self.batch is not None else []
        more += [f"{key}={value}" for given in (self.options, self.overrides) for key, value in given.items()]
        return self.label or " ".join([self.workload, self.scheme, *more])


def read_measurements(path: str | Path) -> tuple[Measurement, ...]:
    """Return the rows of a file of measurements.

    Parameters
    ----------
    path : str or Path
        CSV with the columns ``workload`` and ``scheme``; one or more of ``latency_s`` (or ``_ms``, ``_us``, ``_ns``),
        ``energy_j`` (``_mj``, ``_uj``, ``_nj``, ``_pj``) and ``power_w`` (``_mw``, ``_uw``); optionally ``batch``,
        ``mapping``, ``label``, ``note``, ``set.PATH`` for a field of the profile and ``options.NAME`` for one of the
        workload. Lines that begin with ``#`` are remarks.

    Raises
    ------
    InputError
        With file and line: a column is unknown or lacks its unit, a value is not above 0, a row repeats another or
        measures nothing.
    """
    place = Path(path)
    lines = read_text(place, "a CSV file").splitlines()
    numbers = [number for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    if not numbers:
        raise InputError("measurements must be a CSV file with a header and rows; it is empty.", where=str(place))
    cells = [_cells(lines[number - 1], f"{place}:{number}") for number in numbers]
    columns = _columns(cells[0], f"{place}:{numbers[0]}")
    if len(cells) - 1 > MOST_ROWS:
        raise InputError(f"measurements must be at most {MOST_ROWS:,} rows; got {len(cells) - 1:,}.", where=str(place))
    rows = tuple(_rows(place, columns, zip(numbers[1:], cells[1:], strict=True)))
    if not rows:
        raise InputError("measurements must have at least one row below the header.", where=str(place))
    return rows


def _cells(line: str, where: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise InputError(f"a row must be CSV on one line; {error}.", where=where) from None


def _columns(names: list[str], where: str) -> list[str]:
    known = (*QUESTION, *REMARKS, *UNITS)
    for name in names:
        if name in known or (name.startswith((SET, OPTIONS)) and name not in (SET, OPTIONS)):
            continue
        if name in _SYMBOLS:
            offered = ", ".join(unit for unit, (what, _) in UNITS.items() if what == name)
            raise InputError(f"{name} must carry its unit in its name: {offered}.", where=where)
        hint = did_you_mean(name, known) or f"; columns are {', '.join((*QUESTION, *REMARKS))}, measurements with "
        hint = hint if "mean" in hint else f"{hint}their unit such as latency_ms, {SET}PATH and {OPTIONS}NAME."
        raise InputError(f"{name!r} is not a column of measurements{hint}", where=where)
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the column {name} must stand once; it stands {names.count(name)} times.", where=where)
    for what in _SYMBOLS:
        given = [name for name in names if name in UNITS and UNITS[name][0] == what]
        if len(given) > 1:
            raise InputError(f"{what} must be given in one unit; got {' and '.join(given)}.", where=where)
    for name in ("workload", "scheme"):
        if name not in names:
            raise InputError(f"measurements must have the column {name}; got {', '.join(names)}.", where=where)
    if not any(name in UNITS for name in names):
        raise InputError("measurements must have a latency, energy or power, such as latency_ms.", where=where)
    return names


def _rows(place: Path, columns: list[str], found: Iterator[tuple[int, list[str]]]) -> Iterator[Measurement]:
    seen: dict[tuple[object, ...], int] = {}
    for line, cells in found:
        where = f"{place}:{line}"
        if len(cells) != len(columns):
            raise InputError(f"a row must have {len(columns)} cells, as the header; got {len(cells)}.", where=where)
        row = _row(line, dict(zip(columns, cells, strict=True)), where)
        first = seen.setdefault(row.question, line)
        if first != line:
            raise InputError(
                f"every row must measure something else; this one repeats line {first} ({row.name}). "
                "Give the mean of repeated measurements.", where=where
            )  # fmt: skip
        yield row


def _row(line: int, cells: dict[str, str], where: str) -> Measurement:
    for name in ("workload", "scheme"):
        if not cells[name]:
            raise InputError("must be given in every row; it is empty.", where=f"{where}: {name}")
    measured = {
        UNITS[name][0]: _measured(name, text, f"{where}: {name}")
        for name, text in cells.items() if name in UNITS and text
    }  # fmt: skip
    latency, energy, power = (measured.get(what) for what in _SYMBOLS)
    if power is not None:
        if latency is None:
            raise InputError("a power must come with a latency, so that energy follows.", where=where)
        if energy is not None and abs(power * latency / energy - 1) > _AGREE:
            raise InputError(
                f"energy must be power times latency within {_AGREE:.0%}; got {energy:.4g} J, and {power:.4g} W x "
                f"{latency:.4g} s = {power * latency:.4g} J.", where=where
            )  # fmt: skip
        energy = power * latency if energy is None else energy
    if latency is None and energy is None:
        raise InputError("a row must give a latency or an energy; it gives neither.", where=where)
    return Measurement(
        line, cells["workload"], cells["scheme"], _batch(cells.get("batch", ""), f"{where}: batch"),
        cells.get("mapping", ""), latency, energy, _beginning(cells, SET), _beginning(cells, OPTIONS),
        cells.get("label", ""),
    )  # fmt: skip


def _measured(name: str, text: str, where: str) -> float:
    """Return a value in s, J or W."""
    try:
        value = float(text) * UNITS[name][1]
    except ValueError:
        value = math.nan
    if not (0 < value < math.inf):
        raise InputError(f"must be a number above 0; got {text!r}.", where=where)
    if not LEAST <= value <= MOST:
        raise InputError(f"must be {LEAST:g} to {MOST:g} in s, J or W; got {text!r}.", where=where)
    return value


def _batch(text: str, where: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
        raise InputError(f"must be a whole number of at least 1; got {text!r}.", where=where)
    return int(text)


def _beginning(cells: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): text for name, text in cells.items() if name.startswith(prefix) and text}
