"""What does a part of an ONNX graph make, given the values of some of its tensors?

Any tensor may be given, stored ones included; what is not needed to make the others is cut off. So a layer can be
computed by itself with other weights and other inputs, and the rest of the network from what it made. Where an engine
would keep 16-bit floats in 32 bits from one operator to the next, operators run one by one, so that a graph makes the
same however it is cut.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.running.onnx_engine import Compute, Engine
from accelsim.workload.importers.onnx.model import load_onnx

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

Array = NDArray[Any]
KEPT, KEPT_STEPS = 4, 256
"""Loaded parts that are kept for the next call, whole ones and single operators."""
HALF = (10, 16)
"""Types of stored tensors: float16, bfloat16."""


class PartialGraph:
    """The graph of a model, of which parts can be run.

    Parameters
    ----------
    model : ModelProto
        With all its data.
    engine : Engine
    """

    def __init__(self, model: ModelProto, engine: Engine) -> None:
        self.model = model
        self.engine = engine
        self.nodes: list[NodeProto] = list(model.graph.node)
        self.maker = {name: place for place, node in enumerate(self.nodes) for name in node.output if name}
        self.needs = [tuple(dict.fromkeys(_needs(node))) for node in self.nodes]
        self.initializers = {tensor.name: tensor for tensor in model.graph.initializer}
        self.sparse = {tensor.values.name: tensor for tensor in model.graph.sparse_initializer}
        self._stepwise = engine.widens_half and any(one.data_type in HALF for one in self.initializers.values())
        self._loaded: OrderedDict[tuple[tuple[str, ...], tuple[str, ...]], Compute] = OrderedDict()

    def stored(self) -> set[str]:
        """Return every name that depends on no input: stored tensors and what is computed of them alone."""
        found = {*self.initializers, *self.sparse, ""}
        for node, needs in zip(self.nodes, self.needs, strict=True):
            if all(name in found for name in needs):
                found.update(node.output)
        return found

    def downstream(self, names: Iterable[str]) -> set[str]:
        """Return ``names`` and everything that is computed from them."""
        found = set(names)
        for node, needs in zip(self.nodes, self.needs, strict=True):
            if any(name in found for name in needs):
                found.update(name for name in node.output if name)
        return found

    def evaluate(self, fetch: Sequence[str], known: Mapping[str, Array]) -> dict[str, Array]:
        """Return the values of ``fetch``, given those of ``known``.

        Raises
        ------
        InputError
            An input that is needed is not known, or the engine cannot run the graph.
        """
        found = {name: known[name] for name in fetch if name in known}
        wanted = tuple(dict.fromkeys(name for name in fetch if name not in known))
        if not wanted:
            return found
        if not self._stepwise:
            return found | self._computed(wanted, known)
        values = dict(known)
        for place in self._behind(wanted, known)[0]:
            made = tuple(name for name in self.nodes[place].output if name and name not in values)
            values |= self._computed(made, values)
        return found | {name: values[name] for name in wanted}

    def _computed(self, wanted: tuple[str, ...], known: Mapping[str, Array]) -> dict[str, Array]:
        """Return values that one loaded part makes."""
        nodes, fed, stored = self._behind(wanted, known)
        key = wanted, tuple(f"{name}:{known[name].dtype}" for name in fed)
        compute = self._loaded.pop(key, None) or self.engine.load(self._part(wanted, nodes, fed, stored, known))
        self._loaded[key] = compute
        while len(self._loaded) > (KEPT_STEPS if self._stepwise else KEPT):
            self._loaded.popitem(last=False)
        made = compute(wanted, {name: np.ascontiguousarray(known[name]) for name in fed})
        return dict(zip(wanted, made, strict=True))

    def _behind(self, wanted: Sequence[str], known: Mapping[str, Array]) -> tuple[list[int], list[str], list[str]]:
        """Return the operators that make ``wanted``, and which known and which stored tensors they take."""
        nodes: set[int] = set()
        fed: dict[str, None] = {}
        stored: dict[str, None] = {}
        left = list(wanted)
        while left:
            name = left.pop()
            if name in known:
                fed[name] = None
            elif name in self.maker:
                if self.maker[name] not in nodes:
                    nodes.add(self.maker[name])
                    left += self.needs[self.maker[name]]
            elif name in self.initializers or name in self.sparse:
                stored[name] = None
            elif name:
                raise InputError(f"data must be given for every input of the network; {name} has none.")
        return sorted(nodes), sorted(fed), sorted(stored)

    def _part(
        self, wanted: Sequence[str], nodes: list[int], fed: list[str], stored: list[str], known: Mapping[str, Array]
    ) -> ModelProto:
        onnx = load_onnx()
        part = onnx.ModelProto()
        part.ir_version = max(self.model.ir_version, 4)
        part.opset_import.extend(self.model.opset_import)
        part.functions.extend(self.model.functions)
        part.graph.name = "part"
        part.graph.node.extend(self.nodes[place] for place in nodes)
        part.graph.initializer.extend(self.initializers[name] for name in stored if name in self.initializers)
        part.graph.sparse_initializer.extend(self.sparse[name] for name in stored if name in self.sparse)
        part.graph.input.extend(_described(onnx, name, known[name]) for name in fed)
        part.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
        return part  # type: ignore[no-any-return]


def _described(onnx: Any, name: str, array: Array) -> ValueInfoProto:
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, [None] * array.ndim)  # type: ignore[no-any-return]


def _needs(node: NodeProto) -> list[str]:
    """Return the tensors that an operator reads, those that its inner graphs take from around them included."""
    found = [name for name in node.input if name]
    for attribute in node.attribute:
        inner = [attribute.g] if attribute.HasField("g") else []
        for graph in (*inner, *attribute.graphs):
            found += _captured(graph)
    return found


def _captured(graph: GraphProto) -> list[str]:
    own = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    own |= {name for node in graph.node for name in node.output}
    read = [name for node in graph.node for name in _needs(node)] + [value.name for value in graph.output]
    return [name for name in read if name not in own]
