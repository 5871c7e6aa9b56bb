"""What stands for a tensor that is quantized or dequantized by itself: QuantizeLinear, Quant, Clip, Cast ...?

A rule takes the `View` and a node, notes the formats of what the node makes, and returns the nodes
that stand for it; None leaves the node as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING

from accelsim.workload.importers.onnx.quantized_formats import ELEMENTS, FLOATS, bits_of, grouped_text, integer
from accelsim.workload.importers.onnx.quantized_view import View, whole

if TYPE_CHECKING:
    from onnx import NodeProto

Rule = Callable[[View, "NodeProto"], "list[NodeProto] | None"]


def same(node: NodeProto, source: str, made: str) -> NodeProto:
    """Return an Identity from ``source`` to ``made`` under the name of ``node``."""
    from onnx import helper

    return helper.make_node("Identity", [source], [made], name=node.name)


def quantize(view: View, node: NodeProto) -> list[NodeProto]:
    """QuantizeLinear: what it makes are codes."""
    _, scale, zero = (*node.input, "", "")[:3]
    stored_zero = view.source(zero) if zero else None
    type_ = stored_zero.data_type if stored_zero is not None else whole(node, "output_dtype") or 2
    element = view.codes.get(zero, "") or ELEMENTS.get(type_, "uint8")
    return _held(view, node, element, scale, zero, whole(node, "axis", 1), whole(node, "block_size", 0), codes=True)


def dequantize(view: View, node: NodeProto) -> list[NodeProto]:
    """DequantizeLinear: what it makes are values, stored as the codes that it reads."""
    source, scale, zero = (*node.input, "", "")[:3]
    scales = view.source(scale)
    view.values[node.output[0]] = FLOATS.get(scales.data_type, "fp32") if scales is not None else "fp32"
    maker = view.makers.get(source)
    view.as_float(source)
    if (maker is not None and maker.op_type == "QuantizeLinear") or source not in view.codes:
        view.formats[node.output[0]] = view.formats.get(source, view.values[node.output[0]])
        return [same(node, source, node.output[0])]
    axis, block = whole(node, "axis", 1), whole(node, "block_size", 0)
    return _held(view, node, view.codes[source], scale, zero, axis, block, codes=False)


def _held(
    view: View, node: NodeProto, element: str, scale: str, zero: str, axis: int, block: int, *, codes: bool
) -> list[NodeProto]:
    """Note the format of what a node makes: a stored tensor with its scales, or an activation with one static scale."""
    source, made = node.input[0], node.output[0]
    if view.source(source) is not None:
        view.formats[made] = view.stored_format(source, element, scale, zero, axis=axis, block=block)
    else:
        view.formats[made] = (
            grouped_text(element, block, view.scale_type(scale), element if zero else "") if block else element
        )
    if codes:
        view.codes[made] = element
    return [same(node, source, made)]


def dynamic_quantize(view: View, node: NodeProto) -> list[NodeProto]:
    """DynamicQuantizeLinear: uint8 codes, and a scale and a zero point that the program finds as it runs."""
    made, *scales = node.output
    view.formats[made] = view.codes[made] = "uint8"
    view.scales.update(scales)
    return [same(node, node.input[0], made)]


def quant(view: View, node: NodeProto) -> list[NodeProto] | None:
    """QONNX Quant (IntQuant): rounded to a bit width that an input says, kept as values."""
    _, scale, zero, width = node.input[:4]
    bits = view.number(width)
    if bits is None:
        return None
    return _fake(view, node, integer(ceil(bits), signed=whole(node, "signed", 1) != 0), scale, zero)


def bipolar_quant(view: View, node: NodeProto) -> list[NodeProto]:
    """QONNX BipolarQuant: -1 or +1; kept as int2, the narrowest integer that there is."""
    return _fake(view, node, "int2", node.input[1], "")


def float_quant(view: View, node: NodeProto) -> list[NodeProto] | None:
    """QONNX FloatQuant: rounded to a minifloat, if it is a known one."""
    _, scale, exponent, mantissa = node.input[:4]
    element = _MINIFLOATS.get((view.number(exponent) or 0, view.number(mantissa) or 0))
    return None if element is None else _fake(view, node, element, scale, "")


_MINIFLOATS: dict[tuple[float, float], str] = {
    (4, 3): "fp8e4m3", (5, 2): "fp8e5m2", (2, 3): "fp6e2m3", (3, 2): "fp6e3m2", (2, 1): "fp4e2m1",
    (5, 10): "fp16", (8, 7): "bf16",
}  # fmt: skip


def trunc(view: View, node: NodeProto) -> list[NodeProto] | None:
    """QONNX Trunc: the lower bits are dropped."""
    bits = view.number(node.input[4]) if len(node.input) > 4 else None
    held = view.formats.get(node.input[0], "")
    if bits is None:
        return None
    return _fake(view, node, integer(ceil(bits), signed=not held.startswith("uint")), "", "")


def _fake(view: View, node: NodeProto, element: str, scale: str, zero: str) -> list[NodeProto]:
    source, made = node.input[0], node.output[0]
    view.values[made] = view.values.get(source, "fp32")
    if view.source(source) is None:
        view.formats[made] = element
    else:
        view.formats[made] = view.stored_format(source, element, scale, zero)
    return [same(node, source, made)]


def clip(view: View, node: NodeProto) -> list[NodeProto] | None:
    """Clip on codes: they are of as many bits as its bounds need (quantize, clip, dequantize)."""
    source, low, high = (*node.input, "", "")[:3]
    if source not in view.codes or not view.codes[source].lstrip("u").startswith("int"):
        return None
    bounds = view.number(low), view.number(high)
    if None in bounds:
        return None
    least, most = int(bounds[0] or 0), int(bounds[1] or 0)
    element = view.codes[source]
    bits = most.bit_length() if least >= 0 else max((-least - 1).bit_length(), most.bit_length()) + 1
    narrow = integer(min(bits, bits_of(element)), signed=least < 0 or element.startswith("int"))
    if least >= 0 and element.startswith("int"):
        narrow = integer(min(bits + 1, bits_of(element)), signed=True)
    made = node.output[0]
    view.codes[made] = narrow
    view.formats[made] = view.formats[source].replace(element, narrow)
    return [same(node, source, made)]


def cast(view: View, node: NodeProto) -> list[NodeProto] | None:
    """Cast: of a stored tensor, a format of storage; of an integer product, part of its rescale."""
    source, made, to = node.input[0], node.output[0], whole(node, "to", 1)
    if source in view.products:
        view.products.add(made)
        view.values[made] = view.formats[made] = FLOATS.get(to, "fp32")
        return [same(node, source, made)]
    if to not in FLOATS:
        return None
    view.values[made] = FLOATS[to]
    stored = view.source(source) is not None and source in view.formats
    view.formats[made] = view.formats[source] if stored else FLOATS[to]
    return [node]


def rescale(view: View, node: NodeProto) -> list[NodeProto] | None:
    """Mul of scales, or of an integer product by its scale: what the scheme converts."""
    made, read = node.output[0], list(node.input)
    running = [name for name in read if name in view.scales]
    if not running:
        return None
    others = [name for name in read if name not in view.scales]
    if all(name in view.stored for name in others):
        view.scales.add(made)
        return []
    if len(others) == 1 and others[0] in view.products:
        view.values[made] = view.formats[made] = view.values.get(others[0], "fp32")
        return [same(node, others[0], made)]
    return None


RULES: dict[str, Rule] = {
    "QuantizeLinear": quantize,
    "DequantizeLinear": dequantize,
    "DynamicQuantizeLinear": dynamic_quantize,
    "Quant": quant,
    "IntQuant": quant,
    "BipolarQuant": bipolar_quant,
    "FloatQuant": float_quant,
    "Trunc": trunc,
    "Clip": clip,
    "Cast": cast,
    "Mul": rescale,
}
"""Rules by type of operator."""
