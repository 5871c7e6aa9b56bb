"""Whole networks: sums, bounds, residency and the laws that any chip obeys."""

import dataclasses
from pathlib import Path

import pytest

from accelsim.errors import UnsupportedError, UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.simulation.estimate import estimate
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape

TINY = str(Path(__file__).parents[1] / "engine" / "data" / "tiny.yaml")
CHIPS = {
    "horowitz-45nm": ("fp32", "fp16", "w8a8-dequant-fp32", "int8", "w4g128a16"),
    "eyeriss-v1": ("int8",),
    "tpu-v1": ("int8",),
    "tpu-v4i": ("bf16", "int8", "wint4abf16"),
    "nvdla-full": ("int8", "fp16"),
    "nvdla-small": ("int8",),
}
NETWORKS = ("filter-3x3x256", "resnet8", "llama-2-7b/decode")


def how(network, first):
    """Searched, where a network has few different layers; the heuristic is quicker for the others.

    Those of llama are searched in the first scheme of each chip.
    """
    return "optimal" if network == "filter-3x3x256" or (network == "llama-2-7b/decode" and first) else "heuristic"


def pairs():
    return [(chip, scheme, network) for chip, schemes in CHIPS.items() for scheme in schemes for network in NETWORKS]


@pytest.mark.parametrize(("chip", "scheme", "network"), pairs())
def test_every_shipped_pair_adds_up_and_keeps_its_bounds(chip, scheme, network):
    result = estimate(network, chip, scheme, mapping=how(network, scheme == CHIPS[chip][0]))
    assert result.energy_pj == pytest.approx(sum(result.energy_breakdown_pj.values()), rel=1e-9)
    assert result.cycles == pytest.approx(sum(result.cycle_breakdown.values()), rel=1e-9)
    assert result.macs == load_workload(network).macs
    assert result.bound_energy_pj < result.energy_pj
    assert result.latency_s > 0
    for one in result.layers:
        assert one.cycles >= (one.bound_cycles or 0) * (1 - 1e-9), one.layer.name
        assert one.energy_pj == pytest.approx(sum(line.energy_pj for line in one.lines))
        if one.nest is not None:
            multiplies = sum(line.count for line in one.lines if line.part == "multiply")
            assert multiplies == one.layer.macs, one.layer.name
            assert one.cycles >= one.layer.macs / one.peak_macs_per_cycle
    assert result.dram_bits >= 8 * 0.4 * result.memory.weight_bytes * (network != "llama-2-7b/decode")


@pytest.mark.parametrize("network", ["resnet8", "llama-2-7b/decode"])
def test_the_founding_argument(network):
    """Dequantizing cuts traffic and not the multiplies; native int8 cuts both."""
    schemes, mapping = ("fp32", "w8a8-dequant-fp32", "int8"), how(network, True)
    fp32, dequantized, native = (estimate(network, "horowitz-45nm", scheme, mapping=mapping) for scheme in schemes)

    def part(result, *names):
        return sum(result.energy_breakdown_pj.get(name, 0) for name in names)

    assert dequantized.dram_bits < fp32.dram_bits / 3
    assert part(dequantized, "multiply", "add") == pytest.approx(part(fp32, "multiply", "add"))
    assert part(dequantized, "convert") > 0
    assert part(native, "multiply") == pytest.approx(part(fp32, "multiply") * 0.2 / 3.7)
    assert native.peak_macs_per_cycle == 4 * fp32.peak_macs_per_cycle == 4 * dequantized.peak_macs_per_cycle
    assert native.energy_pj < dequantized.energy_pj < fp32.energy_pj
    assert native.latency_s < fp32.latency_s


def test_the_filter_moves_just_under_a_quarter():
    """Scales count: 3x3x256 weights at 8 bits and one fp16 scale."""
    fp32, native = (estimate("filter-3x3x256", "horowitz-45nm", scheme) for scheme in ("fp32", "int8"))
    assert native.memory.weight_bytes == 2304 + 2
    ratio = fp32.dram_bits / native.dram_bits
    assert 3.9 < ratio < 4


def chain(elements=64, repeat=1):
    """Two products in a row; the tensor between them may stay on chip."""
    first = Layer("first", "linear", Shape.gemm(M=4, N=elements, K=8), inputs=("input",), repeat=repeat)
    second = Layer("second", "linear", Shape.gemm(M=4, N=8, K=elements), inputs=("first",), repeat=repeat)
    return Network("chain", (first, second))


def test_an_activation_that_fits_stays_on_chip():
    kept = estimate(chain(), TINY, "fp32")
    spilled = estimate(chain(), TINY, "fp32", on_chip=False)
    assert kept.residency.outputs == {"first"}
    between = 4 * 64 * 32
    assert spilled.dram_bits - kept.dram_bits >= 2 * between
    assert kept.layer("second").counts["DRAM", "I"].reads > 0  # the counts are the mapping's ...
    assert not [
        line for line in kept.layer("second").lines if (line.place, line.operand) == ("DRAM", "I")
    ]  # ... the bill is not


def test_an_activation_that_does_not_fit_is_spilled_and_said():
    result = estimate(chain(elements=512), TINY, "fp32")
    assert result.residency.outputs == set()
    assert any("does not fit buffer, first first" in warning for warning in result.warnings)


def test_weights_stay_only_on_request_and_only_if_all_fit():
    small = chain(elements=8)
    loaded, kept = estimate(small, TINY, "fp32"), estimate(small, TINY, "fp32", keep_weights=True)
    assert not loaded.residency.weights
    assert kept.residency.weights
    assert loaded.dram_read_bits - kept.dram_read_bits >= 2 * 64 * 32
    assert not estimate(chain(elements=200), TINY, "fp32", keep_weights=True).residency.weights


def test_repeats_multiply():
    once, thrice = estimate(chain(), TINY, "fp32"), estimate(chain(repeat=3), TINY, "fp32")
    assert thrice.energy_pj == pytest.approx(3 * once.energy_pj)
    assert thrice.cycles == pytest.approx(3 * once.cycles)
    assert thrice.memory.weight_bytes == 3 * once.memory.weight_bytes


def test_fixed_times_are_added():
    slow = {"step_overhead_s": "1e-6", "layer_overhead_s": "1e-7"}
    base, delayed = estimate(chain(repeat=2), TINY, "fp32"), estimate(chain(repeat=2), load_profile(TINY, slow), "fp32")
    assert delayed.latency_s - base.latency_s == pytest.approx(1e-6 + 4 * 1e-7)
    assert delayed.cycle_breakdown["fixed"] == pytest.approx(1400)


def test_power_above_tdp_stretches_the_time():
    result = estimate(chain(), load_profile(TINY, {"tdp_w": "0.001"}), "fp32")
    assert result.power_limited_latency_s == pytest.approx(result.energy_pj * 1e-12 / 0.001)
    assert result.power_limited_latency_s > result.latency_s
    assert estimate(chain(), load_profile(TINY, {"tdp_w": "1000"}), "fp32").power_limited_latency_s is None


def test_memory_of_llama():
    result = estimate("llama-2-7b/decode", "tpu-v4i", "bf16")
    assert result.memory.kv_bytes == 2048 * 524_288
    assert result.memory.weight_bytes == 2 * 6_738_415_616
    assert result.memory.fits is False
    assert estimate("llama-2-7b/decode", "tpu-v4i", "int8").memory.fits is True


def test_a_chip_without_costs_has_no_energy_and_says_why():
    chip = load_profile("tpu-v1")
    bare = dataclasses.replace(chip, multiply_table=(), add_table=())
    result = estimate("filter-3x3x256", bare, "int8")
    assert result.energy_pj is None
    assert result.average_power_w is None
    assert result.latency_s > 0
    assert any("energy is unknown" in warning for warning in result.warnings)


def test_unsupported_and_unknown_are_refused():
    with pytest.raises(UnsupportedError, match="int16"):
        estimate("alexnet", "eyeriss-v1", "fp32")
    with pytest.raises(UsageError, match="objective must be one of energy, latency, edp"):
        estimate("alexnet", "eyeriss-v1", "int8", objective="energie")
    with pytest.raises(UsageError, match="did you mean weight-stationary"):
        estimate("alexnet", "tpu-v1", "int8", mapping="weight-stationry")
    with pytest.raises(UnsupportedError, match="tpu-v1 runs"):
        estimate("alexnet", "tpu-v1", "int8", mapping="row-stationary")


def test_each_objective_is_best_at_its_own_game():
    metrics = {"energy": "energy_pj", "latency": "cycles", "edp": "edp_pj_s"}
    results = {name: estimate("autoencoder", "horowitz-45nm", "int8", objective=name) for name in metrics}
    for objective, metric in metrics.items():
        best = min(getattr(result, metric) for result in results.values())
        assert getattr(results[objective], metric) <= best * 1.03  # ranked by approximate counts, ties within 1%


def test_more_bandwidth_is_never_slower_and_dearer_dram_costs_in_proportion():
    base = estimate("alexnet", "horowitz-45nm", "int8")
    nests = {one.layer.name: one.nest for one in base.layers if one.nest is not None}
    fast = load_profile("horowitz-45nm", {"levels.DRAM.bandwidth_bytes_per_s": "25.6e9"})
    faster = estimate("alexnet", fast, "int8", mapping=nests)
    assert faster.cycles <= base.cycles
    assert faster.energy_pj == pytest.approx(base.energy_pj)
    dear = load_profile(
        "horowitz-45nm", {"levels.DRAM.read_pj_per_bit": "40.625", "levels.DRAM.write_pj_per_bit": "40.625"}
    )
    dearer = estimate("alexnet", dear, "int8", mapping=nests)
    change = dearer.energy_pj - base.energy_pj
    assert change == pytest.approx(base.energy_breakdown_pj["DRAM"], rel=1e-9)  # twice 20.3125 pJ per bit


def test_layers_alike_are_costed_alike_and_once():
    result = estimate("resnet18", "horowitz-45nm", "int8", on_chip=False, mapping="heuristic")
    one, other = result.layer("layer1.0.conv1"), result.layer("layer1.1.conv1")
    assert one.lines is other.lines
