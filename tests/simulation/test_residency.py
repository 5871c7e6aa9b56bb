"""Which tensors stay on chip? Lifetimes, room and what is alive, on networks small enough to sum up by hand."""

import dataclasses
from pathlib import Path

import pytest

from accelsim.hardware.catalog import load_profile
from accelsim.simulation.estimate import estimate
from accelsim.simulation.residency import TILE_SHARE, lifetimes, plan
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

TINY = load_profile(Path(__file__).parents[1] / "engine" / "data" / "tiny.yaml")
BUFFER = 4096 * 8
WORD = 32


def add(name, inputs, elements, **more):
    """A vector layer that adds its inputs, or copies a single one."""
    return Layer(
        name, "elementwise", inputs=inputs, input_elements=elements * len(inputs), output_elements=elements, **more
    )


def planned(network, weight_bits=0.0, **options):
    bits = {"input": network.layers[0].input_elements * WORD}
    bits |= {layer.name: layer.output_elements * WORD for layer in network.layers}
    return plan(network, TINY, bits, weight_bits, **options)


def dram_bits(result, name, operand):
    lines = result.layer(name).lines
    return sum(line.total_bits for line in lines if (line.place, line.operand) == ("DRAM", operand))


def shortcut(elements):
    """first -> second -> third -> join, and first -> join: the output of first lives over three more layers."""
    return Network(
        "shortcut",
        (
            add("first", ("input",), elements),
            add("second", ("first",), elements),
            add("third", ("second",), elements),
            add("join", ("third", "first"), elements),
        ),
    )


def test_a_shortcut_lives_until_its_last_reader():
    assert lifetimes(shortcut(8)) == {"first": (0, 3), "second": (1, 2), "third": (2, 3), "join": (3, 3)}


def test_a_shortcut_keeps_its_room_and_never_passes_dram():
    network = shortcut(256)  # a quarter of the buffer each: three fit at once
    assert planned(network).outputs == {"first", "second", "third"}
    result = estimate(network, TINY, "fp32")
    for name in ("second", "third", "join"):
        assert dram_bits(result, name, "I") == 0, name
    for name in ("first", "second", "third"):
        assert dram_bits(result, name, "O") == 0, name
    tight = planned(shortcut(257))  # first and second fit; third does not while both are there
    assert tight.outputs == {"first", "second"}
    assert tight.spilled == ("third",)


def test_a_share_of_the_home_level_is_kept_free_for_tiles():
    room = int(BUFFER * (1 - TILE_SHARE)) // WORD
    assert room < BUFFER // WORD
    for elements, stays in ((room, {"first"}), (room + 1, set())):
        network = Network("pair", (add("first", ("input",), elements), add("last", ("first",), elements)))
        assert planned(network).outputs == stays
    small = Network("pair", (add("first", ("input",), 8), add("last", ("first",), 8)))
    limit = BUFFER * (1 - TILE_SHARE) - 8 * WORD
    assert planned(small, limit, keep_weights=True).weights
    assert not planned(small, limit + 1, keep_weights=True).weights


def test_the_network_input_is_alive_until_its_last_reader():
    network = Network(
        "skip",
        (add("first", ("input",), 8), add("join", ("first", "input"), 8), add("last", ("join",), 8)),
    )
    of_input, each = 8 * WORD, 8 * WORD
    assert planned(network).alive_bits == (of_input + each, of_input + 2 * each, 2 * each)


def test_what_goes_to_the_kv_cache_is_neither_kept_nor_counted_as_alive():
    network = Network(
        "keys",
        (
            add("keys", ("input",), 64, output_role="kv"),
            add("query", ("input",), 8),
            add("scores", ("query", "keys"), 8),
        ),
    )
    result = planned(network)
    assert "keys" not in result.outputs
    assert result.outputs == {"query"}
    entry = network.layers[0].input_elements * WORD
    assert result.alive_bits == (entry, entry + 8 * WORD, 2 * 8 * WORD)
    written = dram_bits(estimate(network, TINY, "fp32"), "keys", "O")
    assert written == 64 * WORD


def test_peak_memory_counts_the_kv_cache_once():
    """The only layer that outputs more than the rest writes to the cache: the peak is elsewhere."""
    layers = (
        add("keys", ("input",), 64, output_role="kv"),
        add("query", ("input",), 8),
        add("last", ("query",), 8),
    )
    network = Network("keys", layers, kv_elements_per_token=64, kv_tokens=3)
    memory = estimate(network, TINY, "fp32").memory
    assert memory.kv_bytes == 3 * 64 * 4
    assert memory.activation_bytes == (64 + 8) * 4  # the input, and the query
    assert memory.peak_layer == "query"


@pytest.mark.parametrize("weights", [False, True])
def test_spilling_for_tiles_spills_what_is_there_and_the_weights(weights):
    network = shortcut(64)
    everything = dataclasses.replace(planned(network), weights=weights)
    roomier = everything.without(network, "second")
    assert roomier.outputs == {"third"}
    assert roomier.spilled == ("first", "second")
    assert not roomier.weights
