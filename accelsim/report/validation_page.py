"""What does the documentation say of how true accelsim is? A page in Markdown, made from a validation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from accelsim.files import check_place, check_suffix, write_whole
from accelsim.report.validation_text import overall_words
from accelsim.report.validation_words import (
    error_words,
    fitted_words,
    number,
    summary_cells,
    summary_words,
    verdict_words,
)
from accelsim.validation.comparison import Comparison
from accelsim.validation.statistics import by_group
from accelsim.validation.validate import Validation

PICTURE = "images/validation.svg"
MOST_ROWS = 20
"""Rows of a comparison above which its table is folded up."""

HEAD = """# Validation

How far are predictions from what was measured and published? `accelsim validate` runs every comparison below and \
`accelsim validate --write docs/validation.md` makes this page. A bound was written down before its comparison was \
first run, and stays where it is when it is missed. A quantity that was fitted is labeled so, with the rows it was \
fitted to, and judged on other rows only.

*Judged* rows are those that bounds apply to; *fitted* ones gave a parameter its value; *shown* ones are explained, \
and no bound applies. The mean absolute error (MAPE) and the bias are of predicted / measured - 1, over judged rows; \
the rank correlation is Spearman's. Over all comparisons each of the three is the mean of the comparisons' own, errors \
without those of comparisons in points.
"""

TAIL = """## Adding a comparison

1. Write its bounds into `accelsim/validation/data/bounds.yaml`, before anything is run; an empty list where rows are \
only shown.
2. Copy the measurements as a CSV file, with their source, into `accelsim/validation/data/`.
3. Write a study into `accelsim/validation/studies/`: a module whose `comparisons()` calls accelsim's public functions \
on a shipped profile and workload. A comparison's name begins with its study's.
4. `accelsim validate STUDY` shows the outcome. A bound that is missed stays, with `missed:` and the reason; a test \
holds that bounds are met unless they say so, and that those that say so are missed.
5. `python docs/refresh.py` makes this page again."""


def save_page(found: Validation, path: str | Path) -> tuple[Path, ...]:
    """Write a validation as a page, and its picture into the folder ``images`` beside it.

    Raises
    ------
    UsageError
        The file does not end in .md.
    InputError
        It cannot be written.
    """
    place = check_place(check_suffix(path, (".md",), "--write"))
    figure = found.plot()
    text = "\n".join(page_lines(found)) + "\n"
    picture = place.parent / PICTURE
    picture.parent.mkdir(exist_ok=True)
    figure.save(picture)

    def write(unfinished: Path) -> None:
        unfinished.write_text(text, encoding="utf-8")

    write_whole(place, write)
    return place, picture


def page_lines(found: Validation) -> Iterator[str]:
    """Yield the lines of the page."""
    yield HEAD
    yield f"![Predicted against measured, and their ratio by comparison]({PICTURE})\n"
    yield "## In summary\n"
    yield "| comparison | rows | MAPE | bias | rank | bounds met |"
    yield "|---|---|---|---|---|---|"
    for one in found.comparisons:
        said = found.verdicts[one.name]
        met = f"{sum(verdict.met for verdict in said)} of {len(said)}" if said else "-"
        yield f"| [{one.name}](#{one.name}) | {' | '.join(summary_cells(found.summaries[one.name]))} | {met} |"
    yield f"\nAll: {overall_words(found)}\n"
    for one in found.comparisons:
        yield from _section(found, one)
    yield TAIL


def _section(found: Validation, one: Comparison) -> Iterator[str]:
    yield f"## {one.name}\n"
    yield f"{one.title}. {one.quantity[:1].upper()}{one.quantity[1:]}, in {one.unit}; {one.kind}.\n"
    yield from _folded(one)
    yield from _groups(one)
    for said in found.verdicts[one.name]:
        why = f" {said.bound.missed}" if said.bound.missed and not said.met else ""
        yield f"- Bound: {verdict_words(said).replace('MISSED', '**missed**')}.{why}"
    for fit in one.fitted:
        yield f"- Fitted: {fitted_words(fit)}."
    yield f"- Outcome: {summary_words(found.summaries[one.name])}."
    for text in one.cannot:
        yield f"- Not captured: {text}"
    for source in one.sources:
        yield f"- Source: {source}."
    yield ""
    if one.remark:
        yield f"{one.remark}\n"


def _folded(one: Comparison) -> Iterator[str]:
    """The rows, folded up where there are many."""
    long = len(one.rows) > MOST_ROWS
    if long:
        yield f"<details><summary>{len(one.rows)} rows</summary>\n"
    yield from _table(one)
    yield ""
    if long:
        yield "</details>\n"


def _groups(one: Comparison) -> Iterator[str]:
    groups = by_group(one)
    if groups:
        yield "| by group | rows | MAPE | bias | rank |"
        yield "|---|---|---|---|---|"
        yield from (f"| {name or '(no group)'} | {' | '.join(summary_cells(own))} |" for name, own in groups.items())
        yield ""


def _table(one: Comparison) -> Iterator[str]:
    grouped, noted = any(row.group for row in one.rows), any(row.note for row in one.rows)
    roles = any(row.role != "judged" for row in one.rows)
    header = ["group"] * grouped + ["row", "predicted", "measured", "error"] + ["role"] * roles + ["note"] * noted
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in one.rows:
        cells = [row.group] * grouped + [row.label, number(row.predicted), number(row.measured), error_words(row, one)]
        yield f"| {' | '.join([*cells, *([row.role] * roles), *([row.note] * noted)])} |"
