"""What is the least over all mappings of a matrix product on AccelForge's three levels? A search of its own.

It serves rows whose levels keep every operand, tries tiles that divide, and costs by the rules of AccelForge or of
accelsim. Each operand is left alone by one dimension. Over a range of loops (from memory down to the spatial loops,
or inside a PE) let A, B, C stand in this order, left alone by x, y, z. Then larger tiles than these only take room:

    A keeps a_y * a_z words and comes once, B keeps b_z words for each of x and comes Y / a_y times,
    C keeps the least and comes Z / b_z times, with b_z dividing a_z.

By accelsim's rules a register also keeps a tile that the last loops above the PEs leave alone. So one operand may be
first in the PEs, whole, and come only at every u-th position of the dimension that leaves it alone; those loops are
the last before the PEs, and buffer nodes of the other operands may stand below them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from math import prod

from accelforge import Row
from accelforge_counts import WORD_BITS, Rules

Tile = Mapping[str, int]
DIMS = "BKC"
ALONE = {"W": "B", "I": "K", "O": "C"}
"""The dimension that leaves an operand alone."""


@dataclass(frozen=True)
class Cost:
    """Energy in pJ, and bits through the ports of memory and buffer."""

    energy_pj: float = 0.0
    memory_bits: float = 0.0
    buffer_bits: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.energy_pj + other.energy_pj,
            self.memory_bits + other.memory_bits,
            self.buffer_bits + other.buffer_bits,
        )


class Search:
    """The least of each objective for a row, by either rules."""

    def __init__(self, row: Row, rules: Rules) -> None:
        self.chip, self.rules, self.macs = row.chip, rules, row.shape.macs
        self.extent = {dim: row.shape.extents[dim] for dim in DIMS}
        self.words = {operand: row.shape.words(operand) for operand in ALONE}
        self.room = {name: self.chip.level(name).capacity_bits // WORD_BITS for name in ("GLB", "RF")}

    def least(self) -> dict[str, float]:
        """Return the least energy, latency and EDP."""
        found = [(cost.energy_pj, self.cycles(cost, pes)) for cost, pes in self.mappings()]
        return {
            "energy": min(energy for energy, _ in found),
            "latency": min(cycles for _, cycles in found),
            "edp": min(energy * cycles for energy, cycles in found),
        }

    def cycles(self, cost: Cost, pes: int) -> float:
        memory, buffer = (self.chip.level(name).read_bits_per_cycle for name in ("DRAM", "GLB"))
        return max(self.macs / pes, cost.memory_bits / memory, cost.buffer_bits / buffer)

    def mappings(self) -> Iterator[tuple[Cost, int]]:
        """The cost and the PEs of every mapping that may be the best of its kind."""
        for outer in tiles(self.extent):
            inner = {pes: self.in_pes(outer, pes) for pes in self.grids(outer)}
            for keeper, base in self.runs(outer):
                above = best(self.above_pes(outer, base, keeper))
                for pes, options in inner.items():
                    fetched = Cost()
                    if keeper:
                        dim = ALONE[keeper]
                        fetched = self.into_registers(keeper, self.extent[dim] // base[dim], pes[DIMS.index(dim)])
                    for one, other in product(above, options[keeper]):
                        yield one + other + fetched, prod(pes)

    def grids(self, tile: Tile) -> set[tuple[int, ...]]:
        """Instances of each dimension across both fan-outs."""
        down, across = (fanout.size for fanout in self.chip.fanouts)
        return {
            tuple(y[dim] * x[dim] for dim in DIMS)
            for y in tiles(tile) if prod(y.values()) <= down
            for x in tiles({dim: tile[dim] // y[dim] for dim in DIMS}) if prod(x.values()) <= across
        }  # fmt: skip

    def runs(self, tile: Tile) -> Iterator[tuple[str, Tile]]:
        """The operand that registers keep across the last loops, or "", and the tile above these loops."""
        yield "", tile
        for operand, dim in ALONE.items() if self.rules == "accelsim" else ():
            for longer in divisors(self.extent[dim] // tile[dim])[1:]:
                yield operand, {**tile, dim: tile[dim] * longer}

    def above_pes(self, outer: Tile, base: Tile, keeper: str) -> Iterator[Cost]:
        """Costs between memory and buffer, whose last nodes may stand below the loops that leave ``keeper`` alone."""
        for order in permutations(ALONE):
            for number in range(order.index(keeper) + 1 if keeper else 3, 4):
                below = order[number:]
                room = self.room["GLB"] - sum(size(outer, operand) for operand in below)
                for times in placements(self.extent, base, order[:number], room):
                    for operand in below:
                        times[operand] = self.extent[ALONE[operand]] // outer[ALONE[operand]]
                    yield sum((self.into_buffer(operand, times[operand]) for operand in ALONE), start=Cost())

    def in_pes(self, outer: Tile, pes: tuple[int, ...]) -> dict[str, list[Cost]]:
        """Costs between buffer and registers by the operand that is first and whole, whose own are left out."""
        grid = dict(zip(DIMS, pes, strict=True))
        tile = {dim: outer[dim] // grid[dim] for dim in DIMS}
        costs: dict[str, list[Cost]] = {"": [], **{operand: [] for operand in ALONE}}
        least = dict.fromkeys(DIMS, 1)
        for keeper, order in product(costs, permutations(ALONE)):
            if keeper and order[0] != keeper:
                continue
            for times in placements(tile, least, order, self.room["RF"], whole=bool(keeper)):
                passed = [
                    self.into_registers(operand, times[operand] * self.extent[dim] // outer[dim], grid[dim])
                    for operand, dim in ALONE.items() if operand != keeper
                ]  # fmt: skip
                costs[keeper].append(sum(passed, start=self.in_macs()))
        return {keeper: best(options) for keeper, options in costs.items()}

    def pj(self, level: str, reads: int, writes: int) -> float:
        at = self.chip.level(level)
        return WORD_BITS * (reads * at.read_pj_per_bit.value + writes * at.write_pj_per_bit.value)

    def into_buffer(self, operand: str, times: int) -> Cost:
        """The whole tensor passes ``times`` between memory and buffer; outputs start from nothing."""
        words = self.words[operand] * times
        down, up = (words - self.words["O"], words) if operand == "O" else (words, 0)
        bits = WORD_BITS * (down + up)
        return Cost(self.pj("DRAM", down, up) + self.pj("GLB", up, down), bits, bits)

    def into_registers(self, operand: str, times: int, sharing: int) -> Cost:
        """The whole tensor passes ``times`` between the buffer and ``sharing`` registers that hold the same."""
        words = self.words[operand] * times
        if operand != "O":
            return Cost(self.pj("GLB", words, 0) + self.pj("RF", 0, words * sharing), 0, WORD_BITS * words)
        back = words - self.words["O"]
        filled = back * sharing if self.rules == "accelforge" else back
        blank = words * sharing - filled
        energy = self.pj("GLB", back, words) + self.pj("RF", words * sharing - blank, filled)
        return Cost(energy, 0, WORD_BITS * (back + words))

    def in_macs(self) -> Cost:
        """Three words read and one written for each multiplication; first touches are taken off where they happen."""
        return Cost(self.pj("RF", 3 * self.macs, self.macs) + self.macs * self.chip.multiply_pj("int8", "int8").value)


def placements(
    extent: Tile, base: Tile, order: tuple[str, ...], room: int, whole: bool = False
) -> Iterator[dict[str, int]]:
    """How often the operands come whose nodes stand in ``order``, as far as their tiles fit.

    ``base`` is the tile below the nodes; with ``whole`` the first operand keeps all of it that there is.
    """
    first, second, third = (*order, *(operand for operand in ALONE if operand not in order))
    x, y, z = (ALONE[operand] for operand in (first, second, third))
    for a_y in between(base[y], extent[y], whole) if len(order) > 1 or whole else [base[y]]:
        for a_z in between(base[z], extent[z], whole) if len(order) > 2 or whole else [base[z]]:
            for b_z in between(base[z], a_z) if len(order) > 2 else [base[z]]:
                kept = [a_y * a_z, base[x] * b_z, base[x] * base[y]][: len(order)]
                if sum(kept) <= room:
                    times = {first: 1, second: extent[y] // a_y, third: extent[z] // b_z}
                    yield {operand: times[operand] for operand in order}


def between(least: int, most: int, only_most: bool = False) -> list[int]:
    """Multiples of ``least`` that divide ``most``."""
    return [most] if only_most else [least * one for one in divisors(most // least)]


@cache
def divisors(number: int) -> list[int]:
    return [one for one in range(1, number + 1) if number % one == 0]


def tiles(extent: Tile) -> list[dict[str, int]]:
    """All tiles that divide."""
    return [dict(zip(DIMS, sizes, strict=True)) for sizes in product(*(divisors(extent[dim]) for dim in DIMS))]


def size(tile: Tile, operand: str) -> int:
    return prod(tile[dim] for dim in DIMS if dim != ALONE[operand])


def best(costs: "list[Cost] | Iterator[Cost]") -> list[Cost]:
    """Those that no other one is at least as good as in everything."""
    kept: list[Cost] = []
    for cost in sorted(set(costs), key=lambda one: (one.energy_pj, one.memory_bits, one.buffer_bits)):
        if not any(k.memory_bits <= cost.memory_bits and k.buffer_bits <= cost.buffer_bits for k in kept):
            kept.append(cost)
    return kept
