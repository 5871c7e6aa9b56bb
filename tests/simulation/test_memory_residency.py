"""Is the best residency the best, and is every plan right for every repeat? Brute force and written-out repeats."""

import dataclasses
import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.engine.case import home
from accelsim.errors import UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.scheme import parse_scheme
from accelsim.simulation import optimal_residency
from accelsim.simulation.bystanders import bystander_bits
from accelsim.simulation.estimate import estimate
from accelsim.simulation.lifetimes import alive_bits, bound_together, moments
from accelsim.simulation.memory import Weights, output_bits
from accelsim.simulation.optimal_residency import optimal_plan, saved_bits, savings
from accelsim.simulation.residency import TILE_SHARE, Residency, plan
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape
from accelsim.workload.unroll import unroll

PROFILE = Path(__file__).parents[1] / "engine" / "data" / "tiny.yaml"
TINY = load_profile(PROFILE)
ROOM = home(TINY).capacity_bits * (1 - TILE_SHARE)
SCHEME = parse_scheme("int8")
WORDS = int(ROOM) // 8
"""One more word of int8 than the room holds is too large."""


@st.composite
def graphs(draw, most=8):
    """A few layers that read any earlier ones: vector layers, matrix products, some outputs to the cache."""
    count = draw(st.integers(2, most))
    layers = []
    for number in range(count):
        earlier = ["input", *(layer.name for layer in layers)]
        inputs = tuple(draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=3, unique=True)))
        size = draw(st.integers(1, WORDS * 3 // 4))
        kind = draw(st.sampled_from(("vector", "vector", "weights", "activation")))
        role = draw(st.sampled_from(("activation",) * 5 + ("kv",)))
        if kind == "vector" or (kind == "activation" and len(inputs) < 2):
            one = Layer(f"n{number}", "elementwise", inputs=inputs, input_elements=size, output_elements=size)
        else:
            shape = Shape.gemm(M=1, N=size, K=draw(st.integers(1, WORDS // 2)))
            one = Layer(f"n{number}", "linear", shape, second_operand=kind, inputs=inputs)
        layers.append(dataclasses.replace(one, output_role=role))
    return Network("random", tuple(layers))


def problem(network):
    bits = output_bits(network, SCHEME)
    return bits, savings(network, SCHEME, bits)


def holds(network, bits, names, weight_bits=0.0):
    """Whether activations fit together at every layer, from the definition of a lifetime alone."""
    last = {name: number for number, layer in enumerate(network.layers) for name in layer.inputs}
    for place in range(len(network.layers)):
        alive = [
            one.name
            for number, one in enumerate(network.layers)
            if one.name in names and number <= place <= last[one.name]
        ]
        if sum(bits[name] for name in alive) + weight_bits > ROOM:
            return False
    return True


def brute_force(network, bits, gains, weights):
    """The most that any subset of activations saves, with the weights of any subset of layers, or of all."""
    read = {name for layer in network.layers for name in layer.inputs}
    names = [layer.name for layer in network.layers if layer.name in read and layer.output_role == "activation"]
    of_weights = [(weights.stored_bits, weights.read_bits)] if weights.stored_bits else []
    of_weights += [tuple(map(sum, zip(*some, strict=True))) for some in subsets(weights.layers.values()) if some]
    best = 0.0
    for subset in map(frozenset, subsets(names)):
        own = sum(one.bits for one in gains if subset.issuperset(one.names))
        for stored, saved in ((0.0, 0.0), *of_weights):
            if own + saved > best and holds(network, bits, subset, stored):
                best = own + saved
    return best


def subsets(items):
    items = list(items)
    return (some for size in range(len(items) + 1) for some in itertools.combinations(items, size))


@st.composite
def parameters(draw):
    """Weights of up to three layers, of which a pass reads a part, and some more that only stay with all."""
    shares = draw(st.lists(st.tuples(st.floats(0.05, 0.9), st.floats(0.1, 1.0)), max_size=3))
    layers = {f"n{number}": (share * ROOM, share * part * ROOM) for number, (share, part) in enumerate(shares)}
    more = draw(st.floats(0.0, 0.3)) * ROOM
    stored = sum(one for one, _ in layers.values()) + more
    return Weights(stored, sum(one for _, one in layers.values()) + more / 2, layers)


@settings(max_examples=60, deadline=None)
@given(graphs(most=7), st.one_of(st.just(Weights(0.0)), parameters()))
def test_the_best_of_all_subsets_is_found_and_greedy_is_never_better(network, weights):
    bits, gains = problem(network)
    keep = weights.stored_bits > 0
    best = optimal_plan(network, TINY, bits, weights, gains, keep_weights=keep)
    greedy = plan(network, TINY, bits, weights.stored_bits, keep_weights=keep)
    found = saved_bits(best, gains, weights)
    assert best.how == "optimal"
    assert not (best.weights and best.kept_weights)
    kept = weights.stored_bits if best.weights else sum(weights.layers[name][0] for name in best.kept_weights)
    assert holds(network, bits, best.outputs, kept)
    assert found == pytest.approx(brute_force(network, bits, gains, weights), rel=1e-9)
    assert saved_bits(greedy, gains, weights) <= found


def vector(name, inputs, words, read=None):
    read = words * len(inputs) if read is None else read
    return Layer(name, "elementwise", inputs=inputs, input_elements=read, output_elements=words)


def test_what_is_admitted_first_may_keep_out_two_that_save_more():
    """A long shortcut of two thirds of the room comes first; without it, two others of that size fit in turn."""
    large = WORDS * 2 // 3
    layers = (
        vector("long", ("input",), large),
        vector("a", ("input",), large),
        vector("b", ("a",), 1, read=large),
        vector("c", ("b",), large, read=1),
        vector("d", ("c",), 1, read=large),
        vector("end", ("d", "long"), large),
    )
    network = Network("crowded", layers)
    bits, gains = problem(network)
    assert plan(network, TINY, bits, 0.0).outputs == {"long", "b", "d"}
    assert optimal_plan(network, TINY, bits, Weights(0.0), gains).outputs == {"a", "b", "c", "d"}


def test_a_read_of_two_activations_is_saved_by_both_or_not_at_all():
    """Two of 0.4 of the room, multiplied by weights together: with their common read they save more than one of 0.7."""
    part, large = WORDS * 2 // 5, WORDS * 7 // 10
    layers = (
        vector("large", ("input",), large),
        vector("a", ("input",), part),
        vector("b", ("input",), part),
        Layer("product", "linear", Shape.gemm(M=1, N=1, K=2 * part), inputs=("a", "b")),
        vector("end", ("product", "large"), 1, read=large),
    )
    bits, gains = problem(Network("two", layers))
    assert optimal_plan(Network("two", layers), TINY, bits, Weights(0.0), gains).outputs == {"a", "b", "product"}


def test_a_word_stays_beside_what_fills_a_room_of_gibibytes():
    """The solver takes no coefficient that is as small as the share of one word."""
    chip = load_profile(PROFILE, {"levels.buffer.capacity": "64 GiB"})
    large = int(home(chip).capacity_bits * (1 - TILE_SHARE)) // 8 * 3 // 5
    layers = (
        vector("a", ("input",), large),
        vector("b", ("input",), large - 1),
        vector("word", ("input",), 1),
        vector("end", ("a", "b", "word"), 1),
    )
    network = Network("word", layers)
    bits, gains = problem(network)
    assert optimal_plan(network, chip, bits, Weights(0.0), gains).outputs == {"a", "word"}


def test_what_repeats_saves_in_every_repeat():
    """0.4 of the room within a block, written and read twice, saves more than 0.7 once around it."""
    part, large = WORDS * 2 // 5, WORDS * 7 // 10
    layers = (
        vector("around", ("input",), large),
        dataclasses.replace(vector("blk.a", ("input",), part), repeat=2),
        dataclasses.replace(vector("blk.b", ("blk.a",), 1, read=part), repeat=2),
        vector("end", ("blk.b", "around"), 1, read=large),
    )
    network = Network("repeats", layers)
    bits, gains = problem(network)
    assert optimal_plan(network, TINY, bits, Weights(0.0), gains).outputs == {"blk.a", "blk.b"}


@pytest.mark.parametrize("capacity", ["4 KiB", "64 GiB"])
def test_the_limit_is_met_to_the_bit(capacity):
    """Two activations that fill the room exactly both stay; with one word more, only one does.

    One word of 48 GiB is far less than the tolerance to which the solver meets a constraint.
    """
    chip = load_profile(PROFILE, {"levels.buffer.capacity": capacity})
    words = int(home(chip).capacity_bits * (1 - TILE_SHARE)) // 8
    for extra, count in ((0, 2), (1, 1)):
        first = vector("a", ("input",), words // 2), vector("b", ("input",), words - words // 2 + extra)
        network = Network("pair", (*first, vector("c", ("a", "b"), 1)))
        bits, gains = problem(network)
        assert len(optimal_plan(network, chip, bits, Weights(0.0), gains).outputs) == count


def test_weights_that_stay_take_their_room_from_the_tiles_of_other_layers():
    """Of two repeats of one layer and one of another, all weights that the running repeat does not read."""
    first = Layer("first", "linear", Shape.gemm(M=1, N=8, K=4), inputs=("input",), repeat=2)
    second = Layer("second", "linear", Shape.gemm(M=1, N=16, K=8), inputs=("first",))
    third = Layer("third", "linear", Shape.gemm(M=1, N=1, K=16), inputs=("second",))
    network = Network("weights", (first, second, third))
    formats = {layer.name: SCHEME.resolve(layer) for layer in network.layers}
    bits = {name: float(one.weight_bits) for name, one in formats.items()}
    kept = Residency("buffer", frozenset(), False, (), (), kept_weights=frozenset({"first", "second"}))
    stay = 2 * 32 * bits["first"] + 128 * bits["second"]
    outputs = output_bits(network, SCHEME)
    assert bystander_bits(network, kept, outputs, 1e9, formats) == {
        "first": stay - 32 * bits["first"], "second": stay - 128 * bits["second"], "third": stay
    }  # fmt: skip
    assert [kept.operands(layer) for layer in network.layers] == [{"W"}, {"W"}, set()]


def test_weights_are_worth_what_a_pass_reads_of_them():
    """Experts of 0.7 of the room of which a tenth is read, or weights of 0.5 that are read whole: the latter stay."""
    network = Network("one", (vector("n0", ("input",), 1), vector("n1", ("n0",), 1)))
    bits, gains = problem(network)
    layers = {"n0": (0.7 * ROOM, 0.07 * ROOM), "n1": (0.5 * ROOM, 0.5 * ROOM)}
    found = optimal_plan(network, TINY, bits, Weights(1.2 * ROOM, 0.57 * ROOM, layers), gains, keep_weights=True)
    assert found.kept_weights == {"n1"}


def test_without_highs_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setattr(optimal_residency, "available", lambda: False)
    network = Network("one", (vector("a", ("input",), 1),))
    with pytest.raises(UsageError, match=r"pip install 'accelsim\[optimize\]'"):
        optimal_plan(network, TINY, *problem(network)[:1], Weights(0.0), [])


# ---------------------------------------------------------------------- repeats


@st.composite
def stacks(draw):
    """Layers before, a block that repeats, layers after; shortcuts within, across and around the block."""
    size = draw(st.integers(1, 4)) * 8
    layers = [vector("start", ("input",), size), vector("side", ("input",), draw(st.integers(1, 40)))]
    entry = draw(st.sampled_from(("start", "start", "input")))
    block = [vector("blk.first", (entry,), draw(st.integers(1, 60)))]
    for number in range(draw(st.integers(1, 4))):
        choices = [entry, "side", "start", *(layer.name for layer in block)]
        inputs = tuple(draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3, unique=True)))
        block.append(vector(f"blk.n{number}", inputs, draw(st.integers(1, 60))))
    inputs = tuple(draw(st.lists(st.sampled_from([entry, block[-1].name, block[0].name]), min_size=1, unique=True)))
    width = draw(st.sampled_from((size, size, size + 1)))
    block.append(vector("blk.last", inputs, width))
    repeat = draw(st.integers(2, 4))
    layers += [dataclasses.replace(layer, repeat=repeat) for layer in block]
    choices = ["start", "side", "blk.last", "blk.first"]
    layers.append(vector("end", tuple(draw(st.lists(st.sampled_from(choices), min_size=1, unique=True))), 5))
    layers.append(vector("after", ("end",), 5))
    sizes = {"input": size} | {layer.name: layer.output_elements for layer in layers}
    reads = [sum(sizes[name] for name in layer.inputs) for layer in layers]
    return Network(
        "stack",
        tuple(dataclasses.replace(layer, input_elements=words) for layer, words in zip(layers, reads, strict=True)),
    )


def written_name(name, index):
    head, dot, rest = name.partition(".")
    return f"{head}.{index}{dot}{rest}"


@settings(max_examples=150, deadline=None)
@given(stacks())
def test_what_is_alive_in_a_repeated_block_is_the_most_over_its_repeats(network):
    """Against the same network with every repeat written out, where each layer stands once."""
    written = unroll(network)
    there = dict(
        zip((layer.name for layer in written.layers), alive_bits(written, output_bits(written, SCHEME)), strict=True)
    )
    here = alive_bits(network, output_bits(network, SCHEME))
    for layer, alive in zip(network.layers, here, strict=True):
        names = [layer.name] if layer.repeat == 1 else [written_name(layer.name, i) for i in range(layer.repeat)]
        assert alive == max(there[name] for name in names), layer.name


@settings(max_examples=150, deadline=None)
@given(stacks(), st.integers(20, 400))
def test_a_repeated_block_costs_what_its_written_out_repeats_cost(network, words):
    """DRAM moves the bits that the written-out layers move, and what stays fits in every single repeat."""
    chip = load_profile(PROFILE, {"levels.buffer.capacity": f"{words} B"})
    result = estimate(network, chip, "int8")
    kept = result.residency.outputs
    written = unroll(network)
    size = {"input": network.layers[0].input_elements} | {one.name: one.output_elements for one in written.layers}
    outside = {name for name in size if name == "input" or packed(network, name) not in kept}
    moved = [name for layer in written.layers for name in (layer.name, *layer.inputs) if name in outside]
    assert result.dram_bits == pytest.approx(8 * sum(size[name] for name in moved))
    room = words * 8 * (1 - TILE_SHARE)
    sizes = output_bits(written, SCHEME)
    for moment in moments(written):
        inner = [name for name in moment.names if name != "input"]
        assert sum(sizes[name] for name in inner if packed(network, name) in kept) <= room


@settings(max_examples=100, deadline=None)
@given(stacks())
def test_what_a_layer_does_not_touch_is_the_most_over_its_repeats(network):
    """Everything that may stay does; what waits while a layer runs takes its room from the layer's tiles."""
    bits = output_bits(network, SCHEME)
    kept = frozenset(name for group in bound_together(network) for name in group)
    here = waiting(network, bits, kept)
    written = unroll(network)
    inside = frozenset(one.name for one in written.layers if packed(network, one.name) in kept)
    there = waiting(written, output_bits(written, SCHEME), inside)
    for layer in network.layers:
        names = [layer.name] if layer.repeat == 1 else [written_name(layer.name, i) for i in range(layer.repeat)]
        assert here[layer.name] == max(there[name] for name in names), layer.name


def waiting(network, bits, kept):
    residency = Residency("buffer", kept, False, (), ())
    return bystander_bits(network, residency, bits, 0.0, dict.fromkeys(bits, SimpleNamespace(weight_bits=0)))


def packed(network, name):
    """The name of a written-out layer in the network with repeats."""
    if name in {layer.name for layer in network.layers}:
        return name
    head, _, rest = name.split(".", 2)
    return f"{head}.{rest}"
