"""Which operators without weights read activations that no layer with weights reads, and so nobody would measure?

The operands of a residual addition, of a product inside an attention, of a pooling at the end: stored like any other
activation, and rounded like them. Each is looked at where it is first read. Operators count if they are layers of
the workload of the same file; those that are folded into another layer, or are pieces of one, do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.quantization.running.onnx_graph import PartialGraph
from accelsim.quantization.running.onnx_model import label_of
from accelsim.workload.catalog import load_workload

if TYPE_CHECKING:
    from onnx import NodeProto

KINDS = {
    "elementwise": ("Add", "Sub", "Mul", "Div", "Max", "Min", "Concat", "Sum", "PRelu", "Relu", "Sigmoid", "Tanh",
                    "Gelu", "HardSwish", "HardSigmoid", "LeakyRelu", "Clip", "Elu", "Softplus", "Erf"),
    "pool": ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax", "ReduceSum"),
    "matmul": ("MatMul", "Gemm", "Einsum"),
    "softmax": ("Softmax", "LogSoftmax"),
    "norm": ("LayerNormalization", "BatchNormalization", "InstanceNormalization", "GroupNormalization"),
}  # fmt: skip
"""Operators that are a layer by themselves, by the kind of the layer."""
VIEWS = ("Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Cast")


def others_of(
    path: Path, graph: PartialGraph, taken: Mapping[str, int], inputs: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, int], dict[str, list[str]], str]:
    """Return operators without weights by name, what each is the first to read, and a sentence if there is a problem.

    Parameters
    ----------
    path : Path
        Of the model.
    graph : PartialGraph
    taken : dict of str to int
        The operators with weights, by name.
    inputs : dict of str to ndarray
        Of the network, for the extents of its free axes.
    """
    try:
        kinds = {
            layer.name: layer.kind
            for layer in load_workload(path, batch=_batch(inputs), **_extents(graph, inputs)).layers
            if not layer.weight_elements
        }  # fmt: skip
    except AccelsimError as error:
        return {}, {}, f"Operators without weights are left in float: {error.message}"
    stored, roots = graph.stored(), _roots(graph)
    counted = {roots.get(name, name) for place in taken.values() for name in graph.nodes[place].input}
    places: dict[str, int] = {}
    reads: dict[str, list[str]] = {}
    for place, node in enumerate(graph.nodes):
        label = label_of(node)
        if label in taken or node.op_type not in KINDS.get(kinds.get(label, ""), ()):
            continue
        own = [
            name for name in dict.fromkeys(node.input) if name not in stored and roots.get(name, name) not in counted
        ]
        if own:
            places[label], reads[label] = place, own
            counted |= {roots.get(name, name) for name in own}
    return places, reads, ""


def _batch(inputs: Mapping[str, NDArray[Any]]) -> int:
    return int(next(iter(inputs.values())).shape[0])


def _extents(graph: PartialGraph, inputs: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """Return the extents of free axes behind the first, by the names that the importer has for them."""
    found = {}
    for value in graph.model.graph.input:
        if value.name in inputs:
            for place, dim in enumerate(value.type.tensor_type.shape.dim):
                if place and dim.dim_value <= 0:
                    found[dim.dim_param or f"{value.name}.{place}"] = int(inputs[value.name].shape[place])
    return found


def _roots(graph: PartialGraph) -> dict[str, str]:
    """Return which tensor another one is only a view of."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        if _is_view(node):
            found[node.output[0]] = found.get(node.input[0], node.input[0])
    return found


def _is_view(node: NodeProto) -> bool:
    return node.op_type in VIEWS and bool(node.input) and bool(node.output)
