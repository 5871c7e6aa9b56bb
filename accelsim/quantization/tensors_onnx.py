"""Which weights does an ONNX model hold: which initializers do its operators multiply by?"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.tensors import Tensors, TensorSource
from accelsim.workload.importers.onnx.model import load_onnx, read_model

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

_PLACES = {
    "Conv": 1, "ConvTranspose": 1, "Gemm": 1, "MatMul": 1, "Gather": 0, "LSTM": 1, "GRU": 1, "RNN": 1,
}  # fmt: skip
"""Input that holds the weights, by operator; recurrent ones have those of their state behind it."""
_RECURRENT = ("LSTM", "GRU", "RNN")
_SAME = ("Identity", "Cast", "DequantizeLinear")
"""Operators between a stored tensor and its reader that keep its axes."""

View = tuple[str, tuple[int, ...]]


def onnx_tensors(path: Path) -> Tensors:
    """Return the float initializers that operators multiply by, named by their operators.

    Channels are the outputs: of Conv axis 0, of ConvTranspose axis 1, of Gemm and MatMul what is not
    reduced, of an embedding its rows.

    Raises
    ------
    InputError
        The file is no whole ONNX model, or weights are missing, empty or outside its folder.
    UsageError
        The package ``onnx`` is not installed.
    """
    read_model(path)
    onnx = load_onnx()
    model: ModelProto = onnx.load(str(path), load_external_data=False)
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer} | _constants(graph.node)
    views = _views(graph.node, stored)
    sources, weightless, kinds, seen = [], [], Counter[str](), set()
    for node in graph.node:
        named = [(*views[name], axis) for name, axis in _weights(node, views)]
        found = [(name, order[axis]) for name, order, axis in named if len(order) >= 2]
        floats = [(name, axis) for name, axis in found if _is_float(onnx, stored[name])]
        kinds.update(_kind(onnx, stored[name]) for name, _ in found if not _is_float(onnx, stored[name]))
        layer = node.name or next((name for name in node.output if name), node.op_type)
        if not floats:
            weightless.append(layer)
        for name, axis in floats:
            if name not in seen:
                seen.add(name)
                read = _reader(path, stored[name])
                sources.append(TensorSource(layer, name, "weights", tuple(stored[name].dims), axis, read))
    counted = ", ".join(f"{count} as {kind}" for kind, count in kinds.items())
    notes = (f"Weights that are not stored as floats are left out: {counted}.",) if counted else ()
    return Tensors(path.name, tuple(sources), tuple(weightless), notes)


def onnx_inputs(path: Path) -> dict[str, tuple[int | None, ...]]:
    """Return the shape of each input of a model, None for a free axis; inputs of unknown shape are left out."""
    graph = read_model(path).graph
    held = {tensor.name for tensor in graph.initializer}
    found: dict[str, tuple[int | None, ...]] = {}
    for value in graph.input:
        if value.name not in held and value.type.tensor_type.HasField("shape"):
            dims = value.type.tensor_type.shape.dim
            found[value.name] = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)
    return found


def _constants(nodes: Any) -> dict[str, TensorProto]:
    return {
        node.output[0]: attribute.t
        for node in nodes if node.op_type == "Constant" and node.output
        for attribute in node.attribute if attribute.name == "value" and attribute.HasField("t")
    }  # fmt: skip


def _views(nodes: Any, stored: dict[str, TensorProto]) -> dict[str, View]:
    """Return every name that stands for a stored tensor, with the tensor's name and the order of its axes."""
    found: dict[str, View] = {name: (name, tuple(range(len(tensor.dims)))) for name, tensor in stored.items()}
    for node in nodes:
        if node.op_type not in (*_SAME, "Transpose") or not node.input or node.input[0] not in found:
            continue
        name, order = found[node.input[0]]
        given = next((tuple(one.ints) for one in node.attribute if one.name == "perm"), None)
        turn = (given or tuple(reversed(range(len(order))))) if node.op_type == "Transpose" else range(len(order))
        if sorted(turn) == list(range(len(order))):
            found[node.output[0]] = name, tuple(order[axis] for axis in turn)
    return found


def _weights(node: NodeProto, views: dict[str, View]) -> list[tuple[str, int]]:
    """Return the names of the stored tensors that a node multiplies by, and the axis of their output channels."""
    place = _PLACES.get(node.op_type)
    if place is None:
        return []
    if node.op_type == "MatMul":
        names = [name for name in node.input if name in views and len(views[name][1]) >= 2]
        return [(name, len(views[name][1]) - (1 if name == node.input[1] else 2)) for name in names]
    places = (place, place + 1) if node.op_type in _RECURRENT else (place,)
    names = [node.input[one] for one in places if one < len(node.input) and node.input[one] in views]
    return [(name, _axis(node)) for name in names if _axis(node) < len(views[name][1])]


def _axis(node: NodeProto) -> int:
    if node.op_type == "Gemm":
        return 0 if any(one.name == "transB" and one.i for one in node.attribute) else 1
    return 1 if node.op_type in ("ConvTranspose", *_RECURRENT) else 0


def _is_float(onnx: Any, tensor: TensorProto) -> bool:
    kinds = onnx.TensorProto
    return tensor.data_type in (kinds.FLOAT, kinds.DOUBLE, kinds.FLOAT16, kinds.BFLOAT16)


def _kind(onnx: Any, tensor: TensorProto) -> str:
    return str(onnx.TensorProto.DataType.Name(tensor.data_type)).lower()


def _reader(path: Path, tensor: TensorProto) -> Any:
    def read() -> NDArray[Any]:
        values = _external(path, tensor) if tensor.data_location == 1 else _inside(path, tensor)
        return values.astype(np.float32) if values.dtype.name == "bfloat16" else values

    return read


def _inside(path: Path, tensor: TensorProto) -> NDArray[Any]:
    from onnx import numpy_helper

    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError) as error:
        raise InputError(f"{tensor.name} must hold {list(tensor.dims)} numbers; {error}.", where=str(path)) from None


def _external(path: Path, tensor: TensorProto) -> NDArray[Any]:
    """Return a tensor mapped from the file beside the model that holds it."""
    from onnx.helper import tensor_dtype_to_np_dtype

    entry = {one.key: one.value for one in tensor.external_data}
    file = path.parent / entry.get("location", "")
    if not file.is_file() or file.resolve().parent != path.parent.resolve():
        raise InputError(
            f"{tensor.name} has its values in {entry.get('location')}, which is not a file beside the model.",
            where=str(path),
        )
    half = tensor.data_type == 16
    kind = np.dtype("<u2") if half else np.dtype(tensor_dtype_to_np_dtype(tensor.data_type))
    offset = int(entry.get("offset") or 0)
    needed = offset + math.prod(tensor.dims) * kind.itemsize
    if file.stat().st_size < needed:
        raise InputError(
            f"the file is truncated: {tensor.name} ends at byte {needed} of {file.stat().st_size}. Fetch it again.",
            where=str(file),
        )
    stored = np.memmap(file, dtype=kind, mode="r", offset=offset, shape=tuple(tensor.dims))
    return (stored.astype(np.uint32) << 16).view(np.float32) if half else stored
