"""What do the fused operators of com.microsoft become, which onnxruntime's optimizer writes?"""

from __future__ import annotations

from accelsim.errors import UnsupportedError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.importers.onnx.nodes.images import OPERATORS as IMAGES
from accelsim.workload.importers.onnx.nodes.norms import OPERATORS as NORMS
from accelsim.workload.importers.onnx.nodes.products import gemm
from accelsim.workload.operators import (
    Graph,
    Tensor,
    arithmetic,
    embedding,
    layer_norm,
    matmul,
    pointwise,
    rms_norm,
    rotary,
    transpose,
)

ACTIVATIONS = {
    "Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "LeakyRelu": "leaky_relu", "Clip": "clip",
    "HardSigmoid": "hard_sigmoid",
}  # fmt: skip


def _activated(node: Node, graph: Graph, x: Tensor) -> list[Tensor]:
    function = node.text("activation", "")
    if not function:
        return [x]
    if function not in ACTIVATIONS:
        raise UnsupportedError(f"activation {function} is not understood.")
    return [pointwise(graph, f"{node.name}.activation", ACTIVATIONS[function], x)]


def _fused_conv(node: Node, graph: Graph) -> list[Tensor]:
    (made,) = IMAGES["Conv"](node, graph)
    if node.has(3):
        made = arithmetic(graph, f"{node.name}.add", "add", [made, node.x(3)])
    return _activated(node, graph, made)


def _fused_gemm(node: Node, graph: Graph) -> list[Tensor]:
    return _activated(node, graph, gemm(node, graph)[0])


def _fused_matmul(node: Node, graph: Graph) -> list[Tensor]:
    left, right = node.x(0), node.x(1)
    if node.integer("transBatchA", 0) or node.integer("transBatchB", 0):
        raise UnsupportedError("a transposed batch is not understood.")
    turned = []
    for x, name in ((left, "transA"), (right, "transB")):
        axes = list(range(len(x.shape)))
        turned.append(transpose(x, [*axes[:-2], axes[-1], axes[-2]]) if node.integer(name, 0) and len(axes) > 1 else x)
    made = matmul(graph, node.name, *turned)
    if node.number("alpha", 1.0) == 1:
        return [made]
    return [arithmetic(graph, f"{node.name}.alpha", "multiply", [made, graph.stored(f"{node.name}.alpha", ())])]


def _gelu(function: str) -> Handler:
    def handler(node: Node, graph: Graph) -> list[Tensor]:
        x = node.x()
        if node.has(1):
            x = arithmetic(graph, f"{node.name}.bias", "add", [x, node.x(1)])
        return [pointwise(graph, node.name, function, x)]

    return handler


def _skip_norm(rms: bool) -> Handler:
    """A residual add and a norm; the sum is handed out, too."""

    def handler(node: Node, graph: Graph) -> list[Tensor]:
        x, skip = node.x(0), node.x(1)
        bias = 3 if rms else 4
        added = arithmetic(graph, f"{node.name}.add", "add", [x, skip, *([node.x(bias)] if node.has(bias) else [])])
        affine = [node.x(place) for place in ((2,) if rms else (2, 3)) if node.has(place)]
        made = (rms_norm if rms else layer_norm)(graph, node.name, added, 1, affine)
        rows = (*x.shape[:-1], 1)
        return [made, made.like(rows), made.like(rows), added]

    return handler


def _embeddings(node: Node, graph: Graph) -> list[Tensor]:
    """Word, position and segment embeddings, their sum and a norm."""
    tokens = node.x(0)
    tables = [(2, "words"), (3, "positions"), (4, "segments")]
    found = [
        embedding(graph, f"{node.name}.{name}", tokens, node.x(place)) for place, name in tables if node.has(place)
    ]
    added = arithmetic(graph, f"{node.name}.add", "add", found) if len(found) > 1 else found[0]
    affine = [node.x(place) for place in (5, 6) if node.has(place)]
    return [layer_norm(graph, node.name, added, 1, affine)]


def _rotary(node: Node, graph: Graph) -> list[Tensor]:
    """x rotated by stored sines and cosines, of which a row holds half of what is rotated of each head."""
    x = node.x(0)
    caches = [node.x(place) for place in range(1, len(node.inputs)) if node.has(place)]
    half = min((cache.shape[-1] for cache in caches if len(cache.shape) > 1), default=1)
    rotated = node.integer("rotary_embedding_dim", 0) or 2 * half
    heads = node.integer("num_heads", 0)
    size = x.shape[-1] // heads if len(x.shape) == 3 and heads else rotated if len(x.shape) == 3 else x.shape[-1]
    return [rotary(graph, node.name, x, size, rotated)]


OPERATORS: dict[str, Handler] = {
    "RotaryEmbedding": _rotary,
    "com.microsoft.BiasGelu": _gelu("gelu"),
    "com.microsoft.EmbedLayerNormalization": _embeddings,
    "com.microsoft.FastGelu": _gelu("gelu"),
    "com.microsoft.FusedConv": _fused_conv,
    "com.microsoft.FusedGemm": _fused_gemm,
    "com.microsoft.FusedMatMul": _fused_matmul,
    "com.microsoft.Gelu": _gelu("gelu"),
    "com.microsoft.QuickGelu": _gelu("silu"),
    "com.microsoft.RotaryEmbedding": _rotary,
    "com.microsoft.SimplifiedLayerNormalization": NORMS["SimplifiedLayerNormalization"],
    "com.microsoft.SkipLayerNormalization": _skip_norm(rms=False),
    "com.microsoft.SkipSimplifiedLayerNormalization": _skip_norm(rms=True),
}
