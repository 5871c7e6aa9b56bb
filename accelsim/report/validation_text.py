"""What does a reader see of a validation? Per comparison rows, bounds, what was fitted and what is not captured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accelsim.layout import table
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.validation_words import (
    bound_words,
    error_words,
    fitted_words,
    number,
    summary_cells,
    summary_words,
    verdict_words,
)
from accelsim.validation import bounds
from accelsim.validation.comparison import Comparison
from accelsim.validation.statistics import by_group
from accelsim.validation.validate import Validation, study_names

NOTE_WIDTH = 46
"""Characters of a row's note in a table; a longer one stands below it."""


def validation_text(found: Validation) -> Page:
    """Return a validation as a page: every comparison, then the summary."""
    page: Page = []
    for one in found.comparisons:
        page += _comparison(found, one)
    page += [Text("summary", "title"), *headed(summary_table(found)), *sentences([_overall(found)], indent="")]
    return page


def _comparison(found: Validation, one: Comparison) -> Iterator[Text]:
    yield Text(f"{one.name}: {one.title}", "title")
    yield from sentences([f"{one.quantity} in {one.unit}; {one.kind}. {'; '.join(one.sources)}"], "note", indent="")
    yield Text("")
    yield from headed(rows_table(one))
    yield from headed(group_table(one))
    longer = [f"{row.label}: {row.note}" for row in one.rows if len(row.note) > NOTE_WIDTH]
    yield from sentences(dict.fromkeys(longer), "note")  # type: ignore[arg-type]
    for said in found.verdicts[one.name]:
        yield from sentences([f"bound: {verdict_words(said)}"], "plain" if said.met else "warning")
        if said.bound.missed and not said.met:
            yield from sentences([f"why: {said.bound.missed}"], "note", indent="    ")
    yield from sentences([f"fitted: {fitted_words(fit)}." for fit in one.fitted])
    yield from sentences([f"outcome: {summary_words(found.summaries[one.name])}."])
    yield from sentences([one.remark] if one.remark else [])
    yield from sentences([f"not captured: {text}" for text in one.cannot], "note")
    yield Text("")


def rows_table(one: Comparison) -> list[str]:
    """Return the rows of a comparison; columns that say nothing are left out."""
    grouped, noted = any(row.group for row in one.rows), any(0 < len(row.note) <= NOTE_WIDTH for row in one.rows)
    roles = any(row.role != "judged" for row in one.rows)
    header = ["group"] * grouped + ["row", "predicted", "measured", "error"] + ["role"] * roles + ["note"] * noted
    body = [
        [row.group] * grouped
        + [row.label, number(row.predicted), number(row.measured), error_words(row, one)]
        + [row.role] * roles
        + [row.note if len(row.note) <= NOTE_WIDTH else ""] * noted
        for row in one.rows
    ]
    return table(header, body, "l" * grouped + "lrrr" + "l" * roles + "l" * noted)


def summary_table(found: Validation) -> list[str]:
    """Return one line a comparison: rows, mean error, bias, rank correlation, bounds met."""
    body = []
    for one in found.comparisons:
        said = found.verdicts[one.name]
        met = f"{sum(verdict.met for verdict in said)} of {len(said)}" if said else "-"
        body.append([one.name, *summary_cells(found.summaries[one.name]), met])
    return table(["comparison", "rows", "MAPE", "bias", "rank", "bounds met"], body)


def group_table(one: Comparison) -> list[str]:
    """Return one line a group of a comparison; none where there are fewer than two."""
    groups = by_group(one)
    body = [[name or "(no group)", *summary_cells(own)] for name, own in groups.items()]
    return table(["by group", "rows", "MAPE", "bias", "rank"], body) if groups else []


def _overall(found: Validation) -> str:
    return f"All: {overall_words(found)}"


def overall_words(found: Validation) -> str:
    """Return what all comparisons say together, in two sentences."""
    said = [verdict for one in found.verdicts.values() for verdict in one]
    missed = [name for name, own in found.verdicts.items() if not all(verdict.met for verdict in own)]
    words = f"{summary_words(found.summaries[''])}; {sum(one.met for one in said)} of {len(said)} bounds are met."
    return words + (f" Missed: {', '.join(missed)}." if missed else "")


def list_records() -> list[dict[str, Any]]:
    """Return every comparison with its study and its bounds, without running any."""
    known = study_names()
    return [
        {"comparison": name, "study": _study(name, known), "bounds": [bound_words(one) for one in said]}
        for name, said in bounds.read_bounds(bounds.PATH).items()
    ]


def _study(name: str, known: tuple[str, ...]) -> str:
    """The study that a comparison's name begins with; "" where there is none."""
    return max((study for study in known if name.startswith(f"{study}-")), key=len, default="")


def list_table() -> Page:
    """Return `list_records` as a page."""
    body = [[one["comparison"], one["study"], "; ".join(one["bounds"]) or "none: shown only"] for one in list_records()]
    return list(headed(table(["comparison", "study", "bounds"], body, "lll")))[:-1]
