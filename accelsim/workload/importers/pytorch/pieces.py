"""Which operators of an exported module are one layer that PyTorch has no operator for?

- Local response normalization: ``nn.LocalResponseNorm`` calls eight operators (square, pad, average
  over the channels ...).
- Rotary embedding in halves: ``x * cos + cat(-x2, x1) * sin``, as Llama and its kin write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from accelsim.workload.importers.pytorch.call import operator, results
from accelsim.workload.importers.pytorch.names import module_of
from accelsim.workload.operators import Graph as Layers
from accelsim.workload.operators import Tensor, local_norm, rotary

if TYPE_CHECKING:
    from torch.fx import Graph, Node


@dataclass(frozen=True)
class Whole:
    """One layer in place of several operators.

    Parameters
    ----------
    name : str
        As an operator's, for the layer's name.
    read : torch.fx.Node
        What it reads.
    inside : tuple of torch.fx.Node
        The operators before the last, which nobody else reads.
    layer : callable
        From the graph of layers, a name and a tensor to what it makes.
    """

    name: str
    read: Node
    inside: tuple[Node, ...]
    layer: Callable[[Layers, str, Tensor], Tensor]


def wholes(graph: Graph) -> dict[Node, Whole]:
    """Return, by its last operator, every layer that is made of several."""
    return dict((*_local_norms(graph), *_rotations(graph)))


def _local_norms(graph: Graph) -> Iterator[tuple[Node, Whole]]:
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.op == "call_function" and module_of(node)[1].endswith("LocalResponseNorm"):
            groups.setdefault(str(next(reversed(node.meta["nn_module_stack"]))), []).append(node)
    for *others, last in groups.values():
        pool = next((node for node in others if operator(node).startswith("avg_pool")), None)
        if pool is None or operator(last) != "div" or not _closed(others, last):
            continue
        size = max(cast("list[int]", pool.args[1]))
        read = cast("Node", last.args[0])
        yield last, Whole("local_norm", read, tuple(others), partial(_local_norm, size))


def _closed(inside: list[Node], last: Node) -> bool:
    """Return whether nothing but ``last`` and each other reads the operators inside."""
    return all(set(node.users) <= {*inside, last} for node in inside)


def _rotations(graph: Graph) -> Iterator[tuple[Node, Whole]]:
    for node in graph.nodes:
        if node.op != "call_function" or operator(node) != "add":
            continue
        for straight, turned in (node.args[:2], node.args[1::-1]):
            found = _rotation(node, straight, turned)
            if found is not None:
                yield node, found
                break


def _rotation(last: Node, straight: Any, turned: Any) -> Whole | None:
    """Return the rotation that ends in ``straight + turned``, if it is one."""
    if _called(straight) != "mul" or _called(turned) != "mul":
        return None
    for joined in turned.args[:2]:
        if _called(joined) != "cat" or len(joined.args[0]) != 2:
            continue
        negative, first = joined.args[0]
        if _called(negative) != "neg":
            continue
        halves = [negative.args[0], first]
        parts = [half.args[0] for half in halves if _called(half) in ("slice", "getitem")]
        source = _source(parts)
        inside = [straight, turned, joined, negative, *halves]
        inside += [part for part in dict.fromkeys(parts) if part is not source]
        if source is None or source not in straight.args[:2] or not _closed(inside, last):
            continue
        if results(source)[0].shape != results(last)[0].shape:
            continue
        return Whole("rotary", source, tuple(inside), _rotary)
    return None


def _called(value: Any) -> str:
    """Return the operator of a node that is a call, or ""."""
    return operator(value) if getattr(value, "op", "") == "call_function" else ""


def _source(parts: list[Node]) -> Node | None:
    """Return the one tensor that both halves are parts of, through a chunk where there is one."""
    if len(parts) != 2 or parts[0] is not parts[1]:
        return None
    (whole, _) = parts
    return cast("Node", whole.args[0]) if _called(whole) in ("chunk", "split", "tensor_split") else whole


def _local_norm(size: int, layers: Layers, name: str, x: Tensor) -> Tensor:
    return local_norm(layers, name, x, size)


def _rotary(layers: Layers, name: str, x: Tensor) -> Tensor:
    return rotary(layers, name, x, x.shape[-1], x.shape[-1])
