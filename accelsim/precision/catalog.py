"""Which number formats are known by name? The catalog and the reader of format names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from accelsim.errors import InputError, nearest
from accelsim.library import packaged
from accelsim.precision.formats import Block, Format, Span

INTEGER_WIDTHS = (*range(2, 33), 64)
SCALE_ONLY_BITS = {"e8m0": 8}
"""Formats that a scale may have but no element: OCP E8M0, a power of two in 8 bits."""

ALIASES = {
    "f64": "fp64", "f32": "fp32", "float32": "fp32", "f16": "fp16", "float16": "fp16", "bfloat16": "bf16",
    "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "fp8": "fp8e4m3", "fp6": "fp6e2m3", "fp4": "fp4e2m1", "mxfp8": "mxfp8e4m3", "mxfp6": "mxfp6e2m3",
    "mxfp4e2m1": "mxfp4",
}  # fmt: skip
"""Other spellings; a bare fp8, fp6 or fp4 is the variant with more mantissa bits."""

_BLOCKED_NAME = re.compile(
    r"(?P<element>[a-z]+[0-9][a-z0-9_]*?)g(?P<size>[0-9]{1,40}|c|t)(?:s(?P<scale>[a-z0-9]+?))?(?:z(?P<zero>[a-z0-9]+))?"
)
_SPANS: dict[str, Span] = {"c": "channel", "t": "tensor"}
_MAX_GROUP = 1 << 20


def _rows(file: str) -> list[dict[str, str]]:
    text = packaged(f"precision/{file}")
    return list(csv.DictReader(text.splitlines()))


def _elements() -> dict[str, Format]:
    integers = [Format(f"int{n}", "int", n) for n in INTEGER_WIDTHS]
    integers += [Format(f"uint{n}", "uint", n) for n in INTEGER_WIDTHS]
    floats = [
        Format(row["name"], "float", int(row["stored_bits"]), int(row["exponent_bits"]), int(row["mantissa_bits"]),
               row["specials"])  # type: ignore[arg-type]
        for row in _rows("floats.csv")
    ]  # fmt: skip
    return {format_.name: format_ for format_ in integers + floats}


def _stored(row: dict[str, str], element: Format) -> Format:
    packed = Fraction(row["packed_bits"])
    scale_bits = Fraction(row["scale_bits"])
    shared = {field: int(row[field]) for field in ("zero_point_bits", "sum_bits")}
    size, group = int(row["size"]), int(row["group"])
    block = Block(
        size, row["scale"], int(scale_bits) if scale_bits.denominator == 1 else scale_bits, row["zero_point"] or None,
        group=group if group != size else None, **shared,
    )  # fmt: skip
    return Format(
        row["name"], element.kind, element.bits, element.exponent_bits, element.mantissa_bits, element.specials,
        packed if packed != element.bits else None, block, float(row["largest"]) if row["largest"] else None,
    )  # fmt: skip


_ELEMENTS = _elements()
_BLOCKED = _rows("blocked.csv")
_ELEMENT_OF = {row["name"]: row["element"] for row in _BLOCKED}

CATALOG = MappingProxyType(_ELEMENTS | {row["name"]: _stored(row, _ELEMENTS[row["element"]]) for row in _BLOCKED})
"""Every named format: integers, floats, MX, NVFP4, NF4 and GGUF types; grouped ones are made by `parse_format`."""


def element_of(stored: Format) -> Format:
    """Return the bare format of one element of ``stored``: int4 for int4g32, fp8e4m3 for mxfp8e4m3."""
    if stored.block is None:
        return stored
    return _ELEMENTS[_ELEMENT_OF.get(stored.name, stored.name.partition("g")[0])]


def grouped(element: Format, size: Span, scale: str = "fp16", zero_point: str | None = None) -> Format:
    """Return ``element`` stored with one scale, and a zero point if named, per ``size`` elements.

    Parameters
    ----------
    element : Format
        A bare format of fewer than 32 bits.
    size : int, "channel" or "tensor"
    scale, zero_point : str
        Formats in which they are stored; by default an fp16 scale and no zero point (symmetric).

    Raises
    ------
    InputError
        The element already has a block or needs none, the size is not 1 to 2^20, or a format is unknown.
    """
    if element.block is not None:
        raise InputError(f"{element.name} already has its own scales; give it no group. Got a group of {size}.")
    if element.bits >= 32 or (element.kind == "float" and element.bits >= 16):
        raise InputError(f"only a format narrower than 16 bits, or an int16, takes scales; got {element.name}.")
    if isinstance(size, int) and not 1 <= size <= _MAX_GROUP:
        raise InputError(f"a group must have 1 to {_MAX_GROUP} elements; got {size}.")
    scale_bits = _shared_bits("scale", scale)
    zero_bits = _shared_bits("zero point", zero_point) if zero_point else 0
    suffix = f"g{size if isinstance(size, int) else size[0]}"
    suffix += f"s{scale}" * (scale != "fp16") + f"z{zero_point}" * bool(zero_point)
    return element.in_blocks(element.name + suffix, Block(size, scale, scale_bits, zero_point, zero_bits))


def _shared_bits(noun: str, name: str) -> int:
    known = _ELEMENTS if noun == "zero point" else _ELEMENTS.keys() | SCALE_ONLY_BITS.keys()
    if name not in known:
        raise InputError(f"a {noun} must be stored in a bare format such as fp16; {_unknown(name, known)}")
    if noun == "scale" and name in _ELEMENTS and _ELEMENTS[name].kind != "float":
        raise InputError(f"a scale must be stored in a float format such as fp16; got {name}.")
    return SCALE_ONLY_BITS.get(name) or _ELEMENTS[name].bits


def _unknown(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f"{name!r} is not one" + (f"; did you mean {close}?" if close else ".")


@cache
def parse_format(text: str) -> Format:
    """Return the format called ``text``.

    Parameters
    ----------
    text : str
        A catalog name or alias in any case (``int8``, ``bf16``, ``mxfp4``, ``Q4_K``), or an element
        with blocks, ``<element>g<size>[s<scale>][z<zero point>]``: ``int4g32`` has an fp16 scale per
        32, ``uint4g128zuint4`` a 4-bit zero point too, ``int8gc`` a scale per channel, ``int8gt`` per tensor.

    Raises
    ------
    InputError
        No format has that name; the nearest one is named.
    """
    name = str(text).strip().lower()
    name = ALIASES.get(name, name)
    if name in CATALOG:
        return CATALOG[name]
    blocks = _BLOCKED_NAME.fullmatch(name)
    if blocks and (element := ALIASES.get(blocks["element"], blocks["element"])) in CATALOG:
        size = _SPANS.get(blocks["size"]) or int(blocks["size"])
        return grouped(CATALOG[element], size, blocks["scale"] or "fp16", blocks["zero"])
    close = nearest(name[:40], CATALOG.keys() | ALIASES.keys())
    hint = f"; did you mean {close}?" if close else "; examples are int8, fp16, bf16, fp8e4m3, mxfp4, q4_k, int4g32."
    raise InputError(f"{_short(text)} is not a number format{hint}")


def _short(text: object) -> str:
    shown = repr(str(text))
    return shown if len(shown) <= 60 else shown[:56] + "...'"
