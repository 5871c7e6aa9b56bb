"""What is known of this machine without measuring: cores, clock, caches, memory? As Linux tells, else guessed."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

_CPU = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


@dataclass(frozen=True)
class Machine:
    """A machine.

    Parameters
    ----------
    name : str
        Of its processor.
    cores : int
        That this process may use.
    clock_hz : float
        As the system says now; 1 GHz where it does not. Only rates per cycle depend on it, not times.
    cache_bytes : int
        Of the outermost cache.
    memory_bytes : int
    """

    name: str
    cores: int
    clock_hz: float
    cache_bytes: int
    memory_bytes: int


def this_machine() -> Machine:
    """Return what the system says of this machine."""
    text = _read(Path("/proc/cpuinfo"))
    name = re.search(r"model name\s*:\s*(.+)", text)
    clock = re.search(r"cpu MHz\s*:\s*([0-9.]+)", text)
    pages = {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= set(getattr(os, "sysconf_names", {}))
    return Machine(
        name[1].strip() if name else platform.processor() or platform.machine() or "unknown processor",
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        float(clock[1]) * 1e6 if clock else 1e9,
        max((_size(one) for one in _CPU.glob("index*/size")), default=8 * 2**20),
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if pages else 8 * 2**30,
    )


def _size(path: Path) -> int:
    found = re.match(r"(\d+)([KMG]?)", _read(path))
    return int(found[1]) * _UNITS.get(found[2], 1) if found else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
