"""Does a result explain itself: bill, formula, frame, record and text that agree with its numbers?"""

from __future__ import annotations

import json
import re

import pytest

from accelsim.errors import InputError
from accelsim.hardware.catalog import load_profile
from accelsim.layout import paragraph, percent, table
from accelsim.simulation.costs import uses
from accelsim.simulation.demand import demand
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import engineering


@pytest.fixture(scope="module")
def alexnet() -> Result:
    return estimate("alexnet", "horowitz-45nm", "int8", mapping="heuristic")


@pytest.fixture(scope="module")
def bert() -> Result:
    return estimate("bert-base", "horowitz-45nm", "w8a16", mapping="heuristic")


# ---------------------------------------------------------------------- explain


def test_explain_fills_in_the_numbers(alexnet: Result) -> None:
    text = alexnet.explain("conv1")
    layer = alexnet.layer("conv1")
    assert "K=96 C=3 OY=55 OX=55 FY=11 FX=11" in text
    assert re.search(rf"multiply +{layer.layer.macs:,} +x 0\.2 pJ += ", text)
    assert "int8 multiply, Horowitz 2014" in text
    assert "int32 add, Horowitz 2014" in text
    assert "(derived)" in text
    assert "DRAM W read" in text
    assert f"bound by {layer.bound_by}" in text
    assert "RF keeps" in text


def test_every_line_of_the_bill_is_explained(bert: Result) -> None:
    for one in bert.layers:
        text = bert.explain(one.layer.name)
        bill = text.split("cost of, source\n")[1].split("\n\n")[0].splitlines()
        assert len(bill) == sum(1 for line in one.lines if line.count) + 1
        assert bill[-1].split()[0] == "total"


def test_explained_terms_multiply_out(alexnet: Result) -> None:
    rows = re.findall(r"(\w+ \w \w+) +([\d,]+) +x ([\d.e+]+) +x ([\d.e+-]+) pJ/bit +=", alexnet.explain("conv2"))
    assert len(rows) >= 8
    total = sum(float(count.replace(",", "")) * float(bits) * float(cost) for _, count, bits, cost in rows)
    memories = [
        line.energy_pj for line in alexnet.layer("conv2").lines if line.part == "memory" and line.operand in "WIO"
    ]
    assert total == pytest.approx(sum(energy for energy in memories if energy is not None), rel=2e-3)


def test_an_unknown_layer_names_the_nearest(alexnet: Result) -> None:
    with pytest.raises(InputError, match="did you mean conv1"):
        alexnet.explain("conv_1")


def test_static_power_is_explained_as_time_times_power() -> None:
    overrides = {"leakage_w": "0.03", "levels.RF.leakage_w": "0.001", "clock_pj_per_cycle": "5"}
    result = estimate("alexnet", load_profile("horowitz-45nm", overrides), "int8", mapping="heuristic")
    text, layer = result.explain("conv1"), result.layer("conv1")
    time = engineering(layer.cycles / 1e9, "s")
    assert "energy = count x bits x cost, and time x power" in text
    energy = engineering(layer.cycles * 0.03e-9, "J")
    assert re.search(rf"leakage +{time} +x 0\.03 W += +{energy} +chip leakage", text)
    energy = engineering(layer.cycles * 256 * 0.001e-9, "J")
    assert re.search(rf"leakage +{time} +x 256 x 0\.001 W += +{energy} +RF leakage", text)
    assert re.search(rf"clock +{layer.cycles:,.0f} +x 5 pJ/cycle", text)


def test_mapping_is_the_dataflow_or_given(alexnet: Result, bert: Result) -> None:
    assert {one.mapping for one in alexnet.layers if one.layer.macs} <= set(load_profile("horowitz-45nm").dataflows)
    assert estimate("filter-3x3x256", "horowitz-45nm", "int8").layers[0].mapping in ("optimal", "searched")
    assert {one.mapping for one in bert.layers if not one.layer.macs} == {""}
    nests = {one.layer.name: one.nest for one in alexnet.layers if one.nest is not None}
    again = estimate("alexnet", "horowitz-45nm", "int8", mapping=nests)
    assert {one.mapping for one in again.layers if one.layer.macs} == {"given"}
    assert LayerResult.__doc__ is not None
    assert '"given" (the' in LayerResult.__doc__


# ---------------------------------------------------------------------- frame


@pytest.mark.parametrize(
    "by", [["layer"], ["kind"], ["level"], ["layer", "level", "operand"], ["part", "action"], "operand"]
)
def test_a_frame_sums_to_the_result_however_it_is_cut(bert: Result, by: list[str]) -> None:
    frame = bert.to_frame(by)
    assert frame["energy_pj"].sum() == pytest.approx(bert.energy_pj, rel=1e-9)
    assert frame.attrs["units"]["energy_pj"] == "pJ"
    keys = [by] if isinstance(by, str) else by
    assert not frame.duplicated(keys).any()
    assert set(frame.attrs["units"]) == set(frame.columns) - set(keys)


def test_a_frame_by_layer_has_macs_and_cycles_of_all_repeats(bert: Result) -> None:
    frame = bert.to_frame(["layer"])
    assert frame["macs"].sum() == bert.macs
    assert frame["cycles"].sum() == pytest.approx(bert.cycles)
    dram = bert.to_frame(["level"]).set_index("level").loc["DRAM", "bits"]
    assert dram == pytest.approx(bert.dram_bits)


@pytest.mark.parametrize("by", [[], ["layer", "layer"], ["layr"]])
def test_a_frame_cut_by_nonsense_is_refused(alexnet: Result, by: list[str]) -> None:
    with pytest.raises(InputError, match="by must"):
        alexnet.to_frame(by)


# ---------------------------------------------------------------------- text


def test_repr_has_the_costliest_layers_first(alexnet: Result) -> None:
    lines = repr(alexnet).splitlines()
    assert lines[0].startswith("AlexNet (batch 1, ")
    start = next(place for place, line in enumerate(lines) if "costliest" in line) + 1
    shown = [line.split()[0] for line in lines[start:]]
    energy = [(alexnet.layer(name).energy_pj or 0) * alexnet.layer(name).layer.repeat for name in shown]
    assert energy == sorted(energy, reverse=True)
    assert energy[0] == max(one.energy_pj or 0 for one in alexnet.layers)


def test_html_escapes_what_it_shows(alexnet: Result) -> None:
    from dataclasses import replace

    hostile = replace(alexnet, network=replace(alexnet.network, title="<script>alert(1)</script>"))
    html = hostile._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<tr>") == 11


# ---------------------------------------------------------------------- record, costs, demand


def test_a_record_is_strict_json(bert: Result) -> None:
    record = json.loads(json.dumps(bert.to_dict(), allow_nan=False))
    assert record["energy_pj"] == bert.energy_pj
    assert len(record["layers"]) == len(bert.layers)


def test_a_model_without_dram_traffic_or_costs_is_still_json(alexnet: Result) -> None:
    from dataclasses import replace

    still = replace(alexnet, layers=tuple(replace(one, lines=()) for one in alexnet.layers))
    record = still.to_dict()
    assert record["macs_per_dram_byte"] is None
    json.dumps(record, allow_nan=False)


def test_every_cost_says_what_it_is_the_cost_of(bert: Result) -> None:
    found = {use.what: use for use in uses(bert)}
    assert found["fp16 multiply"].cost.value == 1.1
    assert found["DRAM read"].unit == "pJ/bit"
    assert found["DRAM read"].cost.value == pytest.approx(1300 / 64)
    assert {use.cost for use in found.values()} == set(bert.costs)


def test_demand_is_bits_over_cycles_of_multiplying(alexnet: Result) -> None:
    dram = alexnet.chip.outermost
    found = demand(alexnet, dram)
    counted = [one for one in alexnet.layers if one.nest is not None]
    bits = sum(one.bits_of("DRAM", "read", "drain", "update", "fill", "return") * one.layer.repeat for one in counted)
    assert found.needed == pytest.approx(bits / sum(one.busy["compute"] * one.layer.repeat for one in counted))
    assert found.available == pytest.approx(12.8 * 8)
    assert found.ratio == pytest.approx(found.needed / (12.8 * 8))
    assert demand(alexnet, alexnet.chip.level("RF")).ratio is None


# ---------------------------------------------------------------------- layout


def test_table_aligns_and_paragraph_wraps() -> None:
    lines = table(["a", "b"], [["x", "1"], ["long", "1000"]])
    assert lines == ["  a        b", "  x        1", "  long  1000"]
    wrapped = paragraph("word " * 60)
    assert all(len(line) <= 110 for line in wrapped)
    assert wrapped[1].startswith("    word")
    assert [percent(*pair) for pair in ((1, 3), (0.001, 1), (0, 1), (1, 0))] == ["33%", "<1%", "0%", "-"]
