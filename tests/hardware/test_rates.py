"""Which multiplier runs a pair of formats, how fast, and when is a pair refused?"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from accelsim.errors import UnsupportedError
from accelsim.hardware import Chip, load_profile
from accelsim.precision import parse_format

Load = Callable[..., Chip]
RATES = "macs_per_pe_cycle: {int8: 4, fp16: 2}"


@pytest.mark.parametrize(
    ("weight", "operand", "used"),
    [
        ("int8", "int8", "int8"),
        ("int4", "int4", "int8"),
        ("int4g32", "int8", "int8"),
        ("uint4", "int8", "int8"),
        ("uint8", "uint8", "fp16"),  # int8 lacks 128 to 255; fp16 holds every whole number to 2048
        ("int12", "int12", "fp16"),
        ("fp8e4m3", "fp8e4m3", "fp16"),
        ("fp8e5m2", "fp16", "fp16"),
        ("mxfp4", "fp16", "fp16"),
        ("int8", "fp16", "fp16"),
    ],
)
def test_the_cheapest_pair_that_holds_both_exactly(load: Load, weight: str, operand: str, used: str) -> None:
    rate = load().macs_per_pe_cycle(weight, operand)
    assert (rate.weight, rate.input) == (used, used)
    assert rate.widened == ((weight, operand) != (used, used))
    assert not rate.derived
    assert rate.accumulator == ("int32" if used == "int8" else "fp32")


@pytest.mark.parametrize(
    ("weight", "operand"), [("fp32", "fp32"), ("bf16", "bf16"), ("int16", "int16"), ("fp16", "fp32")]
)
def test_what_no_pair_holds_is_refused_with_the_nearest(load: Load, weight: str, operand: str) -> None:
    with pytest.raises(UnsupportedError, match=r"mine cannot multiply .* the nearest supported scheme is") as caught:
        load().macs_per_pe_cycle(weight, operand)
    assert caught.value.exit_code == 3
    assert "int8" in str(caught.value)
    assert "fp16" in str(caught.value)


def test_floats_never_run_on_an_integer_chip(load: Load) -> None:
    chip = load(RATES, "macs_per_pe_cycle: {int8: 1}")
    for name in ("fp32", "fp16", "bf16", "fp8e4m3", "fp4e2m1"):
        with pytest.raises(UnsupportedError, match=r"the nearest supported scheme is int8\."):
            chip.macs_per_pe_cycle(name, name)


def test_integers_run_on_a_float_chip_only_exactly(load: Load) -> None:
    chip = load(RATES, "macs_per_pe_cycle: {fp32: 1, bf16: 2}")
    assert chip.macs_per_pe_cycle("int8", "int8").weight == "bf16"
    assert chip.macs_per_pe_cycle("int16", "int16").weight == "fp32"
    with pytest.raises(UnsupportedError):
        chip.macs_per_pe_cycle("int32", "int32")


def test_a_higher_rate_wins_then_less_energy(load: Load) -> None:
    chip = load(RATES, "macs_per_pe_cycle: {int16: 2, int8: 4, fp16: 4}")
    assert chip.macs_per_pe_cycle("int4", "int4").weight == "int8"
    chip = load(RATES, "macs_per_pe_cycle: {int8: 1, fp16: 2}")
    assert chip.macs_per_pe_cycle("int4", "int4").weight == "fp16"


def test_mixed_pairs_keep_their_sides(load: Load) -> None:
    chip = load(RATES, "macs_per_pe_cycle: {int4*int8: 3, int8: 2}")
    assert chip.macs_per_pe_cycle("int4", "int8").value == 3
    assert chip.macs_per_pe_cycle("int3", "int8").value == 3
    assert chip.macs_per_pe_cycle("int8", "int4").value == 2


def test_rates_are_exact_fractions(load: Load) -> None:
    chip = load(RATES, 'macs_per_pe_cycle: {int8: "1/3", fp16: 0.25}')
    assert chip.macs_per_pe_cycle("int8", "int8").value == Fraction(1, 3)
    assert chip.macs_per_pe_cycle("fp16", "fp16").value == Fraction(1, 4)


def test_what_if_invents_rates_and_says_so(load: Load) -> None:
    chip = load(what_if=True)
    for name, value in (("int4", 8), ("int16", 2), ("fp32", 1), ("fp8e4m3", 4)):
        rate = chip.macs_per_pe_cycle(name, name)
        assert rate.value == value
        assert (rate.weight, rate.widened, rate.derived) == (name, False, True)
        assert "hypothetical" in rate.number.note
    assert not chip.macs_per_pe_cycle("int8", "int8").derived


def test_listed_accumulators_are_used(load: Load) -> None:
    chip = load(RATES, RATES + "\naccumulators: {fp16: fp16}")
    assert chip.macs_per_pe_cycle("fp16", "fp16").accumulator == "fp16"
    assert chip.macs_per_pe_cycle("int8", "int8").accumulator == "int32"


def test_the_teaching_chip_is_one_32_bit_lane_per_pe() -> None:
    chip = load_profile("horowitz-45nm")
    rates = {name: chip.macs_per_pe_cycle(name, name).value for name in ("fp32", "fp16", "bf16", "int16", "int8")}
    assert rates == {"fp32": 1, "fp16": 2, "bf16": 2, "int16": 2, "int8": 4}
    for name, rate in rates.items():
        assert parse_format(name).bits * rate == 32
    mac = {
        name: chip.multiply_pj(name, name).value + chip.add_pj(total).value  # type: ignore[union-attr]
        for name, total in (("fp32", "fp32"), ("int8", "int32"))
    }
    assert mac["fp32"] / mac["int8"] == pytest.approx(15.3, abs=0.1)  # "about 15x less energy per MAC"


def test_the_nearest_scheme_has_its_short_name() -> None:
    from accelsim.hardware.rates import _ALIASES, _scheme
    from accelsim.scheme import parse_scheme

    assert _scheme("bf16", "bf16") == "bf16"
    assert _scheme("int4", "int8") == "wint4aint8"
    for stored, alias in _ALIASES.items():
        short, spelled = parse_scheme(alias), parse_scheme(f"w{stored}a{stored}")
        assert (short.weight_format, short.activation_format) == (spelled.weight_format, spelled.activation_format)
