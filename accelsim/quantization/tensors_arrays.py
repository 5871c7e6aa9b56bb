"""Which arrays does an npz or npy file hold? Their headers are read first, each array when it is asked for."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.tensors import Role, Tensors, TensorSource

_BROKEN = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError)


def file_tensors(path: Path, role: Role) -> Tensors:
    """Return the arrays of an npz or npy file by name; pickled objects are refused.

    Raises
    ------
    InputError
        There is no such file, it is none of these, or an array holds no real numbers.
    """
    if path.is_dir():
        raise InputError(f"data must be an .npz or .npy file; {str(path)!r} is a folder.")
    if not path.is_file():
        raise InputError(f"there is no file {path}. Write one with numpy.savez.")
    if path.suffix.lower() == ".npy":
        with _reading(path):
            array = npy.open_memmap(path, mode="r")
        return array_tensors(path.name, {path.stem: array}, role)
    sources = []
    with _reading(path), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as file:
                shape, kind = _header(file)
            _check_kind(path.name, member, kind)
            name = member.removesuffix(".npy")
            sources.append(TensorSource(name, name, role, shape, 0, partial(_member, path, member)))
    if not sources:
        raise InputError(f"{path.name} must hold at least one array; there is none.")
    return Tensors(path.name, tuple(sources))


def array_tensors(name: str, arrays: Mapping[str, Any], role: Role) -> Tensors:
    """Return arrays by name as tensors.

    Raises
    ------
    InputError
        There is no array, or one holds no real numbers.
    """
    if not arrays:
        raise InputError(f"{name} must hold at least one array; there is none.")
    sources = []
    for key, values in arrays.items():
        array = np.asarray(values)
        _check_kind(name, str(key), array.dtype)
        sources.append(TensorSource(str(key), str(key), role, array.shape, 0, partial(np.asarray, array)))
    return Tensors(name, tuple(sources))


def _check_kind(name: str, key: str, kind: np.dtype[Any]) -> None:
    if kind.kind not in "fiub":
        raise InputError(f"{name}: {key} must hold real numbers; got the type {kind}.")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    shape, _, kind = npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)
    return tuple(shape), kind


def _member(path: Path, member: str) -> NDArray[Any]:
    with _reading(path), zipfile.ZipFile(path) as archive, archive.open(member) as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what a broken file raises into one sentence."""
    try:
        yield
    except InputError:
        raise
    except _BROKEN as error:
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise InputError(
            f"must be arrays that numpy.savez wrote; it cannot be read: {reason}.", where=str(path)
        ) from None
