"""Small float models, and what a real quantizer (onnxruntime) makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 21


def stored(rng: np.random.Generator, name: str, *shape: int) -> TensorProto:
    """Return a random float weight."""
    return numpy_helper.from_array((rng.standard_normal(shape) * 0.2).astype(np.float32), name)


def constant(name: str, *values: int) -> TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def model(
    nodes: list[Any], inputs: dict[str, tuple[int, ...]], output: tuple[int, ...], weights: list[TensorProto]
) -> onnx.ModelProto:
    """Return a checked model of one float output, y."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(made)
    return made


def conv_net() -> onnx.ModelProto:
    """Two convolutions with a residual add, pools and a classifier: 8 x 8 images of 3 channels, 10 classes."""
    rng = np.random.default_rng(1)
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], name="relu1"),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], name="conv2", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c2", "r1"], ["a1"], name="add"),
        helper.make_node("MaxPool", ["a1"], ["p1"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p1", "w3", "b3"], ["c3"], name="depthwise", group=16, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c3"], ["r3"], name="relu3"),
        helper.make_node("GlobalAveragePool", ["r3"], ["g"], name="mean"),
        helper.make_node("Flatten", ["g"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "w4", "b4"], ["y"], name="classify", transB=1),
    ]
    weights = [
        stored(rng, "w1", 16, 3, 3, 3), stored(rng, "b1", 16), stored(rng, "w2", 16, 16, 3, 3), stored(rng, "b2", 16),
        stored(rng, "w3", 16, 1, 3, 3), stored(rng, "b3", 16), stored(rng, "w4", 10, 16), stored(rng, "b4", 10),
    ]  # fmt: skip
    return model(nodes, {"x": (1, 3, 8, 8)}, (1, 10), weights)


def attention_block() -> onnx.ModelProto:
    """One head of attention over 6 tokens of 32 features, and an MLP of 64."""
    rng = np.random.default_rng(2)
    nodes = [
        helper.make_node("MatMul", ["x", "wq"], ["q"], name="query"),
        helper.make_node("MatMul", ["x", "wk"], ["k"], name="key"),
        helper.make_node("MatMul", ["x", "wv"], ["v"], name="value"),
        helper.make_node("Transpose", ["k"], ["kt"], name="transpose", perm=[0, 2, 1]),
        helper.make_node("MatMul", ["q", "kt"], ["s"], name="scores"),
        helper.make_node("Softmax", ["s"], ["p"], name="softmax", axis=-1),
        helper.make_node("MatMul", ["p", "v"], ["o"], name="values"),
        helper.make_node("MatMul", ["o", "w1"], ["h0"], name="up"),
        helper.make_node("Add", ["h0", "b1"], ["h1"], name="up_bias"),
        helper.make_node("Relu", ["h1"], ["h"], name="relu"),
        helper.make_node("MatMul", ["h", "w2"], ["y"], name="down"),
    ]
    weights = [
        stored(rng, "wq", 32, 32), stored(rng, "wk", 32, 32), stored(rng, "wv", 32, 32), stored(rng, "w1", 32, 64),
        stored(rng, "b1", 64), stored(rng, "w2", 64, 32),
    ]  # fmt: skip
    return model(nodes, {"x": (1, 6, 32)}, (1, 6, 32), weights)


def recurrent() -> onnx.ModelProto:
    """An LSTM of 16 units over 5 steps of 8 features."""
    rng = np.random.default_rng(6)
    nodes = [
        helper.make_node("LSTM", ["x", "w", "r", "b"], ["all", "last"], name="lstm", hidden_size=16),
        helper.make_node("Squeeze", ["last", "axis"], ["y"], name="squeeze"),
    ]
    weights = [stored(rng, "w", 1, 64, 8), stored(rng, "r", 1, 64, 16), stored(rng, "b", 1, 128), constant("axis", 0)]
    return model(nodes, {"x": (5, 1, 8)}, (1, 16), weights)


class Calibration:
    """Eight random inputs, the same every time."""

    def __init__(self, made: onnx.ModelProto) -> None:
        rng = np.random.default_rng(3)
        (value,) = made.graph.input
        shape = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
        self._batches: Iterator[dict[str, Any]] = iter(
            [{value.name: rng.standard_normal(shape).astype(np.float32)} for _ in range(8)]
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the next input, or None."""
        return next(self._batches, None)


def quantized(made: onnx.ModelProto, folder: Path, **how: Any) -> Path:
    """Return the path of ``made`` quantized statically by onnxruntime; ``how`` is of `quantize_static`."""
    from onnxruntime.quantization import quantize_static

    source, target = folder / "float.onnx", folder / "quantized.onnx"
    onnx.save(made, str(source))
    quantize_static(str(source), str(target), Calibration(made), **how)
    return target


def optimized(path: Path, level: str) -> Path:
    """Return the path of a model as onnxruntime's optimizer rewrites it, at level "EXTENDED" or "ALL"."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level}")
    options.log_severity_level = 3
    target = path.with_name(f"{path.stem}_{level.lower()}.onnx")
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return target


def quantized_at_run_time(made: onnx.ModelProto, folder: Path, **how: Any) -> Path:
    """Return the path of ``made`` with weights quantized by onnxruntime, activations as it runs."""
    from onnxruntime.quantization import quantize_dynamic

    source, target = folder / "float.onnx", folder / "dynamic.onnx"
    onnx.save(made, str(source))
    quantize_dynamic(str(source), str(target), **how)
    return target
