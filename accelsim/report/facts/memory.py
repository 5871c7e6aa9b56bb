"""What does the plot of memory over layers say? Its numbers and its title as a record, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.hardware.chip import Chip
from accelsim.simulation.lifetimes import moments
from accelsim.simulation.memory import output_bits
from accelsim.simulation.memory_table import MemoryTable
from accelsim.simulation.residency import TILE_SHARE
from accelsim.units import engineering
from accelsim.workload.network import Network

OWN, WAITING = "read or written by the layer", "waiting for a later layer"
ON_CHIP, OFF_CHIP = "on chip", "elsewhere"


@dataclass(frozen=True)
class MemoryOverLayers:
    """Activations alive while each layer runs, stacked.

    Parameters
    ----------
    title : str
        The finding.
    unit : str
        Of all numbers ("MB").
    names : tuple of str
        Layers in order.
    parts : dict of str to tuple of float
        One value per layer; the parts sum to what is alive.
    peak : int
        Place of the layer with most.
    room : float or None
        What whole activations may take of the chip's home level; None without a chip or such a level.
    level : str
        That level; "" without one.
    note : str
    """

    title: str
    unit: str
    names: tuple[str, ...]
    parts: Mapping[str, tuple[float, ...]]
    peak: int
    room: float | None
    level: str
    note: str = ""

    @property
    def totals(self) -> tuple[float, ...]:
        """What is alive while each layer runs."""
        return tuple(sum(values[place] for values in self.parts.values()) for place in range(len(self.names)))


def memory_over_layers(table: MemoryTable, scheme: str | None = None) -> MemoryOverLayers:
    """Return the activations alive over the layers in one scheme, by default the table's first.

    With a chip they are parted into what stays on it (the optimal choice where it is known) and what does not;
    without one into what a layer reads and writes, and what waits for a later one.
    """
    row = table.rows[0] if scheme is None else table.row(scheme)
    network, bits = table.network, output_bits(table.network, row.scheme)
    stay = row.optimal or row.greedy
    kept = None if stay is None or stay.residency.level is None else stay.residency.outputs
    alive = _split(network, bits, kept)
    most = max(sum(one) for one in alive)
    shown, unit, factor = _scaled(most / 8)
    peak = max(range(len(alive)), key=lambda place: sum(alive[place]))
    parts = (OWN, WAITING) if kept is None else (ON_CHIP, OFF_CHIP)
    name = network.title or network.name
    title = f"{name} in {row.scheme.name}: at most {shown} of activations, at {network.layers[peak].name}"
    level = "" if stay is None or kept is None else stay.residency.level or ""
    return MemoryOverLayers(
        title,
        unit,
        tuple(layer.name for layer in network.layers),
        {part: tuple(one[side] / 8 * factor for one in alive) for side, part in enumerate(parts)},
        peak,
        _room(table.chip, level, factor),
        level,
    )


def _split(network: Network, bits: Mapping[str, float], kept: frozenset[str] | None) -> list[tuple[float, float]]:
    """Bits alive while each layer runs, in the repeat that has most, in two parts."""
    cached = {layer.name for layer in network.layers if layer.output_role == "kv"}
    most = [(0.0, 0.0)] * len(network.layers)
    for moment in moments(network):
        chosen = moment.touched if kept is None else kept
        names = [name for name in moment.names if name not in cached]
        inside = sum(bits[name] for name in names if name in chosen)
        both = inside, sum(bits[name] for name in names) - inside
        most[moment.place] = max(most[moment.place], both, key=sum)
    return most


def _room(chip: Chip | None, level: str, factor: float) -> float | None:
    if chip is None or not level:
        return None
    bits = chip.level(level).capacity_bits
    return None if bits is None else bits * (1 - TILE_SHARE) / 8 * factor


def _scaled(count: float) -> tuple[str, str, float]:
    """Bytes as a reader sees them, the unit, and what to multiply bytes by to get it."""
    shown = engineering(count, "B")
    number, unit = shown.split(" ")
    return shown, unit, float(number) / count if count else 1.0
