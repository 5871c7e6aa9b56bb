"""Is a chip with other unit costs the chip that ``--set`` makes, and is every operation the sum of its parts?"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.hardware.catalog import list_profiles, load_profile
from accelsim.hardware.dram import dram_pj_per_bit, dram_technologies
from accelsim.hardware.unit_costs import basic_costs, is_cost, listed_costs, unit_cost, with_costs
from accelsim.provenance import COMMAND_LINE, Sourced, bibliography
from accelsim.vocabulary import VECTOR_OPS

PRICED = [entry.name for entry in list_profiles() if load_profile(entry.name).has_costs]
FORMATS = ("int4", "uint8", "int8", "int32", "fp16", "bf16", "fp32")


@pytest.mark.parametrize("name", PRICED)
def test_every_operation_is_the_sum_of_its_unit_costs(name: str) -> None:
    chip = load_profile(name)
    asked = [(op, key) for op in VECTOR_OPS for key in FORMATS]
    asked += [("convert", key) for key in ("int32>int8", "fp16>fp32", "int8>fp32", "uint8>int8")]
    for op, key in asked:
        cost, parts = chip.operation_pj(op, key), basic_costs(chip, op, key)
        assert cost is not None
        priced = [(count, unit_cost(chip, path)) for count, path in parts]
        for end in ("value", "least", "most"):
            assert sum(count * getattr(part, end) for count, part in priced) == pytest.approx(getattr(cost, end))


@pytest.mark.parametrize("name", PRICED)
def test_other_costs_make_the_chip_that_overrides_make(name: str) -> None:
    chip = load_profile(name)
    paths = list(listed_costs(chip))
    assert paths
    values = {path: 0.125 * (place + 1) for place, path in enumerate(paths)}
    if name in ("horowitz-45nm", "tpu-v4i"):
        values["multiply_pj.int4"] = 0.01
    ours = with_costs(chip, {path: Sourced(value, COMMAND_LINE, status="assumed") for path, value in values.items()})
    theirs = load_profile(name, {path: str(value) for path, value in values.items()})
    for path in values:
        assert unit_cost(ours, path) == unit_cost(theirs, path), path
    for key in FORMATS:
        assert ours.multiply_pj(key, "int8") == theirs.multiply_pj(key, "int8")
        assert ours.operation_pj("exp", key) == theirs.operation_pj("exp", key)


def test_what_is_no_cost_is_refused() -> None:
    chip = load_profile("horowitz-45nm")
    for path in ("clock_hz", "levels.SRAM.capacity", "array.rows", "multiply_pj."):
        assert not is_cost(path)
        with pytest.raises(InputError, match="path of a unit cost"):
            unit_cost(chip, path)
        with pytest.raises(InputError, match="path of a unit cost"):
            with_costs(chip, {path: Sourced(1.0, COMMAND_LINE)})


def test_a_cost_that_the_chip_does_not_state_stays_unstated() -> None:
    chip = load_profile("horowitz-45nm")
    one = Sourced(1.0, COMMAND_LINE)
    other = with_costs(chip, {"leakage_w": one, "array.rows.link_pj_per_bit": one, "levels.SRAM.leakage_w": one})
    assert listed_costs(other) == listed_costs(chip)


def test_dram_energies_are_those_of_their_sources() -> None:
    rows = list(csv.DictReader((Path(__file__).parent / "data" / "dram_energy.csv").read_text().splitlines()))
    table, works = dram_technologies(), bibliography()
    assert {row["technology"] for row in rows} == set(table)
    for row in rows:
        cost = table[row["technology"]]
        stated = [float(row[end]) for end in ("least", "value", "most")]
        assert [cost.least, cost.value, cost.most] == pytest.approx(stated)
        assert cost.status == row["status"]
        assert set(cost.sources) <= set(works)
    with pytest.raises(InputError, match="did you mean lpddr4"):
        dram_pj_per_bit("lpdr4")
