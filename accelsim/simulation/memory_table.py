"""What is known of the memory that a model takes? A row per number format, and the table that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.errors import UsageError
from accelsim.hardware.chip import Chip
from accelsim.layout import table
from accelsim.scheme import Scheme
from accelsim.simulation.context_limits import ContextLimits
from accelsim.simulation.levels_held import Held
from accelsim.simulation.residency import Residency
from accelsim.simulation.result import Memory
from accelsim.units import engineering
from accelsim.workload.network import Network

if TYPE_CHECKING:
    import pandas as pd

KIB, GIB = 2**10, 2**30
SIZES = (256 * KIB, *(number * GIB for number in (1, 2, 4, 8, 16, 24, 40, 80)))
"""Bytes of memory that devices commonly have: a microcontroller's, boards', graphics cards'."""

CONTEXTS = (2_048, 8_192, 32_768, 131_072)
"""Tokens at which the growth of a KV cache is shown."""


@dataclass(frozen=True)
class Stay:
    """What stays on chip under one way to choose it.

    Parameters
    ----------
    residency : Residency
    saved_bytes, possible_bytes : float
        DRAM traffic of activations that a pass saves, and would save if the chip had room for all.
    levels : tuple of Held
        What each memory holds, the outermost first.
    """

    residency: Residency
    saved_bytes: float
    possible_bytes: float
    levels: tuple[Held, ...]


@dataclass(frozen=True)
class MemoryRow:
    """What a model needs in one scheme.

    Parameters
    ----------
    scheme : Scheme
    memory : Memory
    kv_bytes_per_token : float
        What one more token of every sequence adds to the cache, until a window is full.
    limits : ContextLimits
        Where the context ends.
    alive_bytes : tuple of float
        Activations alive while each layer runs; the most over its repeats.
    greedy, optimal : Stay or None
        What stays on chip; None without a chip, or for ``optimal`` without HiGHS.
    """

    scheme: Scheme
    memory: Memory
    kv_bytes_per_token: float
    alive_bytes: tuple[float, ...]
    limits: ContextLimits
    greedy: Stay | None = None
    optimal: Stay | None = None

    def kv_bytes_at(self, context: int) -> float:
        """Return the KV cache of all sequences at a context, in bytes."""
        return self.kv_bytes_per_token * self.limits.cached(context)

    def fits(self, size_bytes: float) -> bool:
        """Whether it all fits a memory of this size."""
        return self.memory.peak_bytes <= size_bytes

    @property
    def most_context(self) -> int | None:
        """Longest context for which the device has room, activations as in this pass.

        None without a device, without a cache, or if the cache or the model's positions end before.
        """
        memory = self.memory
        has = memory.capacity_bytes if memory.writable_bytes is None else memory.writable_bytes
        if has is None or not self.kv_bytes_per_token:
            return None
        if memory.capacity_bytes is not None and memory.weight_bytes > memory.capacity_bytes:
            return 0
        fixed = memory.activation_bytes + (memory.weight_bytes if memory.writable_bytes is None else 0.0)
        most = max(0, int((has - fixed) // self.kv_bytes_per_token))
        ends = self.limits.window or self.limits.longest
        return None if ends and most >= ends else most


@dataclass(frozen=True)
class MemoryTable:
    """What a model needs in several schemes.

    Parameters
    ----------
    network : Network
    chip : Chip or None
    rows : tuple of MemoryRow
        One per scheme, as they were asked for.
    sizes : tuple of int
        Bytes of memory that are asked about.
    notes : tuple of str
        What a reader must know.
    """

    network: Network
    chip: Chip | None
    rows: tuple[MemoryRow, ...]
    sizes: tuple[int, ...] = SIZES
    notes: tuple[str, ...] = ()

    plot = Accessor("accelsim.report.plots:MemoryPlots")

    @property
    def contexts(self) -> tuple[int, ...]:
        """Contexts at which the growth of the cache is shown: as far as the model takes them."""
        limits = self.rows[0].limits
        return tuple(context for context in CONTEXTS if limits.takes(context)) or (limits.longest,)

    def row(self, scheme: str) -> MemoryRow:
        """Return the row of a scheme by its name; an unknown name raises UsageError."""
        for one in self.rows:
            if one.scheme.name == scheme:
                return one
        known = ", ".join(one.scheme.name for one in self.rows)
        raise UsageError(f"the table has rows for {known}; got {scheme!r}.")

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one flat record per scheme, as ``accelsim memory --csv`` prints them."""
        from accelsim.simulation.memory_record import flat

        return [flat(self, one) for one in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as ``accelsim memory --json`` prints it."""
        from accelsim.simulation.memory_record import record

        return record(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per scheme; ``attrs["units"]`` names the unit of each column of numbers."""
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts())
        frame.attrs["units"] = {name: "B" for name in frame.columns if name.endswith("_bytes")} | {
            "kv_bytes_per_token": "B", "most_context": "token"
        }  # fmt: skip
        return frame

    def __repr__(self) -> str:
        rows = [
            [one.scheme.name, *(engineering(part, "B") for part in (
                one.memory.weight_bytes, one.memory.kv_bytes, one.memory.activation_bytes, one.memory.peak_bytes
            ))]
            for one in self.rows
        ]  # fmt: skip
        network = self.network
        heading = f"Memory of {network.title or network.name} (batch {network.batch})"
        return "\n".join([heading, *table(["scheme", "weights", "KV cache", "activations", "in all"], rows)])
