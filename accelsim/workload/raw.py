"""Which `Layer` is a matrix product given as M, N, K, or a loop nest given by its extents?

Neither says what feeds it: unless an input is given, both read the network's input. ``batch``
multiplies M or B.
"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.layer import Layer, Role
from accelsim.workload.shape import Shape, Window
from accelsim.workload.stream import Built, Pair, Stream, pair


def gemm(
    name: str,
    M: int,
    N: int,
    K: int,
    groups: int = 1,
    second_operand: Role = "weights",
    repeat: int = 1,
    batch: int = 1,
    source: Stream | None = None,
) -> Built:
    """Return ``groups`` products of an MxK by a KxN matrix."""
    shape = Shape.gemm(M=M * batch, N=N, K=K, groups=groups)
    kind = "linear" if second_operand == "weights" else "matmul"
    layer = _layer(name, kind, shape, second_operand, repeat, source)
    return Built((layer,), Stream((name,), N * groups, tokens=M, batch=batch))


def nest(
    name: str,
    extents: dict[str, int],
    stride: Pair = 1,
    dilation: Pair = 1,
    pad: Pair = 0,
    size: Pair | None = None,
    second_operand: Role = "weights",
    repeat: int = 1,
    batch: int = 1,
    source: Stream | None = None,
) -> Built:
    """Return a loop nest with the given extents, padded by ``pad`` before its input image.

    Rows and columns of the image are ``size``; positions behind it are padding. By default the padding is
    the same on both sides: the image has (out - 1)*stride + dilation*(taps - 1) + 1 - 2*pad of them.
    """
    extents = extents | {"B": extents.get("B", 1) * batch}
    windows = {}
    axes = zip("yx", pair("stride", stride), pair("dilation", dilation), pair("pad", pad, least=0), strict=True)
    sizes = dict(zip("yx", pair("size", size), strict=True)) if size is not None else {}
    for axis, step, spread, border in axes:
        out, taps = extents.get(f"O{axis.upper()}", 1), extents.get(f"F{axis.upper()}", 1)
        needed = (out - 1) * step + spread * (taps - 1) + 1
        inside = sizes.get(axis, needed - 2 * border)
        if inside < 1:
            raise InputError(
                f"must leave an input of at least 1 position inside the padding; got a pad of {border} on both sides.",
                where="shape",
            )
        windows[axis] = Window(step, spread, border, inside)
    shape = Shape(**extents, **windows)  # type: ignore[arg-type]
    layer = _layer(name, _kind(shape, second_operand), shape, second_operand, repeat, source)
    image = Stream((name,), shape.G * shape.K, shape.OY, shape.OX, batch=shape.B)
    if shape.OY * shape.OX == 1:
        image = Stream((name,), shape.G * shape.K, tokens=shape.B // batch, batch=batch)
    return Built((layer,), image)


def _kind(shape: Shape, second_operand: Role) -> str:
    if second_operand != "weights":
        return "matmul"
    if shape.G > 1 and shape.C == 1:
        return "depthwise"
    return "linear" if shape.OY * shape.OX * shape.FY * shape.FX == 1 else "conv"


def _layer(name: str, kind: str, shape: Shape, second_operand: Role, repeat: int, source: Stream | None) -> Layer:
    if source is not None and source.elements != shape.words("I"):
        raise InputError(
            f"must have as many words as the layer reads, {shape.words('I')}; "
            f"{' and '.join(source.producers)} has {source.elements}.",
            where="input",
        )
    producers = source.producers if source is not None else ("input",)
    return Layer(name, kind, shape, second_operand=second_operand, inputs=producers, repeat=repeat)
