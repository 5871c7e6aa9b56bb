"""Which `Layer` is a convolution, a linear layer, a pool, a norm ... on a given input?

Each builder takes a name and the `Stream` it reads and returns the layers with exact counts and
the stream that they hand on. A bias costs one add per output. A batch norm given with a
convolution is folded into its weights: it costs the one add of a bias, and its gain and shift count
as parameters (running statistics do not). An activation function given with a layer is applied on
the way out: it costs its operations (`accelsim.workload.vector`) and no memory traffic.
"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
from accelsim.workload.stream import Axis, Built, Pad, Pair, Stream, axes, whole
from accelsim.workload.vector import (
    Ops,
    activation_ops,
    batch_norm_ops,
    layer_norm_ops,
    local_norm_ops,
    merge,
    ops,
    pool_ops,
    rms_norm_ops,
    softmax_ops,
)


def finish_ops(outputs: int, *, bias: bool, activation: str | None) -> Ops:
    """Return the operations on the way out of a layer: one add per output for a bias, the activation."""
    return merge(ops(add=outputs if bias else 0), activation_ops(activation, outputs))


def convolution_parameters(out: int, *, bias: bool, batch_norm: bool) -> int:
    """Return what a convolution stores besides its weights: bias, and gain and shift of its batch norm."""
    return out * (bias + 2 * batch_norm)


def conv(
    name: str,
    source: Stream,
    out: int,
    kernel: Pair,
    stride: Pair = 1,
    pad: Pad = 0,
    dilation: Pair = 1,
    groups: int = 1,
    bias: bool | None = None,
    batch_norm: bool = False,
    activation: str | None = None,
) -> Built:
    """Return a convolution; ``out`` channels, MACs = outputs * taps * channels / groups.

    MACs on padding are executed and count. With as many groups as input channels the kind is
    "depthwise". ``bias`` is by default present unless there is a batch norm.

    Raises
    ------
    InputError
        Groups do not divide the channels, or the filter exceeds its padded input.
    """
    whole("out", out)
    whole("groups", groups)
    for what, channels in (("input", source.channels), ("output", out)):
        if channels % groups:
            raise InputError(f"must divide the {channels} {what} channels; got {groups}.", where="groups")
    rows, columns = axes(source, kernel, stride, pad, dilation)
    shape = Shape(
        B=source.batch,
        G=groups,
        K=out // groups,
        C=source.channels // groups,
        OY=rows.output,
        OX=columns.output,
        FY=rows.taps,
        FX=columns.taps,
        y=rows.window,
        x=columns.window,
    )
    bias = (not batch_norm) if bias is None else bias
    layer = Layer(
        name,
        "depthwise" if groups == source.channels > 1 else "conv",
        shape,
        vector_ops=finish_ops(shape.words("O"), bias=bias or batch_norm, activation=activation),
        inputs=source.producers,
        parameters=convolution_parameters(out, bias=bias, batch_norm=batch_norm),
    )
    return Built((layer,), source.by(name, channels=out, height=rows.output, width=columns.output))


def linear(name: str, source: Stream, out: int, bias: bool = True, activation: str | None = None) -> Built:
    """Return a linear layer on every token, or on a whole flattened image."""
    whole("out", out)
    shape = Shape.gemm(M=source.rows, N=out, K=source.features)
    layer = Layer(
        name,
        "linear",
        shape,
        vector_ops=finish_ops(shape.words("O"), bias=bias, activation=activation),
        inputs=source.producers,
        parameters=out if bias else 0,
    )
    return Built((layer,), source.by(name, channels=out, height=1, width=1))


def matmul(name: str, left: Stream, right: Stream, transposed: bool = False) -> Built:
    """Return the product of two activations, one per sample; ``right`` plays W.

    ``left`` is tokens x features; ``right`` is as many rows as ``left`` has features, or with
    ``transposed`` as many columns. The producers of ``right`` are the last of the layer's inputs.
    """
    rows, columns = (right.features, right.tokens) if transposed else (right.tokens, right.features)
    if rows != left.features or left.batch != right.batch:
        raise InputError(
            f"must agree in the extent that a matmul sums over; got {left.features} and {rows} "
            f"({left.text()} by {right.text()}).",
            where="input",
        )
    shape = Shape.gemm(M=left.tokens, N=columns, K=rows, groups=left.batch)
    layer = Layer(name, "matmul", shape, second_operand="activation", inputs=left.producers + right.producers)
    return Built((layer,), left.by(name, channels=columns, height=1, width=1))


def pool(
    name: str,
    source: Stream,
    kernel: Pair,
    stride: Pair | None = None,
    pad: Pad = 0,
    ceil: bool = False,
    average: bool = False,
) -> Built:
    """Return a maximum or average pool; the stride defaults to the kernel. See `vector.pool_ops`."""
    rows, columns = axes(source, kernel, kernel if stride is None else stride, pad, ceil=ceil)
    output = source.by(name, height=rows.output, width=columns.output)
    return _pool(name, source, output, rows, columns, average)


def global_pool(name: str, source: Stream, average: bool = True) -> Built:
    """Return a pool of each channel's whole image to one value."""
    rows, columns = axes(source, (source.height, source.width))
    return _pool(name, source, source.by(name, height=1, width=1), rows, columns, average)


def _pool(name: str, source: Stream, output: Stream, rows: Axis, columns: Axis, average: bool) -> Built:
    counts = pool_ops(output.elements, rows.taps * columns.taps, average=average)
    return without_macs(name, "pool", source, counts, output=output)


def without_macs(
    name: str, kind: str, source: Stream, counts: Ops, parameters: int = 0, output: Stream | None = None
) -> Built:
    """Return a layer that reads all of ``source``, does only vector operations and writes ``output``."""
    output = output or source.by(name)
    layer = Layer(
        name,
        kind,
        vector_ops=counts,
        inputs=source.producers,
        input_elements=source.elements,
        output_elements=output.elements,
        parameters=parameters,
    )
    return Built((layer,), output)


def elementwise(name: str, sources: list[Stream], operation: str = "add", activation: str | None = None) -> Built:
    """Return the sum ("add") or product ("multiply") of two or more equal activations.

    Costs one operation per value for each input after the first, and the activation's.
    """
    first = sources[0]
    if len(sources) < 2:
        raise InputError(f"must name at least 2 layers for {operation}; got 1.", where="input")
    for other in sources[1:]:
        if other.extents != first.extents:
            raise InputError(
                f"must have equal extents for {operation}; got {first.text()} and {other.text()}.",
                where="input",
            )
    layer = Layer(
        name,
        "elementwise",
        vector_ops=merge(
            ops(**{operation: first.elements * (len(sources) - 1)}), activation_ops(activation, first.elements)
        ),
        inputs=tuple(producer for source in sources for producer in source.producers),
        input_elements=first.elements * len(sources),
        output_elements=first.elements,
    )
    return Built((layer,), first.by(name))


def activation(name: str, source: Stream, function: str) -> Built:
    """Return an activation function as a layer of its own."""
    return without_macs(name, "elementwise", source, activation_ops(function, source.elements))


def rms_norm(name: str, source: Stream) -> Built:
    """Return an RMS norm over each token's features (`vector.rms_norm_ops`); parameters: the gain."""
    counts = rms_norm_ops(source.rows, source.features)
    return without_macs(name, "norm", source, counts, parameters=source.features)


def layer_norm(name: str, source: Stream) -> Built:
    """Return a layer norm over each token's features (`vector.layer_norm_ops`); parameters: gain and shift."""
    counts = layer_norm_ops(source.rows, source.features)
    return without_macs(name, "norm", source, counts, parameters=2 * source.features)


def batch_norm(name: str, source: Stream) -> Built:
    """Return a batch norm that is not folded: a multiply and an add per value; parameters: gain and shift."""
    return without_macs(name, "norm", source, batch_norm_ops(source.elements), parameters=2 * source.channels)


def local_norm(name: str, source: Stream, size: int = 5) -> Built:
    """Return AlexNet's local response normalization across ``size`` channels (`vector.local_norm_ops`)."""
    return without_macs(name, "norm", source, local_norm_ops(source.elements, whole("size", size)))


def softmax(name: str, source: Stream) -> Built:
    """Return a softmax over each token's features (`vector.softmax_ops`)."""
    return without_macs(name, "softmax", source, softmax_ops(source.elements))


def embedding(name: str, source: Stream, rows: int, width: int) -> Built:
    """Return the look-up of every token of ``source`` in a table of ``rows`` vectors of ``width`` values.

    No operations; ``tokens * width`` words are gathered from a table that counts as parameters.
    """
    whole("rows", rows)
    whole("width", width)
    if source.features != 1:
        raise InputError(f"must be tokens of 1 value each, their row in the table; got {source.text()}.", where="input")
    output = source.by(name, channels=width)
    layer = Layer(
        name,
        "embedding",
        inputs=source.producers,
        input_elements=source.elements,
        output_elements=output.elements,
        gathered_elements=output.elements,
        row_elements=width,
        parameters=rows * width,
    )
    return Built((layer,), output)
