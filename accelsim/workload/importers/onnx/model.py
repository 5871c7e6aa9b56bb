"""Which model does an ONNX file hold, and is it one that can be walked?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from accelsim.documents import shown
from accelsim.errors import InputError, UsageError
from accelsim.workload.importers.onnx.skim import skim

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto


def load_onnx() -> Any:
    """Return the module ``onnx``, or raise UsageError with the command that installs it."""
    try:
        import onnx
    except ImportError as error:
        raise UsageError(
            f"reading {'.onnx'} files needs the onnx package, which is not installed ({error}); "
            "run: pip install 'accelsim[onnx]'"
        ) from None
    return onnx


def read_model(path: Path) -> ModelProto:
    """Return the model of a file, without the data of large tensors; nothing outside the file is opened.

    Raises
    ------
    InputError
        The file is truncated, corrupt, or holds no graph, or a tensor claims data outside its folder.
    UsageError
        The package ``onnx`` is not installed.
    """
    onnx = load_onnx()
    content = skim(path)
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model: ModelProto = onnx.ModelProto.FromString(content)
    except DecodeError:
        raise InputError("must be an ONNX model; it is corrupt or something else.", where=str(path)) from None
    if not model.graph.node:
        raise InputError("must hold a graph of operators; it has none. Is it an ONNX model?", where=str(path))
    for tensor in _tensors(model):
        _check_location(path, tensor)
    _check_names(path, model)
    return model


def _check_names(path: Path, model: ModelProto) -> None:
    """Refuse names that are no text: the library hands these out as bytes."""
    graphs = [model.graph]
    bodies: list[Iterable[Any]] = [model.graph.node, *(function.node for function in model.functions)]
    names: list[Any] = [model.graph.name]
    for function in model.functions:
        names += [function.name, function.domain, *function.input, *function.output]
    for graph in graphs:
        values = (*graph.input, *graph.output, *graph.value_info)
        names += [value.name for value in values] + [tensor.name for tensor in graph.initializer]
        names += [dim.dim_param for value in values for dim in value.type.tensor_type.shape.dim]
        names += [sparse.values.name for sparse in graph.sparse_initializer]
    for body in bodies:
        for node in body:
            names += [node.name, node.op_type, node.domain, *node.input, *node.output]
            names += [name for attribute in node.attribute for name in (attribute.name, attribute.ref_attr_name)]
    names += [entry.domain for entry in model.opset_import]
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"names must be text; {shown(bytes(name))} is none. The file is corrupt.", where=str(path))


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Yield every stored tensor, those in attributes and nested graphs included."""
    graphs: list[GraphProto] = [model.graph]
    nodes: list[Iterable[Any]] = [function.node for function in model.functions]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            nodes.append(graph.node)
            continue
        for node in nodes.pop():
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
                graphs += [attribute.g] if attribute.HasField("g") else []
                graphs += attribute.graphs


def _check_location(path: Path, tensor: TensorProto) -> None:
    """Refuse external data outside the model's folder. External data are never opened, wherever they are."""
    for entry in tensor.external_data:
        if entry.key != "location":
            continue
        if not isinstance(entry.value, str):
            raise InputError(
                f"the place of external data must be text; {shown(tensor.name)} has none.", where=str(path)
            )
        posix, windows = PurePosixPath(entry.value), PureWindowsPath(entry.value)
        outside = posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts)
        if outside or not entry.value or "\0" in entry.value:
            raise InputError(
                f"external data must be in the model's own folder; tensor {shown(tensor.name)} names "
                f"{shown(entry.value)}.",
                where=str(path),
            )
