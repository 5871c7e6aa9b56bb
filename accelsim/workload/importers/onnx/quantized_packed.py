"""Which stored tensor do packed bytes stand for: MatMulNBits, MatMulBnb4, GatherBlockQuantized?

Operators of com.microsoft whose weights of a few bits lie in blocks, several codes in a byte. The tensor
gets its true shape back, and the blocks become its format.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from accelsim.documents import shown
from accelsim.errors import InputError
from accelsim.workload.importers.onnx.quantized_formats import ELEMENTS, FLOATS, grouped_text
from accelsim.workload.importers.onnx.quantized_operators import Places, input_at, with_bias
from accelsim.workload.importers.onnx.quantized_rules import Rule
from accelsim.workload.importers.onnx.quantized_view import View, whole

if TYPE_CHECKING:
    from onnx import NodeProto


def packed_matmul(view: View, node: NodeProto) -> list[NodeProto] | None:
    """MatMulNBits: packed weights in blocks along the reduction; zero points in the middle if none are given."""
    name = node.input[1]
    bits, block = whole(node, "bits", 4), whole(node, "block_size", 0)
    _check(view, node, bits, block)
    zero = input_at(node, 3)
    if zero:
        zeros = view.source(zero)
        kind = FLOATS.get(zeros.data_type, "") if zeros is not None else ""
        text = grouped_text(f"uint{bits}", block, view.scale_type(node.input[2]), kind or f"uint{bits}")
    else:
        text = grouped_text(f"int{bits}", block, view.scale_type(node.input[2]))
    return _unpacked(view, node, name, text, Places("MatMul", (), bias=5))


def _check(view: View, node: NodeProto, bits: int, block: int) -> None:
    """Refuse a MatMulNBits whose packed bytes are not those of a K x N matrix."""
    reduction, columns = whole(node, "K"), whole(node, "N")
    called = f"MatMulNBits {shown(node.name)}"
    if not 2 <= bits <= 8 or min(block, reduction, columns) < 1:
        raise InputError(
            f"{called} must have 2 to 8 bits and a block_size, K and N of at least 1; "
            f"got bits {bits}, block_size {block}, K {reduction}, N {columns}."
        )
    packed = view.stored.get(node.input[1])
    needed = columns * -(-reduction // block) * -(-block * bits // 8)
    if packed is not None and ELEMENTS.get(packed.data_type) == "uint8" and prod(packed.dims) != needed:
        raise InputError(
            f"{called} must have {needed} bytes of weights for {reduction} x {columns} of {bits} bits in blocks of "
            f"{block}; got {prod(packed.dims)}."
        )


def packed_bnb(view: View, node: NodeProto) -> list[NodeProto] | None:
    """MatMulBnb4: weights in the 4-bit code books of bitsandbytes, FP4 or NF4."""
    block = whole(node, "block_size", 64)
    book = "nf4" if whole(node, "quant_type", 1) == 1 and block == 64 else grouped_text("fp4e2m1", block, "fp32")
    return _unpacked(view, node, node.input[1], book, Places("MatMul", ()))


def _unpacked(view: View, node: NodeProto, name: str, text: str, places: Places) -> list[NodeProto] | None:
    """Return a matmul by a stored tensor of the true shape, K x N, in place of packed bytes."""
    if name not in view.stored:
        return None
    view.as_float(name, (whole(node, "K", 0), whole(node, "N", 0)))
    view.formats[name] = text
    made = node.output[0]
    view.values[made] = view.formats[made] = view.values.get(node.input[0], "fp32")
    own = tuple(one.name for one in node.attribute)
    return with_bias(node, Places(places.op, (), bias=places.bias, dropped=own), [node.input[0], name])


def packed_gather(view: View, node: NodeProto) -> list[NodeProto] | None:
    """GatherBlockQuantized: a look-up in a table of a few bits in blocks."""
    from onnx import helper

    name, indices, scale = node.input[:3]
    if name not in view.stored or not 1 <= whole(node, "bits", 4) <= 8:
        return None
    element, bits = view.codes.get(name, "uint4"), whole(node, "bits", 4)
    if element == "uint8" and bits < 8:
        element = f"uint{bits}"
        *outer, inner = view.stored[name].dims
        view.as_float(name, (*outer, inner * 8 // bits))
    view.as_float(name)
    zero = element if input_at(node, 3) else ""
    span = whole(node, "block_size", 128)
    view.formats[name] = grouped_text(
        element if zero else element.removeprefix("u"), span, view.scale_type(scale), zero
    )
    made = node.output[0]
    view.values[made] = view.formats[made] = view.scale_type(scale)
    return [helper.make_node("Gather", [name, indices], [made], name=node.name, axis=whole(node, "gather_axis", 0))]


PACKED: dict[str, Rule] = {
    "MatMulNBits": packed_matmul,
    "MatMulBnb4": packed_bnb,
    "GatherBlockQuantized": packed_gather,
}
"""Rules by type of operator."""
