"""A small network with a shortcut, in torch and as an ONNX file, for tests that run networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


class Net(torch.nn.Module):
    """Convolutions with a shortcut around two of them, and two linear layers that share nothing."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.one = torch.nn.Conv2d(4, 4, 3, padding=1)
        self.two = torch.nn.Conv2d(4, 4, 3, padding=1)
        self.wide = torch.nn.Linear(144, 12)
        self.head = torch.nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x).relu()
        x = (x + self.two(self.one(x).relu())).relu()
        logits: torch.Tensor = self.head(self.wide(x.flatten(1)).relu())
        return logits


def saved(path: Path, nodes: list[Any], stored: dict[str, NDArray[Any]], inputs: dict[str, Any], out: str) -> Path:
    kinds = {name: TensorProto.INT64 if "ids" in name else TensorProto.FLOAT for name in inputs}
    values = [helper.make_tensor_value_info(name, kinds[name], shape) for name, shape in inputs.items()]
    made = [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)]
    tensors = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    graph = helper.make_graph(nodes, "net", values, made, tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def as_onnx(net: Net, path: Path, batch: int | str = "n") -> Path:
    def conv(read: str, name: str) -> Any:
        return helper.make_node("Conv", [read, f"{name}.weight", f"{name}.bias"], [f"{name}_"], name, pads=[1] * 4)

    def linear(read: str, name: str) -> Any:
        return helper.make_node("Gemm", [read, f"{name}.weight", f"{name}.bias"], [f"{name}_"], name, transB=1)

    def relu(name: str) -> Any:
        return helper.make_node("Relu", [f"{name}_"], [name])

    nodes = [
        conv("x", "stem"), relu("stem"), conv("stem", "one"), relu("one"), conv("one", "two"),
        helper.make_node("Add", ["stem", "two_"], ["sum_"], "add"), relu("sum"),
        helper.make_node("Flatten", ["sum"], ["flat"]), linear("flat", "wide"), relu("wide"), linear("wide", "head"),
    ]  # fmt: skip
    stored = {name: value.detach().numpy() for name, value in net.named_parameters()}
    return saved(path, nodes, stored, {"x": [batch, 1, 6, 6]}, "head_")
