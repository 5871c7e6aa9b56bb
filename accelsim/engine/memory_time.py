"""How long do steps and tiles take together, when every tile moves in its window? A sum over the loops' advances.

::

    pipeline = opening + steps * step + sum over loops l of n_l * stall(l) + closing

``n_l`` is how often loop l advances, ``stall(l)`` by how much what is due then outlasts the compute before it
(`accelsim.engine.boundary`). The window of a tile is one round of the loops inside the innermost loop that
changes its box, their stalls included: so loops are taken from inside out. docs/memory-time.md states the
semantics, and what the form leaves out of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from accelsim.engine.boundary import Bools, Due, settle
from accelsim.engine.case import Batch, Floats
from accelsim.engine.feeding import Stalls, step_waits
from accelsim.engine.links import Link, Ports, Work, add, links_of, returned
from accelsim.engine.traffic import Traffic
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Loop, Nest
from accelsim.mapping.order import Order
from accelsim.workload.shape import REDUCTION


@dataclass(frozen=True)
class Pipeline:
    """Cycles of a mapping's steps and tiles, each of shape (n,).

    Parameters
    ----------
    opening, closing : float64 array
        Before the first step and after the last.
    stalls : dict of (level, operand) to float64 array
        Between, where no step computes or a step waits for what the MACs read and write.
    moved_first, moved_last : Work
        What passes each port in the opening and in the closing.
    """

    opening: Floats
    closing: Floats
    stalls: Stalls
    moved_first: Work
    moved_last: Work

    @property
    def stalled(self) -> Floats:
        """All stalls together."""
        return np.asarray(sum(self.stalls.values(), start=np.zeros_like(self.opening)))


def pipeline(batch: Batch, nest: Nest, counts: Counts, moved: Traffic, compute: Floats) -> Pipeline | None:
    """Return the time of tiles and steps, or None if nothing waits: every level inside the outermost is ideal.

    None, too, for counts without their order: the sums alone say nothing of what waits.

    Parameters
    ----------
    batch : Batch
    nest : Nest
    counts : Counts
    moved : Traffic
    compute : float64 array, shape (n,)
        Cycles of the array alone, spread evenly over the steps.
    """
    if all(level.buffering == "ideal" for level in batch.chip.levels[:-1]) or counts.order is None:
        return None
    return _Walk(batch, nest, counts, counts.order, moved, compute).result()


class _Walk:
    """The loops of a nest, from inside out."""

    def __init__(self, batch: Batch, nest: Nest, counts: Counts, order: Order, moved: Traffic, compute: Floats) -> None:
        self.nest, self.order = nest, order
        self.ports = Ports(batch, counts, moved)
        self.zero = self.ports.zero
        self.links = links_of(batch, nest, counts, order, self.ports)
        self.stalls: Stalls = {}
        self.steps = self.zero + counts.steps
        self.fed = self.ports.fed(nest)
        waits, stalls = step_waits(self.ports, nest, order, self.fed, compute)
        for key, cycles in stalls.items():
            self._stall(key, cycles)
        self.time = compute + waits
        self.load: Work = {}
        for work in self.fed.values():
            add(self.load, work)
        self.bodies: dict[int, Floats] = {}
        rounds = self.zero + 1
        for place, advances in order.advances.items():
            rounds = rounds + advances
            self.bodies[place] = rounds
        self.window = {id(link): self.zero for link in self.links}
        self.within: dict[int, Work] = {id(link): {} for link in self.links}

    def result(self) -> Pipeline:
        for place in reversed(list(self.order.advances)):
            self._open_windows(place)
            self._advance(place)
        opening, first = self._opening()
        closing, last = self._closing()
        return Pipeline(opening, closing, self.stalls, first, last)

    def _stall(self, key: tuple[str, str], cycles: Floats) -> None:
        if cycles.any():
            self.stalls[key] = self.stalls[key] + cycles if key in self.stalls else cycles

    # ---- one loop ----------------------------------------------------------------------------------

    def _open_windows(self, place: int) -> None:
        """The window of a link is one round of the body of the loop that changes its box."""
        rounds = self.bodies[place]
        for link in self.links:
            here = link.changes == place
            if link.single or not here.any():
                continue
            key = id(link)
            self.window[key] = np.where(here, self.time / rounds, self.window[key])
            within = self.within[key]
            for port, cycles in self.load.items():
                within[port] = np.where(here, cycles / rounds, within.get(port, self.zero))

    def _dues(self, place: int) -> list[Due]:
        found = []
        for link in self.links:
            if place < link.place:
                now = link.changes >= place
                if now.any():
                    length = self._length(link, place)
                    within = {port: cycles * length for port, cycles in self.within[id(link)].items()}
                    found.append(Due(link, now, self.window[id(link)] * length, within, link.coming[place]))
        return found

    def _length(self, link: Link, place: int) -> Floats:
        """How long the stays are that a loop's advances end (-1: the last stay), over the mean stay."""
        length = self.zero + 1
        advances = self.order.advances[place] if place >= 0 else 1
        for mover, steps in self.order.ending[place].items():
            here = link.changes == mover
            if here.any():
                mean = self.steps / self.bodies[mover]
                length = np.where(here, steps / np.maximum(advances, 1) / mean, length)
        return length

    def _advance(self, place: int) -> None:
        dues = self._dues(place)
        if not dues:
            return
        stalled = self.zero
        for weight, own in self._classes(place, dues):
            if not weight.any():
                continue
            boundary = settle(own, self.zero, self.ports.level_of)
            for key, cycles in boundary.blamed.items():
                self._stall(key, weight * cycles)
            stalled = stalled + weight * boundary.late
        self.time = self.time + stalled
        back = returned(self.nest, self.order, place)
        for due in dues:
            outputs, often = due.link.operand == "O", np.where(due.now, due.link.replaced[place], 0.0)
            add(self.load, due.coming, often * back if outputs else often)
            if outputs:
                add(self.load, due.link.partial, often)

    def _classes(self, place: int, dues: list[Due]) -> Iterator[tuple[Floats, list[Due]]]:
        """The advances of a loop that replace all boxes, and those that leave some as they were, by kind."""
        advances = np.maximum(self.order.advances[place], 1)
        shares = [np.where(due.now, due.link.replaced[place] / advances, 1.0) for due in dues]
        every = np.min(shares, axis=0)
        for weight, own in self._kinds(place, dues):
            yield weight * every, own
        if (every < 1).any():
            some = [replace(due, now=due.now & (share >= 1)) for due, share in zip(dues, shares, strict=True)]
            for weight, own in self._kinds(place, some):
                yield weight * (1 - every), own

    def _kinds(self, place: int, dues: list[Due]) -> Iterator[tuple[Floats, list[Due]]]:
        """The advances of a loop by what they move of O, and how many they are.

        Partial sums return or not, and the tile that is due to leave is partial, finished or not there yet. A
        double-buffered box that changes here for the first time in a round of this loop sends out the last tile of
        the round before, which the advance of a loop outside has ended.
        """
        advances = self.zero + self.order.advances[place]
        outputs = [due for due in dues if due.link.operand == "O"]
        if not outputs:
            yield advances, dues
            return
        changing = np.any([due.now & due.link.delayed(place) for due in outputs], axis=0)
        rounds = self.bodies[place] - advances
        first = np.where(changing, np.minimum(rounds, advances), 0.0)
        each = first / np.maximum(rounds, 1)
        kinds: dict[tuple[bool, str], dict[int, Floats]] = {}
        sources = {at: each * self.order.advances[at] for at in self.order.advances if at < place}
        for at, often in (sources | {place: advances - first}).items():
            if self._reduces(at):
                kinds.setdefault((True, "partial"), {})[at] = often
                continue
            new = 1 / np.maximum(self.order.rounds[at], 1)  # share of first visits, and of last ones
            once = new >= 1
            kinds.setdefault((False, "finished"), {})[at] = np.where(once, often, 0.0)
            for kind, share in (((False, "partial"), new), ((True, "finished"), new), ((True, "partial"), 1 - 2 * new)):
                kinds.setdefault(kind, {})[at] = np.where(once, 0.0, often * share)
        yield each, _with(dues, False, "none", place, {place: each}, self.zero + self.order.rounds[place] <= 1)
        for (returns, leaves), by_source in kinds.items():
            yield np.asarray(sum(by_source.values())), _with(dues, returns, leaves, place, by_source)

    def _reduces(self, place: int) -> bool:
        line = self.nest.lines[place]
        return isinstance(line, Loop) and line.dim in REDUCTION

    # ---- before and after --------------------------------------------------------------------------

    def _opening(self) -> tuple[Floats, Work]:
        """First boxes, one level after another from outside in."""
        moved: Work = {}
        total = self.zero
        always = np.ones(len(self.zero), dtype=bool)
        for rank in sorted({link.rank for link in self.links}, reverse=True):
            own = [
                Due(link, always, self.zero, {}, link.first) for link in self.links if link.rank == rank and link.first
            ]
            total = total + settle(own, self.zero, self.ports.level_of).late
            for due in own:
                add(moved, due.coming)
        return total, moved

    def _closing(self) -> tuple[Floats, Work]:
        """What is left to leave: the last boxes of O, and those before them that double-buffered levels still owe."""
        moved: Work = {}
        dues = []
        for link in self.links:
            if link.operand == "O":
                now = link.changes >= 0
                length, owed = self._length(link, -1), dict(link.finished)
                for place, size in link.left.items():
                    here = link.changes == place
                    owed = {port: np.where(here, cycles * size, cycles) for port, cycles in owed.items()}
                owed = {port: np.where(link.early, 0.0, cycles) for port, cycles in owed.items()}
                within = {port: cycles * length for port, cycles in self.within[id(link)].items()}
                window = self.window[id(link)] * length
                dues.append(Due(link, now, window, within, leaving=link.last, owed=owed))
                add(moved, link.last)
                add(moved, owed, self.zero if link.single else self.zero + now)
        return settle(dues, self.zero, self.ports.level_of, last=True).late, moved


def _with(
    dues: list[Due], returns: bool, leaves: str, place: int, sources: dict[int, Floats], once: Bools | bool = False
) -> list[Due]:
    """What is due at a loop's advances where partial sums return or not, and tiles of a kind leave.

    ``sources`` says how many of the advances come first in a round that a loop outside has started.
    """
    found = []
    for due in dues:
        link = due.link
        if link.operand == "O":
            leaving = link.finished if leaves == "finished" else link.partial
            changing = link.delayed(place)
            idle = None
            if leaves == "none":
                idle = changing
                leaving = {port: np.where(once, link.finished[port], cycles) for port, cycles in link.partial.items()}
            size = _left(link, place, changing, sources)
            leaving = {port: cycles * size for port, cycles in leaving.items()}
            due = replace(due, coming=due.coming if returns else {}, leaving=leaving, idle=idle)
        found.append(due)
    return found


def _left(link: Link, place: int, changing: Bools, sources: dict[int, Floats]) -> Floats:
    """The tile of O that is due to leave over the mean one."""
    every = sum(sources.values())
    mean = sum((often * link.left[at] for at, often in sources.items()), start=0 * link.stays) / np.maximum(every, 1e-9)
    at_once = link.left[place] if link.single else np.where(link.changes == place, link.left[place], 1.0)
    return np.asarray(np.where(changing, mean, at_once))
