"""What do bursts, rows, refreshes and turnarounds add to a transfer? By hand, and refused where they contradict."""

import numpy as np
import pytest
from hand import BY_ROW, GEMM, TINY

from accelsim.engine.bursts import lost_cycles
from accelsim.errors import InputError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.timing import Timing
from accelsim.provenance import Sourced
from accelsim.simulation.estimate import evaluate_mapping


def run(**fields):
    """GEMM row by row with 8-bit DRAM ports: a row of I is 256 bits, of O 64."""
    widths = {"read_bits_per_cycle": 8, "write_bits_per_cycle": 8}
    return evaluate_mapping(
        GEMM, load_profile(TINY, {f"levels.DRAM.{k}": str(v) for k, v in (widths | fields).items()}), BY_ROW
    )


def number(value):
    return Sourced(value, "test")


def test_a_tile_moves_whole_bursts():
    plain, rounded = run(), run(burst_bits=512)
    assert plain.cycle_parts["opening"] == (24 * 32) / 8
    assert rounded.cycle_parts["opening"] == (512 + 512) / 8  # 16 words of W are a burst, 8 of I too
    assert rounded.cycle_parts["stall DRAM I"] + rounded.cycle_parts.get("stall DRAM O", 0) == 3 * (64 - 8)


def test_the_first_row_of_every_tile_is_opened():
    misses = run(row_bits=65536, row_miss_s=5e-9)  # 5 cycles at 1 GHz
    assert misses.cycle_parts["opening"] == 24 * 32 / 8 + 2 * 5


def test_rows_are_opened_while_other_banks_transfer():
    timing = Timing(row_bits=number(64), row_miss_s=number(20e-9), banks=number(2))
    lost = lost_cycles(timing, np.array([0.0, 64.0, 65.0, 256.0]), 8.0, 1e9, written=False)
    assert list(lost) == [0, 20, 20 + 12, 20 + 3 * 12]  # 8 of the 20 cycles pass while the row before transfers


def test_a_written_tile_turns_the_bus_around():
    timing = Timing(turnaround_s=number(7e-9))
    assert lost_cycles(timing, np.array([8.0]), 8.0, 1e9, written=True)[0] == pytest.approx(7)
    assert lost_cycles(timing, np.array([8.0]), 8.0, 1e9, written=False)[0] == 0
    # Two drains pass while rows of I come; the third outlasts the last row by 7, the fourth follows.
    assert run(turnaround_s=7e-9).cycles == run().cycles + 2 * 7


def test_refreshes_take_their_share_of_the_time():
    assert run(refresh_s=2e-7, refresh_interval_s=1e-6).busy["DRAM"] == pytest.approx(run().busy["DRAM"] / 0.8)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"row_bits": 1024}, "row_bits must come with row_miss_s"),
        ({"row_miss_s": 1e-9}, "row_miss_s must come with row_bits"),
        ({"banks": 4}, "banks must come with row_bits"),
        ({"refresh_s": 1e-6}, "refresh_s must come with refresh_interval_s"),
        ({"refresh_s": 1e-6, "refresh_interval_s": 1e-7}, "must be less than refresh_interval_s, 1e-07 s; got 1e-06 s"),
        ({"burst_bits": 1.5}, "must be a whole number; got 1.5"),
        ({"turnaround_s": -1}, "must be a time in s of at least 0"),
    ],
)
def test_timing_that_contradicts_itself_is_refused_in_a_sentence(fields, words):
    with pytest.raises(InputError, match=words):
        run(**fields)
