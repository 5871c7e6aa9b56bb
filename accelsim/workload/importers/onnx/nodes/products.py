"""What do MatMul, Gemm and Einsum become?"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import Graph, Tensor, arithmetic, einsum, matmul, transpose


def _matmul(node: Node, graph: Graph) -> list[Tensor]:
    return [matmul(graph, node.name, node.x(0), node.x(1))]


def _turned(x: Tensor) -> Tensor:
    axes = list(range(len(x.shape)))
    return transpose(x, [*axes[:-2], *axes[-1:], *axes[-2:-1]])


def gemm(node: Node, graph: Graph) -> list[Tensor]:
    """alpha * A * B + beta * C; a stored C of one value per output is a bias, alpha and beta go into the weights."""
    left, right = node.x(0), node.x(1)
    if len(left.shape) != 2 or len(right.shape) != 2:
        raise InputError(f"must multiply two matrices; got {left.text()} and {right.text()}.")
    left = _turned(left) if node.integer("transA", 0) else left
    right = _turned(right) if node.integer("transB", 0) else right
    added = node.maybe(2)
    if added is None:
        return [matmul(graph, node.name, left, right)]
    outputs = right.shape[1]
    if added.is_stored and added.elements in (1, outputs) and not left.is_stored:
        return [matmul(graph, node.name, left, right, added)]
    product = matmul(graph, node.name, left, right)
    return [arithmetic(graph, f"{node.name}.add", "add", [product, added])]


def _einsum(node: Node, graph: Graph) -> list[Tensor]:
    return [einsum(graph, node.name, node.text("equation", ""), node.xs())]


OPERATORS: dict[str, Handler] = {"Einsum": _einsum, "Gemm": gemm, "MatMul": _matmul}
