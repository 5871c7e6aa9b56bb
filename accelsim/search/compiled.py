"""Is there a compiler for the inner loops of the search? With numba they are machine code, without it plain Python."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Function = Callable[..., Any]

COMPILED = sys.modules.get("numba", ...) is not None and find_spec("numba") is not None
"""Without a compiler everything still runs, some hundred times slower: the search looks at less."""


def jit(function: Function) -> Function:
    """Return a function of the inner loops, to be compiled with those that call it.

    Only the inner loops import this, when the first search begins: numba takes longer to import than most of the rest.
    """
    if not COMPILED:
        return function
    import numba

    njit: Any = numba.njit  # nothing but compiled code calls it: so it needs no wrappers
    compiled: Function = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return compiled


def entry(function: Function) -> Function:
    """Return a function that the search calls, to be compiled once: its machine code is kept on disk if it can be.

    What is kept is renewed when any file of the inner loops is newer; numba looks at the file of the function only.
    """
    if not COMPILED:
        return function
    from numba import njit

    try:
        compiled: Any = njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to keep it in
        return jit(function)
    source = Path(function.__code__.co_filename)
    newest = max(file.stat().st_mtime for file in source.parent.glob("*.py"))
    for kept in Path(compiled.stats.cache_path).glob(f"{source.stem}.{function.__name__}-*.nbi"):
        if kept.stat().st_mtime < newest:
            kept.unlink(missing_ok=True)
    result: Function = compiled
    return result


def records(array: NDArray[np.void]) -> NDArray[np.void]:
    """Return an array of records whose fields the functions of the inner loops can name: record.field."""
    return array if COMPILED else array.view(np.recarray)
