"""What do convolutions, pools and changes of resolution become?"""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers.onnx.node import Node
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.operators import (
    Graph,
    Tensor,
    conv,
    conv_transpose,
    global_pool,
    pool,
    reshape,
    resize,
)


def _conv(node: Node, graph: Graph) -> list[Tensor]:
    x, weight = node.x(0), node.x(1)
    axes = len(x.shape) - 2
    kernel, stride, dilation = weight.shape[2:], _ones(node, "strides", axes), _ones(node, "dilations", axes)
    pads = padding(node, x, kernel, stride, dilation)
    groups = node.integer("group", 1)
    return [conv(graph, node.name, x, weight, node.maybe(2), stride, pads, dilation, groups)]


def _conv_transpose(node: Node, graph: Graph) -> list[Tensor]:
    x, weight = node.x(0), node.x(1)
    axes = len(x.shape) - 2
    stride, dilation = _ones(node, "strides", axes), _ones(node, "dilations", axes)
    extra = node.integers("output_padding") or (0,) * axes
    pads = _pads(node, axes)
    mode = node.text("auto_pad", "NOTSET")
    wanted = node.integers("output_shape")
    if mode in ("SAME_UPPER", "SAME_LOWER") and not wanted:
        wanted = tuple(size * step for size, step in zip(x.shape[2:], stride, strict=True))
    if wanted:
        reach = zip(x.shape[2:], weight.shape[2:], stride, dilation, extra, wanted[-axes:], strict=True)
        total = [(size - 1) * s + more + d * (taps - 1) + 1 - out for size, taps, s, d, more, out in reach]
        upper = [max(0, each) // 2 for each in total]
        other = [max(0, each) - half for each, half in zip(total, upper, strict=True)]
        pads = (*other, *upper) if mode != "SAME_UPPER" else (*upper, *other)
        extra = tuple(more + max(0, -each) for more, each in zip(extra, total, strict=True))
    groups = node.integer("group", 1)
    return [conv_transpose(graph, node.name, x, weight, node.maybe(2), stride, pads, dilation, groups, extra)]


def _ones(node: Node, name: str, axes: int) -> tuple[int, ...]:
    found = node.integers(name) or (1,) * axes
    if len(found) != axes or min(found, default=1) < 1:
        raise InputError(f"{name} must be {axes} whole numbers of at least 1; got {list(found)}.")
    return found


def _pads(node: Node, axes: int) -> tuple[int, ...]:
    found = node.integers("pads") or (0,) * 2 * axes
    if len(found) != 2 * axes:
        raise InputError(f"pads must be {2 * axes} whole numbers; got {list(found)}.")
    return found


def padding(
    node: Node, x: Tensor, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[int, ...]:
    """Return the pads of a window, explicit or as ``auto_pad`` says: outputs are ceil(size / stride) for SAME."""
    axes = len(kernel)
    mode = node.text("auto_pad", "NOTSET")
    if mode == "NOTSET":
        return _pads(node, axes)
    if mode == "VALID":
        return (0,) * 2 * axes
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise InputError(f"auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER; got {mode!r}.")
    less, more = [], []
    for size, taps, step, spread in zip(x.shape[2:], kernel, stride, dilation, strict=True):
        total = max(0, (-(-size // step) - 1) * step + spread * (taps - 1) + 1 - size)
        less.append(total // 2)
        more.append(total - total // 2)
    return (*less, *more) if mode == "SAME_UPPER" else (*more, *less)


def _pool(average: bool) -> Handler:
    def handler(node: Node, graph: Graph) -> list[Tensor]:
        x, kernel = node.x(), node.integers("kernel_shape")
        axes = len(x.shape) - 2
        if len(kernel) != axes or axes < 1:
            raise InputError(f"kernel_shape must be given for each axis of {x.text()}; got {list(kernel)}.")
        stride, dilation = _ones(node, "strides", axes), _ones(node, "dilations", axes)
        pads = padding(node, x, kernel, stride, dilation)
        ceil = bool(node.integer("ceil_mode", 0))
        made = pool(graph, node.name, x, kernel, stride, pads, dilation, average=average, ceil=ceil)
        return [made, made.like(made.shape)]

    return handler


def _global(average: bool) -> Handler:
    return lambda node, graph: [global_pool(graph, node.name, node.x(), average=average)]


TAPS = {"nearest": 1, "linear": 2, "bilinear": 2, "cubic": 4}


def _resize(node: Node, graph: Graph) -> list[Tensor]:
    x, mode = node.x(), node.text("mode", "nearest")
    if mode not in TAPS:
        raise UnsupportedError(f"mode {mode} is not understood.")
    given = node.integers("axes") or tuple(range(len(x.shape)))
    axes = [axis % max(1, len(x.shape)) for axis in given]
    shape = list(x.shape)
    newest = len(node.inputs) > 2 or node.has(3)
    scales = 2 if newest else 1
    if node.has(3):
        for axis, extent in zip(axes, node.whole(3), strict=True):
            shape[axis] = extent
    else:
        factors = node.array(scales).reshape(-1) if node.has(scales) else _upsample_scales(node)
        for axis, factor in zip(axes, factors, strict=True):
            shape[axis] = int(shape[axis] * float(factor))
    changed = [old != new for old, new in zip(x.shape, shape, strict=True)]
    taps = TAPS[mode] ** sum(changed)
    return [resize(graph, node.name, x, tuple(shape), taps)]


def _upsample_scales(node: Node) -> list[float]:
    found = node.attributes.get("scales")
    if found is None or found.type != 6:
        raise InputError("must have scales or sizes; it has neither.")
    return list(found.floats)


def _depth_to_space(node: Node, graph: Graph) -> list[Tensor]:
    x, block = node.x(), node.integer("blocksize", 1)
    batch, channels, height, width = x.shape
    return [reshape(x, (batch, channels // (block * block), height * block, width * block))]


def _space_to_depth(node: Node, graph: Graph) -> list[Tensor]:
    x, block = node.x(), node.integer("blocksize", 1)
    batch, channels, height, width = x.shape
    return [reshape(x, (batch, channels * block * block, height // block, width // block))]


def _grid_sample(node: Node, graph: Graph) -> list[Tensor]:
    """A value is a weighted sum of taps at a computed place: also a multiply, an add and a rounding per axis."""
    x, grid = node.x(0), node.x(1)
    mode = node.text("mode", "linear")
    axes = len(x.shape) - 2
    if mode not in TAPS:
        raise UnsupportedError(f"mode {mode} is not understood.")
    shape = (*x.shape[:2], *grid.shape[1:-1])
    source = Tensor(
        (x.words + grid.words,), (*x.producers, *(name for name in grid.producers if name not in x.producers))
    )  # fmt: skip
    return [resize(graph, node.name, source, shape, TAPS[mode] ** axes + axes)]


OPERATORS: dict[str, Handler] = {
    "AveragePool": _pool(average=True),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _depth_to_space,
    "GlobalAveragePool": _global(average=True),
    "GlobalMaxPool": _global(average=False),
    "GridSample": _grid_sample,
    "MaxPool": _pool(average=False),
    "Resize": _resize,
    "SpaceToDepth": _space_to_depth,
    "Upsample": _resize,
}
