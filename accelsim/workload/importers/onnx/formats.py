"""Which number format does an element type of ONNX state, and which types are weights?

The place where a tensor's stated format is looked up. What quantized graphs say beyond the element type
(scales, zero points, block sizes) is read in `quantized`.
"""

from __future__ import annotations

FLOATS = {1: "fp32", 10: "fp16", 16: "bf16"}
"""Formats of float element types, by their number in ``onnx.proto``."""

WEIGHTS = {1, 2, 3, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24}
"""Element types whose stored tensors are parameters: floats and the integers of 8 bits or less.

Wider integers are indices and shapes; a bias of a quantized layer is read with its layer."""


def stated_format(kind: int) -> str:
    """Return the format that an element type states, "" if it is no number format of an accelerator."""
    return FLOATS.get(kind, "")
