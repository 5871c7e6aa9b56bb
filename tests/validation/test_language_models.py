"""Do the language-model studies count what they say, and is nothing judged that was fitted?"""

from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.explore.calibration.least_squares import fit
from accelsim.hardware.catalog import load_profile
from accelsim.precision import parse_format
from accelsim.simulation.estimate import estimate
from accelsim.validation.measurements import DATA, rows
from accelsim.validation.studies import llm_decode, llm_energy, llm_gemm
from accelsim.validation.studies._language import bandwidth_bytes_per_s, decode_step, format_schemes
from accelsim.validation.studies._stacks import leave_one_out
from accelsim.validation.validate import Validation
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network
from accelsim.workload.raw import gemm

BLOCKS, HEAD, HIDDEN, NORMS = 6_476_005_376, 131_072_000, 4096, 65
"""Llama 2 7B: weights of all blocks, of the head, width of a token, RMS norms."""
BITS = {"F16": (16, 16), "Q8_0": (8.5, 8.5), "Q4_0": (4.5, 6.5625), "AWQ INT4 per 128": (4 + 20 / 128, 16)}


@pytest.mark.parametrize("name", BITS)
def test_a_step_moves_its_weights_with_scales_its_cache_one_embedding_row_and_little_else(name: str) -> None:
    blocks, head = BITS[name]
    step = decode_step("llama-2-7b", name, context=64)
    weights = BLOCKS * blocks / 8 + HEAD * head / 8
    cache = 65 * 2 * 32 * HIDDEN * 2
    assert step.weight_bytes + step.scale_bytes == pytest.approx(weights, rel=1e-12)
    assert step.kv_bytes == cache
    rest = step.moved_bytes - weights - cache
    assert HIDDEN * 2 * (NORMS - 1) < rest < HIDDEN * 6 * NORMS + 200_000
    zero_points = BLOCKS / 128 if name.startswith("AWQ") else 0
    converted = {"F16": 0, "AWQ INT4 per 128": BLOCKS}.get(name, BLOCKS + HEAD)
    assert step.conversions == converted + zero_points


def test_half_the_value_and_down_projections_of_q4_k_m_are_q6_k() -> None:
    sizes = [parse_format(name).storage_bits() for name in ("q4_k", "q6_k")]
    step = decode_step("llama-3-8b", "Q4_K_M", context=1)
    mixed, head = 32 * (14336 + 1024) * 4096, 128256 * 4096
    plain = 32 * 4096 * (2 * 14336 + 2 * 4096 + 1024)
    expected = float(plain * sizes[0] + mixed * sum(sizes) / 2 + head * sizes[1]) / 8
    assert step.weight_bytes + step.scale_bytes == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("profile", ["apple-m1", "rtx-3090", "jetson-agx-orin"])
def test_the_bytes_of_a_step_at_batch_1_are_the_same_on_every_chip(profile: str) -> None:
    assert decode_step("llama-2-7b", "Q4_0", 64, profile=profile) == decode_step("llama-2-7b", "Q4_0", 64)


def test_the_time_of_a_token_is_what_the_estimate_says_with_the_fitted_properties() -> None:
    share, fixed_s = 0.9, 6e-3
    chip = load_profile("apple-m2-max", {"levels.DRAM.efficiency": share, "step_overhead_s": fixed_s})
    network = load_workload("llama-2-7b/decode", context=64)
    ours = estimate(network, chip, format_schemes("Q4_0")[0], mapping="heuristic").latency_s
    formula = decode_step("llama-2-7b", "Q4_0", 64).moved_bytes / (share * bandwidth_bytes_per_s("apple-m2-max"))
    assert ours == pytest.approx(formula + fixed_s, rel=2e-3)


def test_the_time_of_a_product_is_what_the_estimate_says_with_the_fitted_properties() -> None:
    table = [row for row in rows(llm_gemm.TABLE) if row["operation"] == "attn_post_proj"][::12]
    ideal = llm_gemm.ideal_times(load_profile("a100-80gb"), table)
    formula = ideal.predict(np.array([1 / 0.8, 1 / 0.7, 6e-6]))
    settings_ = {"levels.HBM.efficiency": 0.8, "macs_per_pe_cycle.fp16": "7/10", "layer_overhead_s": 6e-6}
    chip = load_profile("a100-80gb", settings_)
    for row, time_s in zip(table, formula, strict=True):
        layers = gemm("g", int(row["tokens"]), int(row["N"]), int(row["K"])).layers
        found = estimate(Network("g", layers), chip, "fp16", mapping="heuristic", objective="latency", on_chip=False)
        assert found.latency_s == pytest.approx(time_s, rel=5e-3), row


def test_tiles_have_the_peak_of_the_card() -> None:
    chips = [load_profile("a100-80gb"), load_profile(DATA / "a100-tiles.yaml")]
    peaks = {prod(f.size for f in chip.fanouts) * chip.macs_per_pe_cycle("fp16", "fp16").value for chip in chips}
    assert len(peaks) == 1


@settings(max_examples=20, deadline=None)
@given(
    slope=st.floats(1.05, 3), fixed=st.floats(1e-4, 1e-2), wrong=st.floats(1.5, 5), seed=st.integers(0, 1000)
)  # fmt: skip
def test_a_device_has_no_say_in_its_own_prediction(slope: float, fixed: float, wrong: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    design = np.stack([random.uniform(1e-3, 1e-1, 12), np.ones(12)], axis=1)
    devices = [f"device {place // 3}" for place in range(12)]
    measured = design @ [slope, fixed]
    arguments = (devices, ("time per byte", "fixed time"), (1.0, 0.0))
    assert leave_one_out(design, measured, *arguments).predicted == pytest.approx(measured)
    measured[:3] *= wrong
    found = leave_one_out(design, measured, *arguments).predicted
    assert found[:3] == pytest.approx(design[:3] @ [slope, fixed])
    assert (abs(found[3:] / measured[3:] - 1) > 1e-6).any()


def test_one_device_alone_cannot_be_left_out() -> None:
    with pytest.raises(InputError, match="two groups"):
        leave_one_out(np.ones((3, 1)), np.ones(3), ["a", "a", "a"], ("time",), (0.0,))


def test_the_regime_of_every_product_is_found_again() -> None:
    size = np.geomspace(1e-6, 1e-3, 40)
    ideal = llm_gemm.Ideal(np.sqrt(size * 1e-4), size)
    values = np.array([1.25, 1.4, 5e-6])
    assert llm_gemm.fitted_to(ideal, ideal.predict(values)) == pytest.approx(values, rel=1e-6)


def test_nothing_judged_was_fitted_to_but_by_leaving_it_out(everything: Validation) -> None:
    fitted = [(one, what) for one in everything.comparisons if one.name.startswith("llm-") for what in one.fitted]
    assert fitted
    for one, what in fitted:
        assert what.leave_one_out or not {row.label for row in one.judged} & set(what.rows), one.name


def test_power_and_two_costs_are_one_too_many_for_the_batches_of_one_model() -> None:
    batches = np.arange(1, 9) * 16.0
    design = np.stack([3e-3 + 1e-5 * batches, 0.12 + 5e-4 * batches, 8e-3 * batches], axis=1)
    with pytest.raises(InputError, match="apart"):
        fit(design, design @ [300, 5, 1], names=("power", "pJ per bit", "pJ per multiply"))


def test_the_assumed_prompt_hardly_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [
        row
        for row in rows(llm_energy.TABLE)
        if row["model"] != llm_energy.LARGER and float(row["batch"]) in (7.98, 7.97, 127.62, 127.8)
    ]
    usual = _predicted(few)
    monkeypatch.setattr(llm_energy, "PROMPT_TOKENS", 2 * llm_energy.PROMPT_TOKENS)
    assert _predicted(few) == pytest.approx(usual, rel=0.01)


def _predicted(table: list[dict[str, str]]) -> list[float]:
    runs = [llm_energy._run(row) for row in table]
    found = llm_energy.fitted_to([one for one in runs if one.model == llm_energy.OTHER])
    return [float(found.predict(one.parts)) for one in runs if one.model == llm_energy.MODEL]


@pytest.mark.parametrize(("table", "chip"), [("llm_decode_apple", "M1 Pro"), ("llm_decode", "A100")])
def test_a_chip_is_left_out_with_all_its_boards_and_core_counts(table: str, chip: str) -> None:
    """M1 Pro with 14 and with 16 GPU cores, an A100 as card and as module: one chip, which says nothing of itself."""
    found = [llm_decode._measured(row) for row in rows(table)]
    found = [one for one in found if one.stack in ("llama.cpp Metal 2023", "llama.cpp CUDA 2024")]
    own = [place for place, one in enumerate(found) if one.device.startswith(chip)]
    assert len({found[place].device for place in own}) == 2
    slow = [replace(one, measured_s=2 * one.measured_s) if one.chip == chip else one for one in found]
    usual, changed = (llm_decode._stack("any", measured)[0] for measured in (found, slow))
    for place in own:
        assert changed[place].predicted == usual[place].predicted
