"""What does one operator of an ONNX graph read, and which attributes has it?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from accelsim.documents import shown
from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.operators import Tensor

if TYPE_CHECKING:
    from onnx import AttributeProto, NodeProto, TensorProto

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Value:
    """What is known of a name in the graph: its tensor (None: its shape is unknown), and its value if it is small.

    Parameters
    ----------
    tensor : Tensor or None
    array : ndarray or None
        The value, of a small constant.
    kind : int
        ONNX number of its element type; 0 = unknown.
    producers : tuple of str
        Who made it, where ``tensor`` is None.
    """

    tensor: Tensor | None
    array: Array | None = None
    kind: int = 0
    producers: tuple[str, ...] = ()


class MissingError(UnsupportedError):
    """The shape or value of something that an operator reads is not known."""


@dataclass(frozen=True)
class Node:
    """One operator, as the functions in ``nodes/`` read it.

    Parameters
    ----------
    proto : NodeProto
    name : str
        Unique path: the functions that it is in, and its name or that of its result.
    inputs : tuple of Value or None
    opset : int
        Version of the operators of its domain.
    attributes : dict
    outputs : tuple of str
        Names of its results; "" for one that nobody wants.
    handed_out : bool
        Whether a result is an output of the model.
    inner : bool
        Whether it is inside a function, where names are not those of the file's shapes.
    """

    proto: NodeProto
    name: str
    inputs: tuple[Value | None, ...]
    opset: int
    attributes: dict[str, AttributeProto]
    outputs: tuple[str, ...]
    handed_out: bool = False
    inner: bool = False

    @property
    def operator(self) -> str:
        """Name of its operator, with its domain if that is not ONNX's own."""
        domain = self.proto.domain
        return self.proto.op_type if domain in ("", "ai.onnx") else f"{domain}.{self.proto.op_type}"

    def has(self, place: int) -> bool:
        """Whether the input at ``place`` is given."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def value(self, place: int) -> Value:
        """Return the input at ``place``; one that is left out raises InputError."""
        if not self.has(place):
            raise InputError(f"must have at least {place + 1} inputs; input {place + 1} is missing.")
        return cast(Value, self.inputs[place])

    def x(self, place: int = 0) -> Tensor:
        """Return the tensor at ``place``; `MissingError` if its shape is unknown."""
        tensor = self.value(place).tensor
        if tensor is None:
            raise MissingError("the shape of what it reads is unknown.")
        return tensor

    def maybe(self, place: int) -> Tensor | None:
        """Return the tensor at ``place``, or None if it is left out."""
        return self.x(place) if self.has(place) else None

    def xs(self) -> list[Tensor]:
        """Return all tensors that it reads."""
        return [self.x(place) for place in range(len(self.inputs)) if self.has(place)]

    def array(self, place: int) -> Array:
        """Return the value of the small constant at ``place``; `MissingError` if it is not known."""
        array = self.value(place).array
        if array is None:
            raise MissingError("a value that it reads is not known.")
        return array

    def whole(self, place: int) -> tuple[int, ...]:
        """Return the value at ``place`` as whole numbers."""
        array = self.array(place)
        if array.dtype.kind not in "iu":
            raise InputError(f"input {place + 1} must be whole numbers; got {array.dtype}.")
        return tuple(int(each) for each in array.reshape(-1))

    def integers(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return an attribute that is a list of whole numbers."""
        found = self._attribute(name, 7)
        return tuple(found.ints) if found is not None else default

    def integer(self, name: str, default: int) -> int:
        """Return an attribute that is a whole number."""
        found = self._attribute(name, 2)
        return int(found.i) if found is not None else default

    def number(self, name: str, default: float) -> float:
        """Return an attribute that is a number."""
        found = self._attribute(name, 1)
        return float(found.f) if found is not None else default

    def text(self, name: str, default: str) -> str:
        """Return an attribute that is a text."""
        found = self._attribute(name, 3)
        return found.s.decode("utf-8", "replace") if found is not None else default

    def texts(self, name: str) -> tuple[bytes, ...]:
        """Return an attribute that is a list of texts."""
        found = self._attribute(name, 8)
        return tuple(found.strings) if found is not None else ()

    def tensor(self, name: str) -> TensorProto | None:
        """Return an attribute that is a tensor, or None."""
        found = self._attribute(name, 4)
        return found.t if found is not None else None

    def _attribute(self, name: str, kind: int) -> AttributeProto | None:
        found = self.attributes.get(name)
        if found is not None and found.type != kind:
            raise InputError(f"attribute {shown(name)} must be of another type.")
        return found

    def axes(self, place: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return the axes of an operator, which newer opsets give as an input and older ones as an attribute."""
        if self.has(place):
            return self.whole(place)
        return self.integers("axes", default)


def typed(x: Tensor, kind: str) -> Tensor:
    """Return ``x`` with another stated format."""
    return replace(x, format=kind)


def as_array(tensor: TensorProto, most: int = 4096) -> Array | None:
    """Return the value of a small stored tensor, or None if it is large, external or of no use for shapes."""
    from onnx import numpy_helper

    count = int(np.prod(tensor.dims, dtype=object)) if tensor.dims else 1
    if count > most or tensor.data_location == 1 or tensor.data_type not in (1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13):
        return None
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (TypeError, ValueError, RuntimeError):
        return None
