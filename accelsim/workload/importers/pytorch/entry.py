"""What stands at the entry of an exported module: inputs, a KV cache, parameters, buffers, constants?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.importers.pytorch.call import Value, extents, results
from accelsim.workload.importers.pytorch.formats import stated_format
from accelsim.workload.operators import Graph, Tensor

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.fx import Node


class Parameter(Tensor):
    """A parameter of a module or a view of it: it counts also where it has one element alone."""

    @property
    def parameters(self) -> int:
        """Parameters that reading it takes."""
        return self.words


def entries(program: ExportedProgram, graph: Graph, kv_cache: Sequence[str]) -> list[Value]:
    """Return what the graph of ``program`` is entered with, in order.

    Parameters
    ----------
    kv_cache : sequence of str
        Arguments that hold keys and values of earlier tokens.

    Raises
    ------
    InputError
        The module has no argument of such a name.
    """
    known = [name for name in program.graph_signature.user_inputs if isinstance(name, str)]
    for name in kv_cache:
        if not any(_belongs(argument, [name]) for argument in known):
            hint = did_you_mean(name, known) or f"; there are {', '.join(known)}."
            raise InputError(f"kv_cache must name arguments of the module; got {name!r}{hint}")
    specs = {getattr(spec.arg, "name", None): spec for spec in program.graph_signature.input_specs}
    nodes = [node for node in program.graph.nodes if node.op == "placeholder"]
    return [_entry(node, specs.get(node.name), graph, kv_cache) for node in nodes]


def _belongs(argument: str, names: Sequence[str]) -> bool:
    """Return whether an input is one of the arguments ``names``, or inside one that is a tuple of tensors."""
    return any(argument == name or argument.startswith(f"{name}_") for name in names)


def _entry(node: Node, spec: Any, graph: Graph, kv_cache: Sequence[str]) -> Value:
    described = results(node)
    if not described:
        return node.meta.get("val")
    shape, format_ = extents(described[0]), stated_format(described[0].dtype)
    kind = spec.kind.name if spec is not None else "USER_INPUT"
    if kind == "USER_INPUT":
        return graph.input(shape, format_, cached=_belongs(node.name, kv_cache))
    stored = graph.stored(str(spec.target or node.name), shape, format_, parameter=False)
    return Parameter(shape, (), stored.stored, True, format_) if kind == "PARAMETER" else stored
