"""Which allocation has the least product of energy and latency, or keeps a budget of it? Both sums, exactly.

Least product. Take the points (latency, energy) of all allocations within the budgets. Their product is quasi-concave
where both are positive, so over the convex hull of the points it is least at a corner of the hull, and every corner
is an allocation with the least ``a * energy + b * latency`` for some a, b > 0: one integer program. Corners are found
from neighbor to neighbor (Y. P. Aneja, K. P. K. Nair, Bicriteria transportation problem, Management Science 25, 1979):
the program of the weights at which two corners cost the same gives a corner between them, or proves that there is
none. A pair is not refined where the product cannot fall below the best one known, even at the point where the two
corners' supporting lines meet. So the answer is proven, with as many programs as corners are looked at.

Budget of the product. ``energy <= budget / latency`` is not convex. In an interval of latency the chord of that curve
lies above it; the program with the chord instead gives a bound, and its answer is the interval's best if it keeps the
budget itself. If not, the interval is divided at the answer's latency, where the chord touches the curve and excludes
it: branch and bound, the interval with the best bound first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from accelsim.quantization.allocation.problem import Problem
from accelsim.quantization.allocation.program import ROUNDING, Answer, Limit

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

Ask = Callable[["Floats", Sequence[Limit]], Answer | None]
"""The least weighted sum within the budgets and further limits."""

EDP = "edp_pj_s"
_ENERGY, _LATENCY = "energy_pj", "latency_s"
_SAME = 1e-9
"""Share by which a weighted sum has to fall below that of two corners to be a corner of its own."""

MOST_PARTS = 200
"""Intervals of latency after which a budget of the product is answered with a bound instead of a proof."""


def edp_of(problem: Problem, picks: Sequence[int]) -> float:
    """Return energy times latency of an allocation, in pJ s."""
    return problem.total(_ENERGY, picks) * problem.total(_LATENCY, picks)


@dataclass(frozen=True)
class _Corner:
    """An allocation by latency and energy, and the weights of which it is proven to have the least sum."""

    latency: float
    energy: float
    picks: tuple[int, ...]
    on_latency: float
    on_energy: float
    proven: bool

    @property
    def product(self) -> float:
        return self.latency * self.energy


def least_product(problem: Problem, ask: Ask) -> Answer | None:
    """Return the allocation with the least energy times latency; None if none keeps the budgets."""
    quick = _corner(problem, ask, 1.0, 0.0)
    frugal = _corner(problem, ask, 0.0, 1.0)
    if quick is None or frugal is None:
        return None
    best, proven = min(quick, frugal, key=lambda one: one.product), quick.proven and frugal.proven
    order = count()
    waiting = [(_meeting(quick, frugal), next(order), quick, frugal)]
    while waiting and waiting[0][0] < best.product * (1 - _SAME):
        _, _, left, right = heapq.heappop(waiting)
        between = _between(problem, ask, left, right)
        if between is None:
            continue
        proven = proven and between.proven
        best = min(best, between, key=lambda one: one.product)
        for pair in ((left, between), (between, right)):
            heapq.heappush(waiting, (_meeting(*pair), next(order), *pair))
    value = edp_of(problem, best.picks)
    return Answer(best.picks, value, value if proven else min(value, quick.latency * frugal.energy), proven)


def _corner(problem: Problem, ask: Ask, on_latency: float, on_energy: float) -> _Corner | None:
    """Return the allocation with the least weighted sum."""
    answer = ask(problem.columns[_ENERGY] * on_energy + problem.columns[_LATENCY] * on_latency, ())
    if answer is None:
        return None
    latency, energy = problem.total(_LATENCY, answer.picks), problem.total(_ENERGY, answer.picks)
    return _Corner(latency, energy, answer.picks, on_latency, on_energy, answer.proven)


def _between(problem: Problem, ask: Ask, left: _Corner, right: _Corner) -> _Corner | None:
    """Return a corner below the line through two, or None: the line is an edge of the hull."""
    if left.latency >= right.latency or left.energy <= right.energy:
        return None
    on_energy = (right.latency - left.latency) / (right.latency * left.energy)
    on_latency = (left.energy - right.energy) / (right.latency * left.energy)
    found = _corner(problem, ask, on_latency, on_energy)
    assert found is not None
    own = found.energy * on_energy + found.latency * on_latency
    return found if own < (left.energy * on_energy + left.latency * on_latency) * (1 - _SAME) else None


def _meeting(left: _Corner, right: _Corner) -> float:
    """Return the product where the supporting lines of two neighbors meet: nothing between them has less."""
    crossed = left.on_latency * right.on_energy - right.on_latency * left.on_energy
    if crossed <= 0:
        return left.latency * right.energy
    first = left.on_latency * left.latency + left.on_energy * left.energy
    second = right.on_latency * right.latency + right.on_energy * right.energy
    latency = (first * right.on_energy - second * left.on_energy) / crossed
    energy = (left.on_latency * second - right.on_latency * first) / crossed
    return max(latency, left.latency) * max(energy, right.energy)


@dataclass(frozen=True)
class _Interval:
    low: float
    high: float


def least_under_product(problem: Problem, minimize: str, most: float, ask: Ask) -> Answer | None:
    """Return the allocation with the least of a measure whose energy times latency is at most ``most``."""
    quick = ask(problem.columns[_LATENCY], ())
    frugal = ask(problem.columns[_ENERGY], ())
    if quick is None or frugal is None:
        return None
    shortest = problem.total(_LATENCY, quick.picks)
    longest = most / problem.total(_ENERGY, frugal.picks)
    constant = problem.constants.get(minimize, 0.0)
    order, number, best, proven = count(), 0, None, quick.proven and frugal.proven
    waiting: list[tuple[float, int, _Interval, Answer]] = []

    def look(part: _Interval) -> None:
        answer = None if part.low > part.high else ask(problem.columns[minimize], _chord(problem, part, most))
        if answer is not None:
            heapq.heappush(waiting, (answer.bound + constant, next(order), part, answer))

    look(_Interval(shortest, longest))
    while waiting:
        bound, _, part, answer = heapq.heappop(waiting)
        if best is not None and bound >= best.value * (1 - ROUNDING):
            break
        proven = proven and answer.proven
        if edp_of(problem, answer.picks) <= most * (1 + ROUNDING):
            best = replace(answer, value=answer.value + constant, bound=bound)
            continue
        number += 1
        at = problem.total(_LATENCY, answer.picks)
        if number > MOST_PARTS:
            proven = False
            break
        look(_Interval(part.low, at))
        look(_Interval(at, part.high))
    if best is None:
        return _fallback(problem, minimize, most, ask)
    return replace(best, bound=best.value if proven else min(best.bound, *(one[0] for one in waiting)), proven=proven)


def _fallback(problem: Problem, minimize: str, most: float, ask: Ask) -> Answer | None:
    """Return the allocation with the least product where the branches found none that keeps the budget."""
    found = least_product(problem, ask)
    if found is None or found.value > most:
        return None
    value = problem.total(minimize, found.picks)
    return Answer(found.picks, value, 0.0, False)


def _chord(problem: Problem, part: _Interval, most: float) -> list[Limit]:
    """Return latency within an interval, and energy below the chord of budget / latency over it.

    With L the low end and H the high end of latency: energy + latency * budget / (L H) <= budget (L + H) / (L H).
    """
    latency, energy = problem.columns[_LATENCY], problem.columns[_ENERGY]
    fixed_s, fixed_pj = problem.constants.get(_LATENCY, 0.0), problem.constants.get(_ENERGY, 0.0)
    slope = most / (part.low * part.high)
    high = slope * (part.low + part.high) - fixed_pj - slope * fixed_s
    return [
        Limit(latency, part.high - fixed_s, part.low - fixed_s),
        Limit(energy + slope * latency, high),
    ]
