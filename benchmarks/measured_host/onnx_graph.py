"""How is a layer written as an ONNX graph of one node, in fp32 or in int8?"""

from __future__ import annotations

from typing import Any

import numpy as np

from measured_host.kernels import INT8, Kernel


def one_node(kernel: Kernel, format: str, inputs: Any, weights: Any) -> tuple[bytes, Any]:
    """Return the model, serialized, and its input ``x``.

    Parameters
    ----------
    kernel : Kernel
    format : str
        "fp32", or "int8": weights int8, activations uint8, one scale each.
    inputs, weights : float32 array
    """
    from onnx import TensorProto, helper, numpy_helper

    quantized = format == INT8
    constants = {"w": _int8(weights) if quantized else weights}
    if quantized:
        inputs = np.clip(np.round(inputs * 32) + 128, 0, 255).astype(np.uint8)
        scale, zero = np.float32(1 / 32), np.uint8(128)
        constants |= {"xs": scale, "xz": zero, "ws": scale, "wz": np.int8(0), "ys": np.float32(4), "yz": zero}
    names = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"] if quantized else ["x", "w"]
    kind = ("QLinear" if quantized else "") + ("Conv" if kernel.convolution else "MatMul")
    fields = {"strides": [kernel.stride] * 2, "pads": [kernel.pad] * 4} if kernel.convolution else {}
    element = TensorProto.UINT8 if quantized else TensorProto.FLOAT
    out = [kernel.batch, kernel.out] + [kernel.out_size] * 2 * kernel.convolution
    graph = helper.make_graph(
        [helper.make_node(kind, names, ["y"], **fields)], "layer",
        [helper.make_tensor_value_info("x", element, list(inputs.shape))],
        [helper.make_tensor_value_info("y", element, out)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )  # fmt: skip
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString(), inputs


def _int8(weights: Any) -> Any:
    return np.clip(np.round(weights * 32), -127, 127).astype(np.int8)
