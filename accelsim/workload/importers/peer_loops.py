"""Which of accelsim's eight loops is each dimension of a tensor expression that another tool's file states?

A tensor is given as its axes, an axis as a sum of (dimension, coefficient). The output and the weights
have one dimension an axis; an axis of the input is one dimension, or the position in an image,
``stride * out + dilation * tap``. What a dimension is follows from the tensors that it indexes:

=========  =======  =========  ======  ===============================================================
loop       weights  input      output
=========  =======  =========  ======  ===============================================================
G          x        x          x       a group of its own
K          x                   x       output channels
C          x        x                  summed over
B                   x          x       batch, or rows of a matrix
OY OX               in a sum   x       output rows and columns, the first sum's and the second's
FY FX      x        in a sum           filter rows and columns
=========  =======  =========  ======  ===============================================================

A second dimension like B or like C is taken as rows or columns of an image that no sum uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accelsim.errors import InputError
from accelsim.vocabulary import DIMS

Axis = tuple[tuple[str, int], ...]
"""A sum of (dimension, coefficient)."""

Tensor = tuple[Axis, ...]


@dataclass
class Loops:
    """What the dimensions of an expression are.

    Parameters
    ----------
    dims : dict of str to str
        Loop of accelsim by dimension; a dimension of extent 1 may have none.
    extents : dict of str to int
        By loop; only those above 1.
    stride, dilation : dict of "y" or "x" to int
    """

    dims: dict[str, str] = field(default_factory=dict)
    extents: dict[str, int] = field(default_factory=dict)
    stride: dict[str, int] = field(default_factory=lambda: {"y": 1, "x": 1})
    dilation: dict[str, int] = field(default_factory=lambda: {"y": 1, "x": 1})

    def span(self, axis: str) -> int:
        """Input positions from the first to the last that the loops of an image axis touch."""
        out, taps = self.extents.get(f"O{axis.upper()}", 1), self.extents.get(f"F{axis.upper()}", 1)
        return (out - 1) * self.stride[axis] + (taps - 1) * self.dilation[axis] + 1

    @property
    def shape(self) -> dict[str, Any]:
        """Fields of the ``shape`` of a ``nest`` in a workload file."""
        fields: dict[str, Any] = {dim: self.extents[dim] for dim in DIMS if self.extents.get(dim, 1) > 1}
        for name in ("stride", "dilation"):
            both = [getattr(self, name)["y"], getattr(self, name)["x"]]
            if both != [1, 1]:
                fields[name] = both
        return fields


def loops_of(extents: Mapping[str, int], output: Tensor, weights: Tensor, inputs: Tensor) -> Loops:
    """Return which loops the dimensions of ``output[...] += weights[...] * inputs[...]`` are.

    Parameters
    ----------
    extents : mapping of str to int
        Of every dimension, in the order of the file.
    output, weights, inputs : Tensor

    Raises
    ------
    InputError
        The expression is no convolution or matrix product of eight loops; the dimension is named.
    """
    known = Loops()
    held = {"output": _plain(output, "output"), "weights": _plain(weights, "weights")}
    summed = [axis for axis in inputs if len(axis) > 1 or axis[0][1] != 1]
    seen = Counter(name for axis in inputs for name, _ in axis)
    for name, times in seen.items():
        if times > 1:
            raise InputError(f"{name} must index the input once; it stands in {times} of its axes.")
    if len(summed) > 2:
        raise InputError(f"an input must have at most 2 image axes, rows and columns; it has {len(summed)}.")
    for axis, letter in zip(summed, "yx", strict=False):
        _window(known, axis, letter, held, extents)
    free = [letter for letter in "yx" if all(f"{kind}{letter.upper()}" not in known.dims.values() for kind in "OF")]
    _others(known, extents, held, set(seen), free)
    known.extents = {dim: extents[name] for name, dim in known.dims.items() if extents[name] > 1}
    return known


def _plain(tensor: Tensor, noun: str) -> set[str]:
    for axis in tensor:
        if len(axis) != 1 or axis[0][1] != 1:
            text = " + ".join(f"{factor}*{name}" if factor != 1 else name for name, factor in axis)
            raise InputError(f"an axis of the {noun} must be one dimension; got {text}.")
    names = [axis[0][0] for axis in tensor]
    if doubled := [name for name, times in Counter(names).items() if times > 1]:
        raise InputError(f"{doubled[0]} must index the {noun} once.")
    return set(names)


def _window(known: Loops, axis: Axis, letter: str, held: dict[str, set[str]], extents: Mapping[str, int]) -> None:
    text = " + ".join(name for name, _ in axis)
    if len(axis) > 2:
        raise InputError(f"an image axis must be the sum of an output and a filter position; got {text}.")
    for name, factor in axis:
        if factor < 1:
            raise InputError(f"the coefficient of {name} must be at least 1; got {factor}.")
        places = [noun for noun in ("output", "weights") if name in held[noun]]
        if len(places) != 1 and extents[name] > 1:
            what = "both" if places else "neither"
            raise InputError(f"{name} in {text} must index either the output or the weights; it indexes {what}.")
        kind = "F" if places == ["weights"] else "O"
        if f"{kind}{letter.upper()}" in known.dims.values():
            kind = "F" if kind == "O" else "O"
            if places and extents[name] > 1:
                raise InputError(f"{text} must be the sum of an output and a filter position.")
        known.dims[name] = f"{kind}{letter.upper()}"
        (known.stride if kind == "O" else known.dilation)[letter] = factor


def _others(
    known: Loops, extents: Mapping[str, int], held: dict[str, set[str]], read: set[str], free: list[str]
) -> None:
    kinds: dict[str, list[str]] = {"G": [], "K": [], "C": [], "B": []}
    for name, extent in extents.items():
        if name in known.dims or extent == 1:
            continue
        indexed = (name in held["weights"], name in read, name in held["output"])
        roles = {(True, True, True): "G", (True, False, True): "K", (True, True, False): "C", (False, True, True): "B"}
        if indexed not in roles:
            tensors = [noun for noun, used in zip(("weights", "input", "output"), indexed, strict=True) if used]
            what = f"it indexes {', '.join(tensors) or 'none'}"
            raise InputError(f"{name} must index at least two of weights, input and output; {what}.")
        kinds[roles[indexed]].append(name)
    kinds["B"].sort(key=lambda name: name.upper() not in ("N", "B"))
    for kind, image in (("B", "O"), ("C", "F"), ("G", ""), ("K", "")):
        places = [kind, *(f"{image}{letter.upper()}" for letter in free if image)]
        if len(kinds[kind]) > len(places):
            raise InputError(_too_many(kind, kinds[kind], len(places)))
        for name, place in zip(kinds[kind], places, strict=False):
            known.dims[name] = place
        free = free[max(0, len(kinds[kind]) - 1) :] if image else free


def _too_many(kind: str, names: Sequence[str], places: int) -> str:
    role = {"G": "groups", "K": "output channels", "C": "sums", "B": "batches"}[kind]
    return f"accelsim has {places} of the loops that {' and '.join(names)} are ({role}); multiply them into one."
