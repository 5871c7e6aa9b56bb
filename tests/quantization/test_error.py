"""Are the measures those of theory, are tensors read as models mean them, and is nothing silent?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import InputError, UsageError
from accelsim.quantization.error import quantization_error
from accelsim.quantization.error_measures import Measures, measure
from accelsim.quantization.rounding import quantize
from accelsim.quantization.rounding_plan import plan
from accelsim.quantization.tensors import tensors_of
from accelsim.report.error_text import error_page
from accelsim.report.facts import error_lines
from accelsim.report.plots import error_figure

UNIFORM = np.random.default_rng(1).uniform(-1, 1, 1 << 18)
GAUSSIAN = np.random.default_rng(2).standard_normal((1 << 11, 1 << 7))


def measured(values: NDArray[Any], format_: str, **options: Any) -> Measures:
    return measure(values, plan(format_, **options), 0, "x")


# ---------------------------------------------------------------------- theory


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_uniform_data_on_the_full_asymmetric_grid(bits: int) -> None:
    """2^b levels over the range: 20 log10(2^b - 1)."""
    found = measured(UNIFORM, f"uint{bits}")
    assert found.sqnr_db == pytest.approx(20 * math.log10(2**bits - 1), abs=0.06)
    assert found.mse == pytest.approx(found.predicted_mse, rel=0.01)
    assert found.step == pytest.approx(2 / (2**bits - 1), rel=1e-4)


@pytest.mark.parametrize(("bits", "best_db", "groups_db"), [(8, 40.5, 43.8), (4, 18.9, 18.6), (2, 7.2, 2.3)])
def test_gaussian_data_on_the_symmetric_grid(bits: int, best_db: float, groups_db: float) -> None:
    """2^b - 1 levels: with the best clip of the tensor, and with the largest value of groups of 128."""
    assert measured(GAUSSIAN, f"int{bits}", clip="mse").sqnr_db == pytest.approx(best_db, abs=0.06)
    assert measured(GAUSSIAN, f"int{bits}g128").sqnr_db == pytest.approx(groups_db, abs=0.06)


def test_the_largest_of_many_samples_differs_from_draw_to_draw() -> None:
    draws = [np.random.default_rng(seed).standard_normal(1 << 18).astype(np.float32) for seed in range(8)]
    found = [measured(one, "int8").sqnr_db for one in draws]
    assert 0.5 < max(found) - min(found) < 2.5


def test_measures_are_those_of_the_values_read_back() -> None:
    values = np.random.default_rng(3).standard_t(4, (40, 90))
    for format_ in ("int4g32", "uint4", "nf4", "q4_k", "mxfp6", "fp16", "q8_0"):
        found, back = measured(values, format_), quantize(values, format_).values
        assert found.mse == pytest.approx(np.square(values - back).mean())
        assert found.max_error == pytest.approx(np.abs(values - back).max())
        cosine = (values * back).sum() / np.linalg.norm(values) / np.linalg.norm(back)
        assert found.cosine == pytest.approx(cosine)


def test_the_step_of_a_float_is_that_around_each_value() -> None:
    found = measured(np.array([1.5, 0.75]), "fp16")
    assert found.squared_steps == pytest.approx((2.0**-10) ** 2 + (2.0**-11) ** 2)


# ---------------------------------------------------------------------- tensors of models


@pytest.fixture(scope="module")
def weights() -> NDArray[np.float32]:
    """A matrix (4 outputs, 6 inputs) whose outputs differ widely in size, so that a wrong axis shows."""
    rows = np.random.default_rng(4).standard_normal((4, 6)) * np.array([[1], [10], [100], [1000]])
    return np.asarray(rows, dtype=np.float32)


def onnx_model(path: Path, weights: NDArray[np.float32], *, external: bool = False) -> Path:
    stored = {"gemm": weights, "matmul": weights.T.copy(), "deconv": weights.T.copy()[:, :, None, None]}
    stored |= {
        "plain": weights.T.copy(),
        "turned": weights,
        "codes": np.ones((6, 4), dtype=np.int8),
        "scale": np.ones((), dtype=np.float32),
    }
    stored |= {"bias": np.zeros(4, dtype=np.float32), "numbers": np.zeros((4, 4), dtype=np.int8)}
    nodes = [
        helper.make_node("Gemm", ["x", "gemm", "bias"], ["a"], "first", transB=1),
        helper.make_node("MatMul", ["x", "matmul"], ["b"], "second"),
        helper.make_node("Relu", ["b"], ["c"], "relu"),
        helper.make_node("ConvTranspose", ["image", "deconv"], ["d"], "third"),
        helper.make_node("Gemm", ["x", "plain", "bias"], ["g"], "plainly"),
        helper.make_node("Transpose", ["turned"], ["back"], "transpose"),
        helper.make_node("MatMul", ["x", "back"], ["e"], "fourth"),
        helper.make_node("DequantizeLinear", ["codes", "scale"], ["read"], "dequantize"),
        helper.make_node("MatMul", ["x", "read"], ["f"], "fifth"),
    ]
    shapes: dict[str, list[str | int | None]] = {"x": ["batch", 6], "image": ["batch", 6, 3, 3]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "acd"]
    tensors = [numpy_helper.from_array(values, name) for name, values in stored.items()]
    model = helper.make_model(helper.make_graph(nodes, "net", inputs, outputs, tensors))
    onnx.save(model, str(path), save_as_external_data=external, location="weights.bin", size_threshold=0)
    return path


@pytest.mark.parametrize("external", [False, True])
def test_channels_of_onnx_operators_are_their_outputs(
    tmp_path: Path, weights: NDArray[np.float32], external: bool
) -> None:
    table = quantization_error(onnx_model(tmp_path / "m.onnx", weights, external=external), "int8")
    assert [(row.layer, row.tensor) for row in table.rows] == [
        ("first", "gemm"), ("second", "matmul"), ("third", "deconv"), ("plainly", "plain"), ("fourth", "turned")
    ]  # fmt: skip
    expected = measured(weights, "int8gc").noise
    assert [row.measures.noise for row in table.rows if row.measures] == pytest.approx([expected] * 5)
    assert table.notes == ("Weights that are not stored as floats are left out: 1 as int8.",)


def test_torch_safetensors_and_arrays_agree(tmp_path: Path, weights: NDArray[np.float32]) -> None:
    half = torch.from_numpy(weights).to(torch.bfloat16)
    module = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU())
    module[0].weight.data = half
    save_file({"0.weight": half, "0.bias": torch.zeros(4)}, tmp_path / "m.safetensors")
    arrays: dict[str, Any] = {"0": half.float().numpy()}
    np.savez(tmp_path / "m.npz", **arrays)
    sources: list[Any] = [module, tmp_path / "m.safetensors", tmp_path / "m.npz", arrays]
    tables = [quantization_error(one, "w4a16", clip="mse") for one in sources]
    assert {table.rows[0].layer for table in tables} == {"0"}
    assert len({table.rows[0].sqnr_db for table in tables}) == 1
    assert "biases" in tables[1].notes[0]


def test_overrides_of_a_scheme_are_followed() -> None:
    scheme = sim.parse_scheme("int8")
    mixed = type(scheme)(
        "mixed", scheme.weight_format, scheme.activation_format, scheme.kv_format,
        overrides=(("b*", sim.parse_scheme("w4a8")),),
    )  # fmt: skip
    arrays = {"a": GAUSSIAN[:4], "b1": GAUSSIAN[:4]}
    assert [row.format for row in quantization_error(arrays, mixed).rows] == ["int8gc", "int4gc"]


# ---------------------------------------------------------------------- nothing is silent


def test_special_tensors_are_told_in_words() -> None:
    arrays = {
        "zero": np.zeros((2, 3)),
        "constant": np.full((2, 3), 0.3),
        "exact": np.ones((2, 3)),
        "large": np.full(3, 1e6),
    }
    table = quantization_error(arrays, formats=["fp16"])
    notes = {row.layer: row.note for row in table.rows}
    assert "no signal" in notes["zero"]
    assert notes["constant"] == "constant: every value is 0.3"
    assert "exact" in notes["exact"]
    assert "become infinite" in notes["large"]
    assert math.isnan(table.row("zero", "fp16").sqnr_db)
    assert math.isinf(table.row("exact", "fp16").sqnr_db)
    assert math.isnan(table.sqnr_db("fp16"))
    text = json.dumps(table.to_dict(), allow_nan=False)
    assert '"sqnr_db": null' in text
    tiny = quantization_error({"tiny": np.full((2, 3), 1e-9)}, formats="int8gc")
    assert "6 values vanish: their scale is below the smallest of fp16" in tiny.rows[0].note


def test_activations_have_no_scale_per_channel() -> None:
    table = quantization_error({"w": GAUSSIAN[:4]}, formats="int8gc", calibration={"x": GAUSSIAN[:4]})
    assert table.rows[1].measures is None
    assert "activations have a scale per tensor or group" in table.rows[1].note


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({}, {}, "must hold at least one array"),
        ({"a": np.zeros((0, 3))}, {}, "a must have elements"),
        ({"a": np.array([1, np.nan])}, {}, "a must hold finite numbers; 1 of 2"),
        ({"a": np.array(["x"])}, {}, "must hold real numbers"),
        ({"a": np.ones(3)}, {"layers": ["b"]}, "has no layer 'b' with weights"),
        ({"a": np.ones(3)}, {"calibration": {"x": np.array([np.inf])}}, "x must hold finite numbers"),
        ({"a": np.ones(3)}, {"calibration": "absent.npz"}, "there is no file absent.npz"),
        (3, {}, "a model must be a path"),
        ("absent.onnx", {}, "there is no file absent.onnx"),
        (torch.nn.ReLU(), {}, "has no weights stored as floats"),
        (torch.nn.Linear(2, 2, device="meta"), {}, "on the meta device"),
    ],
)
def test_one_sentence_says_what_is_wrong(arrays: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        quantization_error(arrays, "int8", **options)


def test_a_layer_without_weights_and_calibration_of_a_wrong_shape(tmp_path: Path, weights: NDArray[np.float32]) -> None:
    path = onnx_model(tmp_path / "m.onnx", weights)
    with pytest.raises(InputError, match=r"layer relu of m\.onnx has no weights to quantize"):
        tensors_of(path).only(["relu"])
    with pytest.raises(InputError, match=r"the input x must have the shape \(any, 6\); got \(5, 7\)"):
        quantization_error(path, "int8", calibration={"x": np.ones((5, 7))})
    assert len(quantization_error(path, "int8", calibration={"x": np.ones((5, 6))}).rows) == 6


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x93NUMPY\x01\x00"])
@pytest.mark.parametrize("name", ["m.npz", "m.npy"])
def test_a_broken_file_is_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"arrays that numpy\.savez wrote"):
        quantization_error(path, "int8")


def test_nothing_twice_and_something_at_all() -> None:
    with pytest.raises(UsageError, match="int8 is given twice"):
        quantization_error({"a": np.ones(3)}, ["int8", "int8"])
    with pytest.raises(UsageError, match="at least one scheme or format"):
        quantization_error({"a": np.ones(3)}, [])


# ---------------------------------------------------------------------- what a reader sees


def test_table_page_and_plot_show_the_same_numbers() -> None:
    arrays = {"a": GAUSSIAN[:8], "b": UNIFORM.reshape(-1, 128)[:8]}
    table = quantization_error(arrays, ["int8", "w4g128a16"])
    frame = table.to_frame()
    assert frame.attrs["units"]["sqnr_db"] == "dB"
    assert frame.loc[1, "sqnr_db"] == table.row("a", "w4g128a16").sqnr_db
    facts = error_lines(table)
    assert facts.series["int8"] == (table.row("a", "int8").sqnr_db, table.row("b", "int8").sqnr_db)
    assert facts.worst == ("w4g128a16", facts.series["w4g128a16"].index(min(facts.series["w4g128a16"])))
    text = "\n".join(line.text for line in error_page(table))
    assert f"{table.sqnr_db('int8'):.1f} dB" in text
    assert "15 levels, -7..7" in text
    assert f"<td>{table.row('a', 'int8').sqnr_db:.1f}</td>" in table._repr_html_()
    assert "Most is lost at" in error_figure(table).heading + facts.title
    with pytest.raises(UsageError, match="activations need calibration data"):
        table.plot("activations")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "m.npz", w=GAUSSIAN[:4])
    np.savez(tmp_path / "x.npz", x=GAUSSIAN[:2])
    start = ["error", str(tmp_path / "m.npz")]
    assert run([*start, "--calibration", str(tmp_path / "x.npz"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["asked"] for row in rows] == ["fp16", "int8", "w4g128a16"] * 2
    given = ["--formats", "int4,nf4", "--clip", "mse", "--csv", "--plot", str(tmp_path / "e.svg")]
    assert run([*start, *given]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert (tmp_path / "e.svg").exists()
    assert run([*start, "--formats", "int4", "--granularity", "64", "--asymmetric"]) == 0
    assert "16 levels, zero point" in capsys.readouterr().out
    assert run([*start, "--granularity", "channel"]) == 2
    assert run([*start, "--formats", "int4", "--granularity", "-3"]) == 2
    assert run([*start, "--schemes", "itn8"]) == 1
    assert "Traceback" not in capsys.readouterr().err
