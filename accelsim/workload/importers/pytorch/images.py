"""Which convolution, pool or change of resolution is an operator of PyTorch?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from accelsim.workload.importers.pytorch.call import Call, Value, several
from accelsim.workload.operators import Tensor, conv, conv_transpose, global_pool, pool, reshape, resize
from accelsim.workload.operators.pooling import streamed
from accelsim.workload.vector import pool_ops

TAPS = {"nearest": 1, "linear": 2, "bilinear": 4, "bicubic": 16, "trilinear": 8}
"""Values that one value of a new resolution is a weighted sum of."""


def convolved(call: Call) -> Tensor:
    """Return a convolution, transposed or not, over one to three axes."""
    weight = call.tensor("weight")
    axes = len(weight.shape) - 2
    x, alone = batched(call.tensor("input"), axes)
    stride, dilation = (spread(call.pair(name), axes) for name in ("stride", "dilation"))
    given = (call.graph, call.name, x, weight, call.optional("bias"), stride)
    groups = call.get("groups", 1)
    if "conv_transpose" in call.operator or call.get("transposed", False):
        before = spread(call.pair("padding", 0), axes)
        extra = spread(call.pair("output_padding", 0), axes)
        made = conv_transpose(*given, before * 2, dilation, groups, extra)
    else:
        made = conv(*given, _pads(call, weight, dilation), dilation, groups)
    return reshape(made, made.shape[1:]) if alone else made


def _pads(call: Call, weight: Tensor, dilation: Sequence[int]) -> tuple[int, ...]:
    """Return the padding before every axis, then behind; "same" puts an odd one behind."""
    given = call.get("padding", 0)
    axes = len(weight.shape) - 2
    if given == "valid":
        return (0,) * 2 * axes
    if given == "same":
        total = [step * (taps - 1) for step, taps in zip(dilation, weight.shape[2:], strict=True)]
        return (*(each // 2 for each in total), *(each - each // 2 for each in total))
    return spread(call.pair("padding", 0), axes) * 2


def batched(x: Tensor, axes: int) -> tuple[Tensor, bool]:
    """Return ``x`` with a batch of 1 in front where it is a single image, and whether it is one."""
    alone = len(x.shape) == axes + 1
    return (reshape(x, (1, *x.shape)) if alone else x), alone


def spread(given: Sequence[int], axes: int) -> tuple[int, ...]:
    """Return one number per axis; a single one stands for all."""
    return tuple(given) * axes if len(given) == 1 else tuple(given)


def pooled(call: Call) -> Value:
    """Return the maximum or average in windows; of a maximum with its places, both."""
    axes = int(call.operator.partition("pool")[2][0])
    x, alone = batched(call.first, axes)
    kernel = spread(call.pair("kernel_size"), axes)
    stride = spread(call.pair("stride"), axes) if call.get("stride") else kernel
    pads = spread(call.pair("padding", 0), axes) * 2
    dilation = spread(call.pair("dilation"), axes)
    average = call.operator.startswith("avg")
    ceil = bool(call.get("ceil_mode", False))
    made = pool(call.graph, call.name, x, kernel, stride, pads, dilation, average=average, ceil=ceil)
    return several(call, reshape(made, made.shape[1:]) if alone else made)


def adapted(call: Call) -> Value:
    """Return a pool to given extents: output i of n takes inputs floor(i*size/n) to ceil((i+1)*size/n)."""
    axes = int(call.operator.partition("pool")[2][0])
    x, alone = batched(call.first, axes)
    average = "avg" in call.operator
    sizes = call.shape[-axes:]
    if prod(sizes) == 1:
        made = global_pool(call.graph, call.name, x, average=average)
    else:
        taps = prod(_windows(size, count) for size, count in zip(x.shape[2:], sizes, strict=True))
        shape = (*x.shape[:2], *sizes)
        counts = pool_ops(x.shape[0] * x.shape[1], taps, average=average)
        if average:
            counts = tuple((kind, prod(shape) if kind == "multiply" else count) for kind, count in counts)
        made = streamed(call.graph, call.name, "pool", "pool", x, shape, counts)
    return several(call, reshape(made, made.shape[1:]) if alone else made)


def _windows(size: int, count: int) -> int:
    """Return the inputs of all outputs along one axis."""
    return sum(-(-(place + 1) * size // count) - place * size // count for place in range(count))


def resized(call: Call) -> Tensor:
    """Return an image at another resolution."""
    taps = next(count for method, count in TAPS.items() if f"upsample_{method}" in call.operator)
    return resize(call.graph, call.name, call.first, call.shape, taps)


def windowed(call: Call) -> Tensor:
    """Return overlapping windows written out: the values are read once and written as often as they occur."""
    return streamed(call.graph, call.name, "windows", "other", call.first, call.shape, ())


CONVOLUTIONS = (
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution",
    "_convolution", "cudnn_convolution", "mkldnn_convolution",
)  # fmt: skip
POOLS = ("avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
         "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices")  # fmt: skip
ADAPTIVE = tuple(
    f"{kind}_pool{axes}d" for kind in ("adaptive_avg", "_adaptive_avg", "adaptive_max") for axes in (1, 2, 3)
)
RESIZES = ("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "_upsample_nearest_exact1d",
           "_upsample_nearest_exact2d", "_upsample_nearest_exact3d", "upsample_linear1d", "upsample_bilinear2d",
           "upsample_bicubic2d", "upsample_trilinear3d", "_upsample_bilinear2d_aa",
           "_upsample_bicubic2d_aa")  # fmt: skip

IMAGES: dict[str, Callable[[Call], Value]] = {
    **dict.fromkeys(CONVOLUTIONS, convolved),
    **dict.fromkeys(POOLS, pooled),
    **dict.fromkeys(ADAPTIVE, adapted),
    **dict.fromkeys(RESIZES, resized),
    **dict.fromkeys(("im2col", "unfold"), windowed),
}
