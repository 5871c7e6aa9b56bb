"""What do windows that sum or compare, reductions of whole axes and changes of resolution cost?

A reduction of n values is n operations (`accelsim.workload.vector`), so a mean over rows and columns
and a global average pool are the same layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Dims, Tensor, axis_of
from accelsim.workload.stream import Axis
from accelsim.workload.vector import Ops, merge, ops, pool_ops

REDUCTIONS: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "mean": ({"add": 1}, {"multiply": 1}),
    "sum": ({"add": 1}, {}),
    "product": ({"multiply": 1}, {}),
    "maximum": ({"compare": 1}, {}),
    "sum_of_squares": ({"multiply": 1, "add": 1}, {}),
    "sum_of_sizes": ({"compare": 1, "add": 1}, {}),
    "length": ({"multiply": 1, "add": 1}, {"sqrt": 1}),
    "log_sum": ({"add": 1}, {"exp": 1}),
    "log_sum_exp": ({"exp": 1, "add": 1}, {"exp": 1}),
    "variance": ({"multiply": 1, "add": 3}, {"multiply": 2}),
}
"""Operations per value read and per value made: mean, maximum (minimum, argmax) ..."""


def pool(
    graph: Graph,
    name: str,
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    pads: Sequence[int] = (),
    dilation: Sequence[int] = (),
    *,
    average: bool,
    ceil: bool = False,
) -> Tensor:
    """Return the average or maximum in windows over the axes behind batch and channels.

    ``stride`` is by default the kernel (ONNX: 1, which its importer gives); ``pads`` as in `conv`.
    """
    axes = len(x.shape) - 2
    if axes < 1 or len(kernel) != axes:
        raise InputError(f"a pool must have a kernel for each axis behind the channels; got {kernel} on {x.text()}.")
    steps, spread = tuple(stride) or tuple(kernel), tuple(dilation) or (1,) * axes
    border = tuple(pads) or (0,) * 2 * axes
    if (len(steps), len(spread), len(border)) != (axes, axes, 2 * axes):
        raise InputError(f"stride, dilation and padding must be given for each of {axes} axes.")
    own = x.padding[2:] or ((0, 0),) * axes
    windows = [
        Axis(size, taps, steps[n], spread[n], border[n] + own[n][0], border[n + axes] + own[n][1], ceil)
        for n, (size, taps) in enumerate(zip(x.inner[2:], kernel, strict=True))
    ]
    shape = (*x.shape[:2], *(window.output for window in windows))
    counts = pool_ops(prod(shape), prod(kernel), average=average)
    return streamed(graph, name, "pool", "pool", x, shape, counts)


def global_pool(graph: Graph, name: str, x: Tensor, *, average: bool = True) -> Tensor:
    """Return the average or maximum of each channel over all axes behind it; these become 1."""
    axes = range(2, len(x.shape))
    return reduce(graph, name, "mean" if average else "maximum", x, tuple(axes), keepdims=True)


def reduce(graph: Graph, name: str, operation: str, x: Tensor, axes: Sequence[int], *, keepdims: bool) -> Tensor:
    """Return ``x`` with a reduction of `REDUCTIONS` over some of its axes."""
    if operation not in REDUCTIONS:
        raise InputError(f"{operation!r} is not a reduction{did_you_mean(operation, REDUCTIONS) or '.'}")
    gone = {axis_of(axis, len(x.shape)) for axis in axes}
    shape = tuple(1 if n in gone else size for n, size in enumerate(x.shape) if keepdims or n not in gone)
    read, made = REDUCTIONS[operation]
    counts = merge(
        ops(**{kind: count * x.elements for kind, count in read.items()}),
        ops(**{kind: count * prod(shape) for kind, count in made.items()}),
    )
    return streamed(graph, name, f"reduce_{operation}", "pool", x, shape, counts)


def resize(graph: Graph, name: str, x: Tensor, shape: Dims, taps: int) -> Tensor:
    """Return ``x`` at another resolution: each value is a weighted sum of ``taps`` values.

    Taps are 1 for the nearest value (no operation), 2 per axis for linear, 4 per axis for cubic. A
    weighted sum is one multiply and one add a tap; the weights depend on the place alone.
    """
    count = prod(shape) * taps if taps > 1 else 0
    return streamed(graph, name, "resize", "other", x, shape, ops(multiply=count, add=count))


def streamed(graph: Graph, name: str, operator: str, kind: str, x: Tensor, shape: Dims, counts: Ops) -> Tensor:
    """Record a layer that reads all of ``x``, does vector operations and writes a tensor of ``shape``."""
    if x.is_stored or not prod(shape) or not x.elements:
        return x.like(shape)
    layer = Layer(
        graph.fresh(name),
        kind,
        vector_ops=counts,
        inputs=x.producers,
        input_elements=x.words,
        output_elements=prod(shape),
    )
    return graph.record(operator, [layer], [x], shape)
