"""Is energy the product of units and costs: in all, by part, by layer, and with each number once?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from costed import NETWORK

import accelsim as sim
from accelsim.explore.bill import UnitCost, bill_of, by_layer, by_part
from accelsim.explore.numbers import merged
from accelsim.provenance import COMMAND_LINE, Sourced
from accelsim.workload.network import Network
from accelsim.workload.sparsity import Sparsity

CASES: list[tuple[Network, str, str, dict[str, Any]]] = [
    (NETWORK, "horowitz-45nm", "w8a8-dequant-fp32", {}),
    (NETWORK, "horowitz-45nm", "w4g32a8-int8", {"fuse": True}),
    (NETWORK, "eyeriss-v1", "w4a8", {}),
    (NETWORK, "tpu-v4i", "int8", {"pass_": "training"}),
    (NETWORK, "tpu-v4i", "bf16", {}),
    (NETWORK, "horowitz-45nm", "w4g8a16", {}),
]


@pytest.mark.parametrize(("model", "chip", "scheme", "options"), CASES)
def test_units_times_costs_is_the_energy(model: Network, chip: str, scheme: str, options: dict[str, Any]) -> None:
    result = sim.estimate(model, chip, scheme, mapping="heuristic", **options)
    whole, parts, layers = (bill_of(["x"], [result], row) for row in (lambda name, _: (name,), by_part, by_layer))
    assert whole is not None
    assert parts is not None
    assert layers is not None
    assert whole.energy_pj.tolist() == pytest.approx([result.energy_pj], rel=1e-12)
    found = dict(zip((part for _, part in parts.rows), parts.energy_pj, strict=True))
    assert found == pytest.approx({part: result.energy_breakdown_pj[part] for part in found})
    assert {part for part, energy in result.energy_breakdown_pj.items() if energy} <= set(found)
    energies = {one.layer.name: one.energy_pj * one.layer.repeat for one in result.layers if one.energy_pj}
    found = dict(zip((layer for _, layer in layers.rows), layers.energy_pj, strict=True))
    assert found.pop("", 0.0) == pytest.approx(result.overhead_energy_pj)
    assert found == pytest.approx(energies)
    together, members = merged(whole)
    assert together.energy_pj.tolist() == pytest.approx(whole.energy_pj.tolist())
    assert sorted(column for columns in members for column in columns) == list(range(len(whole.costs)))


def test_the_test_for_zeros_is_a_cost_like_any_other() -> None:
    chip = sim.load_profile("eyeriss-v1", {"sparsity.zero_test_pj": "0.1"})
    network = Network("sparse", tuple(replace(one, sparsity=Sparsity(inputs=0.5)) for one in NETWORK.layers[:1]))
    result = sim.estimate(network, chip, "int8", mapping="heuristic")
    found = bill_of(["x"], [result])
    assert found is not None
    assert found.energy_pj.tolist() == pytest.approx([result.energy_pj], rel=1e-12)
    place = found.labels.index("zero test")
    assert found.units[0, place] == result.macs
    swept = sim.cost_sweep(result, {"sparsity.zero_test_pj": [0.1, 0.3]})
    assert swept.energy_pj[0].tolist() == pytest.approx([result.energy_pj, result.energy_pj + 0.2 * result.macs])


def test_an_unknown_cost_leaves_no_bill() -> None:
    assert bill_of(["x"], [sim.estimate(NETWORK, "a100-80gb", "int8", mapping="heuristic")]) is None


def test_every_result_has_a_row() -> None:
    result = sim.estimate(NETWORK, "horowitz-45nm", "int8", mapping="heuristic")
    found = bill_of(["a", "b"], [result, result])
    assert found is not None
    assert found.rows == (("a",), ("b",))
    assert (found.row("a") == found.row("b")).all()


def test_one_published_number_is_one_column_and_what_a_user_gave_is_not() -> None:
    names, chip = ["int8"], sim.load_profile("horowitz-45nm")
    published = bill_of(names, [sim.estimate(NETWORK, chip, "int8", mapping="heuristic")])
    assert published is not None
    labels = merged(published)[0].labels
    assert {"DRAM read and write", "SRAM read and write", "RF read and write", "int8 multiply"} <= set(labels)
    given = {f"levels.DRAM.{way}_pj_per_bit": "20" for way in ("read", "write")}
    mine = bill_of(names, [sim.estimate(NETWORK, sim.load_profile(chip.name, given), "int8", mapping="heuristic")])
    assert mine is not None
    assert {"DRAM read", "DRAM write"} <= set(merged(mine)[0].labels)


def test_chips_share_what_they_quote_and_labels_tell_the_rest_apart() -> None:
    small = sim.load_profile("horowitz-45nm", {"array.rows": "8", "multiply_pj.int8": "0.4"})
    results = [sim.estimate(NETWORK, chip, "int8", mapping="heuristic") for chip in (small, "eyeriss-v1")]
    results.append(sim.estimate(NETWORK, "horowitz-45nm", "int8", mapping="heuristic"))
    found = bill_of(["small", "eyeriss", "whole"], results)
    assert found is not None
    numbers = merged(found)[0]
    assert len(set(numbers.labels)) == len(numbers.labels)
    assert "DRAM read and write on eyeriss-v1" in numbers.labels
    assert "DRAM read and write on horowitz-45nm" in numbers.labels
    assert {"int8 multiply on horowitz-45nm at 0.2 pJ", "int8 multiply on horowitz-45nm at 0.4 pJ"} <= set(
        numbers.labels
    )
    shared = numbers.labels.index("DRAM read and write on horowitz-45nm")
    assert np.count_nonzero(numbers.units[:, shared]) == 2


@pytest.mark.parametrize(
    ("path", "what", "unit"),
    [
        ("multiply_pj.int8*int4", "int8*int4 multiply", "pJ"), ("vector.ops_pj.exp", "exp operation", "pJ"),
        ("levels.L2.a.read_pj_per_bit", "L2.a read", "pJ/bit"), ("array.rows.link_pj_per_bit", "rows link", "pJ/bit"),
        ("clock_pj_per_cycle", "clock", "pJ/cycle"), ("levels.HBM.background_w", "HBM background", "W"),
        ("leakage_w", "leakage", "W"), ("idle_w", "idle power", "W"),
        ("convert_pj.int8>fp32", "int8>fp32 convert", "pJ"),
    ],
)  # fmt: skip
def test_a_cost_says_what_it_is_of(path: str, what: str, unit: str) -> None:
    one = UnitCost(path, Sourced(1.0, COMMAND_LINE))
    assert (one.what, one.unit) == (what, unit)
