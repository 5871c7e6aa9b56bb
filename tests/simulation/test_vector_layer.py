"""What does a layer without multiply-accumulates cost? Words, bits and cycles by hand."""

import dataclasses
from pathlib import Path

import pytest

from accelsim.hardware.catalog import load_profile
from accelsim.simulation.estimate import estimate
from accelsim.simulation.vector_layer import unpriced
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape

TINY = str(Path(__file__).parents[1] / "engine" / "data" / "tiny.yaml")
SIZE, WORD = 64, 32


def add(name, inputs, elements=SIZE, **more):
    return Layer(
        name, "elementwise", inputs=inputs, vector_ops=(("add", elements),),
        input_elements=elements * len(inputs), output_elements=elements, **more,
    )  # fmt: skip


def moved(result, name):
    """Words by (place, operand, action)."""
    found = {}
    for line in result.layer(name).lines:
        if line.part == "memory":
            key = line.place, line.operand, line.action
            found[key] = found.get(key, 0) + line.count
    return found


def test_words_from_dram_to_dram_pass_the_buffer():
    result = estimate(Network("alone", (add("only", ("input",)),)), TINY, "fp32")
    assert moved(result, "only") == {
        ("DRAM", "I", "read"): SIZE,
        ("buffer", "I", "fill"): SIZE,
        ("buffer", "I", "read"): SIZE,
        ("buffer", "O", "update"): SIZE,
        ("buffer", "O", "drain"): SIZE,
        ("DRAM", "O", "update"): SIZE,
    }
    energy = SIZE * WORD * (8 + 0.25 + 0.5 + 0.25 + 0.5 + 16) + SIZE * 1.0
    assert result.energy_pj == pytest.approx(energy)


def test_of_two_inputs_only_the_resident_one_stays():
    """The elements of each input count, not how many inputs there are: here 64 and 192 words."""
    network = Network(
        "mixed",
        (
            add("small", ("input",)),
            add("large", ("input",), 3 * SIZE),
            Layer("join", "elementwise", inputs=("small", "large"), input_elements=4 * SIZE, output_elements=SIZE),
        ),
    )
    both = estimate(network, TINY, "fp32")
    assert both.residency.outputs == {"small", "large"}
    assert ("DRAM", "I", "read") not in moved(both, "join")
    room = {"levels.buffer.capacity": "1 KiB"}  # 6144 bits for tensors: large takes them all, small is there first
    tight = estimate(network, load_profile(TINY, room), "fp32")
    assert tight.residency.outputs == {"small"}
    assert moved(tight, "join")["DRAM", "I", "read"] == 3 * SIZE
    assert moved(tight, "join")["buffer", "I", "fill"] == 3 * SIZE
    assert moved(tight, "join")["buffer", "I", "read"] == 4 * SIZE


def test_an_input_of_the_network_beside_a_resident_one_is_read_from_dram():
    result = estimate(Network("skip", (add("first", ("input",)), add("join", ("first", "input")))), TINY, "fp32")
    assert result.residency.outputs == {"first"}
    assert moved(result, "join")["DRAM", "I", "read"] == SIZE
    assert moved(result, "join")["buffer", "I", "read"] == 2 * SIZE


@pytest.mark.parametrize("bandwidth", [1e9, 4e9])
def test_an_add_takes_the_time_of_its_words_on_a_shared_port(bandwidth):
    """bandwidth_bytes_per_s is that of reading and writing together."""
    chip = load_profile(TINY, {"levels.DRAM.bandwidth_bytes_per_s": str(bandwidth), "vector.lanes": "1024"})
    assert chip.outermost.shared_port
    result = estimate(Network("alone", (add("join", ("input", "input")),)), chip, "fp32")
    assert result.bound_by == "DRAM"
    assert result.latency_s == pytest.approx(3 * SIZE * WORD / 8 / bandwidth)


def test_separate_ports_overlap():
    chip = load_profile(TINY, {"vector.lanes": "1024"})
    result = estimate(Network("alone", (add("join", ("input", "input")),)), chip, "fp32")
    assert result.cycles == pytest.approx(2 * SIZE * WORD / 64)


def test_outputs_are_converted_as_often_as_there_are_outputs():
    """An average pool of 2 x 2 reads four int8 words and stores one."""
    pool = Layer(
        "pool", "pool", inputs=("input",), vector_ops=(("add", 3 * SIZE), ("multiply", SIZE)),
        input_elements=4 * SIZE, output_elements=SIZE,
    )  # fmt: skip
    result = estimate(Network("pool", (pool,)), TINY, "int8")
    counts = {line.operand: line.count for line in result.layer("pool").lines if line.part == "convert"}
    assert counts == {"I": 4 * SIZE, "O": SIZE}
    assert result.layer("pool").busy["conversion"] == 5 * SIZE / 2


def parameters():
    """A table look-up, a norm with a gain, a product: 128, 16 and 256 parameters."""
    table = Layer(
        "table", "embedding", inputs=("input",), input_elements=2, output_elements=32, gathered_elements=32,
        row_elements=16, parameters=128,
    )  # fmt: skip
    norm = Layer(
        "norm", "norm", inputs=("table",), vector_ops=(("multiply", 32),), input_elements=32, output_elements=32,
        parameters=16,
    )  # fmt: skip
    head = Layer("head", "linear", Shape.gemm(M=2, N=16, K=16), inputs=("norm",))
    return Network("parameters", (table, norm, head))


def test_parameters_are_read_from_dram_unless_they_stay():
    loaded = estimate(parameters(), TINY, "fp32")
    assert not loaded.residency.weights
    assert moved(loaded, "table")["DRAM", "W", "read"] == 32  # the rows that are asked for
    assert moved(loaded, "norm")["DRAM", "W", "read"] == 16
    kept = estimate(parameters(), TINY, "fp32", keep_weights=True)
    assert kept.residency.weights
    for name, words in (("table", 32), ("norm", 16)):
        assert ("DRAM", "W", "read") not in moved(kept, name)
        assert moved(kept, name)["buffer", "W", "read"] == words


def test_a_chip_without_a_vector_unit_says_what_takes_no_time():
    chip = load_profile(TINY)
    bare = dataclasses.replace(chip, vector=None)
    network = parameters()
    assert unpriced(chip, network) is None
    assert unpriced(bare, Network("quiet", (network.layers[0],))) is None
    thrice = Network("thrice", (dataclasses.replace(network.layers[1], inputs=("input",), repeat=3),))
    said = "tiny has no vector unit: 96 scalar operations take no time (norm layers)."
    assert unpriced(bare, thrice) == said
    assert said in estimate(thrice, bare, "fp32").warnings
    assert not [warning for warning in estimate(thrice, chip, "fp32").warnings if "vector unit" in warning]
