"""How much memory does a model take? Bits of parameters and KV cache, summed by hand."""

from pathlib import Path

import pytest

from accelsim.hardware.catalog import load_profile
from accelsim.scheme import parse_scheme
from accelsim.simulation.estimate import estimate
from accelsim.simulation.memory import output_bits, stored_bits
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape

TINY = load_profile(Path(__file__).parents[1] / "engine" / "data" / "tiny.yaml")
TOKENS, WIDTH, VOCABULARY, POSITIONS = 2, 16, 32, 8


def table(name, rows):
    return Layer(
        name, "embedding", inputs=("input",), input_elements=TOKENS, output_elements=TOKENS * WIDTH,
        gathered_elements=TOKENS * WIDTH, row_elements=WIDTH, parameters=rows * WIDTH,
    )  # fmt: skip


def language_model(tied=True, batch=1, embeddings=("tokens", "positions")):
    """Two tables, their sum, and a head that shares the first table."""
    rows = {"tokens": VOCABULARY, "positions": POSITIONS}
    tables = tuple(table(name, rows[name]) for name in embeddings)
    add = Layer(
        "add", "elementwise", inputs=("tokens", "positions"), vector_ops=(("add", TOKENS * WIDTH),),
        input_elements=2 * TOKENS * WIDTH, output_elements=TOKENS * WIDTH,
    )  # fmt: skip
    head = Layer("head", "linear", Shape.gemm(M=TOKENS, N=VOCABULARY, K=WIDTH), inputs=("add",))
    shared = VOCABULARY * WIDTH if tied else 0
    return Network("lm", (*tables, add, head), batch, "", 5, 7, shared)


def parameters_bits(network, scheme):
    scheme = parse_scheme(scheme)
    heads = {layer.name: scheme.resolve(layer) for layer in network.layers if layer.shape is not None}
    return stored_bits(network, scheme, heads)


@pytest.mark.parametrize("embeddings", [("tokens", "positions"), ("positions", "tokens")])
def test_tied_tables_are_stored_once_whatever_stands_beside_them(embeddings):
    shared, positions = VOCABULARY * WIDTH * 32, POSITIONS * WIDTH * 32
    assert parameters_bits(language_model(tied=False, embeddings=embeddings), "fp32") == 2 * shared + positions
    assert parameters_bits(language_model(tied=True, embeddings=embeddings), "fp32") == shared + positions
    network = language_model(embeddings=embeddings)
    assert estimate(network, TINY, "fp32").memory.weight_bytes == (shared + positions) / 8


@pytest.mark.parametrize("embeddings", [("tokens", "positions"), ("positions", "tokens")])
def test_a_tied_table_is_as_wide_as_it_is_stored(embeddings, tmp_path):
    """Positions in fp32 beside a table in int8, one fp16 scale per row."""
    file = tmp_path / "mixed.yaml"
    file.write_text("base: w8a16\nlayers:\n  positions: {weights: fp32, activations: fp16}\n", encoding="utf-8")
    shared, positions = VOCABULARY * (WIDTH * 8 + 16), POSITIONS * WIDTH * 32
    assert parameters_bits(language_model(embeddings=embeddings), file) == shared + positions


def test_layers_with_weights_may_be_tied_without_an_embedding():
    first = Layer("first", "linear", Shape.gemm(M=1, N=8, K=4), inputs=("input",))
    second = Layer("second", "linear", Shape.gemm(M=1, N=8, K=8), inputs=("first",))
    third = Layer("third", "linear", Shape.gemm(M=1, N=4, K=8), inputs=("second",))
    network = Network("tied", (first, second, third), tied_parameters=32)
    assert parameters_bits(network, "fp32") == (32 + 64) * 32


def test_the_kv_cache_is_that_of_every_sequence():
    one, four = (estimate(language_model(batch=batch), TINY, "fp32").memory for batch in (1, 4))
    assert one.kv_bytes == 5 * 7 * 4
    assert four.kv_bytes == 4 * one.kv_bytes


def test_an_output_is_stored_in_the_widest_format_that_its_readers_take(tmp_path):
    """One reader takes fp16, the other int8: the tensor between is fp16, whoever comes first."""
    file = tmp_path / "mixed.yaml"
    file.write_text("base: w8a8\nlayers:\n  wide: {weights: fp16, activations: fp16}\n", encoding="utf-8")
    scheme = parse_scheme(file)
    for names in (("wide", "narrow"), ("narrow", "wide")):
        source = Layer("source", "linear", Shape.gemm(M=4, N=8, K=8), inputs=("input",))
        readers = tuple(
            Layer(name, "linear", Shape.gemm(M=4, N=8, K=8), inputs=("source",), output_elements=32) for name in names
        )
        bits = output_bits(Network("mixed", (source, *readers)), scheme)
        assert bits == {"input": 64 // 2 * 8, "source": 32 * 16, "wide": 32 * 8, "narrow": 32 * 8}
