"""How do GGUF types quantize a block, scales and minimums included?

Q1_0, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1, Q8_K, TQ1_0 and TQ2_0 are those of llama.cpp's reference quantizers.
Q2_K to Q6_K, IQ4_NL and IQ4_XS have its storage (4-bit or 6-bit scales of fp16 scales) and its searches for
scales, see `accelsim.quantization.rounding_ggml_search`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.quantization.grid import nearest_places
from accelsim.quantization.grid_tables import IQ4_NL
from accelsim.quantization.rounding_ggml_search import (
    largest_signed,
    scale_and_minimum,
    scale_by_turns,
    scale_of_levels,
)
from accelsim.quantization.rounding_scales import stored_scales

Array = NDArray[np.floating[Any]]
Quantizer = Callable[[Array], tuple[Array, Array]]
"""From blocks (..., elements) to their dequantized values and the step of each scale group (..., groups)."""


def _fp16(values: Array) -> Array:
    return stored_scales(values, "fp16")


def _divided(values: Array, by: int) -> Array:
    """Return values / by as float32 does."""
    return (stored_scales(values, "fp32", what="value").astype(np.float32) / np.float32(by)).astype(np.float64)


def _safe_inverse(scale: Array) -> Array:
    """Return 1 / scale as float32 does, 0 where the scale is 0."""
    safe = np.where(scale == 0, 1.0, scale)
    with np.errstate(over="ignore"):
        single = (1 / safe.astype(np.float32)).astype(np.float64)
    return np.where(scale == 0, 0.0, np.where(np.isfinite(single), single, 1 / safe))


def _signed(half: int) -> Quantizer:
    """Codes 0..2 half - 1 around half, the value of largest magnitude at code 0: q4_0 and q5_0."""

    def quantize(blocks: Array) -> tuple[Array, Array]:
        scale = _divided(largest_signed(blocks), -half)
        codes = np.clip(np.trunc(blocks * _safe_inverse(scale) + (half + 0.5)), 0, 2 * half - 1)
        kept = _fp16(scale)
        return (codes - half) * kept, np.abs(kept)

    return quantize


def _shifted(top: int) -> Quantizer:
    """Codes 0..top from an fp16 minimum: q4_1 and q5_1."""

    def quantize(blocks: Array) -> tuple[Array, Array]:
        low, high = blocks.min(axis=-1, keepdims=True), blocks.max(axis=-1, keepdims=True)
        scale = _divided(high - low, top)
        codes = np.clip(np.trunc((blocks - low) * _safe_inverse(scale) + 0.5), 0, top)
        kept = _fp16(scale)
        return codes * kept + stored_scales(low, "fp16", what="minimum"), kept

    return quantize


def _half_away(values: Array) -> Array:
    return np.trunc(values + np.copysign(0.5, values))


def _absmax(top: int, scale_in: str = "fp16") -> Quantizer:
    """Codes -top..top, halves rounded away from zero: q8_0, q8_1 and, with top 1, the ternary types."""

    def quantize(blocks: Array) -> tuple[Array, Array]:
        scale = _divided(np.abs(blocks).max(axis=-1, keepdims=True), top)
        codes = _half_away(blocks * _safe_inverse(scale))
        kept = stored_scales(scale, scale_in)
        return codes * kept, kept

    return quantize


def _q8_k(blocks: Array) -> tuple[Array, Array]:
    """Value of largest magnitude at -127, fp32 scale."""
    scale = _divided(largest_signed(blocks), -127)
    codes = np.minimum(np.rint(blocks * _safe_inverse(scale)), 127)
    return codes * scale, np.abs(scale)


def _sign_only(blocks: Array) -> tuple[Array, Array]:
    """Plus or minus the mean magnitude: q1_0. Its step is the distance of the two."""
    kept = _fp16(np.abs(blocks).mean(axis=-1, keepdims=True))
    return np.where(blocks >= 0, kept, -kept), 2 * kept


def _grouped(blocks: Array, size: int, block: int = 256) -> tuple[Array, int]:
    """Return the blocks as (..., groups, size), a short one filled up with zeros, and the elements they had."""
    length = blocks.shape[-1]
    missing = -length % block
    if missing:
        blocks = np.concatenate([blocks, np.zeros((*blocks.shape[:-1], missing))], axis=-1)
    return blocks.reshape(*blocks.shape[:-1], -1, size), length


def _flat(values: Array, length: int) -> Array:
    return values.reshape(*values.shape[:-2], -1)[..., :length]


def _scale_and_minimum(bits: int, size: int, scale_bits: int, first: float, steps: int) -> Quantizer:
    """Q2_K, Q4_K, Q5_K: codes from a minimum of at most 0; both in ``scale_bits`` of an fp16 scale each."""
    top, most = (1 << bits) - 1, (1 << scale_bits) - 1

    def quantize(blocks: Array) -> tuple[Array, Array]:
        groups, length = _grouped(blocks, size)
        weights = np.abs(groups)
        if bits > 2:
            weights = weights + np.sqrt(np.square(groups).mean(axis=-1, keepdims=True))
        scale, below = scale_and_minimum(groups, weights, top, first, steps, absolute=bits == 2)
        kept_scale, kept_below = _subscaled(scale, most), _subscaled(below, most)
        safe = np.where(kept_scale > 0, kept_scale, 1.0)[..., None]
        codes = np.clip(np.rint((groups + kept_below[..., None]) / safe), 0, top)
        codes = np.where(kept_scale[..., None] > 0, codes, 0.0)
        return _flat(codes * kept_scale[..., None] - kept_below[..., None], length), kept_scale

    return quantize


def _subscaled(scales: Array, most: int) -> Array:
    """Return nonnegative scales as whole multiples, up to ``most``, of one fp16 scale per block."""
    unit = scales.max(axis=-1, keepdims=True) / most
    codes = np.clip(np.rint(scales / np.where(unit > 0, unit, 1.0)), 0, most)
    return codes * _fp16(unit)


def _scale_only(bits: int, size: int, scale_bits: int) -> Quantizer:
    """Q3_K, Q6_K: codes around zero, signed scale codes of an fp16 scale."""
    levels = np.arange(-(1 << (bits - 1)), 1 << (bits - 1), dtype=np.float64)

    def quantize(blocks: Array) -> tuple[Array, Array]:
        groups, length = _grouped(blocks, size)
        scale = scale_by_turns(groups, 4) if bits == 3 else scale_of_levels(groups, levels, _Q6_TRIES)
        codes, unit = _signed_subscales(scale, scale_bits)
        kept = codes * _fp16(unit)
        placed = np.clip(np.rint(groups / np.where(kept == 0, 1.0, kept)[..., None]), levels[0], levels[-1])
        return _flat(placed * kept[..., None], length), np.abs(kept)

    return quantize


def _signed_subscales(scale: Array, scale_bits: int) -> tuple[Array, Array]:
    """Return scale codes and their unit, that of the largest scale at the lowest code."""
    half = 1 << (scale_bits - 1)
    unit = largest_signed(scale) / -half
    return np.clip(np.rint(scale / np.where(unit == 0, 1.0, unit)), -half, half - 1), unit


def _mean_gap(levels: Array) -> float:
    return float(np.sqrt(np.square(np.diff(levels)).mean()))


def _iq4_nl(blocks: Array) -> tuple[Array, Array]:
    levels = np.asarray(IQ4_NL)
    scale = scale_of_levels(blocks, levels, _IQ4_TRIES)[..., None]
    kept = _fp16(scale)
    places = nearest_places(levels, blocks / np.where(scale == 0, np.inf, scale))
    return levels[places] * kept, np.abs(kept) * _mean_gap(levels)


def _iq4_xs(blocks: Array) -> tuple[Array, Array]:
    levels = np.asarray(IQ4_NL)
    groups, length = _grouped(blocks, 32)
    codes, unit = _signed_subscales(scale_of_levels(groups, levels, _IQ4_TRIES), 6)
    places = nearest_places(levels, groups / np.where(codes * unit == 0, np.inf, codes * unit)[..., None])
    kept = codes * _fp16(unit)
    return _flat(levels[places] * kept[..., None], length), np.abs(kept) * _mean_gap(levels)


_Q6_TRIES = np.array([0.0, *(-0.1 * step for step in range(-9, 10) if step)])
_IQ4_TRIES = np.array([-2 * IQ4_NL[0], *range(-7, 8)])

OWN: MappingProxyType[str, Quantizer] = MappingProxyType({
    "q1_0": _sign_only, "q4_0": _signed(8), "q4_1": _shifted(15), "q5_0": _signed(16), "q5_1": _shifted(31),
    "q8_0": _absmax(127), "q8_1": _absmax(127), "q8_1_fp32": _absmax(127, "fp32"), "q8_k": _q8_k,
    "tq1_0": _absmax(1), "tq2_0": _absmax(1),
    "q2_k": _scale_and_minimum(2, 16, 4, -0.5, 15), "q4_k": _scale_and_minimum(4, 32, 6, -1.0, 20),
    "q5_k": _scale_and_minimum(5, 32, 6, -0.5, 15), "q3_k": _scale_only(3, 16, 6), "q6_k": _scale_only(6, 16, 8),
    "iq4_nl": _iq4_nl, "iq4_xs": _iq4_xs,
})  # fmt: skip
"""Quantizer of each GGUF type that has one here."""

APPROXIMATED = frozenset({"nf4_dq", "fp4_dq"})
"""Formats whose storage is exact but whose scales are chosen more simply than their own tools do."""

UNKNOWN = MappingProxyType(dict.fromkeys(
    ("iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s"),
    "its codes stand for vectors of a code book chosen with an importance matrix, which is not modeled",
))  # fmt: skip
"""Formats without a quantizer here, and why."""
