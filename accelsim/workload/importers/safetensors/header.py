"""What does the header of a safetensors file say: which tensor of which type lies where?

The layout is that of the safetensors format: 8 bytes with the length of a JSON object, the object, the
data. Tensors fill the data without gaps and without overlap.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.importers.safetensors.document import parse
from accelsim.workload.importers.stored import MOST_DIMENSIONS, MOST_ELEMENTS, Tensor, check_name, check_places

LONGEST_HEADER = 32 * 2**20
"""Bytes; the format itself allows 100,000,000."""

BITS = MappingProxyType({
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
})  # fmt: skip
"""Bits of each type (safetensors 0.8, ``Dtype``)."""

FORMATS = MappingProxyType({
    "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32", "U64": "uint64",
    "I64": "int64", "F4": "fp4e2m1", "F6_E2M3": "fp6e2m3", "F6_E3M2": "fp6e3m2", "F8_E4M3": "fp8e4m3",
    "F8_E5M2": "fp8e5m2", "F16": "fp16", "BF16": "bf16", "F32": "fp32", "F64": "fp64",
})  # fmt: skip
"""Format of each type by its name in `accelsim.precision`; the others hold no weights."""


def read_header(path: Path) -> tuple[Tensor, ...]:
    """Return the tensors of a safetensors file in stored order; their data is not read.

    Raises
    ------
    InputError
        The file cannot be read, is no safetensors file, is truncated, or says what cannot be.
    """
    where = str(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            _check_length(length, len(start), size, where)
            raw = file.read(length)
    except OSError as error:
        raise InputError(f"the file cannot be read; {error.strerror or error}.", where=where) from None
    if len(raw) != length or not raw.startswith(b"{"):
        raise InputError("a safetensors file must begin with the length of its header and a JSON object.", where=where)
    fields = parse(raw, where)
    fields.pop("__metadata__", None)
    tensors = [_tensor(name, entry, path) for name, entry in fields.items()]
    check_places(tensors, size - 8 - length, where, gaps=False)
    end = max((one.offset + one.bytes for one in tensors), default=0)
    if end != size - 8 - length:
        raise InputError(
            f"the tensors must fill the file; they take {end} of the {size - 8 - length} bytes behind the header.",
            where=where,
        )
    return tuple(sorted(tensors, key=lambda one: (one.offset, one.bytes)))


def _check_length(length: int, given: int, size: int, where: str) -> None:
    if given < 8:
        raise InputError(
            f"a safetensors file must have at least 8 bytes, the length of its header; it has {size}.", where=where
        )
    if length > LONGEST_HEADER:
        raise InputError(
            f"a header must have at most {LONGEST_HEADER} bytes; its length is given as {length}. "
            "Is this a safetensors file?", where=where,
        )  # fmt: skip
    if length > size - 8:
        raise InputError(
            f"the file is truncated: its header has {length} bytes, of which {size - 8} are there. Fetch it again.",
            where=where,
        )


def _tensor(name: str, entry: Any, path: Path) -> Tensor:
    check_name(name, str(path))
    where = f"{path}: {name}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise InputError("a tensor must have exactly dtype, shape and data_offsets.", where=where)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        hint = did_you_mean(str(dtype)[:40], BITS) or f"; known are {', '.join(BITS)}."
        raise InputError(f"{str(dtype)[:40]!r} is not a type of a tensor{hint}", where=where)
    if not _wholes(shape) or len(shape) > MOST_DIMENSIONS or prod(shape) > MOST_ELEMENTS:
        raise InputError(
            f"a shape must be a list of at most {MOST_DIMENSIONS} whole numbers, of at most 2**62 elements.",
            where=where,
        )
    if not _wholes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise InputError("data_offsets must be two whole numbers, the begin and the end.", where=where)
    size, rest = divmod(prod(shape) * BITS[dtype], 8)
    if rest or size != offsets[1] - offsets[0]:
        raise InputError(
            f"data_offsets must span the {prod(shape)} elements of {BITS[dtype]} bits; "
            f"they span {offsets[1] - offsets[0]} bytes.", where=where,
        )  # fmt: skip
    return Tensor(name, tuple(shape), dtype, size, offsets[0], path.name)


def _wholes(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value <= MOST_ELEMENTS for value in values)
