"""Which matrix product is a linear layer, a MatMul or an Einsum on tensors of any rank?

Every product of two tensors is ``groups`` products of an M x K by a K x N matrix (`Shape.gemm`). Axes
that only the left tensor has go into M, those that only the right one has into N, those that both
have and the result keeps into the groups, those that are summed over into K. An axis along which the
right tensor is broadcast or repeats its elements goes into M: keys that query heads share are read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Dims, Tensor, broadcast
from accelsim.workload.operators.views import cut, reshape
from accelsim.workload.shape import Shape
from accelsim.workload.vector import ops


@dataclass
class Extents:
    """Extents of one product: how many, of an M x K by a K x N matrix."""

    groups: int = 1
    M: int = 1
    N: int = 1
    K: int = 1

    def shared(self, size: int, left: tuple[int, int], right: tuple[int, int]) -> None:
        """Add an axis of ``size`` that both tensors and the result have; each gives (extent, repeats)."""
        own, other = left[0] // left[1], right[0] // right[1]
        few = min(own, other)
        self.groups *= few
        if own >= other:
            self.M *= size // few
        else:
            self.N *= size // few


def linear(graph: Graph, name: str, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``x`` times the transpose of ``weight`` (outputs x features), plus ``bias`` (outputs)."""
    if len(weight.shape) != 2 or not x.shape or x.shape[-1] != weight.shape[1]:
        raise InputError(f"a linear layer must have a weight of outputs x features; got {weight.text()} on {x.text()}.")
    extents = Extents(M=prod(x.shape[:-1]), N=weight.shape[0], K=weight.shape[1])
    return _product(graph, name, x, weight, extents, (*x.shape[:-1], weight.shape[0]), bias)


def matmul(graph: Graph, name: str, left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the product of two tensors as numpy does it: the last two axes, the others broadcast."""
    if not left.shape or not right.shape:
        raise InputError(f"a matmul must have two tensors of rank 1 or more; got {left.text()} and {right.text()}.")
    first = left if len(left.shape) > 1 else reshape(left, (1, *left.shape))
    second = right if len(right.shape) > 1 else reshape(right, (*right.shape, 1))
    if first.shape[-1] != second.shape[-2]:
        raise InputError(f"must agree in the extent that a matmul sums over; got {left.text()} and {right.text()}.")
    batch = broadcast(first.shape[:-2], second.shape[:-2])
    extents = Extents(M=first.shape[-2], N=second.shape[-1], K=first.shape[-1])
    shape: Dims = (*batch, *first.shape[-2:-1][: len(left.shape) > 1], *second.shape[-1:][: len(right.shape) > 1])
    for place, size in enumerate(batch, start=-len(batch)):
        if size:
            extents.shared(size, _axis(first, place - 2, size), _axis(second, place - 2, size))
        else:
            extents.groups = 0
    return _product(graph, name, first, second, extents, shape, bias)


def _axis(x: Tensor, place: int, size: int) -> tuple[int, int]:
    """Return extent and repeats of an axis counted from behind, broadcast to ``size``."""
    if -place > len(x.shape) or x.shape[place] == 1:
        return size, size
    return size, x.repeats[place] if x.repeats else 1


def einsum(graph: Graph, name: str, equation: str, tensors: Sequence[Tensor]) -> Tensor:
    """Return an Einstein sum: of one tensor a reduction, of several one product after the other, left to right.

    Raises
    ------
    UnsupportedError
        A label stands twice in one term (a diagonal), or there is an ellipsis.
    """
    terms, result = _terms(equation, tensors)
    made, labels = tensors[0], terms[0]
    for number, (other, term) in enumerate(zip(tensors[1:], terms[1:], strict=True), start=1):
        needed = set(result).union(*terms[number + 1 :])
        keep = [label for label in dict.fromkeys(labels + term) if label in needed]
        own = name if number == len(tensors) - 1 else f"{name}.{number}"
        made, labels = _pair(graph, own, (made, labels), (other, term), keep), "".join(keep)
    sizes = dict(zip(labels, made.shape, strict=True))
    if gone := [label for label in labels if label not in result]:
        made = _summed(graph, name, made, [label in gone for label in labels])
    if any(label not in sizes for label in result):
        raise InputError(f"an einsum must have every label of its result in a term; got {equation!r}.")
    return made.like(tuple(sizes[label] for label in result))


def _terms(equation: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    text = equation.replace(" ", "")
    if "." in text:
        raise UnsupportedError("an einsum with an ellipsis is not understood.")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    if not arrow:
        result = "".join(sorted(label for label in set(left) - {","} if left.count(label) == 1))
    if len(terms) != len(tensors) or not all(term.isalpha() or not term for term in [*terms, result]):
        raise InputError(f"an einsum must name the axes of its {len(tensors)} tensors by letters; got {equation!r}.")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        if len(set(term)) != len(term):
            raise UnsupportedError("an einsum that takes a diagonal is not understood.")
        if len(term) != len(tensor.shape):
            raise InputError(f"an einsum must have a label for each axis; got {term!r} for {tensor.text()}.")
        for label, size in zip(term, tensor.shape, strict=True):
            known = sizes.setdefault(label, size)
            if known != size and 1 not in (known, size):
                raise InputError(f"an einsum must have one extent per label; got {known} and {size} for {label}.")
            sizes[label] = max(known, size)
    return terms, result


def _summed(graph: Graph, name: str, x: Tensor, gone: list[bool]) -> Tensor:
    from accelsim.workload.operators.pooling import reduce

    axes = [place for place, each in enumerate(gone) if each]
    return reduce(graph, name, "sum", x, axes, keepdims=True)


def _pair(graph: Graph, name: str, left: tuple[Tensor, str], right: tuple[Tensor, str], keep: list[str]) -> Tensor:
    """Return the product of two labelled tensors, with the axes ``keep``."""
    (x, first), (y, second) = left, right
    sizes = {label: max(size, 1) for label, size in zip(second + first, y.shape + x.shape, strict=True)}
    for label, size in zip(second, y.shape, strict=True):
        sizes[label] = max(sizes[label], size)
    extents = Extents()
    for label, size in sizes.items():
        if label in keep and label in first and label in second:
            one, two = (_labelled(tensor, term, label, size) for tensor, term in (left, right))
            extents.shared(size, one, two)
        elif label in keep:
            extents.M *= size if label in first else 1
            extents.N *= size if label not in first else 1
        else:
            extents.K *= size
    return _product(graph, name, x, y, extents, tuple(sizes[label] for label in keep), None)


def _labelled(x: Tensor, term: str, label: str, size: int) -> tuple[int, int]:
    place = term.index(label)
    if x.shape[place] != size:
        return size, size
    return size, x.repeats[place] if x.repeats else 1


def _product(
    graph: Graph, name: str, left: Tensor, right: Tensor, extents: Extents, shape: Dims, bias: Tensor | None
) -> Tensor:
    """Record one product; a stored tensor on the left side is taken for the weights."""
    if left.is_stored and right.is_stored:
        return cut(left.like((left.elements,)), shape) if left.elements == prod(shape) else right.like(shape)
    if left.is_stored:
        left, right = right, left
        extents = Extents(extents.groups, extents.N, extents.M, extents.K)
    if not all((extents.groups, extents.M, extents.N, extents.K)):
        return left.like(shape)
    name = graph.fresh(name)
    own = Shape.gemm(M=extents.M, N=extents.N, K=extents.K, groups=extents.groups)
    weights = [tensor for tensor in (right, bias) if tensor is not None and tensor.is_stored]
    reads = [left] if right.is_stored else [left, right]
    layer = Layer(
        name,
        "linear" if right.is_stored else "matmul",
        own,
        second_operand="weights" if right.is_stored else "kv" if right.cached else "activation",
        vector_ops=ops(add=own.words("O") if bias is not None else 0),
        inputs=tuple(maker for tensor in reads for maker in tensor.producers),
        parameters=bias.parameters if bias is not None else 0,
    )
    return graph.record(
        layer.kind, [layer], reads, shape, weights=weights, biased=bias is not None
    )  # fmt: skip
