"""How does the report read as Markdown? The same facts as tables and formulas, for a repository or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from accelsim.explore.compare import Comparison
from accelsim.report.review.assumptions import by_topic
from accelsim.report.review.facts import NOT_ESTIMATED, Review
from accelsim.report.review.ranges import tornado_table, tornado_title
from accelsim.report.review.tables import Cell, Table
from accelsim.simulation.explain import LAYER_ALIGN, LAYER_HEADER, explain, layer_rows
from accelsim.simulation.result import Result

EXPLAINED = 3
"""Layers of each result whose formula is printed: the costliest."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$&!])")


def markdown_page(comparison: Comparison, facts: Review) -> str:
    """Return the report as Markdown: GitHub's, with tables; every name and text escaped."""
    lines = [f"# {_text(facts.title)}", "", _text(facts.setting), "", *_verdict(facts)]
    lines += ["## Comparison", "", *_table(facts.comparison)]
    lines += _table(facts.refusals) if facts.refusals else []
    lines += ["## Energy", "", *_table(facts.parts)] if facts.parts else []
    lines += ["## Time", "", *_table(facts.causes)]
    lines += ["## Layers", "", *_layers(comparison)]
    lines += _uncertainty(facts)
    lines += ["## Assumptions", "", *_assumptions(facts)]
    lines += _sources(facts)
    lines += ["## Warnings", "", *_list(facts.warnings)] if facts.warnings else []
    lines += ["## Reproduce", "", *_reproduce(facts)]
    return "\n".join(lines).rstrip().encode("utf-8", "backslashreplace").decode() + "\n"


def _verdict(facts: Review) -> Iterator[str]:
    yield from (f"**Question.** {_text(facts.question)}", "", f"**{_text(facts.answer)}**", "")
    if facts.cards:
        yield from ("| | | | |", "|---|---:|---|---|")
        for card in facts.cards:
            yield f"| {card.label} | {_text(card.amount)} | {_text(card.name)} | {_text(card.against)} |"
        yield ""
    yield from _list(facts.reasons)
    yield from (NOT_ESTIMATED, "")


def _layers(comparison: Comparison) -> Iterator[str]:
    """Yield every layer of every result, and the formulas of the costliest ones."""
    for name, result in zip(comparison.names, comparison.results, strict=True):
        yield from (f"### {_text(name)}", "", *_layer_table(result))
        for one in result.costliest(EXPLAINED):
            yield from _fenced(explain(result, one))


def _layer_table(result: Result) -> Iterator[str]:
    header = ["layer", "kind", "", "MACs", "energy", "of all", "time", "of all", "bound by", "mapping"]
    assert len(header) == len(LAYER_HEADER)
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join('---:' if side == 'r' else '---' for side in LAYER_ALIGN)}|"
    for row, one in zip(layer_rows(result, result.layers), result.layers, strict=True):
        yield f"| {' | '.join(_text(cell) for cell in (one.layer.name, *row[1:]))} |"
    yield ""


def _uncertainty(facts: Review) -> Iterator[str]:
    if facts.ranges is None:
        return
    yield from ("## Uncertainty", "", *_table(facts.ranges))
    if facts.tornado is not None and facts.tornado.swings:
        yield from (_text(tornado_title(facts.tornado)), "", *_table(tornado_table(facts.tornado)))


def _assumptions(facts: Review) -> Iterator[str]:
    for topic, ones in by_topic(facts.assumptions).items():
        yield from (f"### {_text(topic)}", "")
        yield from _list([f"{one.claim} {one.consequence}" for one in ones])


def _sources(facts: Review) -> Iterator[str]:
    if facts.costs is None:
        return
    yield from ("## Costs and sources", "", *_table(facts.costs))
    if facts.laws:
        yield from ("How the derived, assumed and unconfirmed ones came about:", "", *_list(facts.laws))
    yield from ("Works:", "", *_list(facts.sources))


def _reproduce(facts: Review) -> Iterator[str]:
    recipe = facts.recipe
    if recipe.command:
        yield from _fenced(recipe.command)
    yield from (f"Made by {_text(recipe.version)}.", "", *_table(recipe.contents))
    if recipe.overrides is not None:
        yield from _table(recipe.overrides)


# ---------------------------------------------------------------------- pieces


def _table(table: Table) -> Iterator[str]:
    yield from (_text(table.caption), "")
    yield f"| {' | '.join(_text(column.label) for column in table.columns)} |"
    yield f"|{'|'.join('---:' if column.align == 'right' else '---' for column in table.columns)}|"
    for row in table.rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    yield ""


def _cell(cell: Cell) -> str:
    return _text(f"{cell.text} ({cell.note})" if cell.note else cell.text)


def _list(texts: Sequence[str]) -> Iterator[str]:
    yield from (f"- {_text(text)}" for text in texts)
    yield ""


def _fenced(text: str) -> Iterator[str]:
    """Yield a code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", *text.splitlines(), fence, "")


def _text(text: str) -> str:
    """Return a text in one line in which no character means anything to Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
