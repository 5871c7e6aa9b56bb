"""What does a reader see of a sweep first? The best points, what each axis does, and what failed and why."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING, Any

from accelsim.explore.metrics import unit_of
from accelsim.explore.sweep.effects import effects
from accelsim.layout import paragraph, table
from accelsim.units import engineering, ratio

if TYPE_CHECKING:
    from accelsim.explore.sweep.result import SweepResult

BY = {"energy": "energy_pj", "latency": "latency_s", "edp": "edp_pj_s"}
"""The metric of every objective."""

_WORDS = {"energy_pj": "energy", "latency_s": "time", "edp_pj_s": "energy-delay product"}
SHOWN = 8
"""Points of a long sweep that are shown, the best; a sweep of at most this many is shown whole, in order."""
MOST_AXES = 5
WIDEST = 30
"""Characters of a cell; of a longer one, such as a path, the end is shown."""
MOST_REASONS = 4


def ranked_by(result: SweepResult) -> str:
    """Return the metric that the sweep is about: its objective's; time where no energy is known."""
    names = {str(point.job.objective) for point in result.points if point.job is not None}
    metric = BY[names.pop()] if len(names) == 1 else "energy_pj"
    known = any(outcome.metrics.get(metric) is not None for outcome in result.outcomes)
    return metric if known else "latency_s"


def ranking(result: SweepResult, metric: str) -> list[int]:
    """Return the numbers of the points that have the metric, the least first."""
    values = {n: outcome.metrics.get(metric) for n, outcome in enumerate(result.outcomes)}
    known = {n: value for n, value in values.items() if isinstance(value, int | float)}
    return sorted(known, key=lambda number: (known[number], number))


def header(result: SweepResult) -> list[str]:
    """Return the columns of `lines`."""
    return [*map(short, _axes(result)), "energy", "time", "power", "DRAM", "bound by", ""]


def align(result: SweepResult) -> str:
    """Return the sides of the columns of `lines`."""
    return "l" * len(_axes(result)) + "rrrrll"


def lines(result: SweepResult) -> list[list[str]]:
    """Return rows of text: all points of a short sweep in order, the best of a long one."""
    metric = ranked_by(result)
    order = ranking(result, metric)
    if len(result) > SHOWN:
        return [_line(result, number, metric, order) for number in order[:SHOWN]]
    return [_line(result, number, metric, order) for number in range(len(result))]


def _axes(result: SweepResult) -> tuple[str, ...]:
    return result.axes[:MOST_AXES]


def _line(result: SweepResult, number: int, metric: str, order: list[int]) -> list[str]:
    values, outcome = dict(result.points[number].values), result.outcomes[number]
    head = [_cell(name, values[name]) for name in _axes(result)]
    if outcome.failure is not None:
        return [*head, "failed", "", "", "", "", ""]
    numbers: Any = outcome.metrics
    best = numbers[metric] is not None and number == order[0]
    behind = "" if numbers[metric] is None or not order else _behind(numbers[metric], result.outcomes[order[0]], metric)
    return [
        *head, engineering(numbers["energy_pj"], "pJ"), engineering(numbers["latency_s"], "s"),
        engineering(numbers["average_power_w"], "W"),
        engineering((numbers["dram_read_bits"] + numbers["dram_write_bits"]) / 8, "B"), str(numbers["bound_by"]),
        f"least {_WORDS[metric]}" if best else behind,
    ]  # fmt: skip


def _behind(value: float, best: Any, metric: str) -> str:
    least = best.metrics[metric]
    if not least:
        return ""
    if value >= 2 * least:
        return f"{ratio(value / least)} the least"
    return f"+{value / least - 1:.1%}" if value >= 1.0005 * least else "as little"


def short(name: str) -> str:
    """Return a path without the word that every path of its kind begins with: "SRAM.capacity"."""
    return name.removeprefix("levels.").removeprefix("array.")


def _cell(name: str, value: Any) -> str:
    unit = "B/s" if name.endswith("bytes_per_s") else unit_of(name)
    if unit in ("Hz", "s", "W", "pJ", "B/s") and isinstance(value, int | float):
        return engineering(value, unit)
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= WIDEST else f"...{text[3 - WIDEST :]}"


def heading(result: SweepResult) -> str:
    """Return what was asked: how many points, over which axes, of what."""
    fixed = result.fixed
    of = [str(fixed[name]) for name in ("workload", "scheme") if name in fixed]
    on = f" on {fixed['profile']}" if "profile" in fixed else ""
    axes = " x ".join(
        f"{len(axis)} {' with '.join(short(one.name) for one in axis.settings)}" for axis in result.sweep.axes
    )
    mapped = f", {fixed['mapping']} mapping" if isinstance(fixed.get("mapping"), str) else ""
    points = f"{len(result):,} point{'' if len(result) == 1 else 's'}"
    return f"{' in '.join(of) or 'Sweep'}{on}: {points}{f' ({axes})' if axes else ''}{mapped}"


def count_sentence(result: SweepResult) -> str:
    """Return how many points were computed, came from the store, and failed."""
    parts = [f"{result.computed:,} computed in {result.seconds_s:.1f} s" if result.computed else "none computed"]
    if result.stored:
        parts.append(f"{result.stored:,} from the store")
    if result.failures:
        parts.append(f"{len(result.failures):,} failed")
    return f"{len(result):,} points: {', '.join(parts)}."


def failure_sentences(result: SweepResult) -> list[str]:
    """Return the commonest reasons of failures, each with how many points it took."""
    reasons = Counter(outcome.failure.reason for _, outcome in result.failures if outcome.failure)
    first = {o.failure.reason: point.label for point, o in reversed(result.failures) if o.failure}
    found = []
    for reason, count in reasons.most_common(MOST_REASONS):
        more = f" and {count - 1:,} more" if count > 1 else ""
        told, colon, rest = reason.partition(": ")
        found.append(
            f"failed: {first[reason] or 'the point'}{more}: {rest if colon and told in first[reason] else reason}"
        )
    if len(reasons) > MOST_REASONS:
        found.append(f"... and {len(reasons) - MOST_REASONS:,} other reasons; see the column reason.")
    return found


def effect_sentence(result: SweepResult) -> str | None:
    """Return how much the metric changes along each axis, everything else equal; None for a single axis."""
    if len(result.sweep.axes) < 2:
        return None
    metric = ranked_by(result)
    parts = [
        f"{' with '.join(map(short, one.axis.split(' with ')))} {ratio(one.mean)}"
        + (f" (at most {ratio(one.most)})" if one.most > one.mean * 1.01 else "")
        for one in effects(result, metric)
    ]
    return (
        f"Largest over smallest {_WORDS[metric]} along each axis, all else equal: {', '.join(parts)}."
        if parts
        else None
    )


def title(result: SweepResult) -> str | None:
    """Return what the table shows; None for all points."""
    if len(result) <= SHOWN:
        return None
    return f"The {min(SHOWN, len(ranking(result, ranked_by(result))))} of least {_WORDS[ranked_by(result)]}:"


def text(result: SweepResult) -> str:
    """Return the summary as text."""
    shown = lines(result)
    parts = [heading(result), *([f"  {title(result)}"] if title(result) else [])]
    parts += table(header(result), shown, align(result)) if shown else []
    notes = [*filter(None, [effect_sentence(result)]), count_sentence(result), *failure_sentences(result)]
    return "\n".join([*parts, *(line for note in notes for line in paragraph(note))])


def to_html(result: SweepResult) -> str:
    """Return the summary as HTML for a notebook."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header(result))
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in lines(result))
    notes = [*filter(None, [effect_sentence(result)]), count_sentence(result), *failure_sentences(result)]
    below = "".join(f"<div>{html.escape(note)}</div>" for note in notes)
    return (
        f"<div><b>{html.escape(heading(result))}</b><div>{html.escape(title(result) or '')}</div>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
    )
