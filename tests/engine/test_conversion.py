"""Where words change width, who converts them and how often, and in what products are summed."""

import pytest
from hand import DRAM, GEMM, IN_PES, REGISTERS, TINY, WHOLE, bill, one_case

from accelsim.engine.evaluate import evaluate
from accelsim.errors import InputError
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.simulation.estimate import estimate, evaluate_mapping
from accelsim.workload.network import Network

ONE = Network("one", (GEMM,))
WEIGHT_BITS = 8 + 16 / 8  # an fp16 scale for each column of 8 weights


def scheme_file(folder, **fields):
    """A scheme that stores int8, with some fields added."""
    stated = {"weights": "int8", "activations": "int8"} | fields
    path = folder / "own.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in stated.items()))
    return str(path)


def converted(result):
    """Words of W and I converted, by operand."""
    return {line.operand: line.count for line in result.lines if line.part == "convert" and line.operand in "WI"}


def test_words_are_converted_into_the_innermost_level_that_keeps_them(tmp_path):
    result = evaluate_mapping(GEMM, REGISTERS, IN_PES, scheme_file(tmp_path, compute="fp32"))
    got = bill(result)
    assert converted(result) == {"W": 2 * 8, "I": 2 * 32}  # each PE converts the rows it takes
    assert got["memory", "buffer", "W", "fill"] == pytest.approx(16 * WEIGHT_BITS * 0.25)
    assert got["memory", "buffer", "I", "read"] == 32 * 8 * 0.5
    assert got["memory", "register", "I", "fill"] == 2 * 32 * 32 * 0.03125


def test_convert_at_a_middle_level(tmp_path):
    result = evaluate_mapping(GEMM, REGISTERS, IN_PES, scheme_file(tmp_path, compute="fp32", convert_at="buffer"))
    got = bill(result)
    assert converted(result) == {"W": 16, "I": 32}
    assert got["memory", "DRAM", "W", "read"] == pytest.approx(16 * WEIGHT_BITS * 8)
    assert got["memory", "buffer", "W", "fill"] == 16 * 32 * 0.25
    assert got["memory", "buffer", "I", "read"] == 32 * 32 * 0.5
    assert got["memory", "register", "I", "fill"] == 2 * 32 * 32 * 0.03125


def test_an_operand_that_skips_the_level_is_converted_at_the_next_one_inside(tmp_path):
    nest = Nest((DRAM, Keep("buffer", "IO"), *IN_PES.lines[2:]))
    result = evaluate_mapping(GEMM, REGISTERS, nest, scheme_file(tmp_path, compute="fp32", convert_at="buffer"))
    assert converted(result) == {"W": 2 * 8, "I": 32}
    assert bill(result)["memory", "DRAM", "W", "read"] == pytest.approx(16 * WEIGHT_BITS * 8)


def resident_case(chip, nest, scheme, resident):
    batch, counts = one_case(chip, nest, scheme, resident)
    result = evaluate(batch, nest, counts)
    energy = {
        (term.place, term.operand, term.action): float(term.energy_pj[0])
        for term in result.terms if term.part == "memory" and term.count[0]
    }  # fmt: skip
    counted = {term.operand: float(term.count[0]) for term in result.terms if term.part == "convert"}
    return energy, counted


def test_a_resident_operand_is_converted_on_its_way_out_of_its_home(tmp_path):
    scheme = scheme_file(tmp_path, compute="fp32", convert_at="buffer")
    energy, counted = resident_case(REGISTERS, IN_PES, scheme, "I")
    assert ("DRAM", "I", "read") not in energy
    assert ("buffer", "I", "fill") not in energy
    assert energy["buffer", "I", "read"] == 32 * 8 * 0.5  # kept as stored
    assert energy["register", "I", "fill"] == 2 * 32 * 32 * 0.03125
    assert counted["I"] == 2 * 32
    assert counted["W"] == 16  # not resident: converted into the buffer
    assert energy["buffer", "W", "read"] == 16 * 32 * 0.5


def test_macs_convert_what_they_read_from_the_home_of_a_resident_operand():
    energy, counted = resident_case(TINY, WHOLE, "w8a8-dequant-fp32", "I")
    assert energy["buffer", "I", "read"] == 32 * 8 * 0.5  # one read for both columns
    assert counted["I"] == 32
    assert energy["buffer", "W", "read"] == 64 * 32 * 0.5


@pytest.mark.parametrize(("level", "hint"), [("bufer", "did you mean buffer"), ("DRAM", "inside DRAM")])
def test_convert_at_must_be_a_level_inside_the_outermost(tmp_path, level, hint):
    with pytest.raises(InputError, match=f"convert_at must be a level of .*got '{level}'") as caught:
        estimate(ONE, REGISTERS, scheme_file(tmp_path, compute="fp32", convert_at=level))
    assert hint in str(caught.value)


def test_a_wider_multiplier_is_used_and_said():
    result = estimate(ONE, TINY, "wint4aint4", mapping=WHOLE)
    assert "int4 x int4 is multiplied as int8 x int8: tiny has no narrower multiplier for it." in result.warnings
    assert bill(result.layers[0])["multiply", "array", "", ""] == 64 * 0.25
    assert result.peak_macs_per_cycle == 2 * 4
    assert not any("multiplied as" in warning for warning in estimate(ONE, TINY, "int8", mapping=WHOLE).warnings)


def test_the_chip_says_what_it_accumulates_in(tmp_path):
    asked = scheme_file(tmp_path, accumulator="int16")
    wide = estimate(ONE, TINY, asked, mapping=WHOLE)
    assert "tiny accumulates int8 x int8 in int32, not in int16." in wide.warnings
    assert bill(wide.layers[0])["memory", "buffer", "O", "update"] == 64 * 32 * 0.25
    chip = load_profile(TINY, {"accumulators.int8": "int16"})
    narrow = estimate(ONE, chip, asked, mapping=WHOLE)
    assert not any("accumulates" in warning for warning in narrow.warnings)
    assert bill(narrow.layers[0])["memory", "buffer", "O", "update"] == 64 * 16 * 0.25
    assert bill(estimate(ONE, chip, "int8", mapping=WHOLE).layers[0])[
        "memory", "buffer", "O", "update"
    ] == 64 * 16 * 0.25  # fmt: skip


def test_conversion_inside_the_macs_loop_is_paid_per_use(tmp_path):
    """Nothing inside DRAM keeps W, so that the MACs convert every word they read."""
    nest = Nest((DRAM, Keep("buffer", "IO"), Loop("B", 1), Loop("C", 1), Loop("K", 1, "pes")))
    result = evaluate_mapping(GEMM, TINY, nest, scheme_file(tmp_path, compute="fp32"))
    assert converted(result) == {"W": 64, "I": 32}
