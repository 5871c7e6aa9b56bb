"""What do gathers, embeddings and scatters become?"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import Graph, Tensor, cut, embedding, gather, scatter
from accelsim.workload.operators.tensor import axis_of


def _gather(node: Node, graph: Graph) -> list[Tensor]:
    """Rows of a stored table are an embedding; known rows of an activation a view; others are read and written."""
    x, indices = node.x(0), node.x(1)
    axis = axis_of(node.integer("axis", 0), len(x.shape))
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    if x.is_stored:
        table = len(x.shape) > 1 and x.parameter and (not indices.is_stored or (indices.shape and axis == 0))
        if table and x.elements and indices.elements:
            return [embedding(graph, node.name, indices, x, axis)]
        return [cut(x, shape)] if indices.is_stored else [gather(graph, node.name, x, indices, shape)]
    if indices.is_stored:
        return [cut(x, shape)]
    return [gather(graph, node.name, x, indices, shape)]


def _gather_elements(node: Node, graph: Graph) -> list[Tensor]:
    return [gather(graph, node.name, node.x(0), node.x(1), node.x(1).shape)]


def _gather_nd(node: Node, graph: Graph) -> list[Tensor]:
    x, indices, lead = node.x(0), node.x(1), node.integer("batch_dims", 0)
    if not indices.shape or not 1 <= indices.shape[-1] <= len(x.shape) - lead:
        raise InputError(f"indices must have at most {len(x.shape)} places; got {indices.text()}.")
    shape = (*indices.shape[:-1], *x.shape[lead + indices.shape[-1] :])
    return [gather(graph, node.name, x, indices, shape)]


def _one_hot(node: Node, graph: Graph) -> list[Tensor]:
    """Rows of zeros with a one at a computed place: written, with no operation."""
    indices = node.x(0)
    depth = node.whole(1)[0]
    place = axis_of(node.integer("axis", -1), len(indices.shape) + 1)
    shape = (*indices.shape[:place], depth, *indices.shape[place:])
    if indices.is_stored:
        return [graph.stored(node.name, shape, parameter=False)]
    return [gather(graph, node.name, indices.like(shape), indices, shape)]


def _scatter(node: Node, graph: Graph) -> list[Tensor]:
    return [scatter(graph, node.name, node.x(0), node.x(1), node.x(2))]


OPERATORS: dict[str, Handler] = {
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "OneHot": _one_hot,
    "Scatter": _scatter,
    "ScatterElements": _scatter,
    "ScatterND": _scatter,
    "TensorScatter": lambda node, graph: [scatter(graph, node.name, node.x(0), node.x(2), node.x(1))],
}
