"""What does a reader see of a sweep? The best points, what every axis does, and what failed and why."""

from __future__ import annotations

from collections import Counter

from accelsim.explore.sweep import summary
from accelsim.explore.sweep.result import SweepResult
from accelsim.layout import table
from accelsim.report.page import Page, Text, headed, sentences

MOST_WARNINGS = 3


def sweep_page(result: SweepResult) -> Page:
    """Return the page of a sweep: heading, table, effects, counts, failures and warnings."""
    page = [*sentences([summary.heading(result)], "title", ""), Text("")]
    if (shown := summary.title(result)) is not None:
        page.append(Text(f"  {shown}"))
    page += headed(table(summary.header(result), summary.lines(result), summary.align(result)))
    effect = summary.effect_sentence(result)
    page += sentences([effect] if effect else [])
    page += sentences([summary.count_sentence(result)], "note")
    page += sentences(summary.failure_sentences(result), "warning")
    return page + list(sentences(warning_sentences(result), "warning"))


def warning_sentences(result: SweepResult) -> list[str]:
    """Return the commonest warnings, each with how many points it is about, and how many more there are."""
    counts = Counter(text for outcome in result.outcomes for text in outcome.warnings)
    found = [f"warning ({_points(count, len(result))}): {text}" for text, count in counts.most_common()]
    more = len(found) - MOST_WARNINGS
    return found if more <= 1 else [*found[:MOST_WARNINGS], f"warning: ... and {more} more; see the JSON."]


def _points(count: int, of: int) -> str:
    return "all points" if count == of else f"{count:,} of {of:,} points"
