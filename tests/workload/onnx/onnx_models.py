"""Small ONNX models that tests write and import."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

Dim = int | str | None
DATA = Path(__file__).parents[1] / "data"
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str] | str, name: str = "", **attributes: Any) -> Any:
    """Return a node; ``outputs`` may be one name, which then names the node too."""
    made = [outputs] if isinstance(outputs, str) else list(outputs)
    return helper.make_node(operator, list(inputs), made, name or made[0], **attributes)


def stored(name: str, *shape: int, kind: int = TensorProto.FLOAT) -> onnx.TensorProto:
    """Return a stored tensor that has a shape and no data, as `skim` leaves large ones."""
    return onnx.TensorProto(name=name, dims=shape, data_type=kind)


def whole(name: str, *values: int) -> onnx.TensorProto:
    """Return a stored list of whole numbers."""
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], list(values))


def scalar(name: str, value: float) -> onnx.TensorProto:
    """Return a stored number."""
    return helper.make_tensor(name, TensorProto.FLOAT, [], [value])


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sequence[Dim]],
    outputs: Sequence[str],
    tensors: Sequence[onnx.TensorProto] = (),
    opset: int = 18,
    functions: Sequence[Any] = (),
    kinds: Mapping[str, int] | None = None,
) -> onnx.ModelProto:
    """Return a model; inputs are floats unless ``kinds`` says otherwise."""
    kinds = kinds or {}
    given = [helper.make_tensor_value_info(name, kinds.get(name, 1), shape) for name, shape in inputs.items()]
    made = [onnx.ValueInfoProto(name=name) for name in outputs]
    graph = helper.make_graph(list(nodes), "graph", given, made, list(tensors))
    domains = {"": opset, "com.microsoft": 1} | {function.domain: 1 for function in functions}
    opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions))


def imported(folder: Path, *arguments: Any, batch: int | None = None, **fields: Any) -> Network:
    """Return the network of `model`, written to a file and read back; ``dims`` are extents of axes."""
    dims = fields.pop("dims", {})
    path = folder / "model.onnx"
    path.write_bytes(model(*arguments, **fields).SerializeToString())
    return load_workload(path, batch, **dims)


def light_rows(name: str) -> list[dict[str, str]]:
    """Return the published rows of one light graph."""
    lines = (DATA / "onnx_light_layers.csv").read_text().splitlines()
    return [row for row in csv.DictReader(line for line in lines if line[0] != "#") if row["model"] == name]
