"""Is a cost sweep what estimates at the same costs and mappings say, variant by variant?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from costed import NETWORK
from hypothesis import given, settings
from hypothesis import strategies as st

import accelsim as sim
from accelsim.errors import InputError, UsageError
from accelsim.explore.sweep.outcome import Outcome
from accelsim.explore.sweep.point import Point
from accelsim.hardware.chip import Chip
from accelsim.hardware.dram import dram_pj_per_bit
from accelsim.hardware.unit_costs import listed_costs
from accelsim.simulation.result import Result
from accelsim.workload.network import Network

READ, WRITE = "levels.DRAM.read_pj_per_bit", "levels.DRAM.write_pj_per_bit"


CASES = [
    ("eyeriss-v1", "int8"), ("horowitz-45nm", "bf16"), ("horowitz-45nm", "int8"), ("horowitz-45nm", "w4a8"),
    ("nvdla-small", "int8"), ("tpu-v4i", "bf16"),
]  # fmt: skip


def result_of(chip: str | Chip, scheme: str, network: Network = NETWORK) -> Result:
    return sim.estimate(network, chip, scheme, mapping="heuristic")


@cache
def estimated(chip: str, scheme: str) -> Result:
    return result_of(chip, scheme)


def again(result: Result, chip: Chip) -> Result:
    """The same mappings on another chip."""
    nests = {one.layer.name: one.nest for one in result.layers if one.nest is not None}
    return sim.estimate(result.network, chip, result.scheme, mapping=nests)


def overridden(result: Result, values: Mapping[str, object], what_if: bool = False) -> Result:
    return again(result, sim.load_profile(result.chip.name, dict(values), what_if=what_if))


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_variant_is_the_estimate_with_the_same_overrides_and_mappings(data: st.DataObject) -> None:
    result = estimated(*data.draw(st.sampled_from(CASES)))
    known = [*listed_costs(result.chip), "multiply_pj.int4", "add_pj.bf16"]
    paths = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True))
    cost = st.floats(0.001, 100)
    values = {path: data.draw(st.lists(cost, min_size=2, max_size=2)) for path in paths}
    found = sim.cost_sweep(result, values, pairing="list")
    assert len(found) == 2
    which = data.draw(st.integers(0, 1))
    other = overridden(result, {path: str(each[which]) for path, each in values.items()})
    assert found.energy_pj[0, which] == pytest.approx(other.energy_pj, rel=1e-9)
    assert found.edp_pj_s[0, which] == pytest.approx(other.edp_pj_s, rel=1e-9)
    assert found.average_power_w[0, which] == pytest.approx(other.average_power_w, rel=1e-9)
    limited = found.power_limited_latency_s[0, which]
    assert (None if np.isnan(limited) else limited) == pytest.approx(other.power_limited_latency_s)
    layers, energies = found.layer_energy_pj(result.scheme.name)
    assert energies.sum(axis=0) == pytest.approx(found.energy_pj[0])
    assert layers[0] == "mix"
    assert energies[0, which] == pytest.approx(other.layer("mix").energy_pj)


@pytest.mark.parametrize("key", [("horowitz-45nm", "int8"), ("horowitz-45nm", "bf16"), ("nvdla-small", "int8")])
def test_another_node_is_the_estimate_at_that_node(key: tuple[str, str]) -> None:
    result, nodes = estimated(*key), [65, 22, 7]
    found = sim.cost_sweep(result, factors={READ: [1.0, 2.0]}, node_nm=nodes)
    assert found.settings["node_nm"].tolist() == [65, 65, 22, 22, 7, 7]
    for place, node in enumerate(nodes):
        other = overridden(result, {"node_nm": node}, what_if=True)
        assert found.energy_pj[0, 2 * place] == pytest.approx(other.energy_pj, rel=1e-12)
        assert found.energy_pj[0, 2 * place + 1] > found.energy_pj[0, 2 * place]


def test_another_dram_is_the_estimate_with_its_costs_and_factors_stand_upon_it() -> None:
    result, names = estimated("horowitz-45nm", "int8"), ["lpddr4", "hbm2", "ddr4"]
    found = sim.cost_sweep(result, factors={"levels.DRAM.*": [1, 3]}, dram=names)
    for place, name in enumerate(names):
        pj = dram_pj_per_bit(name).value
        for at, factor in enumerate((1, 3)):
            other = overridden(result, {READ: str(pj * factor), WRITE: str(pj * factor)})
            assert found.energy_pj[0, 2 * place + at] == pytest.approx(other.energy_pj, rel=1e-12)
    assert found.settings["dram"].tolist() == ["lpddr4", "lpddr4", "hbm2", "hbm2", "ddr4", "ddr4"]


def test_a_power_limited_chip_is_slower_at_dearer_costs() -> None:
    chip = sim.load_profile("horowitz-45nm", {"tdp_w": "3"})
    result = result_of(chip, "int8")
    found = sim.cost_sweep(result, factors={"*_pj*": [1.0, 10.0]})
    assert np.isnan(found.of("int8", "power_limited_latency_s")[0])
    assert found.of("int8", "power_limited_latency_s")[1] == pytest.approx(10 * result.energy_pj * 1e-12 / 3)
    assert (found.latency_s == result.latency_s).all()


def test_several_results_share_what_is_varied_and_a_chip_keeps_what_it_lacks() -> None:
    results = [estimated("horowitz-45nm", "int8"), estimated("eyeriss-v1", "int8")]
    found = sim.cost_sweep(results, factors={"array.cols.link_pj_per_bit": [0.0, 1.0, 50.0], READ: [1.0]})
    here, there = found.names
    assert found.of(here) == pytest.approx(np.full(3, results[0].energy_pj))
    assert found.of(there)[1] == pytest.approx(results[1].energy_pj)
    assert found.of(there)[0] < found.of(there)[1] < found.of(there)[2]
    assert found.share_less(here, there) == np.mean(found.of(here) < found.of(there))
    frame = found.to_frame()
    assert len(frame) == 6
    assert frame.attrs["units"]["energy_pj"] == "pJ"
    assert frame.loc[5, "array.cols.link_pj_per_bit factor"] == 50
    assert "3 variants of costs" in repr(found)


def test_draws_stay_within_the_intervals_and_share_their_numbers() -> None:
    compared = sim.compare(NETWORK, "eyeriss-v1", ["int8", "w4a8"], mapping="heuristic")
    found, sure = sim.cost_sweep(compared, draws=500, unranged=0.3, seed=3), compared.uncertainty(unranged=0.3, seed=3)
    for name in compared.names:
        ends = sure.interval(name)
        assert ends.least <= found.of(name).min() < found.of(name).max() <= ends.most
    assert found.of("int8").tolist() == sim.cost_sweep(compared, draws=500, unranged=0.3, seed=3).of("int8").tolist()
    alone = sim.cost_sweep(compared["int8"], draws=1, unranged=0.3)
    assert len(alone) == 1
    drawn = {label: entries for label, entries in found.settings.items() if label.startswith("DRAM")}
    (dram,) = drawn.values()
    other = overridden(compared["int8"], {})
    assert other.energy_pj == pytest.approx(compared["int8"].energy_pj)
    assert len(dram) == 500


def test_draws_of_chips_of_one_name_are_each_of_their_own_costs() -> None:
    small = result_of(sim.load_profile("horowitz-45nm", {"levels.SRAM.capacity": "64KiB"}), "int8")
    given_ = {"as it is": estimated("horowitz-45nm", "int8"), "small": small}
    assert len({one.chip.name for one in given_.values()}) == 1
    found, sure = sim.cost_sweep(given_, draws=4000, unranged=0.2), sim.uncertainty(given_, unranged=0.2)
    for name in given_:
        units, ranges = sure.bill.row(name), sure.ranges
        middle = float(units @ (ranges.least + ranges.value + ranges.most)) / 3  # the mean of a triangle
        assert found.of(name).mean() == pytest.approx(middle, rel=0.005)


def test_mappings_are_searched_again_once_for_every_distinct_variant() -> None:
    small = Network("one", NETWORK.layers[:1])
    result = result_of("horowitz-45nm", "int8", small)
    cheap = {READ: [0.01, 0.01, 200.0], WRITE: [0.01, 0.01, 200.0]}
    kept = sim.cost_sweep(result, cheap, pairing="list")
    searched = sim.cost_sweep(result, cheap, pairing="list", reoptimize=True, jobs=1)
    assert searched.reoptimized
    assert searched.energy_pj[0, 0] == searched.energy_pj[0, 1]
    assert searched.energy_pj[0, 0] <= kept.energy_pj[0, 0] * (1 + 1e-12)
    whole = sim.estimate(
        small, sim.load_profile("horowitz-45nm", {READ: "200", WRITE: "200"}), "int8", mapping="heuristic"
    )
    assert searched.energy_pj[0, 2] == pytest.approx(whole.energy_pj)
    assert searched.latency_s[0, 2] == pytest.approx(whole.latency_s)
    with pytest.raises(UsageError, match="searched again"):
        searched.layer_energy_pj("int8")


def test_mappings_are_searched_again_under_the_residency_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    result, jobs = estimated("horowitz-45nm", "int8"), []

    def run(points: Sequence[Point], **_: object) -> Iterator[tuple[int, Outcome]]:
        jobs.extend(point.job for point in points)
        return ((number, Outcome({"energy_pj": 1.0, "latency_s": 1.0})) for number in range(len(points)))

    monkeypatch.setattr("accelsim.explore.cost_sweep.run", run)
    for how, kept in (("greedy", frozenset()), ("optimal", frozenset()), ("searched", frozenset({"fc"}))):
        stays = replace(result.residency, how=how, kept_weights=kept)
        sim.cost_sweep(replace(result, residency=stays), {READ: [1.0]}, reoptimize=True)
    assert [(job.residency, job.keep_weights) for job in jobs if job] == [
        ("greedy", False), ("optimal", False), ("optimal", True),
    ]  # fmt: skip


WRONG: list[tuple[type[Exception], str, dict[str, Any]]] = [
    (InputError, "did you mean add_pj.int16", {"values": {"ad_pj.int16": [1]}}),
    (InputError, "did you mean levels.DRAM.read_pj_per_bit", {"values": {"levels.DRAM.reed_pj_per_bit": [1]}}),
    (InputError, "changes counts or time", {"values": {"clock_hz": [1e9]}}),
    (InputError, "path of a unit cost", {"factors": {"levels.*.capacity": [1]}}),
    (InputError, "at least one number", {"values": {READ: []}}),
    (InputError, "finite numbers of at least 0; got -1", {"values": {READ: [1, -1]}}),
    (InputError, "finite numbers", {"factors": {READ: [float("nan")]}}),
    (InputError, "over numbers; got 'cheap'", {"values": {READ: "cheap"}}),
    (InputError, "varied once; levels.DRAM.read_pj_per_bit is in both", {"values": {READ: [1]}, "dram": ["hbm2"]}),
    (InputError, "varied once", {"values": {READ: [1]}, "factors": {"levels.*": [1]}}),
    (InputError, "DRAM technology must be one of", {"dram": ["hbm9000x"]}),
    (InputError, "as many entries", {"values": {READ: [1, 2], WRITE: [1, 2, 3]}, "pairing": "list"}),
    (UsageError, "at most 2,000,000 variants", {"values": {READ: range(2000), WRITE: range(2000)}}),
    (UsageError, "must vary something", {}),
    (UsageError, "grid or list", {"values": {READ: [1]}, "pairing": "grids"}),
    (UsageError, "must stand alone", {"values": {READ: [1]}, "draws": 5}),
    (UsageError, "draws must be between 1", {"draws": 0}),
]


@pytest.mark.parametrize(("kind", "said", "given_"), WRONG, ids=[said for _, said, _ in WRONG])
def test_wrong_sweeps_are_refused(kind: type[Exception], said: str, given_: dict[str, Any]) -> None:
    with pytest.raises(kind, match=said):
        sim.cost_sweep(estimated("horowitz-45nm", "int8"), **given_)


def test_what_has_no_energy_node_or_range_is_refused() -> None:
    result = estimated("horowitz-45nm", "int8")
    with pytest.raises(InputError, match="the energy of int8 must be known"):
        sim.cost_sweep(result_of("a100-80gb", "int8"), {READ: [1]})
    with pytest.raises(InputError, match="int8 stands twice"):
        sim.cost_sweep([result, result], {READ: [1]})
    with pytest.raises(InputError, match="at least one result"):
        sim.cost_sweep([], {READ: [1]})
    paths = (READ, WRITE, *(f"{op}_pj.{one}" for op in ("multiply", "add") for one in ("int32", "fp32")))
    exact = {path: {"value": 20, "source": "horowitz-isscc2014"} for path in paths}
    sure = result_of(sim.load_profile("horowitz-45nm", exact), "int8")
    with pytest.raises(InputError, match="none of the costs used has a published range"):
        sim.cost_sweep(sure, draws=10)
    with pytest.raises(InputError, match="did you mean int8"):
        sim.cost_sweep(result, {READ: [1]}).of("int9")
