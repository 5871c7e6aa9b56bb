"""How do figures look, and how are they saved so that the same numbers give the same file?"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from accelsim.files import check_suffix, write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png", ".pdf")

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000")
"""Eight colors that people with any color vision tell apart (Okabe and Ito, Color Universal Design, 2008)."""

OTHER = "#CCCCCC"
INK = "#333333"
FAINT = "#666666"

TITLE_PT, NOTE_PT, KEY_PT = 11.0, 7.5, 9.0
LINE, BOLD, MARGIN_IN = 1.3, 1.13, 0.12
"""Height of a line over its size, width of bold over normal letters, room around title and footnote."""
MAX_NOTES = 5

LEVEL_COLORS = (*PALETTE[:3], PALETTE[6])
"""Of the memories, the outermost first; with more than four the colors come again, hatched."""

LEVEL_HATCHES = ("", "///", "xxx")

PART_COLORS = (*PALETTE[3:6], PALETTE[7])
"""Of everything that is no memory, in the order of `_PARTS`; always hatched, so that gray prints tell it apart."""

PART_HATCHES = ("\\\\\\", "---", "+++", "|||")
HATCHES = (*LEVEL_HATCHES, *PART_HATCHES)

MARKERS = "osD^vPX*"
"""Of series of points, in the order of `PALETTE`."""

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
"""Of lines, in the order of `PALETTE`."""

_PARTS = (
    (("multiply and add", "multiplying"), ("convert", "waiting for conversion"), ("vector", "vector unit"),
     ("link", "fixed overhead")),
    (("clock", "filling the array"), ("leakage", "first tiles"), ("background", "last outputs"),
     ("single-buffered fills",)),
    ((), (), ("waiting for vector unit",), ()),
    ((), (), (), ()),
)  # fmt: skip
"""The parts of an energy and of a time that have a hatch and a color; both never stand in one plot."""

_LOOKS = {
    part: (color, hatch)
    for hatch, row in zip(PART_HATCHES, _PARTS, strict=True)
    for color, parts in zip(PART_COLORS, row, strict=True)
    for part in parts
} | {
    "weights (W)": (PALETTE[0], ""), "inputs (I)": (PALETTE[1], "///"), "outputs (O)": (PALETTE[2], "xxx"),
    "no operand": (PALETTE[5], "\\\\\\"),
}  # fmt: skip


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
        return LEVEL_COLORS[place], LEVEL_HATCHES[again % len(LEVEL_HATCHES)]
    return _LOOKS.get(part, (OTHER, ""))


_SETTINGS: Any = {
    "svg.hashsalt": "accelsim",
    "svg.fonttype": "path",
    "pdf.compression": 6,
    "font.family": "DejaVu Sans",
    "savefig.dpi": 150,
    "hatch.linewidth": 0.7,
    "pdf.fonttype": 42,
}
_NO_DATE: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": "accelsim"},
    ".pdf": {"CreationDate": None, "ModDate": None, "Creator": "accelsim", "Producer": "accelsim"},
    ".png": {"Software": "accelsim"},
}


class Chart(Figure):
    """A matplotlib figure that a notebook shows by itself, without pyplot and its global state.

    Attributes
    ----------
    heading : str
        The finding that it states.
    """

    heading: str = ""

    def save(self, path: str | Path) -> Path:
        """Write it as SVG, PNG or PDF by the suffix; see `accelsim.report.style.save`."""
        return save(self, path)

    def _repr_svg_(self) -> str:
        text = io.StringIO()
        with mpl.rc_context(_SETTINGS):
            self.savefig(text, format="svg", metadata=_NO_DATE[".svg"])
        return text.getvalue()


def blank(width: float, height: float) -> Chart:
    """Return an empty figure of a size in inches."""
    return Chart(figsize=(width, height), layout="constrained")


def framed(width: float, height: float, title: str, note: str = "") -> Chart:
    """Return an empty figure with the finding above it and the footnote below, both wrapped and never clipped.

    Parameters
    ----------
    width, height : float
        Of what is drawn between the two, in inches; the figure is as much higher as they need.
    title : str
        Its first line is the finding, in bold; what follows a line break is plainer.
    note : str
        Where it was found, and the sources.
    """
    finding, *rest = title.split("\n")
    heads = [(line, TITLE_PT, "bold") for line in _wrapped(finding, width, TITLE_PT * BOLD)]
    heads += [(line, NOTE_PT + 1, "normal") for text in rest for line in _wrapped(text, width, NOTE_PT + 1)]
    notes = _wrapped(note, width, NOTE_PT)[:MAX_NOTES]
    top = sum(size for _, size, _ in heads) * LINE / 72 + MARGIN_IN
    bottom = len(notes) * NOTE_PT * LINE / 72 + (MARGIN_IN if notes else 0.0)
    whole = height + top + bottom
    figure = blank(width, whole)
    below = whole - MARGIN_IN / 2
    for line, size, weight in heads:
        figure.text(MARGIN_IN / width, below / whole, line, fontsize=size, fontweight=weight, color=INK, va="top")
        below -= size * LINE / 72
    for number, line in enumerate(reversed(notes)):
        y = (MARGIN_IN / 2 + number * NOTE_PT * LINE / 72) / whole
        figure.text(MARGIN_IN / width, y, line, fontsize=NOTE_PT, color=FAINT, va="bottom")
    figure.get_layout_engine().set(rect=(0, bottom / whole, 1, height / whole))  # type: ignore[union-attr,call-arg]
    figure.heading = title
    return figure


def legend(figure: Chart, handles: Sequence[Any] | None = None) -> None:
    """Put a legend between what is drawn and the footnote, in as many columns as fit.

    Parameters
    ----------
    figure : Chart
        Made by `framed`, its axes drawn.
    handles : sequence of Artist, optional
        By default everything of the first axes that has a label.
    """
    shown = list(figure.axes[0].get_legend_handles_labels()[0] if handles is None else handles)
    if not shown:
        return
    width, height = figure.get_size_inches()
    longest = max(len(str(one.get_label())) for one in shown) * KEY_PT * 0.55 + 4.5 * KEY_PT
    columns = min(len(shown), max(int((width - 2 * MARGIN_IN) * 72 / longest), 1))
    rows = -(-len(shown) // columns)
    columns = -(-len(shown) // rows)
    own = (rows * KEY_PT * 1.55 + KEY_PT) / 72 / height
    engine = figure.get_layout_engine()
    left, bottom, across, up = engine.get()["rect"]  # type: ignore[union-attr]
    figure.legend(
        handles=shown, loc="lower center", bbox_to_anchor=(0.5, bottom), ncols=columns, frameon=False, fontsize=KEY_PT,
        handlelength=1.8, borderaxespad=0.2,
    )  # fmt: skip
    engine.set(rect=(left, bottom + own, across, up - own))  # type: ignore[union-attr,call-arg]


def bare(axes: Axes, *sides: str) -> None:
    """Take the frame lines of some sides away, by default the top and the right one."""
    axes.spines[list(sides or ("top", "right"))].set_visible(False)


def _wrapped(text: str, width: float, size: float) -> list[str]:
    """Lines of a text that are no wider than a figure: a letter of DejaVu Sans is 0.55 of its size on average."""
    return textwrap.wrap(text, max(int((width - 2 * MARGIN_IN) * 72 / (size * 0.55)), 20)) if text else []


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
