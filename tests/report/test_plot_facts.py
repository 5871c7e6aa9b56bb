"""Are the facts of every plot the numbers of the results, chips and sweeps that they come from?"""

from __future__ import annotations

from dataclasses import replace
from math import isinf, isnan, nan

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError, UsageError
from accelsim.explore.compare import compare
from accelsim.explore.pareto import pareto
from accelsim.hardware.catalog import list_profiles, load_profile
from accelsim.report.facts import (
    bit_curves,
    bit_schemes,
    ceilings,
    chip_costs,
    compute_density,
    energy_bars,
    front_facts,
    heat_map,
    roofline,
    timeline,
    tornado_bars,
    weight_uses,
)
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result
from accelsim.workload.catalog import load_workload


@pytest.fixture(scope="module")
def keywords() -> Result:
    return estimate("ds-cnn", "horowitz-45nm", "int8", mapping="heuristic")


@pytest.fixture(scope="module")
def dense() -> Result:
    return estimate("autoencoder", "horowitz-45nm", "int8", mapping="heuristic")


@pytest.mark.parametrize("by", ["level", "operand"])
def test_energy_by_level_and_operand_sums_to_the_energy(keywords: Result, by: str) -> None:
    facts = energy_bars(keywords, by)
    assert facts.unit == "uJ"
    assert sum(facts.totals) == pytest.approx((keywords.energy_pj or 0) * 1e-6)
    frame = keywords.to_frame(by=["part", "level", "operand"])
    dram = frame[(frame.part == "memory") & (frame.level == "DRAM")]
    weights = dram[dram.operand == "W"].energy_pj.sum() * 1e-6
    bar, part = ("DRAM", "weights (W)") if by == "level" else ("weights (W)", "DRAM")
    assert facts.parts[part][facts.names.index(bar)] == pytest.approx(weights)
    if by == "level":
        assert dict(zip(facts.names, facts.totals, strict=True))["DRAM"] == pytest.approx(dram.energy_pj.sum() * 1e-6)
    with pytest.raises(UsageError, match="did you mean level"):
        energy_bars(keywords, "levels")


def test_costs_show_ratios_and_other_sizes() -> None:
    facts = chip_costs(load_profile("horowitz-45nm"))
    rows = {name: place for place, name in enumerate(facts.names)}
    assert facts.unit_name == "int8 multiply"
    assert facts.ratios[rows["32 bits from DRAM"]] == pytest.approx(650 / 0.2)
    assert facts.ratios[rows["int8 multiply"]] == 1
    sizes = [rows[name] for name in rows if "SRAM" in name]
    assert [facts.pj[row] for row in sizes] == sorted(facts.pj[row] for row in sizes)
    assert [facts.derived[row] for row in sizes] == [True, True, True, False]
    assert facts.pj[rows["32 bits from SRAM of 1 MiB"]] == 50
    assert "Horowitz 2014" in facts.note


def test_curves_are_the_results() -> None:
    names = [name for name in bit_schemes((4, 8, 16)) if name != "w4a4"]
    results = {name: estimate("filter-3x3x256", "horowitz-45nm", name, mapping="heuristic") for name in names}
    facts = bit_curves(results, (4, 8, 16))
    assert facts.left_out == ("w4a4",)
    energy, time, traffic = facts.panels
    assert energy.values["native"][0] is None
    assert energy.values["native"][1] == pytest.approx((results["w8a8"].energy_pj or 0) * 1e-6)
    assert time.values["weight-only"][0] == pytest.approx(results["w4a16"].latency_s * 1e6)
    assert traffic.values["weight-only"][2] == pytest.approx(results["fp16"].dram_bits / 8e6)
    assert (energy.unit, time.unit, traffic.unit) == ("uJ", "us", "MB")
    less = (results["fp16"].energy_pj or 0) / (results["w4a16"].energy_pj or 1)
    assert f"{less:.2f}x with 4-bit weights alone" in facts.title
    with pytest.raises(InputError, match="runs none of them"):
        bit_curves({})


def test_ceilings_are_rates_times_pes(dense: Result) -> None:
    chip = dense.chip
    assert [(one.formats, one.macs_per_s) for one in ceilings(chip)] == [
        ("int8", 4 * 256e9), ("fp16, bf16, int16", 2 * 256e9), ("fp32", 256e9),
    ]  # fmt: skip
    other = estimate("autoencoder", "horowitz-45nm", "fp16", mapping="heuristic")
    both = roofline(dense, other)
    assert {point.scheme for point in both.points} == {"int8", "fp16"}
    assert len(both.points) == 2 * len(roofline(dense).points)
    with pytest.raises(InputError, match="one chip"):
        roofline(dense, estimate("autoencoder", "tpu-v1", "int8", mapping="heuristic"))


def test_density_is_rate_over_area_and_lists_who_has_none() -> None:
    chips = [load_profile(name) for name in ("nvdla-full", "eyeriss-v1", "horowitz-45nm")]
    facts = compute_density(chips)
    nvdla = chips[0]
    assert nvdla.area_mm2 is not None
    rate = float(nvdla.macs_per_pe_cycle("int8", "int8").value) * nvdla.pes * nvdla.clock_hz.value
    assert facts.macs_per_s_mm2["nvdla-full", "int8"] == pytest.approx(rate / nvdla.area_mm2.value)
    assert facts.left_out == ("horowitz-45nm",)
    assert facts.chips == ("nvdla-full", "eyeriss-v1")
    with pytest.raises(InputError, match="horowitz-45nm has none"):
        compute_density(chips[2:])
    every = compute_density([load_profile(entry.name) for entry in list_profiles()])
    assert set(every.chips).isdisjoint(every.left_out)


def test_a_weight_of_a_linear_layer_is_used_once_per_item(dense: Result) -> None:
    more = estimate(load_workload("autoencoder", batch=8), "horowitz-45nm", "int8", mapping="heuristic")
    facts = weight_uses([dense, more])
    assert set(facts.series) == {"batch 1", "batch 8"}
    assert set(facts.series["batch 1"]) == {1.0}
    assert set(facts.series["batch 8"]) == {8.0}
    assert facts.title.endswith("used once at batch 1, 8.0 times at batch 8") or "8 times" in facts.title
    assert facts.balance["batch 1"] == pytest.approx(1024 * 8 / 102.4, rel=0.02)
    kept = estimate("ds-cnn", "horowitz-45nm", "int8", mapping="heuristic", keep_weights=True)
    assert all(map(isinf, weight_uses([kept]).series["batch 1"]))
    assert "never fetched" in weight_uses([kept]).title
    with pytest.raises(InputError, match="different layers"):
        weight_uses([dense, kept])


def test_a_timeline_is_as_long_as_the_pass() -> None:
    slow = load_profile("horowitz-45nm", {"layer_overhead_s": "1e-5"})
    result = estimate("ds-cnn", slow, "int8", mapping="heuristic")
    facts = timeline(result)
    assert facts.unit == "us"
    assert facts.ends[-1] == pytest.approx(result.latency_s * 1e6)
    assert facts.starts == (0.0, *facts.ends[:-1])
    assert facts.names[-1] == "fixed"
    first = next(one for one in result.layers if one.cycles)
    assert facts.ends[0] == pytest.approx(first.cycles * first.layer.repeat / result.chip.clock_hz.value * 1e6)
    for place, one in enumerate(one for one in result.layers if one.cycles):
        shares = {name: values[place] for name, values in facts.busy.items()}
        assert all(0 <= share <= 1 for share in shares.values())
        assert shares["array"] == pytest.approx(min(one.busy.get("compute", 0.0) / one.cycles, 1))


@given(
    st.dictionaries(
        st.tuples(st.sampled_from([8, 16, 32]), st.sampled_from(["64 KiB", "1 MiB", "256 KiB"]), st.booleans()),
        st.sampled_from([1.0, 2.0, 30.0, nan]), min_size=2,
    )
)  # fmt: skip
def test_a_cell_is_the_best_of_its_points(cells: dict[tuple[int, str, bool], float]) -> None:
    rows = [
        {"array.rows": x, "levels.SRAM.capacity": y, "energy_pj": value * 1e9} for (x, y, _), value in cells.items()
    ]
    if all(isnan(value) for value in cells.values()):
        with pytest.raises(UsageError, match="no point has a known energy_pj"):
            heat_map(rows, "array.rows", "levels.SRAM.capacity")
        return
    facts = heat_map(rows, "array.rows", "levels.SRAM.capacity", "energy")
    assert list(facts.ys) == [size for size in ("64 KiB", "256 KiB", "1 MiB") if size in facts.ys]
    assert list(map(int, facts.xs)) == sorted({x for x, _, _ in cells})
    known = {}
    for up, y in enumerate(facts.ys):
        for across, x in enumerate(facts.xs):
            own = [value for (a, b, _), value in cells.items() if str(a) == x and b == y]
            finite = [value for value in own if not isnan(value)]
            cell = facts.cells[up][across]
            assert cell == pytest.approx(min(finite)) if finite else isnan(cell)
            assert ((up, across) in facts.failed) == (bool(own) and not finite)
            if finite:
                known[up, across] = min(finite)
    assert known[facts.best] == min(known.values())
    assert facts.log == (max(known.values()) / min(known.values()) >= 10)


def test_a_heat_map_finds_its_parameters_or_says_what_is_missing() -> None:
    rows = [{"scheme": s, "array.rows": r, "energy_pj": r} for s in ("a", "b") for r in (1.0, 2.0)]
    facts = heat_map(pd.DataFrame(rows))
    assert (facts.x, facts.y) == ("scheme", "array.rows")
    assert "Least energy, 1.00 pJ, at scheme a and array.rows 1" in facts.title
    assert "mobilenetv2: least energy" in heat_map([row | {"workload": "mobilenetv2"} for row in rows]).title
    batches = [row | {"batch": n} for row in rows for n in (1, 2)]
    assert (
        heat_map(batches, "scheme", "array.rows").note
        == "8 points. Each cell is the best of up to 2 points, over batch."
    )
    with pytest.raises(UsageError, match="two parameters that vary; the points vary scheme"):
        heat_map([row for row in rows if row["array.rows"] == 1])
    with pytest.raises(UsageError, match="got scheme twice"):
        heat_map(rows, "scheme", "scheme")


def test_a_front_is_drawn_from_its_points() -> None:
    found = compare("filter-3x3x256", "horowitz-45nm", ["fp32", "fp16", "int8"], mapping="heuristic")
    facts = front_facts(pareto(found))
    (name, x, y), *_ = facts.on
    assert name == "int8"
    assert x == pytest.approx((found["int8"].energy_pj or 0) * 1e-6)
    assert facts.units[0] == "uJ"
    assert len(facts.on) + len(facts.off) == 3
    assert y == pytest.approx(found["int8"].latency_s * 1e6)
    with pytest.raises(UsageError, match="two metrics"):
        front_facts(pareto(found, ["energy"]))


def test_a_tornado_is_that_of_the_uncertainty() -> None:
    result = estimate("filter-3x3x256", "horowitz-45nm", "int8", mapping="heuristic")
    made = result.uncertainty().tornado()
    facts = tornado_bars(made)
    assert facts.ranged
    assert facts.names == tuple(one.cost for one in made.ranged)
    assert facts.high[0] == pytest.approx(made.ranged[0].at_most * 1e-6)
    assert facts.value == pytest.approx((result.energy_pj or 0) * 1e-6)
    assert facts.left_out == len(made.swings) - len(made.ranged)
    assert not tornado_bars(replace(made, swings=tuple(one for one in made.swings if one.least == one.most))).ranged
    with pytest.raises(InputError, match="nothing to draw"):
        tornado_bars(replace(made, swings=()))
