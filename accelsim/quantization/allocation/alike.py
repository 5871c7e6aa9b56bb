"""Which items need not be told apart, and which options need not be tried? What keeps an integer program small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.quantization.allocation.problem import Problem

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Alike:
    """Equal items: their numbers, and those of their options that may be best."""

    items: tuple[int, ...]
    options: tuple[int, ...]


def alike(problem: Problem, rows: Floats, *, merged: bool = True, thinned: bool = True) -> list[Alike]:
    """Return the items by what their options are.

    Parameters
    ----------
    problem : Problem
    rows : array of shape (options, columns)
        What is asked of every option, numbered through: less is better in each column.
    merged : bool
        Whether items without ties whose options are equal are one; a solver would try their permutations.
    thinned : bool
        Whether options that another of the item beats or equals in every column are left out.
    """
    found: dict[object, list[int]] = {}
    for number, item in enumerate(problem.items):
        begin = problem.starts[number]
        tied = any(option.ties for option in item.options)
        key = number if tied or not merged else rows[begin : begin + len(item.options)].tobytes()
        found.setdefault(key, []).append(number)
    classes = []
    for items in found.values():
        options, begin = problem.items[items[0]].options, problem.starts[items[0]]
        keep = list(range(len(options)))
        if thinned:
            keep = _unbeaten(rows[begin : begin + len(options)], [option.ties for option in options])
        classes.append(Alike(tuple(items), tuple(keep)))
    return classes


def _unbeaten(rows: Floats, ties: Sequence[object]) -> list[int]:
    """Options that no other with the same ties beats or equals in every column; of equal ones the first."""
    import numpy as np

    number = {tie: place for place, tie in enumerate(dict.fromkeys(ties))}
    kind = np.array([number[tie] for tie in ties])
    no_worse = (rows[:, None, :] <= rows[None, :, :]).all(axis=2) & (kind[:, None] == kind[None, :])
    earlier = np.arange(len(rows))[:, None] < np.arange(len(rows))[None, :]
    beaten = (no_worse & (~no_worse.T | earlier)).any(axis=0)
    return [int(one) for one in np.flatnonzero(~beaten)]
