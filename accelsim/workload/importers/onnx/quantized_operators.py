"""Which float operator does an operator on integer codes stand for: QLinearConv, MatMulInteger ...?

The operators with domain "" are those of ONNX; those of com.microsoft are described in ONNX Runtime's
``docs/ContribOperators.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelsim.workload.importers.onnx.quantized_formats import ELEMENTS
from accelsim.workload.importers.onnx.quantized_layout import channels_first, max_pool
from accelsim.workload.importers.onnx.quantized_rules import Rule, same
from accelsim.workload.importers.onnx.quantized_view import View, whole

if TYPE_CHECKING:
    from onnx import NodeProto

NONE = -1
"""Place of an input that an operator does not have."""


@dataclass(frozen=True)
class Places:
    """Where an operator on codes has its inputs.

    Parameters
    ----------
    op : str
        Float operator that it stands for.
    data : tuple of (tensor, scale, zero point)
        Places of each quantized input; `NONE` for what it lacks.
    result : (scale, zero point) or None
        Of the result; None where the result is a float or a sum of integers.
    before, after : tuple of int
        Places of inputs that the float operator has, too, before and behind the data.
    bias : int
        Place of a bias that the float operator has no input for.
    dynamic : bool
        Whether the first input is a float that is quantized on the spot.
    dropped : tuple of str
        Attributes that the float operator does not have.
    """

    op: str
    data: tuple[tuple[int, int, int], ...]
    result: tuple[int, int] | None = None
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    bias: int = NONE
    dynamic: bool = False
    dropped: tuple[str, ...] = ()


_ONE = ((0, 1, 2),)
_TWO = ((0, 1, 2), (3, 4, 5))
PLACES = {
    "QLinearConv": Places("Conv", _TWO, (6, 7), after=(8,), dropped=("channels_last",)),
    "QLinearMatMul": Places("MatMul", _TWO, (6, 7)),
    "QGemm": Places("Gemm", _TWO, (7, 8), after=(6,)),
    "QLinearAdd": Places("Add", _TWO, (6, 7)),
    "QLinearMul": Places("Mul", _TWO, (6, 7)),
    "QLinearSigmoid": Places("Sigmoid", _ONE, (3, 4)),
    "QLinearLeakyRelu": Places("LeakyRelu", _ONE, (3, 4)),
    "QLinearSoftmax": Places("Softmax", _ONE, (3, 4), dropped=("opset",)),
    "QLinearAveragePool": Places("AveragePool", _ONE, (3, 4), dropped=("channels_last",)),
    "QLinearGlobalAveragePool": Places("GlobalAveragePool", _ONE, (3, 4), dropped=("channels_last",)),
    "QLinearReduceMean": Places("ReduceMean", _ONE, (3, 4)),
    "QLinearWhere": Places("Where", ((1, 2, 3), (4, 5, 6)), (7, 8), before=(0,)),
    "ConvInteger": Places("Conv", ((0, NONE, 2), (1, NONE, 3))),
    "MatMulInteger": Places("MatMul", ((0, NONE, 2), (1, NONE, 3))),
    "MatMulIntegerToFloat": Places("MatMul", ((0, 2, 4), (1, 3, 5)), bias=6),
    "DynamicQuantizeMatMul": Places("MatMul", ((0, NONE, NONE), (1, 2, 3)), bias=4, dynamic=True),
    "QAttention": Places("Attention", ((0, 3, 6), (1, 4, 7)), after=(2, 5, 8)),
}
"""Inputs of the operators on codes, by type."""

_MICROSOFT = frozenset({"Attention"})


def linear(view: View, node: NodeProto) -> list[NodeProto]:
    """Return the float operator on the same tensors, and a bias behind it if it has one of its own."""
    places = PLACES[node.op_type]
    read = [_data(view, node, places, *one) for one in places.data]
    for place in (*places.after, places.bias):
        view.as_float(input_at(node, place))
    first = [same(node, node.input[0], read[0])] if places.dynamic else []
    inputs = (
        [input_at(node, place) for place in places.before] + read + [input_at(node, place) for place in places.after]
    )
    if places.result is None:
        _computed(view, node, integer=node.op_type in ("ConvInteger", "MatMulInteger"))
    else:
        _coded(view, node, places.result, read[0])
    found = with_bias(node, places, inputs)
    return [*first, *(channels_first(view, found[0]) if whole(node, "channels_last") else found)]


def with_bias(node: NodeProto, places: Places, inputs: list[str]) -> list[NodeProto]:
    """Return the float operator on ``inputs``, and an Add of its bias if it has one of its own."""
    bias, made = input_at(node, places.bias), list(node.output)
    if not bias:
        return [float_node(node, places.op, inputs, made, places.dropped)]
    product = f"{made[0]}#product"
    own = float_node(node, places.op, inputs, [product], places.dropped)
    return [own, float_node(node, "Add", [product, bias], made, tuple(one.name for one in node.attribute), "#bias")]


def input_at(node: NodeProto, place: int) -> str:
    """Return the name of an input; "" if it is left out."""
    return node.input[place] if 0 <= place < len(node.input) else ""


def float_node(
    node: NodeProto,
    op: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dropped: Sequence[str] = (),
    suffix: str = "",
) -> NodeProto:
    """Return a float operator with the name and the attributes of ``node``."""
    from onnx import helper

    inputs = list(inputs)
    while inputs and not inputs[-1]:
        inputs.pop()
    name = node.name.removesuffix("_quant") + suffix if node.name else ""
    made = helper.make_node(op, inputs, list(outputs), name=name, domain="com.microsoft" if op in _MICROSOFT else "")
    made.attribute.extend(one for one in node.attribute if one.name not in dropped)
    return made


def _data(view: View, node: NodeProto, places: Places, tensor: int, scale: int, zero: int) -> str:
    """Return the name under which the float operator reads a quantized input, and note its format."""
    name, scale_name, zero_name = (input_at(node, place) for place in (tensor, scale, zero))
    if view.source(name) is not None:
        element = view.codes.get(name, "int8")
        shape = _rescaled_by(view, node) if scale == NONE else None
        along = view.channel_axis(name, len(view.shape(name)))
        view.formats[name] = view.stored_format(name, element, scale_name, zero_name, axis=along, scale_shape=shape)
        view.as_float(name)
        return name
    if places.dynamic and tensor == 0:
        view.formats[f"{name}#codes"] = "uint8"
        return f"{name}#codes"
    view.formats.setdefault(name, "int8")
    return name


def _rescaled_by(view: View, node: NodeProto) -> tuple[int, ...]:
    """Return the shape of the stored scale that an integer product is multiplied by further on; () if none is found."""
    name = node.output[0]
    for _ in range(2):
        reader, place = next(iter(view.readers.get(name, ())), (None, 0))
        if reader is None:
            return ()
        if reader.op_type == "Mul":
            maker = view.makers.get(reader.input[1 - place])
            scales = [reader.input[1 - place], *(maker.input if maker is not None else ())]
            return next((tuple(view.stored[each].dims) for each in scales if each in view.stored), ())
        name = reader.output[0]
    return ()


def _computed(view: View, node: NodeProto, *, integer: bool) -> None:
    made = node.output[0]
    view.values[made] = view.formats[made] = "fp32"
    if integer:
        view.products.add(made)


def _coded(view: View, node: NodeProto, result: tuple[int, int], like: str) -> None:
    """Note that the result is codes, of the type of its zero point."""
    stored = view.source(input_at(node, result[1]))
    element = ELEMENTS.get(stored.data_type, "") if stored is not None else ""
    made = node.output[0]
    if not element and not input_at(node, result[0]):
        _computed(view, node, integer=False)
        return
    view.codes[made] = view.formats[made] = element or view.codes.get(like, "uint8")


def concat(view: View, node: NodeProto) -> list[NodeProto]:
    """QLinearConcat: the scale and zero point of the result, then three inputs for each tensor."""
    tensors = list(node.input[2::3])
    zero = view.source(node.input[1])
    made = node.output[0]
    view.codes[made] = view.formats[made] = ELEMENTS.get(zero.data_type, "uint8") if zero is not None else "uint8"
    return [float_node(node, "Concat", tensors, [made])]


def dynamic_lstm(view: View, node: NodeProto) -> list[NodeProto]:
    """DynamicQuantizeLSTM: an LSTM whose weights lie the other way round, with scales behind its other inputs."""
    read = [input_at(node, place) for place in range(12)]
    codes = f"{read[0]}#codes"
    view.formats[codes] = "uint8"
    for name, scale, zero in ((read[1], read[8], read[9]), (read[2], read[10], read[11])):
        if view.source(name) is None:
            continue
        shape = view.shape(name)
        view.formats[name] = view.stored_format(name, view.codes.get(name, "int8"), scale, zero, axis=len(shape) - 1)
        view.as_float(name, (*shape[:-2], *reversed(shape[-2:])))
    for made in filter(None, node.output):
        view.values[made] = view.formats[made] = "fp32"
    return [same(node, read[0], codes), float_node(node, "LSTM", [codes, *read[1:8]], list(node.output))]


OPERATORS: dict[str, Rule] = {
    **dict.fromkeys(PLACES, linear),
    "QLinearConcat": concat,
    "DynamicQuantizeLSTM": dynamic_lstm,
    "NhwcMaxPool": max_pool,
}
"""Rules by type of operator."""

LEAST = {
    "QuantizeLinear": 2, "DequantizeLinear": 2, "Quant": 4, "IntQuant": 4, "BipolarQuant": 2, "FloatQuant": 4,
    "Mul": 2, "QLinearConcat": 5, "MatMulNBits": 3, "MatMulBnb4": 3, "GatherBlockQuantized": 3,
    "DynamicQuantizeLSTM": 12,
    **{op: 1 + max(place for one in places.data for place in one[:2]) for op, places in PLACES.items()},
}  # fmt: skip
"""Inputs that an operator has at least, where that is more than one."""
