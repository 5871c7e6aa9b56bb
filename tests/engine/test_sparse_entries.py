"""Does every stored entry of a skipped, coded operand take its cycle, zeros that carry on a run among them?"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.precision.sparse import coded_bits, entries_per_element
from accelsim.simulation.estimate import estimate_layer
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
from accelsim.workload.sparsity import Sparsity


def stored(column: tuple[int, ...], most: int) -> int:
    """Entries of a column: an element that is not zero, and a zero wherever ``most`` elements pass before the next."""
    entries = zeros = 0
    for element in column:
        if element:
            entries += 1 + zeros // most
            zeros = 0
        else:
            zeros += 1
    return entries


@given(st.integers(1, 10), st.fractions(Fraction(1, 10), Fraction(9, 10), max_denominator=20))
def test_the_law_is_the_mean_over_all_columns(length: int, density: Fraction) -> None:
    """In columns shorter than the 16 elements of a run, nothing carries on; the law says the density."""
    columns = list(product((0, 1), repeat=length))
    mean = sum(stored(one, 16) * density ** sum(one) * (1 - density) ** (length - sum(one)) for one in columns)
    assert float(entries_per_element("csc", density, length)) == pytest.approx(float(mean / length), rel=1e-6)


@pytest.mark.parametrize(("length", "density"), [(17, 0.05), (64, 0.04), (64, 0.09), (500, 0.02)])
def test_the_law_counts_what_carries_on_a_run(length: int, density: float) -> None:
    """Exact by the chance of every gap before every element."""
    mean = 0.0
    for place in range(length):
        gaps = [(z, density * (1 - density) ** z) for z in range(place)] + [(place, (1 - density) ** place)]
        mean += density * sum(chance * (1 + z // 16) for z, chance in gaps)
    law = entries_per_element("csc", Fraction(str(density)), length)
    assert float(law) == pytest.approx(mean / length, rel=1e-6)
    assert law < entries_per_element("csc", Fraction(str(density)))
    assert coded_bits("csc", Fraction(4), Fraction(str(density)), column=length) == 8 * law


def test_an_entry_is_a_cycle_on_eie() -> None:
    """64 rows of 4096 in a PE: its columns of 4% hold 1.56 entries for every weight, and each takes a cycle."""
    zeros = Sparsity(weights=Fraction(1, 25), inputs=Fraction(3, 8))
    layer = Layer("fc", "linear", Shape.gemm(1, 4096, 4096), sparsity=zeros)
    result = estimate_layer(layer, "eie", "w4aint16", mapping="heuristic")
    share = float(entries_per_element("csc", Fraction(1, 25), 64)) * 3 / 8
    assert share / (0.04 * 0.375) == pytest.approx(1.561, abs=1e-3)
    assert result.cycles == pytest.approx(4096 * 4096 / 64 * share, rel=0.01)
    assert result.latency_s == pytest.approx(7.67e-6, rel=0.01)
