"""What have the words of partial mappings cost so far? Energy, time and room, added up crossing by crossing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Floats
from accelsim.search.clock import Clock
from accelsim.search.comings import Comings
from accelsim.search.facts import Facts
from accelsim.search.instances import Instances
from accelsim.search.outlook import Outlook
from accelsim.search.partial import Bools, Partial
from accelsim.search.prices import Crossing
from accelsim.search.room import Room
from accelsim.workload.shape import DIMS


@dataclass(frozen=True)
class Least:
    """The least that partial mappings cost, each of shape (rows,): pJ, cycles; and which may fit."""

    energy: Floats
    cycles: Floats
    fits: Bools


class Bill:
    """Sums of a set of partial mappings.

    Parameters
    ----------
    facts : Facts
    part : Partial
    outlook : Outlook or None
        What is known of the undecided nodes.

    Attributes
    ----------
    energy : float array, shape (rows,)
        In pJ, without nodes that the outlook knows better.
    crossing : mapping from place to (float array, float array)
        The energy of what crosses into a node, and the bits of the outermost level for it.
    """

    def __init__(self, facts: Facts, part: Partial, outlook: Outlook | None) -> None:
        self.facts, self.part, self.outlook = facts, part, outlook
        self.instances = Instances(facts, part)
        self.comings = Comings(self.instances)
        self.room = Room(self.comings)
        self.clock = Clock(self.instances, facts.prices.output_converter_cycles)
        self.energy = np.full(len(part), facts.prices.fixed_pj)
        self.crossing: dict[int, tuple[Floats, Floats]] = {}
        self._ahead = np.zeros(len(part))  # energy of undecided nodes that have an outlook

    def charge(self, node: int, price: Crossing, energy: Floats, bits: Floats) -> None:
        """Add the energy of what crosses into a node, and its bits at the sender."""
        outermost = price.sender == self.facts.chip.outermost.name
        self.crossing[node] = energy, bits if outermost else np.zeros(len(self.part))
        if node >= self.part.place or self.outlook is None or node >= self.outlook.place:
            self.energy = self.energy + energy
        else:
            self._ahead = self._ahead + energy

    def total(self) -> Least:
        """Return the sums, with the outlook on what is not decided."""
        facts, part, outlook = self.facts, self.part, self.outlook
        fits = self.room.suffices()
        cycles = self.clock.cycles(self.comings.states(DIMS, len(facts.skeleton.places), -1))
        energy = self.energy
        if outlook is not None and part.upper:
            energy = energy + self._ahead
        elif outlook is not None:
            rest, bits, possible = outlook.rest(part, facts.shape)
            energy = energy + np.maximum(rest, self._ahead)
            fits &= possible
            missing = np.zeros(len(part))
            for node in self.crossing:
                if node < min(part.place, outlook.place):
                    missing = missing + self.crossing[node][1]
            cycles = np.maximum(cycles, self.clock.outermost_cycles(bits - missing))
        return Least(energy + facts.prices.static_pj * cycles, cycles, fits)
