"""How large are good tiles? Candidates grown stage by stage, from inside out, until the levels are full.

A population holds, as arrays, one row a candidate: which dimensions each fan-out carries, and the tile
of every stage done so far. Each stage branches it over a short list of growth orders, drops what does
not fit, and keeps what is distinct.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.held_tiles import HeldLevel, HeldStage
from accelsim.workload.shape import DIMS, Shape

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Tiles = dict[str, Ints]

FULL = 1 << 62
_WINDOW = (("FX", FULL), ("FY", FULL))


def _alternate(dims: Sequence[str], largest: int = 1024) -> tuple[tuple[str, int], ...]:
    """Grow ``dims`` in turn, by four at a time: keeps their tiles about equal."""
    caps = [4**power for power in range(1, largest.bit_length() // 2 + 1)]
    return tuple((dim, cap) for cap in caps for dim in dims)


def _fill(order: str) -> tuple[tuple[str, int], ...]:
    return tuple((dim, FULL) for dim in order.split())


INNER_GROWTH = (
    (),
    (*_WINDOW, ("C", FULL), ("K", FULL)),
    (*_WINDOW, *_alternate(("K", "C"), 64)),
    (*_alternate(("K", "OX"), 64), *_WINDOW, ("C", FULL)),
    _fill("OX OY B K"),
    _fill("B K FX FY C"),
)
"""How tiles of the innermost levels grow: steps of (dimension, largest tile)."""

OUTER_GROWTH = (
    _fill("FX FY C OX K G"),
    _fill("FX FY B OX OY C K G"),
    _fill("FX FY B OX OY K C G"),
    _fill("FX FY C OX OY K B G"),
    _fill("FX FY C K OX OY B G"),
    _fill("FX FY OX OY K C B G"),
    _fill("FX FY OX OY C K B G"),
    _fill("FX FY K C B OX OY G"),
    (*_WINDOW, *_alternate(("K", "C"), 4096), *_fill("B OX OY G")),
    (*_WINDOW, *_alternate(("K", "B", "OX", "OY")), *_fill("C K B OX OY G")),
    (*_WINDOW, *_alternate(("C", "K", "B", "OX", "OY")), *_fill("C K B OX OY G")),
)
"""How tiles of the other levels grow."""

Fills = Sequence[tuple[float, float]]
FILLS: Fills = ((1.0, 1.0), (1 / 8, 1 / 8), (1 / 64, 1 / 64))
"""Shares that tiles may take of the first level outside the registers' and of those further out: small
tiles start sooner and hide more."""
APART_FILLS: Fills = ((1.0, 1.0), (1 / 8, 1.0))
"""The same where neighboring levels stand apart: small tiles inside leave room for other dimensions outside."""


@dataclass(frozen=True)
class Room:
    """What a memory level offers one mapping problem.

    Parameters
    ----------
    level : str
    depth : int
        Number of fan-outs outside it.
    operands : str
        Operands that it keeps, a subset of "WIO".
    capacity_bits : float array, shape (cases,)
        What is free in one instance; infinite where unbounded.
    bits : dict of operand to float array, shape (cases,)
        Width of a word there.
    doubled : bool
        Whether a tile that changes needs room for the next one too.
    """

    level: str
    depth: int
    operands: str
    capacity_bits: Floats
    bits: dict[str, Floats]
    doubled: bool


@dataclass(frozen=True)
class FanOutRoom:
    """A fan-out that loops may spread over: its name, size and the dimensions it may carry."""

    name: str
    size: int
    dims: frozenset[str]


def stagings(rooms: Sequence[Room]) -> list[list[list[Room]]]:
    """Return the ways to stack the rooms, outermost first, in stages whose nodes stand together.

    Neighbors at one depth with disjoint operands may stand together, or apart in either order, with
    loops between them; the PEs' own registers stand together.
    """
    together = _together(rooms)
    outer, registers = together[:-1], together[-1:]
    apart = [[room] for stage in outer for room in stage]
    reverse = [[room] for stage in outer for room in reversed(stage)]
    return [together] if len(outer) == len(apart) else [together, [*apart, *registers], [*reverse, *registers]]


def _together(rooms: Sequence[Room]) -> list[list[Room]]:
    stages: list[list[Room]] = []
    for room in rooms:
        together = stages and stages[-1][0].depth == room.depth
        if together and not set(room.operands) & {operand for one in stages[-1] for operand in one.operands}:
            stages[-1].append(room)
        else:
            stages.append([room])
    return stages


class Problem:
    """The shapes and fan-outs as arrays over cases."""

    def __init__(self, shapes: Sequence[Shape], fanouts: Sequence[FanOutRoom]) -> None:
        self.fanouts = fanouts
        self.extent = {dim: np.array([shape.extents[dim] for shape in shapes], dtype=np.int64) for dim in DIMS}
        windows = [[(w.stride, w.dilation, w.size) for w in (shape.y, shape.x) if w] for shape in shapes]
        self.window = np.array(windows, dtype=np.int64)
        self.cases = len(shapes)


@dataclass(frozen=True)
class Population:
    """Candidates on their way: spatial bounds by fan-out, and the tiles of the stages done, innermost first."""

    case_of: Ints
    spread: tuple[Tiles, ...]
    tiles: tuple[Tiles, ...] = ()
    menu: Ints | None = None

    def take(self, rows: NDArray[np.intp] | Bools) -> Population:
        """Return the chosen candidates."""
        spread, tiles = (
            tuple({dim: column[rows] for dim, column in columns.items()} for columns in group)
            for group in (self.spread, self.tiles)
        )
        menu = None if self.menu is None else self.menu[rows]
        return Population(self.case_of[rows], spread, tiles, menu)

    def grown(self, tile: Tiles, menu: Ints) -> Population:
        """Return the candidates with the tile of one more stage."""
        return replace(self, tiles=(*self.tiles, tile), menu=menu)

    def distinct(self, *, of_menu: bool) -> Population:
        """Return the candidates without repeats; with ``of_menu`` the same tiles of two menus both stay."""
        columns = [self.case_of, *([self.menu] if of_menu and self.menu is not None else [])]
        columns += [column for group in (self.spread, self.tiles) for one in group for column in one.values()]
        return self.take(np.sort(_first_of_each(columns)))

    @staticmethod
    def together(parts: Sequence[Population]) -> Population:
        """Return several populations as one."""
        first = parts[0]

        def joined(groups: Sequence[tuple[Tiles, ...]]) -> tuple[Tiles, ...]:
            return tuple(
                {dim: np.concatenate([part[place][dim] for part in groups]) for dim in one}
                for place, one in enumerate(groups[0])
            )

        return Population(
            np.concatenate([part.case_of for part in parts]),
            joined([part.spread for part in parts]),
            joined([part.tiles for part in parts]),
            None if first.menu is None else np.concatenate([part.menu for part in parts if part.menu is not None]),
        )


def _first_of_each(columns: Sequence[Ints]) -> Ints:
    """The first of each distinct row of some columns of small numbers."""
    code, most = np.zeros_like(columns[0]), 1
    for column in columns:
        if not len(column):
            break
        base = int(column.max()) + 1
        if most * base >= 2**62:  # number the codes so far anew
            distinct, code = np.unique(code, return_inverse=True)
            most = len(distinct)
        code, most = code * base + column, most * base
    first: Ints = np.unique(code, return_index=True)[1]
    return first


def grow_tiles(problem: Problem, population: Population, stages: Sequence[Sequence[Room]], fills: Fills) -> Population:
    """Branch the population stage by stage, from inside out; what does not fit is dropped.

    The innermost stage branches over `INNER_GROWTH`, the next over `OUTER_GROWTH` and ``fills``; stages
    outside it go on with the same choice.
    """
    inside = len(problem.fanouts)
    for place, stage in reversed(list(enumerate(stages))):
        outward = stages[place::-1]
        innermost, branching = place == len(stages) - 1, place >= len(stages) - 2
        menus = INNER_GROWTH if innermost else OUTER_GROWTH
        shares = [1.0] if innermost else [share[place < len(stages) - 2] for share in fills]
        population, start = _started(problem, population, outward, inside)
        parts = [] if branching else [_with_menu(population, number, len(shares)) for number in range(len(menus))]
        if branching:
            count = len(population.case_of)
            parts = [(np.tile(np.arange(count), len(shares)), np.repeat(np.arange(len(shares)), count))]
        grown = []
        for number, (rows, turn) in enumerate(parts):
            part, own = population.take(rows), {dim: column[rows] for dim, column in start.items()}
            grower = _Grower(problem, part, outward, own, shares, turn)
            for which, menu in enumerate(menus) if branching else [(number, menus[number])]:
                grown.append(part.grown(grower.grow(menu), which * len(shares) + turn))
        inside = stage[0].depth
        population = Population.together(grown).distinct(of_menu=not innermost and place > 0)
    return population


def _with_menu(population: Population, number: int, turns: int) -> tuple[Ints, Ints]:
    """The candidates that grow by one menu, and which share of the levels each fills, in the order of the shares."""
    assert population.menu is not None
    which, turn = np.divmod(population.menu, turns)
    rows = np.flatnonzero(which == number)
    rows = rows[np.argsort(turn[rows], kind="stable")]
    return rows, turn[rows]


def _started(
    problem: Problem, population: Population, outward: Sequence[Sequence[Room]], inside: int
) -> tuple[Population, Tiles]:
    """The candidates whose smallest tile of the next stage fits, and that tile."""
    extent = {dim: column[population.case_of] for dim, column in problem.extent.items()}
    below = population.tiles[-1] if population.tiles else {dim: np.ones_like(population.case_of) for dim in DIMS}
    start = spread_out(below, population.spread[outward[0][0].depth : inside], extent)
    fits = _Grower(problem, population, outward, start, (1.0,), np.zeros_like(population.case_of)).start_fits
    return population.take(fits), {dim: column[fits] for dim, column in start.items()}


class _Grower:
    """Grows the tile of one stage of a population while it and the stages outside it hold what is needed.

    A tile, and what it needs of the stages outside, takes at most a share of every level. What the start of the
    growth takes is granted, so that growth that needs no more room goes on.

    Parameters
    ----------
    outward : sequence of stages
        The stage that grows and those outside it, from inside out.
    start : Tiles
        The smallest tile.
    shares : sequence of float
    turn : int64 array, shape (n,)
        Which of the shares each candidate may fill.
    """

    def __init__(
        self,
        problem: Problem,
        population: Population,
        outward: Sequence[Sequence[Room]],
        start: Tiles,
        shares: Sequence[float],
        turn: Ints,
    ) -> None:
        case_of = population.case_of
        self.start = start
        _, self._starts, self._group = np.unique(turn, return_index=True, return_inverse=True)  # turns stand in order
        fill = np.array(shares)[turn]
        self.extent = {dim: column[case_of] for dim, column in problem.extent.items()}
        self.share = dict(self.extent)
        for bounds in population.spread[: outward[0][0].depth]:
            for dim, bound in bounds.items():
                self.share[dim] = -(-self.share[dim] // bound)
        self.stages = _held_stages(problem, population, outward, self.extent)
        wide = [stage.above(start) for stage in self.stages]
        used = [
            stage.used(level, tile)
            for stage, tile in zip(self.stages, wide, strict=True) for level in stage.levels
        ]  # fmt: skip
        levels = [level for stage in self.stages for level in stage.levels]
        self.start_fits: Bools = np.all(
            [one <= level.capacity for one, level in zip(used, levels, strict=True)], axis=0
        )
        for one, level in zip(used, levels, strict=True):
            level.granted = np.minimum(level.capacity, np.maximum(level.capacity * fill, one))
        self._grown: dict[tuple[tuple[str, int], ...], Tiles] = {(): start}

    def grow(self, menu: Sequence[tuple[str, int]]) -> Tiles:
        """Take the steps of a menu as far as they fit; menus that begin alike grow alike."""
        steps = tuple(menu)
        known = next(count for count in range(len(steps), -1, -1) if steps[:count] in self._grown)
        tile = self._grown[steps[:known]]
        for count in range(known, len(steps)):
            dim, cap = steps[count]
            wanted = np.maximum(np.minimum(self.share[dim], cap), tile[dim])
            if (wanted > tile[dim]).any():
                tile = {**tile, dim: self._largest(tile, dim, wanted)}
            self._grown[steps[: count + 1]] = tile
        return tile

    def _largest(self, tile: Tiles, dim: str, wanted: Ints) -> Ints:
        """The largest tile up to ``wanted`` that fits, evened out over the number of tiles."""
        most, grain = self.share[dim], self.start[dim]
        tests = [test for stage in self.stages for test in stage.tests(tile, dim)]

        def fits(size: Ints) -> Bools:
            own = size.astype(np.float64)
            return reduce(np.logical_and, (test(own) for test in tests))

        low, high = tile[dim], wanted
        low = np.where(fits(high), high, low)
        while (going := self._of_share(low + grain <= high - 1)).any():
            middle = np.minimum(low + np.maximum((high - low) // (2 * grain), 1) * grain, high)
            fit = fits(middle)
            low = np.where(fit & going, middle, low)
            high = np.where(fit | ~going, high, np.maximum(middle - 1, low))
        even = -(-most // -(-most // low))
        return np.asarray(np.maximum(np.minimum(-(-even // grain) * grain, low), tile[dim]))

    def _of_share(self, open_: Bools) -> Bools:
        """Whether any candidate of the same share is open: those that are settled take the last steps with it."""
        if not open_.any() or not len(self._starts):
            return open_
        return np.logical_or.reduceat(open_, self._starts)[self._group]


def _held_stages(
    problem: Problem, population: Population, outward: Sequence[Sequence[Room]], extent: Tiles
) -> list[HeldStage]:
    """The stage that grows and those outside it, with what they offer every candidate."""
    case_of = population.case_of
    extents = {dim: column.astype(np.float64) for dim, column in extent.items()}
    window = problem.window[case_of].astype(np.float64)
    spread: dict[str, Floats] = {}
    found = []
    inside = outward[0][0].depth
    for stage in outward:
        for bounds in population.spread[stage[0].depth : inside]:
            for dim, bound in bounds.items():
                spread[dim] = spread.get(dim, 1.0) * bound.astype(np.float64)
        inside = stage[0].depth
        levels = []
        for room in stage:
            bits = {operand: room.bits[operand][case_of] for operand in room.operands}
            capacity = room.capacity_bits[case_of]
            levels.append(HeldLevel(room.operands, bits, room.doubled, capacity, capacity))
        found.append(HeldStage(tuple(levels), dict(spread), extents, window))
    return found


def spread_out(tile: Tiles, spread: Sequence[Tiles], extent: Tiles) -> Tiles:
    """Return the tile above some fan-outs that gives each instance below them ``tile``."""
    wide = dict(tile)
    for bounds in spread:
        for dim, bound in bounds.items():
            if dim in wide:
                wide[dim] = np.minimum(wide[dim] * bound, extent[dim])
    return wide


def smallest_tiles_fit(problem: Problem, choices: Population, stages: Sequence[Sequence[Room]]) -> Bools:
    """Return for which spatial choices single words in every PE fit all levels."""
    if not stages:
        return np.ones(len(choices.case_of), dtype=bool)
    one = {dim: np.ones_like(choices.case_of) for dim in DIMS}
    extent = {dim: column[choices.case_of] for dim, column in problem.extent.items()}
    start = spread_out(one, choices.spread[stages[-1][0].depth : len(problem.fanouts)], extent)
    return _Grower(problem, choices, stages[::-1], start, (1.0,), np.zeros_like(choices.case_of)).start_fits
