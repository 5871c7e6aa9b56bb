"""How is a pass drawn over time? A strip of layers by what bounds them, and below it how busy each resource is."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from accelsim.report.facts.timeline import Timeline, timeline
from accelsim.report.style import INK, Chart, bare, framed, legend, look
from accelsim.simulation.result import Result

RESOURCES = {"array": "multiplying", "fixed": "fixed overhead", "conversion": "waiting for conversion"}
"""The part of a time that a resource looks like; memories and the vector unit have their own looks."""

NAMED_FROM = 0.035
"""Share of the time from which a layer is named on the strip."""


def timeline_figure(result: Result) -> Chart:
    """Return a pass over time: layers, what bounds them, and how busy each resource is."""
    return draw_timeline(timeline(result))


def draw_timeline(facts: Timeline) -> Chart:
    """Return the strip of layers above one row per resource."""
    rows = len(facts.busy)
    figure = framed(10.0, 1.75 + 0.55 * rows, facts.title, facts.note)
    ratios = [1.5, *[1.0] * rows]
    panels = figure.subplots(1 + rows, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": ratios})[:, 0]
    looks = {cause: look(RESOURCES.get(cause, cause), facts.levels) for cause in dict.fromkeys(facts.bound_by)}
    _strip(facts, panels[0], looks)
    for axes, (name, shares) in zip(panels[1:], facts.busy.items(), strict=True):
        axes.stairs(shares, [*facts.starts, facts.ends[-1]], fill=True, color="#555555")
        axes.set_ylim(0, 1.02)
        axes.set_yticks([0, 1], ["0", "100%"], fontsize=7)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=INK)
        bare(axes)
    panels[-1].set_xlim(0, facts.ends[-1])
    panels[-1].set_xlabel(f"time ({facts.unit})")
    handles = [
        Patch(facecolor=color, hatch=hatch, edgecolor="white", label=cause if cause == "fixed" else f"bound by {cause}")
        for cause, (color, hatch) in looks.items()
    ]
    legend(figure, handles)
    return figure


def _strip(facts: Timeline, axes: Axes, looks: dict[str, tuple[str, str]]) -> None:
    """One block per layer; wide ones are named above."""
    total = facts.ends[-1]
    for start, end, cause in zip(facts.starts, facts.ends, facts.bound_by, strict=True):
        color, hatch = looks[cause]
        narrow = end - start < 0.004 * total
        axes.barh(
            0, end - start, left=start, height=1.0, color=color, hatch=hatch, edgecolor="white",
            linewidth=0.0 if narrow else 0.5,
        )  # fmt: skip
    last = float("-inf")
    for name, start, end in zip(facts.names, facts.starts, facts.ends, strict=True):
        middle = (start + end) / 2
        if end - start >= NAMED_FROM * total or (end - start >= 0.01 * total and middle - last > 0.02 * total):
            if middle - last < 0.018 * total:
                continue
            axes.text(
                middle, 0.6, name, rotation=40, ha="left", va="bottom", fontsize=7, color=INK, rotation_mode="anchor"
            )
            last = middle
    axes.set_ylim(-0.5, 0.5)
    axes.set_yticks([0], ["layers"], fontsize=9)
    axes.tick_params(axis="both", length=0)
    bare(axes, "top", "right", "left", "bottom")
