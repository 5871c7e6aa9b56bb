"""Where and when is a layer computed? One loop nest with storage nodes, outermost first.

A `Nest` is a sequence of three kinds of line: a temporal `Loop`, a spatial `Loop` (across a
named fan-out) and a `Keep` ("this level keeps these operands from here down").
A loop is defined by the tile that it hands down; its bound is ceil(extent / tile), where the
extent is the tile handed down by the next loop of its dimension outside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, prod

from accelsim.errors import InfeasibleError, InputError, did_you_mean
from accelsim.workload.shape import DIMS, OPERANDS, Shape


@dataclass(frozen=True)
class Loop:
    """A loop over ``dim`` that hands down ``tile`` positions; spatial if ``fanout`` is named."""

    dim: str
    tile: int
    fanout: str | None = None


@dataclass(frozen=True)
class Keep:
    """A storage node: ``level`` keeps ``operands`` (a subset of "WIO") from here down."""

    level: str
    operands: str


@dataclass(frozen=True)
class Hierarchy:
    """The order of memory levels and fan-outs that a nest must respect, outermost first.

    Parameters
    ----------
    levels : tuple of (name, depth)
        ``depth`` is the number of fan-outs outside the level.
    fanouts : tuple of (name, size)
    """

    levels: tuple[tuple[str, int], ...]
    fanouts: tuple[tuple[str, int], ...]

    def instances(self, level: str) -> int:
        """Number of physical instances of a level."""
        return prod(size for _, size in self.fanouts[: dict(self.levels)[level]])


@dataclass(frozen=True)
class Nest:
    """One mapping: its lines, outermost first."""

    lines: tuple[Loop | Keep, ...]

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops alone, outermost first."""
        return tuple(line for line in self.lines if isinstance(line, Loop))

    def bounds(self, shape: Shape) -> tuple[int, ...]:
        """Nominal bound of every loop, in order: ceil(tile of the loop outside / own tile)."""
        handed = shape.extents
        bounds = []
        for loop in self.loops:
            bounds.append(ceil(handed[loop.dim] / loop.tile))
            handed[loop.dim] = loop.tile
        return tuple(bounds)

    def check(self, shape: Shape, hierarchy: Hierarchy) -> None:
        """Refuse a nest that is not a mapping of ``shape`` onto ``hierarchy``.

        Raises
        ------
        InputError
            A name is unknown, a tile grows, a dimension does not end at 1, a node stands on the
            wrong side of a fan-out or of another node of its operand, or the outermost level
            does not open the nest with all three operands.
        InfeasibleError
            Spatial loops need more instances than a fan-out has.
        """
        _check_loops(self, shape, hierarchy)
        _check_nodes(self, hierarchy)


def _either(names: Iterable[str]) -> str:
    return " or ".join(names) or "nothing (the chip has none)"


def _check_loops(nest: Nest, shape: Shape, hierarchy: Hierarchy) -> None:
    sizes = dict(hierarchy.fanouts)
    used = dict.fromkeys(sizes, 1)
    handed = shape.extents
    for loop in nest.loops:
        if loop.dim not in DIMS:
            raise InputError(
                f"a loop must be over one of {' '.join(DIMS)}; got {loop.dim!r}{did_you_mean(loop.dim, DIMS)}."
            )
        if isinstance(loop.tile, bool) or not isinstance(loop.tile, int) or not 1 <= loop.tile <= handed[loop.dim]:
            raise InputError(
                f"loop {loop.dim}: the tile must be a whole number from 1 to {handed[loop.dim]}, "
                f"what the loop outside hands down; got {loop.tile!r}."
            )
        if loop.fanout is not None:
            if loop.fanout not in sizes:
                hint = did_you_mean(loop.fanout, sizes)
                raise InputError(f"a spatial loop must cross {_either(sizes)}; got {loop.fanout!r}{hint}.")
            used[loop.fanout] *= -(-handed[loop.dim] // loop.tile)
        handed[loop.dim] = loop.tile
    for dim, tile in handed.items():
        if tile != 1:
            raise InputError(
                f"the loops over {dim} must end at a tile of 1; they end at {tile}. Add an innermost loop over {dim}."
            )
    for name, count in used.items():
        if count > sizes[name]:
            raise InfeasibleError(f"the spatial loops across {name} need {count} instances; it has {sizes[name]}.")


def _check_nodes(nest: Nest, hierarchy: Hierarchy) -> None:
    depth = dict(hierarchy.levels)
    rank = {name: position for position, (name, _) in enumerate(hierarchy.levels)}
    order = {name: position for position, (name, _) in enumerate(hierarchy.fanouts)}
    opening = next(iter(nest.lines), None)
    outermost = hierarchy.levels[0][0]
    if not (isinstance(opening, Keep) and opening.level == outermost and set(opening.operands) == set(OPERANDS)):
        raise InputError(f"a mapping must open with the outermost level, {outermost}, keeping W, I and O.")
    deepest_fanout = -1
    innermost_node = dict.fromkeys(OPERANDS, -1)
    for line in nest.lines:
        if isinstance(line, Loop):
            if line.fanout is not None:
                deepest_fanout = max(deepest_fanout, order[line.fanout])
            continue
        if line.level not in depth:
            hint = did_you_mean(line.level, depth)
            raise InputError(f"a node must be of the level {_either(depth)}; got {line.level!r}{hint}.")
        if deepest_fanout >= depth[line.level]:
            name = hierarchy.fanouts[deepest_fanout][0]
            raise InputError(f"a node of {line.level} must stand above the loops across {name}, which is inside it.")
        for operand in line.operands:
            if operand not in OPERANDS:
                raise InputError(f"a level keeps W, I or O; got {operand!r}.")
            if innermost_node[operand] >= rank[line.level]:
                raise InputError(f"{line.level} keeps {operand} below a level that is inside it, or twice.")
            innermost_node[operand] = rank[line.level]
    _check_outer_fanouts(nest, depth, order)


def _check_outer_fanouts(nest: Nest, depth: dict[str, int], order: dict[str, int]) -> None:
    pending: dict[int, str] = {}
    for line in reversed(nest.lines):
        if isinstance(line, Loop):
            if line.fanout is not None:
                pending[order[line.fanout]] = line.fanout
            continue
        outside = [name for position, name in pending.items() if position < depth[line.level]]
        if outside:
            raise InputError(
                f"a node of {line.level} must stand below the loops across {outside[0]}, which is outside it."
            )
