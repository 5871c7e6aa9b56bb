"""Which tensors does a file of weights store? A table read from headers, whether or not a graph is known."""

from __future__ import annotations

from pathlib import Path

from accelsim.errors import InputError
from accelsim.workload.importers.joining import Joined
from accelsim.workload.importers.stored import TensorTable

GGUF = ".gguf"
SAFETENSORS = (".safetensors", ".safetensors.index.json")


def holds_tensors(path: Path) -> bool:
    """Return whether a path is a file of weights, an index of such files, or a folder that holds one."""
    if path.is_dir():
        return any(next(path.glob(f"*{ending}"), None) for ending in SAFETENSORS)
    return path.name.endswith((GGUF, *SAFETENSORS))


def list_tensors(path: str | Path) -> TensorTable:
    """Return the tensors that a file of weights stores; only headers are read.

    Parameters
    ----------
    path : str or Path
        A GGUF file (any part of a split one), a safetensors file, a .safetensors.index.json, or a folder
        that holds safetensors.

    Raises
    ------
    InputError, UnsupportedError
        It is none of these, or broken.
    """
    path = Path(path)
    if "\0" in str(path) or not path.exists():
        raise InputError(f"there is no file or folder {str(path)[:200]!r}.")
    if path.name.endswith(GGUF) and path.is_file():
        from accelsim.workload.importers.gguf.shards import read_model

        return read_model(path)[1]
    if not holds_tensors(path):
        raise InputError(
            f"tensors are listed of files that end in {GGUF}, {', '.join(SAFETENSORS)}, or of a folder with such; "
            f"got {path.name}.",
            where=str(path),
        )
    from accelsim.workload.importers.safetensors.shards import read_table

    return read_table(path)


def join_graph(path: Path) -> Joined:
    """Return the graph of a file of weights, in its first pass, with what its tensors state.

    Raises
    ------
    InputError, UnsupportedError
        No graph is known for it, or graph and tensors contradict each other.
    """
    if path.name.endswith(GGUF):
        from accelsim.workload.importers import gguf as reader
    else:
        from accelsim.workload.importers import safetensors as reader  # type: ignore[no-redef]

    return reader.joined(path, next(iter(reader.phases(path))), None, {})
