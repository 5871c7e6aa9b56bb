"""Which ordinary convolutions compute a transposed convolution without multiplying inserted zeros?

A transposed convolution with stride s, padding p and dilation d computes along each axis ::

    O[o] = sum over f of W[f] * I[i]      where  i*s + f*d - p = o

The outputs of phase r = o mod s need the taps f with f*d = r + p (mod s) and no others. With
g = gcd(s, d) these are f = f0, f0 + s/g, f0 + 2s/g ...; from one to the next the input moves by
-d/g; and from one output of the phase to the next the input moves by 1. Read backwards, the T
taps of a phase are an ordinary convolution of stride 1, dilation d/g and padding
(T-1)*d/g - (r + p - f0*d)/s. The s_y * s_x phases write disjoint outputs and share no weights, so
their MACs, weights and outputs add up to the whole; only products with the border's padding are
executed beyond the real ones, as in any padded convolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

from accelsim.errors import InputError
from accelsim.workload.build import convolution_parameters, finish_ops
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape, Window
from accelsim.workload.stream import Built, Pair, Stream, pair, whole

MOST = 64
"""Largest kernel and stride along one axis: a stride of s in both directions makes s*s layers."""


@dataclass(frozen=True)
class Phase:
    """The outputs o = r (mod stride) of one axis: how many, with which taps, through which window."""

    outputs: int
    taps: tuple[int, ...]
    window: Window


def output_size(size: int, taps: int, stride: int, pad: int, dilation: int, output_pad: int) -> int:
    """Return ``(size - 1)*stride - 2*pad + dilation*(taps - 1) + 1 + output_pad``."""
    return (size - 1) * stride - 2 * pad + dilation * (taps - 1) + 1 + output_pad


def phases(size: int, taps: int, stride: int, pad: int, dilation: int, output_pad: int) -> list[Phase]:
    """Return the phases of one axis that have outputs, in the order of their first output.

    A phase that no product reaches has an empty ``taps``. Leading inputs that a phase never reads are
    cut off its window, so that its padding is at least 0.
    """
    total = output_size(size, taps, stride, pad, dilation, output_pad)
    made = []
    for remainder in range(min(stride, total)):
        outputs = -(-(total - remainder) // stride)
        used = tuple(tap for tap in range(taps) if (remainder + pad - tap * dilation) % stride == 0)
        step = dilation // gcd(stride, dilation)
        lead = (len(used) - 1) * step - (remainder + pad - used[0] * dilation) // stride if used else 0
        reached = size + min(lead, 0)
        made.append(Phase(outputs, used if reached > 0 else (), Window(1, step, max(lead, 0), max(reached, 1))))
    return made


def transposed_conv(
    name: str,
    source: Stream,
    out: int,
    kernel: Pair,
    stride: Pair = 1,
    pad: Pair = 0,
    output_pad: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    bias: bool | None = None,
    batch_norm: bool = False,
    activation: str | None = None,
) -> Built:
    """Return a transposed convolution as one layer per phase, ``NAME.0`` ... in row-major order.

    Every phase reads the whole input. Outputs that no product reaches (kernel smaller than stride)
    are written by ``NAME.empty``. Bias, batch norm and weights that no phase uses count as
    ``parameters`` of the first layer.

    Raises
    ------
    InputError
        Groups do not divide the channels, ``output_pad`` reaches the larger of stride and dilation,
        or nothing is left of the output.
    """
    whole("out", out)
    whole("groups", groups)
    for what, channels in (("input", source.channels), ("output", out)):
        if channels % groups:
            raise InputError(f"must divide the {channels} {what} channels; got {groups}.", where="groups")
    if source.tokens != 1:
        raise InputError(f"must be an image for a window to move over; got {source.text()}.", where="input")
    per_axis = list(
        zip(
            (source.height, source.width),
            pair("kernel", kernel),
            pair("stride", stride),
            pair("pad", pad, least=0),
            pair("dilation", dilation),
            pair("output_pad", output_pad, least=0),
            strict=True,
        )
    )
    for _, taps, step, _, spread, extra in per_axis:
        if taps > MOST or step > MOST:
            field, value = ("kernel", taps) if taps > MOST else ("stride", step)
            raise InputError(f"must be at most {MOST} in a transposed convolution; got {value}.", where=field)
        if extra >= max(step, spread):
            raise InputError(
                f"must be less than the larger of stride and dilation, {max(step, spread)}; got {extra}.",
                where="output_pad",
            )
    height, width = (output_size(*axis) for axis in per_axis)
    if height < 1 or width < 1:
        raise InputError(f"must leave an output; {height} x {width} is left.", where="pad")
    bias = (not batch_norm) if bias is None else bias
    common = _Common(source, out, groups, bias or batch_norm, activation)
    first, *others = _layers(name, common, phases(*per_axis[0]), phases(*per_axis[1]))
    weights = out * (source.channels // groups) * per_axis[0][1] * per_axis[1][1]
    unused = weights - sum(layer.weight_elements for layer in (first, *others))
    parameters = convolution_parameters(out, bias=bias, batch_norm=batch_norm) + unused
    layers = (replace(first, parameters=parameters), *others)
    return Built(layers, source.by(*(layer.name for layer in layers), channels=out, height=height, width=width))


@dataclass(frozen=True)
class _Common:
    source: Stream
    out: int
    groups: int
    bias: bool
    activation: str | None


def _layers(name: str, common: _Common, rows: list[Phase], columns: list[Phase]) -> list[Layer]:
    made: list[Layer] = []
    empty = 0
    for row in rows:
        for column in columns:
            if not (row.taps and column.taps):
                empty += common.source.batch * common.out * row.outputs * column.outputs
                continue
            made.append(_phase(f"{name}.{len(made)}", common, row, column))
    if empty:
        counts = finish_ops(empty, bias=common.bias, activation=common.activation)
        made.append(Layer(f"{name}.empty", "elementwise", vector_ops=counts, output_elements=empty))
    return made


def _phase(name: str, common: _Common, row: Phase, column: Phase) -> Layer:
    source = common.source
    shape = Shape(
        B=source.batch,
        G=common.groups,
        K=common.out // common.groups,
        C=source.channels // common.groups,
        OY=row.outputs,
        OX=column.outputs,
        FY=len(row.taps),
        FX=len(column.taps),
        y=row.window,
        x=column.window,
    )
    return Layer(
        name,
        "conv",
        shape,
        vector_ops=finish_ops(shape.words("O"), bias=common.bias, activation=common.activation),
        inputs=source.producers,
        input_elements=source.elements,
    )
