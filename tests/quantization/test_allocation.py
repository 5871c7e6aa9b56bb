"""Does an allocation keep what it promises: exact sums, shared formats, a scheme that estimates the same?"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import accelsim as sim
from accelsim.errors import InfeasibleError, InputError, UnsupportedError, UsageError
from accelsim.explore.allocation_front import front_of
from accelsim.quantization.allocation import Allocator, LayerErrors, allocator, read_errors, trace_errors
from accelsim.quantization.allocation.noise import noise
from accelsim.quantization.allocation.tensors import sharing

CHOICES = ("w4a4", "w4a8", "w8a8")


@pytest.fixture(scope="module")
def costed() -> Allocator:
    return allocator("resnet8", "horowitz-45nm", CHOICES)


def test_uniform_sums_are_the_simulated_ones(costed: Allocator) -> None:
    assert set(costed.uniform) == set(CHOICES)
    alone = sim.estimate("resnet8", "horowitz-45nm", "w8a8", mapping="heuristic")
    results = {**costed.choices.results, "w8a8": alone}
    for name, totals in costed.uniform.items():
        assert totals["energy_pj"] == pytest.approx(results[name].energy_pj, rel=1e-12)
        assert totals["latency_s"] == pytest.approx(results[name].latency_s, rel=1e-12)
        assert totals["weight_bytes"] == results[name].memory.weight_bytes


@pytest.mark.parametrize(
    ("minimize", "budget"),
    [
        ("energy", {"error": "20%"}), ("edp", {"error": "40%"}), ("error", {"energy": "50%"}),
        ("error", {"memory": "50%", "latency": "80%"}), ("error", {"edp": "30%"}), ("latency", {"bops": "50%"}),
    ],
)  # fmt: skip
def test_the_scheme_file_estimates_what_was_simulated(
    costed: Allocator, minimize: str, budget: dict[str, str], tmp_path: Path
) -> None:
    found = costed.allocate(minimize, budget)
    assert found.solution.proven
    again = sim.estimate("resnet8", "horowitz-45nm", found.save(tmp_path / "s.yaml"), mapping="heuristic")
    assert again.energy_pj == found.simulated["energy_pj"]
    assert again.latency_s == found.simulated["latency_s"]
    assert again.memory.weight_bytes == found.totals["weight_bytes"]
    assert found.broken == ()
    for name, most in found.solution.budgets.items():
        assert found.totals[name] <= most
    for one in found.layers:
        output = again.scheme.output_format(one.layer, again.network).name
        assert output == dict(_ties(found, one.layer.name)).get("writes", output)


def _ties(found: Any, name: str) -> list[tuple[str, str]]:
    """What the option of a layer said that its result is stored in."""
    option = found._options[name]
    group = sharing(found.result.network).writes[name]
    return [("writes", value) for variable, value in option.ties if variable == group]


def test_what_is_read_together_is_stored_alike(costed: Allocator) -> None:
    found = costed.allocate("energy", {"error": "60%"})
    assert len({one.activation for one in found.layers}) > 1, "a mixed allocation is needed to see it"
    network, read = found.result.network, {one.layer.name: one.activation for one in found.layers}
    stored = {one.layer.name: one.output for one in found.layers}
    for layer in network.layers:
        for producer in layer.inputs:
            assert producer == "input" or stored[producer] == read[layer.name], (producer, layer.name)


def test_sums_leave_out_what_else_stays_on_chip_and_say_by_how_much() -> None:
    """With little room on chip, a mixed scheme keeps other activations there than the uniform ones do."""
    chip = sim.load_profile("horowitz-45nm", {"levels.SRAM.capacity": "16KiB"})
    whole = sim.load_workload("resnet8")
    found = allocator(replace(whole, layers=whole.layers[:5]), chip, ("w4a4", "w8a8"))
    mixed = found.allocate("edp", {"error": "50%"})
    assert mixed.gap["energy_pj"] == pytest.approx(
        (mixed.result.energy_pj or 0) / mixed.totals["energy_pj"] - 1, abs=1e-15
    )
    assert mixed.gap["error"] == mixed.gap["bops"] == 0
    assert 1e-3 < mixed.gap["energy_pj"] < 0.2
    tight = found.allocate("error", {"energy": mixed.totals["energy_pj"]})
    assert tight.simulated["energy_pj"] > tight.solution.budgets["energy_pj"]
    assert "over the budget of" in tight.broken[0]


def test_repeats_count_and_the_cache_has_one_format() -> None:
    found = sim.allocate("gpt2/decode", "horowitz-45nm", ("w4a4", "w8a8"), budget={"error": "30%"})
    assert found.scheme.kv_format.name == "int8"
    assert all(own.kv_format.name == "int8" for _, own in found.scheme.overrides)
    network = found.result.network
    repeated = next(one for one in found.layers if one.layer.repeat > 1 and one.weight)
    result = found.result.layer(repeated.layer.name)
    assert repeated.measures["energy_pj"] == pytest.approx((result.energy_pj or 0) * repeated.layer.repeat, rel=1e-6)
    assert sum(one.measures["weight_bytes"] for one in found.layers) == found.result.memory.weight_bytes
    assert network.tied_parameters > 0, "a tied table is stored once"


def test_choices_that_the_chip_cannot_multiply_are_left_out_with_a_note() -> None:
    found = sim.allocate("resnet8", "tpu-v1", ("fp32", "w4a8", "w8a8"), minimize="latency", budget={"error": "100%"})
    assert set(found.chosen.values()) <= {"w4a8", "w8a8"}
    assert any(note.startswith("fp32 is left out: ") for note in found.notes)
    with pytest.raises(UnsupportedError, match="tpu-v1 must support a choice; fp32 is left out"):
        allocator("resnet8", "tpu-v1", ["fp32"])


def test_a_layer_without_an_error_keeps_the_widest_choice(costed: Allocator) -> None:
    """Nothing is ever counted as losing nothing."""
    names = [layer.name for layer in costed.network.layers if layer.weight_elements]
    free = {name: {"w4a4": 1.0, "w4a8": 0.5, "w8a8": 0.1} for name in names[2:4]}
    found = sim.allocate("resnet8", "horowitz-45nm", CHOICES, errors=free)
    for one in found.layers:
        if one.weight and one.layer.name not in free:
            assert one.choice == "w8a8"
    assert any("no error is given of" in note for note in found.notes)
    assert found.chosen[names[2]] != "w8a8"


def test_noise_of_formats_falls_by_four_for_each_bit() -> None:
    from accelsim.precision import parse_format

    lost = [noise(parse_format(f"int{bits}")) for bits in (4, 5, 6, 7)]
    ratios = [wide / narrow for wide, narrow in pairwise(lost)]
    assert all(2.5 < ratio < 4.2 for ratio in ratios), "6 dB less what a wider clip costs"


def test_errors_of_real_weights_are_taken(costed: Allocator) -> None:
    import numpy as np

    random = np.random.default_rng(1)
    name = next(layer.name for layer in costed.network.layers if layer.weight_elements)
    heavy = random.standard_t(2, size=(16, 27)).astype(np.float32)
    table = sim.quantization_error({name: heavy}, list(CHOICES), clip="mse")
    found = allocator("resnet8", "horowitz-45nm", CHOICES, errors=table)
    assert "noise of the tensors" in found.errors.source
    assert found.errors.rows[name]["w4a8"] > costed.errors.rows[name]["w4a8"], "outliers cost more than a Gaussian"
    assert found.errors.rows["fc" if "fc" in found.errors.rows else name]["w8a8"] > 0
    assert "no weights of" in found.errors.notes[0]
    with pytest.raises(InputError, match="must have an error for fp16; it has"):
        front_of(found, points=1, uniform=("fp16",))


def test_the_front_marks_what_is_dominated(costed: Allocator) -> None:
    front = front_of(costed, ("energy_pj", "error"), points=3)
    rows = front.rows
    for row in rows:
        beaten = any(
            other["energy_pj"] <= row["energy_pj"]
            and other["error"] <= row["error"]
            and (other["energy_pj"], other["error"]) != (row["energy_pj"], row["error"])
            for other in rows
        )
        assert row["dominated"] is beaten, row["name"]
    assert {row["kind"] for row in rows} == {"uniform", "mixed"}
    more = front_of(costed, ("energy_pj", "error", "weight_bytes"), points=1, uniform=("fp16", "w8a8")).rows
    assert [row["name"] for row in more if row["kind"] == "uniform"] == [*costed.uniform, "fp16"]
    wide = next(row for row in more if row["name"] == "fp16")
    again = sim.estimate(costed.network, costed.chip, "fp16", mapping=costed.mapping)
    assert (wide["energy_pj"], wide["latency_s"]) == (again.energy_pj, again.latency_s)
    assert wide["error"] == min(row["error"] for row in more)
    with pytest.raises(UsageError, match="between error and a cost"):
        sim.allocation_front("resnet8", "horowitz-45nm", metrics=("energy", "latency"))
    with pytest.raises(UsageError, match="once each; got fp32, fp32"):
        sim.allocation_front("resnet8", "horowitz-45nm", uniform=("fp32", "fp32"))


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"error": 1e-9}, "no allocation has error of at most 1e-09; the nearest that can be reached is 0.00"),
        ({"energy": "1 nJ"}, "no allocation has energy_pj of at most 1.00 nJ; the nearest that can be reached is "),
        ({"memory": "100%", "edp": "1 pJ*s"}, "edp_pj_s of at most 1.00 pJ\\*s with weight_bytes of at most "),
    ],
)
def test_budgets_that_nothing_meets_name_the_nearest(
    costed: Allocator, budget: dict[str, float | str], words: str
) -> None:
    with pytest.raises(InfeasibleError, match=words):
        costed.allocate("energy", budget)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"eror": 1.0}, "did you mean error"),
        ({"energy": "2 kg"}, "budget of energy must be in pJ; got '2 kg'"),
        ({"energy": "-1 J"}, "finite and at least 0"),
        ({"energy": float("nan")}, "finite and at least 0"),
        ({"energy": "120%"}, "0% to 100%"),
        ({"memory": "1 MB"}, "1000 or 1024"),
        ({"energy": 1.0, "energy_pj": 2.0}, "must be given once"),
    ],
)
def test_wrong_budgets_are_told(costed: Allocator, budget: dict[str, float | str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        costed.allocate("energy", budget)


def test_a_chip_without_costs_still_has_time() -> None:
    found = sim.allocate("resnet8", "stm32-mcu", ("w8a8",), minimize="latency")
    assert "energy_pj" not in found.totals
    with pytest.raises(UsageError, match="stm32-mcu gives no cost of energy"):
        sim.allocate("resnet8", "stm32-mcu", ("w8a8",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,w4a4\nconv,1\n", "columns must be layer and choices"),
        ("layer,w4a4\nconv,1\nconv,2\n", r"e\.csv:3: layer 'conv' must stand once"),
        ("layer,w4a4\nconv,x\n", r"e\.csv:2: w4a4: an error must be a finite number of at least 0; got 'x'"),
        ("layer,w4a4\nconv,nan\n", "finite number"),
        ("layer,w4a4\nconv,1,2\n", "a row must have 2 cells; got 3"),
        ("", "got nothing"),
    ],
)
def test_wrong_tables_are_told_by_line(text: str, words: str, tmp_path: Path) -> None:
    place = tmp_path / "e.csv"
    place.write_text(text)
    with pytest.raises(InputError, match=words):
        read_errors(place)


def test_wrong_errors_and_choices_are_told(tmp_path: Path) -> None:
    cases: list[tuple[Any, str]] = [
        ({"con1": {"w8a8": 1.0}}, "'con1' must be a layer of resnet8"),
        ({}, "at least one layer"),
        ({"conv": {"w4a4": 1.0}}, "must have an error for w8a8; it has w4a4"),
        (LayerErrors({"conv": {"w8a8": -1.0}}), "at least 0"),
        (tmp_path / "none.csv", "No such file"),
    ]
    for errors, words in cases:
        with pytest.raises(InputError, match=words):
            allocator("resnet8", "horowitz-45nm", ["w8a8"], errors=errors)
    with pytest.raises(InputError, match="must have a trace and squared errors"):
        trace_errors({"conv": 1.0}, {})
    with pytest.raises(UsageError, match="each once"):
        allocator("resnet8", "horowitz-45nm", ["w8a8", "w8a8"])
    with pytest.raises(InputError, match="is not a scheme"):
        allocator("resnet8", "horowitz-45nm", ["v8a8"])
