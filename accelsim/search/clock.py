"""How many cycles do partial mappings take at least? Ports, converters, ramps and the array, as the engine has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from accelsim.engine.case import Floats
from accelsim.engine.cycles import port_cycles
from accelsim.hardware.chip import Level
from accelsim.search.instances import Instances
from accelsim.search.prices import Crossing
from accelsim.workload.shape import DIMS


@dataclass(frozen=True)
class Flow:
    """Bits that move between a level, the sender, and the next one inside it, the receiver."""

    sender_read: Floats | float = 0.0
    receiver_written: Floats | float = 0.0
    receiver_read: Floats | float = 0.0
    sender_written: Floats | float = 0.0


@dataclass
class Port:
    """Bits read and written at the port of a level."""

    read: Floats | float = 0.0
    written: Floats | float = 0.0

    def add(self, read: Floats | float, written: Floats | float) -> None:
        """Add bits."""
        self.read, self.written = self.read + read, self.written + written


Exchange = dict[str, Port]
"""Bits at the ports of a level and of the levels that send to it, by name."""


class Clock:
    """Adds up what takes time.

    Parameters
    ----------
    instances : Instances
    converting : float
        Converter cycles of every mapping.

    Attributes
    ----------
    converting : float array, shape (rows,), or float
        Converter cycles so far.
    ports : mapping from name to Port
        Bits at every level so far.
    """

    def __init__(self, instances: Instances, converting: float) -> None:
        self.facts, self.instances = instances.facts, instances
        self.converting: Floats | float = converting
        self.ports = {name: Port() for name in self.facts.levels}
        self._exchanged: dict[str, Exchange] = {}
        self._opened: dict[str, Exchange] = {}
        self._closed: dict[str, Exchange] = {}
        self._loads: Floats | float = 1.0

    def move(self, crossing: Crossing, flow: Flow) -> None:
        """Add all that crosses between two levels."""
        self.ports[crossing.sender].add(flow.sender_read, flow.sender_written)
        self.ports[crossing.receiver].add(flow.receiver_read, flow.receiver_written)
        _exchange(self._exchanged, crossing, flow)

    def start(self, crossing: Crossing, flow: Flow) -> None:
        """Add what must cross before the first step, as part of what `move` was told."""
        _exchange(self._opened, crossing, flow)

    def finish(self, crossing: Crossing, flow: Flow) -> None:
        """Add what must cross after the last step, as part of what `move` was told."""
        _exchange(self._closed, crossing, flow)

    def load(self, operand: str, node: int, words: Floats | float) -> None:
        """Add the words that a decided node takes in all, which come box by box to a register of a systolic array."""
        facts = self.facts
        level = facts.levels[facts.skeleton.places[node].level]
        inside = level.depth == len(facts.chip.fanouts) and not level.double_buffered
        if facts.skew and inside and self.instances.known(node):
            used = facts.times(self.instances.outside(node), DIMS)
            box = facts.words(operand, self.instances.part.tiles[node])
            self._loads = np.maximum(self._loads, np.ceil(words / (box * used) - 1e-9))

    def cycles(self, steps: Floats) -> Floats:
        """Return the cycles of all that was added, with at least so many steps of the MACs."""
        facts, groups = self.facts, self.instances.open_groups
        if groups:
            lanes: Floats | float = 1.0
            for group in facts.skeleton.groups:
                lanes = lanes * self.instances.lanes(group)
            steps = np.maximum(steps, np.ceil(float(prod(facts.shape.extents.values())) / lanes - 1e-9))
        compute = np.ceil(steps * facts.work - 1e-9) + facts.skew * self._passes()
        used = {name: self.instances.working(level) for name, level in facts.levels.items()}
        serial, ramp = self._apart(used)
        total = ramp + serial + np.maximum(compute, np.maximum(self.converting, facts.vector_cycles))
        return _greatest(
            (_port_cycles(level, self.ports[name], used[name]) for name, level in facts.levels.items()), total
        )

    def outermost_cycles(self, more: Floats) -> Floats:
        """Return the cycles of the outermost level with more bits than were added, however they are split."""
        level = self.facts.chip.outermost
        port, more = self.ports[level.name], np.maximum(more, 0.0)
        share = level.efficiency.value
        rates = [rate * share if rate else np.inf for rate in (level.read_bits_per_cycle, level.write_bits_per_cycle)]
        if level.shared_port:
            return port.read / rates[0] + port.written / rates[1] + more / max(rates)
        return (port.read + port.written + more) / sum(rates)

    def _apart(self, used: dict[str, Floats]) -> tuple[Floats, Floats]:
        """Cycles of transfers that do not overlap with work, and of first and last transfers of those that do."""
        serial = ramp = np.zeros(self.instances.rows)
        for level in self.facts.chip.levels[:-1]:
            if level.name not in self._exchanged or level.buffering == "ideal":
                continue
            if level.overlaps:
                for phase in (self._opened, self._closed):
                    if level.name in phase:
                        ramp = ramp + self._slowest(phase[level.name], used)
            else:
                serial = serial + self._slowest(self._exchanged[level.name], used)
        return serial, ramp

    def _slowest(self, exchange: Exchange, used: dict[str, Floats]) -> Floats:
        levels = self.facts.levels
        return _greatest(
            (_port_cycles(levels[name], port, used[name]) for name, port in exchange.items()),
            np.zeros(self.instances.rows),
        )

    def _passes(self) -> Floats | float:
        """How often the skew is paid, the loading of the array as part of it."""
        facts = self.facts
        register = next((level for level in facts.chip.levels if level.depth == len(facts.chip.fanouts)), None)
        if not facts.skew or register is None or register.double_buffered:
            return 1.0
        rows = facts.chip.fanouts[-2].size
        loading = rows if "O" not in register.holds else 0
        return self._loads * (facts.skew + loading) / facts.skew


def _exchange(phase: dict[str, Exchange], crossing: Crossing, flow: Flow) -> None:
    exchange = phase.setdefault(crossing.receiver, {})
    exchange.setdefault(crossing.sender, Port()).add(flow.sender_read, flow.sender_written)
    exchange.setdefault(crossing.receiver, Port()).add(flow.receiver_read, flow.receiver_written)


def _port_cycles(level: Level, port: Port, used: Floats) -> Floats:
    return port_cycles(level, np.asarray(port.read), np.asarray(port.written)) / used


def _greatest(cycles: Iterable[Floats], least: Floats) -> Floats:
    for needed in cycles:
        least = np.maximum(least, needed)
    return least
