"""Do plots show the numbers of the results, say the finding, and come out the same every time?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.errors import InputError, UsageError
from accelsim.explore.compare import Comparison, compare
from accelsim.explore.reasons import limits_of
from accelsim.explore.words import CAUSES, cause_words
from accelsim.hardware.catalog import load_profile
from accelsim.layout import percent
from accelsim.report.facts import MAX_PARTS, breakdown_bars, chip_costs, comparison_bars, roofline
from accelsim.report.plots import comparison_figure, cost_figure, draw_bars, draw_costs, draw_roofline
from accelsim.report.style import HATCHES, OTHER, PALETTE, look, save
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result


@pytest.fixture(scope="module")
def founding() -> Comparison:
    return compare("filter-3x3x256", "horowitz-45nm", ["fp32", "fp16", "w8a8-dequant-fp32", "int8"])


@pytest.fixture(scope="module")
def alexnet() -> Result:
    return estimate("alexnet", "horowitz-45nm", "int8", mapping="heuristic")


# ---------------------------------------------------------------------- facts


def test_bars_sum_to_the_energies(founding: Comparison) -> None:
    facts = comparison_bars(founding)
    assert (facts.quantity, facts.unit) == ("energy", "uJ")
    assert facts.names == ("fp32", "fp16", "w8a8-dequant-fp32", "int8")
    assert facts.totals == pytest.approx([(one.energy_pj or 0) * 1e-6 for one in founding.results])
    assert facts.parts["DRAM"][3] == pytest.approx((founding["int8"].energy_breakdown_pj["DRAM"] or 0) * 1e-6)
    assert facts.parts["convert"][0] == 0
    assert facts.labels[0].endswith(": reference")
    assert founding.ratios["int8"]["energy_pj"].text in facts.labels[3]


def test_the_title_states_the_finding_and_turns_with_the_numbers(founding: Comparison) -> None:
    ratio = founding.ratios["int8"]["energy_pj"].text
    assert comparison_bars(founding).title.startswith(f"One 3x3x256 filter: int8 takes {ratio} than fp32")
    turned = compare("filter-3x3x256", "horowitz-45nm", ["fp32", "int8"], "int8")
    assert "no scheme takes less energy than int8" in comparison_bars(turned).title
    wild = load_profile("horowitz-45nm", {"multiply_pj.int8": {"value": 0.2, "low": 0.1, "high": 30}})
    close = compare("filter-3x3x256", wild, ["w8a8-dequant-fp32", "int8"])
    assert "too close to call" in comparison_bars(close).title


def test_breakdown_shows_the_costliest_layers(alexnet: Result) -> None:
    facts = breakdown_bars(alexnet)
    costliest = alexnet.costliest(len(facts.names))
    assert facts.names == tuple(one.layer.name for one in costliest)
    scale = 1e-9 if facts.unit == "mJ" else 1e-6
    assert facts.totals == pytest.approx([(one.energy_pj or 0) * one.layer.repeat * scale for one in costliest])
    assert len(facts.parts) <= MAX_PARTS + 1
    assert "AlexNet in int8" in facts.title


def test_many_parts_are_gathered_in_other() -> None:
    facts = breakdown_bars(estimate("filter-3x3x256", "eyeriss-v1", "int8"))
    assert len(facts.parts) == MAX_PARTS + 1
    assert list(facts.parts)[-1] == "other"
    energy = estimate("filter-3x3x256", "eyeriss-v1", "int8").energy_pj or 0
    assert sum(facts.totals) == pytest.approx(energy * 1e-6)


def test_costs_are_those_of_the_profile() -> None:
    facts = chip_costs(load_profile("horowitz-45nm"))
    shown = dict(zip(facts.names, facts.pj, strict=True))
    assert shown["int8 multiply"] == 0.2
    assert shown["fp32 add"] == 0.9
    assert shown["32 bits from DRAM"] == pytest.approx(650)
    high = dict(zip(facts.names, facts.high, strict=True))
    assert high["32 bits from DRAM"] == pytest.approx(1300)
    assert "3,250 int8 multiplies" in facts.title
    cheaper = load_profile("horowitz-45nm", {"multiply_pj.int8": "0.4"})
    assert "1,625 int8 multiplies" in chip_costs(cheaper).title


def test_points_stand_under_the_roof(alexnet: Result) -> None:
    facts = roofline(alexnet)
    assert facts.peak_macs_per_s == 1024e9
    assert facts.bytes_per_s == pytest.approx(12.8e9)
    assert [point.name for point in facts.points] == [one.layer.name for one in alexnet.layers if one.layer.macs]
    assert 0 < sum(point.share for point in facts.points) <= 1
    for point in facts.points:
        assert point.macs_per_s <= min(facts.peak_macs_per_s, point.macs_per_byte * 12.8e9) * (1 + 1e-9)


def test_a_roofline_counts_all_the_time_as_the_verdict_does() -> None:
    """ReLUs and additions move data too: what DRAM bounds is not only layers with MACs."""
    chip = load_profile("horowitz-45nm", {"layer_overhead_s": "1e-5"})
    result = estimate("resnet50", chip, "int8", mapping="heuristic")
    facts = roofline(result)
    with_macs = sum(one.cycles * one.layer.repeat for one in result.layers if one.layer.macs)
    assert sum(point.share for point in facts.points) == pytest.approx(with_macs / result.cycles)
    others = [one for one in result.layers if not one.layer.macs and one.bound_by == "DRAM"]
    limited = dict(limits_of(result))["DRAM"]
    assert limited > sum(point.share for point in facts.points if point.bound_by == "DRAM")
    assert others
    assert facts.title.endswith(f"layers bound by DRAM take {percent(limited, 1)} of the time")
    assert sum(dict(limits_of(result)).values()) == pytest.approx(1 - len(result.layers) * 1e-5 / result.latency_s)


# ---------------------------------------------------------------------- drawing


def test_axes_have_units_and_colors_are_of_the_palette(founding: Comparison) -> None:
    facts = comparison_bars(founding)
    figure = draw_bars(facts, 1.6)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "energy (uJ)"
    assert figure.heading == facts.title
    assert [text.get_text() for text in figure.texts][: facts.title.count("\n") + 1] == facts.title.split("\n")
    assert [label.get_text() for label in axes.get_yticklabels()] == list(facts.names)
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([value for values in facts.parts.values() for value in values])
    assert {matplotlib_hex(bar.get_facecolor()) for bar in axes.patches} <= {color.lower() for color in PALETTE}


def test_a_part_looks_the_same_in_every_plot(founding: Comparison) -> None:
    plots = [
        comparison_bars(founding),  # converts
        breakdown_bars(founding["fp32"]),  # does not
        breakdown_bars(estimate("filter-3x3x256", "eyeriss-v1", "int8")),
        breakdown_bars(estimate("alexnet", "tpu-v1", "int8", mapping="heuristic")),
    ]
    seen: dict[str, set[tuple[str, str]]] = {}
    for facts in plots:
        drawn = draw_bars(facts, 1.6).axes[0].containers
        looks = {
            str(part.get_label()).removeprefix("_"): (
                matplotlib_hex(part[0].get_facecolor()),
                part[0].get_hatch() or "",
            )
            for part in drawn
        }
        assert list(looks) == list(facts.parts)
        assert len(set(looks.values())) == len(looks)
        for part, one in looks.items():
            seen.setdefault(f"memory {facts.levels.index(part)}" if part in facts.levels else part, set()).add(one)
    assert {"memory 0", "memory 4", "multiply and add", "convert", "vector", "background"} <= set(seen)
    assert {part: looks for part, looks in seen.items() if len(looks) > 1} == {}


def test_parts_of_one_plot_never_look_alike() -> None:
    levels = [f"L{depth}" for depth in range(len(PALETTE))]
    energy = ["multiply and add", "convert", "vector", "link", "clock", "leakage", "background"]
    time = [*(cause_words(cause) for cause in CAUSES), "waiting for conversion", "waiting for vector unit"]
    for parts in ([*levels, *energy, "other"], [*(f"waiting for {level}" for level in levels), *time, "other"]):
        looks = [look(part, levels) for part in parts]
        assert len(set(looks)) == len(looks)
        assert looks[-1] == (OTHER, "")
        assert {color for color, _ in looks[:-1]} <= set(PALETTE)
        assert {hatch for _, hatch in looks} <= set(HATCHES)
    assert look("waiting for L0", levels) == look("L0", levels)


def matplotlib_hex(color: object) -> str:
    from matplotlib.colors import to_hex

    return to_hex(color)  # type: ignore[arg-type]


def test_roofline_axes_have_units(alexnet: Result) -> None:
    (axes,) = draw_roofline(roofline(alexnet)).axes
    assert axes.get_xlabel() == "MACs per byte of DRAM traffic"
    assert "MACs per s" in axes.get_ylabel()
    assert axes.get_xscale() == axes.get_yscale() == "log"


@pytest.mark.parametrize(("suffix", "magic"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_a_saved_plot_is_the_same_every_time(founding: Comparison, tmp_path: Path, suffix: str, magic: bytes) -> None:
    first, second = (save(comparison_figure(founding), tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
    assert first.startswith(magic)
    assert first == second


def test_plots_hang_on_results(founding: Comparison, alexnet: Result) -> None:
    assert "int8" in founding.plot()._repr_svg_()
    assert alexnet.plot.breakdown().axes
    assert alexnet.plot.roofline().axes


def test_what_cannot_be_saved_is_refused_and_nothing_is_left(founding: Comparison, tmp_path: Path) -> None:
    figure = comparison_figure(founding)
    with pytest.raises(UsageError, match=r"\.svg, \.png, \.pdf"):
        save(figure, tmp_path / "x.jpg")
    with pytest.raises(InputError, match="there is no folder"):
        save(figure, tmp_path / "none" / "x.svg")
    (tmp_path / "d.svg").mkdir()
    with pytest.raises(InputError, match="is a directory"):
        save(figure, tmp_path / "d.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["d.svg"]


def test_plots_leave_pyplot_alone() -> None:
    code = (
        "import sys, accelsim as sim; from accelsim.report.plots import cost_figure; "
        "cost_figure(sim.load_profile('horowitz-45nm')); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "False", done.stderr


def test_a_chip_without_costs_has_no_cost_plot() -> None:
    from dataclasses import replace

    chip = load_profile("horowitz-45nm")
    bare = replace(
        chip,
        multiply_table=(),
        add_table=(),
        levels=tuple(replace(level, read_pj_per_bit=None) for level in chip.levels),
    )
    with pytest.raises(InputError, match="lists no costs"):
        cost_figure(bare)


def test_the_title_names_several_chips_once() -> None:
    title = comparison_bars(compare("filter-3x3x256", ["horowitz-45nm", "tpu-v1"], ["int8"], "tpu-v1")).title
    assert title.count("horowitz-45nm") == title.count("tpu-v1") == 1
    assert title.endswith("\nsearched mapping for energy")


def test_a_cost_of_nothing_is_labeled_and_only_drawn_marks_are_explained() -> None:
    from dataclasses import replace

    facts = chip_costs(load_profile("horowitz-45nm"))
    rows = len(facts.names)
    bare = replace(facts, pj=(0.0, *facts.pj[1:]), low=(0.0, *facts.pj[1:]), high=(0.0, *facts.pj[1:]))
    (axes,) = draw_costs(replace(bare, derived=(True, *[False] * (rows - 1)))).axes
    assert axes.get_xlabel() == "energy per operation (pJ)"
    assert [label.get_position()[1] for label in axes.texts if label.get_text() == "0"] == [0]
    figure = draw_costs(replace(facts, derived=(True, *[False] * (rows - 1))))
    note = " ".join(text.get_text() for text in figure.texts)
    assert "Pale: derived" in note
    assert "Whiskers: published range" in note
    assert len(figure.axes[0].texts) == rows
    plain = draw_costs(replace(facts, derived=(False,) * rows, low=facts.pj, high=facts.pj, note=""))
    assert not any(mark in text.get_text() for text in plain.texts for mark in ("Pale", "Whiskers"))
