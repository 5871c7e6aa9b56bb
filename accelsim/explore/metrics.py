"""What is a column of numbers called: its words, its unit, and whether more of it is better?

The unit is the suffix of the name (`energy_pj` is in pJ); the words and the better direction of common
metrics stand in `WORDS` and `MORE_IS_BETTER`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from accelsim.errors import InputError, UsageError, did_you_mean

Direction = Literal["min", "max"]

WORDS: Mapping[str, str] = {
    "energy_pj": "energy", "latency_s": "time", "edp_pj_s": "energy-delay product", "dram_bits": "DRAM traffic",
    "dram_read_bits": "DRAM reads", "dram_write_bits": "DRAM writes", "mac_pj": "MAC energy",
    "average_power_w": "average power", "peak_memory_bytes": "peak memory", "weight_bytes": "weights",
    "bops": "bit operations", "area_mm2": "area", "throughput_per_s": "throughput", "cycles": "cycles", "macs": "MACs",
    "macs_per_dram_byte": "MACs per byte of DRAM traffic", "achieved_macs_per_cycle": "MACs per cycle achieved",
    "peak_macs_per_cycle": "MACs per cycle at peak", "energy_per_token_j": "energy per token",
    "tokens_per_s": "tokens per s",
}  # fmt: skip
"""Common metrics in words."""

ALIASES: Mapping[str, str] = {
    "energy": "energy_pj", "latency": "latency_s", "time": "latency_s", "edp": "edp_pj_s", "traffic": "dram_bits",
    "power": "average_power_w", "memory": "peak_memory_bytes", "area": "area_mm2", "throughput": "throughput_per_s",
    "weights": "weight_bytes",
}  # fmt: skip
"""Short names that a query may use."""

MORE_IS_BETTER = frozenset({
    "throughput_per_s", "tokens_per_s", "macs_per_dram_byte", "achieved_macs_per_cycle", "peak_macs_per_cycle",
    "macs_per_s_mm2", "accuracy", "top1", "sqnr_db", "utilization", "fits_memory",
})  # fmt: skip
"""Metrics of which the largest is best; of all others the smallest is."""

_UNITS = (
    ("_per_s", "1/s"), ("_pj_s", "pJ*s"), ("_pj", "pJ"), ("_j", "J"), ("_bits", "bit"), ("_bytes", "B"),
    ("_hz", "Hz"), ("_w", "W"), ("_mm2", "mm2"), ("_nm", "nm"), ("_s", "s"), ("_v", "V"), ("_per_cycle", "1/cycle"),
    ("_cycles", "cycle"),
)  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """A column that points are judged by.

    Parameters
    ----------
    name : str
        Of the column ("energy_pj").
    better : {"min", "max"}
    """

    name: str
    better: Direction = "min"

    @property
    def words(self) -> str:
        """What it is, for a sentence or an axis."""
        return words_of(self.name)

    @property
    def unit(self) -> str:
        """Its unit, from the suffix of its name; "" without one."""
        return unit_of(self.name)


def unit_of(name: str) -> str:
    """Return the unit that the suffix of a name states, "" where it states none.

    >>> unit_of("peak_memory_bytes"), unit_of("throughput_per_s"), unit_of("scheme")
    ('B', '1/s', '')
    """
    if name == "cycles":
        return "cycle"
    return next((unit for suffix, unit in _UNITS if name.endswith(suffix)), "")


def words_of(name: str) -> str:
    """Return what a column is called in a sentence: its own name where `WORDS` has none."""
    return WORDS.get(name, name)


def metric(given: str | Metric | tuple[str, str], known: Iterable[str] | None = None) -> Metric:
    """Return the metric that a name stands for: "energy_pj", "energy", "max:accuracy", ("accuracy", "max").

    Parameters
    ----------
    given : str, Metric or tuple
    known : iterable of str, optional
        The columns there are; another name is refused with the nearest one.

    Raises
    ------
    UsageError
        The direction is neither min nor max.
    InputError
        No column has this name.
    """
    if isinstance(given, Metric):
        name, better = given.name, str(given.better)
    elif isinstance(given, tuple):
        name, better = given
    else:
        head, colon, tail = given.partition(":")
        name, better = (tail, head) if colon else (head, "")
    name = column(name.strip(), known)
    if better and better not in ("min", "max"):
        raise UsageError(f"the better direction of {name} must be min or max; got {better!r}.")
    return Metric(name, "max" if (better or _default(name)) == "max" else "min")


def _default(name: str) -> Direction:
    return "max" if name in MORE_IS_BETTER else "min"


def column(name: str, known: Iterable[str] | None) -> str:
    """Return a column's full name from an alias or the end of a dotted path; an unknown one raises InputError."""
    there = None if known is None else list(known)
    if there is not None and name in there:
        return name
    full = ALIASES.get(name, name)
    ends = [one for one in there or () if one.endswith(f".{name}")]
    if len(ends) == 1:
        return ends[0]
    if there is not None and full not in there:
        hint = did_you_mean(full, [*there, *(short for short, long in ALIASES.items() if long in there)])
        raise InputError(f"the points have no {full!r}{hint or f'; they have {_some(there)}.'}")
    return full


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") if names else "none"
