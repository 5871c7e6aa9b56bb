"""Which operators of PyTorch only look at a tensor in another way? No operation, no traffic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accelsim.workload.importers.pytorch.call import Call, Value
from accelsim.workload.operators import Tensor, concat, cut, expand, pad, reshape, transpose
from accelsim.workload.operators.tensor import axis_of


def same(call: Call) -> Tensor:
    """Return the tensor itself: a copy, a cast, a dropout that does nothing outside training."""
    return call.first


def shaped(call: Call) -> Tensor:
    """Return the tensor with the extents that torch gives the result."""
    return reshape(call.first, call.shape)


def moved(call: Call) -> Tensor:
    """Return the tensor with its values in other places and as many of them."""
    return call.first.like(call.shape)


def part(call: Call) -> Tensor:
    """Return a part of the tensor."""
    return cut(call.first, call.shape)


def parts(call: Call) -> list[Tensor]:
    """Return the tensor in parts."""
    return [cut(call.first, shape) for shape in call.shapes]


def ordered(call: Call) -> Tensor:
    """Return the tensor with its axes in the order that the operator gives."""
    x = call.first
    rank = len(x.shape)
    order = list(range(rank))
    if call.operator == "permute":
        order = [axis_of(axis, rank) for axis in call["dims"]]
    elif call.operator in ("movedim", "moveaxis"):
        sources = [axis_of(axis, rank) for axis in call.pair("source")]
        targets = [axis_of(axis, rank) for axis in call.pair("destination")]
        rest = iter([axis for axis in order if axis not in sources])
        place = dict(zip(targets, sources, strict=True))
        order = [place[axis] if axis in place else next(rest) for axis in order]
    elif call.operator == "numpy_T":
        order.reverse()
    elif rank > 1:
        first, second = call.get("dim0", call.get("axis0", -2)), call.get("dim1", call.get("axis1", -1))
        first, second = axis_of(first, rank), axis_of(second, rank)
        order[first], order[second] = order[second], order[first]
    return transpose(x, order)


def widened(call: Call) -> Tensor:
    """Return the tensor broadcast to what torch gives."""
    return expand(call.first, call.shape)


def alike(call: Call) -> list[Tensor]:
    """Return tensors broadcast to one shape."""
    return [expand(x, shape) for x, shape in zip(call["tensors"], call.shapes, strict=True)]


def repeated(call: Call) -> Tensor:
    """Return the tensor with each value, or the whole of it, several times along some axes."""
    x, shape = call.first, call.shape
    flat = len(shape) < len(x.shape)
    x = reshape(x, (x.elements,) if flat else (1,) * (len(shape) - len(x.shape)) + x.shape)
    between, inner = [], []
    for size, wide in zip(x.shape, shape, strict=True):
        behind = call.operator == "repeat_interleave"
        between += [size, 1] if behind else [1, size]
        inner += [size, wide // size] if behind else [wide // size, size]
    return reshape(expand(reshape(x, between), inner), shape)


def joined(call: Call) -> Tensor:
    """Return tensors one behind the other along an axis, or along a new one."""
    tensors = [tensor for tensor in call["tensors"] if isinstance(tensor, Tensor)]
    if call.operator == "stack":
        axis = axis_of(call.get("dim", 0), len(call.shape))
        tensors = [reshape(x, (*x.shape[:axis], 1, *x.shape[axis:])) for x in tensors]
    else:
        axis = call.get("dim", call.get("axis", 0))
        tensors = [tensor for tensor in tensors if tensor.shape != (0,)]
    return concat(call.graph, call.name, tensors, axis)


def padded(call: Call) -> Tensor:
    """Return the tensor with values made on the spot around it."""
    x, given = call.first, call.pair("pad" if "pad" in call.values else "padding")
    if call.get("mode", "constant") != "constant" or call.operator.startswith(("reflection", "replication")):
        return replace(x.like(call.shape), padding=_around(x, given))
    return pad(x, _around(x, given))


def _around(x: Tensor, given: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return padding as torch gives it, the last axis first, as a pair per axis from the front."""
    pairs = [(given[place], given[place + 1]) for place in range(0, len(given), 2)]
    return ((0, 0),) * (len(x.shape) - len(pairs)) + tuple(reversed(pairs))


def chosen(call: Call) -> Value:
    """Return one of several values: what a Python index takes."""
    several, place = call["0"], call["1"]
    return several[place] if isinstance(several, list) else several


SAME = (
    "alias", "alpha_dropout", "clone", "contiguous", "data", "detach", "dropout", "feature_alpha_dropout",
    "feature_dropout", "lift_fresh", "lift_fresh_copy", "positive", "requires_grad", "resolve_conj", "resolve_neg",
    "to", "_to_copy", "type_as", "float", "half", "_autocast_to_full_precision", "_autocast_to_reduced_precision",
    "native_dropout", "cpu", "view_dtype",
)  # fmt: skip
SHAPED = (
    "_unsafe_view", "_reshape_alias", "flatten", "reshape", "reshape_as", "squeeze", "unflatten", "unsqueeze", "view",
    "view_as", "atleast_1d", "atleast_2d", "atleast_3d",
)  # fmt: skip
MOVED = (
    "channel_shuffle", "flip", "fliplr", "flipud", "pixel_shuffle", "pixel_unshuffle", "roll", "rot90",
    "native_channel_shuffle", "view_as_complex", "view_as_real", "real", "imag", "conj", "_conj", "conj_physical",
)  # fmt: skip
PART = ("as_strided", "diagonal", "narrow", "select", "slice", "diagonal_copy", "select_copy", "slice_copy")
PARTS = ("chunk", "split", "split_with_sizes", "tensor_split", "unbind", "unsafe_chunk", "unsafe_split", "hsplit",
         "vsplit", "dsplit", "unsafe_split_with_sizes")  # fmt: skip
ORDERED = ("adjoint", "mT", "matrix_H", "moveaxis", "movedim", "numpy_T", "permute", "swapaxes", "swapdims", "t",
           "transpose")  # fmt: skip
PADDED = (
    "constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d",
    "replication_pad2d", "replication_pad3d",
)  # fmt: skip

VIEWS: dict[str, Callable[[Call], Value]] = {
    **dict.fromkeys(SAME, same),
    **dict.fromkeys(SHAPED, shaped),
    **dict.fromkeys(MOVED, moved),
    **dict.fromkeys(PART, part),
    **dict.fromkeys(PARTS, parts),
    **dict.fromkeys(ORDERED, ordered),
    **dict.fromkeys(PADDED, padded),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to", "expand_copy"), widened),
    **dict.fromkeys(("repeat", "tile", "repeat_interleave"), repeated),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack"), joined),
    "broadcast_tensors": alike,
    "getitem": chosen,
}
"""Also done on stored tensors alone."""
