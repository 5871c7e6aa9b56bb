"""What does a reader see of a calibration? The fitted numbers, and every row before and after."""

from __future__ import annotations

import math
from collections.abc import Iterator

from accelsim.explore.calibration.calibration import Calibration, Outcome, Parameter
from accelsim.layout import table
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.units import engineering

_SHOWN_LINES = 6


def calibration_page(calibration: Calibration) -> Page:
    """Return the numbers with standard errors, the rows with errors, and what to make of them."""
    return list(_lines(calibration))


def _lines(found: Calibration) -> Iterator[Text]:
    rows = f"{len(found.outcomes)} measured values"
    yield Text(f"{found.base.name} fitted to {rows} of {found.measurements.name}", "title")
    yield Text("")
    header = ["fitted", "was", "now", "standard error", "told by lines"]
    yield from headed(table(header, [_parameter(one) for one in found.parameters], "lrrrl"))
    header = ["line", "measured", "", "before", "", "fitted", "", "left out", ""]
    yield from headed(table(header, [_outcome(one) for one in found.outcomes], "llrrrrrrr"))
    yield from sentences([_sentence(found, quantity) for quantity in found.summary])
    yield from sentences(found.notes, "warning")
    yield from sentences(
        ["left out: the row is predicted by the fit to all other rows; that is what to expect of rows not measured."],
        "note",
    )


def _parameter(one: Parameter) -> list[str]:
    lines = ", ".join(str(line) for line in one.informed_by[:_SHOWN_LINES])
    more = " ..." if len(one.informed_by) > _SHOWN_LINES else ""
    before = "-" if one.before is None else f"{one.before:.4g}"
    error = "at its bound" if one.at_bound else "-" if math.isnan(one.standard_error) else f"{one.standard_error:.2g}"
    return [one.path, before, f"{one.value:.4g} {one.unit}".rstrip(), error, lines + more]


def _outcome(one: Outcome) -> list[str]:
    before = ["unknown", ""] if one.before is None else _predicted(one.before, one)
    return [
        f"{one.line}", one.name, engineering(one.measured, one.unit), *before, *_predicted(one.predicted, one),
        *_predicted(one.leave_one_out, one),
    ]  # fmt: skip


def _predicted(value: float, one: Outcome) -> list[str]:
    if math.isnan(value):
        return ["-", ""]
    return [engineering(value, one.unit), f"{100 * (value / one.measured - 1):+.1f}%"]


def _sentence(found: Calibration, quantity: str) -> str:
    own = found.summary[quantity]
    text = f"{quantity}: {_share(own['before'])} off on average before, {_share(own['fitted'])} fitted"
    if math.isnan(own["leave_one_out"]):
        return f"{text}; rows are too few to leave one out."
    return f"{text}, {_share(own['leave_one_out'])} with each row left out."


def _share(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{100 * value:.1f}%"
