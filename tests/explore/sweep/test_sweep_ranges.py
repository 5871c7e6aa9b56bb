"""Has a range exactly the values that it says, and is one that makes no sense refused?"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.explore.sweep.ranges import is_range, range_values
from accelsim.units import parse_capacity


@given(st.integers(-50, 50), st.integers(1, 9), st.integers(0, 20), st.integers(0, 8), st.booleans())
def test_linear_range_is_that_of_python(low: int, step: int, count: int, beyond: int, down: bool) -> None:
    beyond, sign = beyond % step, -1 if down else 1
    high = low + sign * (count * step + beyond)
    expected = [low + sign * step * number for number in range(count + 1)]
    assert range_values(f"{low}:{high}:{sign * step}") == expected
    assert range_values({"from": low, "to": high, "step": sign * step}) == expected


@given(st.integers(2, 40), st.sampled_from(["1.5", "2", "2.25", "3.125"]), st.integers(0, 8), st.booleans())
def test_geometric_range_is_exact(low: int, factor: str, count: int, beyond: bool) -> None:
    values = [low * Fraction(factor) ** number for number in range(count + 1)]
    high = values[-1] + (Fraction(1, 2) if beyond else 0)
    with localcontext(prec=60):
        last = Decimal(high.numerator) / high.denominator
    assert range_values(f"{low}:{last}:x{factor}") == list(map(float, values))


def test_decimals_do_not_drift() -> None:
    assert range_values("0.1:0.7:0.1") == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert range_values("1e9:2e9:5e8") == [1_000_000_000, 1_500_000_000, 2_000_000_000]
    assert range_values("5:5:0") == range_values("5:5:x1") == range_values("5:5:-3") == [5]
    assert len(range_values("1:99999:1")) == 99_999


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("64KiB:1MiB:x2", ["64 KiB", "128 KiB", "256 KiB", "512 KiB", "1 MiB"]),
        ("512 B:1 KiB:256 B", ["512 B", "768 B", "1 KiB"]),
        ("1MiB:256KiB:x0.5", ["1 MiB", "512 KiB", "256 KiB"]),
        ("1KiB:2KiB:x1.5", ["1 KiB", "1536 B"]),
    ],
)
def test_capacities_are_exact(text: str, values: list[str]) -> None:
    assert range_values(text) == values
    assert [parse_capacity(str(value)) for value in range_values(text)] == [parse_capacity(value) for value in values]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("8:64", "must say how it goes on"),
        ("8:64:", "must say how it goes on"),
        ("8:64:0", "never ends"),
        ("8:64:x1", "never ends"),
        ("8:64:-8", "goes up must have a step that does"),
        ("64:8:8", "goes down must have a step that does"),
        ("8:64:x0.5", "factor above 1"),
        ("64:8:x2", "factor below 1"),
        ("0:8:x2", "above 0"),
        ("8:64:x-2", "above 0"),
        ("8:many:8", "must be made of numbers; got 'many'"),
        ("8:nan:1", "must be made of numbers; got 'nan'"),
        ("1:1000000:1", "at most 100,000 values"),
        ("1e-299:1e299:x1.0001", "at most 100,000 values"),
        ("1:2:x1.000000000000000000001", "at most 100,000 values"),
        ("64KiB:128:x2", "a range of capacities must be a capacity in bytes"),
        ("64KB:128KB:x2", "1000 or 1024"),
        ("1 B:2 B:x1.1", "whole bits"),
        ({"from": 8, "to": 64}, "either step or factor"),
        ({"from": 8, "to": 64, "step": 8, "factor": 2}, "either step or factor"),
        ({"from": 8, "to": 64, "stop": 8}, "stop is not a field of a range; did you mean step?"),
        ({"from": 8, "to": True, "step": 8}, "must be made of numbers; got true"),
    ],
)
def test_senseless_ranges(given: object, said: str) -> None:
    assert is_range(given)
    with pytest.raises(InputError, match=said.replace("?", r"\?")) as caught:
        range_values(given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", ["64KiB", "resnet50:layer1", "8", 8, ["8:64:x2"], {"value": 8}, None])
def test_what_is_no_range(given: object) -> None:
    assert not is_range(given)
