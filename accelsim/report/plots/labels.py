"""Where do the labels of points go, so that no two overlap and none leaves the axes?"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from accelsim.report.style import INK, Chart

SPOTS = (
    (7, 0, "left", "center"), (-7, 0, "right", "center"), (0, 7, "center", "bottom"), (0, -7, "center", "top"),
    (6, 6, "left", "bottom"), (6, -6, "left", "top"), (-6, 6, "right", "bottom"), (-6, -6, "right", "top"),
    (16, 14, "left", "bottom"), (16, -14, "left", "top"), (-16, 14, "right", "bottom"), (-16, -14, "right", "top"),
)  # fmt: skip
"""Offsets in points and alignments that are tried, the best first."""

DOT_PT = 4.0


def label_points(
    figure: Chart,
    axes: Axes,
    points: Sequence[tuple[str, float, float]],
    avoid: Sequence[tuple[float, float]] = (),
    lines: Sequence[tuple[float, float]] = (),
) -> int:
    """Write names beside points where there is room; return how many found none and were left out.

    Parameters
    ----------
    figure, axes
        With scales and limits set; the layout is made once to know where things stand.
    points : sequence of (name, x, y)
        The most important first.
    avoid : sequence of (x, y)
        Further points that no label may cover.
    lines : sequence of (x, y)
        Points along lines that no label may cross.
    """
    figure.draw_without_rendering()
    inside = axes.get_window_extent()
    scale = figure.dpi / 72
    dots = dict.fromkeys([*((x, y) for _, x, y in points), *avoid])
    taken = [_around(axes, x, y, DOT_PT * scale) for x, y in dots]
    taken += [_around(axes, x, y, 0.5 * scale) for x, y in lines]
    taken += [text.get_window_extent() for text in axes.texts]
    missed = 0
    for name, x, y in points:
        for dx, dy, across, up in SPOTS:
            text = axes.annotate(
                name, (x, y), textcoords="offset points", xytext=(dx, dy), ha=across, va=up, fontsize=8, color=INK
            )
            box = text.get_window_extent()
            if inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1):
                own = _around(axes, x, y, DOT_PT * scale)
                if not any(box.overlaps(other) for other in taken if other.bounds != own.bounds):
                    taken.append(box)
                    break
            text.remove()
        else:
            missed += 1
    return missed


def _around(axes: Axes, x: float, y: float, room: float) -> Bbox:
    across, up = axes.transData.transform((x, y))
    return Bbox.from_extents(across - room, up - room, across + room, up + room)
