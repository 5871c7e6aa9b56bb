"""Does what a chip draws all the time go on in its fixed times, and is every view of the result the same sum?"""

import re
from pathlib import Path

import pytest

from accelsim.explore.robust import bill
from accelsim.hardware.catalog import load_profile
from accelsim.simulation.costs import uses
from accelsim.simulation.estimate import estimate
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape

TINY = str(Path(__file__).parents[1] / "engine" / "data" / "tiny.yaml")
POWER = {"leakage_w": "0.002", "clock_pj_per_cycle": "3", "levels.buffer.leakage_w": "0.001"}
FIXED = {"step_overhead_s": "1e-6", "layer_overhead_s": "1e-7"}
NETWORK = Network(
    "pair",
    (
        Layer("first", "linear", Shape.gemm(M=4, N=8, K=8), inputs=("input",), repeat=2),
        Layer("last", "softmax", inputs=("first",), vector_ops=(("exp", 32),), input_elements=32, output_elements=32),
    ),
)
SECONDS = 1e-6 + 3 * 1e-7
EXTRA = SECONDS * 0.003e12 + SECONDS * 1e9 * 3  # W x s in pJ, and pJ per cycle


@pytest.fixture(scope="module")
def prompt():
    return estimate(NETWORK, load_profile(TINY, POWER), "fp32")


@pytest.fixture(scope="module")
def delayed():
    return estimate(NETWORK, load_profile(TINY, POWER | FIXED), "fp32")


def test_static_power_goes_on_in_fixed_times(prompt, delayed):
    assert delayed.overhead_energy_pj == pytest.approx(EXTRA)
    assert delayed.energy_pj - prompt.energy_pj == pytest.approx(EXTRA)
    assert [(line.part, line.place) for line in delayed.overhead_lines] == [
        ("clock", "chip"), ("leakage", "buffer"), ("leakage", "chip"),
    ]  # fmt: skip
    assert prompt.overhead_lines == ()
    assert prompt.overhead_energy_pj == 0


def test_idle_power_alone_is_drawn_too():
    result = estimate(NETWORK, load_profile(TINY, FIXED | {"idle_w": "0.5"}), "fp32")
    assert result.overhead_energy_pj == pytest.approx(SECONDS * 0.5e12)
    assert result.average_power_w > 0.5


def test_every_view_is_the_same_sum(prompt, delayed):
    for result in (prompt, delayed):
        assert result.energy_pj == pytest.approx(sum(result.energy_breakdown_pj.values()))
        assert result.energy_pj == pytest.approx(sum(line.energy_pj * times for line, times in result.bill()))
        assert result.energy_pj == pytest.approx(sum(units * key[-1].value for key, units in bill(result).items()))
        record = result.to_dict()
        layers = sum(layer["energy_pj"] * layer["repeat"] for layer in record["layers"])
        assert record["energy_pj"] == pytest.approx(layers + record["overhead_energy_pj"])
        for by in (["layer"], ["kind"], ["part"], ["layer", "level", "operand"]):
            assert result.to_frame(by)["energy_pj"].sum() == pytest.approx(result.energy_pj), by
        assert result.to_frame(["layer"])["cycles"].sum() == pytest.approx(result.cycles)
    assert delayed.energy_breakdown_pj["leakage"] - prompt.energy_breakdown_pj["leakage"] == pytest.approx(
        SECONDS * 0.003e12
    )
    assert delayed.to_dict()["overhead_s"] == pytest.approx(SECONDS)


def test_the_frame_names_the_fixed_times(prompt, delayed):
    (row,) = delayed.to_frame(["layer", "kind"]).query("layer == 'fixed'").to_dict("records")
    assert row["kind"] == "fixed"
    assert row["cycles"] == pytest.approx(SECONDS * 1e9)
    assert row["energy_pj"] == pytest.approx(EXTRA)
    assert "fixed" not in set(prompt.to_frame(["layer"])["layer"])
    powerless = estimate(NETWORK, load_profile(TINY, FIXED), "fp32")
    assert powerless.energy_pj == pytest.approx(powerless.to_frame(["layer"])["energy_pj"].sum())
    assert powerless.to_frame(["layer"])["cycles"].sum() == pytest.approx(powerless.cycles)


def test_explain_tells_of_the_fixed_times(prompt, delayed):
    text = delayed.explain("first")
    assert re.search(r"the pass takes 1\.30 us of fixed time, in which the chip draws 7\.80 nJ", text)
    assert "fixed time" not in prompt.explain("first")


def test_a_pass_of_only_fixed_time_names_its_costs():
    nothing = Network("nothing", (Layer("copy", "other", input_elements=0, output_elements=0),))
    result = estimate(nothing, load_profile(TINY, POWER | FIXED), "fp32")
    assert {use.what for use in uses(result)} == {"chip clock", "buffer leakage", "chip leakage"}
    assert len(result.costs) == 3


def test_parts_of_a_bill_are_summed_by_name_and_place(delayed):
    layer = delayed.layer("first")
    macs = 4 * 8 * 8
    assert layer.energy_of("multiply", "add") == pytest.approx(macs * (4 + 1))
    assert layer.energy_of("leakage", place="buffer") == pytest.approx(layer.cycles * 0.001e3)
