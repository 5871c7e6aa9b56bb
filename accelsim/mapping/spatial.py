"""Which dimensions should the fan-outs carry? The spatial choices that need about the fewest folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from accelsim.mapping.growth import Floats, Ints, Population, Problem, Room, Tiles, smallest_tiles_fit
from accelsim.workload.shape import DIMS


def spatial_choices(problem: Problem, stages: Sequence[Sequence[Room]], keep: int) -> Population:
    """Return the best spatial choices of every case: those that need about the fewest folds.

    Where the smallest tiles of a fully used array do not fit the levels, ever smaller parts of the
    fan-outs are tried, halving one or several; a single PE comes last. A case that fits nowhere is left out.
    """
    found, waiting = [], np.arange(problem.cases)
    for sizes in _shrunken([fanout.size for fanout in problem.fanouts]):
        choices, folds = _choices(problem, waiting, sizes)
        fits = smallest_tiles_fit(problem, choices, stages)
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


def _choices(problem: Problem, cases: Ints, sizes: Sequence[int]) -> tuple[Population, Floats]:
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
