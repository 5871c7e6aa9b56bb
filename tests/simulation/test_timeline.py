"""Does the timeline tell the same story as the totals? Time without gaps, bits without loss."""

from dataclasses import replace
from itertools import pairwise

import pytest

from accelsim.hardware.catalog import load_profile
from accelsim.provenance import Sourced
from accelsim.simulation.estimate import estimate


@pytest.fixture(scope="module")
def result():
    return estimate("resnet18", "horowitz-45nm", "int8", mapping="heuristic")


def test_stretches_follow_each_other_and_sum_to_the_latency(result):
    stretches = result.timeline().stretches
    assert stretches[0].start_s == 0
    for before, after in pairwise(stretches):
        assert after.start_s == before.end_s
    assert stretches[-1].end_s == pytest.approx(result.latency_s, rel=1e-12)
    names = list(dict.fromkeys(one.layer for one in stretches if one.layer))
    assert names == [one.layer.name for one in result.layers if one.cycles]


def test_a_layer_opens_before_and_closes_after_everything_else(result):
    parts = [one.part for one in result.timeline().stretches if one.layer == "conv1"]
    assert parts[0] == "opening"
    assert parts[-1] == "closing"
    assert set(parts) == {part for part, cycles in result.layer("conv1").cycle_parts.items() if cycles}


def test_bandwidth_over_time_moves_every_bit_once(result):
    found = result.timeline()
    dram = [one for one in found.usages if one.level == "DRAM"]
    assert sum(one.bits for one in dram) == pytest.approx(result.dram_bits)
    clock = result.chip.clock_hz.value
    for one in dram:
        assert one.bits == pytest.approx(one.bits_per_cycle * (one.end_s - one.start_s) * clock)
    used = {one.level: one for one in result.bandwidths}["DRAM"]
    assert used.average == pytest.approx(result.dram_bits / result.cycles)
    assert used.average <= used.peak == max(one.bits_per_cycle for one in dram)
    level = result.chip.outermost
    assert used.peak <= (level.read_bits_per_cycle + level.write_bits_per_cycle) * (1 + 1e-9)


def test_frames_name_their_units(result):
    found = result.timeline()
    assert found.to_frame().attrs["units"] == {"start_s": "s", "end_s": "s"}
    frame = found.bandwidth_frame()
    assert frame.groupby("level")["bits"].sum()["DRAM"] == pytest.approx(result.dram_bits)
    assert frame.attrs["units"]["bits_per_cycle"] == "bit/cycle"


def test_a_chip_that_draws_more_than_it_may_is_power_limited_there(result):
    hot = estimate("resnet18", "horowitz-45nm", "int8", mapping="heuristic")
    assert not any(one.power_limited for one in hot.timeline().stretches)
    chip = replace(load_profile("horowitz-45nm"), tdp_w=Sourced(1e-6, "test"))
    assert any(one.power_limited for one in replace(hot, chip=chip).timeline().stretches)
