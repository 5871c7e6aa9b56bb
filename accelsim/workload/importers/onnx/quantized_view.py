"""What is known of a graph's tensors while its quantized operators are replaced by float ones?"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, prod
from typing import TYPE_CHECKING

from accelsim.workload.importers.onnx.quantized_formats import ELEMENTS, FLOATS, grouped_text, span_of, zero_point

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, NodeProto, TensorProto

VIEWS = frozenset({"Identity", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Split"})
"""Operators that make of a stored tensor another stored one."""

MOVES = VIEWS | {
    "Concat", "Expand", "Tile", "Pad", "MaxPool", "GlobalMaxPool", "Dropout", "DepthToSpace", "SpaceToDepth", "Gather",
    "GatherND", "GatherElements", "Where", "Upsample", "ScatterND", "ScatterElements", "Compress", "ReverseSequence",
    "CenterCropPad", "NhwcMaxPool",
}  # fmt: skip
"""Operators that hand values on as they are: what they make is stored as what they read."""

SAME_AXES = frozenset({"Identity", "Cast", "QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant", "FloatQuant",
                       "BipolarQuant", "Clip"})  # fmt: skip
_LAST_OF_SECOND = frozenset(
    {"MatMul", "MatMulInteger", "QLinearMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"}
)
_LONGEST_WAY = 32
_MOST_READ = 1 << 16


class View:
    """A graph, its stored tensors and what its tensors hold: values, codes, scales.

    Parameters
    ----------
    graph : GraphProto

    Attributes
    ----------
    formats : dict of str to str
        Number format of a tensor, as far as known.
    codes : dict of str to str
        Element format of a tensor that holds integer or narrow float codes instead of values.
    values : dict of str to str
        Float format in which a tensor's values are computed.
    scales, products : set of str
        Scales made at run time; integer products that wait to be multiplied by them.
    """

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph
        self.stored: dict[str, TensorProto] = {tensor.name: tensor for tensor in graph.initializer}
        self.makers: dict[str, NodeProto] = {}
        self.readers: dict[str, list[tuple[NodeProto, int]]] = {}
        self.formats: dict[str, str] = {}
        self.codes: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.scales: set[str] = set()
        self.products: set[str] = set()
        for node in graph.node:
            self.makers.update((name, node) for name in node.output if name)
            for place, name in enumerate(node.input):
                self.readers.setdefault(name, []).append((node, place))
            if node.op_type == "Constant" and node.output:
                self.stored.update((node.output[0], tensor) for tensor in map(_constant, node.attribute) if tensor)
        for name, tensor in self.stored.items():
            self._typed(name, tensor.data_type)
        for value in graph.input:
            if value.name not in self.stored:
                self._typed(value.name, value.type.tensor_type.elem_type)

    def _typed(self, name: str, type_: int) -> None:
        """Note what the type of an input or of a stored tensor says; wide integers are indices and say nothing."""
        if type_ in FLOATS:
            self.formats[name] = self.values[name] = FLOATS[type_]
        elif type_ in ELEMENTS and ELEMENTS[type_] not in ("int32", "int64", "uint32", "uint64", "e8m0"):
            self.formats[name] = self.codes[name] = ELEMENTS[type_]

    def source(self, name: str) -> TensorProto | None:
        """Return the stored tensor that ``name`` is, or is made of by moving, casting or (de)quantizing it."""
        for _ in range(_LONGEST_WAY):
            if name in self.stored:
                return self.stored[name]
            node = self.makers.get(name)
            if node is None or not node.input or not (node.op_type in VIEWS or node.op_type in SAME_AXES):
                return None
            name = node.input[0]
        return None

    def scale_type(self, name: str) -> str:
        """Return the format in which a scale is stored; fp32 if it is not known."""
        scales = self.source(name) if name else None
        return ELEMENTS.get(scales.data_type, "fp32") if scales is not None else "fp32"

    def number(self, name: str) -> float | None:
        """Return the value of a stored scalar (the largest of several), or None if it is not one."""
        tensor = self.source(name) if name else None
        if tensor is None or tensor.data_location == 1 or prod(tensor.dims) > _MOST_READ:
            return None
        from onnx import numpy_helper

        try:
            values = numpy_helper.to_array(tensor)
        except (ValueError, TypeError):
            return None
        most = float(values.max()) if values.size and values.dtype.kind in "iuf" else inf
        return most if isfinite(most) else None

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a stored tensor where it stands; transposed as it is on its way."""
        if name in self.stored:
            return tuple(self.stored[name].dims)
        node = self.makers[name]
        found = self.shape(node.input[0])
        if node.op_type == "Transpose":
            return tuple(_ordered(found, node))
        return found

    def channel_axis(self, name: str, rank: int) -> int:
        """Return the axis of a stored tensor along which the operator that reads it has output channels."""
        axes = list(range(rank))
        for _ in range(_LONGEST_WAY):
            node, place = next(iter(self.readers.get(name, ())), (None, 0))
            if node is None or not rank:
                break
            if node.op_type == "Transpose":
                axes = _ordered(axes, node)
            elif node.op_type not in SAME_AXES:
                return axes[_channels(node, place, rank) % rank]
            name = node.output[0]
        return 0

    def as_float(self, name: str, shape: Sequence[int] | None = None) -> None:
        """Make a stored tensor of codes the float tensor that it stands for, of its true shape, without data."""
        tensor = self.source(name)
        if tensor is None or tensor.data_type in FLOATS:
            return
        dims = tuple(tensor.dims) if shape is None else tuple(shape)
        stored_name = tensor.name
        tensor.Clear()
        tensor.name, tensor.data_type = stored_name, 1
        tensor.dims.extend(dims)

    def stored_format(
        self, name: str, element: str, scale: str, zero: str = "", *, axis: int = 1, block: int = 0,
        scale_shape: Sequence[int] | None = None,
    ) -> str:  # fmt: skip
        """Return the format of a stored tensor quantized to ``element`` with the named scales and zero points."""
        shape, scales = self.shape(name), self.source(scale) if scale else None
        if scale_shape is None:
            scale_shape = () if scales is None else tuple(scales.dims)
        span = span_of(scale_shape, shape, self.channel_axis(name, len(shape)), axis, block)
        element, offset = zero_point(self.source(zero) if zero else None, element, given=bool(zero))
        return grouped_text(element, span, self.scale_type(scale), offset)

    def flow(self, node: NodeProto) -> None:
        """Note what an operator makes that is not quantized itself."""
        read = [name for name in node.input if name]
        stored = [name for name in read if self.source(name) is not None]
        active = [name for name in read if name not in stored] or read
        if node.op_type.startswith("Gather"):
            held, hands_on = next(iter(read), ""), not set(read[:1]) & set(stored)
        else:
            held = next((name for name in active if name in self.formats), "")
            hands_on = node.op_type in (VIEWS if active == stored else MOVES)
        value = next((self.values[name] for name in (*active, *stored) if name in self.values), "")
        for made in filter(None, node.output):
            if value:
                self.values[made] = value
            if held in self.codes:
                self.formats[made] = self.codes[made] = self.codes[held]
            elif hands_on and held in self.formats:
                self.formats[made] = self.formats[held]
            elif value:
                self.formats[made] = value


def _ordered(items: Sequence[int], node: NodeProto) -> list[int]:
    """Return items in the order of a Transpose; as they are if it is not an order of so many."""
    order = wholes(node, "perm") or tuple(reversed(range(len(items))))
    return [items[axis] for axis in order] if sorted(order) == list(range(len(items))) else list(items)


def _constant(given: AttributeProto) -> TensorProto | None:
    """Return the tensor that an attribute of a Constant gives, if it is one or a float."""
    if given.name == "value":
        return given.t
    if given.name != "value_float":
        return None
    from onnx import helper

    return helper.make_tensor("", 1, (), [given.f])


def _channels(node: NodeProto, place: int, rank: int) -> int:
    """Return the axis of the input at ``place`` along which an operator has output channels."""
    op = node.op_type
    if op in _LAST_OF_SECOND:
        return -1 if place else max(0, rank - 2)
    if op in ("Gemm", "QGemm"):
        return (0 if whole(node, "transB") else 1) if place else (1 if whole(node, "transA") else 0)
    if op == "DynamicQuantizeLSTM":
        return -1
    return 1 if op in ("ConvTranspose", "LSTM", "GRU", "RNN") else 0


def whole(node: NodeProto, name: str, default: int = 0) -> int:
    """Return an attribute that is a whole number, or ``default`` if the node does not give it so."""
    return next((int(one.i) for one in node.attribute if one.name == name and one.type == 2), default)


def wholes(node: NodeProto, name: str) -> tuple[int, ...]:
    """Return an attribute that is a list of whole numbers, () if the node does not give it so."""
    return next((tuple(one.ints) for one in node.attribute if one.name == name and one.type == 7), ())
