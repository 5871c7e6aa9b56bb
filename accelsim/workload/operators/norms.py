"""What do normalizations and softmax cost on tensors of any rank? The laws of `accelsim.workload.vector`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.norm_law import norm_ops
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.vector import Ops, batch_norm_ops, local_norm_ops, softmax_ops


def batch_norm(graph: Graph, name: str, x: Tensor, affine: Sequence[Tensor] = ()) -> Tensor:
    """Return ``x`` normalized with stored statistics; ``affine`` are gain and shift, the only parameters.

    Directly behind a convolution or linear layer it is folded into that layer's weights.
    """
    return _norm(graph, name, "batch_norm", x, batch_norm_ops(x.elements), affine)


def layer_norm(graph: Graph, name: str, x: Tensor, axes: int = 1, affine: Sequence[Tensor] = ()) -> Tensor:
    """Return ``x`` normalized over its last ``axes`` axes; ``affine`` is the gain, or gain and shift."""
    width = prod(x.shape[len(x.shape) - axes :])
    return _norm(graph, name, "layer_norm", x, _rows(x, width, affine, centered=True), affine)


def rms_norm(graph: Graph, name: str, x: Tensor, axes: int = 1, affine: Sequence[Tensor] = ()) -> Tensor:
    """Return ``x`` divided by its root mean square over its last ``axes`` axes; ``affine`` is the gain."""
    width = prod(x.shape[len(x.shape) - axes :])
    return _norm(graph, name, "rms_norm", x, _rows(x, width, affine, centered=False), affine)


def group_norm(graph: Graph, name: str, x: Tensor, groups: int, affine: Sequence[Tensor] = ()) -> Tensor:
    """Return ``x`` normalized over groups of its channels, its second axis; an instance norm has groups of one."""
    if len(x.shape) < 2 or groups < 1 or x.shape[1] % groups:
        raise InputError(f"groups must divide the channels of {x.text()}; got {groups}.")
    width = prod(x.shape[1:]) // groups
    return _norm(graph, name, "group_norm", x, _rows(x, width, affine, centered=True), affine)


def local_norm(graph: Graph, name: str, x: Tensor, size: int) -> Tensor:
    """Return AlexNet's local response normalization across ``size`` channels."""
    return _norm(graph, name, "local_norm", x, local_norm_ops(x.elements, size), ())


def softmax(graph: Graph, name: str, x: Tensor) -> Tensor:
    """Return a softmax, or its logarithm, along any axis."""
    return _norm(graph, name, "softmax", x, softmax_ops(x.elements), (), "softmax")


def _rows(x: Tensor, width: int, affine: Sequence[Tensor], *, centered: bool) -> Ops:
    if not width:
        return ()
    return norm_ops(x.elements // width, width, centered=centered, gain=len(affine) > 0, shift=len(affine) > 1)


def _norm(
    graph: Graph, name: str, operator: str, x: Tensor, counts: Ops, affine: Sequence[Tensor], kind: str = "norm"
) -> Tensor:
    if x.is_stored or not x.elements:
        return x.like(x.shape)
    weights = [tensor for tensor in affine if tensor.is_stored]
    active = [tensor for tensor in affine if not tensor.is_stored]
    layer = Layer(
        graph.fresh(name),
        kind,
        vector_ops=counts,
        inputs=tuple(maker for tensor in (x, *active) for maker in tensor.producers),
        input_elements=x.words + sum(tensor.words for tensor in active),
        output_elements=x.elements,
        parameters=sum(tensor.parameters for tensor in weights),
    )
    return graph.record(operator, [layer], [x, *active], x.shape, weights=weights)
