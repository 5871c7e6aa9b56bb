"""How large are good tiles? Candidates grown stage by stage, from inside out, until the levels are full.

A population holds, as arrays, one row a candidate: which dimensions each fan-out carries, and the tile
of every stage done so far. Each stage branches it over a short list of growth orders, drops what does
not fit, and keeps what is distinct.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from accelsim.workload.shape import DIMS, RELEVANT, Shape

Ints = NDArray[np.int64]
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
    capacity_bits: NDArray[np.float64]
    bits: dict[str, NDArray[np.float64]]
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

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Population:
        """Return the chosen candidates."""
        spread, tiles = (
            tuple({dim: column[rows] for dim, column in columns.items()} for columns in group)
            for group in (self.spread, self.tiles)
        )
        menu = None if self.menu is None else self.menu[rows]
        return Population(self.case_of[rows], spread, tiles, menu)

    def grown(self, tile: Tiles, menu: int) -> Population:
        """Return the candidates with the tile of one more stage."""
        return replace(self, tiles=(*self.tiles, tile), menu=np.full_like(self.case_of, menu))

    def distinct(self, *, of_menu: bool) -> Population:
        """Return the candidates without repeats; with ``of_menu`` the same tiles of two menus both stay."""
        columns = [self.case_of, *([self.menu] if of_menu and self.menu is not None else [])]
        columns += [column for group in (self.spread, self.tiles) for one in group for column in one.values()]
        rows = np.ascontiguousarray(np.stack(columns, axis=1).astype(np.int64))
        _, first = np.unique(rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel(), return_index=True)
        return self.take(np.sort(first))

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


def grow_tiles(problem: Problem, population: Population, stages: Sequence[Sequence[Room]], fills: Fills) -> Population:
    """Branch the population stage by stage, from inside out; what does not fit is dropped.

    The innermost stage branches over `INNER_GROWTH`, the next over `OUTER_GROWTH` and ``fills``; stages
    outside it go on with the same choice.
    """
    inside = len(problem.fanouts)
    outer_menus = list(product(OUTER_GROWTH, fills))
    for place, stage in reversed(list(enumerate(stages))):
        outward = stages[place::-1]
        menus = [(menu, (1.0, 1.0)) for menu in INNER_GROWTH] if place == len(stages) - 1 else outer_menus
        branching = place >= len(stages) - 2
        population, start = _started(problem, population, outward, inside)
        parts = []
        for number, (menu, shares) in enumerate(menus):
            fill = shares[place < len(stages) - 2]
            rows = np.arange(len(population.case_of)) if branching else np.flatnonzero(population.menu == number)
            part, own = population.take(rows), {dim: column[rows] for dim, column in start.items()}
            parts.append(part.grown(_Grower(problem, part, outward, fill).grow(own, menu), number))
        inside = stage[0].depth
        population = Population.together(parts).distinct(of_menu=place != len(stages) - 1 and place > 0)
    return population


def _started(
    problem: Problem, population: Population, outward: Sequence[Sequence[Room]], inside: int
) -> tuple[Population, Tiles]:
    """The candidates whose smallest tile of the next stage fits, and that tile."""
    grower = _Grower(problem, population, outward, 1.0)
    below = population.tiles[-1] if population.tiles else {dim: np.ones_like(population.case_of) for dim in DIMS}
    start = grower.spread_out(below, outward[0][0].depth, inside)
    fits = grower.fits(start, 1.0)
    return population.take(fits), {dim: column[fits] for dim, column in start.items()}


class _Grower:
    """Grows the tile of one stage of a population while it and the stages outside it hold what is needed."""

    def __init__(
        self, problem: Problem, population: Population, outward: Sequence[Sequence[Room]], fill: float
    ) -> None:
        self.spread, self.outward, self.fill = population.spread, outward, fill
        self.case_of = population.case_of
        self.start_used: dict[str, NDArray[np.float64]] = {}
        self.extent = {dim: column[self.case_of] for dim, column in problem.extent.items()}
        self.window = problem.window[self.case_of]

    def spread_out(self, tile: Tiles, outside: int, inside: int) -> Tiles:
        """The tile above the fan-outs ``outside`` to ``inside`` that gives each instance ``tile``."""
        return spread_out(tile, self.spread[outside:inside], self.extent)

    def grow(self, start: Tiles, menu: Sequence[tuple[str, int]]) -> Tiles:
        """Take the steps of a menu as far as they fit."""
        share = dict(self.extent)
        for bounds in self.spread[: self.outward[0][0].depth]:
            for dim, bound in bounds.items():
                share[dim] = -(-share[dim] // bound)
        tile = dict(start)
        self.start_used = {room.level: used for room, used in self._used(start)}
        for dim, cap in menu:
            wanted = np.maximum(np.minimum(share[dim], cap), tile[dim])
            if (wanted > tile[dim]).any():
                tile[dim] = self._largest(tile, dim, wanted, share[dim], start[dim])
        return tile

    def _largest(self, tile: Tiles, dim: str, wanted: Ints, most: Ints, grain: Ints) -> Ints:
        """The largest tile up to ``wanted`` that fits, evened out over the number of tiles."""
        low, high = tile[dim], wanted
        low = np.where(self.fits({**tile, dim: high}, self.fill), high, low)
        while (low + grain <= high - 1).any():
            middle = np.minimum(low + np.maximum((high - low) // (2 * grain), 1) * grain, high)
            fits = self.fits({**tile, dim: middle}, self.fill)
            low, high = np.where(fits, middle, low), np.where(fits, high, np.maximum(middle - 1, low))
        even = -(-most // -(-most // low))
        return np.asarray(np.maximum(np.minimum(-(-even // grain) * grain, low), tile[dim]))

    def fits(self, tile: Tiles, fill: float) -> NDArray[np.bool_]:
        """Whether a tile, and what it needs of the stages outside, takes at most a share of every level.

        What the start of the growth takes is granted, so that growth that needs no more room goes on.
        """
        fits = np.ones(len(self.case_of), dtype=bool)
        for room, used in self._used(tile):
            capacity = room.capacity_bits[self.case_of]
            granted = np.minimum(capacity, np.maximum(capacity * fill, self.start_used.get(room.level, 0.0)))
            fits &= used <= granted
        return fits

    def _used(self, tile: Tiles) -> Iterator[tuple[Room, NDArray[np.float64]]]:
        """Bits that a tile takes of every level of its stage and of the stages outside."""
        for place, stage in enumerate(self.outward):
            if place:
                tile = self.spread_out(tile, stage[0].depth, self.outward[place - 1][0].depth)
            for room in stage:
                used = np.zeros(len(self.case_of))
                for operand in room.operands:
                    bits = self._words(operand, tile) * room.bits[operand][self.case_of]
                    if room.doubled:
                        whole = np.all([tile[dim] == self.extent[dim] for dim in RELEVANT[operand]], axis=0)
                        bits = np.where(whole, bits, 2 * bits)
                    used = used + bits
                yield room, used

    def _words(self, operand: str, tile: Tiles) -> Ints:
        words = np.ones_like(self.case_of)
        for dim in RELEVANT[operand] - ({"OY", "OX", "FY", "FX"} if operand == "I" else set()):
            words = words * tile[dim]
        if operand == "I":
            for place, (out, taps) in enumerate((("OY", "FY"), ("OX", "FX"))):
                stride, dilation, size = self.window[:, place].T
                words = words * np.minimum((tile[out] - 1) * stride + (tile[taps] - 1) * dilation + 1, size)
        return words


def spread_out(tile: Tiles, spread: Sequence[Tiles], extent: Tiles) -> Tiles:
    """Return the tile above some fan-outs that gives each instance below them ``tile``."""
    wide = dict(tile)
    for bounds in spread:
        for dim, bound in bounds.items():
            if dim in wide:
                wide[dim] = np.minimum(wide[dim] * bound, extent[dim])
    return wide


def spatial_choices(problem: Problem, stages: Sequence[Sequence[Room]], keep: int) -> Population:
    """Return the best spatial choices of every case: those that need about the fewest folds.

    Where the smallest tiles of a fully used array do not fit the levels, ever smaller parts of the
    fan-outs are tried, halving one or several; a single PE comes last. A case that fits nowhere is left out.
    """
    found, waiting = [], np.arange(problem.cases)
    for sizes in _shrunken([fanout.size for fanout in problem.fanouts]):
        choices, folds = _choices(problem, waiting, sizes)
        fits = _smallest_tiles_fit(problem, choices, stages)
        choices, folds = choices.take(fits), folds[fits]
        picked = []
        for case in np.unique(choices.case_of):
            mine = np.flatnonzero(choices.case_of == case)
            mine = mine[np.argsort(folds[mine], kind="stable")][:keep]
            picked.append(mine[folds[mine] <= _WORST_FOLDS * folds[mine[0]]])
        if picked:
            found.append(choices.take(np.concatenate(picked)))
            waiting = np.setdiff1d(waiting, choices.case_of)
        if not waiting.size:
            break
    return Population.together(found) if found else choices


def _shrunken(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Sizes of the fan-outs, halved ever more often: the fullest array first."""
    powers = [range(size.bit_length()) for size in sizes]
    for halvings in sorted(product(*powers), key=sum):
        yield tuple(max(size >> power, 1) for size, power in zip(sizes, halvings, strict=True))


def _smallest_tiles_fit(problem: Problem, choices: Population, stages: Sequence[Sequence[Room]]) -> NDArray[np.bool_]:
    if not stages:
        return np.ones(len(choices.case_of), dtype=bool)
    grower = _Grower(problem, choices, stages[::-1], 1.0)
    one = {dim: np.ones_like(choices.case_of) for dim in DIMS}
    return grower.fits(grower.spread_out(one, stages[-1][0].depth, len(problem.fanouts)), 1.0)


def _choices(problem: Problem, cases: Ints, sizes: Sequence[int]) -> tuple[Population, NDArray[np.float64]]:
    """All distinct choices of some cases with fan-outs of some sizes, and the folds that each needs.

    A choice names the first dimension of every fan-out; the rest of the fan-out is filled greedily.
    """
    firsts = list(product(*([dim for dim in DIMS if dim in fanout.dims] for fanout in problem.fanouts)))
    case_of = np.repeat(cases, len(firsts))
    left = {dim: np.repeat(problem.extent[dim][cases], len(firsts)) for dim in DIMS}
    spread: list[Tiles] = []
    for place, (fanout, size) in enumerate(zip(problem.fanouts, sizes, strict=True)):
        first = np.tile(np.array([choice[place] for choice in firsts]), len(cases))
        free = np.full(len(case_of), size)
        bounds: Tiles = {dim: np.ones_like(case_of) for dim in DIMS if dim in fanout.dims}
        for turn, dim in [*((0, dim) for dim in bounds), *((1, dim) for dim in _SPREAD_ORDER if dim in bounds)]:
            mine = (first == dim) if turn == 0 else (first != dim)
            most = np.minimum(free, left[dim])
            even = -(-left[dim] // -(-left[dim] // most))
            bounds[dim] = np.where(mine, even, bounds[dim])
            free = np.where(mine, free // even, free)
            left[dim] = np.where(mine, -(-left[dim] // even), left[dim])
        spread.append(bounds)
    folds = np.prod([left[dim].astype(float) for dim in DIMS], axis=0)
    columns = np.stack([case_of, *(bound for bounds in spread for bound in bounds.values())], axis=1)
    _, distinct = np.unique(columns, axis=0, return_index=True)
    return Population(case_of, tuple(spread)).take(np.sort(distinct)), folds[np.sort(distinct)]


_WORST_FOLDS = 1.5
"""Spatial choices that need this much more time than the best are not considered."""

_SPREAD_ORDER = ("K", "C", "OX", "OY", "B", "G", "FX", "FY")
