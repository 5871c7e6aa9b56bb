"""What is a table of the report before it is HTML or Markdown? Columns and cells that know how they sort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "right"]


@dataclass(frozen=True)
class Column:
    """One column: its heading, to which side its cells lean, and what the heading means, if that needs saying."""

    label: str
    align: Align = "left"
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Parameters
    ----------
    text : str
        What a reader sees.
    value : float or None
        What the column is sorted by; None sorts by the text, and after all numbers.
    note : str
        A smaller second line.
    """

    text: str
    value: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table with the sentence that says what it shows; the first cell of a row is its name."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def plain_table(caption: str, labels: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of texts, all columns to the left."""
    return Table(
        caption, tuple(Column(label) for label in labels), tuple(tuple(Cell(text) for text in row) for row in rows)
    )
