"""Are elasticities and swings those of estimates with one cost changed?"""

from __future__ import annotations

import math

import pytest
from costed import NETWORK

import accelsim as sim
from accelsim.explore.tornado import Tornado
from accelsim.hardware.unit_costs import listed_costs
from accelsim.simulation.result import Result

COMPARED = sim.compare(NETWORK, "horowitz-45nm", ["int8", "fp32", "w4a8"], mapping="heuristic")


def with_cost(result: Result, cost: str, value: float) -> float:
    """The energy with one number changed wherever it is listed, mappings as they are."""
    name, _, kind = cost.rpartition(" ")
    paths = {
        "multiply": [f"multiply_pj.{name}"], "add": [f"add_pj.{name}"],
        "write": [f"levels.{name.removesuffix(' read and')}.{way}_pj_per_bit" for way in ("read", "write")],
    }[kind]  # fmt: skip
    assert set(paths) <= set(listed_costs(result.chip))
    nests = {one.layer.name: one.nest for one in result.layers if one.nest is not None}
    chip = sim.load_profile(result.chip.name, dict.fromkeys(paths, str(value)))
    energy = sim.estimate(result.network, chip, result.scheme, mapping=nests).energy_pj
    assert energy is not None
    return energy


@pytest.mark.parametrize("chip", ["horowitz-45nm", "eyeriss-v1", "tpu-v4i", "nvdla-full"])
def test_elasticities_sum_to_one_and_are_shares_of_the_energy(chip: str) -> None:
    result = sim.estimate(NETWORK, chip, "int8", mapping="heuristic")
    facts = result.uncertainty().tornado()
    assert sum(one.elasticity for one in facts.swings) == pytest.approx(1)
    assert all(one.elasticity >= 0 for one in facts.swings)
    assert facts.value == pytest.approx(result.energy_pj)
    assert [one.swing for one in facts.swings] == sorted((one.swing for one in facts.swings), reverse=True)
    assert set(facts.ranged) == {one for one in facts.swings if one.swing}


def test_an_elasticity_is_the_slope_of_estimates() -> None:
    result, step = COMPARED["int8"], 1e-4
    for one in result.uncertainty().tornado().swings:
        up, down = (with_cost(result, one.cost, one.value * (1 + way * step)) for way in (1, -1))
        assert math.log(up / down) / math.log((1 + step) / (1 - step)) == pytest.approx(one.elasticity, abs=1e-6)


def test_a_swing_is_what_estimates_at_the_ends_say() -> None:
    for facts in (COMPARED.uncertainty(unranged=0.25).tornado("int8"),):
        for one in facts.swings:
            assert one.least < one.most
            assert one.at_least == pytest.approx(with_cost(COMPARED["int8"], one.cost, one.least))
            assert one.at_most == pytest.approx(with_cost(COMPARED["int8"], one.cost, one.most))


def test_a_ratio_has_elasticities_that_sum_to_zero_and_swings_of_both_energies() -> None:
    sure = COMPARED.uncertainty(unranged=0.25)
    facts = sure.tornado("int8", over="fp32")
    assert facts.value == pytest.approx(COMPARED["int8"].energy_pj / COMPARED["fp32"].energy_pj)
    assert sum(one.elasticity for one in facts.swings) == pytest.approx(0, abs=1e-12)
    own, other = ({one.cost: one.elasticity for one in sure.tornado(name).swings} for name in ("int8", "fp32"))
    for one in facts.swings:
        assert one.elasticity == pytest.approx(own.get(one.cost, 0.0) - other.get(one.cost, 0.0), abs=1e-12)
        energies = [with_cost(COMPARED[name], one.cost, one.most) for name in ("int8", "fp32")]
        assert one.at_most == pytest.approx(energies[0] / energies[1])


def test_the_title_is_the_finding() -> None:
    facts = COMPARED.uncertainty().tornado("fp32")
    assert facts.title == (
        f"The energy of fp32 depends most on {facts.swings[0].cost}: "
        f"{facts.swings[0].at_most / facts.swings[0].at_least:.2f}x over its range"
    )
    dear = sim.load_profile("horowitz-45nm", {f"levels.RF.{way}_pj_per_bit": 5 for way in ("read", "write")})
    heavier = sim.estimate(NETWORK, dear, "fp32", mapping="heuristic").uncertainty().tornado()  # than any with a range
    said = f"Of the costs with a range, the energy of fp32 depends most on {heavier.swings[0].cost}"
    assert heavier.title.startswith(said)
    fixed = {"value": 20, "source": "horowitz-isscc2014"}
    paths = {f"levels.DRAM.{way}_pj_per_bit": fixed for way in ("read", "write")}
    paths |= {f"{op}_pj.{one}": fixed | {"value": 1} for op in ("multiply", "add") for one in ("int32", "fp32")}
    chip = sim.load_profile("horowitz-45nm", paths)
    unsure = sim.estimate(NETWORK, chip, "fp32", mapping="heuristic").uncertainty().tornado()
    assert "whose range is not known" in unsure.title
    assert unsure.swings[0].elasticity == max(one.elasticity for one in unsure.swings)
    assert isinstance(unsure, Tornado)
    assert unsure.ranged == ()
