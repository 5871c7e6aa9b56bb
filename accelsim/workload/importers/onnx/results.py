"""What does one operator make: a value that is known, tensors of layers, or something that nobody counts?"""

from __future__ import annotations

from accelsim.documents import shown
from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers.onnx.constants import evaluate, literal
from accelsim.workload.importers.onnx.formats import stated_format
from accelsim.workload.importers.onnx.hints import Hints
from accelsim.workload.importers.onnx.node import Array, MissingError, Node, Value
from accelsim.workload.importers.onnx.nodes import OPERATORS, VIEWS
from accelsim.workload.operators import Graph, Tensor

MOST_BYTES = 64 * 2**20
"""Most bytes of computed values of a model; what is beyond is not known."""


class Results:
    """Gives every operator to whoever understands it, and lists the others on the graph.

    Parameters
    ----------
    graph : Graph
    hints : Hints
        Shapes that the file or onnx's own inference tells, for what is not understood.
    """

    def __init__(self, graph: Graph, hints: Hints) -> None:
        self.graph = graph
        self.hints = hints
        self.computed_bytes = 0

    def of(self, node: Node) -> list[Value]:
        """Return what an operator makes; trailing results that nobody knows may be left out.

        Raises
        ------
        InputError
            Its inputs or attributes do not fit the operator or each other.
        """
        arrays = evaluate(node) if self.computed_bytes < MOST_BYTES else None
        if arrays is not None:
            self.computed_bytes += sum(array.nbytes for array in arrays)
            return [self._computed(node, name, array) for name, array in zip(node.outputs, arrays, strict=False)]
        handler = OPERATORS.get(node.operator)
        try:
            if handler is None:
                raise UnsupportedError("it has no function.")
            made = handler(node, self.graph)
        except UnsupportedError as error:
            return self._without(node, error)
        except (ArithmeticError, IndexError, ValueError) as error:
            raise InputError(f"has inputs or attributes that do not fit each other: {shown(str(error))}.") from None
        array = literal(node) if node.operator == "Constant" else None
        return [Value(tensor, array, _kind(node)) for tensor in made]

    def _computed(self, node: Node, name: str, array: Array) -> Value:
        """Return a value that was computed: no parameter, unless it is a view of several stored ones."""
        source = next((v.tensor for v in node.inputs if v is not None and v.tensor is not None), None)
        kind = {"float32": 1, "float16": 10}.get(str(array.dtype), 7)
        if source is not None and source.parameters and array.dtype.kind == "f":
            tensor = self.graph.stored(source.stored, array.shape, stated_format(kind))
        else:
            tensor = self.graph.stored(f"{node.name}/{name}", array.shape, stated_format(kind), parameter=False)
        array = array.view()
        array.flags.writeable = False
        return Value(tensor, array, kind)

    def _without(self, node: Node, reason: UnsupportedError) -> list[Value]:
        """Return what an operator makes that is not understood; a view is understood if its shape is known."""
        known = self._told(node)
        if node.operator in VIEWS and node.inputs and all(value.tensor is not None for value in known):
            return known
        why = " of unknown shape" if isinstance(reason, MissingError) else ""
        self.graph.skip(f"{node.operator}{why}")
        return known

    def _told(self, node: Node) -> list[Value]:
        """Return what an operator makes with the shapes that the file or onnx tells, made by who made its inputs."""
        producers: dict[str, None] = {}
        for value in node.inputs:
            if value is not None:
                producers |= dict.fromkeys(value.tensor.producers if value.tensor is not None else value.producers)
        names = tuple(producers) or ("input",)
        made = []
        for name in node.outputs:
            shape = self.hints.shape(name) if name and not node.inner else None
            tensor = Tensor(shape, names) if shape is not None else None
            made.append(Value(tensor, producers=names))
        return made


def _kind(node: Node) -> int:
    """Return the number of the element type that an operator makes, as far as later operators ask for it."""
    if node.operator == "Cast":
        return node.integer("to", 1)
    if node.operator == "Constant":
        tensor = node.tensor("value")
        return tensor.data_type if tensor is not None else 0
    return next((value.kind for value in node.inputs if value is not None), 0)
