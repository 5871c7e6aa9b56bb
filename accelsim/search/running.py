"""How are the inner loops run? By their kept machine code if there is any, else by the compiler, or as plain Python.

Only where there is no machine code of them yet is the file that has them imported, and with it numba.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from accelsim.search.compiled import COMPILED
from accelsim.search.machine_code import keep, load

_load, _keep = cache(load), cache(keep)


def bound_roots(*arguments: Any) -> None:
    """Run `accelsim.search.inner.kernel.bound_roots`."""
    _run("kernel", "bound_roots", arguments)


def floors(*arguments: Any) -> None:
    """Run `accelsim.search.inner.floors.floors`."""
    _run("floors", "floors", arguments)


def search(*arguments: Any) -> None:
    """Run `accelsim.search.inner.kernel.search`."""
    _run("kernel", "search", arguments)


def _run(module: str, name: str, arguments: tuple[Any, ...]) -> None:
    kinds = tuple((one.dtype, one.ndim) if isinstance(one, np.ndarray) else None for one in arguments)
    plain = COMPILED and all(one.flags.carray if isinstance(one, np.ndarray) else type(one) is int for one in arguments)
    kept = _load(name, kinds) if plain else None
    if kept is not None:
        kept(arguments)
        return
    function = getattr(import_module(f"accelsim.search.inner.{module}"), name)
    function(*arguments)
    if plain:
        _keep(name, kinds, function)
