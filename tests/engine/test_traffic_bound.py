"""The least traffic of the outermost level, as results show it: capacity, residency, density, biases."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hand import DRAM, REGISTERS, TINY, one_case

from accelsim.engine.bounds import bounds, capacity_bits
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.bounds import WordBits, least_read_bits
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.simulation.distance import distance, distance_words
from accelsim.simulation.estimate import estimate, evaluate_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape, Window

SQUARE = Layer("square", "linear", Shape.gemm(64, 64, 64))
CONV = Layer("conv", "conv", Shape(K=16, C=16, OY=14, OX=14, FY=3, FX=3, y=Window(1, 1, 1, 14), x=Window(1, 1, 1, 14)))


NO_REUSE = Nest((DRAM, *(Loop(dim, 1) for dim in ("B", "K", "C"))))


def best(layer, capacity, scheme):
    chip = load_profile(TINY, {"levels.buffer.capacity": capacity, "levels.buffer.buffering": "single"})
    return chip, estimate(Network("one", (layer,)), chip, scheme, mapping="heuristic").layers[0]


@pytest.mark.parametrize("scheme", ["fp32", "int8", "w8a8-dequant-fp32"])
@pytest.mark.parametrize("layer", [SQUARE, CONV], ids=["matmul", "conv"])
def test_no_good_mapping_beats_the_bound(layer, scheme):
    """Every estimate asserts it; here the capacity decides at first, and the compulsory traffic at last."""
    ratios, decided = [], []
    for capacity in ("256 B", "1 KiB", "4 KiB", "256 KiB"):
        _, one = best(layer, capacity, scheme)
        ratios.append(distance([one]))
        decided.append(one.bound_dram_bits > one.bound_compulsory_bits)
    assert decided[0]
    assert not decided[-1]
    assert min(ratios) >= 1
    assert ratios[-1] == pytest.approx(1)


def test_the_sentence_says_what_the_bound_is_due_to():
    chip, one = best(SQUARE, "1 KiB", "fp32")
    bits = sum(line.total_bits for line in one.lines if (line.part, line.place) == ("memory", "DRAM"))
    words = distance_words(chip, one)
    assert words.startswith(f"DRAM traffic {bits / one.bound_dram_bits:.2f}x the least that any mapping with 1 KiB on ")
    assert "capacity-bound: every word once would be 49.2 kB" in words  # 3 * 64 * 64 words of 32 bits
    chip, one = best(SQUARE, "256 KiB", "fp32")
    assert distance_words(chip, one) == (
        "DRAM traffic 1.00x the least that any mapping with 256 KiB on chip can reach "
        "(49.2 kB against 49.2 kB; every word once)"
    )


def least(resident="", reserved=0.0, layer=SQUARE):
    small = {"levels.buffer.capacity": "1 KiB"}
    return bounds(one_case(TINY, NO_REUSE, "fp32", resident, reserved, small, layer)[0])


@pytest.mark.parametrize(
    ("scheme", "weight", "input_"),
    [("int8", 8, 8), ("w8a8-dequant-fp32", 8 + 16 / 64, 8), ("fp32", 32, 32)],  # an fp16 scale for 64 weights
)
def test_the_bound_takes_the_narrowest_words_all_the_room_and_all_pes(scheme, weight, input_):
    overrides = {"levels.buffer.capacity": "1 KiB", "array.pes": "4"}
    batch, _ = one_case(TINY, NO_REUSE, scheme, overrides=overrides, layer=SQUARE)
    limits = bounds(batch)
    written = 64 * 64 * float(batch.cases[0].formats.output_bits)
    expected = least_read_bits(SQUARE.shape, WordBits(weight, input_, 32, 32), 8192, 4)
    assert limits.dram_bits == pytest.approx(expected + written, rel=1e-12)
    assert expected < least_read_bits(SQUARE.shape, WordBits(weight, input_, 32, 32), 8192, 1)


def test_a_resident_operand_leaves_the_compulsory_traffic_alone():
    assert least().dram_bits > least().compulsory_bits
    for resident in ("W", "I", "O", "WI", "IO"):
        assert least(resident).dram_bits == least(resident).compulsory_bits


def test_what_stays_for_other_layers_takes_its_room():
    assert least(reserved=4096).dram_bits > least().dram_bits
    assert np.isfinite(least(reserved=1e9).dram_bits).all()


def test_biases_are_compulsory():
    with_bias = Layer("biased", "linear", SQUARE.shape, parameters=64)
    assert least(layer=with_bias).dram_bits - least().dram_bits == 64 * 32


def test_an_unbounded_level_leaves_the_compulsory_traffic_alone():
    batch, _ = one_case(TINY, NO_REUSE, overrides={"levels.buffer.capacity": "1 KiB"}, layer=SQUARE)
    assert capacity_bits(batch.chip) == 8192
    buffer, dram = batch.chip.levels
    unbounded = replace(batch.chip, levels=(replace(buffer, capacity_bits=None), dram))
    assert capacity_bits(unbounded) is None
    limits = bounds(replace(batch, chip=unbounded))
    assert limits.dram_bits == limits.compulsory_bits < bounds(batch).dram_bits


def test_every_instance_of_every_level_inside_has_room():
    chip = load_profile(REGISTERS, {"levels.register.capacity": "8 B", "levels.buffer.capacity": "1 KiB"})
    assert capacity_bits(chip) == 8192 + 2 * 64


def test_macs_that_do_not_exist_are_not_counted_against_a_mapping():
    """A triangle of 3 in 4 products: a word of W goes straight from DRAM to both PEs, and counts for 3 in 4."""
    triangle = Layer("triangle", "matmul", Shape.gemm(2, 4, 4, density=Fraction(3, 4)))
    straight = Nest((DRAM, Keep("buffer", "IO"), Loop("C", 1), Loop("K", 1), Loop("B", 1, "pes")))
    one = evaluate_mapping(triangle, TINY, straight, "fp32")
    assert one.bits_of("DRAM", "read") == (16 * 0.75 + 8) * 32
    assert distance([one]) == 1
