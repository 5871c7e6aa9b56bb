"""How is a tensor cut into pieces of whole blocks that fit in memory?

A piece is read as an array (channels, blocks, elements of a block). A channel that its group size does not
divide ends in one shorter block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.rounding_plan import Span

Array = NDArray[np.floating[Any]]
PIECE_ELEMENTS = 1 << 18
TILE = 128


@dataclass(frozen=True)
class Piece:
    """Rows and columns of a matrix that are read and written together, in blocks of ``size``."""

    rows: slice
    columns: slice
    size: int
    tiled: bool = False

    def read(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return the piece as float64 (channels, blocks, size); a tile's channels follow each other in one block."""
        part = np.asarray(matrix[self.rows, self.columns], dtype=np.float64)
        blocks = part.reshape(part.shape[0], -1, self.size)
        return blocks.transpose(1, 0, 2).reshape(1, blocks.shape[1], -1) if self.tiled else blocks

    def write(self, matrix: NDArray[Any], values: Array) -> None:
        """Put ``values``, shaped as `read` returns them, back where they were."""
        channels = matrix[self.rows, self.columns].shape[0]
        if self.tiled:
            values = values.reshape(values.shape[1], channels, self.size).transpose(1, 0, 2)
        matrix[self.rows, self.columns] = values.reshape(channels, -1)


def as_matrix(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return ``values`` as (channels, elements of one channel), a view where memory order allows it.

    A vector is one channel.

    Raises
    ------
    InputError
        There is no such axis, or no element.
    """
    if values.size == 0:
        raise InputError(f"a tensor must have elements to be quantized; got the shape {values.shape}.")
    if values.ndim < 2:
        return values.reshape(1, -1)
    if not -values.ndim <= axis < values.ndim:
        raise InputError(
            f"axis must be one of the tensor's {values.ndim} axes; got {axis} for the shape {values.shape}."
        )
    moved = np.moveaxis(values, axis, 0)
    return moved.reshape(moved.shape[0], -1)


def pieces(shape: tuple[int, int], span: Span, block: int | None = None) -> Iterator[Piece]:
    """Yield the pieces of a matrix of ``shape`` whose scales are shared over ``span``.

    Parameters
    ----------
    shape : tuple of int
    span : {"none", "tensor", "channel", "tile"} or int
    block : int, optional
        Elements of a block where it holds several groups (Q4_K: 256).
    """
    channels, length = shape
    if span in ("none", "tensor"):
        yield from _elementwise(channels, length)
        return
    size = TILE if span == "tile" else length if span == "channel" else block or int(span)
    at_once = TILE if span == "tile" else max(1, PIECE_ELEMENTS // length)
    whole = length // size * size
    for start in range(0, channels, at_once):
        rows = slice(start, min(start + at_once, channels))
        if whole:
            yield Piece(rows, slice(0, whole), size, span == "tile")
        if whole < length:
            yield Piece(rows, slice(whole, length), length - whole, span == "tile")


def _elementwise(channels: int, length: int) -> Iterator[Piece]:
    if length >= PIECE_ELEMENTS:
        for row in range(channels):
            for start in range(0, length, PIECE_ELEMENTS):
                stop = min(start + PIECE_ELEMENTS, length)
                yield Piece(slice(row, row + 1), slice(start, stop), stop - start)
        return
    at_once = max(1, PIECE_ELEMENTS // length)
    for start in range(0, channels, at_once):
        yield Piece(slice(start, min(start + at_once, channels)), slice(0, length), length)
