"""How do a case and the skeletons of a chip become the arrays of the search?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from accelsim.engine.case import Case, Floats, Ints, home
from accelsim.engine.energy import multiplied_formats
from accelsim.engine.width import stored_bits, word_bits
from accelsim.hardware.chip import Chip, Level
from accelsim.mapping.constraints import Constraints
from accelsim.search.axes import Axis, axes_of
from accelsim.search.layout import Layout
from accelsim.search.prices import Crossing, Prices
from accelsim.search.problem import LOOPS, Records, Scratch
from accelsim.search.skeleton import Skeleton, reused
from accelsim.search.tiles import LARGEST, divisors, thinned, tile_choices
from accelsim.workload.shape import DIMS, Shape

PLAIN, IMAGE = ("G", "B", "K", "C"), ("OY", "OX", "FY", "FX")
"""Dimensions in the order of their loops between two places: those of the image innermost, in any order."""

MOST_REACHED = 1_000_000
"""Tiles of an image axis up to which the halo is looked at."""


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


def menu_of(shape: Shape, *, exact: bool = False, most: int = 0, wholes: bool = False) -> Menu:
    """Return the menu of a shape; ``exact`` for tiles that divide, ``most`` for no more than so many of each.

    ``wholes`` lets nodes of double-buffered levels keep a whole operand: a proof needs it, and it weakens the bounds.
    """
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
    one["dims"], one["exact"], one["windowed"], one["wholes"] = len(dims), exact, windowed, wholes
    one["image"] = -1
    for number, (dim, menu) in enumerate(zip(dims, menus, strict=True)):
        one["extent"][number], one["reuse"][number] = shape.extents[dim], reused(dim)
        one["choices"][number] = len(menu)
        if windowed and dim in IMAGE:
            one["image"][number] = IMAGE.index(dim)
    one["at_image"] = [dims.index(dim) if dim in dims else -1 for dim in IMAGE]
    one["order"][: len(dims)] = [dims.index(dim) for dim in (*PLAIN, *IMAGE) if dim in dims]
    for name, axis in (("y", rows), ("x", columns)):
        window = axis.window
        out, taps = (dims.index(dim) if dim in dims else -1 for dim in (f"O{name.upper()}", f"F{name.upper()}"))
        one[name] = (
            window.stride, window.dilation, window.pad, window.size, axis.slides, out, taps,
            max(axis.touched, 1), axis.pairs,
        )  # fmt: skip
    inputs = shape.B * shape.G * shape.C * rows.touched * columns.touched if windowed else shape.words("I")
    one["words"] = shape.words("W"), inputs, shape.words("O")
    one["halo"] = windowed and all((axis.out + 1) * (axis.taps + 1) <= MOST_REACHED for axis in (rows, columns))
    halo = bool(one["halo"])
    whole = not most and all(shape.extents[dim] <= LARGEST for dim in dims)
    return Menu(record, tiles, (_reach(rows, halo), _reach(columns, halo)), whole)


def scratch_of(shape: Shape) -> Scratch:
    """Return the room that counting a mapping of a shape needs."""
    most = max(shape.OY, shape.OX, shape.FY, shape.FX)
    positions = max(axis.window.size for axis in axes_of(shape))
    return Scratch(
        np.zeros((2, most, 4), dtype=np.int64),
        np.zeros((2, most + 2), dtype=np.int64),
        np.zeros((2, positions + 1), dtype=np.int64),
    )


def _reach(axis: Axis, windowed: bool) -> Floats:
    if not windowed:
        return np.ones((2, 2))
    reach = np.zeros((axis.out + 1, axis.taps + 1))
    outputs, taps = np.meshgrid(np.arange(1, axis.out + 1), np.arange(1, axis.taps + 1), indexing="ij")
    reach[1:, 1:] = axis.reach(outputs, taps)
    return reach


class Plans:
    """Makes the plans of a case: a layout with prices, rates and rooms.

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

    def plans(self, layout: Layout) -> Records:
        """Return the plans of all skeletons of a layout, an array of `PLAN`."""
        found = layout.records.copy()
        self._write_chip(found)
        self._write_case(found)
        self._write_prices(found, layout)
        if self.constraints.tiles or self.constraints.loops:
            for one, skeleton in zip(found, layout.skeletons, strict=True):
                self._write_pins(one, skeleton)
        return found

    def _write_chip(self, found: Records) -> None:
        """Write rates and rooms of the levels."""
        for number, level in enumerate(self.chip.levels):
            found["rate"][:, number] = _rates(level)
            if level is not self.chip.outermost:
                found["capacity"][:, number] = -1.0 if level.capacity_bits is None else level.capacity_bits
                found["copies"][:, number] = 2.0 if level.double_buffered else 1.0
                found["serial"][:, number] = level.buffering == "single"
                found["ramps"][:, number] = level.buffering == "double"

    def _write_case(self, found: Records) -> None:
        """Write what is the same in every mapping."""
        chip, case, prices = self.chip, self.case, self.prices
        systolic = chip.timing == "systolic" and len(chip.fanouts) > 1
        register = next((level for level in chip.levels if level.depth == len(chip.fanouts)), None)
        loaded = systolic and register is not None and register.buffering != "ideal"
        operations = sum(count for _, count in case.layer.vector_ops)
        if self.home is not None:
            found["taken"][:, self.number[self.home]] = case.reserved_bits
        found["static_pj"], found["add_pj"] = prices.static_pj, prices.add_pj
        timed = float(case.shape.density) * float(case.work.timed)
        found["speed"] = float(chip.macs_per_pe_cycle(*multiplied_formats(case)).value)
        found["work"] = timed / found["speed"]
        found["register"] = self.number[register.name] if loaded and register is not None else -1
        found["rows"] = chip.fanouts[-2].size if systolic else 0.0
        found["skew"] = sum(fanout.size for fanout in chip.fanouts[-2:]) - 2.0 if systolic else 0.0
        found["least_cycles"] = operations / chip.vector.lanes.value if chip.vector else 0.0
        found["converting"] = prices.output_converter_cycles
        found["bias_bits"], found["bias_level"] = prices.bias_bits, self.number[prices.bias_level]

    def _write_prices(self, found: Records, layout: Layout) -> None:
        """Write what a word costs and needs at every node."""
        moves: list[list[float]] = []
        widths: list[tuple[float, float]] = []
        feeds, fixed, taken = [], [], []
        for operand, chain in layout.chains:
            crossings, more = self.prices.crossings(operand, chain)
            *between, fed = crossings
            moves += [_row(one) for one in between]
            widths += self._widths(operand, chain)
            feeds.append([fed.sent_pj, fed.merged_pj[0], fed.sent_bits, fed.merged_bits[0], fed.converter_cycles])
            fixed.append(more)
            stays = operand in self.case.resident and self.home in chain[1:]
            taken.append(self.case.shape.words(operand) * stored_bits(self.case, operand) if stays else 0.0)
        skeleton, place, row = layout.node.T
        if len(row):
            found["cross"][skeleton, place] = np.array(moves)[row]
            found["bits"][skeleton, place] = np.array(widths)[row]
        found["feed"] = np.array(feeds)[layout.chain_of]
        found["own_pj"] = np.array(fixed)[layout.chain_of]
        found["fixed_pj"] = self.prices.fixed_pj + found["own_pj"].sum(axis=1)
        if self.home is not None:
            found["taken"][:, self.number[self.home]] += np.array(taken)[layout.chain_of].sum(axis=1)

    def _widths(self, operand: str, chain: tuple[str, ...]) -> list[tuple[float, float]]:
        """Widths of a word at the levels of a chain but the first: finished and unfinished.

        A resident tensor has room of its own; its partial sums have not.
        """
        found = []
        for name in chain[1:]:
            finished, partial = (
                word_bits(self.chip, chain, self.levels[name], self.case, operand, finished=whole)
                for whole in (True, False)
            )
            if name == self.home and operand in self.case.resident:
                finished, partial = 0.0, partial if operand == "O" else 0.0
            found.append((finished, partial))
        return found

    def _write_pins(self, one: Any, skeleton: Skeleton) -> None:
        """Write pinned tiles, and loops that must or must not stand."""
        for number, place in enumerate(skeleton.places):
            node = place.level, place.operand
            tiles = self.constraints.tiles.get(node, {})
            one["pins"][number, : len(self.dims)] = [tiles.get(dim, 0) for dim in self.dims]
            loops = self.constraints.loops.get(node)
            if loops is not None:
                outside = max((other for other in range(number) if skeleton.places[other].operand), default=-1)
                one["loops"][outside + 1, : len(self.dims)] = [1 if dim in loops else 2 for dim in self.dims]


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
