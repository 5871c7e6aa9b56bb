"""What do blocks of values become, each with its own scale or with one shared by the whole tensor?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.precision import CATALOG
from accelsim.quantization.clipping import ends, symmetric_scales, thinned
from accelsim.quantization.rounding_plan import Plan
from accelsim.quantization.rounding_scales import doubly_quantized, power_of_two_scales, stored_scales

Array = NDArray[np.floating[Any]]
_DOUBLY_QUANTIZED = ("nf4_dq", "fp4_dq")


@dataclass(frozen=True)
class Shared:
    """What all blocks of a tensor share: its one scale and zero point, or NVFP4's fp32 scale of scales."""

    scale: float | None = None
    zero_point: float | None = None
    scale_of_scales: float | None = None


@dataclass(frozen=True)
class RoundedBlocks:
    """Blocks read back, with what each group was stored with.

    Parameters
    ----------
    values : ndarray
        (channels, blocks, elements).
    scale : ndarray
        (channels, blocks, groups of a block), as stored.
    zero_point : ndarray or None
        As the scale.
    """

    values: Array
    scale: Array
    zero_point: Array | None = None


def shared_scale(matrix: NDArray[Any], how: Plan) -> Shared:
    """Return what the tensor as a whole decides: for a scale per tensor all of it, else what NVFP4 needs."""
    if how.format.name == "nvfp4":
        largest = max(-float(matrix.min()), float(matrix.max()))
        return Shared(scale_of_scales=largest / (how.grid.high * float(CATALOG["fp8e4m3"].max)) or 1.0)
    _refuse_negative(matrix, how)
    if how.span != "tensor":
        return Shared()
    absmax = np.array([matrix.min(), matrix.max()], dtype=np.float64)
    seen = absmax if how.clip[0] == "absmax" else np.asarray(thinned(matrix), dtype=np.float64)
    scale, zero = _scales(seen, how, None)
    return Shared(float(scale), None if zero is None else float(zero))


def _refuse_negative(matrix: NDArray[Any], how: Plan) -> None:
    if how.symmetric and how.own is None and how.grid.is_uniform and how.grid.low == 0 and matrix.min() < 0:
        raise InputError(
            f"{how.format} without a zero point holds no negative values; the lowest is {float(matrix.min()):g}. "
            "Make it asymmetric, or use a signed format."
        )


def round_blocks(blocks: Array, how: Plan, shared: Shared) -> RoundedBlocks:
    """Return ``blocks`` (channels, blocks, elements) as they are read back."""
    if how.own is not None:
        values, steps = how.own(blocks)
        return RoundedBlocks(values, steps)
    if how.span == "none":
        return RoundedBlocks(_unscaled(blocks, how), np.ones((1, 1, 1)))
    if shared.scale is not None:
        scale = np.full((1, 1), shared.scale)
        zero = None if shared.zero_point is None else np.full((1, 1), shared.zero_point)
    else:
        scale, zero = _scales(blocks, how, shared.scale_of_scales)
    safe, offset = np.where(scale > 0, scale, 1.0)[..., None], None if zero is None else zero[..., None]
    if offset is None:
        codes = how.grid.round(blocks / safe)
        return RoundedBlocks(np.where(scale[..., None] > 0, codes * safe, 0.0), scale[..., None])
    if how.integer_zero:
        codes = np.clip(np.rint(blocks / safe) + offset, how.grid.low, how.grid.high)
        return RoundedBlocks((codes - offset) * scale[..., None], scale[..., None], _as_code(offset, how))
    codes = np.clip(np.rint((blocks - offset) / safe), how.grid.low, how.grid.high)
    return RoundedBlocks(codes * scale[..., None] + offset, scale[..., None], offset)


def _as_code(zero: Array, how: Plan) -> Array:
    """Return a zero point among 0..2^b - 1 as a code of the format: signed ones begin at -2^(b-1)."""
    return zero + float(how.format.min)


def _unscaled(values: Array, how: Plan) -> Array:
    rounded = how.grid.unbounded(values)
    beyond = np.abs(rounded) > how.grid.high
    if beyond.any():
        worst = float(np.abs(values).max())
        raise InputError(
            f"{how.format} holds values up to {how.grid.high:g}; {int(np.count_nonzero(beyond))} "
            f"are beyond, the largest {worst:g}, and become infinite. Use a format with more range, such as bf16."
        )
    return rounded


def _scales(rows: Array, how: Plan, scale_of_scales: float | None) -> tuple[Array, Array | None]:
    """Return the scale and zero point of each row (last axis), as stored."""
    if how.zero_point is not None:
        return _with_zero(rows, how)
    if how.scale == "e8m0":
        return power_of_two_scales(rows, how.grid, least_error=how.clip[0] == "mse"), None
    scale = symmetric_scales(rows, how.grid, how.clip)
    if scale_of_scales is not None:
        fp8 = np.minimum(scale / scale_of_scales, float(CATALOG["fp8e4m3"].max))
        return stored_scales(fp8, "fp8e4m3") * scale_of_scales, None
    if how.format.name in _DOUBLY_QUANTIZED:
        return doubly_quantized(scale), None
    return stored_scales(scale, how.scale), None


def _with_zero(rows: Array, how: Plan) -> tuple[Array, Array]:
    top = how.grid.high
    low, high = ends(rows, how.clip, top, with_zero=how.integer_zero)
    scale = stored_scales((high - low) / top, how.scale)
    if how.integer_zero:
        return scale, np.clip(np.rint(-low / np.where(scale > 0, scale, 1.0)), 0, top)
    assert how.zero_point is not None
    return scale, stored_scales(low, how.zero_point, what="minimum")
