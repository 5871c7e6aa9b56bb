"""What does a notebook show of a comparison? A table against the reference, and what cannot run."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison


def to_html(comparison: Comparison) -> str:
    """Return a comparison as HTML: the same cells as its text, names escaped."""
    heading, header, rows = comparison.shown
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    return (
        f"<div><b>{html.escape(heading)}</b>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )  # fmt: skip


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
