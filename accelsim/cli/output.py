"""How do answers reach the reader? Pages with color on a terminal, data alone on stdout, messages on stderr."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from accelsim.report.page import Page

STYLES: Mapping[str, Mapping[str, Any]] = {
    "title": {"bold": True}, "head": {"bold": True}, "note": {"dim": True}, "warning": {"fg": "yellow"}, "plain": {},
}  # fmt: skip


def colored() -> bool:
    """Return whether to color: only on a terminal, and not where NO_COLOR says otherwise."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(page: Page) -> None:
    """Print a page."""
    color = colored()
    lines = [click.style(line.text, **STYLES[line.tone]) if color and line.text else line.text for line in page]
    echo("\n".join(lines), color)


def echo(text: str, color: bool = False) -> None:
    """Print text to stdout; characters that it cannot encode are escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), color=color)


def note(message: str) -> None:
    """Print a message to stderr."""
    click.echo(message, err=True)


def show_json(data: object) -> None:
    """Print data as JSON; a number that JSON has no word for is a defect and raises ValueError."""
    echo(json.dumps(data, indent=2, allow_nan=False))


def show_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as CSV with a header; unknown values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    echo(text.getvalue().rstrip("\n"))
