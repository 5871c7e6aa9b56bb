"""Where are the profiles, workloads and schemes? Explicit path, then ACCELSIM_PATH, then shipped.

The shipped folders stand at the top level of a checkout and under ``accelsim/_shipped`` in a wheel. Tables that are
part of the code lie beside it.
"""

from __future__ import annotations

import os
from pathlib import Path

from accelsim.errors import InputError, did_you_mean

_PACKAGE = Path(__file__).resolve().parent


def packaged(name: str) -> str:
    """Return the text of a file of the package, by its path inside it."""
    return (_PACKAGE / name).read_text(encoding="utf-8")


def folders(kind: str) -> list[Path]:
    """Return the folders searched for ``kind`` ("hw_profiles", "workloads" ...), in order.

    Each entry of ``ACCELSIM_PATH`` is searched itself and in its subfolder ``kind``.
    """
    extra = [Path(entry) for entry in os.environ.get("ACCELSIM_PATH", "").split(os.pathsep) if entry]
    searched = [folder for entry in extra for folder in (entry / kind, entry)]
    shipped = _PACKAGE / "_shipped" / kind
    searched.append(shipped if shipped.is_dir() else _PACKAGE.parent / kind)
    return [folder for folder in searched if folder.is_dir()]


def absent() -> list[str]:
    """Return the entries of ``ACCELSIM_PATH`` that are no folders, and so are not searched."""
    entries = os.environ.get("ACCELSIM_PATH", "").split(os.pathsep)
    return [entry for entry in entries if entry and not Path(entry).is_dir()]


def names(kind: str) -> dict[str, Path]:
    """Return every ``NAME.yaml`` of ``kind`` by name; the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in folders(kind):
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found


def find(kind: str, name: str, noun: str) -> Path:
    """Return the file that ``name``, a path or a shipped name, stands for.

    Raises
    ------
    InputError
        Nothing has that name; the nearest one is named.
    """
    path = Path(name)
    if path.suffix or os.sep in name:
        if path.is_file():
            return path
        if path.exists():
            what = "a directory" if path.is_dir() else "not a regular file"
            raise InputError(f"a {noun} must be a file; {name} is {what}.")
        if path.suffix in {".yaml", ".yml", ".onnx", ".json", ".csv", ".gguf", ".safetensors"}:
            raise InputError(f"there is no file {name}. Give a path, or a name from: accelsim list.")
    known = names(kind)
    if name in known:
        return known[name]
    raise InputError(f"{name!r} is not a {noun}{did_you_mean(name, known)}. Known: {', '.join(sorted(known))}.")
