"""Which operators only look at a tensor in another way? They cost nothing: no operation, no traffic.

A layer that reads a part of a tensor reads that part's words. Padding is made where it is read. An
expanded tensor is stored once; where its repeats stand side by side along one axis (keys and values
that query heads share) a product reads them once, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Dims, Tensor, axis_of


def reshape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Return ``x`` in another shape of as many elements; one extent may be -1."""
    shape = _inferred(x, tuple(shape))
    if prod(shape) != x.elements:
        given = " x ".join(map(str, shape)) or "a scalar"
        raise InputError(f"a reshape must keep the number of elements; got {x.text()} to {given}.")
    if shape == x.shape:
        return x
    return x.like(shape, repeats=_repeats(x, shape))


def _inferred(x: Tensor, shape: Dims) -> Dims:
    if shape.count(-1) > 1:
        raise InputError(f"a reshape must leave at most one extent open; got {list(shape)}.")
    if -1 not in shape:
        return shape
    known = -prod(shape)
    if not known or x.elements % known:
        raise InputError(f"a reshape must keep the number of elements; got {x.text()} to {list(shape)}.")
    return tuple(x.elements // known if extent == -1 else extent for extent in shape)


def _repeats(x: Tensor, shape: Dims) -> Dims:
    """Return the repeats of a reshaped tensor as far as they stay side by side along one axis.

    Both shapes are cut into the shortest runs of axes with equal products. A run whose inner axes
    repeat whole keeps that; of anything else the repeats are taken as words of their own.
    """
    if not x.repeats or not x.elements:
        return ()
    made: list[int] = []
    left = right = 0
    while left < len(x.shape) or right < len(shape):
        start, begin = left, right
        left, right = left + 1, right + 1
        while (old := prod(x.shape[start:left])) != (new := prod(shape[begin:right])):
            left, right = (left + 1, right) if old < new else (left, right + 1)
        made += _run(x.shape[start:left], x.repeats[start:left], shape[begin:right])
    return tuple(made) if any(times > 1 for times in made) else ()


def _run(sizes: Dims, repeats: Dims, shape: Dims) -> list[int]:
    """Return the repeats of one run: those of its innermost axes, as far as they are whole."""
    inner = 1
    for size, times in zip(reversed(sizes), reversed(repeats), strict=True):
        inner *= times
        if times != size:
            break
    made: list[int] = []
    for size in reversed(shape):
        if inner % size == 0:
            times = size
        elif size % inner == 0:
            times = inner
        else:
            return [1] * len(shape)
        made.append(times)
        inner //= times
    return made[::-1]


def transpose(x: Tensor, order: Sequence[int]) -> Tensor:
    """Return ``x`` with its axes in another order."""
    axes = [axis_of(axis, len(x.shape)) for axis in order]
    if sorted(axes) != list(range(len(x.shape))):
        raise InputError(f"an order of axes must name each of {len(x.shape)} once; got {list(order)}.")
    return x.like(
        tuple(x.shape[axis] for axis in axes),
        repeats=tuple(x.repeats[axis] for axis in axes) if x.repeats else (),
        padding=tuple(x.padding[axis] for axis in axes) if x.padding else (),
    )


def cut(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Return a part of ``x``: a slice, one of a split, chosen rows; of the given shape."""
    shape = tuple(shape)
    if shape == x.shape:
        return x
    same_rank = x.repeats and len(shape) == len(x.shape)
    kept = tuple(
        times if size == whole else 1 for size, whole, times in zip(shape, x.shape, x.repeats, strict=True)
    ) if same_rank else ()  # fmt: skip
    return x.like(shape, repeats=kept if any(times > 1 for times in kept) else ())


def concat(graph: Graph, name: str, tensors: Sequence[Tensor], axis: int, *, cache: bool = False) -> Tensor:
    """Return tensors one behind the other along an axis; stored ones among activations are written there.

    Parameters
    ----------
    cache : bool
        Whether this appends to a KV cache: an input that holds the past goes in, and what comes out is
        handed out. So it is, too, if one of the tensors is cached.
    """
    rank = len(tensors[0].shape)
    axis = axis_of(axis, rank)
    for other in tensors[1:]:
        same = len(other.shape) == rank and all(
            a == b for place, (a, b) in enumerate(zip(other.shape, tensors[0].shape, strict=True)) if place != axis
        )
        if not same:
            given = " and ".join(tensor.text() for tensor in tensors)
            raise InputError(f"tensors to be joined must agree in all but axis {axis}; got {given}.")
    shape = list(tensors[0].shape)
    shape[axis] = sum(tensor.shape[axis] for tensor in tensors)
    active = [tensor for tensor in tensors if not tensor.is_stored and tensor.elements]
    if not active:
        return tensors[0].like(tuple(shape))
    cached = cache or any(tensor.cached for tensor in tensors)
    if cached:
        _append(graph, [tensor for tensor in active if not tensor.cached], axis, shape[axis])
    kept = [_written(graph, name, tensor) for tensor in tensors if tensor.is_stored and tensor.elements]
    producers = tuple(dict.fromkeys(name for tensor in (*active, *kept) for name in tensor.producers))
    graph.joins(len(producers))
    return Tensor(tuple(shape), producers, format=active[0].format, cached=cached)


def _append(graph: Graph, new: Sequence[Tensor], axis: int, tokens: int) -> None:
    """Note what a step adds to the KV cache."""
    for tensor in new:
        if tensor.elements:
            batch = tensor.shape[0] if axis else 1
            graph.kv_elements_per_token += tensor.elements // (batch * tensor.shape[axis])
            graph.cached.update(name for name in tensor.producers if name != "input")
    graph.kv_tokens = max(graph.kv_tokens, tokens)


def _written(graph: Graph, name: str, tensor: Tensor) -> Tensor:
    """Record that a stored tensor is copied into an activation."""
    layer = Layer(
        graph.fresh(name), "other", input_elements=0, output_elements=tensor.words, parameters=tensor.parameters
    )
    return graph.record("copy", [layer], (), tensor.shape, weights=[tensor], format=tensor.format)


def expand(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Return ``x`` broadcast to a larger shape; a single stored number that fills it is still no parameter."""
    shape = tuple(shape)
    lead = len(shape) - len(x.shape)
    sizes = (1,) * max(lead, 0) + x.shape
    if lead < 0 or any(size not in (1, wide) for size, wide in zip(sizes, shape, strict=True)):
        raise InputError(f"a tensor must have extents of 1 where it is expanded; got {x.text()} to {list(shape)}.")
    before = (1,) * lead + (x.repeats or (1,) * len(x.shape))
    repeats = tuple(
        wide if size == 1 else times for size, wide, times in zip(sizes, shape, before, strict=True)
    )  # fmt: skip
    repeated = repeats if any(times > 1 for times in repeats) else ()
    return x.like(shape, repeats=repeated, parameter=x.parameter and x.elements > 1)


def pad(x: Tensor, padding: Sequence[tuple[int, int]]) -> Tensor:
    """Return ``x`` with values made on the spot before and after it along each axis; negative ones cut it off."""
    if len(padding) != len(x.shape):
        raise InputError(f"padding must be given for each of {len(x.shape)} axes; got {len(padding)}.")
    inner = tuple(size + min(b, 0) + min(a, 0) for size, (b, a) in zip(x.shape, padding, strict=True))
    if any(size < 0 for size in inner):
        raise InputError(f"padding must leave something of {x.text()}; got {list(padding)}.")
    part = cut(x, inner)
    added = tuple((max(b, 0), max(a, 0)) for b, a in padding)
    if not any(b or a for b, a in added):
        return part
    old = part.padding or ((0, 0),) * len(added)
    total = tuple((b + c, a + d) for (b, a), (c, d) in zip(old, added, strict=True))
    shape = tuple(size + b + a for size, (b, a) in zip(part.shape, added, strict=True))
    return part.like(shape, padding=total, repeats=())
