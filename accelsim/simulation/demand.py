"""What bandwidth does each memory need so that the array never waits, and what does it have?"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.hardware.chip import Level
from accelsim.simulation.result import LayerResult, Result

READING, WRITING = ("read", "drain"), ("update", "fill", "return")


@dataclass(frozen=True)
class Demand:
    """Bits per cycle of one instance of a memory, over the layers with multiply-accumulates.

    Parameters
    ----------
    level : str
    port : {"read", "write", "shared"}
        The port that is needed most for what it has.
    needed : float
        Bits per cycle of multiplying.
    available : float or None
        Achievable bits per cycle; None never limits.
    """

    level: str
    port: str
    needed: float
    available: float | None

    @property
    def ratio(self) -> float | None:
        """Needed over available; above 1 the array waits for this memory."""
        return None if self.available is None else self.needed / self.available


def demand(result: Result, level: Level) -> Demand:
    """Return what a level needs against what it has: bits moved in a port / cycles of multiplying."""
    read = write = compute = 0.0
    for one in result.layers:
        if one.nest is None:
            continue
        used, repeat = _instances(result, one, level), one.layer.repeat
        read += one.bits_of(level.name, *READING) / used * repeat
        write += one.bits_of(level.name, *WRITING) / used * repeat
        compute += one.busy["compute"] * repeat
    if not compute:
        return Demand(level.name, "shared", 0.0, _achievable(level, level.read_bits_per_cycle))
    if level.shared_port:
        return Demand(level.name, "shared", (read + write) / compute, _achievable(level, level.read_bits_per_cycle))
    ports = [
        Demand(level.name, "read", read / compute, _achievable(level, level.read_bits_per_cycle)),
        Demand(level.name, "write", write / compute, _achievable(level, level.write_bits_per_cycle)),
    ]
    return max(ports, key=lambda port: (port.ratio is not None, port.ratio or port.needed))


def _achievable(level: Level, bits_per_cycle: float | None) -> float | None:
    return bits_per_cycle * level.efficiency.value if bits_per_cycle else None


def _instances(result: Result, one: LayerResult, level: Level) -> int:
    used = 1
    for fanout in result.chip.fanouts[: level.depth]:
        used *= one.instances.get(fanout.name, 1)
    return used
