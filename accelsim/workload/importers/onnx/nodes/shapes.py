"""What do operators that only reshape, cut, join and repeat tensors become? Views, at no cost."""

from __future__ import annotations

from dataclasses import replace

from accelsim.errors import InputError
from accelsim.workload.importers.onnx.formats import WEIGHTS, stated_format
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import Graph, Tensor, concat, cut, expand, pad, reshape, transpose
from accelsim.workload.operators.tensor import axis_of, broadcast

MOST_PARTS = 10_000
"""Most parts that a Split makes."""


def _same(node: Node, graph: Graph) -> list[Tensor]:
    return [node.x()]


def _dropout(node: Node, graph: Graph) -> list[Tensor]:
    return [node.x(), node.x()]


def _cast(node: Node, graph: Graph) -> list[Tensor]:
    """A cast is made where the tensor is read: it states another format, and costs what the scheme's conversions do."""
    kind = node.integer("to", 0) or (node.value(1).kind if node.has(1) else 0)
    return [replace(node.x(), format=stated_format(kind) or node.x().format)]


def _reshape(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    wanted = node.whole(1) if node.has(1) else node.integers("shape")
    if node.integer("allowzero", 0):
        return [reshape(x, wanted)]
    if any(extent == 0 and place >= len(x.shape) for place, extent in enumerate(wanted)):
        raise InputError(f"a 0 in a shape must stand for an axis of {x.text()}; got {list(wanted)}.")
    return [reshape(x, [x.shape[place] if extent == 0 else extent for place, extent in enumerate(wanted)])]


def _flatten(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    axis = node.integer("axis", 1)
    axis = axis + len(x.shape) if axis < 0 else axis
    rows = 1
    for extent in x.shape[:axis]:
        rows *= extent
    columns = 1
    for extent in x.shape[axis:]:
        columns *= extent
    return [reshape(x, (rows, columns))]


def _squeeze(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    rank = len(x.shape)
    given = node.axes(1)
    gone = {axis_of(axis, rank) for axis in given} if given else {n for n, size in enumerate(x.shape) if size == 1}
    if any(x.shape[axis] != 1 for axis in gone):
        raise InputError(f"a squeeze must take away extents of 1; got axes {sorted(gone)} of {x.text()}.")
    return [reshape(x, [size for n, size in enumerate(x.shape) if n not in gone])]


def _unsqueeze(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    given = node.axes(1)
    rank = len(x.shape) + len(given)
    new = {axis_of(axis, rank) for axis in given}
    if len(new) != len(given):
        raise InputError(f"axes must differ; got {list(given)}.")
    sizes = iter(x.shape)
    return [reshape(x, [1 if n in new else next(sizes) for n in range(rank)])]


def _transpose(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    return [transpose(x, node.integers("perm") or tuple(reversed(range(len(x.shape)))))]


def slices(node: Node, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return what a Slice takes of each axis, given by inputs, or by attributes before opset 10."""
    starts = node.whole(1) if node.has(1) else node.integers("starts")
    ends = node.whole(2) if node.has(2) else node.integers("ends")
    axes = (node.whole(3) if node.has(3) else node.integers("axes")) or tuple(range(len(starts)))
    steps = node.whole(4) if node.has(4) else (1,) * len(starts)
    found = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if not step:
            raise InputError("the step of a slice must not be 0.")
        place = axis_of(axis, len(shape))
        behind = step < 0 and end < -shape[place]
        found[place] = slice(start, None if behind else end, step)
    return tuple(found)


def _slice(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    taken = slices(node, x.shape)
    return [cut(x, [len(range(*each.indices(size))) for each, size in zip(taken, x.shape, strict=True)])]


def parts(node: Node, size: int) -> tuple[int, ...]:
    """Return the extents that a Split makes of an axis: given, or as equal as can be."""
    given = node.whole(1) if node.has(1) else node.integers("split")
    if given:
        if sum(given) != size or min(given) < 0:
            raise InputError(f"the parts of a split must add up to {size}; got {list(given)}.")
        return given
    count = node.integer("num_outputs", len(node.outputs))
    if not 1 <= count <= min(max(size, 1), MOST_PARTS):
        raise InputError(f"a split must make from 1 to {min(size, MOST_PARTS)} parts; got {count}.")
    each = -(-size // count)
    return tuple(max(0, min(each, size - n * each)) for n in range(count))


def _split(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    axis = axis_of(node.integer("axis", 0), len(x.shape))
    made = []
    for size in parts(node, x.shape[axis]):
        shape = list(x.shape)
        shape[axis] = size
        made.append(cut(x, shape))
    return made


def _concat(node: Node, graph: Graph) -> list[Tensor]:
    """Tensors joined; the past of a KV cache and what is new, if the model hands the result out."""
    tensors = node.xs()
    if not tensors:
        raise InputError("must join at least one tensor; it has none.")
    if not node.handed_out:
        tensors = [replace(tensor, cached=False) for tensor in tensors]
    return [concat(graph, node.name, tensors, node.integer("axis", 0))]


def _expand(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    return [expand(x, broadcast(x.shape, node.whole(1)))]


def _tile(node: Node, graph: Graph) -> list[Tensor]:
    x, times = node.x(), node.whole(1)
    if len(times) != len(x.shape) or min(times, default=1) < 0:
        raise InputError(f"repeats must be given for each axis of {x.text()}; got {list(times)}.")
    return [x.like(tuple(size * count for size, count in zip(x.shape, times, strict=True)))]


def _pad(node: Node, graph: Graph) -> list[Tensor]:
    x = node.x()
    given = node.whole(1) if node.has(1) else node.integers("pads") or node.integers("paddings")
    axes = [axis_of(axis, len(x.shape)) for axis in (node.whole(3) if node.has(3) else range(len(x.shape)))]
    if len(given) != 2 * len(axes):
        raise InputError(f"pads must be {2 * len(axes)} whole numbers; got {list(given)}.")
    padding = [(0, 0)] * len(x.shape)
    for place, axis in enumerate(axes):
        padding[axis] = given[place], given[place + len(axes)]
    return [pad(x, padding)]


def _constant(node: Node, graph: Graph) -> list[Tensor]:
    """A constant in the graph: a tensor, which counts as a parameter if it is a float, or numbers."""
    tensor = node.tensor("value")
    if tensor is not None:
        shape = tuple(tensor.dims)
        known = stated_format(tensor.data_type)
        return [graph.stored(node.name, shape, known, parameter=tensor.data_type in WEIGHTS)]
    for name, kind in (("value_float", 1), ("value_int", 2)):
        if name in node.attributes and node.attributes[name].type == kind:
            return [graph.stored(node.name, (), parameter=False)]
    for name, field in (("value_floats", "floats"), ("value_ints", "ints"), ("value_strings", "strings")):
        if name in node.attributes:
            return [graph.stored(node.name, (len(getattr(node.attributes[name], field)),), parameter=False)]
    raise InputError("must have a value; it has none.")


def _filled(node: Node, graph: Graph) -> list[Tensor]:
    """A tensor of one value throughout; a stored shape makes it stand for a weight, a computed one does not."""
    shape = node.whole(0)
    value = node.tensor("value")
    kind = value.data_type if value is not None else 1
    weight = kind in WEIGHTS and node.x(0).stored == node.proto.input[0]
    return [graph.stored(node.name, shape, stated_format(kind), parameter=weight)]


def _made_up(node: Node, graph: Graph) -> list[Tensor]:
    """A random or patterned tensor as large as its input."""
    return [graph.stored(node.name, node.x().shape, parameter=False)]


OPERATORS: dict[str, Handler] = {
    "Cast": _cast,
    "CastLike": _cast,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _filled,
    "Dropout": _dropout,
    "Expand": _expand,
    "EyeLike": _made_up,
    "Flatten": _flatten,
    "Identity": _same,
    "Pad": _pad,
    "RandomNormalLike": _made_up,
    "RandomUniformLike": _made_up,
    "Reshape": _reshape,
    "ReverseSequence": _same,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Trilu": _same,
    "Unsqueeze": _unsqueeze,
}
