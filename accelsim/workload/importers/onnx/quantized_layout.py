"""How does an operator on images with their channels last become one with channels first?

ONNX Runtime writes some quantized operators for batch, height, width, channels. The float operator has
the channels in front, so that its input is transposed before it and its result behind: views, at no cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.workload.importers.onnx.quantized_view import View, wholes

if TYPE_CHECKING:
    from onnx import NodeProto


def channels_first(view: View, node: NodeProto) -> list[NodeProto]:
    """Return a float operator that reads and makes channels last as one that has them first, and its transposes."""
    from onnx import helper

    source, made = node.input[0], node.output[0]
    rank = _rank(view, node)
    read, result = f"{made}#read", f"{made}#made"
    for name, like in ((read, source), (result, made)):
        if like in view.formats:
            view.formats[name] = view.formats[like]
    node.input[0], node.output[0] = read, result
    before = helper.make_node("Transpose", [source], [read], perm=[0, rank - 1, *range(1, rank - 1)])
    behind = helper.make_node("Transpose", [result], [made], perm=[0, *range(2, rank), 1])
    return [before, node, behind]


def _rank(view: View, node: NodeProto) -> int:
    """Return the axes of an operator's image: as many as its filter has, 4 if it has none."""
    if len(node.input) > 1 and view.source(node.input[1]) is not None:
        return max(3, len(view.shape(node.input[1])))
    return len(wholes(node, "kernel_shape") or (1, 1)) + 2


def max_pool(view: View, node: NodeProto) -> list[NodeProto]:
    """NhwcMaxPool: a MaxPool on codes with their channels last."""
    from onnx import helper

    made = helper.make_node("MaxPool", [node.input[0]], [node.output[0]], name=node.name)
    made.attribute.extend(node.attribute)
    view.flow(node)
    return channels_first(view, made)
