"""How does a metric change over two parameters of a sweep? A grid of cells, the best marked, failed ones too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from accelsim.errors import UsageError
from accelsim.explore.metrics import Metric, column, metric, unit_of
from accelsim.explore.points import Points, points_of, unknown
from accelsim.explore.queries import shown
from accelsim.explore.words import joined
from accelsim.report.facts.common import scaled
from accelsim.units import ratio

LOG_FROM = 10.0
"""Ratio of the largest to the smallest cell from which colors are logarithmic."""


@dataclass(frozen=True)
class Heat:
    """A metric over two parameters.

    Parameters
    ----------
    title : str
        The finding.
    x, y : str
        Parameters.
    xs, ys : tuple of str
        Their values, numbers in order, texts as they came.
    metric : Metric
    unit : str
        Of the cells.
    cells : tuple of tuple of float
        One row per ``ys``; NaN where no point has a value.
    failed : tuple of (row, column)
        Cells in which every point failed; those without any point are in neither.
    best : (row, column)
    log : bool
        Whether colors are logarithmic.
    several : int
        The most points of one cell; each cell is the best of its points.
    note : str
    """

    title: str
    x: str
    y: str
    xs: tuple[str, ...]
    ys: tuple[str, ...]
    metric: Metric
    unit: str
    cells: tuple[tuple[float, ...], ...]
    failed: tuple[tuple[int, int], ...]
    best: tuple[int, int]
    log: bool
    several: int = 1
    note: str = ""


def heat_map(points: Any, x: str | None = None, y: str | None = None, of: str | Metric = "energy_pj") -> Heat:
    """Return a metric over two parameters; what further parameters vary, each cell takes the best of.

    Parameters
    ----------
    points : DataFrame, records, Comparison or SweepResult
    x, y : str, optional
        Columns; by default the first two that vary.
    of : str or Metric

    Raises
    ------
    UsageError
        Fewer than two parameters vary, or both are the same.
    InputError
        A column is unknown, or no point has a value.
    """
    table = points_of(points)
    chosen = metric(of, table.columns)
    names = _axes(table, x, y)
    values = table.numbers(chosen.name)
    ticks = [_ticks(table, name) for name in names]
    sign = 1.0 if chosen.better == "min" else -1.0
    cells: dict[tuple[int, int], float] = {}
    counts: dict[tuple[int, int], int] = {}
    for row, value in zip(table.rows, values.tolist(), strict=True):
        if any(unknown(row.get(name)) for name in names):
            continue
        across, up = (ticks[side].index(row[name]) for side, name in enumerate(names))
        place = up, across
        counts[place] = counts.get(place, 0) + 1
        before = cells.get(place, nan)
        if isnan(before) or (not isnan(value) and sign * value < sign * before):
            cells[place] = value
    known = {place: value for place, value in cells.items() if not isnan(value)}
    if not known:
        raise UsageError(f"no point has a known {chosen.name}; there is nothing to draw.")
    best = min(known, key=lambda place: sign * known[place])
    unit, factor = scaled(max(map(abs, known.values())), chosen.unit) if chosen.unit else ("", 1.0)
    grid = tuple(
        tuple(cells.get((up, across), nan) * factor for across in range(len(ticks[0]))) for up in range(len(ticks[1]))
    )
    least, most = min(known.values()), max(known.values())
    further = [name for name in table.varying if name not in (*names, "name")]
    return Heat(
        _title(table.subject, chosen, names, ticks, best, known), names[0], names[1], _texts(names[0], ticks[0]),
        _texts(names[1], ticks[1]), chosen, unit, grid,
        tuple(sorted(place for place, value in cells.items() if isnan(value))), best,
        least > 0 and most / least >= LOG_FROM, max(counts.values()), _note(cells, counts, further),
    )  # fmt: skip


def _axes(table: Points, x: str | None, y: str | None) -> tuple[str, str]:
    given = [None if name is None else column(name, table.columns) for name in (x, y)]
    free = [name for name in table.varying if name not in given and name != "name"]
    names = [name if name is not None else (free.pop(0) if free else None) for name in given]
    if names[0] is None or names[1] is None:
        raise UsageError(
            f"a heat map needs two parameters that vary; the points vary {', '.join(table.varying) or 'none'}."
        )
    if names[0] == names[1]:
        raise UsageError(f"a heat map needs two different parameters; got {names[0]} twice.")
    return names[0], names[1]


def _ticks(table: Points, name: str) -> list[Any]:
    """The values of a parameter: numbers in order, capacities by size, other texts as they came."""
    values = list(dict.fromkeys(row[name] for row in table.rows if not unknown(row.get(name))))
    sizes = {value: size for value in values if (size := _size(value)) is not None}
    return sorted(values, key=lambda value: sizes[value]) if len(sizes) == len(values) else values


def _size(value: Any) -> float | None:
    from accelsim.units import parse_amount

    if isinstance(value, str):
        for unit in ("B", "s", "W", "Hz"):
            try:
                return parse_amount(value, unit)
            except ValueError:
                continue
        return None
    return float(value) if isinstance(value, int | float) or hasattr(value, "__float__") else None


def _texts(name: str, values: Sequence[Any]) -> tuple[str, ...]:
    unit = unit_of(name)
    return tuple(
        value if isinstance(value, str) else shown(float(value), name) if unit else f"{float(value):g}"
        for value in values
    )


def _title(
    subject: str,
    chosen: Metric,
    names: Sequence[str],
    ticks: Sequence[Sequence[Any]],
    best: tuple[int, int],
    known: dict[Any, float],
) -> str:
    superlative = "least" if chosen.better == "min" else "most"
    head = f"{subject}{superlative}" if subject else superlative.capitalize()
    least, most = min(known.values()), max(known.values())
    x, y = (_texts(name, [own[place]])[0] for name, own, place in zip(names, ticks, reversed(best), strict=True))
    spread = f"; {ratio(most / least)} between the best and the worst" if least > 0 else ""
    return f"{head} {chosen.words}, {shown(known[best], chosen.name)}, at {names[0]} {x} and {names[1]} {y}{spread}"


def _note(cells: dict[Any, float], counts: dict[Any, int], further: Sequence[str]) -> str:
    failed = sum(isnan(value) for value in cells.values())
    texts = [f"{sum(counts.values())} points."]
    if max(counts.values()) > 1:
        over = f", over {joined(further)}" if further else ""
        texts.append(f"Each cell is the best of up to {max(counts.values())} points{over}.")
    if failed:
        texts.append(f"{failed} cell{'s' if failed > 1 else ''} failed.")
    return " ".join(texts)
