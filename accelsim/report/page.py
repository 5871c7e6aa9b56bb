"""What is a page of text made of? Lines, each in its tone; tables and sentences become such lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from accelsim.layout import paragraph

Tone = Literal["title", "head", "plain", "note", "warning"]


@dataclass(frozen=True)
class Text:
    """One line of a page, and how it is to be shown."""

    text: str
    tone: Tone = "plain"


Page = list[Text]


def plain(page: Page) -> str:
    """Return a page as text without any color."""
    return "\n".join(line.text for line in page)


def headed(lines: Sequence[str]) -> Iterator[Text]:
    """Yield a table, its header marked, and a blank line after it."""
    if lines:
        yield Text(lines[0], "head")
        yield from (Text(line) for line in lines[1:])
        yield Text("")


def sentences(texts: Sequence[str], tone: Tone = "plain", indent: str = "  ") -> Iterator[Text]:
    """Yield sentences, wrapped."""
    for text in texts:
        yield from (Text(line, tone) for line in paragraph(text, indent))
