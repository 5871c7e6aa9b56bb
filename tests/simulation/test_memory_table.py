"""What does a model take in each format, and what holds it? Sums by hand, the record, the page and the figure."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import accelsim as sim
from accelsim.cli import app
from accelsim.errors import InputError, UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.report.facts.memory import memory_over_layers
from accelsim.simulation import memory_needs
from accelsim.simulation.lifetimes import bound_together
from accelsim.simulation.memory import stored_bits, weights_of
from accelsim.simulation.memory_table import GIB, SIZES
from accelsim.workload.catalog import load_workload

PARAMETERS, TABLE, NORMS, KV_WORDS = 6_738_415_616, 32_000 * 4096, 65 * 4096, 262_144


def test_a_language_model_by_hand():
    """Llama 2 7B at context 4096: fp16; 8 bits and an fp16 scale per output; 4.125 bits, norms in fp16 and fp32."""
    table = sim.memory("llama-2-7b/decode", ["fp16", "w8a16", "w4g128a16kv8"], context=4096)
    fp16, w8a16, w4 = (row.memory for row in table.rows)
    assert fp16.weight_bytes == 2 * PARAMETERS
    assert fp16.kv_bytes == 4096 * KV_WORDS * 2
    outputs = 32 * (4 * 4096 + 2 * 11_008 + 4096) + 2 * 32_000  # of the projections; rows of table and head
    assert w8a16.weight_bytes == (PARAMETERS - NORMS) + 2 * outputs + 2 * NORMS
    assert w4.weight_bytes == (PARAMETERS - NORMS) * (4 + 16 / 128) / 8 + 2 * NORMS
    assert w4.kv_bytes == 4096 * KV_WORDS
    softmax = 2 * 32 * 4096 * 2  # scores and probabilities of 32 heads, beside the residual and the query's result
    assert fp16.peak_layer == "layers.softmax"
    assert fp16.activation_bytes == softmax + 4096 * 2
    assert [row.kv_bytes_per_token for row in table.rows] == [KV_WORDS * 2, KV_WORDS * 2, KV_WORDS]
    assert repr(table).splitlines()[2].split()[:5] == ["fp16", "13.5", "GB", "2.15", "GB"]


def test_of_a_table_a_pass_reads_only_the_rows_of_its_tokens():
    """Llama 2 7B in fp16: all but the embedding table, of which one row of 4,096."""
    network, scheme = load_workload("llama-2-7b/decode"), sim.parse_scheme("fp16")
    formats = {layer.name: scheme.resolve(layer) for layer in network.layers if layer.shape is not None}
    weights = weights_of(network, scheme, formats, stored_bits(network, scheme, formats))
    assert weights.stored_bits == 16 * PARAMETERS
    assert weights.read_bits == 16 * (PARAMETERS - TABLE + 4096)
    assert sum(read for _, read in weights.layers.values()) == 16 * (PARAMETERS - TABLE - NORMS)


def test_the_table_of_sizes_and_the_longest_context():
    table = sim.memory("llama-2-7b/decode", ["fp16", "int8", "w4g128a16"], "jetson-orin-nano")
    for row in table.rows:
        assert [row.fits(size) for size in SIZES] == [row.memory.peak_bytes <= size for size in SIZES]
        assert row.memory.fits == (row.memory.peak_bytes <= 8 * GIB)
        most, memory = row.most_context, row.memory
        used = memory.weight_bytes + memory.activation_bytes
        assert most is not None
        if most:
            assert used + most * row.kv_bytes_per_token <= 8 * GIB < used + (most + 1) * row.kv_bytes_per_token
        else:
            assert used > 8 * GIB
    assert next(size for size in SIZES if table.row("w4g128a16").fits(size)) == 8 * GIB


def test_a_cache_grows_until_its_window_is_full_and_a_context_until_positions_end():
    """Mistral 7B attends to 4,096 tokens; GPT-2 has 1,024 learned positions; Llama 2 has neither."""
    mistral, gpt2, llama = (
        sim.memory(f"{name}/decode", ["int8"], "a100-80gb") for name in ("mistral-7b", "gpt2", "llama-2-7b")
    )
    row = mistral.rows[0]
    assert [row.kv_bytes_at(context) for context in (2048, 4096, 8192, 131_072)] == [
        row.kv_bytes_per_token * tokens for tokens in (2048, 4096, 4096, 4096)
    ]
    assert row.most_context is None  # the whole window fits
    assert gpt2.rows[0].limits.longest == 1024
    assert gpt2.contexts == (1024,)
    assert llama.contexts == (2048, 8192, 32_768, 131_072)
    assert llama.rows[0].limits.window == llama.rows[0].limits.longest == 0
    assert llama.rows[0].kv_bytes_at(131_072) == 131_072 * KV_WORDS
    assert sim.memory("gpt2/decode", ["int8"], "stm32-mcu").rows[0].most_context == 0  # its weights do not fit


def test_a_residual_network_peaks_where_two_branches_meet():
    """ResNet-50's first addition: two inputs and one output of 56 x 56 x 256, of int8."""
    row = sim.memory("resnet50", ["int8"]).rows[0]
    assert row.memory.peak_layer == "layer1.0.add"
    assert row.memory.activation_bytes == 3 * 56 * 56 * 256
    assert max(row.alive_bytes) == row.memory.activation_bytes


def test_what_stays_is_never_less_when_chosen_best_and_no_more_than_is_possible():
    gained = False
    for workload, device in (("mobilenetv2", "eyeriss-v1"), ("bert-base", "horowitz-45nm"), ("resnet50", "edge-2w")):
        row = sim.memory(workload, ["int8"], device).rows[0]
        assert row.greedy.saved_bytes <= row.optimal.saved_bytes <= row.greedy.possible_bytes
        assert row.optimal.residency.how == "optimal"
        gained |= row.optimal.saved_bytes > row.greedy.saved_bytes * 1.1
    assert gained


@pytest.mark.parametrize("how", ["greedy", "optimal"])
def test_what_is_saved_is_what_an_estimate_moves_less(how):
    """A plan counts each word once per write and reader; DRAM moves a few words of halos more without it."""
    network, chip = load_workload("mobilenetv2"), load_profile("tpu-v4i")
    small = load_profile("tpu-v4i", {"levels.CMEM.capacity": "2 MiB"})
    row = sim.memory(network, ["int8"], small).rows[0]
    stay = getattr(row, how)
    result = sim.estimate(network, small, "int8", residency=how, mapping="heuristic")
    assert result.residency.outputs == stay.residency.outputs
    nothing = sim.estimate(network, small, "int8", on_chip=False, mapping="heuristic")
    assert stay.saved_bytes <= (nothing.dram_bits - result.dram_bits) / 8 <= 1.05 * stay.saved_bytes
    assert sim.memory(network, ["int8"], chip).rows[0].greedy.saved_bytes == stay.possible_bytes


def test_the_best_choice_keeps_the_weights_of_some_layers_where_not_all_fit():
    """MobileNetV1-0.25 in int8 has 218 kB of weights; beside its activations 128 KiB have room for some of them."""
    chip = load_profile("edge-2w", {"levels.SRAM.capacity": "128 KiB"})
    row = sim.memory("mobilenetv1-0.25", ["int8"], chip, keep_weights=True).rows[0]
    kept = row.optimal.residency.kept_weights
    assert kept
    assert not row.optimal.residency.weights
    assert not row.greedy.residency.weights
    assert row.optimal.levels[1].weight_bytes < row.memory.weight_bytes
    greedy, best = (
        sim.estimate("mobilenetv1-0.25", chip, "int8", mapping="heuristic", keep_weights=True, residency=how)
        for how in ("greedy", "optimal")
    )
    assert best.residency.kept_weights == kept
    for one in best.layers:
        loaded = sum(line.total_bits for line in one.lines if (line.place, line.operand) == ("DRAM", "W"))
        if one.layer.name in kept:
            biases = one.layer.parameters * 32
            assert loaded <= biases, one.layer.name
    saved = row.optimal.saved_bytes - row.greedy.saved_bytes
    assert saved > 0
    assert (greedy.dram_bits - best.dram_bits) / 8 >= saved  # some weights would be fetched more than once


def test_levels_hold_weights_cache_and_activations():
    row = sim.memory("llama-2-7b/decode", ["int8"], "tpu-v4i").rows[0]
    dram, home = row.greedy.levels
    assert (dram.level, home.level) == ("HBM", "CMEM")
    assert (dram.weight_bytes, dram.kv_bytes) == (row.memory.weight_bytes, row.memory.kv_bytes)
    assert home.activation_bytes <= home.capacity_bytes * 0.75
    assert home.weight_bytes == 0
    small = sim.memory("resnet8", ["int8"], "tpu-v4i", keep_weights=True).rows[0]
    assert small.greedy.levels[1].weight_bytes == small.memory.weight_bytes
    names = {name for group in bound_together(load_workload("resnet8")) for name in group}
    assert small.greedy.residency.outputs == names


def test_the_frame_has_units_and_equals_the_csv():
    table = sim.memory("resnet8", ["int8", "fp16"], "stm32-mcu")
    frame = table.to_frame()
    assert list(frame.scheme) == ["int8", "fp16"]
    assert frame.attrs["units"]["weight_bytes"] == "B"
    assert frame.to_dict("records") == table.to_dicts()
    assert json.loads(json.dumps(table.to_dict()))["schemes"][0]["residency"]["optimal"]["how"] == "optimal"


def test_the_figure_says_what_is_alive():
    table = sim.memory("resnet50", ["fp16", "int8"])
    facts = memory_over_layers(table, "int8")
    assert facts.unit == "MB"
    assert facts.totals == pytest.approx([alive / 1e6 for alive in table.row("int8").alive_bytes], rel=1e-2)
    assert facts.names[facts.peak] == "layer1.0.add"
    assert "at most 2.41 MB" in facts.title
    parted = memory_over_layers(sim.memory("resnet50", ["int8"], "edge-2w"))
    assert parted.level == "SRAM"
    assert parted.room == pytest.approx(1.5 * 2**20 / 1e6, rel=1e-2)
    assert max(parted.parts["on chip"]) <= parted.room
    assert parted.totals == pytest.approx(facts.totals)
    figure = table.plot("int8")
    assert figure.heading == facts.title


# ---------------------------------------------------------------------- command and errors


def told(*arguments):
    """The output of the command, errors included."""
    result = CliRunner().invoke(app, ["memory", *arguments], catch_exceptions=True)
    return result.output if result.exception is None or isinstance(result.exception, SystemExit) else result.exception


def test_the_command_prints_needs_sizes_and_residency(tmp_path):
    text = told("llama-2-7b/decode", "--schemes", "fp16,w4g128a16", "--context", "4096", "--on", "jetson-orin-nano")
    for words in ("context 4096", "13.5 GB", "2.15 GB", "does not fit", "256 KiB", "80 GiB", "has room for a context"):
        assert words in text, words
    rows = told("resnet8", "--schemes", "int8", "--csv").splitlines()
    assert rows[0].startswith("workload,scheme,weight_bytes,kv_bytes")
    data = json.loads(told("resnet8", "--on", "stm32-mcu", "--json"))
    assert [one["scheme"] for one in data["schemes"]] == list(memory_needs.SCHEMES)
    assert data["schemes"][0]["layers"][0]["alive_bytes"] > 0
    file = tmp_path / "memory.svg"
    told("resnet8", "--plot", str(file))
    assert file.read_text(encoding="utf-8").startswith("<?xml")


def test_without_highs_only_greedy_is_shown_and_the_command_named(monkeypatch):
    monkeypatch.setattr(memory_needs, "available", lambda: False)
    table = sim.memory("resnet8", ["int8"], "edge-2w")
    assert table.rows[0].optimal is None
    assert table.rows[0].greedy is not None
    (note,) = table.notes
    assert "pip install 'accelsim[optimize]'" in note


def test_wrong_use_is_one_sentence():
    with pytest.raises(InputError, match="'context' is not an option of resnet8"):
        sim.memory("resnet8", ["int8"], context=5)
    with pytest.raises(UsageError, match="load_workload"):
        sim.memory(load_workload("resnet8"), ["int8"], context=5)
    with pytest.raises(UsageError, match="at least one scheme"):
        sim.memory("resnet8", [])
    with pytest.raises(UsageError, match="greedy or optimal"):
        sim.estimate("resnet8", "edge-2w", "int8", residency="best")
    assert "--on" in str(told("resnet8", "--set", "idle_w=1"))


def test_a_broken_scheme_file_names_the_file(tmp_path):
    file = Path(tmp_path) / "mine.yaml"
    file.write_text("base: w8a8\nlayers:\n  nowhere: {weights: int4}\n", encoding="utf-8")
    with pytest.raises(InputError, match="nowhere"):
        sim.memory("resnet8", [file])
