"""Do schemes say what is stored, multiplied and converted, exactly, and refuse everything else?"""

from __future__ import annotations

import random
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.precision import CATALOG
from accelsim.scheme import FAMILIES, Conversion, LayerFormats, Scheme, known_schemes, parse_scheme
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape

CONV = Layer("conv1", "conv", Shape(K=64, C=3, FY=7, FX=7, OY=8, OX=8))  # 147 products per output
LINEAR = Layer("fc", "linear", Shape.gemm(M=2, N=16, K=4096))
SCORES = Layer("scores", "matmul", Shape.gemm(M=4, N=10, K=64, groups=2), second_operand="kv")
VALUES = Layer("values", "matmul", Shape.gemm(M=4, N=64, K=10, groups=2), second_operand="activation")
KEYS = Layer("keys", "linear", Shape.gemm(M=2, N=16, K=64), output_role="kv")
RELU = Layer("relu", "elementwise", vector_ops=(("compare", 4),), input_elements=4, output_elements=4)
ADD = Layer("residual", "elementwise", vector_ops=(("add", 4),), input_elements=8, output_elements=4)
TABLE = Layer("embed", "embedding", parameters=1000 * 64, gathered_elements=64, output_elements=64)


def work(formats: LayerFormats | tuple[Conversion, ...]) -> list[str]:
    """Conversions as short text: ``W word 1: convert int8>fp32, multiply fp32``."""
    found = formats.conversions if isinstance(formats, LayerFormats) else formats
    return [
        f"{each.operand} {each.per} {each.count_per}: " + ", ".join(f"{step.op} {step.key}" for step in each.operations)
        for each in found
    ]


def resolved(scheme: str, layer: Layer) -> LayerFormats:
    return parse_scheme(scheme).resolve(layer)


# --- families -----------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [CONV, LINEAR, SCORES, VALUES, KEYS], ids=lambda layer: layer.name)
@pytest.mark.parametrize("name", ["fp32", "fp16", "bf16", "fp8"])
def test_reference_converts_nothing(name: str, layer: Layer) -> None:
    found = resolved(name, layer)
    stored = CATALOG[{"fp8": "fp8e4m3"}.get(name, name)]
    assert found.family == "reference"
    assert {found.weight, found.input, found.output, found.compute_weight, found.compute_input} == {stored}
    assert {found.weight_bits, found.input_bits, found.output_bits} == {Fraction(stored.bits)}
    assert found.accumulator == CATALOG["fp32"]
    assert found.conversions == ()
    assert found.convert_at is None


def test_dequantize_both_operands() -> None:
    found = resolved("w8a8-dequant-fp32", CONV)
    assert (found.family, found.compute_weight.name, found.compute_input.name) == ("dequantize", "fp32", "fp32")
    assert (found.weight_bits, found.input_bits, found.output_bits) == (8 + Fraction(16, 147), 8, 8)
    assert found.accumulator.name == "fp32"
    assert work(found) == [
        "W word 1: convert int8>fp32",
        "I word 1: convert int8>fp32",
        "O output 1: multiply fp32",
        "O output 1: multiply fp32, convert fp32>int8",
    ]


def test_dequantize_attention_too() -> None:
    found = resolved("w8a8-dequant-fp32", SCORES)
    assert (found.family, found.weight.name, found.weight_bits) == ("dequantize", "int8", 8)
    assert work(found)[:2] == ["W word 1: convert int8>fp32", "I word 1: convert int8>fp32"]


def test_weight_only_per_channel_scales_after_the_matmul() -> None:
    found = resolved("w8a16", LINEAR)
    assert (found.family, found.weight_bits, found.input_bits) == ("dequantize", 8 + Fraction(16, 4096), 16)
    assert work(found) == ["W word 1: convert int8>fp16", "O output 1: multiply fp16"]
    assert work(resolved("w8a32", LINEAR)) == ["W word 1: convert int8>fp32", "O output 1: multiply fp32"]


def test_weight_only_grouped_scales_each_weight() -> None:
    found = resolved("w4g128a16", LINEAR)
    assert found.weight_bits == Fraction(33, 8)
    assert work(found) == ["W word 1: convert int4>fp16, multiply fp16"]


def test_weight_only_leaves_attention_in_float() -> None:
    for layer in (SCORES, VALUES):
        found = resolved("w4g128a16", layer)
        assert (found.family, found.weight.name, found.conversions) == ("reference", "fp16", ())


def test_scales_in_another_format_are_read_once_per_group() -> None:
    assert work(resolved("w4g32a16-dequant-fp32", LINEAR)) == [
        "W word 1: convert int4>fp32, multiply fp32",
        "W block 1/32: convert fp16>fp32",
        "I word 1: convert fp16>fp32",
    ]


def test_a_power_of_two_scale_needs_no_conversion() -> None:
    assert work(resolved("wmxfp4a16", LINEAR)) == ["W word 1: convert fp4e2m1>fp16, multiply fp16"]
    assert work(resolved("wnvfp4a16", LINEAR))[1] == "W block 1/16: convert fp8e4m3>fp16"


def test_zero_points_are_one_add_per_weight() -> None:
    assert work(resolved("wuint4g128a16", LINEAR)) == [
        "W word 1: convert uint4>fp16, add fp16, multiply fp16",
        "W block 1/128: convert uint4>fp16",
    ]
    assert resolved("wuint4g128a16", LINEAR).weight_bits == Fraction(133, 32)


def test_unpack() -> None:
    found = resolved("w4g32a8-int8", LINEAR)
    assert (found.family, found.compute_weight.name, found.accumulator.name) == ("unpack", "int8", "int32")
    assert (found.weight_bits, found.input_bits) == (Fraction(9, 2), 8)
    assert work(found) == [
        "W word 1: add int8",
        "O block 128: convert int32>fp32, multiply fp32, add fp32",
        "O output 1: multiply fp32, convert fp32>int8",
    ]


def test_unpack_needs_none_where_nothing_is_packed() -> None:
    found = resolved("w4g32a8-int8", SCORES)
    assert (found.family, found.weight.name) == ("native", "int8")
    assert work(found) == ["O output 1: multiply int32, convert int32>int8"]


def test_last_block_of_a_channel_may_be_short() -> None:
    found = resolved("w4g32a8-int8", CONV)
    assert found.weight_bits == 4 + Fraction(16 * 5, 147)
    assert [each.count_per for each in found.conversions if each.per == "block"] == [5]


def test_integer_products_of_ggml_blocks() -> None:
    """Per block 1 convert and 2 multiplies, as in vec_dot_q8_0_q8_1_impl, and the add to the sum."""
    found = resolved("wq8_0aq8_1-int8", LINEAR)
    assert (found.weight_bits, found.input_bits) == (Fraction(17, 2), 9)
    assert work(found)[0] == "O block 128: convert int32>fp32, multiply fp32, multiply fp32, add fp32"


def test_zero_points_in_integer_products_need_the_sum_of_the_inputs() -> None:
    assert work(resolved("wuint4g32a8-int8", LINEAR)) == [
        "W word 1: add int8",
        "I word 1: add int32",
        "O block 128: convert int32>fp32, multiply fp32, add fp32, multiply fp32, add fp32",
        "O output 1: multiply fp32, convert fp32>int8",
    ]
    assert "I word 1: add int32" not in work(resolved("wq4_1aq8_1-int8", LINEAR))


@pytest.mark.parametrize(("name", "bits"), [("int8", 8), ("int4", 4)])
def test_native(name: str, bits: int) -> None:
    for layer, overhead in ((CONV, Fraction(16, 147)), (LINEAR, Fraction(16, 4096)), (SCORES, 0), (VALUES, 0)):
        found = resolved(name, layer)
        assert (found.family, found.compute_weight.name, found.compute_input.name) == (
            "native",
            f"int{bits}",
            f"int{bits}",
        )
        assert (found.weight_bits, found.input_bits, found.output_bits) == (bits + overhead, bits, bits)
        assert found.accumulator.name == "int32"
        assert work(found) == [f"O output 1: multiply int32, convert int32>int{bits}"]


def test_native_pairs_of_different_formats() -> None:
    found = resolved("w4a8", LINEAR)
    assert (found.family, found.compute_weight.name, found.compute_input.name) == ("native", "int4", "int8")
    found = resolved("wfp8e4m3afp8e5m2", LINEAR)
    assert (found.family, found.accumulator.name, found.conversions) == ("native", "fp32", ())


def test_native_blocks_of_narrow_floats() -> None:
    found = resolved("mxfp4", LINEAR)
    assert (found.family, found.weight_bits, found.compute_weight.name) == ("native", Fraction(17, 4), "fp4e2m1")
    assert work(found) == [
        "O block 128: multiply fp32, multiply fp32, add fp32",
        "O output 1: add fp32, multiply fp32, convert fp32>fp4e2m1",
    ]


def test_kv_is_its_own_format() -> None:
    scheme = parse_scheme("w16a16kv8")
    assert scheme.resolve(LINEAR).conversions == ()
    assert work(scheme.resolve(KEYS)) == ["O output 1: multiply fp16, convert fp16>int8"]
    scores = scheme.resolve(SCORES)
    assert (scores.family, scores.weight.name) == ("dequantize", "int8")
    assert work(scores) == ["W word 1: convert int8>fp16", "O output 1: multiply fp16"]
    assert scheme.resolve(VALUES).family == "reference"


def test_a_float_kv_cache_of_an_integer_scheme_is_multiplied_in_float() -> None:
    found = resolved("w8a8kv16", SCORES)
    assert (found.family, found.weight.name, found.compute_input.name) == ("dequantize", "fp16", "fp16")
    keys = resolved("w8a8kv16", KEYS)
    assert work(keys) == ["O output 1: convert int32>fp32, multiply fp32"]
    assert resolved("w4g32a8kv16-int8", SCORES).family == "dequantize"


def test_layer_formats_are_hashable_and_equal_by_value() -> None:
    assert len({resolved("int8", LINEAR), resolved("w8a8", LINEAR), resolved("fp16", LINEAR)}) == 2


def test_a_layer_without_macs_has_no_formats() -> None:
    with pytest.raises(InputError, match="layer residual must have multiply-accumulates"):
        resolved("int8", ADD)


# --- layers without multiply-accumulates ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "vector"),
    [("fp16", "fp16"), ("w8a8-dequant-fp32", "fp32"), ("w4g128a16", "fp16"), ("int8", "fp32"), ("fp8", "fp32")],
)
def test_norms_and_biases_stay_in_float(name: str, vector: str) -> None:
    scheme = parse_scheme(name)
    assert scheme.vector_format.name == vector
    assert scheme.parameter_bits(CONV) == CATALOG[vector].bits


def test_embeddings_follow_the_weights() -> None:
    assert parse_scheme("w4g32a16").parameter_bits(TABLE, row_elements=64) == Fraction(9, 2)
    assert parse_scheme("int8").parameter_bits(TABLE, row_elements=64) == 8 + Fraction(16, 64)
    assert parse_scheme("int8").parameter_bits(TABLE) == 8


def test_stored_bits_of_activations_and_kv() -> None:
    scheme = parse_scheme("w8a16kv4")
    assert (scheme.activation_bits(ADD), scheme.kv_bits()) == (16, 4)


def test_vector_layers_convert_stored_integers() -> None:
    scheme = parse_scheme("int8")
    read, written = "I word 1: convert int8>fp32, multiply fp32", "O output 1: multiply fp32, convert fp32>int8"
    assert work(scheme.vector_conversions(ADD)) == [read, written]
    assert scheme.vector_conversions(RELU) == ()
    assert parse_scheme("w4g128a16").vector_conversions(ADD) == ()


# --- grammar -------------------------------------------------------------------------------------

WEIGHTS = [
    "2",
    "4",
    "8",
    "16",
    "32",
    "4g32",
    "4g128",
    "8g64",
    "int4",
    "int12",
    "uint4",
    "uint4g64",
    "fp8e4m3",
    "bf16",
    "tf32",
]
WEIGHTS += ["mxfp4", "nvfp4", "q4_k", "iq2_xxs", "int4g32sbf16zint4", "nf4", "int8gt", "3"]
ACTIVATIONS = ["4", "8", "16", "32", "bf16", "fp8e4m3", "fp8e5m2", "mxfp8e4m3", "q8_1", "q8_0", "int16", "uint8"]
KV = ["", "kv8", "kv16", "kvq8_0", "kvfp8e4m3", "kvq4_0"]
ENDINGS = ["", "-dequant-fp32", "-dequant-fp16", "-dequant-bf16", "-int8", "-int16"]


@given(st.sampled_from(WEIGHTS), st.sampled_from(ACTIVATIONS), st.sampled_from(KV), st.sampled_from(ENDINGS))
def test_names_read_back_or_are_refused(weight: str, activation: str, kv: str, ending: str) -> None:
    text = f"w{weight}a{activation}{kv}{ending}"
    with suppress(InputError):
        scheme = parse_scheme(text)
        assert str(scheme) == text
        assert parse_scheme(str(scheme)) == scheme
        assert scheme.family in FAMILIES
        for layer in (CONV, LINEAR, SCORES, VALUES, KEYS):
            found = scheme.resolve(layer)
            assert hash(found) == hash(scheme.resolve(layer))
            assert found.weight_bits >= found.weight.payload_bits > 0
            assert len({(each.operand, each.reason) for each in found.conversions}) == len(found.conversions)
            steps = [step for each in found.conversions for step in each.operations]
            assert all(name in CATALOG for step in steps for name in step.key.split(">"))


def test_no_format_name_can_hide_a_separator() -> None:
    assert not [name for name in CATALOG if "a" in name or "kv" in name or "-" in name]


@pytest.mark.parametrize(
    ("text", "family", "weight", "activation", "kv"),
    [
        ("w4g128a16", "dequantize", "int4g128", "fp16", "fp16"),
        ("wfp8e4m3afp8e4m3", "reference", "fp8e4m3", "fp8e4m3", "fp8e4m3"),
        ("wint4abf16", "dequantize", "int4gc", "bf16", "bf16"),
        ("wq4_kaq8_0kvq8_0-int8", "unpack", "q4_k", "q8_0", "q8_0"),
        ("wq4_ka16", "dequantize", "q4_k", "fp16", "fp16"),
        ("W8A8KV4", "native", "int8gc", "int8", "int4"),
        ("wmxfp4abf16", "dequantize", "mxfp4", "bf16", "bf16"),
        ("w4afp8e4m3", "dequantize", "int4gc", "fp8e4m3", "fp8e4m3"),
        ("w16a32", "dequantize", "fp16", "fp32", "fp32"),
        ("w32a16", "dequantize", "fp32", "fp16", "fp16"),
        ("mxfp8", "native", "mxfp8e4m3", "mxfp8e4m3", "mxfp8e4m3"),
        ("wint16aint16", "native", "int16gc", "int16", "int16"),
    ],
)
def test_what_names_mean(text: str, family: str, weight: str, activation: str, kv: str) -> None:
    scheme = parse_scheme(text)
    found = (scheme.family, scheme.weight_format.name, scheme.activation_format.name, scheme.kv_format.name)
    assert found == (family, weight, activation, kv)


@pytest.mark.parametrize(
    ("alias", "text"),
    [("int8", "w8a8"), ("int4", "w4a4"), ("fp32", "w32a32"), ("fp16", "w16a16"), ("fp8", "wfp8e4m3afp8e4m3")],
)
def test_aliases(alias: str, text: str) -> None:
    assert parse_scheme(alias) == parse_scheme(text)
    assert str(parse_scheme(alias)) == alias


def test_known_schemes_cover_the_families_and_explain_themselves() -> None:
    known = known_schemes()
    assert {scheme.family for scheme in known} == set(FAMILIES)
    assert len({scheme.name for scheme in known}) == len(known) >= 14
    for scheme in known:
        assert scheme.summary.startswith(f"{scheme.family}: weights ")
        assert "\n" not in scheme.summary
        assert len(scheme.summary) < 220


BROKEN_NAMES = [
    "",
    " ",
    "w",
    "a",
    "wa",
    "w8",
    "a8",
    "8",
    "w8a",
    "wa8",
    "w8a8kv",
    "w8a8-",
    "w8a8-dequant",
    "w8a8-dequant-",
    "w8a8-dequant-int8",
    "w8a8-dequant-mxfp8",
    "w8a8-dequant-fp17",
    "w8a8-dequnat-fp16",
    "w8a8-int",
    "w8a8-int4",
    "w4a16-int8",
    "w1a8",
    "w9a8",
    "w12a8",
    "w64a64",
    "w08a8",
    "w8g0a8",
    "w8ga8",
    "w8g-1a8",
    "w16g32a16",
    "w8g99999999999999999999999a8",
    "w8g" + "9" * 90 + "a8",
    "wmxfp4g32a16",
    "w8a8a8",
    "w8.0a8",
    "w32a16-dequant-fp16",
    "wfp16abf16",
    "w8amxfp8e4m3",
    "wfp8e4m3a8-int8",
    "int9",
    "fp33",
    "flaot16",
    "w8a8gc",
    "w8aint8gc",
    "w8a8\n",
    "w8a8\0",
    "w" + "8" * 5000 + "a8",
    "w²a8",
    "w8a8--int8",
    "../int8",
    "w8afp8e4m3-int8",
    "w8afp8e5m2",
    "/nowhere/x.yaml",
]


@pytest.mark.parametrize(
    "text", [name for name in BROKEN_NAMES if name.strip() != "w8a8"], ids=lambda text: repr(text[:30])
)
def test_broken_names_are_one_sentence(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scheme(text)
    message = str(caught.value)
    assert "\n" not in message
    assert "\0" not in message
    assert 20 < len(message) < 330


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("itn8", "did you mean int8"),
        ("w8a8-dequnat-fp16", "did you mean -dequant-fp16"),
        ("w4g128b16", "did you mean w4g128a16"),
        ("w5afp8e5m2", "-dequant-fp16"),
        ("w8a8-int4", "as in -int8"),
        ("w9a8", "Name any other, as in wint12abf16"),
        ("wfp8e4m4a16", "did you mean fp8e4m3"),
    ],
)
def test_errors_say_what_to_do(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scheme(text)
    assert said in str(caught.value)


@given(st.text(alphabet="wagkv0123456789intfpbdequ-mx_", max_size=24))
def test_any_text_is_a_scheme_or_an_input_error(text: str) -> None:
    with suppress(InputError):
        assert isinstance(parse_scheme(text), Scheme)


# --- files ---------------------------------------------------------------------------------------

FILE = """\
name: mixed
description: four bits where it costs little
weights: {format: int4, group: 64, scale: bf16, zero_point: int4}
activations: 8
kv: fp16
compute: int8
accumulator: int32
convert_at: SRAM
vector: fp16
layers:
  conv*: {base: fp16}
  fc: {weights: int8, compute: none}
"""


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def at(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return at


def test_a_file_states_all_of_it(write) -> None:  # type: ignore[no-untyped-def]
    scheme = parse_scheme(write(FILE))
    assert (scheme.name, scheme.description, scheme.family) == ("mixed", "four bits where it costs little", "unpack")
    assert scheme.weight_format.storage_bits() == 4 + Fraction(20, 64)
    assert (scheme.kv_format.name, scheme.vector_format.name, scheme.convert_at) == ("fp16", "fp16", "SRAM")
    conv, linear, other = (scheme.resolve(layer) for layer in (CONV, LINEAR, KEYS))
    assert (conv.family, conv.weight.name, conv.convert_at) == ("reference", "fp16", None)
    assert (linear.family, linear.weight.name, linear.weight_bits) == ("native", "int8gc", 8 + Fraction(16, 4096))
    assert (other.family, other.output.name, other.convert_at) == ("unpack", "fp16", "SRAM")
    assert "2 per-layer overrides" in scheme.summary


def test_a_file_means_what_its_name_would(write) -> None:  # type: ignore[no-untyped-def]
    assert parse_scheme(str(write("base: w4g128a16\n"))) == parse_scheme("w4g128a16")
    assert parse_scheme(write("weights: 8\nactivations: 8\ncompute: fp32\n")) == parse_scheme("w8a8-dequant-fp32")
    assert parse_scheme(write("weights: {format: 4, group: 32}\nactivations: 8\ncompute: int8\n")) == parse_scheme(
        "w4g32a8-int8"
    )
    assert parse_scheme(write("base: w8a16\nkv: int8\n")) == parse_scheme("w8a16kv8")
    assert parse_scheme(write("base: w8a8\nactivations: fp16\n")) == parse_scheme("w8a16")


def test_the_first_pattern_that_matches_decides(write) -> None:  # type: ignore[no-untyped-def]
    scheme = parse_scheme(write('base: w8a8\nlayers:\n  fc: {weights: 4}\n  "*": {weights: 2}\n'))
    assert scheme.for_layer("fc").weight_format.name == "int4gc"
    assert scheme.for_layer("conv1").weight_format.name == "int2gc"


def test_a_result_is_stored_as_its_readers_read_it(write) -> None:  # type: ignore[no-untyped-def]
    scheme = parse_scheme(write("base: w4a4\nlayers:\n  fc: {base: w8a8kv4}\n"))
    producer = Layer("conv1", "conv", CONV.shape, inputs=("input",))
    reader = Layer("fc", "linear", LINEAR.shape, inputs=("conv1",))
    network = Network("net", (producer, reader))
    scheme.check_patterns(network)
    output = scheme.output_format(producer, network)
    assert output.name == "int8"
    assert work(scheme.resolve(producer, output)) == ["O output 1: multiply int32, convert int32>int8"]
    assert scheme.output_format(reader, network).name == "int4"


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("  cnov1: {weights: 4}\n", "did you mean conv1"),
        ("  '*': {weights: 4}\n  fc: {weights: 2}\n", "must stand before"),
    ],
)
def test_patterns_that_do_nothing_are_refused(write, layers: str, said: str) -> None:  # type: ignore[no-untyped-def]
    scheme = parse_scheme(write("base: w8a8\nlayers:\n" + layers))
    with pytest.raises(InputError, match=said):
        scheme.check_patterns(Network("net", (CONV, LINEAR)))


def test_a_named_file_is_found(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    write("base: w8a8\n")
    monkeypatch.setenv("ACCELSIM_PATH", str(tmp_path))
    assert parse_scheme("mine") == parse_scheme("int8")


BROKEN_FILES = {
    "empty": ("", "empty"),
    "a list": ("- w8a8\n", "mapping"),
    "not YAML": ("weights: [8\n", "YAML"),
    "unknown key": ("base: w8a8\nwieghts: 4\n", ":2:1: wieghts is not a field of a scheme; did you mean weights?"),
    "duplicate key": ("base: w8a8\nbase: w4a4\n", "twice"),
    "unknown format": ("weights: int4\nactivations: fp61\n", ":2:14: activations"),
    "number as format": ("weights: 9\nactivations: 8\n", ":1:10: weights"),
    "float as format": ("weights: 4.5\nactivations: 8\n", "weights"),
    "boolean as format": ("weights: true\nactivations: 8\n", "weights"),
    "list as format": ("weights: [4]\nactivations: 8\n", "weights"),
    "no activations": ("weights: int4\n", "must state activations"),
    "no weights": ("activations: int4\n", "must state weights"),
    "unknown base": ("base: itn8\n", "did you mean int8"),
    "blocked compute": ("base: w4a16\ncompute: mxfp4\n", ":2:10: compute"),
    "narrow compute": ("base: w8a8\ncompute: int4\n", ":2:10: compute: the compute format must hold"),
    "float accumulator": ("base: w8a8\naccumulator: fp32\n", ":2:14: accumulator: "),
    "narrow accumulator": ("base: wint16aint16\naccumulator: int8\n", "at least as wide"),
    "integer vector": ("base: w8a8\nvector: int8\n", ":2:9: vector: "),
    "empty level": ("base: w8a8\nconvert_at: ''\n", "convert_at"),
    "weights without format": ("weights: {group: 32}\nactivations: 16\n", "weights.format"),
    "unknown weights key": ("weights: {format: 4, gruop: 32}\nactivations: 16\n", "did you mean group"),
    "group of zero": ("weights: {format: 4, group: 0}\nactivations: 16\n", "group"),
    "negative group": ("weights: {format: 4, group: -32}\nactivations: 16\n", "group"),
    "unknown span": ("weights: {format: 4, group: row}\nactivations: 16\n", ":1:29: weights.group: a group must be"),
    "integer scale": ("weights: {format: 4, scale: int8}\nactivations: 16\n", "scale must be stored in a float"),
    "unknown zero point": ("weights: {format: 4, zero_point: uint44}\nactivations: 16\n", "uint4"),
    "blocked zero point": ("weights: {format: 4, zero_point: q8_0}\nactivations: 16\n", "zero point"),
    "group of blocks": ("weights: {format: q4_0, group: 32}\nactivations: 16\n", "weights.format"),
    "group of floats": ("weights: {format: fp16, group: 32}\nactivations: 16\n", "only a format narrower"),
    "channel activations": ("weights: 8\nactivations: int8gc\n", "per tensor or group"),
    "empty override": ("base: w8a8\nlayers: {fc: {}}\n", "must state something"),
    "empty pattern": ("base: w8a8\nlayers: {'': {weights: 4}}\n", "must not be empty"),
    "override of KV": ("base: w8a8\nlayers:\n  fc: {kv: int4}\n", ":3:8: layers.fc.kv is not a field"),
    "nested override": ("base: w8a8\nlayers:\n  fc: {layers: {x: {weights: 4}}}\n", "is not a field"),
    "override with a typo": ("base: w8a8\nlayers:\n  fc: {weights: itn4}\n", ":3:17: layers.fc.weights"),
    "override that is text": ("base: w8a8\nlayers:\n  fc: int8\n", "layers.fc"),
    "override that cannot multiply": ("base: w8a8\nlayers:\n  fc: {compute: int4}\n", ":3:17: layers.fc.compute"),
    "boolean word": ("base: on\n", "boolean"),
    "tagged": ("base: !!python/object:os.system w8a8\n", "tag"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_broken_files_say_where(write, text: str, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        parse_scheme(write(text))
    message = str(caught.value)
    assert said in message
    assert "mine.yaml" in message
    assert "\n" not in message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(InputError):
            parse_scheme(path)


def test_mutated_files_are_schemes_or_input_errors(write) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(7)
    messages: list[str] = []
    for _ in range(400):
        text = list(FILE)
        for _ in range(chance.randint(1, 4)):
            position = chance.randrange(len(text))
            text[position : position + chance.randint(0, 3)] = chance.choice(
                ["", "\n", ":", "{", "0", "-", "int9", "é", "'", "*", "\t"]
            )
        try:
            scheme = parse_scheme(write("".join(text)))
            scheme.resolve(LINEAR)
            scheme.resolve(SCORES)
        except InputError as error:
            messages.append(str(error))
    assert not [message for message in messages if "\n" in message]
    assert 100 < len(messages) < 400
