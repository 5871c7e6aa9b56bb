"""Which weights does a safetensors file or folder hold? Mapped from disk, one tensor at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.tensors import Tensors, TensorSource
from accelsim.workload.importers.safetensors.names import is_constant, split
from accelsim.workload.importers.safetensors.shards import read_table, weights_file
from accelsim.workload.importers.stored import Tensor

_TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}


def safetensors_tensors(path: Path) -> Tensors:
    """Return the float weights of a safetensors file, an index, or the folder of a model.

    Channels are along the first axis.

    Raises
    ------
    InputError
        It is none of these, or is truncated or corrupt.
    """
    if path.is_dir() and not any(path.glob("*.safetensors*")):
        raise InputError(f"a folder of weights must hold a safetensors file; {path} has none.")
    start = weights_file(path) if path.is_dir() else path
    table = read_table(start)
    folder = start.parent
    sources: list[TensorSource] = []
    other: dict[str, int] = {}
    vectors = 0
    for tensor in table:
        if is_constant(tensor.name) or len(tensor.shape) < 2:
            vectors += 1
        elif tensor.type not in _TYPES:
            other[tensor.type] = other.get(tensor.type, 0) + 1
        else:
            layer = split(tensor.name)[0] or tensor.name
            read = _reader(folder / tensor.file, tensor)
            sources.append(TensorSource(layer, tensor.name, "weights", tensor.shape, 0, read))
    notes = [f"{vectors} tensors of fewer than two axes (biases, norms) are left out."] if vectors else []
    if other:
        named = ", ".join(f"{count} of type {kind}" for kind, count in other.items())
        notes.append(f"Tensors that are not stored as floats of 16 bits or more are left out: {named}.")
    return Tensors(path.name, tuple(sources), notes=tuple(notes))


def _reader(path: Path, tensor: Tensor) -> Any:
    def read() -> NDArray[Any]:
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
        if 0 in tensor.shape:
            return np.empty(tensor.shape, dtype=np.float32)
        stored = np.memmap(
            path, dtype=_TYPES[tensor.type], mode="r", offset=8 + header + tensor.offset, shape=tensor.shape
        )
        if tensor.type != "BF16":
            return stored
        return (stored.astype(np.uint32) << 16).view(np.float32)

    return read
