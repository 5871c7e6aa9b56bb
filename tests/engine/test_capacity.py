"""What a level sets aside: two of what changes, accumulators for partial sums, whole resident tensors, bystanders."""

import pytest
from hand import BY_ROW, DRAM, GEMM, IN_PES, REGISTERS, TINY, WHOLE, one_case

from accelsim.engine.capacity import check_fit
from accelsim.errors import InfeasibleError
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.simulation.estimate import estimate, evaluate_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape


def assert_needs(fits, bits):
    """Assert that ``fits(capacity)`` accepts exactly ``bits`` and refuses one byte less."""
    assert bits % 8 == 0
    fits(f"{bits // 8} B")
    with pytest.raises(InfeasibleError, match=r" 8 too many"):
        fits(f"{bits // 8 - 1} B")


@pytest.mark.parametrize(
    ("buffering", "words"),
    # W stays; a row of I and one of O change
    [("double", 16 + 2 * 8 + 2 * 2), ("single", 16 + 8 + 2), ("ideal", 16 + 8 + 2)],
)
def test_a_double_buffered_level_holds_two_of_every_box_that_changes(buffering, words):
    def fits(capacity):
        chip = load_profile(TINY, {"levels.buffer.capacity": capacity, "levels.buffer.buffering": buffering})
        evaluate_mapping(GEMM, chip, BY_ROW, "fp32")

    assert_needs(fits, words * 32)


def test_partial_sums_take_accumulator_width():
    def fits(capacity):
        evaluate_mapping(GEMM, load_profile(TINY, {"levels.buffer.capacity": capacity}), WHOLE, "int8")

    assert_needs(fits, 16 * 8 + 32 * 8 + 8 * 32)


def test_finished_outputs_take_their_stored_width():
    """The PEs finish their sums, so that the buffer sees outputs of 8 bits alone."""
    nest = Nest((DRAM, Keep("buffer", "O"), *IN_PES.lines[2:]))

    def fits(capacity):
        evaluate_mapping(GEMM, load_profile(REGISTERS, {"levels.buffer.capacity": capacity}), nest, "int8")

    assert_needs(fits, 8 * 8)


@pytest.mark.parametrize(
    ("resident", "reserved", "words"),
    [
        ("", 0, 16 + 2 * 8 + 2 * 2),
        ("I", 0, 16 + 32 + 2 * 2),  # all of I, once
        ("W", 0, 16 + 2 * 8 + 2 * 2),  # W is whole anyway
        ("O", 0, 16 + 2 * 8 + 8 + 2 * 2),  # all of O, and tiles of partial sums beside it
        ("IO", 640, 16 + 32 + 8 + 2 * 2 + 20),  # 20 words of another tensor
    ],
)
def test_what_stays_takes_its_whole_tensor_in_the_home_level(resident, reserved, words):
    def fits(capacity):
        batch, counts = one_case(TINY, BY_ROW, "fp32", resident, reserved, {"levels.buffer.capacity": capacity})
        check_fit(batch, BY_ROW, counts)

    assert_needs(fits, words * 32)


def test_a_shortcut_kept_for_a_later_addition_takes_room_while_others_run():
    """a -> b -> c, and a + c: while b runs, a is its input; while c runs, a is a bystander of 4 x 8 words."""
    square, add = Shape.gemm(M=4, N=8, K=8), (("add", 32),)
    layers = (
        Layer("a", "linear", square, inputs=("input",)),
        Layer("b", "linear", square, inputs=("a",)),
        Layer("c", "linear", square, inputs=("b",)),
        Layer("sum", "elementwise", None, vector_ops=add, inputs=("a", "c"), input_elements=64, output_elements=32),
    )
    nest = Nest((DRAM, Loop("B", 1), Keep("buffer", "WIO"), Loop("C", 1), Loop("K", 2), Loop("K", 1, "pes")))
    # c: all of W (64), b's whole output (32), its own (32) and two rows of partial sums (2 * 8), and a (32)
    words = 64 + 32 + 32 + 2 * 8 + 32

    def stay(capacity):
        chip = load_profile(TINY, {"levels.buffer.capacity": f"{capacity} B"})
        return estimate(Network("residual", layers), chip, "fp32", mapping=dict.fromkeys("abc", nest)).residency.outputs

    assert stay(words * 4) == {"a", "b", "c"}
    assert stay(words * 4 - 1) < {"a", "b", "c"}  # a mapping that needs the room gets it


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_chosen_tiles_leave_room_for_the_next_ones(objective):
    """The boxes of the chosen mapping, added up here: a box that is not the whole tensor counts twice."""
    chip = load_profile(TINY, {"levels.buffer.capacity": "1 KiB"})
    for size in (16, 24, 40, 64):
        shape = Shape.gemm(M=size, N=size, K=size)
        network = Network("one", (Layer("product", "linear", shape),))
        one = estimate(network, chip, "fp32", objective=objective).layers[0]
        words = {operand: one.boxes.get(("buffer", operand), 0) for operand in "WIO"}
        needed = sum(32 * box * (1 if box == shape.words(operand) else 2) for operand, box in words.items())
        assert needed <= 8192
