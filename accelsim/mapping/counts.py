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
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from accelsim.mapping.accumulating import Moved, accumulated
from accelsim.mapping.cases import START, Cases, Convention
from accelsim.mapping.digits import Bools, Ints
from accelsim.mapping.factors import Factors
from accelsim.mapping.fetching import fed_to_macs, fetched
from accelsim.mapping.nest import Nest
from accelsim.mapping.order import Order, Tiles, Working, ordered
from accelsim.mapping.tally import Closing, LevelCounts, Opening
from accelsim.workload.shape import DIMS, RELEVANT, Shape


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
    whole = Cases(shapes, shape_of, nest, tiles, convention, exact, extents)
    factors = Factors(whole)
    if len(shape_of) <= BLOCK:
        return _count(whole, factors, order)
    starts = range(0, len(shape_of), BLOCK)
    parts = [factors.part(slice(start, start + BLOCK)) for start in starts]
    return _joined([_count(part.cases, part, order) for part in parts])


BLOCK = 8192
"""Cases counted at once: as many as stay in a processor's cache."""


def _count(cases: Cases, factors: Factors, order: bool) -> Counts:
    moved: Moved = accumulated(cases, factors)
    opening: dict[tuple[str, str], Opening] = {}
    entered: dict[tuple[str, str], dict[int, Opening]] = {}
    for operand in "WI":
        nodes = cases.nodes[operand]
        moved |= {(level, operand): {"fills": cases.zero} for _, level in nodes}
        for (parent, above), (node, level) in pairwise(nodes):
            (fills, reads), first, later = fetched(cases, factors, operand, node, parent)
            moved[above, operand]["reads"], moved[level, operand]["fills"] = reads, fills
            opening[level, operand] = Opening(*first)
            entered[level, operand] = {place: Opening(*words) for place, words in later.items()}
        innermost, level = nodes[-1]
        moved[level, operand]["reads"] = fed_to_macs(cases, factors, operand, innermost)
    kept = [(operand, place, level) for operand in "WIO" for place, level in cases.nodes[operand]]
    return Counts(
        macs=prod(cases.extent.values(), start=cases.one),
        steps=prod((factors.lead_states(dim, cases.bottom, cases.bottom) for dim in DIMS), start=cases.one),
        levels={key: LevelCounts(**fields) for key, fields in moved.items()},  # type: ignore[arg-type]
        boxes={(level, operand): factors.box(operand, place) for operand, place, level in kept},
        moving={(level, operand): _moves(cases, operand, place) for operand, place, level in kept},
        opening=opening,
        closing={
            level: _last(cases, factors, node, parent)
            for (parent, _), (node, level) in pairwise([cases.nodes["O"][0], *cases.nodes["O"]])
        },
        instances=cases.instances,
        visits={operand: _visits(cases, factors, operand, cases.nodes[operand][-1][0]) for operand in "WIO"},
        order=ordered(cases, factors, entered) if order else None,
    )


def _moves(cases: Cases, operand: str, node: int) -> Bools:
    """Whether a temporal loop that the operand has replaces the box of a node."""
    loops = [loop.bound > 1 for loop in cases.advances if loop.place < node and loop.dim in RELEVANT[operand]]
    return np.asarray(np.any([cases.one < 1, *loops], axis=0))


def _visits(cases: Cases, factors: Factors, operand: str, node: int) -> Ints:
    """Boxes that a node holds one after another: the first, and one more for every advance that replaces it."""
    total, moves = cases.one, cases.one < 1
    for loop in reversed([loop for loop in cases.advances if loop.place < node]):
        moves = moves | ((loop.bound > 1) & (loop.dim in RELEVANT[operand]))
        if moves.any():
            total = total + factors.advances(DIMS, loop.place) * moves
    return total


def _last(cases: Cases, factors: Factors, node: int, parent: int) -> Closing:
    """Words of the last boxes of O in instances that worked on them, and the same merged under every parent."""
    held = prod((factors.last_positions(dim, node) for dim in cases.plain["O"]), start=cases.one)
    drains = updates = cases.zero
    left = cases.one > 0
    for loop in reversed([loop for loop in cases.advances if loop.place < node and loop.dim in cases.plain["O"]]):
        here, left = left & (loop.bound > 1), left & (loop.bound == 1)
        if here.any():
            drains = np.where(here, _sharers(cases, factors, node, node, loop.place), drains)
            updates = np.where(here, _sharers(cases, factors, node, parent, loop.place), updates)
    if left.any():
        drains = np.where(left, _sharers(cases, factors, node, node, START), drains)
        updates = np.where(left, _sharers(cases, factors, node, parent, START), updates)
    return Closing(held * drains, held * updates)


def _sharers(cases: Cases, factors: Factors, node: int, merge: int, mover: int) -> Ints:
    """Instances of a node that work on the same words after the last advance of a loop, those under one as one."""
    return prod((factors.last_working(dim, node, merge, mover) for dim in cases.other["O"]), start=cases.one)


def _joined(parts: Sequence[Counts]) -> Counts:
    """Blocks of cases as one."""

    def end_to_end(arrays: list[Any]) -> Any:
        return np.concatenate(
            [np.broadcast_to(array, part.macs.shape) for array, part in zip(arrays, parts, strict=True)]
        )

    return _combined(parts, end_to_end)
