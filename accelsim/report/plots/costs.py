"""How is energy per operation drawn? Bars on a logarithmic axis, arithmetic by format beside memories by size."""

from __future__ import annotations

from matplotlib.patches import Patch

from accelsim.hardware.chip import Chip
from accelsim.report.facts.costs import Costs, costs_or_error
from accelsim.report.style import INK, PALETTE, Chart, bare, framed, legend

LOOKS = {
    "multiply": (PALETTE[0], ""), "add": (PALETTE[4], "///"), "on chip": (PALETTE[1], "---"),
    "off chip": (PALETTE[3], "xxx"),
}  # fmt: skip
"""Color and hatch of each group."""


def cost_figure(chip: Chip) -> Chart:
    """Return the energy per operation of a chip as bars; a chip without costs raises InputError."""
    return draw_costs(costs_or_error(chip))


def draw_costs(facts: Costs) -> Chart:
    """Return energy per operation as bars with ratios, ranges as whiskers, derived ones pale."""
    figure = framed(9.0, 1.0 + 0.29 * len(facts.names), facts.title, f"{_marks(facts)} {facts.note}".strip())
    axes = figure.subplots()
    drawn = [row for row, pj in enumerate(facts.pj) if pj > 0]
    for row in drawn:
        color, hatch = LOOKS[facts.groups[row]]
        axes.barh(
            row, facts.pj[row], height=0.68, color=color, hatch=hatch, edgecolor="white", linewidth=0.6,
            alpha=0.5 if facts.derived[row] else 1.0,
        )  # fmt: skip
        if facts.high[row] > facts.low[row]:
            spread = [[facts.pj[row] - facts.low[row]], [facts.high[row] - facts.pj[row]]]
            axes.errorbar(facts.pj[row], row, xerr=spread, color=INK, capsize=3, linewidth=1)
        axes.text(
            max(facts.pj[row], facts.high[row]) * 1.12, row, _label(facts, row), va="center", fontsize=9, color=INK
        )
    for row in (row for row, pj in enumerate(facts.pj) if pj == 0):
        axes.text(0.01, row, "0", transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=INK)
    starts = [row for row in range(1, len(facts.groups)) if facts.groups[row] != facts.groups[row - 1]]
    for row in starts:
        axes.axhline(row - 0.5, color="#dddddd", linewidth=0.7)
    axes.set_yticks(range(len(facts.names)), facts.names)
    axes.set_ylim(len(facts.names) - 0.5, -0.5)
    axes.set_xscale("log")
    if drawn:
        axes.set_xlim(min(facts.low[row] or facts.pj[row] for row in drawn) / 2, max(facts.high) * 9)
    axes.set_xlabel("energy per operation (pJ)")
    bare(axes)
    axes.tick_params(axis="y", length=0)
    groups = list(dict.fromkeys(facts.groups[row] for row in drawn))
    patches = [
        Patch(facecolor=LOOKS[own][0], hatch=LOOKS[own][1], edgecolor="white", label=WORDS[own]) for own in groups
    ]
    if patches:
        legend(figure, patches)
    return figure


WORDS = {"multiply": "multiply", "add": "add", "on chip": "read on chip", "off chip": "read off chip"}


def _label(facts: Costs, row: int) -> str:
    ratio = facts.ratios[row] if facts.ratios else None
    times = "" if ratio is None else f"  ({ratio:,.0f}x)" if ratio >= 10 else f"  ({ratio:.2g}x)"
    return f"{facts.pj[row]:.3g}{times}"


def _marks(facts: Costs) -> str:
    """Return what the marks that are drawn mean."""
    drawn = [row for row, pj in enumerate(facts.pj) if pj > 0]
    marks = [
        *([f"In brackets: over one {facts.unit_name}."] if facts.unit_name else []),
        *(["Pale: derived by a law."] if any(facts.derived[row] for row in drawn) else []),
        *(["Whiskers: published range."] if any(facts.high[row] > facts.low[row] for row in drawn) else []),
    ]
    return " ".join(marks)
