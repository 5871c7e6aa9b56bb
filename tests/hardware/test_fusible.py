"""Do PEs of fusible bricks follow their laws: rates by the product of the widths, one energy for every cycle?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.hardware import Chip, load_profile
from accelsim.hardware.fusible import Fusible, fuse
from accelsim.provenance import Sourced

BLOCK = "fusible: {source: horowitz-isscc2014, bits: 8, brick_bits: 2, overhead: {value: 2, low: 1.5, high: 3}, "
BLOCK += "fixed_multiply_pj: 0.2}\n"
RATES = "macs_per_pe_cycle: {int8: 4, fp16: 2}\n"


def test_every_width_has_the_rate_of_its_products_and_the_rest_stays(load: Callable[..., Chip]) -> None:
    chip = load(RATES, RATES + BLOCK)
    for w in (2, 4, 8):
        for i in (2, 4, 8):
            assert chip.macs_per_pe_cycle(f"int{w}", f"int{i}").value == 4 * (8 // w) * (8 // i)
    assert chip.macs_per_pe_cycle("fp16", "fp16").value == 2
    assert chip.multiply_pj("fp16", "fp16") == load().multiply_pj("fp16", "fp16")
    three = chip.macs_per_pe_cycle("int3", "int2")
    assert (three.weight, three.input, three.widened, three.value) == ("int4", "int2", True, 32)


@given(bits=st.sampled_from((4, 8)), steps=st.integers(0, 1), overhead=st.floats(1, 5))
def test_a_cycle_costs_the_same_at_every_width(bits: int, steps: int, overhead: float) -> None:
    base = load_profile("simba", {f"macs_per_pe_cycle.int{bits}": 1})
    unit = Fusible(bits, bits >> steps, Sourced(overhead, "x"), Sourced(0.7, "x"), "x")
    fused = fuse(base, unit)
    for weight, operand, products in unit.pairs():
        cost = fused.multiply_pj(weight, operand)
        rate = fused.macs_per_pe_cycle(weight, operand)
        assert cost is not None
        assert rate.value == products
        assert cost.value * products == pytest.approx(0.7 * overhead)
        assert cost.status == "derived"


def test_ranges_of_the_cost_and_of_the_overhead_multiply(load: Callable[..., Chip]) -> None:
    cost = load(RATES, RATES + BLOCK).multiply_pj("int4", "int4")
    assert cost is not None
    assert (cost.least, cost.value, cost.most) == pytest.approx((0.2 * 1.5 / 4, 0.2 * 2 / 4, 0.2 * 3 / 4))


def test_what_a_profile_lists_is_not_fused(load: Callable[..., Chip]) -> None:
    own = "macs_per_pe_cycle: {int8: 4, fp16: 2, int4: 5}\n"
    chip = load(RATES, own + BLOCK)
    assert chip.multiply_pj("int8", "int8") == load().multiply_pj("int8", "int8")
    assert chip.macs_per_pe_cycle("int4", "int4").value == 5
    assert chip.macs_per_pe_cycle("int2", "int4").value == 4 * 8


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (BLOCK.replace("brick_bits: 2", "brick_bits: 3"), "fusible.brick_bits: must be bits (8) divided by a power"),
        (BLOCK.replace("bits: 8", "bits: 16"), "fusible.bits: must be the width of an integer that macs_per_pe_cycle"),
        (BLOCK.replace("value: 2, low: 1.5, ", "value: 0.9, "), "an energy relative to a fixed width"),
        (BLOCK.replace("brick_bits", "brick_bit"), "did you mean brick_bits?"),
    ],
)
def test_a_block_that_contradicts_itself_is_refused_where_it_stands(
    load: Callable[..., Chip], block: str, part: str
) -> None:
    with pytest.raises(InputError) as found:
        load(RATES, RATES + block)
    assert part in str(found.value)
    assert "mine.yaml:9:" in str(found.value)


def test_bit_fusion_pays_at_8_bits_and_gains_at_2() -> None:
    """2.31 times a fixed PE at 8 bits; at 2 bits 0.71 of the fixed 2-bit PE of the same synthesis (0.0414 pJ)."""
    chip = load_profile("bitfusion-45nm")
    eight, two = chip.multiply_pj("int8", "int8"), chip.multiply_pj("int2", "int2")
    assert eight is not None
    assert two is not None
    assert eight.value / 0.2034 == pytest.approx(2.31)
    assert two.value / 0.0414 == pytest.approx(0.71, abs=0.005)
    assert chip.macs_per_pe_cycle("int2", "int2").value * chip.pes == 8192


@pytest.mark.parametrize(("widest", "status"), [("seen", "derived"), ("from memory", "from memory")])
def test_a_derived_rate_is_known_no_better_than_the_widest(load: Callable[..., Chip], widest: str, status: str) -> None:
    rates = f"macs_per_pe_cycle: {{int8: {{value: 4, status: {widest}}}, fp16: 2}}\n"
    number = dict(load(RATES, rates + BLOCK).numbers())["macs_per_pe_cycle.int4"]
    assert (number.value, number.status) == (16, status)


def test_an_unknown_work_is_refused_although_its_numbers_name_others(load: Callable[..., Chip]) -> None:
    own = "source: horowitz-isscc2014"
    block = f"fusible: {{source: nobody, bits: 8, brick_bits: 2, overhead: {{value: 2, {own}}}}}\n"
    with pytest.raises(InputError) as found:
        load(RATES, RATES + block)
    assert "mine.yaml:9:19: fusible.source: must name a work" in str(found.value)
