"""In which number format is a tensor of an ONNX graph stored, scales and zero points included?"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import TensorProto

ELEMENTS = {
    1: "fp32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 10: "fp16", 11: "fp64",
    12: "uint32", 13: "uint64", 16: "bf16", 17: "fp8e4m3", 18: "fp8e4m3", 19: "fp8e5m2", 20: "fp8e5m2",
    21: "uint4", 22: "int4", 23: "fp4e2m1", 24: "e8m0", 25: "uint2", 26: "int2", 27: "fp6e2m3", 28: "fp6e3m2",
}  # fmt: skip
"""Formats by ``TensorProto.DataType``; the FNUZ variants of fp8 (18, 20) have other ranges but the same bits."""

FLOATS = {number: name for number, name in ELEMENTS.items() if name in ("fp32", "fp16", "fp64", "bf16")}
"""Types in which values are computed, as against codes that need a scale."""

MOST_GROUPED = 1 << 20


def bits_of(element: str) -> int:
    """Return the bits of an integer format such as "uint4"."""
    return int(element.removeprefix("u").removeprefix("int"))


def integer(bits: int, *, signed: bool) -> str:
    """Return the integer format of ``bits`` bits; at least 2, the narrowest that there is."""
    return f"{'' if signed else 'u'}int{max(2, bits)}"


def grouped_text(element: str, span: int | str, scale: str = "fp16", zero_point: str = "") -> str:
    """Return the text of a format with one scale per ``span``: a number of elements, "c"hannel or "t"ensor.

    A format that takes no scales (32 bits, a float of 16) is itself.
    """
    wide = element in ("fp32", "fp16", "bf16", "fp64") or (
        element.lstrip("u").startswith("int") and bits_of(element) >= 32
    )
    if wide:
        return element
    if isinstance(span, int) and not 1 <= span <= MOST_GROUPED:
        span = "c"
    own_scale = "" if scale == "fp16" else f"s{scale}"
    return f"{element}g{span}{own_scale}" + (f"z{zero_point}" if zero_point else "")


def span_of(scale_shape: Sequence[int], shape: Sequence[int], channel_axis: int, axis: int, block: int) -> int | str:
    """Return over what a scale reaches.

    Parameters
    ----------
    scale_shape, shape : sequence of int
        Of the scales and of the tensor that they scale.
    channel_axis : int
        Axis of the tensor along which its reader has output channels.
    axis : int
        Axis that scales of one dimension run along.
    block : int
        Elements of ``axis`` that share a scale; 0 = not blocked.

    Returns
    -------
    int or str
        "t" for one scale, "c" for one per output channel, else the elements that share one.
    """
    scales, rank = prod(scale_shape), len(shape)
    if scales <= 1:
        return "t"
    if block:
        return block
    lead = rank - len(scale_shape)
    if len(scale_shape) == 1 and axis is not None and rank:
        varied = [axis % rank]
    else:
        varied = [lead + place for place, extent in enumerate(scale_shape) if extent > 1]
    if varied == [channel_axis]:
        return "c"
    return max(1, prod(shape) // scales)


def zero_point(tensor: TensorProto | None, element: str, *, given: bool) -> tuple[str, str]:
    """Return the element and the zero point's format once a zero point in the middle is taken for none.

    Codes around 128 of a uint8 are an int8 with no zero point, and so for any width. Zero points
    that cannot be read (computed, outside the model file or too many) count as some of unsigned codes
    and as none of signed ones, whose quantizers mostly center them.

    Parameters
    ----------
    tensor : TensorProto or None
        The zero points, if they are stored.
    element : str
        Format of the codes.
    given : bool
        Whether there is one at all.
    """
    if not given or not element.lstrip("u").startswith("int"):
        return element, ""
    values = None if tensor is None else _bytes_of(tensor)
    if values is None:
        return element, element if element.startswith("u") else ""
    if values <= {0}:
        return element, ""
    middle = {"uint8": {128}, "uint4": {0x88, 0x08}, "uint2": {0xAA}, "uint16": {0x00, 0x80}}.get(element)
    if middle is not None and values <= middle and (element != "uint16" or values == middle):
        return element.removeprefix("u"), ""
    return element, element


def _bytes_of(tensor: TensorProto) -> set[int] | None:
    """Return the distinct bytes of a small integer tensor; None where they are not in the model file."""
    if tensor.raw_data:
        return set(tensor.raw_data)
    values = set(tensor.int32_data) or set(tensor.int64_data)
    if tensor.data_location == 1 or not values:
        return None
    return {
        byte for value in values for byte in int(value).to_bytes(8, "little", signed=True)[: 2 if value > 255 else 1]
    }
