"""Terms of the energy bill that one mapping of one small product shows, multiplied out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hand import BUFFER, DRAM, GEMM, IN_PES, REGISTERS, TINY, WHOLE, bill, one_case, part

import accelsim.engine.evaluate as engine
from accelsim.engine.bounds import bounds
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.simulation.estimate import estimate, evaluate_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape, Window


def test_every_instance_of_a_level_leaks():
    result = evaluate_mapping(GEMM, load_profile(REGISTERS, {"levels.register.leakage_w": "0.001"}), IN_PES, "fp32")
    assert part(result, "leakage") == pytest.approx(2 * result.cycles)  # 1 mW is 1 pJ a cycle at 1 GHz; two PEs


def test_idle_power_stands_in_only_for_costs_that_are_not_given():
    idle = {"idle_w": "0.004"}
    alone = evaluate_mapping(GEMM, load_profile(TINY, idle), WHOLE, "fp32")
    assert part(alone, "background") == pytest.approx(4 * alone.cycles)
    for given, name, cost in (("levels.buffer.leakage_w", "leakage", 1), ("leakage_w", "leakage", 1)):
        result = evaluate_mapping(GEMM, load_profile(TINY, idle | {given: "0.001"}), WHOLE, "fp32")
        assert part(result, "background") == 0
        assert part(result, name) == pytest.approx(cost * result.cycles)
    clocked = evaluate_mapping(GEMM, load_profile(TINY, idle | {"clock_pj_per_cycle": "3"}), WHOLE, "fp32")
    assert part(clocked, "clock") == pytest.approx(3 * clocked.cycles)
    assert part(clocked, "background") == 0


def test_wires_carry_every_word_that_an_instance_receives_or_drains():
    chip = load_profile(REGISTERS, {"array.pes.link_pj_per_bit": "0.125"})
    got = bill(evaluate_mapping(GEMM, chip, IN_PES, "fp32"))
    links = {key[2:]: energy for key, energy in got.items() if key[:2] == ("link", "pes")}
    assert links == {
        ("W", "fill"): 2 * 8 * 32 * 0.125,  # its column to each PE, once
        ("I", "fill"): 2 * 32 * 32 * 0.125,  # every row to both PEs
        ("O", "drain"): 8 * 32 * 0.125,
    }


def test_wires_feed_macs_that_have_no_memory_of_their_own():
    chip = load_profile(TINY, {"array.pes.link_pj_per_bit": "0.125"})
    got = bill(evaluate_mapping(GEMM, chip, WHOLE, "int8"))
    links = {key[2:]: energy for key, energy in got.items() if key[:2] == ("link", "pes")}
    each = 64 * 0.125  # one word of each operand a MAC, partial sums at 32 bits
    assert links == {("W", "feed"): each * 8, ("I", "feed"): each * 8, ("O", "feed"): each * 32}


# Both PEs work on the same output, each on half of C.
SPLIT = Nest(
    (DRAM, BUFFER, Loop("B", 1), Loop("K", 1), Loop("C", 4, "pes"), Keep("register", "WIO"), Loop("C", 1))
)  # fmt: skip


def test_partial_sums_of_several_instances_are_added_on_their_way_up():
    got = bill(evaluate_mapping(GEMM, REGISTERS, SPLIT, "int8"))
    assert got["reduce", "array", "O", ""] == 8 * 0.125  # two sums into one, for each of 8 outputs, in int32
    assert got["memory", "register", "O", "drain"] == 2 * 8 * 32 * 0.0625  # partial sums, from both
    assert got["memory", "buffer", "O", "update"] == 8 * 8 * 0.25  # finished once added
    alone = bill(evaluate_mapping(GEMM, REGISTERS, IN_PES, "int8"))
    assert ("reduce", "array", "O", "") not in alone


@pytest.mark.parametrize("scheme", ["fp32", "int8"])
def test_biases_are_read_once_at_the_vector_width(scheme):
    biased = replace(GEMM, parameters=2)
    got = bill(evaluate_mapping(biased, TINY, WHOLE, scheme))
    assert got["memory", "DRAM", "bias", "read"] == 2 * 32 * 8  # two columns; norms and biases are not quantized
    assert ("memory", "DRAM", "bias", "read") not in bill(evaluate_mapping(GEMM, TINY, WHOLE, scheme))


def test_biases_stay_with_resident_weights():
    network = Network("one", (replace(GEMM, parameters=2),))
    loaded, kept = (estimate(network, TINY, "fp32", mapping=WHOLE, keep_weights=keep) for keep in (False, True))
    assert kept.residency.weights
    assert loaded.dram_read_bits - kept.dram_read_bits == (16 + 2) * 32
    got = bill(kept.layers[0])
    assert ("memory", "DRAM", "bias", "read") not in got
    assert got["memory", "buffer", "bias", "read"] == 2 * 32 * 0.5


# Half of C at a time, so that all partial sums leave the buffer and come back.
EVICTING = Nest((DRAM, Loop("C", 4), Loop("B", 1), BUFFER, Loop("C", 1), Loop("K", 1, "pes")))


def test_evicted_partial_sums_move_at_accumulator_width():
    got = bill(evaluate_mapping(GEMM, TINY, EVICTING, "int8"))
    assert got["memory", "buffer", "O", "drain"] == (8 * 32 + 8 * 8) * 0.5  # unfinished, then finished
    assert got["memory", "DRAM", "O", "update"] == (8 * 32 + 8 * 8) * 16
    assert got["memory", "DRAM", "O", "read"] == 8 * 32 * 8
    assert got["memory", "buffer", "O", "return"] == 8 * 32 * 0.25


# A 1x2 filter at stride 3 reaches columns 0 1 3 4 6 7 of 9: 2 x 6 words of I, 2 x 2 of W and 3 of O.
STRIDED = Layer("strided", "conv", Shape(C=2, OX=3, FX=2, x=Window(stride=3, size=9)))


@pytest.mark.parametrize(
    ("layer", "inputs", "weights", "outputs"), [(GEMM, 32, 16, 8), (STRIDED, 12, 4, 3)], ids=["gemm", "strided"]
)
def test_bounds_count_every_compulsory_word(layer, inputs, weights, outputs):
    loops = [Loop(dim, 1) for dim, extent in layer.shape.extents.items() if extent > 1]
    result = evaluate_mapping(layer, TINY, Nest((DRAM, BUFFER, *loops)), "fp32")
    assert result.bound_energy_pj == layer.macs * 5.0 + (inputs + weights) * 32 * 8 + outputs * 32 * 16
    reading, writing = (inputs + weights) * 32 / 64, outputs * 32 / 64
    assert result.bound_cycles == max(layer.macs / 2, reading, writing)


def test_bounds_leave_out_what_stays_on_chip():
    def limits(resident):
        batch, _ = one_case(TINY, WHOLE, "fp32", resident)
        return bounds(batch)

    assert limits("").dram_bits == (16 + 32 + 8) * 32
    assert limits("W").dram_bits == (32 + 8) * 32
    assert limits("I").dram_bits == (16 + 8) * 32
    assert limits("O").dram_bits == (16 + 32) * 32


def test_a_shared_port_bounds_reads_and_writes_together():
    slow = {"levels.DRAM.shared_port": "true", "levels.DRAM.read_bits_per_cycle": "8"}
    batch, _ = one_case(TINY, WHOLE, overrides=slow | {"levels.DRAM.write_bits_per_cycle": "8"})
    assert bounds(batch).cycles == (16 + 32 + 8) * 32 / 8


def test_a_result_that_beats_the_roofline_is_a_defect(monkeypatch):
    batch, counts = one_case(TINY, WHOLE)
    engine.evaluate(batch, WHOLE, counts)
    honest = engine.cycles

    def too_fast(*args):
        time = honest(*args)
        return replace(time, total=time.total * 0 + 31.9)  # 64 MACs on 2 PEs take 32

    monkeypatch.setattr(engine, "cycles", too_fast)
    with pytest.raises(AssertionError, match="beats the roofline"):
        engine.evaluate(batch, WHOLE, counts)
    engine.evaluate(batch, WHOLE, counts, exact=False)  # approximate counts may


def test_a_result_that_beats_the_least_traffic_or_energy_is_a_defect(monkeypatch):
    batch, counts = one_case(TINY, WHOLE)
    honest = engine.traffic

    def too_little(*args):
        moved = honest(*args)
        kept = [flow for flow in moved.flows if (flow.level, flow.operand) != ("DRAM", "W") and flow.level != "buffer"]
        return replace(moved, flows=tuple(kept))

    monkeypatch.setattr(engine, "traffic", too_little)
    with pytest.raises(AssertionError, match="beats the least traffic"):
        engine.evaluate(batch, WHOLE, counts)
    monkeypatch.setattr(engine, "traffic", honest)
    bill = engine.dynamic_terms
    monkeypatch.setattr(engine, "dynamic_terms", lambda *args: bill(*args)[:1])
    with pytest.raises(AssertionError, match="beats the least energy"):
        engine.evaluate(batch, WHOLE, counts)
    assert np.isfinite(bounds(batch).energy_pj).all()
