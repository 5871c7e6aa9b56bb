"""What do values become in a format? Quantized and read back, with the scales they were stored with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.precision import Format, parse_format
from accelsim.quantization.clipping import Clip
from accelsim.quantization.grid import grid_of
from accelsim.quantization.rounding_block import Shared, round_blocks, shared_scale
from accelsim.quantization.rounding_pieces import as_matrix, pieces
from accelsim.quantization.rounding_plan import Granularity, Plan, plan

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Quantized:
    """Values after quantization.

    Parameters
    ----------
    values : ndarray
        Read back (dequantized), of the shape given; float64 for float64, else float32.
    scale : ndarray
        Of each group, as stored: () for a tensor, (channels,), or (channels, groups); in tiles (rows of tiles,
        tiles). 1 for a float without scale. Of GGUF types the step of each group.
    zero_point : ndarray or None
        As the scale: the code that stands for zero, or the float minimum where the format stores one; None = symmetric.
    bits : Fraction
        Stored per element, scales and zero points included; one scale per tensor is a constant and not counted.
    """

    values: Array
    scale: Array
    zero_point: Array | None
    bits: Fraction


def quantize(
    values: NDArray[Any],
    format: Format | str,
    *,
    granularity: Granularity | None = None,
    axis: int = 0,
    symmetric: bool | None = None,
    clip: Clip | str = "absmax",
) -> Quantized:
    """Return ``values`` as they are after being stored in ``format`` and read back.

    Parameters
    ----------
    values : ndarray
        Finite numbers. Integers and 16-bit floats are read as float32.
    format : Format or str
        Any of the catalog. Integers and floats narrower than 16 bits are scaled; wider floats are
        only rounded. Formats with blocks (int4g128, mxfp4, q4_0) bring their granularity.
    granularity : {"tensor", "channel"} or ("group", n), optional
        Elements that share one scale; by default the format's own, else the tensor. Groups run along
        the elements of one channel, the last may be shorter. A scale per channel or group is
        stored in fp16, as `parse_format("int4g128")` counts it; one per tensor is an fp32 constant.
    axis : int
        Axis of the channels: 0 for weights (output channels). A vector is one channel.
    symmetric : bool, optional
        Integers -max..max without zero point (2^b - 1 values), or all 2^b values with one. By default
        as the format: signed integers are symmetric, unsigned ones are not.
    clip : {"absmax", "mse"} or ("percentile", p)
        Largest magnitude that is kept; see `accelsim.quantization.clipping`. A format without scales,
        or with a quantizer of its own (GGUF types), has no use for it.

    Returns
    -------
    Quantized

    Raises
    ------
    InputError
        No elements, NaN or infinity, an unknown format, or one that contradicts what is asked; a float format
        without scale that the values overflow.

    Notes
    -----
    q = clamp(round(x / scale) + zero_point) and back scale * (q - zero_point), rounded to nearest, ties to
    even. Computed in float64.
    """
    how = plan(format, granularity, symmetric, clip)
    source = _as_float(values)
    matrix = as_matrix(source, axis)
    check_finite(source, "the tensor")
    found = np.empty(matrix.shape, dtype=source.dtype)
    shared = shared_scale(matrix, how)
    scales, zeros = [], []
    for piece in pieces(matrix.shape, how.span, how.block):
        rounded = round_blocks(piece.read(matrix), how, shared)
        piece.write(found, rounded.values)
        scales.append((piece.rows, rounded.scale))
        zeros.append((piece.rows, rounded.zero_point))
    bits = how.bits(matrix.shape[1], matrix.size)
    return Quantized(_restored(found, source, axis), _joined(scales, how), _zero(zeros, how), bits)


def round_to(values: NDArray[Any], format: Format | str) -> Array:
    """Return the nearest value that one element of ``format`` can hold, without any scale.

    Ties go to the even code; subnormals are kept; values beyond the largest become the largest (saturation,
    as OCP defines it for fp8, fp6 and fp4).

    Raises
    ------
    InputError
        The format is unknown.
    """
    stored = parse_format(format) if isinstance(format, str) else format
    grid = grid_of(stored, symmetric=False)
    source = np.asarray(values, dtype=np.float64)
    if grid.is_uniform and stored.kind == "int":
        return np.clip(np.rint(source), float(stored.min), float(stored.max))
    return grid.round(source)


def check_finite(values: NDArray[Any], what: str) -> None:
    """Raise InputError if a value is NaN or infinite, saying how many and where the first is."""
    if not values.size or (np.isfinite(values.min()) and np.isfinite(values.max())):
        return
    finite = np.isfinite(values)
    first = tuple(int(place) for place in np.argwhere(~finite)[0])
    count = int(finite.size - np.count_nonzero(finite))
    raise InputError(
        f"{what} must hold finite numbers; {count} of {finite.size} are NaN or infinite, the first at {first}."
    )


def _as_float(values: NDArray[Any]) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        raise InputError(f"a tensor must hold real numbers; got the type {array.dtype}.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _restored(found: Array, source: Array, axis: int) -> Array:
    if source.ndim < 2:
        return found.reshape(source.shape)
    moved = np.moveaxis(source, axis, 0)
    return np.moveaxis(found.reshape(moved.shape), 0, axis)


def _joined(parts: list[tuple[slice, Array]], how: Plan) -> Array:
    """Return scales of pieces as one array: pieces of the same channels side by side, then channels in order."""
    if how.span in ("none", "tensor"):
        return parts[0][1].reshape(-1)[0]  # type: ignore[no-any-return]
    rows: dict[int, list[Array]] = {}
    for part, scale in parts:
        rows.setdefault(part.start, []).append(scale.reshape(scale.shape[0], -1))
    joined = np.concatenate([np.concatenate(side, axis=1) for side in rows.values()])
    return joined[:, 0] if how.span == "channel" else joined


def _zero(parts: list[tuple[slice, Array | None]], how: Plan) -> Array | None:
    known = [(rows, zero) for rows, zero in parts if zero is not None]
    return _joined(known, how) if known else None


__all__ = ["Quantized", "Shared", "check_finite", "quantize", "round_to"]
