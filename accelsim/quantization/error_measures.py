"""How far are the values of a tensor from what a format makes of them? One pass over pieces that fit in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.quantization.rounding import check_finite
from accelsim.quantization.rounding_block import RoundedBlocks, round_blocks, shared_scale
from accelsim.quantization.rounding_pieces import as_matrix, pieces
from accelsim.quantization.rounding_plan import Plan

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Measures:
    """Sums over a tensor of values x, read back as y.

    Parameters
    ----------
    elements : int
    signal, noise, read_back, product : float
        Sums of x^2, (x - y)^2, y^2 and x y.
    squared_steps : float
        Sum of the squared distance of neighboring values of the grid, scale included, around each element.
    max_error : float
        Largest |x - y|.
    least, most : float
        Of x.
    vanished : int
        Elements other than zero in groups whose stored scale is zero.
    """

    elements: int
    signal: float
    noise: float
    read_back: float
    product: float
    squared_steps: float
    max_error: float
    least: float
    most: float
    vanished: int = 0

    @property
    def sqnr_db(self) -> float:
        """10 log10(signal / noise) in dB; infinite without noise, NaN without signal."""
        if not self.signal:
            return math.nan
        return 10 * math.log10(self.signal / self.noise) if self.noise else math.inf

    @property
    def mse(self) -> float:
        """Mean squared error."""
        return self.noise / self.elements

    @property
    def predicted_mse(self) -> float:
        """step^2 / 12, its mean where the step varies: of an error spread evenly over each step, without clipping."""
        return self.squared_steps / self.elements / 12

    @property
    def step(self) -> float:
        """Distance of neighboring values, scale included; root mean square over the elements where it varies."""
        return math.sqrt(self.squared_steps / self.elements)

    @property
    def cosine(self) -> float:
        """Cosine of the angle between x and y; NaN where one of them is zero."""
        norm = math.sqrt(self.signal) * math.sqrt(self.read_back)
        return min(self.product / norm, 1.0) if norm else math.nan


def measure(values: NDArray[Any], how: Plan, axis: int, what: str) -> Measures:
    """Return how far ``values`` are from what ``how`` makes of them; ``what`` names them in messages.

    Raises
    ------
    InputError
        There are no values, one is NaN or infinite, or they overflow the format.
    """
    matrix = as_matrix(np.asarray(values), axis)
    check_finite(np.asarray(values), what)
    shared = shared_scale(matrix, how)
    sums = np.zeros(5)
    worst, vanished = 0.0, 0
    for piece in pieces(matrix.shape, how.span, how.block):
        blocks = piece.read(matrix)
        rounded = round_blocks(blocks, how, shared)
        found, error = rounded.values, blocks - rounded.values
        sums += (
            _dot(blocks, blocks), _dot(error, error), _dot(found, found), _dot(blocks, found),
            _squared_steps(blocks, rounded, how),
        )  # fmt: skip
        worst = max(worst, float(np.abs(error).max()))
        vanished += _vanished(blocks, rounded)
    low, high = float(matrix.min()), float(matrix.max())
    signal, noise, read_back, product, squared_steps = map(float, sums)
    return Measures(
        matrix.size, signal, noise, read_back, product, squared_steps, worst, low, high, vanished
    )  # fmt: skip


def _dot(left: Array, right: Array) -> float:
    return float(np.dot(left.reshape(-1), right.reshape(-1)))


def _squared_steps(blocks: Array, rounded: RoundedBlocks, how: Plan) -> float:
    if how.span == "none":
        return float(np.square(how.grid.step_of(blocks)).sum())
    if how.own is None and not how.grid.is_uniform:
        safe = np.where(rounded.scale > 0, rounded.scale, 1.0)
        return float(np.square(how.grid.step_of(blocks / safe) * rounded.scale).sum())
    length, groups = blocks.shape[2], rounded.scale.shape[2]
    if groups == 1:
        every = np.broadcast_to(rounded.scale, (*blocks.shape[:2], 1))
        return float(np.square(every).sum() * length)
    block = how.block or length
    steps = np.repeat(rounded.scale, -(-length // block) * block // groups, axis=2)[..., :length]
    return float(np.square(steps).sum())


def _vanished(blocks: Array, rounded: RoundedBlocks) -> int:
    if rounded.scale.shape[2] != 1 or (rounded.scale > 0).all() or rounded.zero_point is not None:
        return 0
    return int(np.count_nonzero(np.where(rounded.scale > 0, 0.0, blocks)))
