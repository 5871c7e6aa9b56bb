"""What does one row of a SCALE-Sim topology compute? An input, a filter and a stride, or a matrix product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TopologyLayer:
    """One row of a topology, as SCALE-Sim computes it.

    A matrix product M x N x K is the convolution of an M x K input of one channel with N filters of 1 x K.

    Parameters
    ----------
    name : str
    height, width : int
        Of the input, in pixels.
    filter_height, filter_width : int
    channels : int
        Of the input of one convolution: 1 for each convolution of a depthwise row.
    filters : int
    strides : tuple of int
        Down and across.
    padding : tuple of int
        Rows above and columns left of the input that windows reach into; SCALE-Sim has none.
    outputs : tuple of int or None
        Output rows and columns, if not all that windows without padding give.
    repeat : int
        Convolutions that the row stands for: the channels of a depthwise row, else 1.
    """

    name: str
    height: int
    width: int
    filter_height: int
    filter_width: int
    channels: int
    filters: int
    strides: tuple[int, int] = (1, 1)
    repeat: int = 1
    padding: tuple[int, int] = (0, 0)
    outputs: tuple[int, int] | None = None

    @classmethod
    def product(cls, name: str, m: int, n: int, k: int) -> TopologyLayer:
        """Return the row of a matrix product of M x K inputs and K x N weights."""
        return cls(name, m, k, 1, k, 1, n)

    @property
    def output_height(self) -> int:
        """Output rows: ``ceil((height - filter_height) / stride) + 1``, without padding."""
        return self.outputs[0] if self.outputs else -(-(self.height - self.filter_height) // self.strides[0]) + 1

    @property
    def output_width(self) -> int:
        """Output columns."""
        return self.outputs[1] if self.outputs else -(-(self.width - self.filter_width) // self.strides[1]) + 1

    @property
    def extents(self) -> tuple[int, int, int]:
        """The matrix product that it is lowered to: M output pixels, N filters, K taps times channels."""
        return (
            self.output_height * self.output_width,
            self.filters,
            self.filter_height * self.filter_width * self.channels,
        )
