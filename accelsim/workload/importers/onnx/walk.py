"""Which operators does an ONNX graph apply, in order, on tensors of which shapes?

The graph is walked once, node after node (`results` says what each makes). Functions of the model are
walked in place. Graphs inside control flow are not walked: If, Loop and Scan are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from accelsim.documents import shown
from accelsim.errors import InputError
from accelsim.workload.importers.onnx.axes import Axes
from accelsim.workload.importers.onnx.formats import WEIGHTS, stated_format
from accelsim.workload.importers.onnx.hints import Hints
from accelsim.workload.importers.onnx.node import Node, Value, as_array, typed
from accelsim.workload.importers.onnx.quantized import float_view
from accelsim.workload.importers.onnx.results import Results
from accelsim.workload.network import Network
from accelsim.workload.operators import Graph
from accelsim.workload.stated import Stated

if TYPE_CHECKING:
    from onnx import AttributeProto, FunctionProto, ModelProto, NodeProto, TensorProto

MOST_NODES = 100_000
"""Most operators of a model, those of its functions counted at every call."""

DEEPEST = 32
"""Deepest nesting of functions in functions."""

Names = dict[str, Value]


def walk(model: ModelProto, name: str, axes: Axes) -> Network:
    """Return the network of a model.

    Raises
    ------
    InputError
        An axis is open, an operator's inputs do not fit it, or nothing of the model is understood.
    """
    return _Walk(model, name).network(axes)


class _Walk:
    """The state of one walk: the graph recorded so far, and how many nodes it took."""

    def __init__(self, model: ModelProto, name: str) -> None:
        self.model = model
        self.graph = Graph(name)
        self.opsets = {entry.domain: entry.version for entry in model.opset_import}
        self.functions = {(function.domain, function.name): function for function in model.functions}
        self.formats = float_view(model)
        self.hints = Hints(model)
        self.results = Results(self.graph, self.hints)
        self.outputs = {output.name for output in model.graph.output}
        self.nodes = 0

    def network(self, axes: Axes) -> Network:
        names = self._start(axes)
        self.run(self.model.graph.node, names, "", {}, 0)
        found = [names[name].tensor for name in self.outputs if name in names]
        batch = self._batch(axes)
        try:
            network = self.graph.network([tensor for tensor in found if tensor is not None], batch)
            usual = self.formats.usual
            return replace(network, stated=Stated(weights=usual, activations=usual) if usual else None)
        except InputError:
            if not self.graph.steps and self.graph.uncounted:
                raise InputError(f"nothing of it is understood: {', '.join(self.graph.uncounted[:4])}.") from None
            raise

    def _start(self, axes: Axes) -> Names:
        """Return the stored tensors and the inputs by name."""
        graph = self.model.graph
        names = {tensor.name: self._stored(tensor.name, tensor) for tensor in graph.initializer}
        for sparse in graph.sparse_initializer:
            shape = tuple(sparse.dims)
            names[sparse.values.name] = Value(
                self.graph.stored(sparse.values.name, shape), None, sparse.values.data_type
            )
        inputs = [value for value in graph.input if value.name not in names]
        shapes = [axes.shape(value) for value in inputs]
        axes.check()
        for value, shape in zip(inputs, shapes, strict=True):
            kind = value.type.tensor_type.elem_type
            cached = len(shape) > 2 and ("past" in value.name or "cache" in value.name)
            names[value.name] = Value(self.graph.input(shape, stated_format(kind), cached=cached), None, kind)
            self.hints.bind(value.name, shape)
        self.batch = shapes[0][0] if shapes and shapes[0] else 1
        return {name: self._stating(name, value) for name, value in names.items()}

    def _batch(self, axes: Axes) -> int:
        if axes.batched:
            return axes.batch or 1
        return max(1, self.batch)

    def _stored(self, name: str, tensor: TensorProto) -> Value:
        shape = tuple(tensor.dims)
        if any(extent < 0 for extent in shape):
            raise InputError(f"a stored tensor must have extents of at least 0; {shown(name)} has {list(shape)}.")
        kind = tensor.data_type
        made = self.graph.stored(name, shape, stated_format(kind), parameter=kind in WEIGHTS)
        return Value(made, as_array(tensor), kind)

    def run(
        self, nodes: Iterable[NodeProto], names: Names, prefix: str, outer: dict[str, AttributeProto], depth: int
    ) -> None:
        """Walk nodes in order; ``outer`` are the attributes of the function that they are in."""
        for proto in nodes:
            self.nodes += 1
            if self.nodes > MOST_NODES:
                raise InputError(f"a model must have at most {MOST_NODES} operators, functions written out.")
            node = self._node(proto, names, prefix, outer)
            function = self.functions.get((proto.domain, proto.op_type))
            if function is not None:
                self._call(function, node, names, depth)
                continue
            self.graph.operators += 1
            try:
                made = self.results.of(node)
            except InputError as error:
                raise InputError(error.message, where=f"{node.name} ({node.operator})") from None
            for name, value in zip(node.outputs, made, strict=False):
                if name:
                    names[name] = value if prefix else self._stating(name, value)
            for name in node.outputs[len(made) :]:
                if name:
                    names[name] = Value(None, producers=("input",))

    def _stating(self, name: str, value: Value) -> Value:
        """Return a value of the model's own graph with the format that the graph states for it."""
        format_ = self.formats.of.get(name)
        return replace(value, tensor=typed(value.tensor, format_)) if format_ and value.tensor is not None else value

    def _node(self, proto: NodeProto, names: Names, prefix: str, outer: dict[str, AttributeProto]) -> Node:
        label = proto.name or next((name for name in proto.output if name), "") or proto.op_type
        inputs = []
        for name in proto.input:
            if name and name not in names:
                where = f"{prefix}{label} ({proto.op_type})"
                raise InputError(f"must read what comes before it; nothing makes {shown(name)}.", where=where)
            inputs.append(names[name] if name else None)
        attributes = {}
        for attribute in proto.attribute:
            if attribute.ref_attr_name:
                if attribute.ref_attr_name in outer:
                    attributes[attribute.name] = outer[attribute.ref_attr_name]
                continue
            attributes[attribute.name] = attribute
        return Node(
            proto,
            f"{prefix}{label}",
            tuple(inputs),
            self.opsets.get(proto.domain, 1),
            attributes,
            tuple(proto.output),
            not prefix and any(name in self.outputs for name in proto.output),
            bool(prefix),
        )

    def _call(self, function: FunctionProto, node: Node, names: Names, depth: int) -> None:
        """Walk a function of the model in place of the node that calls it."""
        if depth >= DEEPEST:
            raise InputError(f"functions must be nested at most {DEEPEST} deep.", where=node.name)
        inner: Names = {}
        for place, name in enumerate(function.input):
            value = node.inputs[place] if place < len(node.inputs) else None
            if value is not None:
                inner[name] = value
        outer = {attribute.name: attribute for attribute in function.attribute_proto} | node.attributes
        body = [self._without_absent(proto, inner, function) for proto in function.node]
        self.run(body, inner, f"{node.name}/", outer, depth + 1)
        for mine, theirs in zip(node.outputs, function.output, strict=False):
            if mine and theirs in inner:
                names[mine] = inner[theirs]

    def _without_absent(self, proto: NodeProto, inner: Names, function: FunctionProto) -> NodeProto:
        """Return a node of a function with inputs that the caller left out as left out."""
        absent = {name for name in function.input if name not in inner}
        if not absent.intersection(proto.input):
            return proto
        made = type(proto)()
        made.CopyFrom(proto)
        made.input[:] = ["" if name in absent else name for name in proto.input]
        return made
