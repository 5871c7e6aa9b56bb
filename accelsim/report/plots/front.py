"""How is a Pareto front drawn? A stair through its points by name, dominated ones pale, the knee framed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.lines import Line2D

from accelsim.explore.pareto import Front
from accelsim.report.facts.front import FrontFacts, front_facts
from accelsim.report.plots.labels import label_points
from accelsim.report.plots.scales import engineered, log_axis
from accelsim.report.style import FAINT, PALETTE, Chart, bare, framed, legend

LABELED = 14
STEPS = 40
"""Points along each side of a step of the stair that labels keep away from."""


class FrontPlots:
    """The plot of a Pareto front: ``front.plot()``."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def __call__(self) -> Chart:
        """Return the front over its first two metrics."""
        return front_figure(self._front)


def front_figure(front: Front) -> Chart:
    """Return a front over its first two metrics."""
    return draw_front(front_facts(front))


def draw_front(facts: FrontFacts) -> Chart:
    """Return dominated points pale, the front as a stair, names where they fit, the knee ringed."""
    figure = framed(8.0, 4.6, facts.title, facts.note)
    axes = figure.subplots()
    pale: dict[str, Any] = {"color": FAINT, "marker": "o", "linestyle": "", "markersize": 4}
    axes.plot([x for x, _ in facts.off], [y for _, y in facts.off], alpha=0.5, **pale)
    xs, ys = [x for _, x, _ in facts.on], [y for _, _, y in facts.on]
    own: dict[str, Any] = {"color": PALETTE[0], "marker": "D", "markersize": 6}
    axes.plot(xs, ys, linestyle="", zorder=3, **own)
    if len(xs) > 1:
        axes.step(xs, ys, where="post", color=PALETTE[0], linewidth=1.2)
    ring: dict[str, Any] = {
        "marker": "o",
        "markersize": 15,
        "markerfacecolor": "none",
        "markeredgecolor": PALETTE[3],
        "linestyle": "",
    }
    if facts.knee is not None:
        axes.plot(xs[facts.knee], ys[facts.knee], markeredgewidth=2, **ring)
    _scales(facts, axes)
    handles = [Line2D([], [], linestyle="-", label="Pareto front", **own)]
    if facts.off:
        handles.append(Line2D([], [], alpha=0.5, label="dominated", **pale))
    if facts.knee is not None:
        handles.append(Line2D([], [], label="knee", markeredgewidth=2, **ring))
    legend(figure, handles)
    first = [] if facts.knee is None else [facts.knee]
    ends = [0, len(facts.on) - 1]
    order = list(dict.fromkeys([*first, *ends, *range(len(facts.on))]))
    named = [facts.on[place] for place in order[:LABELED]]
    label_points(figure, axes, named, facts.off[:400], _along_the_stair(axes, xs, ys))
    return figure


def _along_the_stair(axes: Any, xs: list[float], ys: list[float]) -> list[tuple[float, float]]:
    """Return points along the stair, so near to each other on paper that no label passes between them."""
    stair = [
        corner
        for (x, y), (after, below) in pairwise(zip(xs, ys, strict=True))
        for corner in ((x, y), (after, y), (after, below))
    ]
    if not stair:
        return []
    corners = axes.transData.transform(stair).tolist()
    shares = [step / STEPS for step in range(STEPS + 1)]
    along = [
        (x + share * (after - x), y + share * (below - y))
        for (x, y), (after, below) in pairwise(corners)
        for share in shares
    ]
    return [(float(x), float(y)) for x, y in axes.transData.inverted().transform(along)]


def _scales(facts: FrontFacts, axes: Any) -> None:
    for side, (metric, unit, log) in enumerate(zip((facts.x, facts.y), facts.units, facts.log, strict=True)):
        values: list[float] = [
            *((point[1], point[2])[side] for point in facts.on),
            *(point[side] for point in facts.off),
        ]
        low, high = min(values), max(values)
        better = "less" if metric.better == "min" else "more"
        label = f"{metric.words}{f' ({unit})' if unit else ''}, {better} is better"
        (axes.set_xlabel if side == 0 else axes.set_ylabel)(label)
        axis = axes.xaxis if side == 0 else axes.yaxis
        limits = axes.set_xlim if side == 0 else axes.set_ylim
        if log:
            (axes.set_xscale if side == 0 else axes.set_yscale)("log")
            room = (high / low) ** 0.12
            limits(low / room, high * room)
        else:
            limits(min(0.0, low), high * 1.12 if high > 0 else 1.0)
        if log:
            log_axis(axis, low, high)
        else:
            axis.set_major_formatter(engineered(""))
    axes.grid(True, which="major", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    bare(axes)
