"""What does the plot of published accuracy say? What was lost, protocol by protocol, over energy or stored bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.errors import UsageError
from accelsim.quantization.published_table import PERPLEXITY, PublishedAccuracy, PublishedTable
from accelsim.report.facts.common import scaled

MOST_PANELS = 9


@dataclass(frozen=True)
class PublishedPanel:
    """One model in one protocol.

    Parameters
    ----------
    heading : str
    y : str
        What is lost, and its unit.
    points : tuple of (name, x, lost)
    baseline : float or None
        Place of the unquantized model on the x axis; it loses nothing.
    """

    heading: str
    y: str
    points: tuple[tuple[str, float, float], ...]
    baseline: float | None


@dataclass(frozen=True)
class PublishedFacts:
    """Published accuracy, one panel per model and protocol.

    Parameters
    ----------
    title, note, x : str
    panels : tuple of PublishedPanel
    """

    title: str
    note: str
    x: str
    panels: tuple[PublishedPanel, ...]


def published_panels(table: PublishedTable) -> PublishedFacts:
    """Return published accuracy as it is drawn: lost over simulated energy (or time), without a chip over bits.

    Raises
    ------
    UsageError
        No value has a baseline and a place on the axis.
    """
    over = next((name for name in ("energy_pj", "latency_s") if _known(table, name)), "")
    unit, factor = scaled(max(_known(table, over)), "pJ" if over == "energy_pj" else "s") if over else ("", 1.0)
    panels = []
    for (model, protocol), rows in table.by_protocol.items():
        placed = [(row, place) for row in rows if (place := _place(row, over)) is not None and row.lost is not None]
        if not placed:
            continue
        names = _names([row for row, _ in placed])
        points = [(name, x * factor, row.lost or 0.0) for name, (row, x) in zip(names, placed, strict=True)]
        base: float | None = getattr(rows[0].reference, over) if over else None
        what = "perplexity added" if rows[0].metric == PERPLEXITY else "points lost"
        heading = f"{model}: {protocol}"
        panels.append(PublishedPanel(heading, what, tuple(points), None if base is None else base * factor))
    if not panels:
        raise UsageError("no published value has a baseline and simulated formats; there is nothing to draw.")
    words = {"energy_pj": "energy", "latency_s": "time"}
    where = f"simulated {words[over]} on {table.chip} ({unit})" if over else "bits of a weight"
    left = f" {len(panels) - MOST_PANELS} more are not drawn." if len(panels) > MOST_PANELS else ""
    return PublishedFacts(_title(table), " ".join(table.notes) + left, where, tuple(panels[:MOST_PANELS]))


def _known(table: PublishedTable, name: str) -> list[float]:
    found = (getattr(one, name) for row in table.rows for one in (row.cost, row.reference))
    return [value for value in found if value is not None]


def _names(rows: Sequence[PublishedAccuracy]) -> list[str]:
    """What tells the values of a panel apart: the formats, and of method and granularity what varies."""
    methods = [" ".join(row.method.split(" (")[0].split()[:2]) for row in rows]
    spans = [row.granularity for row in rows]
    return [
        " ".join([
            row.scheme or f"{row.weight_bits} bits",
            *([method] if len(set(methods)) > 1 else []),
            *([span] if len(set(spans)) > 1 and not row.scheme.count("g") and span else []),
        ])
        for row, method, span in zip(rows, methods, spans, strict=True)
    ]  # fmt: skip


def _place(row: PublishedAccuracy, over: str) -> float | None:
    if over:
        return getattr(row.cost, over)  # type: ignore[no-any-return]
    try:
        return float(row.weight_bits)
    except ValueError:
        return None


def _title(table: PublishedTable) -> str:
    """The least energy at which a published value loses less than a point; else what is shown."""
    close: Sequence[PublishedAccuracy] = [
        row for row in table.rows
        if row.metric != PERPLEXITY and row.lost is not None and row.lost < 1 and row.energy_ratio is not None
    ]  # fmt: skip
    models = list(dict.fromkeys(row.model for row in table.rows))
    if not close or len(models) > 1:
        return f"Published accuracy lost by bits: {', '.join(models[:3])}{'...' if len(models) > 3 else ''}"
    best = min(close, key=lambda row: row.energy_ratio or 1.0)
    whose = " ".join(best.method.split()[:2])
    return (
        f"{best.model} in {best.scheme} lost {best.lost:.2g} points ({whose}) at {best.energy_ratio:.0%} of the "
        f"energy of {best.unquantized}"
    )
