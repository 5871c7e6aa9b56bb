"""How do a case and the skeletons of a chip become the arrays of the search?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.case import Case, Floats, Ints, home
from accelsim.engine.energy import multiplied_formats
from accelsim.engine.width import stored_bits, word_bits
from accelsim.errors import InputError
from accelsim.hardware.chip import Chip, Level
from accelsim.mapping.constraints import Constraints
from accelsim.search.axes import Axis, axes_of
from accelsim.search.prices import Crossing, Prices
from accelsim.search.problem import LEVELS, LOOPS, NONE, PLACES, PLAN
from accelsim.search.skeleton import REUSE, Skeleton
from accelsim.search.tiles import LARGEST, divisors, thinned, tile_choices
from accelsim.workload.shape import DIMS, OPERANDS, Shape

IMAGE = ("OY", "OX", "FY", "FX")

MOST_REACHED = 1_000_000
"""Tiles of an image axis up to which the halo is looked at."""

Records = NDArray[np.void]


def active(shape: Shape) -> list[str]:
    """Return the dimensions with more than one step; one of them if there is none."""
    return [dim for dim in DIMS if shape.extents[dim] > 1] or ["K"]


@dataclass(frozen=True)
class Menu:
    """A loop nest for the search, and the tiles to choose from.

    Parameters
    ----------
    record : array of `LOOPS`, shape (1,)
    tiles : int64 array, shape (dimensions, most)
        Tiles to choose from, descending.
    reach : pair of float arrays, shape (outputs + 1, taps + 1)
        Input rows and columns that all tiles of so many outputs and taps reach, added up.
    whole : bool
        Whether these are all tiles that matter.
    """

    record: Records
    tiles: Ints
    reach: tuple[Floats, Floats]
    whole: bool


def menu_of(shape: Shape, *, exact: bool = False, most: int = 0) -> Menu:
    """Return the menu of a shape; ``exact`` for tiles that divide, ``most`` for no more than so many of each."""
    dims = active(shape)
    menus = [divisors(shape.extents[dim]) if exact else tile_choices(shape.extents[dim]) for dim in dims]
    if most:
        menus = [thinned(menu, most) for menu in menus]
    tiles = np.ones((len(dims), max(len(menu) for menu in menus)), dtype=np.int64)
    for row, menu in zip(tiles, menus, strict=True):
        row[: len(menu)] = menu
    rows, columns = axes_of(shape)
    windowed = bool(rows.slides or columns.slides)
    record = np.zeros(1, LOOPS)
    one = record[0]
    one["dims"], one["exact"], one["windowed"] = len(dims), exact, windowed
    one["image"] = -1
    for number, (dim, menu) in enumerate(zip(dims, menus, strict=True)):
        one["extent"][number], one["reuse"][number] = shape.extents[dim], reused(dim)
        one["choices"][number] = len(menu)
        if windowed and dim in IMAGE:
            one["image"][number] = IMAGE.index(dim)
    for name, axis in (("y", rows), ("x", columns)):
        window = axis.window
        one[name] = window.stride, window.dilation, window.size, max(axis.touched, 1), axis.pairs
    inputs = shape.B * shape.G * shape.C * rows.touched * columns.touched if windowed else shape.words("I")
    one["words"] = shape.words("W"), inputs, shape.words("O")
    one["halo"] = windowed and all((axis.out + 1) * (axis.taps + 1) <= MOST_REACHED for axis in (rows, columns))
    halo = bool(one["halo"])
    whole = not most and all(shape.extents[dim] <= LARGEST for dim in dims)
    return Menu(record, tiles, (_reach(rows, halo), _reach(columns, halo)), whole)


def reused(dim: str) -> int:
    """Return the class of a dimension: the number of the operand that it reuses, or `NONE`."""
    return next((number for number, operand in enumerate(OPERANDS) if dim in REUSE[operand]), NONE)


def _reach(axis: Axis, windowed: bool) -> Floats:
    if not windowed:
        return np.ones((2, 2))
    reach = np.zeros((axis.out + 1, axis.taps + 1))
    outputs, taps = np.meshgrid(np.arange(1, axis.out + 1), np.arange(1, axis.taps + 1), indexing="ij")
    reach[1:, 1:] = axis.reach(outputs, taps)
    return reach


class Plans:
    """Makes the plans of a case.

    Parameters
    ----------
    chip : Chip
    case : Case
    prices : Prices
    constraints : Constraints
    """

    def __init__(self, chip: Chip, case: Case, prices: Prices, constraints: Constraints) -> None:
        self.chip, self.case, self.prices, self.constraints = chip, case, prices, constraints
        self.dims = active(case.shape)
        self.levels = {level.name: level for level in chip.levels}
        self.number = {name: number for number, name in enumerate(self.levels)}
        kept = home(chip)
        self.home = kept.name if kept is not None else None
        systolic = chip.timing == "systolic" and len(chip.fanouts) > 1
        operations = sum(count for _, count in case.layer.vector_ops)
        self._chains: dict[tuple[str, tuple[str, ...]], tuple[list[list[float]], list[float], float]] = {}
        self._widths: dict[tuple[str, tuple[str, ...]], list[tuple[float, float]]] = {}
        self._blank = np.zeros(1, PLAN)
        one = self._blank[0]
        one["levels"] = len(chip.levels)
        for number, level in enumerate(chip.levels):
            one["rate"][number] = _rates(level)
            if level is not chip.outermost:
                one["capacity"][number] = -1.0 if level.capacity_bits is None else level.capacity_bits
                one["copies"][number] = 2.0 if level.double_buffered else 1.0
                one["serial"][number] = level.buffering == "single"
                one["ramps"][number] = level.buffering == "double"
        if self.home is not None:
            one["taken"][self.number[self.home]] = case.reserved_bits
        one["static_pj"], one["add_pj"] = prices.static_pj, prices.add_pj
        one["work"] = float(case.shape.density) / float(chip.macs_per_pe_cycle(*multiplied_formats(case)).value)
        one["skew"] = sum(fanout.size for fanout in chip.fanouts[-2:]) - 2.0 if systolic else 0.0
        one["least_cycles"] = operations / chip.vector.lanes.value if chip.vector else 0.0
        one["converting"] = prices.output_converter_cycles
        one["bias_bits"], one["bias_level"] = prices.bias_bits, self.number[prices.bias_level]

    def plans(self, skeletons: Sequence[Skeleton]) -> Records:
        """Return the plans of some skeletons, an array of `PLAN`.

        Raises
        ------
        InputError
            The chip has more levels or nodes than a record has room for.
        """
        places = max((len(skeleton.places) for skeleton in skeletons), default=0)
        if len(self.levels) > LEVELS or places > PLACES:
            raise InputError(
                f"a chip must have at most {LEVELS} levels that keep at most {PLACES} operands and fan-outs in all to "
                f"be searched; {self.chip.name} has {len(self.levels)} levels and {places}. Use mapping='heuristic'."
            )
        found = np.repeat(self._blank, len(skeletons))
        for one, skeleton in zip(found, skeletons, strict=True):
            self._fill(one, skeleton)
        return found

    def _fill(self, one: Any, skeleton: Skeleton) -> None:
        """Write what is a skeleton's own."""
        fixed = self.prices.fixed_pj
        one["places"], one["parent"], one["inner"] = len(skeleton.places), -1, -1
        for number, place in enumerate(skeleton.places):
            one["kind"][number] = OPERANDS.index(place.operand) if place.operand else NONE
            one["level"][number] = self.number[place.level] if place.operand else 0
            one["fanouts"][number] = len(place.fanouts)
            for column, dim in enumerate(self.dims):
                pinned = self.constraints.tiles.get((place.level, place.operand), {})
                one["pins"][number, column] = pinned.get(dim, 0)
            pinned_loops = self.constraints.loops.get((place.level, place.operand))
            if pinned_loops is not None:
                outside = max((other for other in range(number) if skeleton.places[other].operand), default=-1)
                one["loops"][outside + 1, : len(self.dims)] = [1 if dim in pinned_loops else 2 for dim in self.dims]
        one["groups"] = len(skeleton.groups)
        one["group"][: len(skeleton.groups)] = skeleton.groups
        for number, operand in enumerate(OPERANDS):
            nodes, chain = skeleton.nodes[operand], skeleton.chains[operand]
            crossings, one["feed"][number], more = self._prices(operand, chain)
            fixed += more
            one["last"][number] = nodes[-1]
            for at, place_number in enumerate(nodes[1:]):
                one["parent"][place_number] = nodes[at]
                if nodes[at] >= 0:
                    one["inner"][nodes[at]] = place_number
                one["cross"][place_number] = crossings[at]
                bits = self._bits(operand, chain)[at + 1]
                if chain[at + 1] == self.home and operand in self.case.resident:
                    whole = self.case.shape.words(operand) * stored_bits(self.case, operand)
                    one["taken"][self.number[self.home]] += whole
                    bits = 0.0, bits[1] if operand == "O" else 0.0
                one["bits"][place_number] = bits
        one["fixed_pj"] = fixed
        one["outside"][: len(self.levels)] = self._outside(skeleton)

    def _prices(self, operand: str, chain: tuple[str, ...]) -> tuple[list[list[float]], list[float], float]:
        """Prices between the levels of a chain, between the last and the MACs, and what is fixed."""
        key = operand, chain
        if key not in self._chains:
            crossings, fixed = self.prices.crossings(operand, chain)
            *moves, fed = crossings
            feed = [fed.sent_pj, fed.merged_pj[0], fed.sent_bits, fed.merged_bits[0], fed.converter_cycles]
            self._chains[key] = [_row(one) for one in moves], feed, fixed
        return self._chains[key]

    def _bits(self, operand: str, chain: tuple[str, ...]) -> list[tuple[float, float]]:
        """Widths of a word at the levels of a chain: finished and unfinished."""
        key = operand, chain
        if key not in self._widths:
            levels = [self.levels[name] for name in chain]

            def bits(level: Level, *, finished: bool) -> float:
                return word_bits(self.chip, chain, level, self.case, operand, finished=finished)

            self._widths[key] = [(bits(one, finished=True), bits(one, finished=False)) for one in levels]
        return self._widths[key]

    def _outside(self, skeleton: Skeleton) -> list[int]:
        """The place up to which all groups stand outside a level."""
        found = []
        for level in self.levels.values():
            outer = {fanout.name for fanout in self.chip.fanouts[: level.depth]}
            found.append(max((g + 1 for g in skeleton.groups if outer >= set(skeleton.places[g].fanouts)), default=0))
        return found


def _rates(level: Level) -> tuple[float, float, float]:
    share = level.efficiency.value
    read, write = level.read_bits_per_cycle, level.write_bits_per_cycle
    return (
        1 / (read * share) if read else 0.0,
        1 / (write * share) if write else 0.0,
        float(level.shared_port),
    )


def _row(price: Crossing) -> list[float]:
    return [
        price.sent_pj, price.inward_pj, *price.outward_pj, *price.merged_pj,
        price.sent_bits, price.inward_bits, *price.outward_bits, *price.merged_bits, price.converter_cycles,
    ]  # fmt: skip


def promising(extents: Ints, reuse: Ints, totals: Ints, most: int) -> Ints:
    """Return the rows of a table of instances worth a first look: busy, none in vain, and of every kind some.

    Instances of a dimension are in vain where fewer take the same number of turns. Of those that do at least
    half as many MACs at a time as can be, the busiest are taken in turn from every kind, which is how many
    instances share each operand.
    """
    turns = -(-extents // totals)
    useful = (-(-extents // turns) == totals).all(axis=1)
    together = float(np.prod(extents.astype(float))) / turns.astype(float).prod(axis=1)
    good = np.flatnonzero(useful & (together >= together[useful].max() / 2))
    good = good[np.argsort(-together[good], kind="stable")]
    sharing = np.stack([totals[good][:, reuse == own].prod(axis=1) for own in range(NONE + 1)], axis=1)
    _, kind = np.unique(sharing, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    order = np.argsort(kind, kind="stable")
    starts = np.searchsorted(kind[order], np.arange(kind.max() + 1))
    turn = np.empty(len(good), dtype=np.int64)
    turn[order] = np.arange(len(good)) - starts[kind[order]]
    return good[np.argsort(turn, kind="stable")][:most]
