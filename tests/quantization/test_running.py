"""Does a network that is run make the same everywhere, and does only what was changed change?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

import accelsim as sim
from accelsim.errors import InputError, UsageError
from accelsim.quantization.running.network import Change, runner_of
from accelsim.quantization.sensitivity.divergence import sqnr_db
from accelsim.quantization.sensitivity.measure import sensitivity
from tests.quantization.small_network import Net, as_onnx, saved

IMAGES = np.random.default_rng(0).standard_normal((8, 1, 6, 6)).astype(np.float32)
SCHEMES = ("w8a8", "w4a8", 3, "fp32", "fp16")
COLUMNS = ("weight_sqnr_db", "output_sqnr_db", "kl_nats", "after_sqnr_db")


def test_onnxruntime_the_reference_evaluator_and_torch_agree(tmp_path: Path) -> None:
    """One network, four ways: the same layers in the same order, the same decibels and divergences."""
    net = Net()
    free, fixed = as_onnx(net, tmp_path / "free.onnx"), as_onnx(net, tmp_path / "fixed.onnx", batch=2)
    base = sensitivity(net, SCHEMES, IMAGES)
    assert base.layers == ("stem", "one", "two", "wide", "head")
    assert base.layers == tuple(one.name for one in sim.load_workload(free, batch=1).layers if one.weight_elements)
    for model, engine in ((free, "onnxruntime"), (free, "reference"), (fixed, "onnxruntime")):
        found = sensitivity(model, SCHEMES, IMAGES, engine=engine)
        assert engine.removesuffix("runtime") in found.engine
        for mine, theirs in zip(found.rows, base.rows, strict=True):
            assert (mine.layer, mine.asked, mine.note) == (theirs.layer, theirs.asked, theirs.note)
            for name in ("weight_sqnr_db", "after_sqnr_db"):
                assert getattr(mine, name) == pytest.approx(getattr(theirs, name), abs=0.02)
            assert mine.alone.sqnr_db == pytest.approx(theirs.alone.sqnr_db, abs=0.02)
            assert mine.alone.kl_nats == pytest.approx(theirs.alone.kl_nats, rel=5e-3, abs=1e-12)


def test_what_is_measured_is_what_happens_when_it_is_written_out() -> None:
    """The oracle: the same network in plain numpy, each layer's reads and weights quantized by hand."""
    net = torch.nn.Sequential(torch.nn.Linear(6, 9), torch.nn.ReLU(), torch.nn.Linear(9, 7), torch.nn.ReLU(),
                              torch.nn.Linear(7, 4))  # fmt: skip
    matrices = [part.weight.detach().numpy() for part in net if isinstance(part, torch.nn.Linear)]
    shifts = [part.bias.detach().numpy() for part in net if isinstance(part, torch.nn.Linear)]
    data = np.random.default_rng(1).standard_normal((20, 6)).astype(np.float32)

    def run(low: set[int]) -> list[NDArray[Any]]:
        made, x = [], data
        for place, (matrix, shift) in enumerate(zip(matrices, shifts, strict=True)):
            if place in low:
                matrix = sim.quantize(matrix, "int4", granularity="channel").values
                x = np.asarray(sim.quantize(x, "int8").values)
            made.append(x @ matrix.T + shift)
            x = np.maximum(made[-1], 0)
        return made

    found, own = sensitivity(net, "w4a8", data), run(set())
    p = np.exp(own[-1]) / np.exp(own[-1]).sum(axis=1, keepdims=True)
    for place, (row, after) in enumerate(zip(found.rows, run({0, 1, 2}), strict=True)):
        alone = run({place})[-1]
        q = np.exp(alone) / np.exp(alone).sum(axis=1, keepdims=True)
        assert row.alone.sqnr_db == pytest.approx(sqnr_db(own[-1], alone), abs=1e-3)
        assert row.alone.kl_nats == pytest.approx((p * np.log(p / q)).sum(axis=1).mean(), rel=1e-2)
        assert row.alone.changed_share == (own[-1].argmax(1) != alone.argmax(1)).mean()
        assert row.after_sqnr_db == pytest.approx(sqnr_db(own[place], after), abs=1e-3)


def test_weights_that_two_operators_share_change_for_both(tmp_path: Path) -> None:
    """Tied weights are stored once; a transposed view of them is another reader, not another tensor."""
    random = np.random.default_rng(2)
    stored = {"table": random.standard_normal((10, 6)), "mix": random.standard_normal((10, 10))}
    stored = {name: values.astype(np.float32) for name, values in stored.items()}
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["e"], "embed"),
        helper.make_node("Transpose", ["table"], ["turned"], "turn", perm=[1, 0]),
        helper.make_node("MatMul", ["e", "turned"], ["h"], "head"),
        helper.make_node("MatMul", ["x", "turned"], ["z"], "other"),
        helper.make_node("MatMul", ["z", "mix"], ["u"], "mixed"),
        helper.make_node("Add", ["h", "u"], ["y"], "sum"),
    ]
    path = saved(tmp_path / "tied.onnx", nodes, stored, {"ids": ["n", 3], "x": ["n", 3, 6]}, "y")
    ids = {"ids": np.arange(12).reshape(4, 3) % 10, "x": random.standard_normal((4, 3, 6))}
    runner = runner_of(path, ids)
    assert [(layer.name, layer.reads) for layer in runner.layers] == [("embed", False), ("mixed", True)]
    changed = runner.alone("embed", Change({"table": 2 * stored["table"]}))
    own = runner.reference()
    assert changed == pytest.approx(4 * (own.output - own.after["mixed"]) + 2 * own.after["mixed"], rel=1e-4, abs=1e-4)
    found = sensitivity(path, "w8a8", ids)
    assert "reads no floats" in found.rows[0].note


def test_operators_without_weights_are_changed_where_nobody_else_reads(tmp_path: Path) -> None:
    """The sum reads what the stem made, which a convolution reads too and first, and what the second one made."""
    net = Net()
    path = as_onnx(net, tmp_path / "n.onnx")
    found = sensitivity(path, ["w8a8", "w4a4", 8], IMAGES, others=True)
    assert found.layers == ("stem", "one", "two", "wide", "head")
    assert found.others == ("add",)
    x = torch.from_numpy(IMAGES)
    stem = net.stem(x).relu()
    low = sim.quantize(net.two(net.one(stem).relu()).detach().numpy(), "int4").values
    sums = (stem + torch.from_numpy(low)).relu().flatten(1)
    logits, own = net.head(net.wide(sums).relu()), net(x)
    row = found.row("add", "w4a4")
    assert row.alone.sqnr_db == pytest.approx(sqnr_db(own.detach().numpy(), logits.detach().numpy()), abs=1e-3)
    assert (row.depth, row.weight_format, row.activation_format, row.note) == (0, "", "int4", "")
    assert found.row("add", "w8a32").alone.noise == 0
    alone = sensitivity(path, ["w8a8", "w4a4", 8], IMAGES)
    assert found.row("two", "w4a4").alone == alone.row("two", "w4a4").alone
    assert found.together["w4a4"].sqnr_db < alone.together["w4a4"].sqnr_db
    assert found.depth_correlation("w4a4") == alone.depth_correlation("w4a4")
    assert found.errors().rows["add"]["w4a4"] == row.alone.kl_nats
    assert "add" not in found.errors("weights").rows


def test_the_module_is_left_as_it_was() -> None:
    net = Net().train()
    net.one.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    sensitivity(net, 2, IMAGES)
    with pytest.raises(InputError, match=r"must have the shapes and types that Net takes; on \(8, 6\) torch says"):
        sensitivity(net, 2, IMAGES[:, 0, 0])
    assert net.training
    assert not net.one.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())


def test_layers_of_attention_and_recurrence_are_those_of_the_workload() -> None:
    encoder = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    data = np.random.default_rng(3).standard_normal((3, 4, 8)).astype(np.float32)
    found = sensitivity(encoder, "w4a8", data)
    network = sim.from_torch(encoder, torch.empty(3, 4, 8))
    assert found.layers == tuple(layer.name for layer in network.layers if layer.weight_elements)
    assert "never called itself" in found.row("self_attn.out_proj", "w4a8").note
    assert np.isfinite([row.alone.sqnr_db for row in found.rows]).all()
    recurrent = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.LSTM(4, 4))
    ids = np.random.default_rng(4).integers(0, 9, (5, 3))
    rows = sensitivity(recurrent, "w4a8", ids).rows
    assert [row.layer for row in rows] == ["0", "1"]
    assert all(1 < row.alone.sqnr_db < 60 for row in rows)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "data must be given to run a network on"),
        (IMAGES[:0], "must have samples along the first axis"),
        (np.full((4, 1, 6, 6), 7.0), "every value of argument 1 is 7"),
        (np.where(IMAGES > 2, np.nan, IMAGES), r"data of argument 1 must hold finite numbers; \d+ of 288 are NaN"),
        (IMAGES[:, :, :5], r"must have the shape \(samples, 1, 6, 6\); got \(8, 1, 5, 6\)"),
        (IMAGES.astype("U8"), "data must be real numbers"),
        ({"y": IMAGES}, "the network has no input 'y'; it has x"),
        ({"x": IMAGES, "z": IMAGES}, "the network has no input 'z'"),
        ([IMAGES, IMAGES], "data must be arrays for x, as the network's inputs; got 2"),
        ({}, "at least one array"),
        (Path("nowhere.npz"), "there is no file nowhere.npz"),
        (Path(), "'.' is a folder"),
    ],
)
def test_data_that_do_not_fit_are_refused(data: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        runner_of(as_onnx(Net(), tmp_path / "n.onnx"), data)


def test_models_outputs_and_engines_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = as_onnx(Net(), tmp_path / "n.onnx")
    with pytest.raises(InputError, match="no output 'hea_'; did you mean head_"):
        runner_of(path, IMAGES, output="hea_")
    with pytest.raises(InputError, match=r"layer add of n.onnx has no weights to quantize"):
        runner_of(path, IMAGES, layers=["add"])
    with pytest.raises(UsageError, match="did you mean onnxruntime"):
        runner_of(path, IMAGES, engine="onnx-runtime")
    with pytest.raises(InputError, match=r"must be an ONNX file or a torch\.nn\.Module; resnet18 is none"):
        runner_of("resnet18", IMAGES)
    with pytest.raises(InputError, match=r"a multiple of 3, 1, 6, 6\); got \(8, 1, 6, 6\)"):
        runner_of(as_onnx(Net(), tmp_path / "three.onnx", batch=3), IMAGES)
    with pytest.raises(InputError, match="has no weights stored as floats"):
        runner_of(torch.nn.ReLU(), IMAGES)


def test_layers_that_the_answer_does_not_depend_on_are_named(tmp_path: Path) -> None:
    """Another head gives no change, an operator that nobody reads no number: neither is a zero without a word."""
    stored = {name: np.random.default_rng(6).standard_normal((6, 3)).astype(np.float32) for name in "abc"}
    nodes = [helper.make_node("MatMul", ["x", name], [f"y{name}"], name) for name in "abc"]
    path = saved(tmp_path / "heads.onnx", nodes, stored, {"x": ["n", 6]}, "ya")
    model = onnx.load(path)
    model.graph.output.append(helper.make_tensor_value_info("yb", TensorProto.FLOAT, None))
    onnx.save(model, str(path))
    found = sensitivity(path, "w4a8", np.random.default_rng(7).standard_normal((5, 6)))
    assert found.layers == ("a", "b")
    low = sim.quantize(stored["a"], "int4", granularity="channel", axis=1).values
    assert found.row("a", "w4a8").weight_sqnr_db == pytest.approx(sqnr_db(stored["a"], low))
    assert found.notes[0] == "Nothing reads what c makes: left out."
    assert "does not depend on this layer" in found.row("b", "w4a8").note
    assert "depend" not in found.row("a", "w4a8").note
    assert sensitivity(path, "w4a8", IMAGES[:, 0, 0], output="yb").row("b", "w4a8").note == ""


def test_without_onnxruntime_the_reference_evaluator_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_onnx(Net(), tmp_path / "n.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert runner_of(path, IMAGES).engine.startswith("onnx reference evaluator")
    with pytest.raises(UsageError, match=r"run: pip install 'accelsim\[run\]'"):
        runner_of(path, IMAGES, engine="onnxruntime")


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
def test_a_graph_of_half_floats_makes_the_same_however_it_is_cut(engine: str, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    stored = {name: random.standard_normal(shape).astype(np.float16) for name, shape in (("a", (6, 8)), ("b", (8, 3)))}
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], "half", to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["h", "a"], ["p"], "first"), helper.make_node("Relu", ["p"], ["q"], "relu"),
        helper.make_node("MatMul", ["q", "b"], ["r"], "second"),
        helper.make_node("Cast", ["r"], ["y"], "full", to=TensorProto.FLOAT),
    ]  # fmt: skip
    path = saved(tmp_path / "half.onnx", nodes, stored, {"x": ["n", 6]}, "y")
    found = sensitivity(path, ["fp16", "w8a8"], random.standard_normal((9, 6)), engine=engine)
    for row in found.rows:
        assert (row.alone.sqnr_db == np.inf) == (row.asked == "fp16")
    assert found.together["fp16"].sqnr_db == np.inf
