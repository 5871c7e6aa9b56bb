"""Are the fused operators that onnxruntime's optimizer writes the layers of their parts?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from onnx_models import imported, node, scalar, stored, whole

from accelsim.workload.network import Network

X = {"x": [2, 10, 64]}
NORM = [stored("gain", 64), stored("shift", 64)]
BIAS, WEIGHT = stored("bias", 64), stored("w", 64, 64)


def own(operator: str, inputs: Sequence[str], outputs: Sequence[str] | str, **attributes: Any) -> Any:
    return node(operator, inputs, outputs, domain="com.microsoft", **attributes)


CASES: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "SkipLayerNormalization": (
        [own("SkipLayerNormalization", ["x", "x2", "gain", "shift", "bias"], ["y", "", "", "sum"])],
        [node("Sum", ["x", "x2", "bias"], "sum"), node("LayerNormalization", ["sum", "gain", "shift"], "y")],
        [*NORM, BIAS],
    ),
    "SkipSimplifiedLayerNormalization": (
        [own("SkipSimplifiedLayerNormalization", ["x", "x2", "gain"], ["y", "", "", "sum"])],
        [node("Add", ["x", "x2"], "sum"), node("RMSNormalization", ["sum", "gain"], "y")],
        NORM,
    ),
    "BiasGelu": (
        [node("MatMul", ["x", "w"], "m"), own("BiasGelu", ["m", "bias"], "y"), node("Neg", ["x2"], "sum")],
        [node("MatMul", ["x", "w"], "m"), node("Add", ["m", "bias"], "b"), node("Gelu", ["b"], "y"),
         node("Neg", ["x2"], "sum")],
        [WEIGHT, BIAS],
    ),
    "FusedMatMul": (
        [own("FusedMatMul", ["x", "x2"], "y", transB=1, alpha=0.125), node("Neg", ["x2"], "sum")],
        [node("Transpose", ["x2"], "t", perm=[0, 2, 1]), node("MatMul", ["x", "t"], "m"),
         node("Mul", ["m", "c"], "y"), node("Neg", ["x2"], "sum")],
        [scalar("c", 0.125)],
    ),
    "FusedGemm": (
        [node("Flatten", ["x"], "f", axis=2), own("FusedGemm", ["f", "w", "bias"], "y", activation="Relu"),
         node("Neg", ["x2"], "sum")],
        [node("Flatten", ["x"], "f", axis=2), node("Gemm", ["f", "w", "bias"], "g"), node("Relu", ["g"], "y"),
         node("Neg", ["x2"], "sum")],
        [WEIGHT, BIAS],
    ),
}  # fmt: skip


def totals(network: Network) -> Any:
    ops: Counter[str] = Counter()
    for layer in network.layers:
        ops.update(dict(layer.vector_ops))
    shapes = [(layer.kind, layer.macs, layer.input_elements, layer.output_elements) for layer in network.layers]
    return ops, shapes, network.parameters, network.uncounted


@pytest.mark.parametrize("name", CASES)
def test_fused_is_the_sum_of_its_parts(tmp_path: Path, name: str) -> None:
    fused, parts, tensors = CASES[name]
    inputs = X | {"x2": [2, 10, 64]}
    both = [imported(tmp_path, nodes, inputs, ["y", "sum"], tensors, opset=23) for nodes in (fused, parts)]
    assert both[0].uncounted == ()
    assert totals(both[0]) == totals(both[1])


def test_embeddings_with_their_norm(tmp_path: Path) -> None:
    """Words, positions and segments, added and normalized; a table is gathered, not read whole."""
    tables = [stored("words", 1000, 64), stored("positions", 128, 64), stored("segments", 2, 64)]
    inputs = ["ids", "types", "words", "positions", "segments", "gain", "shift"]
    network = imported(
        tmp_path, [own("EmbedLayerNormalization", inputs, "y")], {"ids": [2, 10], "types": [2, 10]}, ["y"],
        [*tables, *NORM], kinds={"ids": 6, "types": 6},
    )  # fmt: skip
    assert [layer.kind for layer in network.layers] == ["embedding"] * 3 + ["elementwise", "norm"]
    assert network.parameters == 64 * (1000 + 128 + 2 + 2)
    assert {layer.gathered_elements for layer in network.layers[:3]} == {2 * 10 * 64}


@pytest.mark.parametrize("domain", ["", "com.microsoft"])
def test_rotary_embedding_is_applied_on_the_way_out(tmp_path: Path, domain: str) -> None:
    rows = ["x", "cos", "sin"] if not domain else ["x", "at", "cos", "sin"]
    nodes = [
        node("MatMul", ["in", "w"], "m"),
        node("Reshape", ["m", "heads"], "r"),
        node("Transpose", ["r"], "x", perm=[0, 2, 1, 3]),
        node("RotaryEmbedding", rows, "y", domain=domain),
    ]
    tensors = [WEIGHT, whole("heads", 2, 10, 4, 16), whole("at", 0), stored("cos", 128, 8), stored("sin", 128, 8)]
    (layer,) = imported(tmp_path, nodes, {"in": [2, 10, 64]}, ["y"], tensors, opset=23).layers
    assert dict(layer.vector_ops) == {"multiply": 2 * 1280, "add": 1280}
