"""How is a comparison saved as a design-review report? ``save_report``, ``comparison.report``."""

from __future__ import annotations

from pathlib import Path

from accelsim.explore.compare import Comparison
from accelsim.files import check_place, check_suffix, write_whole

SUFFIXES = (".html", ".md")


def save_report(
    comparison: Comparison, path: str | Path, *, question: str | None = None, command: str | None = None
) -> Path:
    """Write the design-review report of a comparison, whole or not at all.

    Parameters
    ----------
    comparison : Comparison
    path : str or Path
        Ends in ".html" (one self-contained file) or ".md" (tables and formulas).
    question : str, optional
        What the review is to decide; by default which scheme or chip is best.
    command : str, optional
        The command that makes the report again, to be printed in it.

    Returns
    -------
    Path
        Where it stands.

    Raises
    ------
    UsageError
        The suffix is neither.
    InputError
        The file cannot be written.
    """
    place = check_place(check_suffix(path, SUFFIXES, "a report"))
    from accelsim.report.review.facts import review

    facts = review(comparison, question, command)
    if place.suffix.lower() == ".md":
        from accelsim.report.review.markdown import markdown_page

        text = markdown_page(comparison, facts)
    else:
        from accelsim.report.review.page import html_page

        text = html_page(comparison, facts)
    return write_whole(place, lambda unfinished: _write(unfinished, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


class ComparisonReport:
    """The report of one comparison: ``comparison.report("review.html")``."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __call__(self, path: str | Path, *, question: str | None = None, command: str | None = None) -> Path:
        """Write the report; see `save_report`."""
        return save_report(self._comparison, path, question=question, command=command)
