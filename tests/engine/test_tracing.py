"""Is every word of a trace where and when the simulated array, the interpreter and the counts have it?"""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
from array_simulator import simulate
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.engine.scalesim.folding import Folding
from accelsim.engine.scalesim.report import compute_columns
from accelsim.engine.systolic import systolic_cycles
from accelsim.engine.tracing import demand as tracing
from accelsim.engine.tracing.demand import demand
from accelsim.hardware.importers.scalesim_machine import Machine
from accelsim.workload.importers.scalesim_layer import TopologyLayer

EXTENT, SIDE = st.integers(1, 7), st.integers(1, 4)


def lines(pieces) -> list[tuple[int, str, int]]:
    return [
        (cycle, piece.kinds[kind][1], address)
        for piece in pieces
        for cycle, kind, address in zip(piece.cycle.tolist(), piece.kind.tolist(), piece.address.tolist(), strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["ws", "os", "is"]), SIDE, SIDE, EXTENT, EXTENT, EXTENT, st.booleans(), st.integers(1, 30))
def test_every_word_crosses_the_edge_when_the_simulated_array_has_it(
    flow: str, rows: int, columns: int, m: int, n: int, k: int, overlap: bool, words: int
) -> None:
    done = simulate(flow, np.ones((m, k), int), np.ones((k, n), int), rows, columns, overlap)
    width = {"I": k, "W": n, "O": n}
    name = {
        "ws": {"stationary": "W", "stream": "I"},
        "is": {"stationary": "I", "stream": "W"},
        "os": {"left": "I", "top": "W"},
    }[flow] | {"sum": "O"}
    expected = []
    for cycle, port, (row, column) in done.port_words:
        operand = name[port]
        # In an input-stationary array inputs lie transposed, and so do weights and sums.
        at = (column, row) if flow == "is" else (row, column)
        expected.append((cycle, operand, at[0] * width[operand] + at[1]))
    whole = tracing.WORDS
    tracing.WORDS = words  # small pieces
    try:
        found = lines(
            demand(Folding(TopologyLayer.product("any", m, n, k), Machine(rows, columns, flow, 1, 1, 1)), overlap)
        )
    finally:
        tracing.WORDS = whole
    assert Counter(found) == Counter(expected)
    assert [cycle for cycle, _, _ in found] == sorted(cycle for cycle, _, _ in found)
    layer, machine = TopologyLayer.product("any", m, n, k), Machine(rows, columns, flow, 1, 1, 1)
    counted = compute_columns([layer], machine)
    reported = {"I": "SRAM IFMAP Reads", "W": "SRAM Filter Reads", "O": "SRAM OFMAP Writes"}
    assert Counter(operand for _, operand, _ in found) == {o: counted[name][0] for o, name in reported.items()}
    assert found[-1][0] + 1 == systolic_cycles(flow, rows, columns, m, n, k, overlap=overlap)


def test_a_long_trace_takes_little_memory() -> None:
    """Five million words of 8 bytes, in less than 32 MB."""
    folding = Folding(TopologyLayer("conv", 130, 130, 3, 3, 8, 32), Machine(16, 16, "ws", 1, 1, 1))
    tracemalloc.start()
    words = sum(len(piece) for piece in demand(folding, overlap=True))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert words == 72 * 32 + 128 * 128 * (72 * 2 + 32 * 5)
    assert peak < 32e6 < 8 * words
