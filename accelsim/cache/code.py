"""Would this version of the program find the same? Results are stored under a hash of the code that found them."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from functools import lru_cache

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NOT_CODE = ("__pycache__", "_shipped")
_LOADED_S = time.time()


@lru_cache(maxsize=8)
def code_version(*without: str) -> str | None:
    """Return a hash of the files of accelsim, its tables included, but for the parts named.

    Parameters
    ----------
    *without : str
        Folders of the package that the result does not depend on: "report", "cli" ...

    Returns
    -------
    str or None
        None if a file changed after this process began: what runs may not be what is written there.
    """
    content = hashlib.sha256()
    for name, path in sorted(_files(_PACKAGE, "", (*_NOT_CODE, *without))):
        with open(path, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_mtime > _LOADED_S:
                return None
            text = file.read()
        content.update(f"{name} {len(text)}\n".encode())
        content.update(text)
    return content.hexdigest()


def _files(folder: str, inside: str, without: tuple[str, ...] = _NOT_CODE) -> Iterator[tuple[str, str]]:
    """Name within the package and path of every file."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{inside}{entry.name}"
            if entry.is_file():
                yield name, entry.path
            elif entry.name not in without:
                yield from _files(entry.path, f"{name}/")
