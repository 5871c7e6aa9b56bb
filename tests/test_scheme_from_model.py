"""Does `from-model` follow what a model states: layer by layer, in the right family, and nothing else?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import InputError, UnsupportedError
from accelsim.report.page import plain
from accelsim.report.text import compare_page
from accelsim.scheme import Scheme, parse_scheme
from accelsim.scheme.from_model import from_model
from accelsim.scheme.patterns import Patterns, escape
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape
from accelsim.workload.stated import Stated

CHIP = "horowitz-45nm"
CONV = Layer("conv", "conv", Shape(K=8, C=3, FY=3, FX=3, OY=6, OX=6), inputs=("input",))
FC = Layer("fc", "linear", Shape.gemm(M=2, N=16, K=256), inputs=("conv",))
SCORES = Layer("scores", "matmul", Shape.gemm(M=4, N=8, K=16), second_operand="kv", inputs=("fc",))
NORM = Layer("norm", "norm", vector_ops=(("multiply", 64),), inputs=("fc",), input_elements=64, output_elements=64)
TABLE = Layer("embed", "embedding", parameters=64 * 16, row_elements=16, gathered_elements=16, output_elements=16)


def network(*layers: Layer, stated: Stated | None = None) -> Network:
    """Return a chain of layers."""
    chained = [
        replace(layer, inputs=(layers[place - 1].name if place else "input",)) for place, layer in enumerate(layers)
    ]
    return Network("hand", tuple(chained), stated=stated)


def stating(layer: Layer, weights: str = "", activations: str = "", **more: str) -> Layer:
    return replace(layer, stated=Stated(weights, activations, **more))


def families(model: Network) -> dict[str, str]:
    scheme = from_model(model)
    return {layer.name: scheme.resolve(layer).family for layer in model.layers if layer.shape}


# --- families and formats -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "activations", "compute", "family", "multiplied"),
    [
        ("fp16", "fp16", "", "reference", ("fp16", "fp16")),
        ("int8gcsfp32", "int8", "", "native", ("int8", "int8")),
        ("int8gcsfp32", "fp32", "", "dequantize", ("fp32", "fp32")),
        ("uint4g32sfp32zuint4", "fp16", "", "dequantize", ("fp16", "fp16")),
        ("int4g32", "int8", "int8", "unpack", ("int8", "int8")),
        ("int8gc", "int8", "fp16", "dequantize", ("fp16", "fp16")),
        ("uint8gtsfp32zuint8", "uint8", "", "native", ("int8", "int8")),
        ("int8gtsfp32", "uint8gt", "", "native", ("int8", "int8")),
        ("int8gc", "mxfp8", "", "dequantize", ("fp16", "fp16")),
        ("fp8e4m3gt", "fp8e4m3gt", "", "native", ("fp8e4m3", "fp8e4m3")),
        ("int4", "int8", "", "native", ("int4", "int8")),
    ],
)
def test_the_family_follows_from_the_formats(
    weights: str, activations: str, compute: str, family: str, multiplied: tuple[str, str]
) -> None:
    found = from_model(network(stating(FC, weights, activations, compute=compute))).resolve(FC)
    assert found.family == family
    assert (found.compute_weight.name, found.compute_input.name) == multiplied


def test_what_is_stored_is_what_is_stated() -> None:
    found = from_model(network(stating(FC, "uint4g32sfp32zuint4", "fp16"))).resolve(FC)
    assert found.weight_bits == 4 + Fraction(32 + 4, 32)
    assert found.input_bits == 16


def test_an_unsigned_integer_is_shifted_to_a_signed_one_and_pays_for_a_zero_point_of_weights_alone() -> None:
    shifted = from_model(network(stating(FC, "uint8gcsfp32zuint8", "uint8"))).resolve(FC)
    assert shifted.weight.name == "int8gcsfp32zint8"
    assert shifted.input.name == "int8"
    symmetric = from_model(network(stating(FC, "int8gcsfp32", "uint8"))).resolve(FC)
    reasons = {each.reason for each in shifted.conversions} - {each.reason for each in symmetric.conversions}
    assert reasons == {"sum of the inputs, for the zero point", "zero point times the sum of the inputs"}


def test_the_same_as_a_named_scheme_where_every_layer_states_it() -> None:
    model = network(CONV, FC, NORM, stated=Stated("int8gc", "int8"))
    assert from_model(model) == parse_scheme("int8")
    assert sim.estimate(model, CHIP, "from-model").energy_pj == sim.estimate(model, CHIP, "int8").energy_pj


# --- layers that differ -------------------------------------------------------------------------


def test_every_layer_follows_its_own_then_the_network_then_fp32() -> None:
    layers = (stating(CONV, "int8gc", "int8"), FC, stating(replace(FC, name="head"), "int4g32"))
    assert families(network(*layers)) == {"conv": "native", "fc": "reference", "head": "dequantize"}
    model = network(*layers, stated=Stated("fp16", "bf16"))
    scheme = from_model(model)
    assert [(str(f.weight), str(f.input)) for f in (scheme.resolve(layer) for layer in model.layers)] == [
        ("int8gc", "int8"), ("fp16", "bf16"), ("int4g32", "bf16"),
    ]  # fmt: skip


def test_a_layer_without_weights_needs_no_override_where_the_base_does_the_same() -> None:
    model = network(stating(FC, "int4g128"), NORM, stated=Stated("bf16", "bf16"))
    assert from_model(model).overrides == ()
    assert from_model(model).for_layer("norm").vector_format.name == "bf16"
    quantized = network(stating(FC, "int8gc", "int8"), NORM)
    assert [pattern for pattern, _ in from_model(quantized).overrides] == ["norm"]


def test_an_output_is_as_its_widest_reader_reads_it_and_the_last_as_stated() -> None:
    model = network(stating(CONV, "int8gc", "int8"), stating(FC, "fp32", "fp32", output="fp16"))
    scheme = from_model(model)
    assert [str(scheme.output_format(layer, model)) for layer in model.layers] == ["fp32", "fp16"]


def test_an_embedding_keeps_its_own_table() -> None:
    model = network(stating(TABLE, "int8gc"), FC, stated=Stated("fp16", "fp16"))
    scheme = from_model(model)
    assert scheme.parameter_bits(model["embed"], 16) == 8 + Fraction(16, 16)
    assert scheme.resolve(model["fc"]).weight.name == "fp16"


def test_norms_and_biases_are_in_the_float_that_is_stated_for_them() -> None:
    model = network(stating(FC, "int4g128", "fp16", parameters="fp32"), NORM, stated=Stated("fp16", "fp16"))
    scheme = from_model(model)
    assert [scheme.for_layer(layer.name).vector_format.name for layer in model.layers] == ["fp32", "fp16"]


def test_the_cache_is_as_stated_else_as_it_is_read() -> None:
    fp16 = stating(FC, "fp16", "fp16")
    assert from_model(network(fp16, stating(SCORES, activations="fp16", kv="fp8e4m3"))).kv_format.name == "fp8e4m3"
    assert from_model(network(fp16, SCORES, stated=Stated(kv="int8"))).kv_format.name == "int8"
    assert from_model(network(fp16, stating(SCORES, activations="bf16"))).kv_format.name == "bf16"
    without = network(stating(CONV, "int8gc", "fp8e4m3", compute="fp16"), fp16)
    assert from_model(without).resolve(without["conv"]).compute_weight.name == "fp16"


def test_what_the_network_states_of_computing_counts_where_it_fits() -> None:
    model = network(stating(CONV, "int4gc", "int8"), FC, NORM, stated=Stated("fp16", "fp16", compute="int8",
                                                                              accumulator="int32"))  # fmt: skip
    found = from_model(model).resolve(model["conv"]), from_model(model).resolve(model["fc"])
    assert [(each.family, each.accumulator.name) for each in found] == [("unpack", "int32"), ("reference", "fp32")]


NAMES = st.text(st.sampled_from("ab[]*?!./-"), min_size=1, max_size=6)


@given(st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_names_with_the_signs_of_patterns_stand_for_themselves(names: list[str]) -> None:
    layers = [
        stating(replace(FC, name=name), ("int8gc", "int4gc")[place % 2], "int8") for place, name in enumerate(names)
    ]
    model = network(*layers)
    scheme = from_model(model)
    scheme.check_patterns(model)
    assert [scheme.for_layer(layer.name).weight_format.name for layer in model.layers] == [
        layer.stated.weights for layer in layers if layer.stated
    ]


@given(st.lists(NAMES, max_size=6), st.lists(NAMES, min_size=1, max_size=6))
def test_patterns_are_those_of_a_file_name_and_the_first_decides(patterns: list[str], names: list[str]) -> None:
    from fnmatch import fnmatchcase

    patterns += [escape(name) for name in names[:2]]
    for name in names:
        first = next((place for place, pattern in enumerate(patterns) if fnmatchcase(name, pattern)), None)
        assert Patterns(patterns).first(name) == first


# --- what a user sees ---------------------------------------------------------------------------


def test_a_model_that_states_nothing_says_so_and_what_to_do() -> None:
    for call in (lambda: from_model(network(FC)), lambda: sim.compare(network(FC), CHIP, ["from-model", "int8"])):
        with pytest.raises(InputError, match=r"hand states none; name a scheme, such as fp16 or int8"):
            call()
    with pytest.raises(InputError, match="must be asked for with a model"):
        parse_scheme("from-model")


def test_formats_that_cannot_be_multiplied_name_the_layer() -> None:
    with pytest.raises(InputError, match=r"hand: formats stated for fc: the compute format must hold"):
        from_model(network(stating(FC, "int8gc", "int8", compute="int4")))
    with pytest.raises(InputError, match=r"stated weights: 'int9x' is not a number format"):
        Stated(weights="int9x")


def test_the_description_tells_what_the_model_states() -> None:
    model = network(stating(CONV, "int8gc", "int8"), stating(replace(FC, repeat=3), "int4g32", "fp16"), SCORES)
    assert from_model(model).description == (
        "hand states 3 layers of int4g32 weights by fp16 inputs (dequantize), "
        "1 layer of int8gc weights by int8 inputs (native), 1 layer of fp32 KV by fp32 inputs (reference)."
    )


def test_compare_takes_it_beside_named_schemes() -> None:
    model = network(stating(CONV, "int8gc", "int8"), FC, NORM)
    found = sim.compare(model, CHIP, ["from-model", "fp16", "int8"])
    energy = {name: found[name].energy_pj for name in found.names}
    assert list(energy) == ["from-model", "fp16", "int8"]
    assert energy["from-model"] is not None
    assert energy["int8"] is not None
    assert energy["from-model"] > energy["int8"]
    assert "from-model: hand states" in plain(compare_page(found))


def test_a_chip_that_lacks_a_format_says_for_which_layer() -> None:
    model = network(stating(FC, "int8gc", "int8"), CONV)
    with pytest.raises(UnsupportedError, match="layer conv: tpu-v4i cannot multiply fp32"):
        sim.estimate(model, "tpu-v4i", "from-model")


def test_a_layer_alone_takes_what_it_states() -> None:
    layer = stating(FC, "int8gc", "int8")
    assert sim.search_mapping(layer, CHIP, "from-model").energy_pj == sim.search_mapping(layer, CHIP, "int8").energy_pj


def test_the_command_line_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", "resnet18:conv1", "--on", CHIP, "--scheme", "from-model"]) == 1
    assert "conv1 states none" in capsys.readouterr().err
    assert run(["list", "schemes"]) == 0
    assert "from-model" in capsys.readouterr().out


def test_hundreds_of_layers_of_their_own_are_quick_to_find() -> None:
    names = [f"layers.{place}[0]" for place in range(2000)]
    model = network(
        *(stating(replace(FC, name=name), ("int8gc", "int4gc")[i % 2], "int8") for i, name in enumerate(names))
    )
    scheme: Scheme = from_model(model)
    assert len(scheme.overrides) == 1000
    scheme.check_patterns(model)
    assert scheme.for_layer(names[-1]).weight_format.name == "int4gc"
