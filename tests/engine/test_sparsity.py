"""What do zeros save? Gated and skipped multiplies, coded words, and nothing that is not there."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hand import TINY, part
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.engine.case import Batch, Case
from accelsim.engine.evaluate import evaluate
from accelsim.engine.sparsity import work_of
from accelsim.engine.width import chain_of
from accelsim.errors import InputError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.sparse import Coding, SparseUnit
from accelsim.mapping.counts import count_many
from accelsim.precision.sparse import Pattern, coded_bits
from accelsim.provenance import Sourced
from accelsim.scheme import parse_scheme
from accelsim.search.prices import Prices
from accelsim.simulation.estimate import estimate, estimate_layer, evaluate_mapping
from accelsim.simulation.explain import time_words
from accelsim.simulation.mapping_record import mapping_record
from accelsim.simulation.search_mapping import search_mapping
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape
from accelsim.workload.sparsity import Sparsity, declare_sparsity

CHIP = load_profile("horowitz-45nm")
LEVELS = [level.name for level in CHIP.levels]
GEMM = Layer("product", "linear", Shape.gemm(M=24, N=32, K=40))
INNERMOST = {one: next(level.name for level in CHIP.levels if one in level.holds) for one in "WIO"}
NEST = estimate_layer(GEMM, CHIP, "int8", mapping="heuristic").layers[0].nest

densities = st.fractions(Fraction(1, 50), 1, max_denominator=50)
operands = st.sampled_from(["", "W", "I", "WI"])


def with_unit(**fields):
    return replace(CHIP, sparsity=SparseUnit(**fields))


def cost(chip, **densities):
    layer = replace(GEMM, sparsity=Sparsity(**densities))
    return evaluate_mapping(layer, chip, NEST, "int8")


@settings(max_examples=25, deadline=None)
@given(operands, operands, operands)
def test_density_1_without_coding_is_dense_exactly(gate, gated_reads, skip):
    chip = with_unit(gate="".join(set(gate) - set(skip)), gated_reads=gated_reads, skip=skip)
    dense = evaluate_mapping(GEMM, CHIP, NEST, "int8")
    ones = cost(chip, weights=1, inputs=1, outputs=1)
    assert (ones.lines, ones.cycle_parts, ones.busy) == (dense.lines, dense.cycle_parts, dense.busy)
    assert (ones.executed_macs, ones.gated_macs, ones.skipped_macs) == (GEMM.macs, 0, 0)


@settings(max_examples=30, deadline=None)
@given(operands, operands, densities, densities, densities, densities)
def test_energy_and_cycles_grow_with_density(skip, gate, one, other, third, fourth):
    chip = with_unit(skip=skip, gate="".join(set(gate) - set(skip)), gated_reads="W")
    low, high = sorted((one, other)), sorted((third, fourth))
    sparse, denser = cost(chip, weights=low[0], inputs=high[0]), cost(chip, weights=low[1], inputs=high[1])
    assert sparse.energy_pj <= denser.energy_pj * (1 + 1e-12)
    assert sparse.cycles <= denser.cycles
    assert sparse.executed_macs <= denser.executed_macs * (1 + 1e-12)
    for found in (sparse, denser):
        assert found.executed_macs + found.gated_macs + found.skipped_macs == pytest.approx(GEMM.macs, rel=1e-12)


def test_gating_saves_multiplies_and_filter_reads_and_no_cycle():
    chip = with_unit(gate="I", gated_reads="W")
    dense, gated = evaluate_mapping(GEMM, CHIP, NEST, "int8"), cost(chip, inputs=Fraction(1, 4))
    reads = sum(
        line.energy_pj for line in dense.lines
        if (line.part, line.place, line.operand, line.action) == ("memory", INNERMOST["W"], "W", "read")
    )  # fmt: skip
    arithmetic = part(dense, "multiply") + part(dense, "add")
    assert reads > 0
    assert dense.energy_pj - gated.energy_pj == pytest.approx(0.75 * (arithmetic + reads))
    assert gated.cycles == dense.cycles
    assert (gated.gated_macs, gated.skipped_macs) == (0.75 * GEMM.macs, 0)


def test_skipping_saves_time_up_to_the_speed_of_the_hardware():
    most = Sourced(2.0, "horowitz-isscc2014")
    dense = evaluate_mapping(GEMM, CHIP, NEST, "int8")
    free, capped = (cost(with_unit(skip="W", speedup=one), weights=Fraction(1, 8)) for one in (None, most))
    assert free.cycle_parts["compute"] == -(-dense.cycle_parts["compute"] // 8)
    assert capped.cycle_parts["compute"] == -(-dense.cycle_parts["compute"] // 2)
    assert capped.skipped_macs == GEMM.macs / 2
    assert capped.executed_macs == free.executed_macs == GEMM.macs / 8
    assert part(capped, "multiply") == pytest.approx(part(dense, "multiply") / 8)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["bitmask", "run-length", "csc"]), densities, densities)
def test_coded_words_are_as_wide_as_the_law_says(codec, one, other):
    outside = CHIP.outermost.name
    chip = with_unit(codings=(Coding("WIO", codec, outside),))
    dense, coded = evaluate_mapping(GEMM, CHIP, NEST, "int8"), cost(chip, weights=one, inputs=other, outputs=1)
    for operand, density in (("W", one), ("I", other)):
        column = GEMM.shape.K if operand == "W" else None
        law = float(coded_bits(codec, Fraction(8), density, column=column)) - 8
        before, after = (read_bits(result, outside, operand) for result in (dense, coded))
        words = after[0]
        assert before[0] == words
        assert after[1] == pytest.approx(before[1] + words * law)
        level = next(name for name in reversed(LEVELS[:-1]) if operand in CHIP.level(name).holds)
        assert read_bits(coded, level, operand) == read_bits(dense, level, operand)  # decoded on the way in
    assert cost(chip, weights=1, inputs=1).bits_of(outside, "read") > dense.bits_of(outside, "read")


def read_bits(result, level, operand):
    """Words and bits that a level reads for an operand."""
    chosen = [line for line in result.lines if (line.place, line.operand, line.action) == (level, operand, "read")]
    return sum(line.count for line in chosen), sum(line.total_bits for line in chosen)


def test_two_of_four_doubles_the_rate_of_a_chip_that_has_it():
    layer = Layer("product", "linear", Shape.gemm(M=4096, N=4096, K=4096))
    sparse = replace(layer, sparsity=Sparsity(pattern="2:4"))
    dense, found = (estimate_layer(one, "a100-80gb", "fp16", mapping="heuristic") for one in (layer, sparse))
    assert found.layers[0].busy["compute"] == pytest.approx(dense.layers[0].busy["compute"] / 2)
    assert found.skipped_macs == found.macs / 2
    assert found.peak_macs_per_cycle == dense.peak_macs_per_cycle  # of dense MACs
    assert found.achieved_macs_per_cycle > found.peak_macs_per_cycle
    assert mapping_record(found, found.layers[0])["utilization"] <= 1
    assert any("of the peak; 50% of the MACs are skipped" in line for line in time_words(found, found.layers[0]))
    assert read_bits(found.layers[0], "HBM", "W")[1] == 4096**2 * 9  # (16 + 2) / 2 bits
    floats = estimate_layer(sparse, "a100-80gb", "fp32", mapping="heuristic")
    assert any("2:4 are computed dense: a100-80gb has no hardware for it in fp32" in one for one in floats.warnings)
    assert floats.cycles == estimate_layer(layer, "a100-80gb", "fp32", mapping="heuristic").cycles


@pytest.mark.parametrize(
    ("unit", "declared", "said"),
    [
        (None, {"pattern": "2:4"}, "weights of pattern 2:4 are computed dense: horowitz-45nm has no hardware for it"),
        (None, {"inputs": 0.5}, "neither gates nor skips zeros nor codes words"),
        ({"skip": "W", "patterns": (Pattern(2, 4),)}, {"pattern": "1:4"}, "pattern 1:4 are computed dense"),
        ({"skip": "W", "patterns": (Pattern(2, 4),)}, {"weights": 0.5}, "horowitz-45nm skips 2:4 only"),
        ({"gate": "I"}, {"weights": 0.5}, "neither gates nor skips these zeros nor codes them"),
    ],
)
def test_what_the_chip_cannot_use_is_not_credited_and_said(unit, declared, said):
    chip = CHIP if unit is None else with_unit(**unit)
    result = estimate_layer(replace(GEMM, sparsity=Sparsity(**declared)), chip, "int8", mapping="heuristic")
    dense = estimate_layer(GEMM, CHIP, "int8", mapping="heuristic")
    assert (result.energy_pj, result.cycles) == (dense.energy_pj, dense.cycles)
    assert any(said in one for one in result.warnings)
    assert not any(said in one for one in dense.warnings)


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_the_search_sees_what_zeros_save(objective):
    """Its prices are the engine's: what it calls best costs as much there, and is proven."""
    layer = Layer("small", "linear", Shape.gemm(M=7, N=11, K=13), sparsity=Sparsity(weights=0.25, inputs=0.5))
    unit = SparseUnit(
        skip="W", gate="I", gated_reads="W", codings=(Coding("WI", "run-length", "DRAM"),),
        zero_test_pj=Sourced(0.01, "horowitz-isscc2014"),
    )  # fmt: skip
    chip = replace(load_profile(TINY), sparsity=unit)
    found = search_mapping(layer, chip, "int8", objective)
    value = found.energy_pj if objective == "energy" else found.cycles
    assert found.certificate.value == pytest.approx(value, rel=1e-9)
    assert found.certificate.proven
    assert evaluate_mapping(layer, chip, found.nest, "int8").energy_pj == pytest.approx(found.energy_pj)
    quick = estimate_layer(layer, chip, "int8", mapping="heuristic", objective=objective).layers[0]
    assert value <= (quick.energy_pj if objective == "energy" else quick.cycles) * (1 + 1e-9)
    other = search_mapping(replace(layer, sparsity=Sparsity()), chip, "int8", objective)
    assert value < (other.energy_pj if objective == "energy" else other.cycles) * (1 + 1e-9)


@pytest.mark.parametrize("declared", [{}, {"weights": 0.25, "inputs": 0.5, "outputs": 0.3}])
def test_the_prices_of_the_search_are_those_of_the_engine(declared):
    """Words times the search's prices per crossing are the engine's energy, to the last picojoule."""
    unit = SparseUnit(
        skip="W", gate="I", gated_reads="W", zero_test_pj=Sourced(0.01, "horowitz-isscc2014"),
        codings=(Coding("WI", "run-length", CHIP.outermost.name), Coding("O", "bitmask", LEVELS[-2])),
    )  # fmt: skip
    chip = replace(CHIP, sparsity=unit)
    layer = replace(GEMM, sparsity=Sparsity(**declared))
    scheme = parse_scheme("int8")
    formats = scheme.resolve(layer)
    case = Case(layer, formats, scheme.vector_format, work=work_of(chip, layer, formats))
    tiles = np.array([[loop.tile for loop in NEST.loops]], dtype=np.int64)
    zero = np.zeros(1, dtype=np.int64)
    result = evaluate(Batch(chip, [case], zero), NEST, count_many([case.shape], zero, NEST, tiles))
    prices = Prices(chip, case)
    total = prices.fixed_pj + prices.static_pj * result.cycles[0] + prices.add_pj * result.moved.merged[0]
    for operand in "WIO":
        chain = chain_of(NEST, operand)
        crossings, fixed = prices.crossings(operand, chain)
        total += fixed + sum(priced(result.counts, operand, one) for one in crossings)
    assert total == pytest.approx(result.energy_pj[0], rel=1e-12)


def priced(counts, operand, one):
    """Energy of the words of a crossing, in pJ."""
    sender = counts.levels[one.sender, operand]
    if operand != "O":
        inside = counts.levels[one.receiver, operand].fills if one.receiver else 0
        return float((sender.reads * one.sent_pj + inside * one.inward_pj)[0])
    total = sender.reads * one.sent_pj + sender.updates_partial * one.merged_pj[0]
    total = total + sender.updates_final * one.merged_pj[1]
    if one.receiver:
        inner = counts.levels[one.receiver, operand]
        total = total + inner.fills * one.inward_pj
        total = total + inner.drains_partial * one.outward_pj[0] + inner.drains_final * one.outward_pj[1]
    return float(np.sum(total))


def test_eyeriss_gates_and_codes_what_a_model_declares_and_nothing_else():
    network = load_workload("alexnet", batch=4)
    alone = Network("conv3", (replace(network["conv3"], inputs=()),))
    sparse = declare_sparsity(alone, {"conv*": Sparsity(inputs=Fraction(275, 1000))})
    dense, found = (estimate(one, "eyeriss-v1", "wint16aint16", mapping="rs") for one in (alone, sparse))
    assert found.gated_macs == pytest.approx(0.725 * found.macs)
    assert found.macs == dense.macs == dense.executed_macs
    assert found.layers[0].cycle_parts["compute"] == dense.layers[0].cycle_parts["compute"]
    words, bits = read_bits(found.layers[0], "DRAM", "I")
    assert bits / words == pytest.approx(64 / 3 * 0.275 / (1 - 0.725**32))
    assert read_bits(dense.layers[0], "DRAM", "I")[1] == 16 * read_bits(dense.layers[0], "DRAM", "I")[0]
    assert found.energy_pj < dense.energy_pj
    assert {key: found.to_dict()[key] for key in ("executed_macs", "gated_macs", "skipped_macs")} == pytest.approx(
        {"executed_macs": 0.275 * found.macs, "gated_macs": 0.725 * found.macs, "skipped_macs": 0}
    )


FILE = """name: small
input: {{channels: 16, height: 8, width: 8}}
layers:
  - {{name: one, kind: conv, out: 16, kernel: 3, pad: 1{sparsity}}}
  - {{name: two, kind: activation, function: relu{other}}}
"""


def written(tmp_path, sparsity="", other=""):
    path = tmp_path / "small.yaml"
    path.write_text(FILE.format(sparsity=sparsity, other=other), encoding="utf-8")
    return load_workload(path)


def test_a_workload_file_declares_densities(tmp_path):
    layer = written(tmp_path, ", sparsity: {inputs: 0.4, pattern: '2:4'}").layers[0]
    assert layer.sparsity == Sparsity(inputs=Fraction(2, 5), pattern=Pattern(2, 4))


@pytest.mark.parametrize(
    ("sparsity", "other", "said"),
    [
        (", sparsity: {inputs: 0}", "", r"small.yaml:4:\d+: .*inputs.* above 0 and at most 1.* got 0"),
        (", sparsity: {inputs: 1.0e-12}", "", r"no less than 1e-09; got"),
        (", sparsity: {weights: 1.5}", "", r"small.yaml:4:\d+: .*weights.* above 0 and at most 1.* got 1.5"),
        (", sparsity: {pattern: '4:2'}", "", r"small.yaml:4:\d+: .*pattern.* 1 <= N <= M .*got 4:2"),
        (", sparsity: {pattern: half}", "", r"small.yaml:4:\d+: .*must be written N:M in quotes.* got 'half'"),
        (", sparsity: {weights: 0.3, pattern: '2:4'}", "", r"density of weights of pattern 2:4 must be 1/2; got 3/10"),
        (", sparsity: {weight: 0.3}", "", r"small.yaml:4:\d+: .*weight is not a field .*did you mean weights\?"),
        ("", ", sparsity: {inputs: 0.5}", r"small.yaml:5:\d+: .*must not be given: .*no multiply-accumulates"),
    ],
)
def test_densities_that_cannot_be_are_refused(tmp_path, sparsity, other, said):
    with pytest.raises(InputError, match=said):
        written(tmp_path, sparsity, other)


def test_a_name_that_no_layer_has_is_refused():
    with pytest.raises(InputError, match=r"'conv9' must match a layer of alexnet .* did you mean conv"):
        declare_sparsity(load_workload("alexnet"), {"conv9": Sparsity(inputs=0.5)})
    with pytest.raises(InputError, match="densities are of layers with multiply-accumulates"):
        Layer("relu", "elementwise", sparsity=Sparsity(inputs=0.5))


PROFILE = Path(__file__).parent / "data" / "tiny.yaml"
BLOCK = "\nsparsity:\n  source: horowitz-isscc2014\n"


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("  codings: [{operands: W, codec: zip, down_to: DRAM}]", r"codec.*must be a codec \(bitmask, .*got 'zip'"),
        ("  codings: [{operands: W, codec: csc, down_to: DRAMM}]", r"down_to.*must be a level.*did you mean DRAM\?"),
        ("  codings: [{operands: I, codec: 'n:m', down_to: DRAM}]", "codec n:m is of W alone; got I"),
        ("  gate: I\n  skip: IW", "zeros of an operand are gated or skipped, not both; got I in both"),
        ("  skip: W\n  patterns: ['4:2']", r"1 <= N <= M"),
        ("  skip: I\n  patterns: ['2:4']", "skip must name W"),
        ("  skip: W\n  speedup: 0.5", r"speedup.*must be a gain over the dense rate of at least 1; got 0.5"),
        ("  gate: O", "must be letters of WI"),
        ("  gate: I\n  speedup: 2", r"speedup.*must come with skip"),
        ("  skip: I\n  gated_reads: W", r"gated_reads.*must come with gate"),
        ("  gate: I\n  formats: [int8]", r"formats.*must come with skip"),
        (
            "  codings: [{operands: WI, codec: csc, down_to: DRAM}, {operands: IO, codec: bitmask, down_to: DRAM}]",
            r"codings\[1\].operands: an operand must have one coding; I has another",
        ),
    ],
)
def test_chips_that_cannot_be_are_refused(tmp_path, block, said):
    path = tmp_path / "mine.yaml"
    path.write_text(PROFILE.read_text(encoding="utf-8") + BLOCK + block + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=said) as error:
        load_profile(path)
    assert "mine.yaml:" in str(error.value)


def test_the_peak_of_a_chip_with_sparse_hardware_is_called_dense():
    from accelsim.hardware.check import lines

    int8 = next(line for line in lines(load_profile("a100-80gb")) if line.strip().startswith("int8"))
    assert "312 T MACs/s dense, at most 624 T MACs/s with 2:4 weights" in int8
    assert not any("dense" in line for line in lines(CHIP))
