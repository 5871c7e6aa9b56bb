"""How is a file written so that it is whole or not there? Beside its place first, then moved."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from accelsim.errors import InputError, UsageError


def check_suffix(path: str | Path, allowed: tuple[str, ...], noun: str) -> Path:
    """Return the path if its suffix is allowed.

    Raises
    ------
    UsageError
        It is not; the allowed ones are named.
    """
    wanted = Path(path)
    if wanted.suffix.lower() not in allowed:
        raise UsageError(f"{noun} must be a file ending in {', '.join(allowed)}; got {str(path)!r}.")
    return wanted


def check_place(path: Path) -> Path:
    """Return the path if a file can be made there; else InputError says what is in the way."""
    if path.is_dir():
        raise InputError(f"{path} cannot be written: it is a directory.")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}.")
    return path


def write_whole(path: str | Path, write: Callable[[Path], None]) -> Path:
    """Let ``write`` make a file beside ``path``, then move it there; on any failure nothing is left behind.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written to.
    """
    place = check_place(Path(path))
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{place.stem}-", suffix=place.suffix, dir=place.parent)
        os.close(descriptor)
    except OSError as error:
        raise InputError(f"{place} cannot be written: {error.strerror}.") from None
    unfinished = Path(name)
    try:
        write(unfinished)
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(place)
    except OSError as error:
        raise InputError(f"{place} cannot be written: {error.strerror or error}.") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return place


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
