"""How are the facts drawn? Figures from the records of `accelsim.report.facts`, never pyplot's global state."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.report.facts import Bars, Costs, Point, Roofline, breakdown_bars, chip_costs, comparison_bars, roofline
from accelsim.report.style import INK, PALETTE, Chart, blank, look, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from accelsim.explore.compare import Comparison
    from accelsim.hardware.chip import Chip
    from accelsim.simulation.result import Result

LABEL_ROOM = 1.62
"""Length of the axis relative to the longest bar: room for what stands behind it."""


class ResultPlots:
    """The plots of one result: ``result.plot.breakdown()``, ``result.plot.roofline()``."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def breakdown(self) -> Chart:
        """Return energy by layer and part as stacked bars."""
        return breakdown_figure(self._result)

    def roofline(self) -> Chart:
        """Return the layers under the chip's roofline."""
        return roofline_figure(self._result)

    __call__: Callable[..., Chart] = breakdown


class ComparisonPlots:
    """The plots of a comparison: ``comparison.plot()``."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __call__(self) -> Chart:
        """Return energy by scheme and part as stacked bars, with ratios."""
        return comparison_figure(self._comparison)


def comparison_figure(comparison: Comparison) -> Chart:
    """Return the energy of every scheme as stacked bars with its ratios to the reference."""
    return draw_bars(comparison_bars(comparison), LABEL_ROOM)


def breakdown_figure(result: Result) -> Chart:
    """Return the energy of the costliest layers as stacked bars."""
    return draw_bars(breakdown_bars(result), 1.1)


def roofline_figure(result: Result) -> Chart:
    """Return the layers of a result under the chip's roofline."""
    return draw_roofline(roofline(result))


def cost_figure(chip: Chip) -> Chart:
    """Return the energy per operation of a chip as bars; a chip without costs raises InputError."""
    facts = chip_costs(chip)
    if not facts.names:
        raise InputError(f"{chip.name} lists no costs; there is nothing to draw.")
    return draw_costs(facts)


# ---------------------------------------------------------------------- drawing


def draw_bars(facts: Bars, room: float) -> Chart:
    """Return stacked horizontal bars; ``room`` is the length of the axis relative to the longest bar."""
    figure = blank(9.0, 1.7 + 0.42 * len(facts.names))
    axes = figure.subplots()
    places = range(len(facts.names))
    left = [0.0] * len(facts.names)
    for part, values in facts.parts.items():
        color, hatch = look(part, facts.levels)
        axes.barh(
            places, values, left=left, height=0.62, color=color, hatch=hatch, edgecolor="white", linewidth=0.6,
            label=part,
        )  # fmt: skip
        left = [before + value for before, value in zip(left, values, strict=True)]
    longest = max(left)
    for place, (end, label) in enumerate(zip(left, facts.labels, strict=True)):
        axes.text(end + longest * 0.012, place, label, va="center", ha="left", fontsize=9, color=INK)
    axes.set_yticks(list(places), facts.names)
    axes.invert_yaxis()
    axes.set_xlim(0, longest * room)
    axes.set_xlabel(f"{facts.quantity} ({facts.unit})")
    _titled(axes, facts.title)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= longest * 1.1])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_bounds(0, longest)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=min(len(facts.parts), 6), frameon=False, fontsize=9)
    return figure


def draw_costs(facts: Costs) -> Chart:
    """Return energy per operation as bars on a logarithmic axis, ranges as whiskers, derived ones hatched."""
    figure = blank(9.0, 1.4 + 0.3 * len(facts.names))
    axes = figure.subplots()
    groups = list(dict.fromkeys(facts.groups))
    for group in groups:
        rows = [place for place, own in enumerate(facts.groups) if own == group and facts.pj[place] > 0]
        bars = axes.barh(
            rows, [facts.pj[row] for row in rows], height=0.66, color=PALETTE[groups.index(group)], label=group
        )
        for bar, row in zip(bars, rows, strict=True):
            bar.set_hatch("///" if facts.derived[row] else "")
            if facts.high[row] > facts.low[row]:
                spread = [[facts.pj[row] - facts.low[row]], [facts.high[row] - facts.pj[row]]]
                axes.errorbar(facts.pj[row], row, xerr=spread, color=INK, capsize=3, linewidth=1)
            axes.text(
                max(facts.pj[row], facts.high[row]) * 1.12,
                row,
                f"{facts.pj[row]:.3g}",
                va="center",
                fontsize=9,
                color=INK,
            )
    for row in (row for row, pj in enumerate(facts.pj) if pj == 0):
        axes.text(0.01, row, "0", transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=INK)
    axes.set_yticks(range(len(facts.names)), facts.names)
    axes.set_ylim(len(facts.names) - 0.5, -0.5)
    axes.set_xscale("log")
    if max(facts.high) > 0:
        axes.set_xlim(right=max(facts.high) * 3)
    axes.set_xlabel(_cost_label(facts))
    _titled(axes, facts.title)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _cost_label(facts: Costs) -> str:
    """Return the label of the axis, with the marks that are drawn."""
    drawn = [row for row, pj in enumerate(facts.pj) if pj > 0]
    marks = [
        *(["hatched: derived"] if any(facts.derived[row] for row in drawn) else []),
        *(["whiskers: published range"] if any(facts.high[row] > facts.low[row] for row in drawn) else []),
    ]
    return "energy per operation (pJ)" + (f"; {', '.join(marks)}" if marks else "")


def draw_roofline(facts: Roofline) -> Chart:
    """Return layers as points, sized by their share of the time, under the roof."""
    figure = blank(8.0, 5.2)
    axes = figure.subplots()
    finite = [point.macs_per_byte for point in facts.points if isfinite(point.macs_per_byte)]
    ridge = facts.peak_macs_per_s / facts.bytes_per_s if facts.bytes_per_s else 1.0
    low, high = min([*finite, ridge]) / 2, max([*finite, ridge]) * 4
    if facts.bytes_per_s:
        axes.plot([low, ridge], [low * facts.bytes_per_s / 1e9, facts.peak_macs_per_s / 1e9], color=INK)
    axes.plot([ridge if facts.bytes_per_s else low, high], [facts.peak_macs_per_s / 1e9] * 2, color=INK)
    causes = list(dict.fromkeys(point.bound_by for point in facts.points))
    markers = "osD^vP*X"
    for number, cause in enumerate(causes):
        own = [point for point in facts.points if point.bound_by == cause]
        axes.scatter(
            [min(point.macs_per_byte, high) for point in own], [point.macs_per_s / 1e9 for point in own],
            s=[20 + 600 * point.share for point in own], color=PALETTE[number % len(PALETTE)],
            marker=markers[number % len(markers)], alpha=0.75, edgecolors="white", label=f"bound by {cause}",
        )  # fmt: skip
    for point in _apart(sorted(facts.points, key=lambda each: -each.share))[:3]:
        place = (min(point.macs_per_byte, high), point.macs_per_s / 1e9)
        axes.annotate(point.name, place, textcoords="offset points", xytext=(7, -11), fontsize=8, color=INK)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("MACs per byte of DRAM traffic")
    axes.set_ylabel("10$^9$ MACs per s")
    _titled(axes, facts.title)
    axes.grid(True, which="major", color="#e5e5e5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="lower right", title="size: share of the time", title_fontsize=8)
    return figure


def _apart(points: list[Point]) -> list[Point]:
    """Return the points whose labels do not fall on that of an earlier one: a factor of 1.5 apart."""
    found: list[Point] = []
    for point in points:
        ratios = ((point.macs_per_byte / other.macs_per_byte, point.macs_per_s / other.macs_per_s) for other in found)
        if all(max(x, 1 / x) > 1.5 or max(y, 1 / y) > 1.5 for x, y in ratios):
            found.append(point)
    return found


def _titled(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)


__all__ = [
    "ComparisonPlots", "ResultPlots", "breakdown_figure", "comparison_figure", "cost_figure", "draw_bars", "draw_costs",
    "draw_roofline", "roofline_figure", "save",
]  # fmt: skip
