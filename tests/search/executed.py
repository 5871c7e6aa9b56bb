"""What does every mapping of a tiny layer move? The interpreter's word, laid out for the engine.

The interpreter executes nests word by word. The words that one operand moves depend on the loops and
on that operand's nodes alone, so each is executed once for given loops and nodes, whatever the other
operands do. Its first boxes, of which the interpreter does not tell, are found here word by word; the
closed form of the counts is not used anywhere. The room set aside for a box (`_room`) and what the last
box of an output is taken to be (`_last`) are conventions of the engine, repeated here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass, is_dataclass
from functools import lru_cache
from itertools import groupby, product
from math import prod

import numpy as np
from space import Chain, Loops, Mapping, every_chain, every_order, parted, repeated

from accelsim.hardware.chip import Chip
from accelsim.mapping.counts import Counts
from accelsim.mapping.interpreter import interpret
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.mapping.tally import Closing, LevelCounts, Opening
from accelsim.workload.shape import DIMS, OPERANDS, REDUCTION, RELEVANT, Shape, Window

MOVES = len(astuple(LevelCounts()))
Tiles = dict[str, range]
Levels = tuple[str, ...]
Numbers = tuple[int, ...]
"""What the nodes of one chain do: for each node its moves, box, whether it moves, first or last words."""
Told = dict[tuple[str, tuple[int, ...]], Numbers]
"""Numbers by operand and places of its nodes."""


@dataclass(frozen=True)
class Group:
    """Mappings whose operands are kept by the same levels, an entry a mapping.

    Parameters
    ----------
    kept : tuple of tuple of str
        The levels that keep W, I and O, outermost first.
    counts : Counts
    loops_of : int array, shape (n,)
        Which sequence of loops a mapping has.
    chain_of : int array, shape (3, n)
        Which chain of those of its loops W, I and O have.
    """

    kept: tuple[Levels, ...]
    counts: Counts
    loops_of: np.ndarray
    chain_of: np.ndarray

    def of(self, row: int) -> Counts:
        """Return the counts of one mapping."""

        def one(entry):
            if isinstance(entry, dict):
                return {key: one(value) for key, value in entry.items()}
            if is_dataclass(entry):
                return type(entry)(**{name: one(value) for name, value in vars(entry).items()})
            return None if entry is None else entry[row : row + 1]

        return one(self.counts)

    @property
    def nest(self) -> Nest:
        """The nodes alone: all that the engine asks of a structure besides its counts."""
        nodes = zip(OPERANDS, self.kept, strict=True)
        return Nest(tuple(Keep(level, operand) for operand, levels in nodes for level in levels))


@dataclass
class Executed:
    """Every mapping of a shape on a chip, executed.

    Parameters
    ----------
    orders : list of tuple of Loop
        Every sequence of loops.
    chains : list of three lists of Chain
        Where W, I and O may be kept, for every sequence of loops.
    groups : list of Group
    """

    orders: list[Loops]
    chains: list[list[list[Chain]]]
    groups: list[Group]

    def mapping(self, group: Group, row: int) -> Mapping:
        """Return one mapping of a group."""
        number = group.loops_of[row]
        chosen = zip(self.chains[number], group.chain_of[:, row], strict=True)
        return Mapping(self.orders[number], tuple(chains[place] for chains, place in chosen))


def size(chip: Chip, shape: Shape, most: int, executions: int) -> int | None:
    """Return how many mappings there are; None if more than ``most``, or if more executions are needed."""
    mappings = 0
    for loops in every_order(chip, shape):
        chains = [every_chain(chip, loops, operand) for operand in OPERANDS]
        mappings += int(_complete(chip, loops, chains).sum())
        executions -= max(len({_places(chain) for chain in own}) for own in chains)
        if mappings > most or executions < 0:
            return None
    return mappings


def execute(chip: Chip, shape: Shape) -> Executed:
    """Execute every mapping of the declared space."""
    found = Executed(list(every_order(chip, shape)), [], [])
    steps: list[int] = []
    tables: dict[tuple[str, Levels], list[Numbers]] = defaultdict(list)
    members: dict[tuple[Levels, ...], list[np.ndarray]] = defaultdict(list)
    for number, loops in enumerate(found.orders):
        chains = [every_chain(chip, loops, operand) for operand in OPERANDS]
        told, states = _told(chip, shape, loops, chains)
        found.chains.append(chains)
        steps.append(states)
        lines = [_listed(operand, own, told, tables) for operand, own in zip(OPERANDS, chains, strict=True)]
        complete = _complete(chip, loops, chains)
        for kept in product(*lines):
            pairs = [lines[which][levels] for which, levels in enumerate(kept)]
            members[kept].append(_triples(number, pairs, complete))
    arrays = {key: np.array(rows) for key, rows in tables.items()}
    used = {one.name: np.array([_used(shape, loops, one.name) for loops in found.orders]) for one in chip.fanouts}
    for kept, blocks in members.items():
        loops_of, *rest = np.concatenate(blocks, axis=1)
        if loops_of.size:
            told_of = [arrays[key][line] for key, line in zip(zip(OPERANDS, kept, strict=True), rest[3:], strict=True)]
            whole = tuple((chip.outermost.name, *levels) for levels in kept)
            instances = {name: per_order[loops_of] for name, per_order in used.items()}
            counts = _counts(shape, whole, told_of, np.array(steps)[loops_of], instances)
            found.groups.append(Group(whole, counts, loops_of, np.array(rest[:3])))
    return found


def _listed(
    operand: str, chains: Sequence[Chain], told: Told, tables: dict[tuple[str, Levels], list[Numbers]]
) -> dict[Levels, np.ndarray]:
    """Add what an operand's chains do to the table of their levels; return their (place, line) by levels."""
    lines = defaultdict(list)
    for place, chain in enumerate(chains):
        levels = tuple(level for level, _ in chain)
        lines[levels].append((place, len(tables[operand, levels])))
        tables[operand, levels].append(told[operand, _places(chain)])
    return {levels: np.array(pairs) for levels, pairs in lines.items()}


def _triples(number: int, pairs: Sequence[np.ndarray], complete: np.ndarray) -> np.ndarray:
    """Every complete choice of three chains: loops, chain of W, I and O, line of W, I and O, shape (7, n)."""
    places, lines = (np.meshgrid(*(own[:, part] for own in pairs), indexing="ij") for part in (0, 1))
    chosen = complete[tuple(places)]
    return np.array([np.full(chosen.sum(), number), *(column[chosen] for column in (*places, *lines))])


def _complete(chip: Chip, loops: Loops, chains: Sequence[Sequence[Chain]]) -> np.ndarray:
    """Which triples of chains are of the declared space, shape (chains of W, of I, of O).

    They part all loops that must be parted, and every fan-out, used or not, parts outer nodes from inner ones.
    """
    repeats = repeated(loops)
    marks = [
        np.array([sum(1 << repeats.index(pair) for pair in parted(repeats, chain)) for chain in own], dtype=np.int64)
        for own in chains
    ]
    together = marks[0][:, None, None] | marks[1][None, :, None] | marks[2][None, None, :]
    complete = together == (1 << len(repeats)) - 1
    depth = {level.name: level.depth for level in chip.levels}
    for fanout in range(len(chip.fanouts)):
        outer, inner = (
            [np.array([pick([place for level, place in chain if (depth[level] > fanout) is inside], default=none)
                       for chain in own]) for own in chains]
            for inside, pick, none in ((False, max, 0), (True, min, len(loops)))
        )  # fmt: skip
        last = np.maximum(np.maximum(outer[0][:, None, None], outer[1][None, :, None]), outer[2][None, None, :])
        first = np.minimum(np.minimum(inner[0][:, None, None], inner[1][None, :, None]), inner[2][None, None, :])
        complete &= last <= first
    return complete


def _places(chain: Chain) -> tuple[int, ...]:
    return tuple(place for _, place in chain)


def _used(shape: Shape, loops: Loops, fanout: str) -> int:
    """Instances of a fan-out that the spatial loops use."""
    bounds = zip(loops, Nest(loops).bounds(shape), strict=True)
    return prod(bound for loop, bound in bounds if loop.fanout == fanout)


def _told(chip: Chip, shape: Shape, loops: Loops, chains: Sequence[Sequence[Chain]]) -> tuple[Told, int]:
    """Execute nests until each operand was kept in every way: what every chain's nodes do, and the steps."""
    distinct = [list({_places(chain): chain for chain in own}.values()) for own in chains]
    found: Told = {}
    steps = 0
    for number in range(max(map(len, distinct))):
        kept = tuple(own[min(number, len(own) - 1)] for own in distinct)
        told = interpret(shape, Mapping(loops, kept).nest(chip), Hierarchy(*chip.hierarchy))
        assert told.macs == prod(shape.extents.values())
        steps = told.steps
        for operand, chain in zip(OPERANDS, kept, strict=True):
            if (operand, _places(chain)) in found:
                continue
            above, numbers = 0, []
            for level, place in ((chip.outermost.name, 0), *chain):
                moves = astuple(told.counts[level, operand])
                numbers += [*moves, *_boxes(shape, loops, operand, above, place)]
                above = place
            found[operand, _places(chain)] = tuple(numbers)
    return found, steps


def _counts(
    shape: Shape,
    kept: tuple[Levels, ...],
    told_of: Sequence[np.ndarray],
    steps: np.ndarray,
    instances: dict[str, np.ndarray],
) -> Counts:
    """The record that the engine takes, from the numbers of W, I and O of every mapping."""
    macs = np.full(len(steps), prod(shape.extents.values()))
    counts = Counts(macs, steps, {}, {}, {}, {}, {}, instances, {})
    for operand, levels, columns in zip(OPERANDS, kept, told_of, strict=True):
        for place, level in enumerate(levels):
            first = place * (MOVES + 5)
            *moves, box, moving, inside, outside, visits = columns[:, first : first + MOVES + 5].T
            counts.levels[level, operand] = LevelCounts(*moves)
            counts.boxes[level, operand] = box
            counts.moving[level, operand] = moving > 0
            counts.visits[operand] = visits
            if operand == "O":
                counts.closing[level] = Closing(inside, outside)
            elif place:
                counts.opening[level, operand] = Opening(inside, outside)
    return counts


def _boxes(shape: Shape, loops: Loops, operand: str, above: int, place: int) -> tuple[int, int, int, int, int]:
    """What a node below ``place`` loops holds: the room for its box, whether it moves, its first or last words, visits.

    The words are those of the first boxes (W, I) or the last (O): in all instances, and outside them, where
    the node above (below ``above`` loops) stands, merged.
    """
    moving = any(loop.fanout is None and loop.dim in RELEVANT[operand] for loop in loops[:place])
    box = _room(shape, operand, loops[:place])
    ramp = _last(shape, loops[:place]) if operand == "O" else _first(shape, operand, loops[:place], above)
    return box, int(moving), *ramp, _visits(shape, operand, loops[:place])


@lru_cache(maxsize=100_000)
def _visits(shape: Shape, operand: str, loops: Loops) -> int:
    """Boxes that the first instance of a node below some loops holds one after another."""
    bounds = [1 if loop.fanout else _bound(shape, loops, loop) for loop in loops]
    states = (_tiles(shape, loops, at) for at in product(*map(range, bounds)))
    boxes = [[tiles[dim] for dim in RELEVANT[operand]] for tiles in states if all(map(len, tiles.values()))]
    return sum(1 for _ in groupby(boxes))


def _room(shape: Shape, operand: str, loops: Loops) -> int:
    """Words that a node below some loops sets aside: its first tile, wherever the padding is, within the tensor."""
    tiles = _tiles(shape, loops, [0] * len(loops))
    if operand != "I":
        return _words(_box(shape, operand, tiles))
    rows, columns = (
        min(window.size, (len(tiles[out]) - 1) * window.stride + (len(tiles[taps]) - 1) * window.dilation + 1)
        for window, out, taps in ((shape.y, "OY", "FY"), (shape.x, "OX", "FX"))
    )
    return len(tiles["B"]) * len(tiles["G"]) * len(tiles["C"]) * rows * columns


@lru_cache(maxsize=100_000)
def _first(shape: Shape, operand: str, loops: Loops, above: int) -> tuple[int, int]:
    """Words of the boxes of the first step in all instances, and their union in each instance above."""
    bounds = [_bound(shape, loops, loop) if loop.fanout else 1 for loop in loops]
    fills = 0
    wanted: dict[tuple[int, ...], set[tuple[int, ...]]] = defaultdict(set)
    for at in product(*map(range, bounds)):
        box = _box(shape, operand, _tiles(shape, loops, at))
        fills += _words(box)
        wanted[at[:above]] |= set(product(*box))
    return fills, sum(map(len, wanted.values()))


def _last(shape: Shape, loops: Loops) -> tuple[int, int]:
    """Words of the last boxes of O in all instances and merged, by convention as if they were full boxes."""
    held, sharers = 1, 1
    for dim, extent in shape.extents.items():
        own = [loop for loop in loops if loop.dim == dim]
        instances = prod(_bound(shape, loops, loop) for loop in own if loop.fanout)
        tile = own[-1].tile if own else extent
        if dim in REDUCTION:
            sharers *= instances
        else:
            held *= min(tile * instances, extent)
    return held * sharers, held


def _bound(shape: Shape, loops: Sequence[Loop], loop: Loop) -> int:
    outside = [one.tile for one in loops[: loops.index(loop)] if one.dim == loop.dim]
    return -(-(outside[-1] if outside else shape.extents[loop.dim]) // loop.tile)


def _tiles(shape: Shape, loops: Sequence[Loop], at: Sequence[int]) -> Tiles:
    """Positions handed down through ``loops`` to the iterations and instances ``at``, by dimension."""
    tiles = {dim: range(extent) for dim, extent in shape.extents.items()}
    for loop, index in zip(loops, at, strict=True):
        tiles[loop.dim] = tiles[loop.dim][index * loop.tile : (index + 1) * loop.tile]
    return tiles


def _box(shape: Shape, operand: str, tiles: Tiles) -> list[range]:
    """The smallest box of words that holds what some tiles touch, an interval for each axis of the tensor."""
    if not all(tiles[dim] for dim in RELEVANT[operand]):
        return [range(0)]
    if operand != "I":
        return [tiles[dim] for dim in DIMS if dim in RELEVANT[operand]]
    assert shape.y is not None
    assert shape.x is not None
    rows, columns = _reach(shape.y, tiles["OY"], tiles["FY"]), _reach(shape.x, tiles["OX"], tiles["FX"])
    return [tiles["B"], tiles["G"], tiles["C"], rows, columns]


def _reach(window: Window, outs: range, taps: range) -> range:
    """Input positions from the first to the last that some outputs and filter taps meet at, clipped."""
    low = outs[0] * window.stride + taps[0] * window.dilation - window.pad
    high = outs[-1] * window.stride + taps[-1] * window.dilation - window.pad
    return range(max(0, low), min(window.size, high + 1))


def _words(box: list[range]) -> int:
    return prod(map(len, box))
