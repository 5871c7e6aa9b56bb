"""Does a workload file mean what it says?"""

from __future__ import annotations

import pytest

from accelsim.errors import InputError
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

IMAGE = "name: net\ninput: {channels: 8, height: 9, width: 9}\nlayers:\n"


@pytest.fixture
def load(tmp_path):
    def read(text: str, name: str = "net.yaml", **options) -> Network:
        path = tmp_path / name
        path.write_text(text)
        return load_workload(path, **options)

    return read


KINDS = [
    ("conv, out: 4, kernel: 3, stride: 2, pad: [1, 0], dilation: 1, groups: 2, bias: false, activation: relu", 1),
    ("conv, out: 4, kernel: [1, 3], pad: same, batch_norm: true", 1),
    ("depthwise, kernel: 3, multiplier: 2", 1),
    ("transposed_conv, out: 4, kernel: 4, stride: 2, pad: 1", 4),
    ("linear, out: 5, activation: gelu", 1),
    ("max_pool, kernel: 3, stride: 2, ceil: true", 1),
    ("average_pool, kernel: 3, pad: [0, 0, 1, 1]", 1),
    ("global_max_pool", 1),
    ("global_average_pool", 1),
    ("add, input: [input, input], activation: relu", 1),
    ("multiply, input: [input, input, input]", 1),
    ("activation, function: tanh", 1),
    ("batch_norm", 1),
    ("layer_norm", 1),
    ("rms_norm", 1),
    ("local_norm, size: 3", 1),
    ("softmax", 1),
    ("gemm, M: 3, N: 5, K: 7, groups: 2, repeat: 4", 1),
    ("nest, shape: {K: 3, C: 8, OY: 7, OX: 7, FY: 3, FX: 3}, input: input", 1),
]


@pytest.mark.parametrize(("fields", "count"), KINDS)
def test_every_kind_of_layer_on_an_image(load, fields, count):
    network = load(f"{IMAGE}  - {{name: x, kind: {fields}}}\n  - {{name: y, kind: gemm, M: 1, N: 1, K: 1}}\n")
    assert len(network.layers) == count + 1
    assert all(layer.name.startswith("x") for layer in network.layers[:-1])


@pytest.mark.parametrize(
    ("tokens", "fields", "count"),
    [
        ("{tokens: 6, channels: 8}", "attention, heads: 2, kv_heads: 1, causal: true, bias: false", 7),
        ("{tokens: 6, channels: 8}", "matmul, input: [input, input], transposed: true", 1),
        ("{tokens: 6, channels: 8}", "lstm, hidden: 5", 3),
        ("{tokens: 6, channels: 8}", "gru, hidden: 5, bias: false", 3),
        ("{tokens: 6}", "embedding, rows: 100, width: 8", 1),
    ],
)
def test_every_kind_of_layer_on_tokens(load, tokens, fields, count):
    network = load(f"name: net\ninput: {tokens}\nlayers:\n  - {{name: x, kind: {fields}}}\n")
    assert len(network.layers) == count


def test_layers_read_the_one_before_unless_they_say_otherwise(load):
    network = load(
        IMAGE
        + "  - {name: a, kind: conv, out: 4, kernel: 1}\n"
        + "  - {name: b, kind: conv, out: 4, kernel: 1}\n"
        + "  - {name: c, kind: conv, out: 4, kernel: 1, input: a}\n"
        + "  - {name: d, kind: conv, out: 4, kernel: 1, input: [b, c]}\n"
    )
    assert [layer.inputs for layer in network.layers] == [("input",), ("a",), ("a",), ("b", "c")]
    assert network["d"].shape.C == 8


BLOCKS = """
name: net
input: {channels: 8, height: 9, width: 9}
blocks:
  unit:
    - {name: a, kind: conv, out: $out, kernel: 1, stride: $stride}
    - {name: side, kind: conv, out: $out, kernel: 1, stride: $stride, input: block, only: first}
    - {name: add, kind: add, input: [a, side]}
layers:
  - {name: first, kind: conv, out: 4, kernel: 1}
  - {name: s, block: unit, times: 3, set: {out: 16, stride: 1}, first: {stride: 2}}
  - {name: one, block: unit, set: {out: 8, stride: 1}, input: first}
  - {name: s, block: unit, times: 1, start: 3, set: {out: 4, stride: 1}, input: s.0}
  - {name: last, kind: linear, out: 2, input: s}
"""


def test_blocks_are_written_out_with_dotted_names(load):
    network = load(BLOCKS)
    names = [layer.name for layer in network.layers]
    stages = ["s.0.a", "s.0.side", "s.0.add", "s.1.a", "s.1.add", "s.2.a", "s.2.add"]
    assert names == ["first", *stages, "one.a", "one.side", "one.add", "s.3.a", "s.3.side", "s.3.add", "last"]
    assert network["s.1.add"].inputs == ("s.1.a", "s.0.add")
    assert network["one.a"].inputs == network["one.side"].inputs == ("first",)
    assert network["s.3.a"].inputs == ("s.0.add",)
    assert network["last"].inputs == ("s.3.add",)
    assert (network["s.0.a"].shape.y.stride, network["s.1.a"].shape.y.stride) == (2, 1)


def test_a_file_of_products_needs_no_input(load):
    network = load("name: net\nlayers:\n  - {name: g, kind: gemm, M: 4, N: 5, K: 6}\n", batch=3)
    assert network.macs == 3 * 120
    assert network["g"].inputs == ("input",)


def test_the_batch_of_a_file_is_its_default(load):
    text = f"batch: 4\n{IMAGE}  - {{name: a, kind: linear, out: 4}}\n"
    assert load(text).batch == 4
    assert load(text, batch=2).batch == 2


TRANSFORMER = """
name: tiny
title: Tiny
transformer: {hidden: 8, intermediate: 16, layers: 2, heads: 2, vocabulary: 30}
"""


def test_a_transformer_offers_its_phases(load, tmp_path):
    with pytest.raises(InputError, match="must be given with a phase: tiny/prefill or tiny/decode"):
        load(TRANSFORMER)
    network = load_workload(f"{tmp_path}/net.yaml/decode", context=5)
    assert (network.name, network.title) == ("tiny/decode", "Tiny, decode")
    assert network.options == {"phase": "decode", "context": 5}
    only = load(f"{TRANSFORMER}phases: {{prefill: {{tokens: 7}}}}\n")
    assert only.options == {"phase": "prefill", "tokens": 7, "causal": True, "all_logits": False}
    assert only.name == "tiny"


def test_options_may_be_text_from_a_command_line(load):
    text = f"{TRANSFORMER}phases: {{prefill: {{tokens: 7}}}}\n"
    assert load(text, tokens="9", causal="false").options["tokens"] == 9
    assert load(text, tokens="9", causal="false").macs == load(text, tokens=9, causal=False).macs
