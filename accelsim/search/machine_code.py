"""How is the machine code of a function kept, so that a later process runs it without the compiler?

numba keeps machine code, too, but to find it again takes numba, and to load that takes longer than most searches.
Here llvmlite alone loads it, if sources, versions, processor, settings and the types of all arguments are the same
as when it was made. On any doubt or failure there is none, and numba does what it always does.

A function of numba takes the address of a result and of an error, then of every array its counter, owner, number of
elements, bytes of one, address, lengths and strides; it returns 0 if all went well. What is of any other form, or
calls anything outside itself, is not kept.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.cache.place import folder

Kinds = tuple[tuple[np.dtype[Any], int] | None, ...]
"""Types of arguments: data and axes of every array, C-contiguous, and None for every whole number."""

INNER = Path(__file__).with_name("inner")
SOURCES = (
    *sorted(INNER.glob("*.py")), INNER.with_name("problem.py"), INNER.with_name("compiled.py"), Path(__file__),
)  # fmt: skip

_NOTHING_COUNTED = "define void @NRT_MemInfo_call_dtor(ptr %0) { ret void }"
"""What frees an array that nobody holds any more. The arrays handed over have no counter, so it is never called."""

_DIGEST = 32

THREADS = "NUMBA_NUM_THREADS"
"""What makes no difference to the code, and differs between a process and those that it starts."""


def load(name: str, kinds: Kinds) -> Callable[[tuple[Any, ...]], None] | None:
    """Return the function of a name, to be called with a tuple of arguments of these types; None if it was not kept."""
    if sys.platform != "linux":  # tried nowhere else
        return None
    try:
        llvm = import_module("llvmlite.binding")
        code = _kept(llvm, name, kinds)
        if not code:
            return None
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        address = engine.get_function_address(name)
    except Exception:
        return None
    types = {"ptr": ctypes.c_void_p, "i64": ctypes.c_int64}
    entry = ctypes.PYFUNCTYPE(ctypes.c_int32, *(types[one] for one in _form(kinds)))(address)
    result, error = ctypes.c_void_p(), ctypes.c_void_p()

    def run(arguments: tuple[Any, ...], engine: object = engine) -> None:
        """Run the machine code, which lives as long as its engine."""
        if entry(ctypes.addressof(result), ctypes.addressof(error), *_handed_over(arguments)):
            raise RuntimeError(f"the machine code of {name} failed.")

    return run


def keep(name: str, kinds: Kinds, function: Any) -> None:
    """Keep the machine code of a function that numba has compiled for these types, where that can be done.

    What cannot be kept leaves an empty file, so that no other process tries in vain.
    """
    if sys.platform != "linux":
        return
    try:
        llvm = import_module("llvmlite.binding")
        path = next(path for path in _places(llvm, name) if os.access(path.parent, os.W_OK))
        if _kept(llvm, name, kinds) is not None:
            return
        try:
            code = _code(llvm, name, kinds, function)
        except Exception:
            code = b""
        own = path.with_name(f"{path.name}.{os.getpid()}")
        own.write_bytes(_head(llvm, kinds) + hashlib.sha256(code).digest() + code)
        own.replace(path)
    except Exception:
        return


def _kept(llvm: Any, name: str, kinds: Kinds) -> bytes | None:
    """Return what was kept of a function, empty if it cannot be; None if nothing was, or for something else."""
    for path in _places(llvm, name):
        kept = path.read_bytes() if path.is_file() else b""
        stamp, code = kept[: 2 * _DIGEST], kept[2 * _DIGEST :]
        if stamp == _head(llvm, kinds) + hashlib.sha256(code).digest():
            return code
    return None


def _code(llvm: Any, name: str, kinds: Kinds, function: Any) -> bytes:
    from numba import from_dtype, njit, types

    kind = tuple(types.int64 if one is None else types.Array(from_dtype(one[0]), one[1], "C") for one in kinds)
    if kind in function.stats.cache_hits:  # numba shows no code that it only loaded
        function = njit(error_model="numpy")(function.py_func)
        function.compile(kind)
    if any(one.return_type != types.none for one in function.nopython_signatures):
        raise TypeError(f"{name} must return nothing.")
    module = llvm.parse_assembly(function.inspect_llvm(kind))
    module.link_in(llvm.parse_assembly(_NOTHING_COUNTED))
    inside = [one for one in module.functions if not one.is_declaration]
    (entry,) = (one for one in inside if str(one.global_value_type) == f"i32 ({', '.join(_form(kinds))})")
    for one in inside:
        one.linkage = "internal"
    entry.linkage, entry.name = "external", name
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True,
        codemodel="jitdefault",
    )  # fmt: skip
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    outside = [one.name for one in (*module.functions, *module.global_variables) if one.is_declaration]
    if not all(one.startswith("llvm.") for one in outside):
        raise ValueError(f"{name} calls what is outside of it: {outside}.")
    code: bytes = machine.emit_object(module)
    return code


def _head(llvm: Any, kinds: Kinds) -> bytes:
    """What must be the same for machine code to be used, in short."""
    numba = Path(str(getattr(find_spec("numba"), "origin", None))).stat()
    settings = sorted((name, own) for name, own in os.environ.items() if name.startswith("NUMBA_") and name != THREADS)
    made_by = sys.version, np.__version__, llvm.llvm_version_info, numba.st_size, numba.st_mtime_ns
    processor = llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    types = [one if one is None else (one[0].descr, one[1]) for one in kinds]
    return hashlib.sha256(repr((made_by, processor, settings, types)).encode() + _sources()).digest()


@cache
def _sources() -> bytes:
    """What the sources hold when this is first asked, which is before they are compiled."""
    return b"".join(path.read_bytes() for path in SOURCES)


def _places(llvm: Any, name: str) -> list[Path]:
    """Where the machine code of a function may lie: beside what Python and numba keep, or in the cache."""
    beside = Path(cache_from_source(str(INNER / "kernel.py")))
    file = f"{name}.{sys.implementation.cache_tag}-{llvm.get_host_cpu_name()}.o"
    return [place / file for place in (beside.parent, folder()) if place is not None]


def _form(kinds: Kinds) -> list[str]:
    arrays = (["i64"] if one is None else ["ptr", "ptr", "i64", "i64", "ptr", *["i64"] * 2 * one[1]] for one in kinds)
    return ["ptr", "ptr", *(one for array in arrays for one in array)]


def _handed_over(arguments: tuple[Any, ...]) -> list[int | None]:
    handed: list[int | None] = []
    for one in arguments:
        if isinstance(one, np.ndarray):
            handed += None, None, one.size, one.itemsize, one.ctypes.data, *one.shape, *one.strides
        else:
            handed.append(one)
    return handed
