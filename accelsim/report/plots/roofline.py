"""How is a roofline drawn? Layers as points under the ceilings of several formats."""

from __future__ import annotations

from math import isfinite
from typing import Any

from matplotlib.lines import Line2D

from accelsim.report.facts.roofline import Ceiling, Roofline, roofline
from accelsim.report.plots.labels import label_points
from accelsim.report.plots.scales import engineered
from accelsim.report.style import FAINT, INK, MARKERS, PALETTE, Chart, bare, framed, legend, look
from accelsim.simulation.result import Result

LABELED = 12


def roofline_figure(*results: Result) -> Chart:
    """Return the layers of one or several results of a chip under its ceilings."""
    return draw_roofline(roofline(*results))


def draw_roofline(facts: Roofline) -> Chart:
    """Return layers as points, sized by their share of the time, under the roof."""
    figure = framed(8.0, 5.0, facts.title, _note(facts))
    axes = figure.subplots()
    roofs = facts.ceilings or (Ceiling("", facts.peak_macs_per_s),)
    low, high = _limits(facts, roofs)
    for roof in roofs:
        own = abs(roof.macs_per_s / facts.peak_macs_per_s - 1) < 1e-9
        start = roof.macs_per_s / facts.bytes_per_s if facts.bytes_per_s else low
        style: dict[str, Any] = {
            "color": INK if own else FAINT,
            "linestyle": "-" if own else "--",
            "linewidth": 1.4 if own else 0.9,
        }
        axes.plot([max(start, low), high], [roof.macs_per_s] * 2, **style)
        axes.text(high, roof.macs_per_s * 1.04, roof.formats, ha="right", va="bottom", fontsize=8, color=style["color"])
    if facts.bytes_per_s:
        ridge = roofs[0].macs_per_s / facts.bytes_per_s
        axes.plot([low, ridge], [low * facts.bytes_per_s, roofs[0].macs_per_s], color=INK, linewidth=1.4)
    handles = _points(facts, axes, high)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    rates = [point.macs_per_s for point in facts.points]
    axes.set_ylim(min(rates) / 2, max(roof.macs_per_s for roof in roofs) * 1.8)
    axes.yaxis.set_major_formatter(engineered("MAC/s"))
    axes.xaxis.set_major_formatter(engineered(""))
    axes.set_xlabel("MACs per byte of DRAM traffic")
    axes.set_ylabel("MACs per s")
    axes.grid(True, which="major", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    bare(axes)
    legend(figure, handles)
    shown = sorted(facts.points, key=lambda point: -point.share)[:LABELED]
    places = [
        (_called(facts, point.name, point.scheme), min(point.macs_per_byte, high / 1.3), point.macs_per_s)
        for point in shown
    ]
    every = [(min(point.macs_per_byte, high / 1.3), point.macs_per_s) for point in facts.points]
    lines = [(x, y) for line in axes.get_lines() for x, y in _along(line)]
    label_points(figure, axes, _apart(places), every, lines)
    return figure


def _points(facts: Roofline, axes: object, high: float) -> list[Line2D]:
    """Draw the points, a color and marker for each cause, or scheme where there are several; return the legend."""
    schemes = list(dict.fromkeys(point.scheme for point in facts.points))
    several = len(schemes) > 1
    kinds = schemes if several else list(dict.fromkeys(point.bound_by for point in facts.points))
    handles = []
    for number, kind in enumerate(kinds):
        own = [point for point in facts.points if (point.scheme if several else point.bound_by) == kind]
        color, marker = (PALETTE[number % 8] if several else _color(kind, facts)), MARKERS[number % len(MARKERS)]
        axes.scatter(  # type: ignore[attr-defined]
            [min(point.macs_per_byte, high / 1.3) for point in own], [point.macs_per_s for point in own],
            s=[18 + 500 * point.share for point in own], color=color, marker=marker, alpha=0.8, edgecolors="white",
            linewidths=0.6, zorder=3,
        )  # fmt: skip
        label = kind if several else f"bound by {kind}"
        handles.append(Line2D([], [], color=color, marker=marker, linestyle="", label=label))
    return handles


def _color(cause: str, facts: Roofline) -> str:
    """The color that a resource has in every plot."""
    return look({"compute": "multiplying"}.get(cause, cause), facts.levels)[0]


def _limits(facts: Roofline, roofs: tuple[Ceiling, ...]) -> tuple[float, float]:
    finite = [point.macs_per_byte for point in facts.points if isfinite(point.macs_per_byte)]
    if facts.bytes_per_s:
        finite += [roof.macs_per_s / facts.bytes_per_s for roof in roofs]
    finite = finite or [1.0]
    return min(finite) / 2, max(finite) * 4


def _called(facts: Roofline, name: str, scheme: str) -> str:
    return name if len({point.scheme for point in facts.points}) == 1 else f"{name}, {scheme}"


def _along(line: Line2D) -> list[tuple[float, float]]:
    """Points along a straight line of a logarithmic plot, dense enough that no label fits between them."""
    ends: Any = line.get_xydata()
    (x0, y0), (x1, y1) = ends.tolist()
    return [(x0 * (x1 / x0) ** (step / 150), y0 * (y1 / y0) ** (step / 150)) for step in range(151)]


def _apart(places: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """Of points that lie on each other, within 3%, the first speaks for all."""
    found: list[tuple[str, float, float]] = []
    for name, x, y in places:
        if all(max(x / a, a / x) > 1.03 or max(y / b, b / y) > 1.03 for _, a, b in found):
            found.append((name, x, y))
    return found


def _note(facts: Roofline) -> str:
    resident = any(not isfinite(point.macs_per_byte) for point in facts.points)
    edge = " At the right edge: layers that move nothing to or from DRAM." if resident else ""
    return f"{facts.note} Size: share of the time.{edge}"
