"""What must be known of an ONNX model to run it: all of its data, types, names of operators, its output?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.importers.onnx.model import load_onnx, read_model


def label_of(node: Any) -> str:
    """Return an operator's name as the importer of workloads has it."""
    return node.name or next((name for name in node.output if name), "") or str(node.op_type)


def types_of(model: Any) -> dict[str, Any]:
    """Return the types of stored tensors by name."""
    of = load_onnx().helper.tensor_dtype_to_np_dtype
    constants = {
        node.output[0]: attribute.t
        for node in model.graph.node if node.op_type == "Constant"
        for attribute in node.attribute if attribute.name == "value"
    }  # fmt: skip
    stored = {tensor.name: tensor for tensor in model.graph.initializer} | constants
    return {name: of(tensor.data_type) for name, tensor in stored.items()}


def whole_model(path: Path) -> Any:
    """Return a model with all its data, those beside its file included."""
    read_model(path)
    onnx = load_onnx()
    try:
        return onnx.load(str(path))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise InputError(f"must be an ONNX model with all its data; {reason[:200].rstrip('.')}.",
                         where=str(path)) from None  # fmt: skip


def hidden(model: Any) -> tuple[str, ...]:
    """Return a sentence on layers that stand where they cannot be changed alone."""
    inside = sum(len(function.node) for function in model.functions)
    inner = sum(
        len(graph.node)
        for node in model.graph.node for attribute in node.attribute
        for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs)
    )  # fmt: skip
    if not inside + inner:
        return ()
    return (f"{inside + inner} operators in functions and inner graphs are run as they are and not looked at.",)


def output_of(model: Any, name: str | None) -> str:
    """Return the output that is looked at: the one named, else the first of floats."""
    names = [value.name for value in model.graph.output]
    if name is not None:
        if name not in names:
            hint = did_you_mean(name, names) or f"; it has {', '.join(names)}."
            raise InputError(f"the network has no output {name!r}{hint}")
        return name
    floats = [value.name for value in model.graph.output if value.type.tensor_type.elem_type in (0, 1, 10, 11, 16)]
    return str((floats or names)[0])
