"""Are quantities read and written exactly, and ambiguous ones refused?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.units import capacity, compared, engineering, parse_capacity, ratio


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("512 B", 4096),
        ("256KiB", 2**21),
        ("1.5 MiB", 12 * 2**20),
        ("2 GiB", 2**34),
        (" 1 TiB ", 2**43),
        ("0.5 KiB", 4096),
    ],
)
def test_capacities_are_bytes_in_binary_units(text: str, bits: int) -> None:
    assert parse_capacity(text) == bits


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("64KB", "write 64 KiB"),
        ("2 MB", "write 2 MiB"),
        ("1 gb", "write 1 GiB"),
        ("512", "512 B or 256 KiB"),
        ("5 KiBit", "must be in B, KiB"),
        ("5 b", "must be in B, KiB"),
        ("-4 KiB", "must be a capacity"),
        ("1e3 B", "must be"),
        ("0.01 B", "whole number of bits"),
        ("", "must be a capacity"),
        ("KiB", "must be a capacity"),
    ],
)
def test_a_capacity_that_could_mean_two_things_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_capacity(text)


@given(st.integers(1, 1023), st.sampled_from(["B", "KiB", "MiB", "GiB"]))
def test_capacities_survive_printing(size: int, unit: str) -> None:
    bits = parse_capacity(f"{size} {unit}")
    assert parse_capacity(capacity(bits)) == bits


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.36e7, "pJ", "23.6 uJ"),
        (1.05e9, "Hz", "1.05 GHz"),
        (4.09e9, "MACs", "4.09 G MACs"),
        (999.96e3, "B/s", "1.00 MB/s"),
        (0.0, "J", "0 J"),
        (12.0, "cycles", "12.0 cycles"),
        (-2.5e-3, "s", "-2.50 ms"),
        (None, "pJ", "unknown"),
        (float("inf"), "s", "inf s"),
    ],
)
def test_engineering_prefixes(value: float | None, unit: str, text: str) -> None:
    assert engineering(value, unit) == text


@given(st.floats(1e-14, 1e17))
def test_engineering_keeps_three_digits(value: float) -> None:
    number, unit = engineering(value, "J").split(" ")
    scale = {
        "f": 1e-15,
        "p": 1e-12,
        "n": 1e-9,
        "u": 1e-6,
        "m": 1e-3,
        "k": 1e3,
        "M": 1e6,
        "G": 1e9,
        "T": 1e12,
        "P": 1e15,
    }
    assert float(number) * scale.get(unit[:-1], 1.0) == pytest.approx(
        value, rel=5.1e-3
    )  # half a unit of the third digit


def test_ratios_say_their_direction_and_are_at_least_one() -> None:
    assert ratio(15.23) == "15.2x"
    assert ratio(1234.5) == "1234x"
    assert compared(2.0, 6.2, "less energy", "more energy") == "3.10x less energy"
    assert compared(6.2, 2.0, "less energy", "more energy") == "3.10x more energy"
    assert compared(2.0, 2.0, "less", "more") == "the same"
    assert compared(0.0, 2.0, "less", "more") == "not comparable"
