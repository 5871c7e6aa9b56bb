"""What passes between two neighboring nodes of an operand, in cycles of the ports that it takes?

A *link* joins a level to the next one outside it that keeps the same operand. At every advance that replaces
the inner box, a tile comes in (W, I, partial sums that return) and one goes out (O). docs/memory-time.md says
when each may move; here are their sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.bursts import lost_cycles, moved_bits
from accelsim.engine.case import Batch, Floats, Ints
from accelsim.engine.traffic import READS, Action, Traffic
from accelsim.hardware.chip import Chip, Level
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.mapping.order import Order
from accelsim.workload.shape import REDUCTION, RELEVANT

Key = TypeVar("Key")

Work = dict[str, Floats]
"""Cycles that a tile needs of every port it passes."""


@dataclass
class Link:
    """A node, the node outside it, and the tiles that pass between them.

    Parameters
    ----------
    operand, level, outside : str
        The operand, the level of the node, and the level of the node outside it.
    rank : int
        Place of the level among the chip's, innermost first.
    single : bool
        Whether the level has one slot for a tile, not two.
    place : int
        Line of the node in the nest.
    changes : int64 array, shape (n,)
        Place of the innermost loop outside the node that replaces its box; -1 if it never changes.
    stays : float64 array, shape (n,)
        Boxes that it holds one after another.
    replaced : dict of place to float64 array, shape (n,)
        Advances of a loop that replace its box.
    first : Work
        The first tile that comes in.
    coming : dict of place to Work
        The mean tile that comes in at an advance of a loop: of O, one that returns.
    partial, finished : Work
        A tile of O that leaves before, and after, its last visit.
    last : Work
        The tile of O that leaves when all is over.
    early : bool array, shape (n,)
        Whether boxes of O leave at once although the level is double-buffered: a level outside it, which is not, gives
        its box up at the same boundaries.
    left : dict of place to float64 array, shape (n,)
        Words of O in the box that ends at an advance of a loop, over those of the mean box.
    """

    operand: str
    level: str
    outside: str
    rank: int
    single: bool
    place: int
    changes: Ints
    stays: Floats
    replaced: Mapping[int, Floats] = field(default_factory=dict)
    first: Work = field(default_factory=dict)
    coming: dict[int, Work] = field(default_factory=dict)
    partial: Work = field(default_factory=dict)
    finished: Work = field(default_factory=dict)
    last: Work = field(default_factory=dict)
    early: NDArray[np.bool_] | bool = False
    left: dict[int, Floats] = field(default_factory=dict)

    def delayed(self, place: int) -> NDArray[np.bool_]:
        """Where a box of O that a loop's advance replaces leaves one boundary later."""
        return np.asarray((self.changes == place) & (not self.single) & np.logical_not(self.early))


class Ports:
    """The ports of a chip's levels, and what passes them in all.

    Attributes
    ----------
    level_of : dict of port to level name
    """

    def __init__(self, batch: Batch, counts: Counts, moved: Traffic) -> None:
        self.batch, self.moved = batch, moved
        self.zero = np.zeros(len(batch.case_of))
        self.levels = {level.name: level for level in batch.chip.levels}
        self.used = {level.name: used_instances(batch, counts, level) for level in batch.chip.levels}
        self.level_of = {port_of(level, way): level.name for level in batch.chip.levels for way in ("read", "write")}

    def cycles(self, level: str, action: Action, bits: Floats | float, *, tile: bool = False) -> Work:
        """Cycles that bits, over all instances of a level, take of its port; nothing if the port never limits.

        A ``tile`` moves at once, and so in whole bursts and rows.
        """
        own, way = self.levels[level], "read" if action in READS else "write"
        width = own.read_bits_per_cycle if way == "read" else own.write_bits_per_cycle
        if not width:
            return {}
        each = np.asarray(bits / self.used[level])
        if own.timing is None or not tile:
            return {port_of(own, way): np.asarray(each / (width * own.share))}
        each, clock = moved_bits(own.timing, each), self.batch.chip.clock_hz.value
        lost = lost_cycles(own.timing, each, width, clock, written=way == "write")
        return {port_of(own, way): np.asarray(each / (width * own.share) + lost / own.timing.available)}

    def flows(self, level: str, operand: str, action: Action, finished: bool | None = None) -> tuple[Floats, Floats]:
        """Words and bits of what a level moves for an operand."""
        words = bits = self.zero
        for flow in self.moved.flows:
            if (flow.level, flow.operand, flow.action) == (level, operand, action) and finished in (
                None,
                flow.finished,
            ):
                words, bits = words + flow.words, bits + flow.total_bits
        return words, bits

    def fed(self, nest: Nest) -> dict[str, Work]:
        """What the MACs take of ports in all, by operand: their reads, and for O updates too."""
        found: dict[str, Work] = {}
        for operand in "WIO":
            level = chain(nest, operand)[-1][1]
            actions: Sequence[Action] = ("read", "update") if operand == "O" else ("read",)
            found[operand] = {}
            for action in actions:
                add(found[operand], self.cycles(level, action, self.flows(level, operand, action)[1]))
        return found


def add(total: dict[Key, Floats], more: Mapping[Key, Floats], times: Floats | float = 1.0) -> None:
    """Add cycles to totals, in place."""
    for port, cycles in more.items():
        total[port] = total[port] + cycles * times if port in total else cycles * times


def port_of(level: Level, way: str) -> str:
    """Return the name of a level's port for reads or writes: one and the same if they share it."""
    return level.name if level.shared_port else f"{level.name} {way}"


def used_instances(batch: Batch, counts: Counts, level: Level) -> Floats:
    """Return how many instances of a level the spatial loops use."""
    used = np.ones(len(batch.case_of))
    for fanout in batch.chip.fanouts[: level.depth]:
        used = used * counts.instances.get(fanout.name, 1)
    return used


def chain(nest: Nest, operand: str) -> list[tuple[int, str]]:
    """Return the lines and levels of the nodes that keep an operand, outermost first."""
    return [
        (place, line.level)
        for place, line in enumerate(nest.lines)
        if isinstance(line, Keep) and operand in line.operands
    ]


def links_of(batch: Batch, nest: Nest, counts: Counts, order: Order, ports: Ports) -> list[Link]:
    """Return all links of a nest into levels that are not ideal, the outermost levels first."""
    found = []
    for operand in "WIO":
        for (_, outside), (place, level) in pairwise(chain(nest, operand)):
            own = ports.levels[level]
            if own.buffering == "ideal":
                continue
            changes = _changes(nest, order, operand, place, ports.zero)
            replaced = {at: ports.zero + often for at, often in order.replaced[level, operand].items()}
            stays = sum(replaced.values(), start=ports.zero + 1)
            rank = _rank(batch.chip, level)
            link = Link(operand, level, outside, rank, own.buffering == "single", place, changes, stays, replaced)
            if operand == "O":
                _partial_sums(link, nest, counts, order, ports)
            else:
                _inputs(link, counts, order, ports)
            found.append(link)
    found.sort(key=lambda link: (-link.rank, "WIO".index(link.operand)))
    outputs = [link for link in found if link.operand == "O"]
    for at, link in enumerate(outputs):
        alike = [other.changes == link.changes for other in outputs[:at] if other.single]
        link.early = np.any([ports.zero > 0, *alike], axis=0)
    return found


def _rank(chip: Chip, level: str) -> int:
    return [own.name for own in chip.levels].index(level)


def _changes(nest: Nest, order: Order, operand: str, place: int, zero: Floats) -> Ints:
    """The innermost loop outside a node that replaces its box."""
    changes = np.full(len(zero), -1)
    for at, advances in order.advances.items():
        if at < place and _dim(nest, at) in RELEVANT[operand]:
            changes = np.where(advances > 0, at, changes)
    return changes


def _dim(nest: Nest, place: int) -> str:
    line = nest.lines[place]
    assert isinstance(line, Loop)
    return line.dim


def _inputs(link: Link, counts: Counts, order: Order, ports: Ports) -> None:
    """Tiles of W or I: each loop's share of the words, at the width that they really have."""
    key, opening = (link.level, link.operand), counts.opening[link.level, link.operand]
    later = order.entered[key]
    for level, action, words in ((link.outside, "read", "reads"), (link.level, "fill", "fills")):
        bits = ports.flows(level, link.operand, action)[1]  # type: ignore[arg-type]
        every = getattr(opening, words) + sum(getattr(one, words) for one in later.values())
        each = bits / np.maximum(every, 1)
        add(link.first, ports.cycles(level, action, each * getattr(opening, words), tile=True))  # type: ignore[arg-type]
        for place, one in later.items():
            mean = each * getattr(one, words) / np.maximum(link.replaced[place], 1)
            add(link.coming.setdefault(place, {}), ports.cycles(level, action, mean, tile=True))  # type: ignore[arg-type]


def _partial_sums(link: Link, nest: Nest, counts: Counts, order: Order, ports: Ports) -> None:
    """Tiles of O: those that leave for good, those that leave to return, and those that return."""
    entered = _box_sizes(link, counts, order, ports)
    returning, visits = ports.zero, ports.zero + 1
    for place in (at for at in order.advances if at < link.place):
        returning = returning + link.replaced[place] * returned(nest, order, place) * entered[place]
    visits = np.where(link.stays > returning, link.stays / np.maximum(link.stays - returning, 1), 1.0)
    ways: tuple[tuple[str, Action, Action], ...] = ((link.outside, "read", "update"), (link.level, "return", "drain"))
    for level, inward, outward in ways:
        bits = ports.flows(level, "O", inward)[1] / np.maximum(returning, 1)
        for place, size in entered.items():
            add(link.coming.setdefault(place, {}), ports.cycles(level, inward, bits * size, tile=True))
        unfinished, partial_bits = ports.flows(level, "O", outward, False)
        finished, finished_bits = ports.flows(level, "O", outward, True)
        mean = (partial_bits + finished_bits) / link.stays
        width = np.divide(partial_bits, unfinished, out=ports.zero + 0, where=unfinished > 0)
        early = np.where(unfinished > 0, (unfinished + finished) / link.stays * width, mean)
        late = np.maximum(mean * visits - early * (visits - 1), 0)
        closing = counts.closing[link.level]
        words = np.asarray(closing.drains if outward == "drain" else closing.updates)
        ready, rest = np.minimum(words, finished), np.minimum(np.maximum(words - finished, 0), unfinished)
        last = ready * finished_bits / np.maximum(finished, 1) + rest * partial_bits / np.maximum(unfinished, 1)
        add(link.last, ports.cycles(level, outward, last, tile=True))
        add(link.partial, ports.cycles(level, outward, early, tile=True))
        add(link.finished, ports.cycles(level, outward, late, tile=True))


def _box_sizes(link: Link, counts: Counts, order: Order, ports: Ports) -> dict[int, Floats]:
    """Words in the boxes that a loop's advances enter, and leave (`Link.left`), over those of the mean box."""
    tiles = order.tiles[link.level]
    often = {at: np.maximum(order.advances[at], 1) for at in tiles}
    every = {at: one.entered / often[at] for at, one in tiles.items()}
    first = ports.zero + counts.boxes[link.level, "O"]
    mean = sum((every[at] * link.replaced[at] for at in tiles), start=first) / link.stays
    link.left = {at: np.where(order.advances[at] > 0, one.left / often[at] / mean, 1.0) for at, one in tiles.items()}
    return {at: np.where(order.advances[at] > 0, size / mean, 1.0) for at, size in every.items()}


def returned(nest: Nest, order: Order, place: int) -> Floats:
    """Share of a loop's advances at which partial sums return: all, or all but the first visits of an output."""
    if _dim(nest, place) in REDUCTION:
        return np.ones(np.shape(order.rounds[place]))
    return np.asarray(1 - 1 / np.maximum(order.rounds[place], 1))
