"""What do normalizations and softmax become?"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import (
    Graph,
    Tensor,
    batch_norm,
    group_norm,
    layer_norm,
    local_norm,
    rms_norm,
    softmax,
)
from accelsim.workload.operators.tensor import axis_of


def _batch(node: Node, graph: Graph) -> list[Tensor]:
    return [batch_norm(graph, node.name, node.x(), [node.x(1), node.x(2)])]


def _behind(node: Node, x: Tensor) -> int:
    return len(x.shape) - axis_of(node.integer("axis", -1), len(x.shape))


def _layer(node: Node, graph: Graph) -> list[Tensor]:
    x, axes = node.x(), _behind(node, node.x())
    made = layer_norm(graph, node.name, x, axes, _affine(node, 1, 2))
    rows = made.like(x.shape[: len(x.shape) - axes] + (1,) * axes)
    return [made, rows, rows]


def _rms(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    return [rms_norm(graph, node.name, x, _behind(node, x), _affine(node, 1))]


def _affine(node: Node, *places: int) -> list[Tensor]:
    return [node.x(place) for place in places if node.has(place)]


def _instance(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    if len(x.shape) < 2:
        raise InputError(f"must read a batch of channels; got {x.text()}.")
    return [group_norm(graph, node.name, x, max(1, x.shape[1]), _affine(node, 1, 2))]


def _group(node: Node, graph: Graph) -> list[Tensor]:
    return [group_norm(graph, node.name, node.x(), node.integer("num_groups", 1), _affine(node, 1, 2))]


def _local(node: Node, graph: Graph) -> list[Tensor]:
    size = node.integer("size", 1)
    if size < 1:
        raise InputError(f"size must be at least 1; got {size}.")
    return [local_norm(graph, node.name, node.x(), size)]


def _softmax(node: Node, graph: Graph) -> list[Tensor]:
    return [softmax(graph, node.name, node.x())]


def _length(node: Node, graph: Graph) -> list[Tensor]:
    """x / |x| along an axis: an RMS norm without gain."""
    return [rms_norm(graph, node.name, node.x())]


OPERATORS: dict[str, Handler] = {
    "BatchNormalization": _batch,
    "GroupNormalization": _group,
    "InstanceNormalization": _instance,
    "LRN": _local,
    "LayerNormalization": _layer,
    "LogSoftmax": _softmax,
    "LpNormalization": _length,
    "MeanVarianceNormalization": lambda node, graph: [layer_norm(graph, node.name, node.x())],
    "RMSNormalization": _rms,
    "SimplifiedLayerNormalization": _rms,
    "Softmax": _softmax,
}
