"""What does the header of a GGUF file say: its metadata and where which tensor lies?

The layout is that of the specification in ggml's docs/gguf.md: magic, version, counts, key-value
pairs, tensor infos, padding, data. Versions 2 and 3, either byte order. Long arrays (a vocabulary)
are passed over: only their length is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers.gguf.cursor import Cursor
from accelsim.workload.importers.gguf.metadata import Value, read_metadata
from accelsim.workload.importers.gguf.types import ggml_type
from accelsim.workload.importers.stored import LONGEST_NAME, MOST_ELEMENTS, Tensor, check_name, check_places

MAGIC = b"GGUF"
MOST_KEYS = 100_000
MOST_TENSORS = 100_000
MOST_DIMENSIONS = 4
MOST_ALIGNMENT = 2**20


@dataclass(frozen=True)
class Header:
    """The header of one GGUF file.

    Parameters
    ----------
    path : Path
    version : int
    big_endian : bool
    metadata : dict
    tensors : tuple of Tensor
        In stored order; offsets count from the start of the tensor data.
    """

    path: Path
    version: int
    big_endian: bool
    metadata: dict[str, Value]
    tensors: tuple[Tensor, ...]


def read_header(path: Path) -> Header:
    """Return the header of a GGUF file; the tensor data is not read.

    Raises
    ------
    InputError
        The file cannot be read, is no GGUF file, is truncated, or says what cannot be.
    UnsupportedError
        It is of version 1, or has a tensor of a retired type.
    """
    try:
        size = path.stat().st_size
        with path.open("rb", buffering=2**16) as file:
            return _read(Cursor(file, size, str(path)), path)
    except OSError as error:
        raise InputError(f"the file cannot be read; {error.strerror or error}.", where=str(path)) from None


def _read(cursor: Cursor, path: Path) -> Header:
    magic = cursor.take(min(4, cursor.size), "the magic number")
    if magic != MAGIC:
        begins = f"this begins with {magic!r}" if magic else "this is empty"
        raise InputError(f"a GGUF file must begin with {MAGIC!r}; {begins}.", where=str(path))
    version = _version(cursor)
    tensor_count = cursor.count("Q", "the count of tensors")
    key_count = cursor.count("Q", "the count of metadata keys")
    for count, most, what in ((tensor_count, MOST_TENSORS, "tensors"), (key_count, MOST_KEYS, "metadata keys")):
        if count > most:
            raise InputError(f"a file must have at most {most} {what}; it counts {count}.", where=str(path))
    metadata = read_metadata(cursor, key_count)
    alignment = _alignment(metadata, str(path))
    tensors = _tensors(cursor, tensor_count, alignment)
    start = -(-cursor.position // alignment) * alignment
    check_places(tensors, cursor.size - start, str(path), gaps=True)
    return Header(path, version, cursor.order == ">", metadata, tuple(tensors))


def _version(cursor: Cursor) -> int:
    """Return the version; one whose low half is empty was written in the other byte order."""
    raw = cursor.take(4, "the version")
    version = int.from_bytes(raw, "little")
    if version & 0xFFFF == 0:
        cursor.order, version = ">", int.from_bytes(raw, "big")
    if version == 1:
        raise UnsupportedError(
            "version 1 of GGUF counts in 32 bits and was replaced in 2023; convert the model again with a current "
            "llama.cpp.", where=cursor.path,
        )  # fmt: skip
    if version not in (2, 3):
        raise InputError(f"a GGUF file must be of version 2 or 3; this says {version}.", where=cursor.path)
    return version


def _alignment(metadata: dict[str, Value], path: str) -> int:
    value = metadata.get("general.alignment", 32)
    power_of_two = isinstance(value, int) and 0 < value <= MOST_ALIGNMENT and value & (value - 1) == 0
    if not power_of_two or isinstance(value, bool):
        raise InputError(
            f"general.alignment must be a power of two of at most {MOST_ALIGNMENT}; got {value!r}.", where=path
        )
    assert isinstance(value, int)
    return value


def _tensors(cursor: Cursor, count: int, alignment: int) -> list[Tensor]:
    cursor.check_room(count, 32, "the tensor infos")
    tensors: list[Tensor] = []
    names: set[str] = set()
    for _ in range(count):
        tensor = _tensor(cursor, alignment)
        if tensor.name in names:
            raise InputError(f"a tensor must stand once; {tensor.name} stands twice.", where=cursor.path)
        names.add(tensor.name)
        tensors.append(tensor)
    return tensors


def _tensor(cursor: Cursor, alignment: int) -> Tensor:
    name = check_name(cursor.text("a tensor's name", LONGEST_NAME).decode("utf-8", "replace"), cursor.path)
    where = f"{cursor.path}: {name}"
    rank = cursor.count("I", f"the dimensions of {name}")
    if not 1 <= rank <= MOST_DIMENSIONS:
        raise InputError(f"a tensor must have 1 to {MOST_DIMENSIONS} dimensions; got {rank}.", where=where)
    extents = [cursor.count("Q", f"the dimensions of {name}") for _ in range(rank)]
    elements = 1
    for extent in extents:
        elements *= extent
    if not 1 <= elements <= MOST_ELEMENTS or max(extents) > MOST_ELEMENTS:
        raise InputError(f"a tensor must have 1 to 2**62 elements; its dimensions are {extents}.", where=where)
    type_ = ggml_type(cursor.count("I", f"the type of {name}"), where)
    offset = cursor.count("Q", f"the offset of {name}")
    if extents[0] % type_.block:
        raise InputError(
            f"a row of {type_.name} must be a multiple of {type_.block} elements; got {extents[0]}.", where=where
        )
    if offset % alignment:
        raise InputError(f"an offset must be a multiple of the alignment, {alignment}; got {offset}.", where=where)
    size = elements // type_.block * type_.bytes
    return Tensor(name, tuple(reversed(extents)), type_.name, size, offset, Path(cursor.path).name)
