"""Which float graph does a quantized one stand for, and in which formats are its tensors stored?

`float_view` replaces every quantized operator by the float operator that it approximates, before the
graph is walked, so that a quantized graph has the layers, multiply-accumulates and parameters of its
float original; the formats of its tensors stand beside it, by name. Quantizing and dequantizing are no
operators of their own: what they cost is the conversions of the scheme that follows the formats
(docs/from-model.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accelsim.documents import shown
from accelsim.errors import InputError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.quantized_operators import LEAST
from accelsim.workload.importers.onnx.quantized_operators import OPERATORS as ON_CODES
from accelsim.workload.importers.onnx.quantized_packed import PACKED
from accelsim.workload.importers.onnx.quantized_rules import RULES, Rule
from accelsim.workload.importers.onnx.quantized_view import View
from accelsim.workload.operators import Graph, Tensor

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


def _same(node: Node, graph: Graph) -> list[Tensor]:
    return [node.x()]


OPERATORS: dict[str, Callable[[Node, Graph], list[Tensor]]] = {
    "QuantizeLinear": _same,
    "DequantizeLinear": _same,
    "com.microsoft.QuantizeLinear": _same,
    "com.microsoft.DequantizeLinear": _same,
    "qonnx.custom_op.general.Quant": _same,
    "qonnx.custom_op.general.BipolarQuant": _same,
}
"""What is left for the walk: those in functions of the model, which `float_view` does not enter."""

DOMAINS = frozenset({
    "", "ai.onnx", "com.microsoft", "qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general",
})  # fmt: skip


@dataclass(frozen=True)
class Formats:
    """Formats that an ONNX graph states.

    Parameters
    ----------
    of : dict of str to str
        By tensor name, after `float_view`: a text of `accelsim.precision.parse_format`.
    usual : str
        Float format in which most of its tensors are computed; "" if it has none.
    """

    of: dict[str, str] = field(default_factory=dict)
    usual: str = ""


def float_view(model: ModelProto) -> Formats:
    """Replace the quantized operators of ``model`` by float ones, in place, and return its tensors' formats.

    ================================================ =====================================================
    quantized                                        becomes
    ================================================ =====================================================
    QuantizeLinear, DequantizeLinear, Quant,         Identity; what it makes has the quantized format
    BipolarQuant, Trunc, DynamicQuantizeLinear
    QLinearConv, ConvInteger, QLinearMatMul,         Conv, MatMul, Gemm, Add ... of the quantized tensors
    MatMulInteger, QGemm, QLinearAdd ...
    Cast and Mul behind an integer product           Identity: the rescale is the scheme's
    MatMulNBits, MatMulBnb4, GatherBlockQuantized    MatMul or Gather of a stored tensor of the true shape
    ================================================ =====================================================

    Raises
    ------
    InputError
        A quantized operator has too few inputs.
    """
    graph = model.graph
    view = View(graph)
    made: list[NodeProto] = []
    changed = False
    for node in graph.node:
        rule = _rule(node)
        replaced = rule(view, node) if rule is not None else None
        if replaced is None:
            view.flow(node)
            replaced = [node]
        changed = changed or not (len(replaced) == 1 and replaced[0] is node)
        made += replaced
    if changed:
        copied = [type(node).FromString(node.SerializeToString()) for node in made]
        del graph.node[:]
        graph.node.extend(copied)
        del graph.value_info[:]
        _keep_scales(view)
    return Formats(view.formats, _usual(view))


def _rule(node: NodeProto) -> Rule | None:
    """Return what stands for a node; None for an operator that is not quantized."""
    if node.domain not in DOMAINS:
        return None
    op = node.op_type
    least = LEAST.get(op, 1)
    rule = RULES.get(op) or ON_CODES.get(op) or PACKED.get(op)
    if rule is not None and (len(node.input) < least or not node.output):
        raise InputError(
            f"{op} must have at least {least} inputs and an output; {shown(node.name)} has {len(node.input)} "
            f"and {len(node.output)}."
        )
    return rule


def _usual(view: View) -> str:
    counts: dict[str, int] = {}
    for name in view.values.values():
        counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: counts[name], default="")


def _keep_scales(view: View) -> None:
    """Give a scale made at run time that something else reads a place: a stored scalar."""
    from onnx import helper

    made = {name for node in view.graph.node for name in node.output}
    read = {name for node in view.graph.node for name in node.input} | {value.name for value in view.graph.output}
    for name in sorted((view.scales & read) - made - view.stored.keys()):
        view.graph.initializer.append(helper.make_tensor(name, 1, (), [1.0]))
