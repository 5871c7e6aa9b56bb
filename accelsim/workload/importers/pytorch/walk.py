"""Which layers do the operators of an exported module become, one after the other?

Every node of the graph becomes a value: an activation, a stored tensor (a parameter, a buffer, or
what is computed from such alone, which is computed once and not in every pass), or several of these.
A node that is not understood is noted by name and hands on what it reads, so that the layers behind
it keep their producers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers.pytorch.call import Call, Value, arguments, extents, operator, resolve, results
from accelsim.workload.importers.pytorch.elements import ELEMENTS
from accelsim.workload.importers.pytorch.entry import entries
from accelsim.workload.importers.pytorch.formats import stated_format
from accelsim.workload.importers.pytorch.images import IMAGES
from accelsim.workload.importers.pytorch.names import layer_name, module_of
from accelsim.workload.importers.pytorch.norms import NORMS
from accelsim.workload.importers.pytorch.pieces import Whole, wholes
from accelsim.workload.importers.pytorch.products import PRODUCTS
from accelsim.workload.importers.pytorch.sequences import SEQUENCES
from accelsim.workload.importers.pytorch.views import VIEWS
from accelsim.workload.operators import Graph, Tensor

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.fx import GraphModule, Node

OPERATORS: dict[str, Callable[[Call], Value]] = VIEWS | ELEMENTS | PRODUCTS | IMAGES | NORMS | SEQUENCES
"""What each operator becomes, by its bare name."""

WRAPPERS = ("wrap_with_set_grad_enabled", "wrap_with_autocast", "tag_activation_checkpoint", "invoke_subgraph")
"""Operators that only call another graph, once, on the arguments behind it."""

LOOKUPS = ("embedding", "embedding_bag", "_embedding_bag", "index", "index_select")
"""Operators that read a stored tensor row by row even where their indices are fixed."""

UNKNOWN_FORM = (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError)
"""What a reader of an operator runs into whose arguments are not those that it knows: another release of torch."""

CREATORS = (
    "empty_like", "full_like", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros", "ones_like",
    "rand_like", "randint_like", "randn_like", "zeros_like",
)  # fmt: skip
"""Operators that take a tensor for its shape or type alone."""


def walk(program: ExportedProgram, graph: Graph, kv_cache: Sequence[str] = ()) -> tuple[list[Tensor], set[str]]:
    """Record the operators of ``program`` in ``graph``.

    ``kv_cache`` names the arguments that hold keys and values of earlier tokens. Returned are what the
    module hands out, and the names that end in that of an operator (`names.settled`).
    """
    inputs = entries(program, graph, kv_cache)
    called: set[str] = set()
    made = _Walk(graph, program.graph_module, called).run(inputs)
    return [tensor for tensor in _tensors(made) if not tensor.is_stored], called


def _tensors(value: Value) -> list[Tensor]:
    """Return all tensors in a value."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, tuple | list):
        return [tensor for each in value for tensor in _tensors(each)]
    return []


class _Walk:
    """The values of one graph's nodes so far; a graph inside another has a walk of its own."""

    def __init__(self, graph: Graph, module: GraphModule, called: set[str]) -> None:
        self.graph = graph
        self.called = called
        self.module = module
        self.values: dict[Node, Value] = {}
        self.wholes = wholes(module.graph)
        self.inside = {node for whole in self.wholes.values() for node in whole.inside}

    def run(self, inputs: Sequence[Value]) -> Value:
        """Return what the graph makes of ``inputs``."""
        entries = iter(inputs)
        for node in self.module.graph.nodes:
            if node.op == "placeholder":
                self.values[node] = next(entries)
            elif node.op == "get_attr":
                self.values[node] = self._attribute(node)
            elif node.op == "output":
                return resolve(node.args[0], self.values)
            elif node in self.wholes:
                self.values[node] = self._whole(node, self.wholes[node])
            elif node not in self.inside:
                self.values[node] = self._call(node)
        return None

    def _whole(self, node: Node, whole: Whole) -> Value:
        """Return what a layer made of several operators makes."""
        self.graph.operators += 1
        x = self.values[whole.read]
        if x.is_stored:
            return self._constant(node, [x])
        return self._formatted(whole.layer(self.graph, self._name(node, whole.name), x), node)

    def _attribute(self, node: Node) -> Value:
        """Return a graph or a constant tensor that the module keeps."""
        found: Any = self.module
        for part in str(node.target).split("."):
            found = getattr(found, part)
        if hasattr(found, "graph"):
            return found
        return self.graph.stored(str(node.target), tuple(found.shape), parameter=False)

    def _call(self, node: Node) -> Value:
        name = operator(node)
        values = arguments(node, self.values)
        if name in WRAPPERS:
            return self._inside(list(values.values()))
        if name == "getitem":
            return OPERATORS[name](self._described(node, name, values))
        described = results(node)
        if not described:
            return None
        read = [] if name in CREATORS else _tensors(list(values.values()))
        if name not in VIEWS and name not in LOOKUPS and all(tensor.is_stored for tensor in read):
            return self._constant(node, read)
        return self._formatted(self._layers(node, name, values, read), node)

    def _inside(self, values: list[Value]) -> Value:
        """Return what a graph inside this one makes of the arguments behind it."""
        place = next(number for number, value in enumerate(values) if hasattr(value, "graph"))
        behind = [value for value in values[place + 1 :] if not isinstance(value, str)]
        if len(behind) == 1 and isinstance(behind[0], list):
            (behind,) = behind
        return _Walk(self.graph, values[place], self.called).run(behind)

    def _described(self, node: Node, name: str, values: Mapping[str, Value]) -> Call:
        weight = values.get("weight")
        path, _ = module_of(node)
        stored = weight.stored if isinstance(weight, Tensor) else ""
        return Call(self.graph, node, name, self._name(node, name, stored), path, values)

    def _name(self, node: Node, operator_name: str, weight: str = "") -> str:
        """Return what a node's layer is called; a name that ends in its operator's is remembered."""
        made, path = layer_name(node, operator_name, weight), module_of(node)[0]
        if made != path:
            self.called.add(made)
        return made

    def _layers(self, node: Node, name: str, values: Mapping[str, Value], read: list[Tensor]) -> Value:
        """Return what an operator makes, or, if it is not understood, what hands on what it reads."""
        self.graph.operators += name not in VIEWS
        call = self._described(node, name, values)
        problem = ""
        try:
            shapes = call.shapes
        except InputError as error:
            raise InputError(error.message, where=f"{_spelled(node)} in {call.inside or 'the module'}") from None
        if name in OPERATORS:
            try:
                made = OPERATORS[name](call)
            except (InputError, UnsupportedError) as error:
                problem = f" ({error.message.rstrip('.')})"
            except UNKNOWN_FORM:
                problem = " (in a form that is not known here)"
            else:
                if [tensor.shape for tensor in _tensors(made)] == shapes:
                    return made
                problem = " (its result has other extents than here)"
        self.graph.skip(f"{_spelled(node)}{problem}")
        producers = tuple(dict.fromkeys(maker for tensor in read for maker in tensor.producers)) or ("input",)
        handed = [Tensor(shape, producers) for shape in shapes]
        return handed if isinstance(node.meta.get("val"), tuple | list) else handed[0]

    def _constant(self, node: Node, read: list[Tensor]) -> Value:
        """Return what is computed from stored tensors alone: it stands for the largest of them."""
        largest = max(read, key=lambda tensor: tensor.parameters or tensor.elements / 2**60, default=None)
        made = []
        for each in results(node):
            shape = extents(each)
            if largest is None:
                made.append(self.graph.stored(node.name, shape, stated_format(each.dtype), parameter=False))
            else:
                made.append(largest.like(shape))
        return made if isinstance(node.meta.get("val"), tuple | list) else made[0]

    def _formatted(self, made: Value, node: Node) -> Value:
        """Return activations with the formats that torch gives them; stored tensors keep theirs."""
        formats = iter([stated_format(each.dtype) for each in results(node)])

        def told(value: Value) -> Value:
            if isinstance(value, list):
                return [told(each) for each in value]
            format_ = next(formats, "")
            return value if value.is_stored else replace(value, format=format_)

        return told(made) if _tensors(made) else made


def _spelled(node: Node) -> str:
    """Return an operator as torch spells it."""
    schema = getattr(node.target, "_schema", None)
    return schema.name.replace("::", ".") if schema is not None else operator(node)
