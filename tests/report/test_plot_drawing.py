"""Can every plot be read: nothing clipped or overlapping, colors apart for any eye, extremes drawn or refused?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from accelsim.errors import AccelsimError, UsageError
from accelsim.explore.words import CAUSES, cause_words
from accelsim.hardware.catalog import load_profile
from accelsim.report.plots.bars import breakdown_figure
from accelsim.report.plots.costs import LOOKS
from accelsim.report.plots.curves import bits_figure
from accelsim.report.plots.gallery import KINDS, draw, gallery
from accelsim.report.plots.roofline import roofline_figure
from accelsim.report.plots.scales import tick
from accelsim.report.plots.timeline import timeline_figure
from accelsim.report.plots.uses import uses_figure
from accelsim.report.plots.wish import Wish
from accelsim.report.style import Chart, framed, look, save
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result
from accelsim.workload.catalog import load_workload

QUICK = {"mapping": "heuristic", "objective": "energy"}
SWEEP = [
    {"scheme": scheme, "array.rows": rows, "energy_pj": rows * 10.0**own if rows < 32 else None, "latency_s": 1 / rows}
    for own, scheme in enumerate(("int8", "fp16", "fp32")) for rows in (4, 8, 16, 32)
]  # fmt: skip


def wish(model: str = "ds-cnn", chip: str = "horowitz-45nm", schemes: tuple[str, ...] = ("int8",)) -> Wish:
    def load(batch: int | None) -> object:
        return load_workload(model, batch=batch)

    return Wish(load, (load_profile(chip),), schemes, batches=(1, 2), points=lambda: SWEEP, options=QUICK)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made() -> Wish:
    return wish()


def boxes(figure: Chart) -> Iterator[tuple[Text, Bbox]]:
    """Every text that is seen, with its place."""
    figure.draw_without_rendering()
    renderer = figure._get_renderer()  # type: ignore[attr-defined]
    hidden = _beyond(figure)
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            yield text, text.get_window_extent(renderer)


def _beyond(figure: Chart) -> set[int]:
    """Tick labels beyond the limits, which matplotlib keeps and does not draw."""
    found = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for one in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= one.get_loc() <= high:  # type: ignore[attr-defined]
                    found |= {id(one.label1), id(one.label2)}
    return found


def check_readable(figure: Chart) -> None:
    whole = figure.bbox
    seen = list(boxes(figure))
    for text, box in seen:
        assert box.x0 >= whole.x0 - 1, text
        assert box.x1 <= whole.x1 + 1, text
        assert box.y0 >= whole.y0 - 1, text
        assert box.y1 <= whole.y1 + 1, text
    labels = [box for text, box in seen if isinstance(text, Annotation) and text.axes is not None]
    for one, other in combinations(labels, 2):
        assert not one.overlaps(other)
    outside = [box for text, box in seen if text in figure.texts]
    for axes in figure.axes:
        drawn = axes.get_tightbbox()
        assert drawn is not None
        assert not any(box.overlaps(drawn) for box in outside)
        for key in figure.legends:
            assert not key.get_window_extent().overlaps(drawn)
            assert not any(key.get_window_extent().overlaps(box) for box in outside)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("density", "bits")])
def test_nothing_is_clipped_and_nothing_overlaps(kind: str, made: Wish) -> None:
    check_readable(draw(kind, made))


def test_density_and_bits_are_readable_too() -> None:
    chips = tuple(load_profile(name) for name in ("nvdla-full", "a100-80gb", "eyeriss-v1", "tpu-v1"))
    check_readable(draw("density", Wish(chips=chips)))
    few = wish("filter-3x3x256").of_schemes(["fp16", "w4a16", "w8a8"])
    check_readable(bits_figure(few))


@pytest.mark.parametrize(
    "figure_of", [breakdown_figure, roofline_figure, timeline_figure, lambda one: uses_figure([one])]
)
def test_one_layer_and_hundreds_make_a_readable_figure(made: Wish, figure_of: Callable[[Result], Chart]) -> None:
    many = replace(made.result, layers=made.result.layers * 20)
    assert len(many.layers) > 200
    one = estimate("filter-3x3x256", "horowitz-45nm", "int8", mapping="heuristic")
    for result in (one, many):
        figure = figure_of(result)
        check_readable(figure)
        assert max(figure.get_size_inches()) < 15


def test_unknown_costs_draw_time_or_say_that_energy_is_unknown() -> None:
    unknown = wish("filter-3x3x256", "raspberry-pi-4", ("fp32",))
    assert unknown.result.energy_pj is None
    for kind in ("energy", "schemes", "timeline"):
        check_readable(draw(kind, unknown))
    assert draw("energy", unknown).axes[0].get_xlabel().startswith("time")
    for kind in ("costs", "tornado"):
        with pytest.raises(AccelsimError, match=r"no costs|must be known"):
            draw(kind, unknown)
    with pytest.raises(AccelsimError, match="energy by level is unknown"):
        draw("energy", replace(unknown, by="level"))
    with pytest.raises(AccelsimError, match="both energy_pj and latency_s"):
        draw("pareto", replace(unknown, points=None))


def test_every_kind_says_what_it_lacks(tmp_path: Path) -> None:
    for kind in KINDS:
        with pytest.raises(AccelsimError, match=r"model|chip|sweep|area"):
            draw(kind, Wish())
    with pytest.raises(UsageError, match="did you mean roofline"):
        draw("rofline", Wish())
    written, left_out = gallery(replace(Wish(), chips=(load_profile("horowitz-45nm"),)), tmp_path / "new", ".svg")
    assert list(written) == ["costs"]
    assert set(left_out) == set(KINDS) - {"costs"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["costs.svg"]
    assert (tmp_path / "new" / "costs.svg").stat().st_size < 150_000


def test_files_carry_no_date_and_their_fonts(made: Wish, tmp_path: Path) -> None:
    """That they are the same every time is in test_plots.py."""
    svg, pdf = (save(draw("schemes", made), tmp_path / f"a{suffix}").read_bytes() for suffix in (".svg", ".pdf"))
    assert b"CreationDate" not in pdf
    assert b"dc:date" not in svg
    assert b"/FontFile2" in pdf
    assert b"<text" not in svg


# ---------------------------------------------------------------------- colors

DEUTERANOPIA = np.array([
    [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881],
])  # fmt: skip
"""Machado, Oliveira, Fernandes, IEEE TVCG 15(6), 2009, table 1, severity 1; on linear RGB."""


def lab(color: str, seen: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """CIE L*a*b* of a color as an eye sees it, D65."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(
        seen @ linear, 0, 1
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz / np.array([0.95047, 1, 1.08883]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(looks: list[tuple[str, str]]) -> None:
    """Two looks of one plot differ in hatch, or in color for a deuteranope and in lightness in a gray print."""
    for (a, hatch), (b, other) in combinations(looks, 2):
        if hatch == other:
            assert np.linalg.norm(lab(a, DEUTERANOPIA) - lab(b, DEUTERANOPIA)) > 15, (a, b)
            assert abs(lab(a, np.eye(3))[0] - lab(b, np.eye(3))[0]) > 6, (a, b)


def test_colors_are_apart_for_a_deuteranope_and_in_gray() -> None:
    levels = [f"L{depth}" for depth in range(6)]
    energy = ["multiply and add", "convert", "vector", "link", "clock", "leakage", "background", "other"]
    time = [*(cause_words(cause) for cause in CAUSES), "waiting for conversion", "waiting for vector unit"]
    apart([look(part, levels) for part in [*levels, *energy]])
    apart([look(part, levels) for part in [*(f"waiting for {level}" for level in levels), *time]])
    apart([look(part, levels) for part in ("weights (W)", "inputs (I)", "outputs (O)", "no operand")])
    apart(list(LOOKS.values()))
    with pytest.raises(AssertionError):
        apart([("#E69F00", ""), ("#56B4E9", "")])  # one gray


# ---------------------------------------------------------------------- words and numbers


def test_ticks_have_engineering_prefixes() -> None:
    shown = [tick(value, "MAC/s") for value in (0, 5e8, 2.5e9, 1e12)]
    assert shown == ["0", "500 MMAC/s", "2.5 GMAC/s", "1 TMAC/s"]
    assert [tick(value) for value in (0.05, 3, 999.9, 1500, -0.004)] == ["0.05", "3", "1k", "1.5k", "-4m"]


def test_long_titles_and_notes_wrap_and_make_the_figure_higher() -> None:
    heights = []
    for words in (1, 30, 60):
        figure = framed(6.0, 2.0, " ".join(["finding"] * words), "note " * words)
        figure.subplots().set_xlabel("x")
        check_readable(figure)
        heights.append(figure.get_size_inches()[1])
        assert figure.heading == " ".join(["finding"] * words)
    assert all(a < b for a, b in pairwise(heights))
