"""How many words does every level move? Integers, in closed form, for many mappings at once.

The counts of a nest are sums over the advances of its temporal loops. At the advance of a loop every
instance of a node has a new box and fills the words that its old box lacked; both sizes are products
over tensor axes, and each factor, summed over the states of that axis's own loops, is a count of
positions (`accelsim.mapping.digits` for an axis of one dimension, `accelsim.mapping.halo` for an image
axis of I). `accelsim.mapping.fetching` sums them for W and I, `accelsim.mapping.accumulating` for O.
The derivation is in docs/model.md; `accelsim.mapping.interpreter` executes the definition by brute
force and must agree integer for integer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from accelsim.mapping.accumulating import Moved, accumulated
from accelsim.mapping.cases import COLUMN, EVERY, NONE, Above, Cases, Convention, LoopOrder
from accelsim.mapping.digits import Bools, Ints
from accelsim.mapping.factors import Factors
from accelsim.mapping.fetching import Fetched, fed_to_macs, fetched
from accelsim.mapping.nest import Nest
from accelsim.mapping.order import Order, Tiles, Working, every_row, ordered
from accelsim.mapping.tally import Closing, LevelCounts, Opening
from accelsim.workload.shape import DIMS, REDUCTION, RELEVANT, Shape


@dataclass(frozen=True)
class Counts:
    """What one mapping moves and does; every entry is an int, or an array with one entry a case.

    Parameters
    ----------
    macs : int
        Operations of the full rectangle of loops, padding included.
    steps : int
        Lockstep steps: states of all temporal loops.
    levels : mapping from (level, operand) to LevelCounts
    boxes : mapping from (level, operand) to int
        Words of the largest box that one instance holds.
    moving : mapping from (level, operand) to bool
        Whether the box is replaced during the layer.
    opening : mapping from (level, operand) to Opening
        W and I words that come into a level before the first step.
    closing : mapping from level to Closing
        O words that leave a level after the last step.
    instances : mapping from fan-out name to int
        Instances of each fan-out that the spatial loops use.
    visits : mapping from operand to int
        Boxes that the innermost level of the operand holds one after another.
    order : Order or None
        When tiles come and go; None where only the sums were asked for.
    """

    macs: Ints
    steps: Ints
    levels: Mapping[tuple[str, str], LevelCounts]
    boxes: Mapping[tuple[str, str], Ints]
    moving: Mapping[tuple[str, str], Bools]
    opening: Mapping[tuple[str, str], Opening]
    closing: Mapping[str, Closing]
    instances: Mapping[str, Ints]
    visits: Mapping[str, Ints]
    order: Order | None = None

    def take(self, rows: Ints) -> Counts:
        """Return the counts of some of the mappings."""
        return _combined([self], lambda arrays: arrays[0][rows] if np.ndim(arrays[0]) else arrays[0])


def count(shape: Shape, nest: Nest, convention: Convention = "accelsim") -> Counts:
    """Return the counts of one mapping, as Python integers.

    Parameters
    ----------
    shape : Shape
        The layer; its ``density`` is not applied (the engine does).
    nest : Nest
        A mapping that passed `Nest.check`.
    convention : {"accelsim", "timeloop"}
        Timeloop's rules differ in documented points; see docs/model.md.
    """
    tiles = np.array([[loop.tile for loop in nest.loops]], dtype=np.int64)
    many = count_many([shape], np.zeros(1, dtype=np.int64), nest, tiles, convention)
    return _combined([many], lambda arrays: int(np.asarray(arrays[0]).reshape(-1)[0]))


def _combined(parts: Sequence[Counts], combine: Callable[[list[Any]], Any]) -> Counts:
    """Counts whose every array is made of the same array of some parts."""

    def walk(entries: list[Any]) -> Any:
        first = entries[0]
        if first is None:
            return None
        if isinstance(first, Mapping):
            return {key: walk([entry[key] for entry in entries]) for key in first}
        if isinstance(first, Counts | LevelCounts | Opening | Closing | Order | Tiles | Working):
            return type(first)(**{name: walk([getattr(entry, name) for entry in entries]) for name in vars(first)})
        return combine(entries)

    joined: Counts = walk(list(parts))
    return joined


def count_many(
    shapes: Sequence[Shape],
    shape_of: Ints,
    nest: Nest,
    tiles: Ints,
    convention: Convention = "accelsim",
    *,
    exact: bool = True,
    order: bool = True,
    extents: Mapping[str, Ints] | None = None,
) -> Counts:
    """Return the counts of many mappings that share one structure.

    Parameters
    ----------
    shapes : sequence of Shape
        The distinct layers.
    shape_of : int64 array, shape (n,)
        Which of ``shapes`` each case maps.
    nest : Nest
        The structure: order, fan-outs and nodes; its tiles are ignored.
    tiles : int64 array, shape (n, loops)
        Tile of every loop, in the order of ``nest.loops``, in each case.
    convention : {"accelsim", "timeloop"}
    exact : bool
        False replaces the sums over an image axis by the mean reach of a tile, to rank many mappings.
    order : bool
        False leaves out the order in which tiles come and go: a quarter of the work, which only the engine's time
        needs, and sums do not.
    extents : mapping of dimension to int64 array of shape (n,), optional
        Extents of each case in place of those of its shape, for layers that differ in nothing else (a context
        that grows); only of dimensions that no window moves over.

    Returns
    -------
    Counts
        With int64 arrays of shape (n,). Exact while counts stay below 2**63.
    """
    return Counting(shapes, shape_of, [nest], tiles, convention, exact=exact, extents=extents).counts(order=order)[0]


class Counting:
    """Counts many mappings whose loops stand in several orders, each as `count_many` would.

    Parameters
    ----------
    nests : sequence of Nest
        They differ in nothing but the order of temporal loops between nodes, and loops of one dimension follow
        each other with the same tiles in all: most of the work is done once.
    tiles : int64 array, shape (n, loops)
        Tile of every loop, in the order of the first nest.

    The other parameters are those of `count_many`.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        shape_of: Ints,
        nests: Sequence[Nest],
        tiles: Ints,
        convention: Convention = "accelsim",
        *,
        exact: bool = True,
        extents: Mapping[str, Ints] | None = None,
    ) -> None:
        if convention == "timeloop" and len(nests) > 1:
            raise ValueError("Timeloop's reuse depends on the whole order: its counts are of one order at a time.")
        self._whole = Cases(shapes, shape_of, nests, tiles, convention, exact, extents)
        self._factors = Factors(self._whole)

    def counts(self, *, order: bool) -> list[Counts]:
        """Return the counts of all mappings, an entry for each nest."""
        number, size = len(self._whole.shape_of), max(BLOCK // len(self._whole.advances), 1)
        if number <= size:
            return _count(self._whole, self._factors, order)
        parts = [self._factors.part(slice(start, start + size)) for start in range(0, number, size)]
        blocks = [_count(part.cases, part, order) for part in parts]
        return [_joined(own) for own in zip(*blocks, strict=True)]

    def ordered(self, nest: int, counts: Counts, rows: Ints) -> Counts:
        """Return some of the counts by one of the nests, with the order in which tiles come and go."""
        part = self._factors.part(rows, nest)
        (order,) = part.cases.orders
        _, entered = _fetched(part.cases, part, order)
        return replace(counts.take(rows), order=ordered(part.cases, part, order, entered))


BLOCK = 131072
"""Cases times advances counted at once: as many as stay in a processor's cache."""


def _count(cases: Cases, factors: Factors, order: bool) -> list[Counts]:
    """Counts of every order of the loops."""
    kept = [(operand, level, node) for operand in "WIO" for level, node in cases.nodes[operand]]
    steps = factors.advances(DIMS, (EVERY,))[0]
    macs = prod(cases.extent.values(), start=cases.one)
    boxes = {(level, operand): factors.box(operand, node) for operand, level, node in kept}
    moving = {(level, operand): _moves(cases, operand, node) for operand, level, node in kept}
    fed = {operand: fed_to_macs(cases, factors, operand, cases.nodes[operand][-1].above) for operand in "WI"}
    return [
        Counts(
            macs=macs,
            steps=steps,
            boxes=boxes,
            moving=moving,
            instances=cases.instances,
            visits={operand: _visits(cases, factors, one, operand) for operand in "WIO"},
            **_moved(cases, factors, one, fed, order),
        )
        for one in cases.orders
    ]


def _moved(cases: Cases, factors: Factors, one: LoopOrder, fed: Mapping[str, Ints], order: bool) -> dict[str, Any]:
    """What an order of the loops moves, and when."""
    moved: Moved = accumulated(cases, factors, one)
    found, entered = _fetched(cases, factors, one)
    for operand in "WI":
        nodes = cases.nodes[operand]
        moved |= {(level, operand): {"fills": cases.zero} for level, _ in nodes}
        for above, below in pairwise(level for level, _ in nodes):
            words = found[below, operand]
            moved[above, operand]["reads"], moved[below, operand]["fills"] = words.reads, words.fills
        moved[nodes[-1].level, operand]["reads"] = fed[operand]
    opening = {key: Opening(*words.opening) for key, words in found.items()}
    nodes = cases.nodes["O"]
    return {
        "levels": {key: LevelCounts(**fields) for key, fields in moved.items()},  # type: ignore[arg-type]
        "opening": opening,
        "closing": {
            level: _last(cases, factors, one, node, parent)
            for (_, parent), (level, node) in pairwise([nodes[0], *nodes])
        },
        "order": ordered(cases, factors, one, entered) if order else None,
    }


Entered = dict[tuple[str, str], dict[int, Opening]]


def _fetched(cases: Cases, factors: Factors, one: LoopOrder) -> tuple[dict[tuple[str, str], Fetched], Entered]:
    """What every level fetches of W and I, and what of it at the advances of each loop."""
    found = {
        (level, operand): fetched(cases, factors, one, operand, node, parent)
        for operand in "WI"
        for (_, parent), (level, node) in pairwise(cases.nodes[operand])
    }
    entered = {key: {place: Opening(*part) for place, part in words.later.items()} for key, words in found.items()}
    return found, entered


def _moves(cases: Cases, operand: str, node: Above) -> Bools:
    """Whether a temporal loop that the operand has replaces the box of a node."""
    moves: Bools = cases.one < 1
    for dim in RELEVANT[operand]:
        for loop in cases.loops[dim][: node[COLUMN[dim]]]:
            if not loop.spatial:
                moves = moves | (loop.bound > 1)
    return moves


def _visits(cases: Cases, factors: Factors, order: LoopOrder, operand: str) -> Ints:
    """Boxes that the innermost node of an operand holds one after another.

    The first, and one more for every advance that replaces it: of a loop of the operand, or around one that moves.
    """
    node = cases.nodes[operand][-1].above
    rows = list(cases.rows(order, node).values())
    if not rows:
        return cases.one
    often = factors.once(("visits", node), lambda: every_row(cases, node, factors.advances(DIMS, cases.above(node))))
    moving = factors.once(("moving", operand, node), lambda: _moving(cases, operand, node))
    inside = np.logical_or.accumulate(moving[rows[::-1]], axis=0)
    return np.asarray(1 + (often[rows[::-1]] * inside).sum(axis=0))


def _moving(cases: Cases, operand: str, node: Above) -> Bools:
    """Which loops above a node are of the operand and have more than one step, shape (advances, n)."""
    found = [cases.one < 1]
    for number in cases.above(node)[1:]:
        loop = cases.loop(number)
        found.append(loop.bound > 1 if loop.dim in RELEVANT[operand] else found[0])
    return np.stack(found)


def _last(cases: Cases, factors: Factors, order: LoopOrder, node: Above, parent: Above) -> Closing:
    """Words of the last boxes of O in instances that worked on them, and the same merged under every parent."""
    numbers = [order.advances[place] for place in cases.rows(order, node)]
    movers = [number for number in numbers if cases.advances[number].dim in cases.plain["O"]]
    key = "last", node, parent, *((cases.loop(number).dim, *_reductions(cases, number)) for number in movers)
    return factors.once(key, lambda: _after(cases, factors, movers, node, parent))


def _reductions(cases: Cases, number: int) -> list[int]:
    """How many loops of each reduction dimension, and of the own one, stand outside a loop that advances."""
    outside, dim = cases.advances[number]
    return [outside[COLUMN[one]] for one in (dim, *REDUCTION)]


def _after(cases: Cases, factors: Factors, movers: Sequence[int], node: Above, parent: Above) -> Closing:
    """The same, after the last advance of the innermost of some loops that moves."""
    held = prod((factors.last_positions(dim, node) for dim in cases.plain["O"]), start=cases.one)
    drains = updates = cases.zero
    left = cases.one > 0
    for number in reversed(movers):
        moves = cases.loop(number).bound > 1
        here, left = left & moves, left & ~moves
        if here.any():
            ended = cases.advances[number].body
            drains = np.where(here, _sharers(cases, factors, node, ended), drains)
            updates = np.where(here, _sharers(cases, factors, parent, ended), updates)
    if left.any():
        drains = np.where(left, _sharers(cases, factors, node, NONE), drains)
        updates = np.where(left, _sharers(cases, factors, parent, NONE), updates)
    return Closing(held * drains, held * updates)


def _sharers(cases: Cases, factors: Factors, merge: Above, ended: Above) -> Ints:
    """Instances that work on the same words after the last advance of a loop, those under one as one."""
    key = "sharers", *((merge[COLUMN[dim]], ended[COLUMN[dim]]) for dim in cases.other["O"])
    words = (factors.last_working(dim, merge, ended) for dim in cases.other["O"])
    return factors.once(key, lambda: prod(words, start=cases.one))


def _joined(parts: Sequence[Counts]) -> Counts:
    """Blocks of cases as one."""

    def end_to_end(arrays: list[Any]) -> Any:
        return np.concatenate(
            [np.broadcast_to(array, part.macs.shape) for array, part in zip(arrays, parts, strict=True)]
        )

    return _combined(parts, end_to_end)
