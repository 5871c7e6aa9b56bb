"""What does the plot of quantization error say? Signal over noise of every layer in every format, as a record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.errors import UsageError
from accelsim.quantization.error_table import ErrorTable


@dataclass(frozen=True)
class ErrorLines:
    """Signal over quantization noise by layer.

    Parameters
    ----------
    title : str
        The finding.
    layers : tuple of str
        In order.
    series : dict of str to tuple of float
        Of each scheme or format one value in dB per layer; NaN where it is exact or has no result.
    worst : (series, place) or None
        The lowest value of all.
    note : str
        Grids, and what has no value.
    """

    title: str
    layers: tuple[str, ...]
    series: Mapping[str, tuple[float, ...]]
    worst: tuple[str, int] | None
    note: str = ""


def error_lines(table: ErrorTable, role: str = "weights") -> ErrorLines:
    """Return signal over noise by layer of the "weights" or the "activations", the least of a layer's tensors.

    Raises
    ------
    UsageError
        The table has no tensors of that role, or none with noise.
    """
    rows = [row for row in table.rows if row.role == role]
    if not rows:
        raise UsageError(f"the table has no {role} to draw; activations need calibration data.")
    layers = tuple(dict.fromkeys(row.layer for row in rows))
    least: dict[tuple[str, str], float] = {}
    for row in rows:
        if math.isfinite(row.sqnr_db):
            key = row.asked, row.layer
            least[key] = min(row.sqnr_db, least.get(key, math.inf))
    if not least:
        raise UsageError("no tensor has quantization noise in these formats; there is nothing to draw.")
    asked = tuple(dict.fromkeys(row.asked for row in rows))
    series = {name: tuple(least.get((name, layer), math.nan) for layer in layers) for name in asked}
    name, layer = min(least, key=lambda key: least[key])
    grids = dict.fromkeys(f"{row.asked}: {row.format}, {row.grid}, {row.clip}" for row in rows)
    empty = sum(math.isnan(value) for values in series.values() for value in values)
    note = "; ".join(list(grids)[:5]) + "." + (f" {empty} exact or without a result are not drawn." if empty else "")
    return ErrorLines(_title(table, role, asked, name, layer, least), layers, series, (name, layers.index(layer)), note)


def _title(
    table: ErrorTable, role: str, asked: tuple[str, ...], name: str, layer: str, least: Mapping[tuple[str, str], float]
) -> str:
    whole = {one: table.sqnr_db(one, role) for one in asked}
    parts = [f"{one} {value:.1f} dB" for one, value in whole.items() if math.isfinite(value)]
    held = f"signal over noise of all {role}: {', '.join(parts[:4])}" if parts else f"noise of {role}"
    return f"{table.model}: {held}\nMost is lost at {layer} in {name}: {least[name, layer]:.1f} dB."
