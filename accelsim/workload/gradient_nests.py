"""Which loop nests compute the gradients of a layer? Its own nest, with the roles of its loops exchanged.

With the forward nest ::

    O[b, g, k, oy, ox] += W[g, k, c, fy, fx] * I[b, g, c, iy, ix]      iy = oy*s + fy*d - p   (ix alike)

the gradient of the weights is a correlation of inputs and output gradients, summed over images and positions ::

    dW[g, k, c, fy, fx] += dO[b, g, k, oy, ox] * I[b, g, c, iy, ix]

in which c takes the place of b, b that of c, fy that of oy (so that the stride is d) and oy that of fy (so that the
dilation is s): one nest with as many multiply-accumulates as the forward one. The gradient of the inputs is a
transposed convolution of the output gradients ::

    dI[b, g, c, iy, ix] += W[g, k, c, fy, fx] * dO[b, g, k, oy, ox]

which is one ordinary convolution per phase of the stride (`accelsim.workload.transposed`), k and c exchanged. For a
matrix product these are the two products dY * W^T and X^T * dY.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accelsim.workload.shape import Shape, Window
from accelsim.workload.transposed import Phase, phases


@dataclass(frozen=True)
class InputGradient:
    """The nests that compute dI together.

    Parameters
    ----------
    shapes : tuple of Shape
        One per pair of phases that some product reaches; they write disjoint positions. O is dI, W the weights
        with K and C exchanged, I the gradients of the outputs.
    untouched : int
        Positions of dI that no product reaches, over batch and channels: they are zero.
    """

    shapes: tuple[Shape, ...]
    untouched: int


def weight_gradient(shape: Shape) -> Shape:
    """Return the nest of dW: O is dW, W is dO, and I the inputs, batch and channels exchanged."""
    return Shape(
        B=shape.C,
        G=shape.G,
        K=shape.K,
        C=shape.B,
        OY=shape.FY,
        OX=shape.FX,
        FY=shape.OY,
        FX=shape.OX,
        y=_exchanged(shape.y),
        x=_exchanged(shape.x),
        density=shape.density,
    )


def _exchanged(window: Window | None) -> Window:
    assert window is not None
    return Window(window.dilation, window.stride, window.pad, window.size)


def input_gradient(shape: Shape) -> InputGradient:
    """Return the nests of dI."""
    rows, columns = _phases(shape.y, shape.OY, shape.FY), _phases(shape.x, shape.OX, shape.FX)
    per_position = shape.B * shape.G * shape.C
    found, untouched = [], 0
    for row in rows:
        for column in columns:
            if not (row.taps and column.taps):
                untouched += per_position * row.outputs * column.outputs
                continue
            found.append(
                replace(
                    shape,
                    K=shape.C,
                    C=shape.K,
                    OY=row.outputs,
                    OX=column.outputs,
                    FY=len(row.taps),
                    FX=len(column.taps),
                    y=row.window,
                    x=column.window,
                )
            )
    return InputGradient(tuple(found), untouched)


def _phases(window: Window | None, outputs: int, taps: int) -> list[Phase]:
    """Phases of one axis of dI, which is as long as the input, whatever the window leaves unread behind."""
    assert window is not None
    reached = (outputs - 1) * window.stride - 2 * window.pad + window.dilation * (taps - 1) + 1
    return phases(outputs, taps, window.stride, window.pad, window.dilation, window.size - reached)
