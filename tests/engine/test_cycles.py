"""Where the time goes, part by part: ports, instances, skew, ramps, and what overlaps."""

from dataclasses import replace
from fractions import Fraction

from hand import BUFFER, BY_ROW, DRAM, GEMM, IN_PES, REGISTERS, SYSTOLIC, TINY, WHOLE

from accelsim.hardware.catalog import load_profile
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.simulation.estimate import evaluate_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape


def run(chip, nest, scheme="fp32", layer=GEMM, **changes):
    """Evaluate with fields of levels changed: ``DRAM_read_bits_per_cycle=8``."""
    overrides = {f"levels.{'.'.join(name.split('_', 1))}": str(value) for name, value in changes.items()}
    return evaluate_mapping(layer, load_profile(chip, overrides), nest, scheme)


def test_the_instances_of_a_level_work_side_by_side():
    result = run(REGISTERS, IN_PES)
    read = 64 + 64 + 56 + 8  # W and I for every MAC, partial sums but the first of each output, finished outputs
    written = 2 * 8 + 2 * 32 + 64  # a column of W each, all rows of I to both, every sum
    assert result.busy["register"] == max(read, written) * 32 / 64 / 2


def test_one_used_instance_works_alone():
    nest = Nest((DRAM, BUFFER, Loop("B", 1), Loop("K", 1), Keep("register", "WIO"), Loop("C", 1)))
    result = run(REGISTERS, nest)
    assert result.busy["register"] == (64 + 64 + 56 + 8) * 32 / 64
    assert result.busy["compute"] == 64


def test_bandwidth_is_what_can_be_achieved_of_it():
    assert run(TINY, WHOLE).busy["DRAM"] == 24
    assert run(TINY, WHOLE, DRAM_efficiency=0.5).busy["DRAM"] == 48


def test_vector_operations_of_a_layer_take_time():
    result = run(TINY, WHOLE, layer=replace(GEMM, vector_ops=(("add", 40), ("exp", 60))))
    assert result.busy["vector unit"] == 100  # one lane
    assert result.cycle_parts["stall vector unit"] == 100 - 32 - result.cycle_parts["closing"]
    assert result.bound_by == "vector unit"


def test_macs_that_do_not_exist_take_no_time():
    shape = Shape.gemm(M=4, N=2, K=8, density=Fraction(1, 4))
    result = run(TINY, WHOLE, layer=Layer("product", "matmul", shape, second_operand="activation"))
    assert result.busy["compute"] == 8


# ---- systolic arrays ---------------------------------------------------------------------------

# O[4 x 8] = I[4 x 6] W[6 x 8] on 3 x 4 PEs: C down the rows, K along the columns, 2 x 2 folds of 4 steps.
FOLDED = Layer("folded", "linear", Shape.gemm(M=4, N=8, K=6))
FOLDS = (DRAM, BUFFER, Loop("K", 4), Loop("C", 3))
ARRAY = (Loop("C", 1, "rows"), Loop("K", 1, "cols"))
STATIONARY = Nest((*FOLDS, *ARRAY, Keep("register", "W"), Loop("B", 1)))


def test_skew_is_paid_once_where_the_next_fold_is_loaded_behind():
    parts = run(SYSTOLIC, STATIONARY, layer=FOLDED, register_holds="W").cycle_parts
    assert parts["compute"] == 4 * 4
    assert parts["skew"] == 3 + (3 + 4 - 2)  # and the first fold is loaded before


def test_a_fold_waits_for_the_next_ones_weights():
    """One step a fold, three cycles to shift in the next fold's weights: three folds wait two cycles each."""
    layer = replace(FOLDED, shape=Shape.gemm(M=1, N=8, K=6))
    parts = run(SYSTOLIC, STATIONARY, layer=layer, register_holds="W").cycle_parts
    assert parts["compute"] == 4
    assert parts["skew"] == 3 + (3 + 4 - 2) + 3 * 2


def test_skew_and_loading_are_paid_for_every_fold_otherwise():
    result = run(SYSTOLIC, STATIONARY, layer=FOLDED, register_holds="W", register_buffering="single")
    assert result.cycle_parts["skew"] == 4 * (3 + 4 - 2 + 3)  # SCALE-Sim: 2R + C + T - 2 a fold
    assert result.cycle_parts["compute"] + result.cycle_parts["skew"] == 4 * (2 * 3 + 4 + 4 - 2)


def test_outputs_that_stay_are_drained():
    """B down the rows (4 in 3 and 1) and K along the columns; C streams: 2 x 2 folds."""
    nest = Nest(
        (DRAM, BUFFER, Loop("K", 4), Loop("B", 3), Loop("B", 1, "rows"), Loop("K", 1, "cols"), Keep("register", "O"),
         Loop("C", 1))
    )  # fmt: skip
    layer = replace(FOLDED, shape=Shape.gemm(M=6, N=8, K=6))
    result = run(SYSTOLIC, nest, layer=layer, register_holds="O", register_buffering="single")
    assert result.cycle_parts["skew"] == 4 * (3 + 4 - 2 + 3)


def test_a_broadcast_array_has_no_skew():
    assert "skew" not in run(TINY, WHOLE).cycle_parts


# ---- opening and closing -----------------------------------------------------------------------


def test_the_opening_waits_for_the_slower_of_sender_and_receiver():
    first = (16 + 32) * 32  # W and I whole
    assert run(TINY, WHOLE).cycle_parts["opening"] == first / 64  # the DRAM's read port
    assert run(TINY, WHOLE, buffer_write_bits_per_cycle=16).cycle_parts["opening"] == first / 16


def test_the_opening_fills_all_instances():
    """Each PE takes a column of W and the first row of I; the buffer reads that row once for both."""
    into_buffer = (16 + 32) * 32 / 64
    slow_receiver = run(REGISTERS, IN_PES, register_write_bits_per_cycle=8).cycle_parts
    assert slow_receiver["opening"] == into_buffer + (8 + 8) * 32 / 8
    slow_sender = run(REGISTERS, IN_PES, buffer_read_bits_per_cycle=8).cycle_parts
    assert slow_sender["opening"] == into_buffer + (2 * 8 + 8) * 32 / 8


def test_the_closing_drains_the_last_boxes_of_all_instances():
    to_dram = 8 * 32 / 64  # the buffer keeps all of O to the end
    slow_sender = run(REGISTERS, IN_PES, register_read_bits_per_cycle=8).cycle_parts
    assert slow_sender["closing"] == 2 * 32 / 8 + to_dram  # one word each, after those that the MACs' reads held up
    slow_receiver = run(REGISTERS, IN_PES, buffer_write_bits_per_cycle=8).cycle_parts
    assert slow_receiver["closing"] == 32 / 64 + 2 * 32 / 8 + to_dram  # both words through one port


def test_partial_sums_that_merge_arrive_as_one_word():
    split = Nest((DRAM, BUFFER, Loop("B", 1), Loop("K", 1), Loop("C", 4, "pes"), Keep("register", "WIO"), Loop("C", 1)))
    parts = run(REGISTERS, split, buffer_write_bits_per_cycle=8).cycle_parts
    assert parts["closing"] == 32 / 64 + 32 / 8 + 8 * 32 / 64  # the MACs' reads hold up the word before the last
    slow = run(REGISTERS, split, register_read_bits_per_cycle=1).cycle_parts
    assert slow["closing"] == 2 * 32 / 1 + 8 * 32 / 64  # each register drains its own partial sum, two in turn


def test_each_port_is_left_with_what_the_ramp_did_not_move():
    """A row of I takes 32 cycles to come and of O 64 to go, and 8 to compute: 24 words come at first.

    During the first row, the second comes; during the second and third one comes and one goes; the third
    and the fourth of O are left.
    """
    result = run(TINY, BY_ROW, DRAM_read_bits_per_cycle=8, DRAM_write_bits_per_cycle=1)
    opening, closing = 24 * 32 / 8, 2 * 64 - 8
    waits = {"stall DRAM I": 32 - 8, "stall DRAM O": 2 * (64 - 8)}
    assert result.cycle_parts == {"compute": 32, "opening": opening, "closing": closing} | waits
    assert result.cycles == opening + 32 + sum(waits.values()) + closing
    assert result.busy["DRAM"] == max(48 * 32 / 8, 8 * 32 / 1)
    assert result.bound_by == "DRAM"


def test_a_shared_port_moves_one_after_the_other():
    slow = {"DRAM_read_bits_per_cycle": 8, "DRAM_write_bits_per_cycle": 8, "DRAM_shared_port": "true"}
    result = run(TINY, BY_ROW, **slow)
    assert result.busy["DRAM"] == (48 + 8) * 32 / 8
    come, go = 8 * 32 / 8, 2 * 32 / 8
    stalls = [cycles for name, cycles in result.cycle_parts.items() if name.startswith("stall DRAM")]
    assert sum(stalls) == (come - 8) + 2 * (come + go - 8)
    assert result.cycle_parts["closing"] == go  # the third row goes while the fourth is computed


def test_a_single_buffered_level_exposes_everything_it_exchanges():
    """Three more rows of I come and three of O go while nothing computes; then DRAM has nothing left to do."""
    slow = {"DRAM_read_bits_per_cycle": 8, "DRAM_write_bits_per_cycle": 1}
    result = run(TINY, BY_ROW, buffer_buffering="single", **slow)
    opening, closing = 24 * 32 / 8, 2 * 32 / 1
    waits = max(24 * 32 / 8, 6 * 32 / 1)
    assert result.cycle_parts == {"compute": 32, "opening": opening, "closing": closing, "stall DRAM O": waits}
    assert result.cycles == 32 + opening + waits + closing


def test_an_ideal_level_hides_even_its_first_and_last_transfers():
    result = run(TINY, BY_ROW, buffer_buffering="ideal", DRAM_read_bits_per_cycle=8, DRAM_write_bits_per_cycle=1)
    slowest = max(48 * 32 / 8, 8 * 32 / 1)  # all of W and I, or all of O
    assert result.cycle_parts == {"compute": 32, "stall DRAM": slowest - 32}
    assert result.cycles == slowest


def test_an_ideal_level_hides_nothing_of_the_level_inside_it():
    """The register's first boxes are exposed on the buffer's ports; DRAM's transfers are not."""
    result = run(REGISTERS, IN_PES, buffer_buffering="ideal", register_buffering="double", buffer_read_bits_per_cycle=8)
    opening = (2 * 8 + 8) * 32 / 8
    left = ((16 + 32 + 8) * 32 - (2 * 8 + 8) * 32) / 8  # the buffer's port reads W, I and finished O once
    assert result.cycles == opening + left
    assert result.cycle_parts["opening"] == opening
    systolic = run(SYSTOLIC, STATIONARY, layer=FOLDED, register_holds="W", register_buffering="ideal")
    assert systolic.cycle_parts["skew"] == 3 + 4 - 2
