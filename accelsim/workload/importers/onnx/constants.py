"""What value has an operator that reads only small constants? The arithmetic of shapes and axes.

Exporters compute shapes inside the graph (Shape, Gather, Concat, Reshape ...). With every axis bound
these are constants. Only values of up to `MOST` elements are made, so that no graph can ask for memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from accelsim.workload.importers.onnx.node import Array, Node, as_array

MOST = 4096
"""Most elements of a value that is computed."""


def evaluate(node: Node) -> list[Array] | None:
    """Return the values of what an operator makes, or None if they are not small constants.

    Never raises for a value that does not exist: then the operator itself is read, and says what is wrong.
    """
    if node.operator == "Shape":
        return _shape(node)
    if node.operator == "Size" and node.value(0).tensor is not None:
        return [np.array(node.x().elements)]
    law = LAWS.get(node.operator)
    if law is None:
        return None
    arrays = [value.array if value is not None else None for value in node.inputs]
    if any(value is not None and value.array is None for value in node.inputs):
        return None
    try:
        with np.errstate(all="ignore"):
            made = law(node, [array for array in arrays if array is not None])
    except (ArithmeticError, IndexError, TypeError, ValueError, np.exceptions.AxisError):
        return None
    found = [np.asarray(each) for each in made] if isinstance(made, list) else [np.asarray(made)]
    return found if all(each.size <= MOST for each in found) else None


def literal(node: Node) -> Array | None:
    """Return the value of a Constant, or None if it is large or no number."""
    tensor = node.tensor("value")
    if tensor is not None:
        return as_array(tensor)
    for name, kind, field in (
        ("value_int", 2, "i"), ("value_float", 1, "f"), ("value_ints", 7, "ints"), ("value_floats", 6, "floats"),
    ):  # fmt: skip
        found = node.attributes.get(name)
        if found is not None and found.type == kind:
            value = getattr(found, field)
            return np.array(value if kind < 3 else list(value[:MOST])) if kind < 3 or len(value) <= MOST else None
    return None


def _shape(node: Node) -> list[Array] | None:
    if node.value(0).tensor is None:
        return None
    shape = node.x().shape
    start, end = node.integer("start", 0), node.integer("end", len(shape))
    return [np.array(shape[start:end], dtype=np.int64)]


def _slice(node: Node, arrays: Sequence[Array]) -> Array:
    from accelsim.workload.importers.onnx.nodes.shapes import slices

    return arrays[0][slices(node, arrays[0].shape)]


def _reshape(node: Node, arrays: Sequence[Array]) -> Array:
    shape = [int(each) for each in arrays[1].reshape(-1)]
    keep = [arrays[0].shape[place] if extent == 0 else extent for place, extent in enumerate(shape)]
    return arrays[0].reshape(keep)


def _squeeze(node: Node, arrays: Sequence[Array]) -> Array:
    axes = node.axes(1)
    return np.squeeze(arrays[0], axis=axes or None)


def _unsqueeze(node: Node, arrays: Sequence[Array]) -> Array:
    return np.expand_dims(arrays[0], node.axes(1))


def _divide(left: Array, right: Array) -> Array:
    """Divide as ONNX does: whole numbers toward zero."""
    if left.dtype.kind not in "iu":
        return np.asarray(left / right)
    quotient = np.abs(left) // np.abs(right)
    return np.asarray(np.where((left < 0) != (right < 0), -quotient, quotient))


def _range(node: Node, arrays: Sequence[Array]) -> Array:
    start, stop, step = (each.item() for each in arrays[:3])
    if not step or abs((stop - start) / step) > MOST:
        raise ValueError
    return np.arange(start, stop, step, dtype=arrays[0].dtype)


def _small(extents: Array) -> tuple[int, ...]:
    shape = tuple(int(extent) for extent in extents)
    if prod(shape) > MOST or min(shape, default=0) < 0:
        raise ValueError
    return shape


def _filled(node: Node, arrays: Sequence[Array]) -> Array:
    value = node.tensor("value")
    fill = as_array(value) if value is not None else np.zeros(1, np.float32)
    if fill is None or fill.dtype.kind == "f":
        raise ValueError  # may stand for a weight
    return np.broadcast_to(fill.reshape(-1)[0], _small(arrays[0]))


def _expand(node: Node, arrays: Sequence[Array]) -> Array:
    return np.broadcast_to(arrays[0], np.broadcast_shapes(arrays[0].shape, _small(arrays[1])))


def _tile(node: Node, arrays: Sequence[Array]) -> Array:
    _small(np.array(arrays[0].shape) * arrays[1])
    return np.tile(arrays[0], [int(each) for each in arrays[1]])


def _split(node: Node, arrays: Sequence[Array]) -> list[Array]:
    from accelsim.workload.importers.onnx.nodes.shapes import parts

    axis = node.integer("axis", 0)
    ends = np.cumsum(parts(node, arrays[0].shape[axis]))[:-1]
    return list(np.split(arrays[0], [int(each) for each in ends], axis))


def _reduced(function: Callable[..., Array]) -> Callable[[Node, Sequence[Array]], Array]:
    def law(node: Node, arrays: Sequence[Array]) -> Array:
        axes = node.axes(1) or None
        return function(arrays[0], axis=axes, keepdims=bool(node.integer("keepdims", 1)))

    return law


def _cast(node: Node, arrays: Sequence[Array]) -> Array:
    from onnx import helper

    return arrays[0].astype(helper.tensor_dtype_to_np_dtype(node.integer("to", 1)))


def _of(function: Callable[..., Array]) -> Callable[[Node, Sequence[Array]], Array]:
    return lambda node, arrays: function(*arrays)


LAWS: dict[str, Callable[[Node, Sequence[Array]], Array | list[Array]]] = {
    "Abs": _of(np.abs),
    "Add": _of(np.add),
    "And": _of(np.logical_and),
    "Cast": _cast,
    "Ceil": _of(np.ceil),
    "Concat": lambda node, arrays: np.concatenate(arrays, node.integer("axis", 0)),
    "ConstantOfShape": _filled,
    "Div": _of(_divide),
    "Equal": _of(np.equal),
    "Expand": _expand,
    "Floor": _of(np.floor),
    "Gather": lambda node, arrays: np.take(arrays[0], arrays[1], axis=node.integer("axis", 0)),
    "Greater": _of(np.greater),
    "GreaterOrEqual": _of(np.greater_equal),
    "Identity": lambda node, arrays: arrays[0],
    "Less": _of(np.less),
    "LessOrEqual": _of(np.less_equal),
    "Max": lambda node, arrays: np.maximum.reduce(np.broadcast_arrays(*arrays)),
    "Min": lambda node, arrays: np.minimum.reduce(np.broadcast_arrays(*arrays)),
    "Mod": _of(np.mod),
    "Mul": _of(np.multiply),
    "Neg": _of(np.negative),
    "Not": _of(np.logical_not),
    "Or": _of(np.logical_or),
    "Pow": _of(np.power),
    "Range": _range,
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "Reshape": _reshape,
    "Round": _of(np.round),
    "ScatterND": lambda node, arrays: _scattered(*arrays),
    "Slice": _slice,
    "Split": _split,
    "Sqrt": _of(np.sqrt),
    "Squeeze": _squeeze,
    "Sub": _of(np.subtract),
    "Tile": _tile,
    "Transpose": lambda node, arrays: np.transpose(arrays[0], node.integers("perm") or None),
    "Unsqueeze": _unsqueeze,
    "Where": _of(np.where),
}
"""How the value of each operator follows from the values that it reads."""


def _scattered(data: Array, indices: Array, updates: Array) -> Array:
    made = data.copy()
    made[tuple(np.moveaxis(indices, -1, 0))] = updates
    return made
