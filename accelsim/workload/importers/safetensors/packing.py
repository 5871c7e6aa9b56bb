"""Which number format do the tensors of one module store, however its quantizer packed them?

==================== ==================================================================== ==================
written by           tensors of a module                                                  read as
==================== ==================================================================== ==================
no quantizer         ``weight`` of a float type                                           that float
GPTQ, AWQ            ``qweight`` (codes in I32), ``scales``, ``qzeros``, ``g_idx``        uint4g128zuint4
compressed-tensors   ``weight_packed`` (codes in I32 or U8), ``weight_scale``,            int4g128, nvfp4
                     ``weight_zero_point``, ``weight_shape``
fp8, int8            ``weight`` of one byte, ``weight_scale`` or ``weight_scale_inv``     fp8e4m3gtsfp32, int8gc
bitsandbytes         ``weight`` (U8) and ``weight.absmax`` ...; I8 and ``SCB``            nf4, nf4_dq; int8gc
==================== ==================================================================== ==================

Bits of a code are its tensor's bits over the elements of the layer, elements of a group those over the
scales: both follow from shapes alone.
"""

from __future__ import annotations

from fractions import Fraction

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers.modules import Suffixes
from accelsim.workload.importers.safetensors.header import FORMATS
from accelsim.workload.importers.stored import Tensor

CODES = ("qweight", "weight_packed", "weight")
SCALES = ("scales", "weight_scale", "weight_scale_inv", "SCB", "weight.absmax")
ZEROS = ("qzeros", "weight_zero_point")
BESIDE = (
    "g_idx", "weight_g_idx", "weight_shape", "weight_global_scale", "weight_scale_2", "weight_format", "input_scale",
    "input_global_scale", "input_zero_point", "weight.quant_map", "weight.nested_absmax", "weight.nested_quant_map",
)  # fmt: skip
"""What is stored beside codes, scales and zero points; no format counts it."""
_QUANT_STATE = "weight.quant_state."
PACKED_INTO = ("I32", "U32", "U8", "I8")
_SCALES_AS = {"fp16": "", "bf16": "sbf16", "fp32": "sfp32", "fp8e4m3": "sfp8e4m3", "fp8e5m2": "sfp8e5m2"}
_MICROSCALED = {("fp4e2m1", "F8_E4M3", "16"): "nvfp4"} | {
    (element, scale, "32"): name
    for element, name in (("fp4e2m1", "mxfp4"), ("fp8e4m3", "mxfp8e4m3"), ("fp8e5m2", "mxfp8e5m2"))
    for scale in ("U8", "F8_E8M0")
}
"""Formats with a name of their own, by element, type of the scales and elements that share one."""


def format_of(parts: Suffixes, elements: int, channel: int) -> str:
    """Return the format of W as `accelsim.precision.parse_format` reads it.

    Parameters
    ----------
    parts : dict
        The module's tensors but its bias, by suffix.
    elements : int
        Of the W of the layers that share the module.
    channel : int
        Elements of one output channel.

    Raises
    ------
    InputError
        The tensors do not hold so many elements.
    UnsupportedError
        They are packed in a way that is not known.
    """
    codes, scales, zeros = (_first(parts, names) for names in (CODES, SCALES, ZEROS))
    if codes is None:
        raise InputError(f"W must be one of {', '.join(CODES)}; got {', '.join(parts)[:100] or 'none'}.")
    known = {*CODES, *SCALES, *ZEROS, *BESIDE}
    if strange := [suffix for suffix in parts if suffix not in known and not suffix.startswith(_QUANT_STATE)]:
        beside = ", ".join(sorted(set(parts) & known))
        raise UnsupportedError(f"{strange[0][:60]} beside {beside} is no known way to pack W.")
    if "weight.absmax" in parts:
        return _bitsandbytes(parts, elements)
    if scales is None:
        return _plain(codes, elements)
    return _in_blocks(_element(codes, elements, zeros), scales, zeros, elements, channel)


def _first(parts: Suffixes, names: tuple[str, ...]) -> Tensor | None:
    return next((parts[name] for name in names if name in parts and parts[name].elements), None)


def _plain(codes: Tensor, elements: int) -> str:
    _check(codes.elements == elements, codes, elements)
    if codes.type not in FORMATS:
        raise UnsupportedError(f"the type {codes.type} holds no weights.")
    return FORMATS[codes.type]


def _check(fits: bool, codes: Tensor, elements: int) -> None:
    if not fits:
        shape = " x ".join(map(str, codes.shape))
        raise InputError(f"must hold {elements} elements; its shape is {shape} of {codes.type}.")


def _element(codes: Tensor, elements: int, zeros: Tensor | None) -> str:
    """Return the format of one code: of the tensor's own type, or an integer packed into wider words."""
    if codes.elements == elements:
        return FORMATS.get(codes.type, "uint8")
    bits = Fraction(8 * codes.bytes, elements)
    _check(bits.denominator == 1 and 2 <= bits <= 8 and codes.type in PACKED_INTO, codes, elements)
    if codes.type == "U8" and bits == 4:
        return "fp4e2m1"
    return f"uint{bits}" if zeros is not None else f"int{bits}"


def _group(scales: Tensor, elements: int, channel: int) -> str:
    """Return over what one scale reaches: "t", "c" or a number of elements along a channel.

    Scales of tiles that span channels are read as one scale per tensor, unless a format says otherwise.
    """
    size, rest = divmod(elements, scales.elements)
    if scales.elements == 1 or rest or (size != channel and channel % size):
        return "t"
    return "c" if size == channel else str(size)


def _in_blocks(element: str, scales: Tensor, zeros: Tensor | None, elements: int, channel: int) -> str:
    """Return ``element`` with its scales and zero points: int4g128, uint4g128zuint4, fp8e4m3gcsfp32."""
    rows, columns = elements // channel, channel
    if element == "fp8e4m3" and scales.type == "F32" and scales.elements == -(-rows // 128) * -(-columns // 128) > 1:
        return "fp8e4m3_128x128"
    group = _group(scales, elements, channel)
    if micro := _MICROSCALED.get((element, scales.type, group)):
        return micro
    scale = FORMATS.get(scales.type, scales.type)
    if scale not in _SCALES_AS:
        raise UnsupportedError(f"scales must be one of {', '.join(_SCALES_AS)}; got {scales.type}.")
    zero = ""
    if zeros is not None:
        bits = Fraction(8 * zeros.bytes, scales.elements)
        zero = f"zuint{bits}" if bits.denominator == 1 and 2 <= bits <= 32 else "zint8"
    return f"{element}g{group}{_SCALES_AS[scale]}{zero}"


def _bitsandbytes(parts: Suffixes, elements: int) -> str:
    """Return the format of 4-bit codes with an absolute maximum per 64, itself in 8 bits or in fp32."""
    absmax = parts["weight.absmax"]
    codes = parts.get("weight")
    if codes is None or codes.bytes * 2 != elements:
        _check(False, codes or absmax, elements)
    if absmax.elements * 64 != elements:
        given = f"{absmax.elements} for {elements} elements"
        raise UnsupportedError(f"bitsandbytes must have a scale per 64 elements; got {given}.")
    doubled = absmax.type == "U8"
    if f"{_QUANT_STATE}bitsandbytes__fp4" in parts:
        return "fp4_dq" if doubled else "fp4e2m1g64sfp32"
    return "nf4_dq" if doubled else "nf4"
