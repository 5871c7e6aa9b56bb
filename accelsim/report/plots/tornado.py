"""How is a tornado chart drawn? Bars around the value from each cost's least to its most, the longest on top."""

from __future__ import annotations

from accelsim.explore.tornado import Tornado
from accelsim.report.facts.tornado import TornadoBars, tornado_bars
from accelsim.report.style import FAINT, INK, PALETTE, Chart, bare, framed, legend


def tornado_figure(tornado: Tornado, heading: str = "") -> Chart:
    """Return a tornado, as `accelsim.explore.uncertainty.Uncertainty.tornado` makes it, as bars."""
    return draw_tornado(tornado_bars(tornado, heading))


def draw_tornado(facts: TornadoBars) -> Chart:
    """Return one bar per cost; without any range the elasticities instead."""
    figure = framed(9.0, 1.1 + 0.36 * len(facts.names), facts.title, _note(facts))
    axes = figure.subplots()
    rows = range(len(facts.names))
    names = [f"{name}\n{spread}" for name, spread in zip(facts.names, facts.ranges, strict=True)]
    if facts.ranged:
        _swings(facts, figure)
    else:
        shares = list(facts.elasticities)
        axes.barh(rows, shares, height=0.66, color=PALETTE[0])
        for row, share in zip(rows, shares, strict=True):
            place = (max(share, 0), row)
            axes.annotate(f"{share:.2g}", place, xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
        axes.set_xlabel(f"elasticity: relative change of the {facts.quantity} over that of the cost")
        axes.set_xlim(min(0.0, *shares) * 1.1, max(0.0, *shares) * 1.15 or 1.0)
    axes.set_yticks(rows, names, fontsize=8)
    axes.set_ylim(len(facts.names) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    bare(axes, "top", "right", "left")
    return figure


def _ends(facts: TornadoBars) -> tuple[tuple[str, tuple[float, ...], int, str], ...]:
    """Label, ends, color and hatch of the two bars of each cost."""
    return ("cost at its least", facts.low, 4, ""), ("cost at its most", facts.high, 3, "///")


def _swings(facts: TornadoBars, figure: Chart) -> None:
    """Two bars per cost, from the value to either end, with the elasticity behind them."""
    (axes,) = figure.axes
    rows = range(len(facts.names))
    for label, ends, number, hatch in _ends(facts):
        axes.barh(
            rows, [end - facts.value for end in ends], left=facts.value, height=0.66, color=PALETTE[number],
            hatch=hatch, edgecolor="white", linewidth=0.6, label=label,
        )  # fmt: skip
    axes.axvline(facts.value, color=INK, linewidth=1)
    every = (*facts.low, *facts.high, facts.value)
    low, high = min(every), max(every)
    for row, (one, a, b) in enumerate(zip(facts.elasticities, facts.low, facts.high, strict=True)):
        text = f"{one:.2g}"
        axes.annotate(
            text, (max(a, b), row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8, color=FAINT
        )
    room = (high - low) * 0.1 or abs(facts.value) * 0.1 or 1.0
    axes.set_xlim(low - room * 0.3, high + room)
    axes.set_xlabel(f"{facts.quantity}{f' ({facts.unit})' if facts.unit else ''}")
    legend(figure)


def _note(facts: TornadoBars) -> str:
    parts = [facts.note, "Numbers: elasticity, the relative change of the quantity over that of the cost."]
    if not facts.ranged:
        parts.append("No cost in use has a published range.")
    elif facts.left_out:
        parts.append(f"{facts.left_out} further costs have no range or move it less.")
    return " ".join(parts)
