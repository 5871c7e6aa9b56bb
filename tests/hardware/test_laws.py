"""Do the laws give back what was published, move the right way, and say that they are laws?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from accelsim.hardware import Chip, load_profile, sram
from accelsim.hardware.node_scaling import area_ratio, energy_ratio, polynomial_ratio, published_ratio
from accelsim.provenance import Sourced

Load = Callable[..., Chip]
WIDTHS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32)


@pytest.fixture(scope="module")
def chip() -> Chip:
    return load_profile("horowitz-45nm")


def pj(cost: Sourced | None) -> float:
    assert cost is not None
    return cost.value


def test_listed_costs_are_returned_as_they_stand(chip: Chip) -> None:
    for name, multiply in (("int8", 0.2), ("fp16", 1.1), ("fp32", 3.7), ("int32", 3.1)):
        cost = chip.multiply_pj(name, name)
        assert (pj(cost), cost and cost.status) == (multiply, "seen")
    for name, add in (("int8", 0.03), ("int16", 0.05), ("int32", 0.1), ("fp16", 0.4), ("fp32", 0.9)):
        assert pj(chip.add_pj(name)) == add


@pytest.mark.parametrize(("narrow", "relative"), [(2, 0.084), (3, 0.21), (4, 0.35), (5, 0.506), (6, 0.683), (7, 0.859)])
def test_narrow_weights_follow_the_published_multipliers(chip: Chip, narrow: int, relative: float) -> None:
    """EvoApprox8b's exact 8 x b multipliers relative to 8 x 8."""
    cost = chip.multiply_pj(f"int{narrow}", "int8")
    assert cost is not None
    assert cost.value == pytest.approx(0.2 * relative, rel=1e-9)
    assert cost.status == "derived"
    assert "mrazek-date2017" in cost.sources
    assert chip.multiply_pj("int8", f"int{narrow}") == cost


def test_a_wider_integer_multiply_never_costs_less(chip: Chip) -> None:
    for fixed in WIDTHS:
        costs = [pj(chip.multiply_pj(f"int{width}", f"int{fixed}")) for width in WIDTHS]
        assert all(a <= b * (1 + 1e-12) for a, b in pairwise(costs)), (fixed, costs)


def test_between_published_widths_the_law_stays_between_them(chip: Chip) -> None:
    for width in (9, 12, 16, 24, 31):
        assert 0.2 < pj(chip.multiply_pj(f"int{width}", f"int{width}")) < 3.1
    int4 = chip.multiply_pj("int4", "int4")
    assert int4 is not None
    assert int4.low is not None
    assert int4.high is not None
    assert 0 < int4.low < int4.value <= int4.high < 0.2


def test_float_multiply_goes_by_significand(chip: Chip) -> None:
    """E = a m^2 + c through fp16 (m = 11) and fp32 (m = 24): bf16 has m = 8."""
    a = (3.7 - 1.1) / (24**2 - 11**2)
    c = 1.1 - a * 11**2
    for name, m in (("bf16", 8), ("fp8e4m3", 4), ("fp8e5m2", 3), ("tf32", 11), ("fp4e2m1", 2)):
        cost = chip.multiply_pj(name, name)
        assert cost is not None
        assert cost.value == pytest.approx(a * m * m + c, rel=1e-9)
        assert cost.status == "derived"


def test_the_float_law_predicts_7_nm_within_its_stated_error(load: Load) -> None:
    """The 7 nm fit, anchored on fp32 alone, gives bf16 and fp16 within 10% (Jouppi et al. 2021, Table 2)."""
    old = "multiply_pj: {source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}"
    new = "multiply_pj: {source: jouppi-isca2021, fp32: 1.31}"
    chip = load(old, new, overrides={"node_nm": "7"})
    assert pj(chip.multiply_pj("bf16", "bf16")) == pytest.approx(0.21, rel=0.1)
    assert pj(chip.multiply_pj("fp16", "fp16")) == pytest.approx(0.34, rel=0.1)


def test_one_kind_of_cost_gives_the_others_by_reference_ratios(load: Load) -> None:
    old = "multiply_pj: {source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}\n"
    adds = "add_pj: {source: horowitz-isscc2014, int32: 0.1, fp32: 0.9}\n"
    chip = load(old + adds, "multiply_pj: {source: horowitz-isscc2014, int8: 0.4}\n")
    assert pj(chip.multiply_pj("fp32", "fp32")) == pytest.approx(2 * 3.7)
    assert pj(chip.add_pj("int8")) == pytest.approx(2 * 0.03)
    assert pj(chip.add_pj("fp32")) == pytest.approx(2 * 0.9)
    chip = load(old + adds, "multiply_pj: {source: horowitz-isscc2014, fp32: 1.85}\n")
    assert pj(chip.multiply_pj("int8", "int8")) == pytest.approx(0.1)
    for cost in (chip.multiply_pj("int8", "int8"), chip.add_pj("int32")):
        assert cost is not None
        assert cost.status == "derived"


def test_without_costs_there_is_no_energy_but_there_are_rates(load: Load) -> None:
    old = "multiply_pj: {source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}\n"
    chip = load(old + "add_pj: {source: horowitz-isscc2014, int32: 0.1, fp32: 0.9}\n", "")
    assert not chip.has_costs
    assert chip.multiply_pj("int8", "int8") is None
    assert chip.add_pj("fp32") is None
    for op in ("add", "multiply", "convert", "compare", "divide", "sqrt", "exp"):
        assert chip.operation_pj(op, "fp32") is None
    assert chip.macs_per_pe_cycle("int8", "int8").value == 4


def test_adders_are_linear_beyond_the_published_widths(chip: Chip) -> None:
    assert pj(chip.add_pj("int4")) == pytest.approx(0.03 / 2)
    assert pj(chip.add_pj("int64")) == pytest.approx(0.1 * 2)
    assert pj(chip.add_pj("bf16")) == pytest.approx(0.4 * 8 / 11)
    assert 0.05 < pj(chip.add_pj("int24")) < 0.1


def test_scalar_operations_are_stated_numbers_of_adds_and_multiplies(chip: Chip) -> None:
    add, multiply = pj(chip.add_pj("fp32")), pj(chip.multiply_pj("fp32", "fp32"))
    expected = {
        "add": add, "multiply": multiply, "compare": add, "convert": add,
        "divide": 5 * multiply + 2 * add, "sqrt": 8 * multiply + 2 * add, "exp": 8 * multiply + 9 * add,
    }  # fmt: skip
    for op, value in expected.items():
        cost = chip.operation_pj(op, "fp32")
        assert pj(cost) == pytest.approx(value)
        assert cost is not None
        assert cost.status == ("seen" if op in ("add", "multiply") else "derived")
    assert pj(chip.operation_pj("convert", "int8>fp16")) == pj(chip.add_pj("fp16"))


def test_listed_conversions_and_vector_costs_win(load: Load) -> None:
    chip = load(
        "name: mine",
        "name: mine\nconvert_pj: {source: han-nips2015, 'int8>fp16': 0.7}\n"
        "vector: {lanes: 4, source: han-nips2015, ops_pj: {exp: 5}}",
    )
    assert pj(chip.operation_pj("convert", "int8>fp16")) == 0.7
    assert pj(chip.operation_pj("exp", "fp32")) == 5
    assert chip.vector is not None
    assert chip.vector.lanes.value == 4


def test_every_derived_cost_names_a_work_that_is_known(chip: Chip) -> None:
    formats = ("int4", "int16", "bf16", "fp8e4m3", "fp32", "uint8")
    costs = [chip.multiply_pj(a, b) for a in formats for b in formats]
    costs += [chip.operation_pj(op, name) for op in ("add", "convert", "divide", "exp", "sqrt") for name in formats]
    for cost in costs:
        assert cost is not None
        assert set(cost.sources) <= set(chip.sources)
        if cost.status == "derived":
            assert cost.note
            assert cost.least <= cost.value <= cost.most


def test_the_sram_table_is_met_at_its_points_and_monotonic_between() -> None:
    assert sram.lookup("read_pj", 1024 * 8, 32, 45) == pytest.approx(1.32373, rel=1e-5)
    assert sram.lookup("area_mm2", 2**20 * 8, 32, 45) == pytest.approx(3.15277, rel=1e-5)
    middle = sram.lookup("read_pj", 1024 * 8 * 2**0.5, 32, 45)
    assert middle == pytest.approx((1.32373 * 2.23182) ** 0.5, rel=1e-5)
    sizes = [2.0**power for power in range(13, 30)]
    for quantity in ("read_pj", "write_pj", "leakage_mw", "area_mm2"):
        values = [sram.lookup(quantity, size, 64, 45) for size in sizes]  # type: ignore[arg-type]
        assert all(a < b for a, b in pairwise(values)), quantity
    assert [sram.nearest_node(node) for node in (None, 65, 45, 28, 16, 7)] == [45, 45, 45, 32, 22, 22]
    assert not sram.extrapolated(2**13, 32)
    assert sram.extrapolated(2**13 - 1, 32)
    assert sram.extrapolated(2**13, 31)


def test_node_scaling_gives_both_published_models() -> None:
    """Stillmaker & Baas at 0.8 V: 45 -> 7 nm x0.0943; Jouppi et al.: x0.354 (mean of four operations)."""
    assert polynomial_ratio(45, 7) == pytest.approx(0.0943, rel=1e-3)
    assert polynomial_ratio(45, 7, 0.9, 0.7) == pytest.approx(0.0566, rel=1e-3)
    assert published_ratio(45, 7) == pytest.approx(0.354, rel=1e-3)
    ratio, low, high, law = energy_ratio(45, 7)
    assert (low, high) == pytest.approx((0.0943, 0.422), rel=1e-3)  # polynomials; the published fp32 add
    assert low < ratio < high
    back = energy_ratio(7, 45)
    assert back[1:3] == pytest.approx((1 / 0.422, 1 / 0.0943), rel=1e-3)
    assert "polynomials" in law
    assert area_ratio(45, 7) == pytest.approx(0.059)
    assert published_ratio(45, 45) == 1


def test_another_node_moves_costs_only_when_asked(load: Load) -> None:
    same = load(overrides={"node_nm": "7"})
    assert pj(same.multiply_pj("int8", "int8")) == 0.2
    assert any("--what-if" in remark for remark in same.remarks)
    moved = load(overrides={"node_nm": "7"}, what_if=True)
    assert pj(moved.multiply_pj("int8", "int8")) == pytest.approx(0.2 * 0.354, rel=1e-3)
    assert moved.level("DRAM").read_pj_per_bit == same.level("DRAM").read_pj_per_bit
    assert {path for path, _ in moved.derived} >= {"multiply_pj.int8", "levels.SRAM.read_pj_per_bit"}
    assert moved != same


def test_the_node_moves_what_switches_on_the_chip_and_nothing_else(load: Load) -> None:
    """The clock tree switches, so it moves; leakage and idle power are not energies of switching."""
    statics = "\n".join(
        f"{name}: {{value: 3, source: han-nips2015}}" for name in ("clock_pj_per_cycle", "leakage_w", "idle_w")
    )
    chip = load("name: mine", f"name: mine\n{statics}", overrides={"node_nm": "7"}, what_if=True)
    assert pj(chip.clock_pj_per_cycle) == pytest.approx(3 * 0.354, rel=1e-3)
    assert (pj(chip.leakage_w), pj(chip.idle_w)) == (3, 3)
    (remark,) = chip.remarks
    unchanged = remark.rpartition("; ")[2]
    assert unchanged.endswith("are unchanged.")
    for word in ("clock rate", "leakage", "idle power", "off-chip memory"):
        assert word in unchanged
    assert "clock," not in unchanged


@pytest.mark.parametrize("technology", ["technology: hbm", "technology: gddr6", "technology: sram", "holds: WIO"])
def test_the_outermost_level_never_moves_with_the_node(load: Load, technology: str) -> None:
    chip = load("technology: dram", technology, overrides={"node_nm": "7"}, what_if=True)
    for cost in (chip.outermost.read_pj_per_bit, chip.outermost.write_pj_per_bit):
        assert pj(cost) == 20
        assert cost is not None
        assert cost.status == "seen"
    assert pj(chip.level("SRAM").read_pj_per_bit) == pytest.approx(20 / 64 * 0.354, rel=1e-3)


def test_a_dram_inside_the_outermost_level_does_not_move_either(load: Load) -> None:
    chip = load("technology: sram", "technology: dram-3d", overrides={"node_nm": "7"}, what_if=True)
    assert pj(chip.level("SRAM").read_pj_per_bit) == 20 / 64


def test_an_integer_multiply_follows_from_the_widest_float(load: Load) -> None:
    """int8 is 0.2 / 3.7 of fp32; fp32, of 24 significand bits, is scaled from fp16's 11, not from fp8's 4.

    The widest listed float is the nearest to fp32, and its cost is mostly the array of partial
    products that the law scales; a narrow float's is mostly its exponent logic.
    """
    old = "multiply_pj: {source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}"
    for fp8 in (0.01, 0.9):
        new = f"multiply_pj: {{source: horowitz-isscc2014, fp8e4m3: {fp8}, fp16: 1.0}}"
        fp32 = 1.0 * (0.00571 * 24**2 + 0.409) / (0.00571 * 11**2 + 0.409)
        cost = load(old, new).multiply_pj("int8", "int8")
        assert pj(cost) == pytest.approx(fp32 * 0.2 / 3.7, rel=1e-9)
        assert cost is not None
        assert cost.status == "derived"


def test_between_listed_widths_the_two_neighbors_decide(chip: Chip) -> None:
    """int24 lies between int16 (0.05) and int32 (0.1): E ~ bits there, and int8 has no say."""
    assert pj(chip.add_pj("int24")) == pytest.approx(0.05 * 24 / 16, rel=1e-9)


def test_a_free_multiply_stays_free(load: Load) -> None:
    old = "multiply_pj: {source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}"
    chip = load(old, "multiply_pj: {source: horowitz-isscc2014, int8: 0, fp16: 0}")
    for name in ("int4", "int16", "bf16", "fp32", "int8"):
        assert pj(chip.multiply_pj(name, name)) == 0
