"""Which bytes of an ONNX file say what it computes? All but the data of large tensors, which stay on disk.

The file is mapped, not read: the fields of its messages (protocol buffers, ``onnx.proto``) are walked,
and those that hold tensor data of more than `KEPT_BYTES` are stepped over. What is left is a valid
model whose large tensors have a shape and no data.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from accelsim.errors import InputError

KEPT_BYTES = 4096
"""Data of a tensor up to this size are read: shapes, axes and other small constants are evaluated."""

MOST_BYTES = 256 * 2**20
"""Most bytes of a graph without its weights."""

DEEPEST = 64
"""Deepest nesting of graphs in graphs."""

TENSOR, SPARSE, ATTRIBUTE, NODE, GRAPH, FUNCTION, MODEL = (
    "tensor",
    "sparse",
    "attribute",
    "node",
    "graph",
    "function",
    "model",
)

INSIDE: dict[str, dict[int, str]] = {
    MODEL: {7: GRAPH, 25: FUNCTION},
    GRAPH: {1: NODE, 5: TENSOR, 15: SPARSE},
    FUNCTION: {7: NODE},
    NODE: {5: ATTRIBUTE},
    ATTRIBUTE: {5: TENSOR, 6: GRAPH, 10: TENSOR, 11: GRAPH, 22: SPARSE, 23: SPARSE},
    SPARSE: {1: TENSOR, 2: TENSOR},
    TENSOR: {},
}
"""Messages that may hold tensor data somewhere inside, by field number of the message that holds them."""

DATA = {4, 5, 6, 7, 9, 10, 11}
"""Fields of a tensor that hold its data."""

DROPPED = {MODEL: {6, 14, 20, 26}, GRAPH: {10, 16}, NODE: {6, 9}, FUNCTION: {8, 14}, ATTRIBUTE: {13}, TENSOR: {12, 16}}
"""Texts for people, metadata, and training: not needed."""


def skim(path: Path) -> bytes:
    """Return the model in ``path`` without the data of its large tensors.

    Raises
    ------
    InputError
        The file cannot be read, ends in the middle of a field, or is no model.
    """
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                raise InputError("must be an ONNX model; the file is empty.", where=str(path))
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
                return _Skimmer(path, view).model()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}.", where=str(path)) from None


class _Skimmer:
    """Walks one mapped file."""

    def __init__(self, path: Path, data: memoryview) -> None:
        self.path = path
        self.data = data
        self.kept = 0

    def model(self) -> bytes:
        return self.message(MODEL, 0, len(self.data), 0)

    def message(self, kind: str, start: int, end: int, depth: int) -> bytes:
        """Return one message without what is dropped or too large."""
        if depth > DEEPEST * 4:
            raise InputError(f"graphs must be nested at most {DEEPEST} deep.", where=str(self.path))
        made = bytearray()
        data_bytes = 0
        for field, at, begin, stop in self.fields(start, end):
            inside = INSIDE[kind].get(field)
            if field in DROPPED.get(kind, ()):
                continue
            if kind == TENSOR and field in DATA:
                data_bytes += stop - begin
                if data_bytes > KEPT_BYTES:
                    continue
            if inside is None or stop - begin <= KEPT_BYTES:
                self.keep(stop - at)
                made += self.data[at:stop]
                continue
            own = self.message(inside, begin, stop, depth + 1)
            made += _varint(field << 3 | 2) + _varint(len(own)) + own
        return bytes(made)

    def keep(self, size: int) -> None:
        """Note that bytes are kept, or refuse them if they are too many."""
        self.kept += size
        if self.kept > MOST_BYTES:
            limit = MOST_BYTES // 2**20
            raise InputError(f"a graph without its weights must be at most {limit} MiB.", where=str(self.path))

    def fields(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (number, start of the field, start of its content, end) of every field of a message."""
        while at < end:
            start = at
            key, at = self.varint(at, end)
            field, wire = key >> 3, key & 7
            if wire == 0:
                begin, at = at, self.varint(at, end)[1]
            elif wire in (1, 5):
                begin, at = at, at + (8 if wire == 1 else 4)
            elif wire == 2:
                size, begin = self.varint(at, end)
                at = begin + size
            else:
                raise self.broken(start, "is not of a kind that a model has")
            if at > end:
                raise self.broken(start, f"needs {at - end} more bytes than there are")
            if not field:
                raise self.broken(start, "has no number")
            yield field, start, begin, at

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the number of seven bits a byte at a place, and the place behind it."""
        value = shift = 0
        start = at
        while at < end and shift < 70:
            byte = self.data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
            shift += 7
        raise self.broken(start, "is not whole")

    def broken(self, at: int, what: str) -> InputError:
        message = f"must be a whole ONNX model; the field at byte {at} of {len(self.data)} {what}. "
        return InputError(f"{message}The file is truncated, corrupt or no ONNX file.", where=str(self.path))


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])
