"""How is a format quantized to: over which elements is a scale shared, and how are scale and zero point stored?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from accelsim.errors import InputError, UsageError
from accelsim.precision import CATALOG, Format, element_of, grouped, parse_format
from accelsim.quantization.clipping import Clip, clip_text, read_clip
from accelsim.quantization.grid import Grid, grid_of
from accelsim.quantization.rounding_ggml import OWN, UNKNOWN, Quantizer

Granularity = Literal["tensor", "channel"] | tuple[Literal["group"], int]
Span = Literal["none", "tensor", "channel", "tile"] | int
_UNSCALED_BITS = 16
"""Floats of this many bits or more are stored as they are, without a scale."""
_TILED = "fp8e4m3_128x128"


@dataclass(frozen=True)
class Plan:
    """Everything that `quantize` needs besides the values.

    Parameters
    ----------
    format : Format
        As stored, its block included.
    grid : Grid
    span : {"none", "tensor", "channel", "tile"} or int
        Elements that share one scale; "none" = a float without scale; a number = a group along one channel.
    clip : tuple of (method, percentile)
    scale : str
        Format in which a scale is stored.
    zero_point : str or None
        Format of a zero point or minimum; None = symmetric.
    own : callable or None
        Quantizer that the format itself defines (GGUF types), which chooses its own scales.
    """

    format: Format
    grid: Grid
    span: Span
    clip: tuple[str, float]
    scale: str = "fp32"
    zero_point: str | None = None
    own: Quantizer | None = None

    @property
    def symmetric(self) -> bool:
        """Whether zero is in the middle of the grid."""
        return self.zero_point is None

    @property
    def integer_zero(self) -> bool:
        """Whether the zero point is one of the codes; else a float minimum is stored."""
        return self.zero_point is not None and CATALOG[self.zero_point].kind != "float"

    @property
    def block(self) -> int | None:
        """Elements of a block that its own quantizer takes at once."""
        size = self.format.block.size if self.own is not None and self.format.block else None
        return size if isinstance(size, int) else None

    @property
    def clip_name(self) -> str:
        """How the clip is written in tables; "own" where the format has its own quantizer, "none" without a scale."""
        if self.own is not None:
            return "own"
        return "none" if self.span == "none" else clip_text(*self.clip)

    @property
    def granularity(self) -> str:
        """How the span is written in tables."""
        if isinstance(self.span, int):
            return f"group {self.span}"
        return {"tile": "tile 128x128"}.get(self.span, self.span)

    def bits(self, channel_elements: int, tensor_elements: int) -> Fraction:
        """Return the stored bits per element, scales and zero points included."""
        return self.format.storage_bits(channel_elements, tensor_elements)


def plan(
    format_: Format | str,
    granularity: Granularity | None = None,
    symmetric: bool | None = None,
    clip: Clip | str = "absmax",
) -> Plan:
    """Return how to quantize to ``format_``; the parameters are those of `quantize`.

    Raises
    ------
    InputError
        The format is unknown, its quantizer is not modeled, or it contradicts the granularity or symmetry asked for.
    UsageError
        A granularity or clip is none that exists.
    """
    asked = parse_format(format_) if isinstance(format_, str) else format_
    method = read_clip(clip)
    span = _read_span(granularity)
    if asked.name in UNKNOWN:
        raise InputError(f"{asked.name} cannot be quantized to here: {UNKNOWN[asked.name]}. Its storage is modeled.")
    element = element_of(asked)
    if asked.block is None and element.kind == "float" and element.bits >= _UNSCALED_BITS:
        _refuse(symmetric is False, f"{asked.name} is a float: it has no zero point. Leave symmetric out.")
        return Plan(asked, grid_of(asked, symmetric=True), "none", method)
    stored = asked if asked.block else _with_scales(asked, span, symmetric)
    if asked.block and span not in (None, _span_of(asked), "tensor" if asked.block.size == "tensor" else None):
        raise InputError(
            f"{asked.name} has its own scales, one per {_span_of(asked)}; give it no other granularity, "
            f"got {granularity}."
        )
    return _of_stored(stored, span, symmetric, method)


def _of_stored(stored: Format, span: Span | None, symmetric: bool | None, clip: tuple[str, float]) -> Plan:
    own = OWN.get(stored.name)
    block = stored.block
    if block is None:
        zero = _zero_of(stored, symmetric)
        return Plan(stored, grid_of(stored, symmetric=zero is None), span or "tensor", clip, "fp32", zero)
    if symmetric is False and block.zero_point is None:
        element = element_of(stored)
        named = stored.name in CATALOG or element.kind == "float"
        _refuse(named, f"{stored.name} stores no zero point; leave symmetric out or make it True.")
        stored = grouped(element, block.size, block.scale, element.name)
        return _of_stored(stored, span, None, clip)
    _refuse(
        symmetric is True and block.zero_point is not None,
        f"{stored.name} stores a zero point; it cannot be symmetric.",
    )
    grid = grid_of(stored, symmetric=block.zero_point is None)
    return Plan(stored, grid, _span_of(stored), clip, block.scale, block.zero_point, own)


def _with_scales(bare: Format, span: Span | None, symmetric: bool | None) -> Format:
    """Return ``bare`` with the block that a granularity means; one scale per tensor is a constant, so no block."""
    if span in (None, "tensor") or bare.bits >= 32:
        return bare
    assert isinstance(span, int) or span == "channel"
    return grouped(bare, span, zero_point=_zero_of(bare, symmetric))


def _zero_of(bare: Format, symmetric: bool | None) -> str | None:
    if bare.kind == "float":
        _refuse(symmetric is False, f"{bare.name} is a float: it has no zero point. Leave symmetric out.")
        return None
    if symmetric is None:
        symmetric = bare.kind == "int"
    return None if symmetric else bare.name


def _span_of(stored: Format) -> Span:
    block = stored.block
    if block is None:
        return "tensor"
    if stored.name == _TILED:
        return "tile"
    return block.scale_group or ("channel" if block.size == "channel" else "tensor")


def _read_span(granularity: Granularity | None) -> Span | None:
    if granularity is None or granularity in ("tensor", "channel"):
        return granularity
    if isinstance(granularity, tuple) and len(granularity) == 2 and granularity[0] == "group":
        size = granularity[1]
        if isinstance(size, int) and size >= 1:
            return size
        raise UsageError(f"a group must have 1 element or more; got {size!r}.")
    raise UsageError(f"granularity must be 'tensor', 'channel' or ('group', n); got {granularity!r}.")


def _refuse(wrong: bool, message: str) -> None:
    if wrong:
        raise InputError(message)
