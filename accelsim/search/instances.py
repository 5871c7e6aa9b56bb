"""Over how many instances is the work spread outside, between and inside the places of partial mappings?"""

from __future__ import annotations

from math import prod

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.hardware.chip import Level
from accelsim.search.facts import Facts
from accelsim.search.partial import Partial
from accelsim.workload.shape import DIMS


class Instances:
    """Instances by dimension, and the most that there can be where a group of fan-outs is still open.

    Parameters
    ----------
    facts : Facts
    part : Partial
    """

    def __init__(self, facts: Facts, part: Partial) -> None:
        self.facts, self.part = facts, part
        self.rows = len(part)
        self.open_groups = tuple(group for group in facts.skeleton.groups if group not in part.spread)
        self._between: dict[tuple[int, int], Ints] = {}

    def known(self, place: int) -> bool:
        """Return whether all groups outside a place are decided."""
        return not any(group < place for group in self.open_groups)

    def outside(self, place: int) -> Ints:
        """Return the instances outside a place of every dimension, shape (rows, 8)."""
        return self.between(-1, place)

    def between(self, parent: int, node: int) -> Ints:
        """Return the instances between two places of every dimension, shape (rows, 8)."""
        key = parent, node
        if key not in self._between:
            inside = tuple(group for group in self.facts.skeleton.groups if parent < group < node)
            self._between[key] = self._product(inside)
        return self._between[key]

    def lanes(self, group: int) -> Floats | float:
        """Return the instances of a group over all dimensions."""
        part = self.part
        if group in part.spread:
            return self.facts.times(part.spread[group], DIMS)
        return part.most[group][:, -1].astype(float) if group in part.most else float(self.facts.most[group][-1])

    def working(self, level: Level) -> Floats:
        """Return the instances of a level that have work."""
        sizes = {fanout.name: fanout.size for fanout in self.facts.chip.fanouts[: level.depth]}
        result = np.ones(self.rows)
        for group in self.facts.skeleton.groups:
            names = self.facts.skeleton.places[group].fanouts
            whole = all(name in sizes for name in names)
            result = result * (self.lanes(group) if whole else prod(sizes.get(name, 1) for name in names))
        return result

    def _product(self, groups: tuple[int, ...]) -> Ints:
        result = np.ones((self.rows, len(DIMS)), dtype=np.int64)
        for group in groups:
            result = result * self._over(group)
        return result

    def _over(self, group: int) -> Ints:
        part = self.part
        if group in part.spread:
            return part.spread[group]
        return part.most[group][:, :-1] if group in part.most else self.facts.most[group][:-1]
