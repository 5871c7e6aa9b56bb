"""How many bits do the nodes of a partial mapping need at least in each level, and may it fit?"""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Floats
from accelsim.engine.width import stored_bits
from accelsim.search.comings import Comings
from accelsim.search.partial import Bools
from accelsim.workload.shape import RELEVANT


class Room:
    """Bits that nodes set aside, by level.

    Parameters
    ----------
    comings : Comings
    """

    def __init__(self, comings: Comings) -> None:
        self.comings, self.instances = comings, comings.instances
        self.facts, self.part = comings.facts, comings.part
        self._bits: dict[str, Floats] = {}

    def add(self, operand: str, number: int) -> None:
        """Add the box of the node that stands at a number of the operand's chain."""
        facts, node = self.facts, self.facts.skeleton.nodes[operand][number]
        level = facts.levels[facts.skeleton.places[node].level]
        if level.capacity_bits is None or node in self.part.imagined:
            return
        decided = node >= self.part.place
        tile = self.part.tiles[node] if decided else self.part.top
        box = facts.words(operand, tile)
        stored, partial = facts.widths[operand][number]
        unfinished = self._unfinished(number) if operand == "O" else np.zeros(len(self.part), dtype=bool)
        if level.double_buffered:
            if decided:
                box = box * np.where(self._moves(operand, node), 2.0, 1.0)
            elif not facts.skeleton.fans_above(node) and facts.whole(operand) * stored > level.capacity_bits:
                box = 2.0 * box  # what is not the whole tensor moves
        bits = box * np.where(unfinished, partial, stored)
        if facts.home == level.name and operand in facts.case.resident:
            whole = facts.shape.words(operand) * stored_bits(facts.case, operand)
            bits = whole + np.where(unfinished, bits, 0.0)
        self._bits[level.name] = self._bits.get(level.name, 0.0) + bits

    def suffices(self) -> Bools:
        """Return whether everything that was added fits."""
        facts = self.facts
        result = np.ones(len(self.part), dtype=bool)
        for level in facts.chip.levels[:-1]:
            if level.capacity_bits is not None:
                reserved = facts.case.reserved_bits if level.name == facts.home else 0.0
                result &= self._bits.get(level.name, 0.0) + reserved <= level.capacity_bits
        return result

    def _unfinished(self, number: int) -> Bools:
        """Whether unfinished words may arrive at a node of O; certainly only where it is decided."""
        outputs = self.facts.skeleton.nodes["O"]
        if number == len(outputs) - 1:
            return np.ones(len(self.part), dtype=bool)
        node, child = outputs[number], outputs[number + 1]
        if child >= self.part.place and not self.instances.open_groups:
            return self.comings.comings("O", child, node) > 1
        return np.zeros(len(self.part), dtype=bool)

    def _moves(self, operand: str, node: int) -> Bools:
        """Whether a decided node has more than one box after the other."""
        states = -(-self.facts.extents // (self.part.widest(node) * self.instances.outside(node)))
        return self.facts.times(states, RELEVANT[operand]) > 1
