"""How are names, ratios and causes put in a sentence?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from accelsim.explore.ratios import Ratio
from accelsim.units import ratio

EXACT = 1e-9
"""Relative distance from a whole number that is only rounding."""

CAUSES = {
    "compute": "multiplying", "skew": "filling the array", "opening": "first tiles", "closing": "last outputs",
    "serial": "single-buffered fills", "vector": "vector unit", "fixed": "fixed overhead",
}  # fmt: skip
"""Parts of the time in words."""

PARTS = {
    "multiply": "Multiplying", "add": "Adding", "reduce": "Adding across PEs", "convert": "Converting",
    "vector": "The vector unit", "link": "The network on chip", "clock": "The clock", "leakage": "Leakage",
    "background": "Background power",
}  # fmt: skip
"""Parts of the energy as a sentence begins with them."""


def joined(names: Sequence[str]) -> str:
    """Return names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def cause_words(cause: str) -> str:
    """Return what a part of the time is, in words."""
    return f"waiting for {cause.removeprefix('stall ')}" if cause.startswith("stall ") else CAUSES.get(cause, cause)


def part_words(part: str) -> str:
    """Return what a part of the energy is, as the beginning of a sentence; a memory is called by its name."""
    return PARTS.get(part) or part[:1].upper() + part[1:]


def whole_ratio(value: float) -> str:
    """Return a ratio as "4.00x" where it is that or a little more, as "just under 4x" where scales keep it below."""
    shown, whole = ratio(value), round(value)
    below = shown == ratio(whole) and "." in shown and value < whole * (1 - EXACT)
    return f"just under {whole}x" if below else shown


def listed(ratios: Mapping[str, Ratio], less: str, more: str, shown: Callable[[float], str] = ratio) -> str:
    """Return ratios as "2.00x less with fp16, 4.00x less with int8, the same with w8a32"."""
    grouped: dict[str, list[str]] = {}
    for name, found in ratios.items():
        words = {"less": less, "more": more}.get(found.direction)
        text = "not comparable" if found.value is None else f"{shown(found.value)} {words}" if words else "the same"
        grouped.setdefault(text, []).append(name)
    return ", ".join(f"{text} with {joined(names)}" for text, names in grouped.items())
