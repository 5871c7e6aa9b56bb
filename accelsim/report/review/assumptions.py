"""Which of the model's assumptions does a comparison rest on? The paragraphs of docs/assumptions.md that apply.

The page is the only place where an assumption is worded. A paragraph begins with its claim in bold; one that
speaks of something that a comparison may lack (DRAM, attention, a number derived) has a condition here, and every
other one applies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from accelsim.explore.compare import Comparison
from accelsim.library import folders
from accelsim.simulation.costs import uses
from accelsim.simulation.requested import SEARCHED
from accelsim.simulation.result import Result

PAGE = "docs/assumptions.md"
_PARAGRAPH = re.compile(r"\*\*(?P<claim>.+?)\*\*(?P<rest>.*)", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Assumption:
    """One assumption: under which heading it stands, its claim, what follows, and the words in bold that name it."""

    topic: str
    claim: str
    consequence: str
    key: str


def _any(test: Callable[[Result], bool]) -> Callable[[Comparison], bool]:
    return lambda comparison: any(test(result) for result in comparison.results)


def _kinds(*kinds: str) -> Callable[[Comparison], bool]:
    return _any(lambda result: any(one.layer.kind in kinds for one in result.layers))


def _converts(result: Result) -> bool:
    return any(line.part == "convert" for one in result.layers for line in one.lines)


def _named(*words: str) -> Callable[[Comparison], bool]:
    return _any(lambda result: any(word in one.layer.name.lower() for one in result.layers for word in words))


def _derived(result: Result) -> bool:
    return any(use.cost.status == "derived" for use in uses(result))


def _language(result: Result) -> bool:
    return bool(result.network.kv_tokens) or "context" in result.network.options


CONDITIONS: Mapping[str, Callable[[Comparison], bool]] = {
    "The teaching chip was never built.": _any(lambda result: result.chip.name == "horowitz-45nm"),
    "Derived costs are extrapolations.": _any(_derived),
    "Conversion is priced as plain arithmetic.": _any(_converts),
    "Convolutions are direct.": _kinds("conv"),
    "MACs on padding are executed.": _kinds("conv", "depthwise"),
    "Causal attention is a triangle in time, a rectangle in memory.": _named("attn", "attention", "score", "softmax"),
    "A transposed convolution is a set of phases": _named("transpose", "deconv", ".dx"),
    "A device without published costs draws its power whatever it does.": _any(lambda one: not one.chip.has_costs),
    "Batch and context are what you say.": _any(_language),
    "Most mappings are searched, not proven.": _any(lambda one: SEARCHED in one.mapping or "heuristic" in one.mapping),
}
"""When a paragraph applies, by its claim; a test holds that every claim stands on the page."""


def assumptions(comparison: Comparison) -> tuple[Assumption, ...]:
    """Return the assumptions that a comparison rests on, in the order of the page."""
    return tuple(one for one in every() if one.key not in CONDITIONS or CONDITIONS[one.key](comparison))


@lru_cache(maxsize=1)
def every() -> tuple[Assumption, ...]:
    """Return every assumption of the page."""
    found, topic = [], ""
    for paragraph in _page().read_text(encoding="utf-8").split("\n\n"):
        if paragraph.startswith("## "):
            topic = paragraph.removeprefix("## ").strip()
        elif paragraph.startswith("**") and (match := _PARAGRAPH.match(paragraph)):
            found.append(_assumption(topic, _plain(match["claim"]), _plain(match["rest"])))
    return tuple(found)


def _assumption(topic: str, key: str, rest: str) -> Assumption:
    """Return an assumption whose claim is a whole sentence, though only its beginning may be in bold."""
    if key.endswith("."):
        return Assumption(topic, key, rest, key)
    claim, _, consequence = f"{key}{'' if rest[:1] in ',:;.' else ' '}{rest}".partition(". ")
    return Assumption(topic, f"{claim.rstrip('.')}.", consequence, key)


def by_topic(ones: tuple[Assumption, ...]) -> dict[str, list[Assumption]]:
    """Return assumptions by the heading under which they stand, in order."""
    found: dict[str, list[Assumption]] = {}
    for one in ones:
        found.setdefault(one.topic, []).append(one)
    return found


def _page() -> Path:
    return folders("docs")[-1] / "assumptions.md"


def _plain(text: str) -> str:
    return " ".join(_LINK.sub(r"\1", text).replace("`", "").split())
