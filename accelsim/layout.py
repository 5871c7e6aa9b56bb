"""How is plain text laid out? Aligned columns and wrapped sentences, at most 110 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 110
GAP = "  "


def table(header: Sequence[str], rows: Sequence[Sequence[str]], align: str = "", indent: str = "  ") -> list[str]:
    """Return a table as lines, the header first, its columns aligned.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str
        As many cells each as the header.
    align : str
        One of "l" and "r" for every column; by default the first is left, the others right.
    indent : str
        What every line begins with.
    """
    sides = align or "l" + "r" * (len(header) - 1)
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        shown = (
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(cells, widths, sides, strict=True)
        )  # fmt: skip
        return (indent + GAP.join(shown)).rstrip()

    return [line(header), *(line(row) for row in rows)]


def paragraph(text: str, indent: str = "  ", hanging: str = "  ") -> list[str]:
    """Return a sentence as lines no wider than the page; the second and further ones indented by ``hanging`` more."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + hanging, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def percent(part: float, whole: float) -> str:
    """Return a share such as "34%"; a share that is small but not zero is "<1%"."""
    if not whole:
        return "-"
    share = 100 * part / whole
    return "<1%" if 0 < share < 0.5 else f"{share:.0f}%"
