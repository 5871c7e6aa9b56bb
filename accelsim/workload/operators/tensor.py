"""What is known of a tensor: its shape, who made it, and how it is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from accelsim.errors import InputError
from accelsim.workload.shape import MOST
from accelsim.workload.stream import Stream

Dims = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of any rank: an activation, or a stored one (a weight or a constant).

    Parameters
    ----------
    shape : tuple of int
    producers : tuple of str
        Layers whose outputs together it is; "input" is the network's input. Empty: it is stored.
    stored : str
        Name of the stored tensor that it is or is a view of.
    parameter : bool
        Whether its elements count as parameters where they are read: not so for indices, masks and
        other constants that are computed or part of the program. One element alone never counts.
    format : str
        Number format that the model states for it, a text of `accelsim.precision.parse_format`; "" = none.
    padding : tuple of (int, int)
        Zeros before and after along each axis, which ``shape`` includes and nobody stores; () = none.
    repeats : tuple of int
        How often each element follows itself along each axis (an expanded axis); () = once. Keys and
        values that several query heads share are read once, not once per head.
    cached : bool
        Whether it lives in a KV cache.

    Raises
    ------
    InputError
        An extent is negative, or there are more elements than a layer can have.
    """

    shape: Dims
    producers: tuple[str, ...] = ()
    stored: str = ""
    parameter: bool = True
    format: str = ""
    padding: tuple[tuple[int, int], ...] = ()
    repeats: Dims = ()
    cached: bool = False

    def __post_init__(self) -> None:
        if any(extent < 0 for extent in self.shape):
            raise InputError(f"a tensor must have extents of at least 0; got {self.text()}.")
        if prod(self.shape) > MOST:
            raise InputError(f"a tensor must have at most 2**58 elements; got {self.text()}.")

    @property
    def is_stored(self) -> bool:
        """Whether it is a weight or a constant: no layer and no input makes it."""
        return not self.producers

    @property
    def elements(self) -> int:
        """Elements of its shape, padding included."""
        return prod(self.shape)

    @property
    def words(self) -> int:
        """Elements that somebody stores: without padding, repeated ones once."""
        inner = self.inner
        times = self.repeats or (1,) * len(inner)
        return prod(size // repeat for size, repeat in zip(inner, times, strict=True))

    @property
    def inner(self) -> Dims:
        """Its shape without padding."""
        if not self.padding:
            return self.shape
        return tuple(size - before - after for size, (before, after) in zip(self.shape, self.padding, strict=True))

    @property
    def parameters(self) -> int:
        """Parameters that reading it takes: its elements if it is stored, counts as parameter and is no scalar."""
        return self.words if self.is_stored and self.parameter and self.elements > 1 else 0

    def like(self, shape: Dims, **changes: Any) -> Tensor:
        """Return a view of it with another shape; padding and repeats are those given, or none."""
        return replace(self, **({"shape": shape, "padding": (), "repeats": ()} | changes))

    def stream(self) -> Stream:
        """Return it as `accelsim.workload.build` reads it: an image if it has 3 axes or more, else tokens.

        Axes: batch, channels, height, width; or, of rank 2 or less, tokens and features.
        """
        if len(self.shape) == 4:
            batch, channels, height, width = self.inner
            return Stream(self.producers, channels, height, width, batch=batch)
        if len(self.shape) == 3:
            batch, channels, width = self.inner
            return Stream(self.producers, channels, 1, width, batch=batch)
        return self.tokens()

    def tokens(self) -> Stream:
        """Return it as rows of its last axis."""
        features = self.shape[-1] if self.shape else 1
        return Stream(self.producers, max(1, features), tokens=max(1, prod(self.shape[:-1])))

    def text(self) -> str:
        """Return its shape as a message shows it."""
        return " x ".join(map(str, self.shape)) or "a scalar"


def axis_of(axis: int, rank: int, what: str = "axis") -> int:
    """Return an axis counted from the front, or raise InputError if there is no such axis."""
    if not -rank <= axis < rank:
        raise InputError(f"{what} must be from {-rank} to {rank - 1}; got {axis}.")
    return axis % rank


def broadcast(*shapes: Dims) -> Dims:
    """Return the shape that several shapes are broadcast to, as numpy, ONNX and PyTorch do.

    Raises
    ------
    InputError
        Two extents differ and neither is 1.
    """
    rank = max(map(len, shapes))
    made = []
    for extents in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True):
        wide = {extent for extent in extents if extent != 1}
        if len(wide) > 1:
            given = " and ".join(" x ".join(map(str, shape)) or "a scalar" for shape in shapes)
            raise InputError(f"shapes must agree or be 1 along every axis; got {given}.")
        made.append(wide.pop() if wide else 1)
    return tuple(made)
