"""What does a mapping move, word by word? The nest executed literally: the oracle of all counts.

Every step, every instance and every word is visited; there is no formula to get wrong. The
five sentences of the design ("Mapping and counts") are `_Run.box` (1), `_fetch` (2 and 3),
`_feed` (4) and `_accumulate` (5). Meant for layers of a few thousand MACs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import pairwise, product
from math import ceil, prod

from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.mapping.tally import LevelCounts
from accelsim.workload.shape import DIMS, OPERANDS, REDUCTION, RELEVANT, Shape, Window

Index = tuple[int, ...]
Word = tuple[int, ...]
Box = frozenset[Word]
Tiles = dict[str, range]
Position = dict[str, int]
Tally = Counter[tuple[str, str, str]]


@dataclass(frozen=True)
class Interpretation:
    """What one nest does.

    Parameters
    ----------
    macs : int
        Operations executed, padding included.
    steps : int
        Lockstep steps: index vectors of the temporal loops.
    counts : dict
        Words moved by (level, operand), for each pair that the nest keeps.
    """

    macs: int
    steps: int
    counts: dict[tuple[str, str], LevelCounts]


def interpret(shape: Shape, nest: Nest, hierarchy: Hierarchy) -> Interpretation:
    """Execute ``nest`` on ``shape`` by brute force and count what moves.

    Parameters
    ----------
    shape : Shape
        The layer; its ``density`` is ignored (every MAC of the nest is executed).
    nest : Nest
        The mapping; it must pass `Nest.check`.
    hierarchy : Hierarchy
        The chip's levels and fan-outs.

    Returns
    -------
    Interpretation
    """
    nest.check(shape, hierarchy)
    run = _Run.of(shape, nest)
    tally: Tally = Counter()
    for operand in ("W", "I"):
        for parent, child in pairwise(run.chain(operand)):
            _fetch(run, parent, child, tally)
        _feed(run, run.chain(operand)[-1], tally)
    _accumulate(run, tally)
    kept = [(node.level, node.operand) for operand in OPERANDS for node in run.chain(operand)]
    kinds = [kind.name for kind in fields(LevelCounts)]
    counts = {pair: LevelCounts(**{kind: tally[*pair, kind] for kind in kinds}) for pair in kept}
    return Interpretation(sum(map(len, run.operations)), len(run.steps), counts)


@dataclass(frozen=True)
class _Node:
    """A level keeping one operand below ``loops``, of which so many are temporal and spatial."""

    level: str
    operand: str
    loops: tuple[Loop, ...]
    temporal: int
    spatial: int

    @classmethod
    def at(cls, nest: Nest, line: int, level: str, operand: str) -> _Node:
        above = tuple(loop for loop in nest.lines[:line] if isinstance(loop, Loop))
        spatial = sum(_is_spatial(loop) for loop in above)
        return cls(level, operand, above, len(above) - spatial, spatial)

    def instance(self, path: Index) -> Index:
        """The instance of this node on the way to the instance or MAC at ``path``."""
        return path[: self.spatial]


@dataclass(frozen=True)
class _Run:
    """The nest laid out in time and space.

    Parameters
    ----------
    steps : list of Index
        The temporal loops' indices at each step, in time order.
    macs : list of Index
        The spatial loops' indices of each MAC.
    operations : list of dict
        At each step, the position that each working MAC computes, by dimension.
    """

    shape: Shape
    nest: Nest
    steps: list[Index]
    macs: list[Index]
    operations: list[dict[Index, Position]]
    boxes: dict[tuple[object, ...], Box] = field(default_factory=dict)

    @classmethod
    def of(cls, shape: Shape, nest: Nest) -> _Run:
        """Lay out the steps, the MACs and what each MAC does at each step."""
        steps = list(_lead_steps(nest.loops, _whole(shape)))
        bounds = zip(nest.loops, nest.bounds(shape), strict=True)
        macs = list(product(*(range(bound) for loop, bound in bounds if _is_spatial(loop))))
        operations = []
        for step in steps:
            tiles = ((mac, _tiles(shape, nest.loops, step, mac)) for mac in macs)
            working = {mac: {dim: tile[0] for dim, tile in own.items()} for mac, own in tiles if all(own.values())}
            operations.append(working)
        return cls(shape, nest, steps, macs, operations)

    def chain(self, operand: str) -> list[_Node]:
        """Nodes that keep ``operand``, outermost first."""
        keeps = [(at, line) for at, line in enumerate(self.nest.lines) if isinstance(line, Keep)]
        return [_Node.at(self.nest, at, keep.level, operand) for at, keep in keeps if operand in keep.operands]

    def instances(self, node: _Node) -> list[Index]:
        """Every instance of ``node``, idle ones included."""
        return sorted({node.instance(mac) for mac in self.macs})

    def box(self, node: _Node, step: Index, instance: Index) -> Box:
        """Words that one instance holds at a step: what the loops below it touch (sentence 1)."""
        tiles = _tiles(self.shape, node.loops, step, instance)
        touched = {dim: tiles[dim] for dim in DIMS if dim in RELEVANT[node.operand]}
        key = (node.operand, *touched.values())
        if key not in self.boxes:
            self.boxes[key] = _box(self.shape, node.operand, touched)
        return self.boxes[key]


def _is_spatial(loop: Loop) -> bool:
    return loop.fanout is not None


def _whole(shape: Shape) -> Tiles:
    return {dim: range(extent) for dim, extent in shape.extents.items()}


def _nth(handed: range, loop: Loop, index: int) -> range:
    """Positions that iteration or instance ``index`` of a loop gets of those handed to the loop."""
    return handed[index * loop.tile : (index + 1) * loop.tile]


def _lead_steps(loops: tuple[Loop, ...], tiles: Tiles) -> Iterator[Index]:
    """Yield the temporal loops' indices in time order; instance 0 has the most iterations."""
    if not loops:
        yield ()
        return
    loop, below = loops[0], loops[1:]
    handed = tiles[loop.dim]
    if _is_spatial(loop):
        yield from _lead_steps(below, tiles | {loop.dim: _nth(handed, loop, 0)})
        return
    for index in range(ceil(len(handed) / loop.tile)):
        for rest in _lead_steps(below, tiles | {loop.dim: _nth(handed, loop, index)}):
            yield (index, *rest)


def _tiles(shape: Shape, loops: tuple[Loop, ...], step: Index, instance: Index) -> Tiles:
    """Positions handed down through ``loops`` at one step to one instance, by dimension."""
    tiles = _whole(shape)
    in_time, in_space = iter(step), iter(instance)
    for loop in loops:
        index = next(in_space if _is_spatial(loop) else in_time)
        tiles[loop.dim] = _nth(tiles[loop.dim], loop, index)
    return tiles


def _pixel(window: Window, out: int, tap: int) -> int:
    """Input position that one output position and one filter tap meet at; may be padding."""
    return out * window.stride + tap * window.dilation - window.pad


def _box(shape: Shape, operand: str, touched: Tiles) -> Box:
    """Smallest box of words that holds what the tiles of the operand's dimensions touch."""
    if not all(touched.values()):
        return frozenset()
    if operand != "I":
        return frozenset(product(*touched.values()))
    assert shape.y is not None
    assert shape.x is not None
    rows = _interval(shape.y, touched["OY"], touched["FY"])
    columns = _interval(shape.x, touched["OX"], touched["FX"])
    return frozenset(product(touched["B"], touched["G"], touched["C"], rows, columns))


def _interval(window: Window, outs: range, taps: range) -> range:
    """Smallest interval of input positions that holds what is touched, clipped to the tensor."""
    pixels = [_pixel(window, out, tap) for out in outs for tap in taps]
    return range(max(0, min(pixels)), min(window.size, max(pixels) + 1))


def _word(shape: Shape, operand: str, at: Position) -> Word | None:
    """Word of ``operand`` that the MAC at one position touches; None if it is padding."""
    if operand != "I":
        return tuple([at[dim] for dim in DIMS if dim in RELEVANT[operand]])
    assert shape.y is not None
    assert shape.x is not None
    row, column = _pixel(shape.y, at["OY"], at["FY"]), _pixel(shape.x, at["OX"], at["FX"])
    inside = 0 <= row < shape.y.size and 0 <= column < shape.x.size
    return (at["B"], at["G"], at["C"], row, column) if inside else None


def _fetch(run: _Run, parent: _Node, child: _Node, tally: Tally) -> None:
    """Fill the instances of ``child`` with what their new boxes add (sentences 2 and 3)."""
    held: dict[Index, Box] = dict.fromkeys(run.instances(child), frozenset())
    previous: Index | None = None
    for step in run.steps:
        above = step[: child.temporal]
        if above == previous:
            continue
        previous = above
        wanted: defaultdict[Index, set[Word]] = defaultdict(set)
        for instance, old in held.items():
            box = run.box(child, above, instance)
            new = box - old
            tally[child.level, child.operand, "fills"] += len(new)
            wanted[parent.instance(instance)] |= new
            held[instance] = box
        tally[parent.level, parent.operand, "reads"] += sum(map(len, wanted.values()))


def _feed(run: _Run, node: _Node, tally: Tally) -> None:
    """Read what the working MACs need from the operand's innermost node (sentence 4)."""
    for working in run.operations:
        wanted = {(node.instance(mac), _word(run.shape, node.operand, position)) for mac, position in working.items()}
        tally[node.level, node.operand, "reads"] += sum(word is not None for _, word in wanted)


@dataclass(eq=False)
class _Stay:
    """One stay of one box of outputs in one instance.

    Parameters
    ----------
    box : Box
    works : bool
        Whether the instance does at least one operation during the stay.
    products : Counter
        How many products the instance's copy of each word holds.
    """

    box: Box
    works: bool = False
    products: Counter[Word] = field(default_factory=Counter)


Stays = dict[Index, _Stay]


def _stays(run: _Run, node: _Node) -> list[Stays]:
    """For each step, the stay that each instance of ``node`` is in."""
    timeline: list[Stays] = []
    current: Stays = {instance: _Stay(frozenset()) for instance in run.instances(node)}
    previous: Index | None = None
    for step, working in zip(run.steps, run.operations, strict=True):
        above = step[: node.temporal]
        if above != previous:
            boxes = {instance: run.box(node, above, instance) for instance in current}
            current = {at: stay if stay.box == boxes[at] else _Stay(boxes[at]) for at, stay in current.items()}
            previous = above
        for mac in working:
            current[node.instance(mac)].works = True
        timeline.append(current)
    return timeline


def _accumulate(run: _Run, tally: Tally) -> None:
    """Move partial sums between levels until every output is home (sentence 5).

    Boxes of outputs are tiles of a partition, so an instance's next box is either the same
    (the stay goes on) or shares no word with it (all words leave).
    """
    nodes = run.chain("O")
    timelines = [_stays(run, node) for node in nodes]
    links = list(pairwise(range(len(nodes))))
    before: list[Stays] = [{} for _ in nodes]
    for number, working in enumerate(run.operations):
        now = [timeline[number] for timeline in timelines]
        for up, down in reversed(links):
            _drain(run, nodes[up], nodes[down], before[up], before[down], now[down], tally)
        for up, down in links:
            _return(nodes[up], nodes[down], now[up], before[down], now[down], tally)
        _multiply(run, nodes[-1], now[-1], working, tally)
        before = now
    for up, down in reversed(links):
        _drain(run, nodes[up], nodes[down], before[up], before[down], {}, tally)


def _changed(old: Stays, new: Stays) -> Stays:
    """Working stays of ``old`` that do not go on in ``new``."""
    if old is new:
        return {}
    return {instance: stay for instance, stay in old.items() if stay.works and new.get(instance) is not stay}


def _drain(run: _Run, parent: _Node, child: _Node, above: Stays, old: Stays, new: Stays, tally: Tally) -> None:
    """Read the words that leave ``child``, add the sharers' sums, update ``parent`` once each."""
    all_products = prod(run.shape.extents[dim] for dim in REDUCTION)
    leaving: defaultdict[Index, Counter[Word]] = defaultdict(Counter)
    for instance, stay in _changed(old, new).items():
        for word in stay.box:
            width = "final" if stay.products[word] == all_products else "partial"
            tally[child.level, "O", f"drains_{width}"] += 1
            leaving[parent.instance(instance)][word] += stay.products[word]
    for instance, sums in leaving.items():
        for word, products in sums.items():
            above[instance].products[word] += products
            width = "final" if above[instance].products[word] == all_products else "partial"
            tally[parent.level, "O", f"updates_{width}"] += 1


def _return(parent: _Node, child: _Node, above: Stays, old: Stays, new: Stays, tally: Tally) -> None:
    """Move each partial sum that ``parent`` holds into the first working instance that shares it."""
    for instance, stay in _changed(new, old).items():
        held = above[parent.instance(instance)].products
        for word in stay.box:
            if held[word]:
                tally[parent.level, "O", "reads"] += 1
                tally[child.level, "O", "fills"] += 1
                stay.products[word] = held.pop(word)


def _multiply(run: _Run, node: _Node, stays: Stays, working: dict[Index, Position], tally: Tally) -> None:
    """Add the products of one step into the innermost node, one update per word and instance."""
    targets = [(node.instance(mac), _word(run.shape, "O", position)) for mac, position in working.items()]
    for (instance, word), products in Counter(targets).items():
        assert word is not None
        held = stays[instance].products
        tally[node.level, "O", "reads"] += held[word] > 0
        tally[node.level, "O", "updates_partial"] += 1
        held[word] += products
