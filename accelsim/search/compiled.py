"""Is there a compiler for the inner loops of the search? With numba they are machine code, without it plain Python."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Function = Callable[..., Any]

COMPILED = sys.modules.get("numba", ...) is not None and find_spec("numba") is not None
"""Without a compiler everything still runs, some hundred times slower: the search looks at less."""


def jit(function: Function) -> Function:
    """Return the function, to be compiled when first called; the machine code is kept on disk if it can be.

    Only the inner loops import this, when the first search begins: numba takes longer to import than most of the rest.
    """
    if not COMPILED:
        return function
    from numba import njit

    try:
        compiled: Function = njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to keep it in
        compiled = njit(error_model="numpy")(function)
    return compiled


def records(array: NDArray[np.void]) -> NDArray[np.void]:
    """Return an array of records whose fields the functions of the inner loops can name: record.field."""
    return array if COMPILED else array.view(np.recarray)
