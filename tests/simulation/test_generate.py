"""Is a generation the sum of its steps, each as it is estimated by itself?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import InputError, UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.simulation import generate as generating
from accelsim.simulation.estimate import estimate
from accelsim.simulation.generation.result import Generation
from accelsim.workload.catalog import load_workload

SMALL = """
name: small
transformer: {hidden: 48, intermediate: 80, layers: 3, heads: 4, kv_heads: 2, vocabulary: 101, rotary: 12WINDOW}
"""
PROMPT, NEW = 23, 24


def generate(*given, **named):
    """Generate with searched mappings, as estimates have them; the heuristic, its default, is asked for by name."""
    return generating.generate(*given, **{"mapping": "optimal", **named})


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A decoder with grouped queries."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("WINDOW", ""))
    return path


def check_equal_to_estimates(model: Path, made: Generation, **how: object) -> None:
    """Every step and all sums are those of estimates in the same mappings."""
    results = []
    for context in range(PROMPT + 1, PROMPT + NEW + 1):
        network = load_workload(f"{model}/decode", batch=made.batch, context=context)
        nests = made.steps.nests(context)
        own = {**how, "mapping": nests} if nests else how
        results.append(estimate(network, made.chip, made.scheme, **own))  # type: ignore[arg-type]
    energies = np.array([np.nan if one.energy_pj is None else one.energy_pj for one in results])
    assert made.step_energy_pj == pytest.approx(energies, rel=1e-9, nan_ok=True)
    assert made.step_latency_s == pytest.approx(np.array([one.latency_s for one in results]), rel=1e-9)
    decode = made.decode
    assert decode.macs == sum(one.macs for one in results)
    assert decode.dram_read_bits == sum(one.dram_read_bits for one in results)
    assert decode.dram_write_bits == sum(one.dram_write_bits for one in results)
    assert decode.latency_s == pytest.approx(sum(one.latency_s for one in results), rel=1e-9)
    names = {name for one in results for name in one.energy_breakdown_pj}
    assert set(decode.energy_breakdown_pj) == names
    if not np.isnan(energies).any():
        for name in names:
            parts = [one.energy_breakdown_pj.get(name, 0.0) for one in results]
            assert decode.energy_breakdown_pj[name] == pytest.approx(sum(parts), rel=1e-9)
        assert sum(decode.energy_breakdown_pj.values()) == pytest.approx(decode.energy_pj, rel=1e-9)
    causes = {name for one in results for name in one.cycle_breakdown}
    for name in causes:
        parts = [one.cycle_breakdown.get(name, 0.0) for one in results]
        assert decode.cycle_breakdown.get(name, 0.0) == pytest.approx(sum(parts), rel=1e-9, abs=1e-6)
    assert made.memory.kv_bytes == results[-1].memory.kv_bytes
    assert made.prefill.energy_pj == made.first_pass.energy_pj


@pytest.mark.parametrize(
    ("chip", "scheme", "batch"),
    [
        ("horowitz-45nm", "int8", 1),
        ("horowitz-45nm", "w4g128a16", 3),
        ("eyeriss-v1", "int8", 1),
        ("tpu-v4i", "bf16", 2),
    ],
)
def test_equals_the_sum_of_estimates(small, chip, scheme, batch):
    made = generate(small, chip, scheme, prompt=PROMPT, new_tokens=NEW, batch=batch)
    assert len(made.steps.estimated) < NEW / 2, "most steps must be evaluated together"
    check_equal_to_estimates(small, made)


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_every_step_mapped_anew_is_what_estimate_does(small, objective):
    chip = load_profile("horowitz-45nm")
    few = 3
    made = generate(small, chip, "int8", prompt=PROMPT, new_tokens=few, objective=objective, every_step=True)
    steps = [
        estimate(load_workload(f"{small}/decode", context=context), chip, "int8", objective=objective)
        for context in range(PROMPT + 1, PROMPT + few + 1)
    ]
    assert made.step_latency_s == pytest.approx(np.array([one.latency_s for one in steps]), rel=1e-9)
    assert made.step_energy_pj == pytest.approx(np.array([one.energy_pj for one in steps]), rel=1e-9)
    assert made.decode.dram_read_bits == sum(one.dram_read_bits for one in steps)


@pytest.mark.parametrize("capacity", ["384B", "448B"])
def test_what_stays_on_chip_may_change_on_the_way(small, capacity):
    """Scores outgrow a buffer on the way; the step that was estimated to find out where is counted once."""
    tight = load_profile("horowitz-45nm", {"levels.SRAM.capacity": capacity})
    made = generate(small, tight, "int8", prompt=PROMPT, new_tokens=NEW)
    kept = {one.residency.outputs for one in made.steps.estimated.values()}
    assert len(kept) > 1, "the case must be one in which the residency changes"
    check_equal_to_estimates(small, made)


def test_rescaled_blocks_are_counted_in_every_step(small):
    made = generate(small, "horowitz-45nm", "wq4_0aq8_0", prompt=PROMPT, new_tokens=NEW)
    check_equal_to_estimates(small, made)


def test_a_window_ends_the_growth(tmp_path):
    model = tmp_path / "small.yaml"
    model.write_text(SMALL.replace("WINDOW", ", window: 41"))
    made = generate(model, "horowitz-45nm", "int8", prompt=PROMPT, new_tokens=NEW)
    check_equal_to_estimates(model, made)
    latency = made.step_latency_s
    assert latency[45 - PROMPT :] == pytest.approx(latency[-1])
    assert latency[0] < latency[-1]


def test_a_chip_without_costs_still_answers_time(small):
    made = generate(small, "nvdla-small", "int8", prompt=PROMPT, new_tokens=NEW)
    if made.energy_pj is None:
        assert made.energy_per_token_j is None
    check_equal_to_estimates(small, made)


def test_weights_may_stay(small):
    made = generate(small, "horowitz-45nm", "int8", prompt=PROMPT, new_tokens=NEW, keep_weights=True)
    check_equal_to_estimates(small, made, keep_weights=True)


@pytest.mark.parametrize("new", [1, 2, 3])
def test_short_generations(small, new):
    made = generate(small, "horowitz-45nm", "int8", prompt=5, new_tokens=new)
    steps = [
        estimate(load_workload(f"{small}/decode", context=6 + step), made.chip, made.scheme) for step in range(new)
    ]
    assert made.decode.energy_pj == pytest.approx(sum(one.energy_pj or 0 for one in steps), rel=1e-12)
    assert made.total.passes == new + 1
    assert made.tokens_per_s == new / made.latency_s


def test_mappings_of_neighbors_cost_little_more(small):
    """The mappings of a few steps, tried in all others, are close to those that each step would choose itself."""
    own = generate(small, "horowitz-45nm", "int8", prompt=64, new_tokens=20, every_step=True)
    few = generate(small, "horowitz-45nm", "int8", prompt=64, new_tokens=20)
    assert few.energy_pj == pytest.approx(own.energy_pj, rel=0.02)


def test_refusals(small):
    with pytest.raises(InputError, match="prompt must be a whole number from 1 to"):
        generate(small, "horowitz-45nm", prompt=0)
    with pytest.raises(InputError, match="new_tokens must be a whole number from 1"):
        generate(small, "horowitz-45nm", new_tokens=2**18)
    with pytest.raises(UsageError, match="mapping must be a name"):
        generate(small, "horowitz-45nm", mapping="mine.yaml")
    with pytest.raises(UsageError, match="leave /decode out"):
        generate(f"{small}/decode", "horowitz-45nm")
    with pytest.raises(InputError, match="has no phases; got 'prefill'"):
        generate("resnet18", "horowitz-45nm")


def test_steps_are_counted_in_blocks(small, monkeypatch):
    whole = generate(small, "horowitz-45nm", "int8", prompt=PROMPT, new_tokens=NEW)
    monkeypatch.setattr("accelsim.simulation.generation.steps.COUNTED", 7)
    made = generate(small, "horowitz-45nm", "int8", prompt=PROMPT, new_tokens=NEW)
    assert made.step_energy_pj == pytest.approx(whole.step_energy_pj, rel=1e-12)
    assert len(made.steps.chosen) > len(whole.steps.chosen)
    check_equal_to_estimates(small, made)


def test_as_a_table_and_in_a_word(small):
    made = generate(small, "horowitz-45nm", "int8", prompt=PROMPT, new_tokens=NEW)
    frame = made.to_frame()
    assert list(frame["phase"]) == ["prefill", "decode", "total"]
    assert frame["energy_pj"][0] + frame["energy_pj"][1] == pytest.approx(frame["energy_pj"][2])
    assert frame.attrs["units"]["energy_pj"] == "pJ"
    assert repr(made).startswith("small in int8 on horowitz-45nm: 23 tokens read, 24 written, batch 1: ")
