"""Does a simulated array compute the right product, and in as many cycles as the closed form says?"""

from __future__ import annotations

import numpy as np
import pytest
from array_simulator import Hazard, padded, simulate
from hand import BUFFER, DRAM, SYSTOLIC, one_case
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from accelsim.engine.systolic import placed, skew_cycles, systolic_cycles
from accelsim.errors import UsageError
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape

SIDE = st.integers(1, 4)
EXTENT = st.integers(1, 7)
FLOW = st.sampled_from(["ws", "os", "is"])


def operands(m: int, n: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(-9, 10, (m, k)), rng.integers(-9, 10, (k, n))


@settings(max_examples=120, deadline=None)
@example("ws", 1, 4, 1, 5, 1, True, 0)  # the column fold before the last is complete later than the last
@example("os", 1, 4, 1, 5, 1, True, 0)
@example("is", 2, 4, 6, 1, 3, True, 0)
@given(FLOW, SIDE, SIDE, EXTENT, EXTENT, EXTENT, st.booleans(), st.integers(0, 99))
def test_the_array_computes_the_product_in_the_cycles_of_the_closed_form(
    flow: str, rows: int, columns: int, m: int, n: int, k: int, overlap: bool, seed: int
) -> None:
    inputs, weights = operands(m, n, k, seed)
    done = simulate(flow, inputs, weights, rows, columns, overlap)
    assert (done.product == inputs @ weights).all()
    assert done.cycles == systolic_cycles(flow, rows, columns, m, n, k, overlap=overlap)


@settings(max_examples=40, deadline=None)
@given(FLOW, SIDE, SIDE, EXTENT, EXTENT, EXTENT, st.booleans())
def test_whole_folds_are_folds_padded_with_zeros(
    flow: str, rows: int, columns: int, m: int, n: int, k: int, overlap: bool
) -> None:
    inputs, weights = operands(m, n, k)
    pads = {"ws": ((1, rows), (rows, columns)), "os": ((rows, 1), (1, columns)), "is": ((columns, rows), (rows, 1))}
    done = simulate(flow, padded(inputs, *pads[flow][0]), padded(weights, *pads[flow][1]), rows, columns, overlap)
    assert (done.product[:m, :n] == inputs @ weights).all()
    assert done.cycles == systolic_cycles(flow, rows, columns, m, n, k, overlap=overlap, whole_folds=True)


@settings(max_examples=40, deadline=None)
@given(FLOW, SIDE, SIDE, EXTENT, EXTENT, EXTENT)
def test_a_fold_that_starts_a_cycle_earlier_fails(flow: str, rows: int, columns: int, m: int, n: int, k: int) -> None:
    """The array overlaps folds as far as it can: any earlier, words collide or are lost."""
    down, across, stream = placed(flow, m, n, k)
    assume(stream > 1 and (down > rows or across > columns))
    with pytest.raises(Hazard):
        simulate(flow, *operands(m, n, k), rows, columns, overlap=True, early=1)


@settings(max_examples=200)
@given(FLOW, st.integers(1, 300), st.integers(1, 300), *[st.integers(1, 3000)] * 3, st.booleans(), st.booleans())
def test_no_array_beats_its_peak(
    flow: str, rows: int, columns: int, m: int, n: int, k: int, overlap: bool, whole: bool
) -> None:
    cycles = int(systolic_cycles(flow, rows, columns, m, n, k, overlap=overlap, whole_folds=whole))
    assert cycles * rows * columns >= m * n * k
    assert cycles <= systolic_cycles(flow, rows, columns, m, n, k, whole_folds=True)


def test_many_products_are_computed_at_once() -> None:
    m, n, k = np.array([4, 100, 1]), np.array([8, 3, 1]), np.array([6, 50, 1])
    many = systolic_cycles("is", 3, 4, m, n, k, overlap=True)
    assert many.tolist() == [int(systolic_cycles("is", 3, 4, *one, overlap=True)) for one in zip(m, n, k, strict=True)]


def test_by_hand() -> None:
    """3 x 4 PEs, 2 x 2 folds of 4 steps: one alone takes 2 R + C + T - 2 = 12, and SCALE-Sim says 4 times that."""
    assert systolic_cycles("ws", 3, 4, 4, 8, 6) == 48
    assert systolic_cycles("weight-stationary", 3, 4, 4, 8, 6, overlap=True) == 3 + 4 * 4 + 3 + 4 - 2
    assert (
        systolic_cycles("ws", 256, 256, 1, 256, 2560, overlap=True) == 10 * 256 + 1 + 256 + 256 - 2
    )  # one row: loading


def test_bad_questions_are_refused() -> None:
    with pytest.raises(UsageError, match="must be ws, os or is; got 'wss'"):
        systolic_cycles("wss", 3, 4, 1, 1, 1)
    with pytest.raises(UsageError, match="at least 1"):
        systolic_cycles("ws", 0, 4, 1, 1, 1)
    with pytest.raises(UsageError, match="at least 1"):
        systolic_cycles("ws", 3, 4, 1, np.array([1, 0]), 1)


@settings(max_examples=40, deadline=None)
@given(EXTENT, st.integers(1, 9), st.integers(1, 9), st.sampled_from(["single", "double"]))
def test_the_engine_times_mappings_by_the_closed_form(m: int, n: int, k: int, buffering: str) -> None:
    """On 3 x 4 PEs, C over the rows and K over the columns, edge folds counted whole."""
    lines = (
        DRAM, BUFFER, Loop("K", min(n, 4)), Loop("C", min(k, 3)), Loop("C", 1, "rows"), Loop("K", 1, "cols"),
        Keep("register", "W"), Loop("B", 1),
    )  # fmt: skip
    changes = {"levels.register.holds": "W", "levels.register.buffering": buffering}
    layer = Layer("product", "linear", Shape.gemm(M=m, N=n, K=k))
    batch, counts = one_case(SYSTOLIC, Nest(lines), overrides=changes, layer=layer)
    found = counts.steps + skew_cycles(batch, Nest(lines), counts)
    overlap = buffering == "double"
    assert found == systolic_cycles("ws", 3, 4, m, n, k, overlap=overlap, whole_folds=True)
