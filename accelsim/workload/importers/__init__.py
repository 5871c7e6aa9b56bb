"""Which reader turns a model file into a `Network`? One module per kind of file, imported when it is needed.

A reader offers ``load(path, phase, batch, options)``, which returns a Network, and
``phases(path)``, which returns the passes that the file offers with their options' defaults
(one entry with the key "" if it offers only one).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.network import Network
from accelsim.workload.passes import Option

__all__ = ["IN_FOLDERS", "READERS", "Option", "Reader", "reader"]

READERS = {
    ".yaml": "accelsim.workload.importers.yaml",
    ".yml": "accelsim.workload.importers.yaml",
    ".json": "accelsim.workload.importers.huggingface",
    ".csv": "accelsim.workload.importers.scalesim",
    ".onnx": "accelsim.workload.importers.onnx",
    ".gguf": "accelsim.workload.importers.gguf",
    ".safetensors": "accelsim.workload.importers.safetensors",
    ".safetensors.index.json": "accelsim.workload.importers.safetensors",
}
"""Module that reads a file, by what its name ends with; the longest ending wins."""

IN_FOLDERS = ("model.safetensors", "model.safetensors.index.json", "config.json")
"""Files for which a folder may be named; the first that it holds is read."""


class Reader(Protocol):
    """What a module named in `READERS` offers."""

    def load(self, path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Network:
        """Read ``path`` for one pass; ``batch`` None is the file's own."""


def reader(path: Path) -> Reader:
    """Return the reader for ``path``.

    Raises
    ------
    InputError
        No reader knows the file's ending.
    """
    endings = sorted((ending for ending in READERS if path.name.endswith(ending)), key=len)
    if not endings:
        hint = did_you_mean(path.suffix, READERS) or "."
        raise InputError(f"a workload file must end in {', '.join(READERS)}; got {path.name}{hint}", where=str(path))
    return cast(Reader, import_module(READERS[endings[-1]]))
