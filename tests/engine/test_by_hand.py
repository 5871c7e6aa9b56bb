"""One small matrix product, multiplied out by hand: energy term by term, cycles part by part."""

from fractions import Fraction
from pathlib import Path

import pytest

from accelsim.errors import InfeasibleError, InputError
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.simulation.estimate import estimate, evaluate_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape

TINY = str(Path(__file__).parent / "data" / "tiny.yaml")
# O[4 x 2] = I[4 x 8] W[8 x 2]: 64 MACs. The buffer keeps everything; two PEs split the two columns.
GEMM = Layer("product", "linear", Shape.gemm(M=4, N=2, K=8))
NEST = Nest((Keep("DRAM", "WIO"), Keep("buffer", "WIO"), Loop("B", 1), Loop("C", 1), Loop("K", 1, "pes")))


def bill(result):
    """Energy in pJ by (part, place, operand, action)."""
    return {(line.part, line.place, line.operand, line.action): line.energy_pj for line in result.lines}


def test_fp32_energy():
    got = bill(evaluate_mapping(GEMM, load_profile(TINY), NEST, "fp32"))
    assert got == {
        ("multiply", "array", "", ""): 64 * 4.0,
        ("add", "array", "", ""): 64 * 1.0,
        ("memory", "DRAM", "W", "read"): 16 * 32 * 8,
        ("memory", "DRAM", "I", "read"): 32 * 32 * 8,
        ("memory", "DRAM", "O", "update"): 8 * 32 * 16,
        ("memory", "buffer", "W", "fill"): 16 * 32 * 0.25,
        ("memory", "buffer", "I", "fill"): 32 * 32 * 0.25,
        ("memory", "buffer", "W", "read"): 64 * 32 * 0.5,  # each PE reads its own weight at every step
        ("memory", "buffer", "I", "read"): 32 * 32 * 0.5,  # one read serves both columns
        ("memory", "buffer", "O", "update"): 64 * 32 * 0.25,
        ("memory", "buffer", "O", "read"): (64 - 8) * 32 * 0.5,  # a first touch reads nothing
        ("memory", "buffer", "O", "drain"): 8 * 32 * 0.5,
    }


def test_fp32_cycles():
    result = evaluate_mapping(GEMM, load_profile(TINY), NEST, "fp32")
    assert result.busy["compute"] == 32  # 64 MACs on two PEs
    assert result.busy["DRAM"] == max((16 + 32) * 32 / 64, 8 * 32 / 64)
    assert result.busy["buffer"] == max((64 + 32 + 56 + 8) * 32 / 256, (16 + 32 + 64) * 32 / 256)
    opening = (16 + 32) * 32 / 64  # the first boxes are the whole tensors
    closing = 8 * 32 / 64
    assert result.cycle_parts == {"compute": 32, "opening": opening, "closing": closing}
    assert result.cycles == 32 + opening + closing


def test_dequantize_moves_eight_bits_and_multiplies_in_fp32():
    got = bill(evaluate_mapping(GEMM, load_profile(TINY), NEST, "w8a8-dequant-fp32"))
    assert got["multiply", "array", "", ""] == 64 * 4.0
    assert got["memory", "DRAM", "W", "read"] == pytest.approx(16 * (8 + 16 / 8) * 8)  # fp16 scale per 8 weights
    assert got["memory", "DRAM", "I", "read"] == 32 * 8 * 8
    assert got["memory", "buffer", "W", "read"] == 64 * 32 * 0.5  # converted on the way in
    assert got["memory", "DRAM", "O", "update"] == 8 * 8 * 16
    converted = {key[2:]: energy for key, energy in got.items() if key[0] == "convert"}
    weights = [energy for (operand, _), energy in converted.items() if operand == "W"]
    assert weights == [16 * 1.0]  # one int8 -> fp32 convert per word filled, costed as an fp32 add


def test_native_int8_quarters_traffic_and_runs_four_macs():
    reference = evaluate_mapping(GEMM, load_profile(TINY), NEST, "fp32")
    result = evaluate_mapping(GEMM, load_profile(TINY), NEST, "int8")
    got = bill(result)
    assert got["multiply", "array", "", ""] == 64 * 0.25
    assert got["add", "array", "", ""] == 64 * 0.125
    assert result.busy["compute"] == reference.busy["compute"] / 4
    assert result.peak_macs_per_cycle == 4 * reference.peak_macs_per_cycle
    assert got["memory", "buffer", "I", "read"] == 32 * 8 * 0.5
    assert got["memory", "buffer", "O", "update"] == 64 * 32 * 0.25  # partial sums stay int32
    assert got["memory", "buffer", "O", "drain"] == 8 * 8 * 0.5  # finished ones leave as int8


def test_conversions_take_time_where_converters_are_slow():
    result = evaluate_mapping(GEMM, load_profile(TINY), NEST, "w8a8-dequant-fp32")
    conversions = sum(line.count for line in result.lines if line.part == "convert")
    assert result.busy["conversion"] == conversions / 2


def test_convert_at_dram_side_moves_wide_words_inside(tmp_path):
    path = tmp_path / "early.yaml"
    path.write_text("name: early\nweights: int8\nactivations: int8\ncompute: fp32\nconvert_at: buffer\n")
    got = bill(evaluate_mapping(GEMM, load_profile(TINY), NEST, str(path)))
    assert got["memory", "buffer", "I", "fill"] == 32 * 32 * 0.25
    assert got["memory", "DRAM", "I", "read"] == 32 * 8 * 8


def test_density_scales_what_macs_do_and_not_what_is_fetched():
    half = Layer("product", "matmul", Shape.gemm(M=4, N=2, K=8, density=Fraction(1, 2)), second_operand="activation")
    full = Layer("product", "matmul", Shape.gemm(M=4, N=2, K=8), second_operand="activation")
    sparse, dense = (bill(evaluate_mapping(one, load_profile(TINY), NEST, "fp32")) for one in (half, full))
    assert sparse["multiply", "array", "", ""] == dense["multiply", "array", "", ""] / 2
    assert sparse["memory", "buffer", "W", "read"] == dense["memory", "buffer", "W", "read"] / 2
    assert sparse["memory", "DRAM", "I", "read"] == dense["memory", "DRAM", "I", "read"]


def test_single_buffering_makes_the_macs_wait():
    chip = load_profile(TINY, {"levels.buffer.buffering": "single"})
    nest = Nest((Keep("DRAM", "WIO"), Loop("B", 1), Keep("buffer", "WIO"), Loop("C", 1), Loop("K", 1, "pes")))
    overlapped = evaluate_mapping(GEMM, load_profile(TINY), nest, "fp32")
    waiting = evaluate_mapping(GEMM, chip, nest, "fp32")
    rows = 3 * 8 * 32 / 64  # three more rows of I through the DRAM port while nothing computes
    assert waiting.cycle_parts["stall DRAM I"] == rows
    assert waiting.cycles > overlapped.cycles


def test_a_tile_that_does_not_fit_says_which_and_by_how_much():
    chip = load_profile(TINY, {"levels.buffer.capacity": "100 B"})
    with pytest.raises(
        InfeasibleError, match=r"levels\.buffer: the tiles of W, I, O must fit its 800 bits.* 992 too many"
    ):
        evaluate_mapping(GEMM, chip, NEST, "fp32")


def test_no_mapping_fits_a_buffer_of_one_byte():
    chip = load_profile(TINY, {"levels.buffer.capacity": "1 B"})
    with pytest.raises(InfeasibleError, match=r"product: levels\.buffer: the smallest tiles .* must fit its 8 bits"):
        estimate(Network("one", (GEMM,)), chip, "fp32", mapping="heuristic")
    assert estimate(Network("one", (GEMM,)), chip, "fp32").layers[0].boxes.keys() == {("DRAM", one) for one in "WIO"}


ALL = (Loop("B", 1), Loop("C", 1), Loop("K", 1))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((Keep("buffer", "WIO"), *ALL), "must open with the outermost level"),
        ((Keep("DRAM", "WIO"), Loop("B", 1), Loop("C", 1)), "the loops over K must end at a tile of 1"),
        ((Keep("DRAM", "WIO"), Loop("B", 5), Loop("B", 1)), "the tile must be a whole number from 1 to 4"),
        ((Keep("DRAM", "WIO"), Loop("Q", 1)), "a loop must be over one of"),
        ((Keep("DRAM", "WIO"), Loop("B", 1, "rows")), "must cross pes; got 'rows'"),
        (
            (Keep("DRAM", "WIO"), Loop("K", 1, "pes"), Keep("buffer", "W"), *ALL[:2]),
            "must stand above the loops across pes",
        ),
        ((Keep("DRAM", "WIO"), Keep("bufer", "W"), *ALL), "did you mean buffer"),
        (
            (Keep("DRAM", "WIO"), Keep("buffer", "W"), Keep("buffer", "W"), *ALL),
            "below a level that is inside it, or twice",
        ),
    ],
)
def test_broken_nests_are_refused(lines, message):
    with pytest.raises(InputError, match=message):
        evaluate_mapping(GEMM, load_profile(TINY), Nest(lines), "fp32")


def test_too_many_instances_are_infeasible():
    nest = Nest((Keep("DRAM", "WIO"), Loop("B", 1, "pes"), Loop("C", 1), Loop("K", 1)))
    with pytest.raises(InfeasibleError, match="need 4 instances; it has 2"):
        evaluate_mapping(GEMM, load_profile(TINY), nest, "fp32")
