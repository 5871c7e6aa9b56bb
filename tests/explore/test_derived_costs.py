"""Are derived costs of many values at once those of the laws, one by one?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.hardware.catalog import load_profile
from accelsim.hardware.derived_costs import derived_costs, parents
from accelsim.hardware.unit_costs import listed_costs, unit_cost, with_costs
from accelsim.provenance import COMMAND_LINE, Sourced

CHIPS = {name: load_profile(name) for name in ("horowitz-45nm", "eyeriss-v1", "tpu-v1", "tpu-v4i", "nvdla-full")}
CHIPS["three floats"] = load_profile("horowitz-45nm", {"multiply_pj.bf16": "0.6"})
NAMES = ("int4", "int12", "uint8", "int64", "bf16", "fp64", "fp8e4m3", "tf32", "fp16", "fp32", "int16")
PATHS = [*(f"multiply_pj.{name}" for name in (*NAMES, "int4*int8", "int4*bf16")), *(f"add_pj.{name}" for name in NAMES)]


@settings(max_examples=50, deadline=None)
@given(
    name=st.sampled_from(sorted(CHIPS)),
    path=st.sampled_from(PATHS),
    data=st.data(),
    costs=st.one_of(st.floats(0.01, 10), st.just(0.0)).flatmap(
        lambda first: st.lists(st.floats(0.01, 10), min_size=5, max_size=5).map(lambda rest: [first, *rest])
    ),
)
def test_many_at_once_are_the_laws_one_by_one(name: str, path: str, data: st.DataObject, costs: list[float]) -> None:
    chip = CHIPS[name]
    looked_at = parents(chip, path)
    if path in listed_costs(chip):
        assert looked_at == ()
        return
    tables = [each for each in listed_costs(chip) if each.startswith(("multiply_pj.", "add_pj."))]
    varied = data.draw(st.lists(st.sampled_from(tables), min_size=1, unique=True))
    columns = {each: np.array([costs[(place + row) % 6] for row in range(3)]) for place, each in enumerate(varied)}
    found = derived_costs(chip, path, columns)
    for row in range(3):
        given_ = {each: Sourced(float(column[row]), COMMAND_LINE) for each, column in columns.items()}
        cost = unit_cost(with_costs(chip, given_), path)
        assert cost is not None
        assert found[row] == pytest.approx(cost.value, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "path", "found"),
    [
        ("horowitz-45nm", "multiply_pj.bf16", ("multiply_pj.fp16", "multiply_pj.fp32")),
        ("horowitz-45nm", "add_pj.int4", ("add_pj.int8", "add_pj.int16", "add_pj.int32")),
        ("horowitz-45nm", "multiply_pj.int8", ()),
        ("eyeriss-v1", "multiply_pj.fp32", ("multiply_pj.int16",)),
        ("eyeriss-v1", "add_pj.fp32", ("multiply_pj.int16",)),
        ("horowitz-45nm", "levels.DRAM.read_pj_per_bit", ()),
    ],
)
def test_a_law_looks_at_its_own_kind_and_at_others_only_for_want_of_it(
    name: str, path: str, found: tuple[str, ...]
) -> None:
    assert parents(CHIPS[name], path) == found
