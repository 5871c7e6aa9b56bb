"""What is one call of an operator in an exported module: its name, its arguments by name, what it makes?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError
from accelsim.workload.operators import Graph, Tensor
from accelsim.workload.operators.tensor import Dims

if TYPE_CHECKING:
    from torch.fx import Node

Value = Any
"""A `Tensor`, a number, None, or a tuple or list of values."""


def operator(node: Node) -> str:
    """Return the bare name of what a node calls: "conv2d" of ``aten.conv2d.default``, "add" of ``aten.add_.Tensor``."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return str(getattr(node.target, "__name__", node.target))
    library, _, name = schema.name.rpartition("::")
    bare = name if name.endswith("__") else name.removesuffix("_")
    return bare if library == "aten" else f"{library}::{bare}"


@dataclass(frozen=True)
class Call:
    """One call, its arguments resolved to values.

    Parameters
    ----------
    graph : Graph
        What operators are recorded in.
    node : torch.fx.Node
    operator : str
    name : str
        The layer that the call becomes.
    inside : str
        Path of the module that the call stands in; "" for the whole.
    values : mapping
        Arguments by the names of the operator's schema, defaults included.
    """

    graph: Graph
    node: Node
    operator: str
    name: str
    inside: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, argument: str) -> Value:
        return self.values[argument]

    def get(self, argument: str, default: Value = None) -> Value:
        """Return an argument, or ``default`` if the operator has none of that name or it is None."""
        value = self.values.get(argument)
        return default if value is None else value

    def tensor(self, *arguments: str) -> Tensor:
        """Return the first of these arguments that the operator has, as the tensor that it must be."""
        for argument in arguments:
            if argument in self.values:
                value = self.values[argument]
                if isinstance(value, Tensor):
                    return value
        raise InputError(f"{self.operator} must be given a tensor as {' or '.join(arguments)}.", where=self.name)

    def optional(self, argument: str) -> Tensor | None:
        """Return an argument that is a tensor or None."""
        value = self.values.get(argument)
        return value if isinstance(value, Tensor) else None

    def pair(self, argument: str, default: int = 1) -> tuple[int, ...]:
        """Return an argument that has a number per axis; one number stands for all."""
        value = self.values.get(argument)
        if isinstance(value, int):
            return (value,)
        return tuple(value) if value else (default,)

    @property
    def first(self) -> Tensor:
        """The first argument that is a tensor."""
        return next(value for value in self.values.values() if isinstance(value, Tensor))

    @property
    def shape(self) -> Dims:
        """Extents of what it makes, of the first if it makes several."""
        return self.shapes[0]

    @property
    def shapes(self) -> list[Dims]:
        """Extents of everything that it makes."""
        return [extents(made) for made in results(self.node)]


def results(node: Node) -> list[Any]:
    """Return torch's own descriptions of the tensors that a node makes."""
    made = node.meta.get("val")
    several = made if isinstance(made, tuple | list) else [made]
    return [each for each in several if hasattr(each, "shape")]


def several(call: Call, made: Tensor) -> Value:
    """Return what an operator makes, and views of it for whatever it makes beside that."""
    shapes = call.shapes
    return [made, *(made.like(shape) for shape in shapes[1:])] if len(shapes) > 1 else made


def extents(described: Any) -> Dims:
    """Return the extents of a tensor as torch describes it.

    Raises
    ------
    InputError
        An extent depends on the values of a tensor.
    """
    try:
        return tuple(int(extent) for extent in described.shape)
    except Exception:
        raise InputError("must make tensors whose extents do not depend on values: there are no values here.") from None


def arguments(node: Node, values: Mapping[Any, Value]) -> dict[str, Value]:
    """Return the arguments of a node by name, defaults included, other nodes replaced by their values."""
    schema = getattr(node.target, "_schema", None)
    given = {str(place): resolve(value, values) for place, value in enumerate(node.args)}
    named = {str(key): resolve(value, values) for key, value in node.kwargs.items()}
    if schema is None:
        return given | named
    found: dict[str, Value] = {}
    for place, argument in enumerate(schema.arguments):
        if str(place) in given:
            found[argument.name] = given[str(place)]
        elif argument.name in named:
            found[argument.name] = named[argument.name]
        elif argument.has_default_value():
            found[argument.name] = argument.default_value
    return found


def resolve(value: Any, values: Mapping[Any, Value]) -> Value:
    """Return an argument of a node with every node in it replaced by its value."""
    if isinstance(value, tuple | list):
        return [resolve(each, values) for each in value]
    if isinstance(value, slice):
        return value
    try:
        return values.get(value, value)
    except TypeError:
        return value
