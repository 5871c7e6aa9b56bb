"""In which ways can dimensions spread over neighboring fan-outs?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.case import Ints
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.search.problem import NONE
from accelsim.search.skeleton import reused
from accelsim.workload.shape import DIMS, Shape

MOST, EACH = 20_000, 10_000
"""Ways to spread over neighboring fan-outs, and over one, beyond which not all are written down."""

CLASSES = np.array([reused(dim) for dim in DIMS])
"""The class of every dimension."""

NOTHING, VAIN, MORE = 0, 1, 2
"""What a list of ways lacks; instances are in vain where fewer take the same number of turns."""

Pin = tuple[tuple[str, int | None], ...] | None
"""The dimensions that must cross a fan-out and over how many instances, None if open; None: any."""

_Group = tuple[tuple[int, ...], tuple[tuple[str, ...], ...], tuple[Pin, ...]]


@dataclass(frozen=True)
class Ways:
    """Ways to spread a shape over the groups of fan-outs of a chip.

    Parameters
    ----------
    totals : tuple of int64 arrays, shape (ways, 8)
        Instances of every dimension over each group, outermost first.
    tables : tuple of int64 arrays, shape (ways, fan-outs, 8)
        The same for each fan-out of a group.
    complete : bool
        Whether these are all that there are.
    """

    totals: tuple[Ints, ...]
    tables: tuple[Ints, ...]
    complete: bool

    def table(self, group: int, totals: Ints) -> Ints:
        """Return the instances of every fan-out of a group that come to these in all."""
        found: Ints = self.tables[group][int(np.flatnonzero((self.totals[group] == totals).all(axis=1))[0])]
        return found


def ways_of(
    chip: Chip, shape: Shape, groups: Sequence[Sequence[str]], constraints: Constraints, every: int, few: int
) -> Ways:
    """Return all ways to spread a shape if they have at most ``every`` combinations, else ``few`` promising ones."""
    fanouts = {one.name: one for one in chip.fanouts}
    dims = {
        name: tuple(dim for dim in DIMS if shape.extents[dim] > 1 and (one.dims is None or dim in one.dims))
        for name, one in fanouts.items()
    }
    pins = {name: tuple(sorted(own.items())) for name, own in constraints.spatial.items()}
    given = tuple(
        (
            tuple(fanouts[name].size for name in names),
            tuple(dims[name] for name in names),
            tuple(pins.get(name) for name in names),
        )
        for names in groups
    )
    return _ways(given, tuple(shape.extents.values()), constraints.divisors, every, few)


@lru_cache(maxsize=512)
def _ways(given: tuple[_Group, ...], extents: tuple[int, ...], exact: bool, every: int, few: int) -> Ways:
    found = [spreads(sizes, dims, extents, pins) for sizes, dims, pins in given]
    lacks = max((lack for *_, lack in found), default=NOTHING)
    pairs = [(totals, table) for totals, table, _ in found]
    if exact:
        divide = [(np.array(extents) % totals == 0).all(axis=1) for totals, _ in pairs]
        pairs = [(totals[own], table[own]) for (totals, table), own in zip(pairs, divide, strict=True)]
    if prod(len(totals) for totals, _ in pairs) > every:
        lacks = MORE
        each = max(int(few ** (1 / len(pairs))), 4)
        chosen = [promising(np.array(extents), totals, each) for totals, _ in pairs]
        pairs = [(totals[own], table[own]) for (totals, table), own in zip(pairs, chosen, strict=True)]
    whole = lacks == NOTHING or (exact and lacks == VAIN)  # none that divides is in vain
    return Ways(tuple(totals for totals, _ in pairs), tuple(table for _, table in pairs), whole)


@lru_cache(maxsize=24)
def spreads(
    sizes: tuple[int, ...], dims: tuple[tuple[str, ...], ...], extents: tuple[int, ...], pins: tuple[Pin, ...]
) -> tuple[Ints, Ints, int]:
    """Return every way to spread dimensions over neighboring fan-outs; of very many, those with no instances in vain.

    Instances of a dimension are in vain where fewer of the fan-out take the same number of turns.

    Parameters
    ----------
    sizes : tuple of int
        Of the fan-outs, outermost first.
    dims : tuple of tuple of str
        Dimensions that may cross each.
    extents : tuple of int
        Of the eight dimensions.
    pins : tuple
        For each fan-out None or a tuple of (dimension, instances) that must cross it; instances None is open.

    Returns
    -------
    (int64 array, shape (choices, 8); int64 array, shape (choices, fan-outs, 8); int)
        Instances of every dimension in all, and of each fan-out for one way to get them; what these lack: `NOTHING`,
        `VAIN` (only those with instances in vain) or `MORE`.
    """
    given = list(zip(sizes, dims, pins, strict=True))
    for lacks, counts in ((NOTHING, _every), (VAIN, _useful), (MORE, _few)):  # noqa: B007
        listed = [_instances(size, own, extents, pin, counts) for size, own, pin in given]
        tables = [table for table, _ in listed]
        if prod(map(len, tables)) <= MOST and not any(cut for _, cut in listed):
            break
    else:
        most = max(int(MOST ** (1 / len(tables))), 1)
        tables = [table[np.argsort(-table.prod(axis=1), kind="stable")][:most] for table in tables]
    totals, ways = np.ones((1, len(DIMS)), dtype=np.int64), np.ones((1, 0, len(DIMS)), dtype=np.int64)
    for table in tables:
        count, more = len(totals), len(table)
        totals = (totals[:, None, :] * table[None, :, :]).reshape(count * more, len(DIMS))
        ways = np.concatenate([np.repeat(ways, more, axis=0), np.tile(table, (count, 1))[:, None, :]], axis=1)
        fits = spread_fits(ways, np.array(extents))
        totals, ways = totals[fits], ways[fits]
    _, first = np.unique(_code(totals), return_index=True)
    return totals[first], ways[first], lacks


def _code(rows: Ints) -> Ints:
    """Numbers that are equal, and in the same order, as some rows."""
    radix = rows.max(axis=0, initial=0) + 1
    if prod(radix.tolist()) < 2**62:
        weights = np.array([prod(radix[column + 1 :].tolist()) for column in range(len(radix))], dtype=np.int64)
        code: Ints = rows @ weights
        return code
    code = np.zeros(len(rows), dtype=np.int64)
    for column, base in zip(rows.T, radix.tolist(), strict=True):
        _, code = np.unique(code * base + column, return_inverse=True)
        code = code.reshape(-1)
    return code


def _every(most: int, extent: int) -> Sequence[int]:
    return range(1, most + 1)


def _useful(most: int, extent: int) -> Sequence[int]:
    """Instances of which none is in vain."""
    counts = np.arange(1, most + 1)
    return sorted(set((-(-extent // -(-extent // counts))).tolist()))


def _few(most: int, extent: int) -> Sequence[int]:
    """The same; of a large fan-out those near the powers of two, and the most."""
    counts = {most, *(2**power for power in range(most.bit_length()))} if most > 64 else range(1, most + 1)
    return sorted({-(-extent // -(-extent // count)) for count in counts})


def spread_fits(ways: Ints, room: Ints) -> NDArray[np.bool_]:
    """Return whether no instance of any fan-out is without work, given the tiles that there are to spread."""
    fits = np.ones(len(ways), dtype=bool)
    for number in reversed(range(ways.shape[1])):
        fits &= (ways[:, number] <= room).all(axis=1)
        room = -(-room // ways[:, number])
    return fits


def _instances(
    size: int, dims: Sequence[str], extents: Sequence[int], pin: Pin, counts: Callable[[int, int], Sequence[int]]
) -> tuple[Ints, bool]:
    """Vectors of instances whose product fits one fan-out, about `EACH` at most; and whether any were cut off."""
    cut = False
    found = np.ones((1, len(DIMS)), dtype=np.int64)
    pinned = dict.fromkeys(dims) if pin is None else dict(pin)
    for dim in dims:
        if dim in pinned:
            column, wanted = DIMS.index(dim), pinned[dim]
            most = np.minimum(size // found.prod(axis=1), extents[column]).tolist()
            options = {
                room: np.array(
                    counts(room, extents[column]) if wanted is None else [wanted][: wanted <= room], dtype=np.int64
                )
                for room in set(most)
            }
            grown = np.repeat(found, [len(options[room]) for room in most], axis=0)
            grown[:, column] = np.concatenate([options[room] for room in most])
            cut = cut or len(grown) > EACH
            found = grown[:EACH]
    return found, cut


def promising(extents: Ints, totals: Ints, most: int) -> Ints:
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
    sharing = np.stack([totals[good][:, own == CLASSES].prod(axis=1) for own in range(NONE + 1)], axis=1)
    _, kind = np.unique(np.rint(np.log2(sharing)), axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    order = np.argsort(kind, kind="stable")
    starts = np.searchsorted(kind[order], np.arange(kind.max() + 1))
    turn = np.empty(len(good), dtype=np.int64)
    turn[order] = np.arange(len(good)) - starts[kind[order]]
    return good[np.argsort(turn, kind="stable")][:most]
