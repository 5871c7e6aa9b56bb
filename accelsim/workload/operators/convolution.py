"""Which layers is a convolution or a transposed convolution over one, two or three axes?

Two axes are `accelsim.workload.build.conv`; one axis is an image of one row. Of three axes one is
written out: its taps go into the channels and its positions into the batch, which leaves MACs,
weights and outputs exact; the axis chosen is the one that repeats the fewest input words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload import build as make
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Dims, Tensor
from accelsim.workload.stream import Axis, Stream
from accelsim.workload.transposed import transposed_conv


def conv(
    graph: Graph,
    name: str,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sequence[int] = (),
    pads: Sequence[int] = (),
    dilation: Sequence[int] = (),
    groups: int = 1,
) -> Tensor:
    """Return the convolution of ``x`` (batch, channels, axes) with ``weight`` (out, channels / groups, taps).

    Parameters
    ----------
    stride, dilation : sequence of int
        One per axis; () = all 1.
    pads : sequence of int
        Before every axis, then after every axis, as ONNX gives them; () = none.
    """
    windows = _windows(x, weight, stride, pads, dilation)
    out, channels, *_ = weight.shape
    if channels * groups != x.shape[1]:
        raise InputError(
            f"must have a weight of {x.shape[1]} / {groups} channels for an input of {x.text()}; got {weight.text()}."
        )
    name = graph.fresh(name)
    source, flat = _flat(x, windows)
    rows, columns = flat[-2:]
    built = make.conv(
        name,
        source,
        out,
        (rows.taps, columns.taps),
        (rows.stride, columns.stride),
        (rows.before, columns.before, rows.after, columns.after),
        (rows.dilation, columns.dilation),
        groups,
        bias=bias is not None,
    )
    layers = _fed_by(built.layers, x, weight)
    shape = (x.shape[0], out, *(axis.output for axis in windows))
    return _record(graph, "conv", layers, x, weight, bias, shape)


def conv_transpose(
    graph: Graph,
    name: str,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sequence[int] = (),
    pads: Sequence[int] = (),
    dilation: Sequence[int] = (),
    groups: int = 1,
    output_padding: Sequence[int] = (),
) -> Tensor:
    """Return the transposed convolution of ``x`` with ``weight`` (channels, out / groups, taps).

    Where more is cut off behind an axis than before it, the axis is read backwards: the counts are equal.

    Raises
    ------
    UnsupportedError
        It has three axes, or a border that neither padding nor output padding can say.
    """
    axes = _axes(x, weight)
    if weight.shape[0] != x.shape[1]:
        raise InputError(
            f"must have a weight of {x.shape[1]} channels for an input of {x.text()}; got {weight.text()}."
        )
    if axes > 2:
        raise UnsupportedError("a transposed convolution over three axes is not understood.")
    stride, dilation = tuple(stride) or (1,) * axes, tuple(dilation) or (1,) * axes
    pads, extra = tuple(pads) or (0,) * 2 * axes, tuple(output_padding) or (0,) * axes
    if not all(len(given) == axes for given in (stride, dilation, extra, pads[axes:])):
        raise InputError(f"stride, dilation and padding must be given for each of {axes} axes.")
    ends = [(before, after - more) for before, after, more in zip(pads, pads[axes:], extra, strict=False)]
    border, extra = [max(both) for both in ends], tuple(abs(before - after) for before, after in ends)
    if any(more >= max(both) for more, *both in zip(extra, stride, dilation, strict=True)):
        raise UnsupportedError("a transposed convolution cut off on one side is not understood.")
    name = graph.fresh(name)
    row = (1,) * (2 - axes)
    none = (0,) * (2 - axes)
    built = transposed_conv(
        name,
        x.stream(),
        weight.shape[1] * groups,
        [*row, *weight.shape[2:]],
        [*row, *stride],
        [*none, *border],
        [*none, *extra],
        [*row, *dilation],
        groups,
        bias=bias is not None,
    )
    shape = (x.shape[0], weight.shape[1] * groups, *(built.output.height, built.output.width)[2 - axes :])
    return _record(graph, "conv_transpose", _fed_by(built.layers, x, weight), x, weight, bias, shape)


def _record(
    graph: Graph, operator: str, layers: Sequence[Layer], x: Tensor, weight: Tensor, bias: Tensor | None, shape: Dims
) -> Tensor:
    weights = [tensor for tensor in (weight, bias) if tensor is not None and tensor.is_stored]
    return graph.record(
        operator,
        layers,
        [x] if weight.is_stored else [x, weight],
        shape,
        weights=weights,
        makers=tuple(layer.name for layer in layers),
        biased=bias is not None,
    )


def _axes(x: Tensor, weight: Tensor) -> int:
    axes = len(x.shape) - 2
    if axes not in (1, 2, 3) or len(weight.shape) != len(x.shape):
        raise InputError(
            f"a convolution must have a batch, channels and one to three axes; got {weight.text()} on {x.text()}."
        )
    return axes


def _windows(
    x: Tensor, weight: Tensor, stride: Sequence[int], pads: Sequence[int], dilation: Sequence[int]
) -> list[Axis]:
    """Return the window along every axis; what the tensor is padded with is made on the spot, too."""
    axes = _axes(x, weight)
    steps, spread = tuple(stride) or (1,) * axes, tuple(dilation) or (1,) * axes
    border = tuple(pads) or (0,) * 2 * axes
    if (len(steps), len(spread), len(border)) != (axes, axes, 2 * axes):
        raise InputError(f"stride, dilation and padding must be given for each of {axes} axes.")
    own = x.padding[2:] or ((0, 0),) * axes
    return [
        Axis(size, taps, steps[n], spread[n], border[n] + own[n][0], border[n + axes] + own[n][1])
        for n, (size, taps) in enumerate(zip(x.inner[2:], weight.shape[2:], strict=True))
    ]


def _flat(x: Tensor, windows: list[Axis]) -> tuple[Stream, list[Axis]]:
    """Return the input as an image, and its windows along rows and columns."""
    batch, channels, *sizes = x.inner
    if len(sizes) == 1:
        return Stream(x.producers, channels, 1, sizes[0], batch=batch), [Axis(1, 1), *windows]
    if len(sizes) == 2:
        return Stream(x.producers, channels, sizes[0], sizes[1], batch=batch), windows
    gone = min(range(3), key=lambda n: windows[n].taps * windows[n].output / windows[n].size)
    written, kept = windows[gone], [n for n in range(3) if n != gone]
    rows, columns = (sizes[n] for n in kept)
    image = Stream(x.producers, channels * written.taps, rows, columns, batch=batch * written.output)
    return image, [windows[n] for n in kept]


def _fed_by(layers: Sequence[Layer], x: Tensor, weight: Tensor) -> list[Layer]:
    """Return the layers as they read ``x``, and ``weight`` where it is no stored tensor."""
    made = [replace(layer, input_elements=x.words) if layer.shape else layer for layer in layers]
    if weight.is_stored:
        return made
    return [
        replace(layer, second_operand="activation", inputs=layer.inputs + weight.producers) if layer.shape else layer
        for layer in made
    ]
