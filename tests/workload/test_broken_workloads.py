"""Is every broken workload refused with one sentence that says where and what?"""

# ruff: noqa: E501 (one case a line reads best)

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.errors import AccelsimError, InputError
from accelsim.library import names
from accelsim.workload.catalog import load_workload

IMAGE = "name: net\ninput: {channels: 8, height: 9, width: 9}\n"
LAYERS = f"{IMAGE}layers:\n"
TOKENS = "name: net\ninput: {tokens: 6, channels: 8}\nlayers:\n"
TINY = "name: net\ntransformer: {hidden: 8, intermediate: 16, layers: 2, heads: 2, vocabulary: 30"
BLOCK = f"{IMAGE}blocks:\n  unit:\n    - {{name: a, kind: conv, out: $out, kernel: 1}}\nlayers:\n"


def one(fields: str) -> str:
    return f"{LAYERS}  - {{name: x, kind: {fields}}}\n"


BROKEN = {
    "empty file": ("", "it is empty"),
    "only a comment": ("# nothing\n", "it is empty"),
    "a list": ("- 1\n", "must be a mapping of fields"),
    "no name": ("layers: [{name: a, kind: gemm, M: 1, N: 1, K: 1}]\n", "1:1: name: must be given"),
    "name not text": (f"name: 3\n{LAYERS[10:]}  - {{name: x, kind: softmax}}\n", "1:7: name: must be text"),
    "name with a space": (f"name: a b\n{LAYERS[10:]}  - {{name: x, kind: softmax}}\n", "1:7: name: must be text of the form"),
    "neither layers nor transformer": (IMAGE, "either layers or a transformer; it has neither"),
    "both": (f"{TINY}}}\nlayers: [{{name: a}}]\n", "it has both"),
    "no layers": (f"{IMAGE}layers: []\n", "3:9: layers: must have at least 1 entries"),
    "layers not a list": (f"{IMAGE}layers: conv\n", "3:9: layers: must be a list"),
    "layer not a mapping": (f"{LAYERS}  - conv\n", "4:5: layers[0]: must be a mapping"),
    "unknown top field": (f"{one('softmax')}tittle: x\n", "5:1: tittle is not a field of a workload; did you mean title?"),
    "duplicate field": (f"{one('softmax')}name: y\n", "name must be given once"),
    "duplicate field of a layer": (one("linear, out: 4, out: 5"), "out must be given once"),
    "unknown layer field": (one("conv, out: 4, kernal: 3"), "4:35: layers[0].kernal is not a field of a conv layer; did you mean kernel?"),
    "unknown kind": (one("convv, out: 4, kernel: 3"), "4:21: layers[0].kind: 'convv' is not a kind of layer; did you mean conv?"),
    "kind missing": (f"{LAYERS}  - {{name: x, out: 4}}\n", "layers[0]: kind must be given"),
    "kind a number": (one("7"), "7 is not a kind of layer"),
    "required field missing": (one("conv, kernel: 3"), "layers[0].out: must be given"),
    "negative": (one("conv, out: -4, kernel: 3"), "4:32: layers[0].out: must be at least 1; got -4."),
    "zero": (one("linear, out: 0"), "layers[0].out: must be at least 1; got 0."),
    "huge": (one("linear, out: 1000000000001"), "layers[0].out: must be at most 1000000000000"),
    "more MACs than can be counted": (
        "name: net\ninput: {channels: 2000000, height: 2000, width: 2000}\nlayers:\n"
        "  - {name: a, kind: softmax}\n  - {name: x, kind: conv, out: 2000000, kernel: 1}\n",
        "5:5: layers[1] of x: the extents of a layer must multiply to at most 2**58 (about 2.9e+17); "
        "got K 2000000 * C 2000000 * OY 2000 * OX 2000, which is 1.6e+19.",
    ),
    "more inputs than can be counted": (
        "name: net\ninput: {channels: 1, height: 1000000000, width: 1000000000}\nlayers:\n"
        "  - {name: x, kind: conv, out: 1, kernel: 1, stride: 1000000000}\n",
        "4:5: layers[0] of x: a layer must read at most 2**58 (about 2.9e+17) input words; "
        "got B 1 * G 1 * C 1 * 1000000000 rows * 1000000000 columns, which is 1.0e+18.",
    ),
    "more tokens than can be counted": (
        f"{TINY}}}\nphases:\n  prefill: {{tokens: 1000000000000}}\n",
        "4:12: phases.prefill: the extents of a layer must multiply to at most 2**58",
    ),
    "NaN": (one("linear, out: .nan"), "a number must be finite"),
    "infinite": (one("linear, out: .inf"), "a number must be finite"),
    "fraction": (one("linear, out: 4.5"), "must be a whole number; got 4.5."),
    "float": (one("linear, out: 4.0"), "must be a whole number; got 4.0; write 4."),
    "text for a number": (one("linear, out: four"), "must be a whole number; got 'four'."),
    "exponent read as text": (one("linear, out: 4e3"), "which YAML reads as text"),
    "on for a boolean": (one("linear, out: 4, bias: on"), "write true or false"),
    "number for a boolean": (one("linear, out: 4, bias: 1"), "layers[0].bias: must be true or false; got 1."),
    "boolean for a number": (one("linear, out: true"), "must be a whole number; got true."),
    "nothing for a number": (one("linear, out: "), "must be a whole number; got nothing."),
    "kernel of three": (one("conv, out: 4, kernel: [3, 3, 3]"), "layers[0].kernel: must be a whole number of at least 1, a list of 2"),
    "kernel with a zero": (one("conv, out: 4, kernel: [3, 0]"), "got [3, 0]."),
    "negative pad": (one("conv, out: 4, kernel: 3, pad: -1"), "layers[0].pad: must be a whole number of at least 0"),
    "unknown padding": (one("conv, out: 4, kernel: 3, pad: valid"), "or same; got 'valid'."),
    "unknown activation": (one("linear, out: 4, activation: rleu"), "did you mean relu?"),
    "filter too large": (one("conv, out: 4, kernel: 10"), "layers[0].kernel of x: must not make a filter larger"),
    "dilated filter too large": (one("conv, out: 4, kernel: 3, dilation: 5"), "it spans 11 of 9 + 0"),
    "groups do not divide": (one("conv, out: 4, kernel: 3, groups: 3"), "4:54: layers[0].groups of x: must divide the 8 input channels; got 3."),
    "groups do not divide the output": (one("conv, out: 6, kernel: 3, groups: 4"), "must divide the 6 output channels"),
    "unknown input": (one("softmax, input: inptu"), "layers[0].input: must be input or an earlier layer; got 'inptu'; did you mean input?"),
    "reads itself": (one("softmax, input: x"), "must be input or an earlier layer; got 'x'"),
    "empty input": (one("softmax, input: []"), "must name at least one layer"),
    "input a number": (one("softmax, input: 3"), "layers[0].input: must be text"),
    "forward reference": (
        f"{LAYERS}  - {{name: a, kind: softmax, input: b}}\n  - {{name: b, kind: softmax}}\n",
        "4:37: layers[0].input: must be input or an earlier layer; got 'b'",
    ),
    "same name twice": (f"{one('softmax')}  - {{name: x, kind: softmax}}\n", "5:12: layers[1].name: must be a new name; x names"),
    "reserved name": (f"{LAYERS}  - {{name: input, kind: softmax}}\n", "input is a reserved word"),
    "add of unlike": (
        f"{one('conv, out: 4, kernel: 3')}  - {{name: y, kind: add, input: [x, input]}}\n",
        "must have equal extents for add; got 4 x 7 x 7 and 8 x 9 x 9",
    ),
    "add of one": (one("add"), "must name at least 2 layers for add"),
    "matmul of one": (f"{TOKENS}  - {{name: x, kind: matmul}}\n", "must name 2 layers for matmul; got 1."),
    "matmul of unlike": (f"{TOKENS}  - {{name: x, kind: matmul, input: [input, input]}}\n", "got 8 and 6"),
    "conv on tokens": (f"{TOKENS}  - {{name: x, kind: conv, out: 4, kernel: 3}}\n", "must be an image for a window to move over"),
    "attention heads": (f"{TOKENS}  - {{name: x, kind: attention, heads: 3}}\n", "layers[0].heads of x: must divide the 8 features"),
    "embedding of an image": (one("embedding, rows: 4, width: 4"), "must be tokens of 1 value each"),
    "transposed too large": (one("transposed_conv, out: 4, kernel: 100"), "must be at most 64 in a transposed"),
    "no network input": ("name: net\nlayers:\n  - {name: x, kind: softmax}\n", "input: must be given"),
    "image and tokens": ("name: net\ninput: {tokens: 6, height: 2}\nlayers:\n  - {name: x, kind: softmax}\n", "must be an image or tokens"),
    "input of zero": ("name: net\ninput: {channels: 0}\nlayers:\n  - {name: x, kind: softmax}\n", "input.channels: must be at least 1"),
    "nest with a typo": (one("nest, shape: {Q: 3}"), "layers[0].shape.Q is not a field of a loop nest"),
    "nest over-padded": (one("nest, shape: {FY: 3, pad: 2}"), "must leave an input of at least 1 position"),
    "gemm fed by another size": (one("gemm, M: 1, N: 1, K: 1, input: input"), "must have as many words as the layer reads, 1; input has 648"),
    "unknown block": (f"{BLOCK}  - {{name: s, block: unti, set: {{out: 4}}}}\n", "must be one of the blocks; got 'unti'; did you mean unit?"),
    "block parameter missing": (f"{BLOCK}  - {{name: s, block: unit}}\n", "set must give out, which block unit uses"),
    "block parameter unknown": (f"{BLOCK}  - {{name: s, block: unit, set: {{out: 4, otu: 4}}}}\n", "otu is not a parameter of block unit; did you mean out?"),
    "block parameter wrong": (f"{BLOCK}  - {{name: s, block: unit, set: {{out: -4}}}}\n", "must be at least 1; got -4."),
    "block times": (f"{BLOCK}  - {{name: s, block: unit, times: 0, set: {{out: 4}}}}\n", "times: must be at least 1"),
    "only outside a block": (one("softmax, only: first"), "must not be given outside a block"),
    "blocks empty": (f"{IMAGE}blocks: {{unit: []}}\nlayers:\n  - {{name: s, block: unit}}\n", "must have at least 1"),
    "phases of layers": (f"{one('softmax')}phases: {{decode: {{}}}}\n", "phases must not be given with layers"),
    "blocks of a transformer": (f"{TINY}}}\nblocks: {{}}\n", "blocks must not be given with a transformer"),
    "encoder with decode": (f"{TINY}, encoder: true}}\nphases: {{decode: {{}}}}\n", "must not be a phase of an encoder"),
    "unknown phase in a file": (f"{TINY}}}\nphases: {{decoding: {{}}}}\n", "did you mean decode?"),
    "unknown option in a file": (f"{TINY}}}\nphases: {{decode: {{contxt: 4}}}}\n", "did you mean context?"),
    "kv heads": (f"{TINY}, kv_heads: 3}}\nphases: {{decode: {{}}}}\n", "transformer.kv_heads: must divide the 2 heads"),
    "positions": (f"{TINY}, learned_positions: 9}}\nphases: {{decode: {{context: 10}}}}\n", "3:28: phases.decode.context: must be at most the 9"),
    "transformer typo": (f"{TINY}, activaton: silu}}\n", "transformer.activaton is not a field of a transformer; did you mean activation?"),
    "unclosed": (f"{LAYERS}  - {{name: x\n", "the file must be YAML"),
    "tabs": (f"{LAYERS}\t- x\n", "the file must be YAML"),
    "a tag": (one("!!python/object:os.system x"), "must not carry a tag"),
    "an alias to nothing": (one("*nothing"), "alias"),
}  # fmt: skip


def refused(name, **options) -> str:
    with pytest.raises(InputError) as caught:
        load_workload(name, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files(case, tmp_path):
    text, expected = BROKEN[case]
    path = tmp_path / "net.yaml"
    path.write_text(text)
    message = refused(path)
    assert expected in message
    assert message.startswith(str(path))
    assert re.search(r"[^.?][.?]$", message)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("resnet5", {}, "'resnet5' is not a workload; did you mean resnet50?"),
        ("lama-2-7b/decode", {}, "did you mean llama-2-7b?"),
        ("llama-2-7b", {}, "must be given with a phase: llama-2-7b/prefill or llama-2-7b/decode"),
        ("llama-2-7b/decod", {}, "has no phase 'decod'; did you mean decode?"),
        ("llama-2-7b/encode", {}, "has no phase 'encode'"),
        ("resnet50/decode", {}, "resnet50 has no phases"),
        ("resnet50", {"context": 7}, "'context' is not an option of resnet50; it has none"),
        ("llama-2-7b/decode", {"contxt": 7}, "'contxt' is not an option of llama-2-7b/decode; did you mean context?"),
        ("llama-2-7b/decode", {"context": 0}, "option context must be a whole number of at least 1; got 0."),
        ("llama-2-7b/decode", {"context": 10**22}, "context must be a whole number of at most 1000000000000; got 1000"),
        ("llama-2-7b/decode", {"context": "9" * 22}, "context must be a whole number of at most 1000000000000; got"),
        ("resnet50", {"batch": 10**12 + 1}, "option batch must be a whole number of at most 1000000000000; got 1000"),
        ("llama-2-7b/decode", {"context": True}, "option context must be a whole number"),
        ("llama-2-7b/decode", {"context": "many"}, "option context must be a whole number of at least 1; got 'many'"),
        ("llama-2-7b/decode", {"context": float("nan")}, "option context must be a whole number"),
        ("llama-2-7b/prefill", {"causal": 1}, "option causal must be true or false; got 1"),
        ("resnet50", {"batch": 0}, "option batch must be a whole number of at least 1; got 0"),
        ("resnet50", {"batch": 1.5}, "option batch must be a whole number"),
        ("bert-base", {"tokens": 513}, "option tokens: must be at most the 512 learned positions; got 513"),
        ("", {}, "must be a name or a path"),
        ("a\0b", {}, "must be a name or a path"),
        ("x" * 5000, {}, "must be a name or a path"),
        ("no/such/file.yaml", {}, "there is no file"),
        ("no/such/thing", {}, "is not a workload"),
    ],
)
def test_broken_requests(name, options, expected):
    assert expected in refused(name, **options)


def test_files_of_other_kinds(tmp_path):
    (tmp_path / "net.txt").write_text("x")
    message = refused(tmp_path / "net.txt")
    assert "must end in .yaml, .yml" in message
    assert "; got net.txt." in message
    (tmp_path / "net.yaml").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8 text" in refused(tmp_path / "net.yaml")
    assert "a folder must hold" in refused(str(tmp_path))


SHIPPED = [path.read_text() for path in names("workloads").values()]
TOKENS_IN = [re.findall(r"[\w.$-]+|[^\w\s]|\s+", text) for text in SHIPPED]
JUNK = [
    "",
    "0",
    "-1",
    "1e9",
    ".nan",
    "true",
    "null",
    "[]",
    "{}",
    "[",
    "}",
    ": ",
    "- ",
    "&a",
    "*a",
    "$x",
    "block",
    "input",
    "\t",
]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_files_load_or_are_refused(data, tmp_path):
    tokens = list(data.draw(st.sampled_from(TOKENS_IN)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(tokens) - 1))
        other = data.draw(st.sampled_from([*JUNK, *data.draw(st.sampled_from(TOKENS_IN))[:300]]))
        how = data.draw(st.sampled_from(["replace", "insert", "delete", "double"]))
        tokens[place : place + 1] = {
            "replace": [other],
            "insert": [other, tokens[place]],
            "delete": [],
            "double": [tokens[place]] * 2,
        }[how]
        tokens = tokens or ["\n"]
    assert_loads_or_is_refused(tmp_path / "net.yaml", "".join(tokens))


def assert_loads_or_is_refused(path, text: str) -> None:
    """Anything but a network or an AccelsimError fails the test."""
    path.write_text(text)
    for name in (path, f"{path}/decode"):
        try:
            network = load_workload(name)
        except AccelsimError:
            continue
        assert network.macs >= 0
        assert network.parameters >= 0


VALUES = [
    None,
    True,
    0,
    -1,
    1,
    2,
    3,
    64,
    10**12,
    2.5,
    "",
    "x",
    "input",
    "block",
    "$out",
    "first",
    [],
    {},
    [1, 2],
    [0, 0, 1, 1],
]


def places(data, at=()):
    """Paths of every value in nested lists and mappings."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield (*at, key)
        yield from places(value, (*at, key))


@cache
def read(text: str):
    return yaml.safe_load(text)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_valid_files_with_another_value_load_or_are_refused(data, tmp_path):
    content = deepcopy(read(data.draw(st.sampled_from(SHIPPED))))
    for _ in range(data.draw(st.integers(1, 3))):
        *outer, key = data.draw(st.sampled_from(list(places(content))))
        owner = content
        for step in outer:
            owner = owner[step]
        if data.draw(st.booleans()):
            owner[key] = deepcopy(data.draw(st.sampled_from(VALUES)))
        elif isinstance(owner, dict):
            owner[data.draw(st.sampled_from(["stride", "groups", "only", "input", "kernel", "name"]))] = owner.pop(key)
        else:
            owner.append(deepcopy(owner[key]))
    assert_loads_or_is_refused(tmp_path / "net.yaml", yaml.safe_dump(content))
