"""How do figures look, and how are they saved so that the same numbers give the same file?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from accelsim.report.files import check_suffix, write_whole

SUFFIXES = (".svg", ".png", ".pdf")

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000")
"""Eight colors that people with any color vision tell apart (Okabe and Ito, Color Universal Design, 2008)."""

OTHER = "#999999"
INK = "#333333"

LEVEL_COLORS = (*PALETTE[:3], PALETTE[6])
"""Of the memories, the outermost first; with more than four the colors come again, hatched."""

PART_COLORS = (*PALETTE[3:6], PALETTE[7])
"""Of everything that is no memory, in the order of `_PARTS`."""

HATCHES = ("", "///", "xxx")

_PARTS = (
    (("multiply and add", "multiplying"), ("convert", "waiting for conversion"), ("vector", "vector unit"),
     ("link", "fixed overhead")),
    (("clock", "filling the array"), ("leakage", "first tiles"), ("background", "last outputs"),
     ("single-buffered fills",)),
    ((), (), ("waiting for vector unit",), ()),
)  # fmt: skip
"""The parts of an energy and of a time that have a hatch and a color; both never stand in one plot."""

_LOOKS = {
    part: (color, hatch)
    for hatch, row in zip(HATCHES, _PARTS, strict=True)
    for color, parts in zip(PART_COLORS, row, strict=True)
    for part in parts
}


def look(part: str, levels: Sequence[str]) -> tuple[str, str]:
    """Return the color and the hatch of a part, the same in every plot; gray for "other".

    Parameters
    ----------
    part : str
        As `accelsim.report.facts.Bars` names it; waiting for a memory looks like the memory.
    levels : sequence of str
        The memories, outermost first.
    """
    level = part.removeprefix("waiting for ")
    if level in levels:
        again, place = divmod(levels.index(level), len(LEVEL_COLORS))
        return LEVEL_COLORS[place], HATCHES[again % len(HATCHES)]
    return _LOOKS.get(part, (OTHER, ""))


_SETTINGS: Any = {
    "svg.hashsalt": "accelsim",
    "svg.fonttype": "path",
    "pdf.compression": 6,
    "font.family": "DejaVu Sans",
    "savefig.dpi": 150,
}
_NO_DATE: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": "accelsim"},
    ".pdf": {"CreationDate": None, "ModDate": None, "Creator": "accelsim", "Producer": "accelsim"},
    ".png": {"Software": "accelsim"},
}


class Chart(Figure):
    """A matplotlib figure that a notebook shows by itself, without pyplot and its global state."""

    def _repr_svg_(self) -> str:
        text = io.StringIO()
        with mpl.rc_context(_SETTINGS):
            self.savefig(text, format="svg", metadata=_NO_DATE[".svg"])
        return text.getvalue()


def blank(width: float, height: float) -> Chart:
    """Return an empty figure of a size in inches."""
    return Chart(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as SVG, PNG or PDF by its suffix, whole or not at all, without a date in it.

    Raises
    ------
    UsageError
        The suffix is none of these.
    InputError
        The file cannot be written.
    """
    place = check_suffix(path, SUFFIXES, "a plot")
    suffix = place.suffix.lower()

    def write(unfinished: Path) -> None:
        with mpl.rc_context(_SETTINGS):
            figure.savefig(unfinished, format=suffix[1:], metadata=_NO_DATE[suffix])

    return write_whole(place, write)
