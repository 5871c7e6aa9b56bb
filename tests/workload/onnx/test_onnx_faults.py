"""Do broken and hostile files end in one clear sentence, in bounded memory, with nothing opened beside them?"""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_models import LIGHT, imported, model, node, stored

from accelsim.errors import AccelsimError, InputError, UsageError
from accelsim.workload.catalog import load_workload
from accelsim.workload.importers.onnx.nodes import OPERATORS
from accelsim.workload.importers.onnx.skim import KEPT_BYTES, skim

ALEXNET = (LIGHT / "light_bvlc_alexnet.onnx").read_bytes()
LINEAR = [node("MatMul", ["x", "w"], "y")]


def refused(path: Path) -> InputError:
    """Import a file that must be refused, in one sentence that names it."""
    with pytest.raises(InputError) as error:
        load_workload(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"name: resnet50\nlayers: []\n", "corrupt or no ONNX file"),
        (b"\x08\x03", "has none. Is it an ONNX model?"),
        (ALEXNET[:-1], "needs 1 more bytes than there are"),
        (ALEXNET[:1000], "truncated"),
        (b"\xff" * 40, "is not whole"),
    ],
)
def test_no_model(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    assert message in str(refused(path))


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(InputError):
        load_workload(tmp_path / "model.onnx")


def rich() -> bytes:
    """A model with functions, constants, attributes of every type, external data and nested graphs."""
    body = helper.make_graph([node("Relu", ["x"], "r")], "body", [], [helper.make_tensor_value_info("r", 1, [3, 8])])
    function = helper.make_function(
        "own", "Twice", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 18)]
    )
    outside = stored("w", 8, 4)
    outside.data_location = onnx.TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="weights.bin")
    nodes = [
        node("Twice", ["x"], "t", domain="own"),
        node("Constant", [], "axes", value_ints=[1]),
        node("Unsqueeze", ["t", "axes"], "u"),
        node("Reshape", ["u", "shape"], "v"),
        node("MatMul", ["v", "w"], "m"),
        node("If", ["c"], "i", then_branch=body, else_branch=body),
        node("Conv", ["image", "filter"], "k", kernel_shape=[3, 3], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Einsum", ["m", "m"], "e", equation="ij,kj->ik"),
        node("Resize", ["k", "", "scales"], "z", mode="linear"),
        node("Attention", ["q", "q", "q"], "a", q_num_heads=2, kv_num_heads=2, is_causal=1),
        node("LSTM", ["s", "lw", "lr"], ["y"], "lstm", hidden_size=2),
    ]
    tensors = [
        outside,
        helper.make_tensor("shape", 7, [2], [3, 8]),
        helper.make_tensor("scales", 1, [4], [1, 1, 2, 2]),
        stored("filter", 4, 3, 3, 3),
        stored("lw", 1, 8, 3),
        stored("lr", 1, 8, 2),
    ]
    inputs: dict[str, list[int | str | None]] = {
        "x": [3, 8],
        "c": [],
        "image": ["n", 3, 9, 9],
        "q": [1, 5, 8],
        "s": [4, 1, 3],
    }
    made = model(nodes, inputs, ["e", "i", "z", "a", "y"], tensors, 23, [function], {"c": 9})
    content: bytes = made.SerializeToString()
    return content


RICH = rich()


def test_the_rich_model_is_whole(tmp_path: Path) -> None:
    (tmp_path / "rich.onnx").write_bytes(RICH)
    assert load_workload(tmp_path / "rich.onnx").uncounted == ("If (1 of 11 operators, 9.1%)",)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A model cut off, or with bytes changed, taken out, or repeated elsewhere."""
    content = bytearray(draw(st.sampled_from([RICH, ALEXNET])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["change", "change", "change", "cut", "take", "repeat"])):
            case "change" if content:
                content[at] = draw(st.integers(0, 255))
            case "cut":
                del content[at:]
            case "take":
                del content[at : at + draw(st.integers(1, 30))]
            case _:
                start = draw(st.integers(0, max(0, len(content) - 1)))
                content[at:at] = content[start : start + draw(st.integers(1, 60))]
    return bytes(content)


@given(mutated())
@example(RICH.replace(b"MatMul", b"Mat\xfful"))
@example(RICH.replace(b"weights.bin", b"weigh\xff\xff.bin"))
@settings(max_examples=400, deadline=None)
def test_a_mutated_model_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.onnx"
    path.write_bytes(content)
    try:
        said = load_workload(path).source
    except AccelsimError as error:
        said = str(error)
    assert path.name in said


NUMBERS = st.sampled_from([0, 1, 2, 3, -1, -3, 7, 10**5, 2**31, 2**40, 2**62, -(2**63)])


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_changed_numbers_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Attributes, extents and inputs of a valid model, each of them changed to something else of its type."""
    made = onnx.ModelProto.FromString(RICH)
    graph = made.graph
    names = [tensor.name for tensor in graph.initializer] + [name for each in graph.node for name in each.output]
    for _ in range(data.draw(st.integers(1, 3))):
        changed = data.draw(st.sampled_from(list(graph.node)))
        match data.draw(st.sampled_from(["attribute", "input", "operator", "extent", "stored"])):
            case "attribute" if changed.attribute:
                attribute = data.draw(st.sampled_from(list(changed.attribute)))
                attribute.i = data.draw(NUMBERS)
                attribute.ints[:] = [data.draw(NUMBERS) for _ in attribute.ints]
            case "input" if changed.input:
                changed.input[data.draw(st.integers(0, len(changed.input) - 1))] = data.draw(st.sampled_from(names))
            case "operator":
                changed.op_type = data.draw(st.sampled_from(sorted(OPERATORS)))
            case "extent":
                value = data.draw(st.sampled_from([each for each in graph.input if each.name != "c"]))
                data.draw(st.sampled_from(list(value.type.tensor_type.shape.dim))).dim_value = data.draw(NUMBERS)
            case _:
                tensor = data.draw(st.sampled_from(list(graph.initializer)))
                tensor.dims[0] = data.draw(NUMBERS)
                tensor.int64_data[:] = [data.draw(NUMBERS) for _ in tensor.int64_data]
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    path.write_bytes(made.SerializeToString())
    try:
        said = load_workload(path).source
    except AccelsimError as error:
        said = str(error)
    assert path.name in said


@pytest.mark.parametrize(
    "place",
    ["/etc/passwd", "../weights.bin", "a/../../weights.bin", "C:\\weights.bin", "..\\weights.bin", "\\\\host\\w", ""],
)
@pytest.mark.parametrize("nested", [False, True])
def test_external_data_stay_in_the_folder(tmp_path: Path, place: str, nested: bool) -> None:
    tensor = stored("w", 8, 4)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    nodes = [node("Constant", [], "w", value=tensor), *LINEAR] if nested else LINEAR
    with pytest.raises(InputError, match="must be in the model's own folder; tensor 'w'"):
        imported(tmp_path, nodes, {"x": [3, 8]}, ["y"], [] if nested else [tensor])


def test_external_data_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither weights nor the values of shapes: what they would say is not known."""
    weights, shape = stored("w", 8, 4), onnx.TensorProto(name="shape", dims=[2], data_type=7)
    for tensor in (weights, shape):
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights.bin")
    (tmp_path / "weights.bin").write_bytes(bytes(144))
    opened: list[str] = []
    for module, name in ((builtins, "open"), (os, "open")):
        own = getattr(module, name)

        def noting(path: Any, *arguments: Any, own: Any = own, **options: Any) -> Any:
            opened.append(str(path))
            return own(path, *arguments, **options)

        monkeypatch.setattr(module, name, noting)
    network = imported(
        tmp_path, [*LINEAR, node("Reshape", ["y", "shape"], "z")], {"x": [3, 8]}, ["z"], [weights, shape]
    )
    assert network.macs == 96
    assert network.uncounted == ("Reshape of unknown shape (1 of 2 operators, 50.0%)",)
    assert not any("weights.bin" in each for each in opened)


def test_large_tensors_stay_on_disk(tmp_path: Path) -> None:
    """8 GiB of weights inside the file, as a hole in it: their shape is read, in little memory.

    A process's own peak is asked of Linux; what `resource` tells includes the parent's.
    """
    content = model(LINEAR, {"x": [3, 2**15]}, ["y"], opset=18).graph
    path = tmp_path / "large.onnx"
    size = 2**33
    tensor = onnx.TensorProto(name="w", dims=[2**15, 2**16], data_type=1).SerializeToString()
    data = b"\x4a" + varint(size)
    inside = tensor + data
    weights = b"\x2a" + varint(len(inside) + size) + inside
    head = content.SerializeToString()
    start = b"\x08\x08\x42\x02\x10\x12\x3a" + varint(len(head) + len(weights) + size) + head + weights
    with path.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + size)
    assert len(skim(path)) < 2 * KEPT_BYTES
    code = (
        "import sys; from accelsim.workload.catalog import load_workload; import onnx\n"
        "def held(what):\n"
        "    return int(open('/proc/self/status').read().partition(what + ':')[2].split()[0]) * 1024\n"
        "before = held('VmRSS')\n"
        "print(load_workload(sys.argv[1]).parameters, held('VmHWM') - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    parameters, grown = map(int, done.stdout.split())
    assert parameters == 2**31
    assert 0 < grown < 100e6


def varint(value: int) -> bytes:
    made = b""
    while value > 127:
        made, value = made + bytes([value & 127 | 128]), value >> 7
    return made + bytes([value])


def test_functions_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    """Each calls the one below it twice: 2^40 operators from forty lines. And one calls itself."""
    opset = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]

    def function(name: str, inner: str) -> Any:
        calls = [helper.make_node(inner, [before], [after], domain="own" if inner != "Relu" else "")
                 for before, after in (("a", "m"), ("m", "b"))]  # fmt: skip
        return helper.make_function("own", name, ["a"], ["b"], calls, opset)

    tower = [function(f"F{n}", f"F{n - 1}" if n else "Relu") for n in range(25)]
    for functions, top, message in ((tower, "F24", "at most 100000 operators"), ([function("F", "F")], "F", "nested")):
        with pytest.raises(InputError, match=message):
            imported(
                tmp_path, [node(top, ["x"], "y", domain="own")], {"x": [3, 8]}, ["y"], functions=functions
            )  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("MatMul", ["x", "gone"], "y")], "nothing makes 'gone'"),
        ([node("MatMul", ["x", "x"], "y", "product")], "must agree in the extent that a matmul sums over"),
        ([node("Conv", ["x", "w"], "y")], "a convolution must have a batch, channels"),
        ([node("Transpose", ["x"], "y", perm=[0, 0])], "an order of axes must name each of 2 once"),
        ([node("MatMul", ["x"], "y")], "input 2 is missing"),
        ([node("Concat", ["x"], "y", axis="one")], "attribute 'axis' must be of another type"),
        ([node("Einsum", ["x", "w"], "y", equation="ij,jk,kl->il")], "an einsum must name the axes"),
        ([node("Reshape", ["x", "w8"], "y")], "must be whole numbers"),
    ],
)
def test_operators_that_do_not_fit_their_inputs(tmp_path: Path, nodes: list[Any], message: str) -> None:
    numbers = helper.make_tensor("w8", 1, [1], [8.0])
    with pytest.raises(InputError) as error:
        imported(tmp_path, nodes, {"x": [3, 8]}, ["y"], [stored("w", 8, 4), numbers])
    assert message in str(error.value)
    assert f"({nodes[0].op_type})" in str(error.value)


@pytest.mark.parametrize(
    ("shape", "message"), [([2**40, 2**40], "at most 2\\*\\*58"), ([2**29, 2**29, 8], "at most 2\\*\\*58")]
)
def test_tensors_beyond_counting_are_refused(tmp_path: Path, shape: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        imported(tmp_path, [node("Relu", ["x"], "y")], {"x": shape}, ["y"])


def test_a_constant_is_never_larger_than_it_may_be(tmp_path: Path) -> None:
    """A shape may ask for any number of elements; only its shape is kept."""
    nodes = [node("ConstantOfShape", ["shape"], "c"), node("Add", ["x", "c"], "y")]
    tensors = [helper.make_tensor("shape", 7, [2], [10**7, 10**7])]
    network = imported(tmp_path, nodes, {"x": [1, 1]}, ["y"], tensors)
    assert network["y"].output_elements == 10**14


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    path = tmp_path / "model.onnx"
    path.write_bytes(ALEXNET)
    with pytest.raises(UsageError, match=r"pip install 'accelsim\[onnx\]'"):
        load_workload(path)


def test_graphs_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    """Ever longer joins, each read by a layer: a file of some megabytes would name a billion producers."""
    nodes, joined = [], "x"
    for number in range(6000):
        nodes.append(node("Relu", ["x"], f"r{number}"))
        nodes.append(node("Concat", [joined, f"r{number}"], f"c{number}", axis=0))
        joined = f"c{number}"
    with pytest.raises(InputError, match="at most 10000000 results of others"):
        imported(tmp_path, nodes, {"x": [1, 8]}, [joined])


def test_shape_inference_does_not_write_functions_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown operator asks onnx for shapes; onnx walks functions at every call, 2^n times in a tower of n."""
    infer, given = onnx.shape_inference.infer_shapes, []

    def noting(asked: onnx.ModelProto, **options: Any) -> onnx.ModelProto:
        given.append(len(asked.functions))
        return infer(asked, **options)

    monkeypatch.setattr(onnx.shape_inference, "infer_shapes", noting)
    opset = [helper.make_opsetid("", 18)]
    function = helper.make_function("own", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], opset)
    nodes = [node("MyOwn", ["x"], "u", domain="some.where"), node("F", ["x"], "y", domain="own")]
    imported(tmp_path, nodes, {"x": [3, 8]}, ["y"], functions=[function])
    assert given == [0]
