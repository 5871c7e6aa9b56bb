"""Do data fit the inputs of an ONNX graph, and in how many pieces must they go through it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError, did_you_mean
from accelsim.quantization.running.inputs import Given
from accelsim.workload.importers.onnx.model import load_onnx

if TYPE_CHECKING:
    from onnx import GraphProto

Array = NDArray[Any]
Dims = tuple[int | None, ...] | None


def in_pieces(graph: GraphProto, data: Given) -> dict[str, list[Array]]:
    """Return the data by the names of the graph's inputs, cut along the first axis where its extent is fixed.

    Raises
    ------
    InputError
        An input has no data, data have no input, or a shape or type does not fit.
    """
    held = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in held]
    named = _named(data, [value.name for value in inputs])
    shapes: dict[str, Dims] = {}
    arrays: dict[str, Array] = {}
    for value in inputs:
        shapes[value.name] = _dims(value)
        arrays[value.name] = _typed(value.name, named[value.name], value.type.tensor_type.elem_type)
    count = _pieces(shapes, arrays)
    found = {}
    for name, array in arrays.items():
        dims = shapes[name]
        _check(name, array, dims, count)
        fixed = dims[0] if dims else None
        found[name] = np.split(array, count) if fixed is not None and array.shape[0] == fixed * count else [array]
        found[name] *= count // len(found[name])
    return found


def _named(data: Given, names: list[str]) -> dict[str, Array]:
    """Return the data by the names of inputs; unnamed ones in order."""
    if data.ordered and len(data.ordered) != len(names):
        raise InputError(
            f"data must be arrays for {', '.join(names)}, as the network's inputs; got {len(data.ordered)}."
        )
    named = dict(data.named) or dict(zip(names, data.ordered, strict=True))
    for name in named:
        if name not in names:
            hint = did_you_mean(name, names) or f"; it has {', '.join(names)}."
            raise InputError(f"the network has no input {name!r}{hint}")
    missing = [name for name in names if name not in named]
    if missing:
        raise InputError(f"data must be arrays for {', '.join(names)}, as the network's inputs; {missing[0]} has none.")
    return named


def _dims(value: Any) -> Dims:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in dims)


def _typed(name: str, array: Array, kind: int) -> Array:
    """Return an array in the type of its input; floats are rounded to it, whole numbers never made of floats."""
    if not kind:
        return array
    wanted = np.dtype(load_onnx().helper.tensor_dtype_to_np_dtype(kind))
    if array.dtype == wanted:
        return array
    if wanted.kind in "iub" and array.dtype.kind == "f":
        raise InputError(f"data for the input {name} must be whole numbers ({wanted}); got {array.dtype}.")
    return array.astype(wanted)


def _pieces(shapes: dict[str, Dims], arrays: dict[str, Array]) -> int:
    """Return how often the network is run: more than once where its first axis has a fixed extent."""
    counts = [
        arrays[name].shape[0] // dims[0]
        for name, dims in shapes.items() if dims and dims[0] is not None and arrays[name].ndim
    ]  # fmt: skip
    return max(1, *counts) if counts else 1


def _check(name: str, array: Array, dims: Dims, count: int) -> None:
    if dims is None:
        return
    fits = len(dims) == array.ndim and all(
        want is None or want == has for has, want in zip(array.shape[1:], dims[1:], strict=False)
    )
    first = dims[0] if dims else None
    if fits and (first is None or array.shape[0] in (first, first * count)):
        return
    shown = [f"a multiple of {first}" if first is not None else "samples"] + [
        "any" if want is None else str(want) for want in dims[1:]
    ]
    raise InputError(
        f"data for the input {name} must have the shape ({', '.join(shown)}); got {array.shape}. "
        "The first axis is that of the samples."
    )
