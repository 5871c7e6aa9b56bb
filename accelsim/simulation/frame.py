"""What is a result as a table for analysis? The energy bill as a tidy frame, and as HTML in a notebook."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelsim.errors import InputError, did_you_mean
from accelsim.layout import percent
from accelsim.simulation.line import Line
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import engineering

if TYPE_CHECKING:
    import pandas as pd

KEYS: dict[str, Callable[[_Row, Line], str]] = {
    "layer": lambda layer, line: layer.name,
    "kind": lambda layer, line: layer.kind,
    "part": lambda layer, line: line.part,
    "level": lambda layer, line: line.place,
    "operand": lambda layer, line: line.operand,
    "action": lambda layer, line: line.action,
}
FIXED = "fixed"
"""Layer and kind of the rows of the fixed times, which no layer has."""

UNITS = {"energy_pj": "pJ", "bits": "bit", "operations": "1", "macs": "1", "cycles": "cycle"}


def to_frame(result: Result, by: Sequence[str] = ("layer", "level", "operand")) -> pd.DataFrame:
    """Return the energy bill of all repeats, summed over what ``by`` leaves out.

    Parameters
    ----------
    result : Result
    by : sequence of str
        Some of "layer", "kind", "part", "level", "operand" and "action"; "level" is the place of a line:
        a memory, "array", "converter", "vector unit" ... By layer or kind alone there are also macs and cycles.

    Returns
    -------
    DataFrame
        One row per combination in order of first appearance, with columns ``energy_pj`` (NaN where unknown),
        ``bits`` (moved by memories and links) and ``operations`` (of everything else);
        ``attrs["units"]`` names the unit of each. Fixed times, and what the chip draws in them, come last,
        as a layer "fixed" of kind "fixed".

    Raises
    ------
    InputError
        ``by`` has an unknown or repeated name, or none.
    """
    import pandas as pd

    names = [by] if isinstance(by, str) else list(by)
    for name in names:
        if name not in KEYS:
            raise InputError(f"by must be some of {', '.join(KEYS)}; got {name!r}{did_you_mean(name, KEYS) or '.'}")
    if not names or len(set(names)) < len(names):
        raise InputError(f"by must name at least one of {', '.join(KEYS)}, each once; got {names}.")
    timed = set(names) <= {"layer", "kind"}
    totals: dict[tuple[str, ...], list[float]] = {}
    for layer, line in _bill(result):
        row = totals.setdefault(tuple(KEYS[name](layer, line) for name in names), [0.0, 0.0, 0.0])
        moved = line.part in ("memory", "link")
        row[0] += (float("nan") if line.energy_pj is None else line.energy_pj) * layer.repeat
        row[1] += (line.total_bits if moved else 0.0) * layer.repeat
        row[2] += (0.0 if moved else line.count) * layer.repeat if line.part not in _TIMED else 0.0
    columns = ["energy_pj", "bits", "operations"]
    if timed and result.overhead_s:
        totals.setdefault((FIXED,) * len(names), [0.0, 0.0, 0.0])
    frame = pd.DataFrame([[*key, *row] for key, row in totals.items()], columns=[*names, *columns])
    if timed:
        frame = _with_time(result, frame, names)
    frame.attrs["units"] = {name: unit for name, unit in UNITS.items() if name in frame.columns}
    return frame


@dataclass(frozen=True)
class _Row:
    """What a row of the frame says of a layer."""

    name: str
    kind: str
    repeat: int


def _bill(result: Result) -> Iterator[tuple[_Row, Line]]:
    """Every line with its layer."""
    for one in result.layers:
        row = _Row(one.layer.name, one.layer.kind, one.layer.repeat)
        yield from ((row, line) for line in one.lines)
    yield from ((_Row(FIXED, FIXED, 1), line) for line in result.overhead_lines)


_TIMED = ("clock", "leakage", "background")


def _with_time(result: Result, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"layer": one.layer.name, "kind": one.layer.kind, "macs": one.layer.macs * one.layer.repeat,
         "cycles": one.cycles * one.layer.repeat}
        for one in result.layers
    ]  # fmt: skip
    if result.overhead_s:
        rows.append({"layer": FIXED, "kind": FIXED, "macs": 0, "cycles": result.overhead_cycles})
    time = pd.DataFrame(rows).groupby(list(names), sort=False)[["macs", "cycles"]].sum().reset_index()
    return time.merge(frame, on=list(names), how="left")[[*names, "macs", "cycles", "energy_pj", "bits", "operations"]]


def to_html(result: Result) -> str:
    """Return a result as HTML for a notebook: the totals, and the costliest layers."""
    network, energy = result.network, result.energy_pj
    title = (
        f"{network.title or network.name} (batch {network.batch}, {engineering(result.macs, 'MACs')}) "
        f"in {result.scheme.name} on {result.chip.name}"
    )
    totals = [
        f"energy {engineering(energy, 'pJ')}", f"time {engineering(result.latency_s, 's')}",
        f"bound by {result.bound_by}", f"DRAM {engineering(result.dram_bits / 8, 'B')}",
    ]  # fmt: skip
    rows = []
    for one in result.costliest(10):
        own = None if one.energy_pj is None else one.energy_pj * one.layer.repeat
        share = "" if own is None or energy is None else percent(own, energy)
        cells = (
            one.layer.name, one.layer.kind, str(one.layer.repeat), engineering(one.layer.macs * one.layer.repeat, ""),
            engineering(own, "pJ"), share, engineering(_seconds(result, one), "s"), one.bound_by, one.mapping,
        )  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    names = ("layer", "kind", "repeat", "MACs", "energy", "share", "time", "bound by", "mapping")
    header = "".join(f"<th>{name}</th>" for name in names)
    return (
        f"<div><b>{html.escape(title)}</b><br>{html.escape(', '.join(totals))}"
        f"<table><thead><tr>{header}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _seconds(result: Result, one: LayerResult) -> float:
    return one.cycles * one.layer.repeat / result.chip.clock_hz.value
