"""Are ratios, ranges and sentences of a comparison those of its numbers, and do they turn when the numbers turn?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from accelsim.errors import InputError, UnsupportedError, UsageError
from accelsim.explore.compare import Comparison, compare
from accelsim.explore.ratios import compare_amounts
from accelsim.explore.reasons import limits_of
from accelsim.explore.reuse import dynamic_pj, nest_without_reuse, without_reuse
from accelsim.explore.robust import Bill, Key, bill, difference, judge, least_ratio
from accelsim.explore.words import whole_ratio
from accelsim.hardware.catalog import load_profile
from accelsim.provenance import Sourced
from accelsim.simulation.estimate import evaluate_mapping
from accelsim.workload.catalog import load_workload

SCHEMES = ["fp32", "fp16", "w8a8-dequant-fp32", "int8"]


def comparison(schemes: list[str] | None = None, reference: str | None = None, **overrides: object) -> Comparison:
    chip = load_profile("horowitz-45nm", {path.replace("__", "."): value for path, value in overrides.items()})
    return compare("filter-3x3x256", chip, schemes or SCHEMES, reference)


@pytest.fixture(scope="module")
def founding() -> Comparison:
    return comparison()


def text(found: Comparison) -> str:
    return " ".join(found.verdict)


# ---------------------------------------------------------------------- ratios


@pytest.mark.parametrize(("value", "reference", "ratio", "direction"), [
    (2.0, 6.0, 3.0, "less"), (6.0, 2.0, 3.0, "more"), (5.0, 5.0, 1.0, "same"), (5.0, 5.01, 5.01 / 5, "same"),
    (0.0, 1.0, None, "unknown"), (None, 1.0, None, "unknown"), (1.0, None, None, "unknown"), (0.0, 0.0, 1.0, "same"),
])  # fmt: skip
def test_a_ratio_is_at_least_one_and_says_its_direction(
    value: float | None, reference: float | None, ratio: float | None, direction: str
) -> None:
    found = compare_amounts(value, reference, "less", "more", "same")
    assert found.direction == direction
    assert found.value == (None if ratio is None else pytest.approx(ratio))


def test_ratios_are_those_of_the_results(founding: Comparison) -> None:
    int8, fp32 = founding["int8"], founding["fp32"]
    assert founding.ratio("int8", "peak_macs_per_cycle").value == 4
    assert founding.ratio("fp16", "peak_macs_per_cycle").value == 2
    assert founding.ratio("w8a8-dequant-fp32", "peak_macs_per_cycle").direction == "same"
    assert founding.ratio("int8", "latency_s").value == pytest.approx(fp32.latency_s / int8.latency_s)
    assert founding.ratio("int8", "mac_pj").value == pytest.approx((3.7 + 0.9) / (0.2 + 0.1))
    for name in ("w8a8-dequant-fp32", "int8"):
        weights = founding.ratio(name, "weight_bytes")
        assert weights.value == pytest.approx(2304 * 32 / (2304 * 8 + 16))
        assert weights.value < 4


def test_the_reference_is_named_by_scheme_chip_or_both() -> None:
    chips = ["horowitz-45nm", "eyeriss-v1"]
    for wanted, name in (
        (None, "int8 on horowitz-45nm"), ("eyeriss-v1", "int8 on eyeriss-v1"), ("w4a8", "w4a8 on horowitz-45nm"),
        ("w4a8 on eyeriss-v1", "w4a8 on eyeriss-v1"),
    ):  # fmt: skip
        assert compare("filter-3x3x256", chips, ["int8", "w4a8"], wanted).reference_name == name


def test_what_cannot_run_is_refused_with_its_reason_and_the_rest_goes_on() -> None:
    found = compare("filter-3x3x256", ["tpu-v1", "horowitz-45nm"], ["fp32", "int8"])
    assert [one.name for one in found.refusals] == ["fp32 on tpu-v1"]
    assert "cannot multiply fp32" in found.refusals[0].reason
    assert found.names == ("int8 on tpu-v1", "fp32 on horowitz-45nm", "int8 on horowitz-45nm")
    with pytest.raises(UnsupportedError, match="cannot multiply fp32"):
        compare("filter-3x3x256", "tpu-v1", ["fp32", "fp16"])


def test_wrong_comparisons_are_refused(founding: Comparison) -> None:
    with pytest.raises(UsageError, match="at least one"):
        compare("filter-3x3x256", [], ["int8"])
    with pytest.raises(InputError, match="twice"):
        compare("filter-3x3x256", "horowitz-45nm", ["int8", "w8a8", "int8"])
    with pytest.raises(InputError, match="did you mean int8"):
        founding["int9"]


def test_frame_has_units_and_reference(founding: Comparison) -> None:
    frame = founding.to_frame()
    assert list(frame["scheme"]) == SCHEMES
    assert frame.attrs["reference"] == "fp32"
    assert frame.attrs["units"]["energy_pj"] == "pJ"
    assert frame["energy_pj"].tolist() == [one.energy_pj for one in founding.results]
    assert "against fp32" in repr(founding)


def test_html_has_a_row_for_every_scheme_and_escapes_names(founding: Comparison) -> None:
    first = founding.results[0]
    hostile = replace(first, network=replace(first.network, title="<script>alert(1)</script>"))
    shown = replace(founding, results=(hostile, *founding.results[1:]), reference=hostile)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert shown.count("<tr>") == 1 + len(SCHEMES)
    assert all(f"<td>{name}</td>" in shown for name in SCHEMES)


# ---------------------------------------------------------------------- ranges of costs


def cost(value: float, low: float | None = None, high: float | None = None, note: str = "") -> Sourced:
    return Sourced(value, "a work", low, high, note=note)


def units(**counts: tuple[float, Sourced]) -> dict[Key, float]:
    return {("memory", name, "read", price): count for name, (count, price) in counts.items()}


def corners(a: Bill, b: Bill) -> list[tuple[float, float]]:
    """Both energies at every corner of the box of costs, by brute force."""
    keys: Mapping[Key, float] = {**a, **b}
    found = []
    for chosen in itertools.product(*((key[-1].least, key[-1].most) for key in keys)):
        prices = dict(zip(keys, chosen, strict=True))
        found.append(tuple(sum(count * prices[key] for key, count in one.items()) for one in (a, b)))
    return found  # type: ignore[return-value]


def test_ranges_are_those_of_all_corners() -> None:
    dram, sram, other = cost(20, 20, 40), cost(1.5, 1, 3), cost(0.2, 0.1, 9)
    a = units(DRAM=(10.0, dram), SRAM=(90.0, sram), mac=(5.0, other))
    b = units(DRAM=(12.0, dram), SRAM=(30.0, sram))
    found = corners(a, b)
    assert difference(a, b) == pytest.approx((min(x - y for x, y in found), max(x - y for x, y in found)))
    judged = judge(a, b)
    assert judged is not None
    assert judged.low == pytest.approx(min(x / y for x, y in found))
    assert judged.high == pytest.approx(max(x / y for x, y in found))
    assert judged.low <= judged.nominal <= judged.high
    assert judged.ranged == 3
    assert least_ratio(b, a) == pytest.approx(1 / judged.high)


def test_a_cost_that_both_use_is_one_cost() -> None:
    wild = cost(1, 0.01, 100)
    judged = judge(units(DRAM=(10.0, wild)), units(DRAM=(11.0, wild)))
    assert judged is not None
    assert judged.robust
    assert judged.low == judged.high == pytest.approx(10 / 11)


@pytest.mark.parametrize(("factor", "close"), [(1.004, False), (1.01, True), (1.029, True), (1.031, False)])
def test_energies_that_mappings_alone_may_turn_are_too_close(factor: float, close: bool) -> None:
    price = cost(1)
    judged = judge(units(a=(1.0, price)), units(a=(factor, price)))
    assert judged is not None
    assert judged.too_close is close
    assert judged.equal is (factor == 1.004)
    assert judged.robust is (factor == 1.031)


@pytest.mark.parametrize(("high", "robust"), [(1.09, True), (1.11, False)])
def test_too_close_begins_where_the_ranges_let_the_order_turn(high: float, robust: bool) -> None:
    judged = judge(units(a=(10.0, cost(1, 1, high))), units(b=(11.0, cost(1))))
    assert judged is not None
    assert judged.robust is robust
    assert judged.too_close is not robust


def test_equal_energies_are_neither_robust_nor_too_close() -> None:
    judged = judge(units(a=(1.0, cost(2))), units(b=(2.0, cost(1))))
    assert judged is not None
    assert (judged.robust, judged.too_close) == (False, False)


def test_a_bill_sums_to_the_energy(founding: Comparison) -> None:
    for result in founding.results:
        found = bill(result)
        assert found is not None
        assert sum(count * key[-1].value for key, count in found.items()) == pytest.approx(result.energy_pj, rel=1e-12)


# ---------------------------------------------------------------------- sentences


def test_the_founding_argument(founding: Comparison) -> None:
    said = text(founding)
    assert "int8 takes the least energy: " in said
    assert "less than fp32" in said
    assert "whatever the costs within their published ranges" in said
    assert "w8a8-dequant-fp32 and int8 are the fastest" in said  # DRAM bounds both
    traffic = "DRAM traffic against fp32: 1.93x less with fp16, just under 4x less with w8a8-dequant-fp32 and int8."
    assert traffic in said  # the scales
    stored = "So w8a8-dequant-fp32 saves traffic but no multiplying; "
    assert f"{stored}only fp16 and int8 save all three: traffic, MAC rate and MAC energy." in said
    assert "3.1 pJ in int32 (15.5x) and 3.7 pJ in fp32 (18.5x)" in said
    assert "DRAM dominates: it takes" in said
    assert "of the energy in every scheme" in said


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (4.0, "4.00x"), (4.0 * (1 - 1e-12), "4.00x"), (3.998, "just under 4x"), (3.99, "3.99x"), (4.002, "4.00x"),
        (15.97, "just under 16x"), (149.7, "150x"),
    ],
)  # fmt: skip
def test_a_ratio_just_under_a_whole_number_says_so(value: float, shown: str) -> None:
    assert whole_ratio(value) == shown


def test_a_dear_int8_multiplier_turns_the_sentences() -> None:
    found = comparison(["fp32", "int8"], multiply_pj__int8="30")
    said = text(found)
    assert "Energy of a multiply-accumulate against fp32: 6.54x more with int8." in said
    assert "saves traffic but no multiplying" not in said
    assert "all three" not in said


def test_time_is_saved_only_where_the_bottleneck_shrinks() -> None:
    schemes = ["fp32", "w8a8-dequant-fp32"]
    bound = text(comparison(schemes, levels__DRAM__bandwidth_bytes_per_s="4e10"))
    assert "fp32 is bound by DRAM all its time (100%), where w8a8-dequant-fp32 needs it 4.00x less, so" in bound
    assert "w8a8-dequant-fp32 is 2.50x faster; what limits it now: multiplying" in bound
    assert "what limits it now" not in text(comparison(["fp32", "fp16"]))
    free = comparison(
        schemes,
        levels__DRAM__bandwidth_bytes_per_s="1e15",
        levels__SRAM__read_bits_per_cycle="1e9",
        levels__SRAM__write_bits_per_cycle="1e9",
    )
    assert limits_of(free.reference)[0][0] == "compute"
    assert "as fast as fp32, no faster: fp32 is bound by compute all its time (100%), and w8a8" in text(free)
    assert "needs it as much" in text(free)
    assert "All take the same time" in text(free)


def test_dram_does_not_dominate_where_it_is_cheap() -> None:
    said = text(comparison(["fp32"], levels__DRAM__read_pj_per_access="1", levels__DRAM__write_pj_per_access="1"))
    assert "DRAM dominates" not in said
    assert "Multiplying dominates" in said


def test_a_wide_range_makes_it_too_close_to_call() -> None:
    found = comparison(["w8a8-dequant-fp32", "int8"], multiply_pj__int8={"value": 0.2, "low": 0.1, "high": 30})
    judged = found.judgement("int8")
    assert judged is not None
    assert judged.too_close
    assert "int8 and w8a8-dequant-fp32 are too close to call in energy" in text(found)
    assert "whatever the costs" not in text(found)


def test_without_ranges_nothing_is_called_robust() -> None:
    exact = {"value": 1300, "low": 1300, "high": 1300}
    found = comparison(
        ["fp16", "fp32"], levels__DRAM__read_pj_per_access=exact, levels__DRAM__write_pj_per_access=exact,
        multiply_pj__fp32="3.7", add_pj__fp32="0.9", multiply_pj__int32="3.1", add_pj__int32="0.1",
    )  # fmt: skip
    judged = found.judgement("fp32")
    assert judged is not None
    assert judged.ranged == 0
    assert "none of the costs used has a published range" in text(found)
    assert "whatever the costs" not in text(found)


def test_the_reference_may_be_the_best() -> None:
    said = text(comparison(["fp32", "int8"], "int8"))
    assert "int8, the reference, takes the least energy: " in said
    assert "less than fp32" in said
    assert "None is faster than int8, the reference" in said
    slower = re.search(r"where fp32 needs it 4\.00x more, so fp32 is (\S+)x slower\.", said)
    assert slower
    assert float(slower[1]) == pytest.approx(4, rel=0.05)  # boxes differ in size


def test_traffic_says_when_fewer_words_move() -> None:
    said = text(compare("resnet18", "horowitz-45nm", ["fp32", "int8"], mapping="heuristic"))
    assert "fewer words" in said
    assert "narrower" in said


def test_weight_only_quantization_saves_time_only_where_bandwidth_bounds() -> None:
    said = text(compare("llama-2-7b/decode", "horowitz-45nm", ["fp16", "w4g128a16"]))
    assert "w4g128a16 saves traffic but no multiplying" in said
    assert "fp16 is bound by DRAM all its time (100%), where w4g128a16 needs it" in said
    assert "converting takes" in said


def test_without_reuse_every_mac_goes_to_dram(founding: Comparison) -> None:
    layer, chip = load_workload("filter-3x3x256").layers[0], founding.reference.chip
    bare = evaluate_mapping(layer, chip, nest_without_reuse(layer, chip), "fp32")
    macs = layer.macs
    weights = sum(line.count for line in bare.lines if line.place == "DRAM" and line.operand == "W")
    assert weights == macs
    assert {line.place for line in bare.lines if line.part == "memory"} == {"DRAM"}
    assert bare.energy_pj is not None
    assert bare.energy_pj > 2 * macs * 32 * 1300 / 64
    assert without_reuse(founding.reference).energy_pj == pytest.approx(bare.energy_pj)


def test_idle_power_is_no_part_of_the_case_against_fetching() -> None:
    found = compare("filter-3x3x256", "tpu-v1", ["int8"])
    bare = without_reuse(found.reference)
    moved = dynamic_pj(bare)
    assert moved is not None
    assert bare.energy_pj is not None
    assert moved < bare.energy_pj / 2
    assert "leaving aside what passes with time" in text(found)
    assert "leaving aside" not in text(compare("filter-3x3x256", "horowitz-45nm", ["int8"]))


def test_near_energies_have_no_winner_and_equal_ones_are_the_same() -> None:
    near = comparison(["int8", "w4a8"])
    judged = near.judgement("w4a8")
    assert judged is not None
    assert judged.near
    assert "w4a8 and int8 are too close to call in energy: 1.01x apart, and mappings alone" in text(near)
    assert "takes the least energy" not in text(near)
    assert near.to_dicts()[1]["ratios"]["energy_pj"]["too_close_to_call"] is True
    equal = text(compare("filter-3x3x256", "tpu-v1", ["int8", "w4a8"]))
    assert equal.startswith("All take the same energy, ")
    assert "Background power dominates" in equal


def test_weight_only_schemes_are_compared_with_their_own_compute_format() -> None:
    schemes = ["fp32", "fp16", "w4g128a16", "int8"]
    said = text(compare("llama-2-7b/decode", "horowitz-45nm", schemes))
    assert (
        "So w4g128a16 saves traffic but no multiplying against fp16; "
        "fp16 and int8 save all three against fp32: traffic, MAC rate and MAC energy."
    ) in said


def test_chips_are_compared_by_energy_time_and_bounds_alone() -> None:
    found = compare("filter-3x3x256", ["horowitz-45nm", "tpu-v1"], ["int8", "w4a8"])
    said = text(found)
    energy, time = (found.ratio("int8 on tpu-v1", metric).text for metric in ("energy_pj", "latency_s"))
    assert f"int8 on tpu-v1 takes {energy} than int8 on horowitz-45nm and is {time}; it is bound by compute" in said
    assert "the reference by DRAM" in said
    assert "multiplying" not in said
    assert "converting" not in said
