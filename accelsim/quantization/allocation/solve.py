"""Which allocation has the least of a measure under budgets for others? A linear program, or a product of two sums.

Energy, latency, error, memory and bops add up over layers and take one integer program. The energy-delay product of
a network is the product of two sums and does not: `accelsim.quantization.allocation.product` has how it is minimized
and bounded exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accelsim.errors import InfeasibleError, UsageError, did_you_mean
from accelsim.quantization.allocation.problem import Problem
from accelsim.quantization.allocation.product import EDP, edp_of, least_product, least_under_product
from accelsim.quantization.allocation.program import TIME_LIMIT_S, Answer, Limit, least

if TYPE_CHECKING:
    from accelsim.quantization.allocation.product import Ask


@dataclass(frozen=True)
class Solution:
    """An allocation of a problem.

    Parameters
    ----------
    picks : tuple of int
        The option of each item, counted within the item.
    totals : dict of str to float
        Every measure, constants included, and ``edp_pj_s`` where energy and latency are known.
    minimized : str
    budgets : dict of str to float
    bound : float
        What no allocation within the budgets can beat; equal to the total where it is proven.
    proven : bool
    programs : int
        Integer programs that were solved.
    """

    picks: tuple[int, ...]
    totals: Mapping[str, float]
    minimized: str
    budgets: Mapping[str, float]
    bound: float
    proven: bool
    programs: int


def _plain(value: float, measure: str) -> str:
    return f"{value:.6g}"


def solve(
    problem: Problem,
    minimize: str,
    budgets: Mapping[str, float] | None = None,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    shown: Callable[[float, str], str] = _plain,
) -> Solution:
    """Return the allocation with the least ``minimize`` that keeps every budget, proven where time allows.

    Parameters
    ----------
    problem : Problem
    minimize : str
        A measure of the problem, or "edp_pj_s": energy_pj times latency_s.
    budgets : dict of str to float
        The most of each measure that is allowed, constants included.
    time_limit_s : float
        Of each integer program.
    shown : callable
        How a total of a measure is written in an error.

    Raises
    ------
    UsageError
        A measure is unknown, or HiGHS is not installed.
    InfeasibleError
        No allocation keeps the budgets; the nearest that can be reached is named.
    """
    allowed = dict(budgets or {})
    known = known_measures(problem)
    for name in (minimize, *allowed):
        if name not in known:
            raise UsageError(f"a measure must be one of {', '.join(known)}; got {name!r}{did_you_mean(name, known)}.")
    for name, most in allowed.items():
        if not 0 <= most < float("inf"):
            raise UsageError(f"the budget of {name} must be finite and at least 0; got {most}.")
    asking = _Asking(problem, time_limit_s)
    answer = asking.least(minimize, allowed)
    if answer is None:
        raise InfeasibleError(asking.nearest(allowed, shown))
    return Solution(
        answer.picks, totals(problem, answer.picks), minimize, allowed, answer.bound, answer.proven, asking.programs
    )  # fmt: skip


def among_equals(problem: Problem, found: Solution, measure: str, time_limit_s: float = 5.0) -> Solution:
    """Return, of the allocations that are as good as a solution, the one with the least of another measure.

    The solution itself where it is a product of sums, is not proven, or a better one is not proven in time.
    """
    if not found.proven or found.minimized == EDP:
        return found
    budgets = {**found.budgets, found.minimized: found.totals[found.minimized]}
    try:
        again = solve(problem, measure, budgets, time_limit_s=time_limit_s)
    except (InfeasibleError, UsageError):
        return found
    better = again.proven and again.totals[measure] < found.totals[measure]
    if not better or again.totals[found.minimized] > found.totals[found.minimized]:
        return replace(found, programs=found.programs + again.programs)
    return replace(found, picks=again.picks, totals=again.totals, programs=found.programs + again.programs)


def known_measures(problem: Problem) -> tuple[str, ...]:
    """Return what can be minimized and budgeted: what adds up, and the product of energy and latency."""
    both = {"energy_pj", "latency_s"} <= set(problem.measures)
    return (*problem.measures, EDP) if both else problem.measures


def totals(problem: Problem, picks: Sequence[int]) -> dict[str, float]:
    """Return every measure of an allocation, the energy-delay product included."""
    found = problem.totals(picks)
    return found | {EDP: edp_of(problem, picks)} if EDP in known_measures(problem) else found


class _Asking:
    """Programs over one problem, counted."""

    def __init__(self, problem: Problem, time_limit_s: float) -> None:
        self.problem, self.time_limit_s = problem, time_limit_s
        self.programs = 0

    def least(self, minimize: str, budgets: Mapping[str, float]) -> Answer | None:
        """Return the allocation with the least of a measure; None if no allocation keeps the budgets."""
        linear = {name: most for name, most in budgets.items() if name != EDP}
        ask = self._ask(linear)
        if minimize == EDP:
            found = least_product(self.problem, ask)
            over = found is not None and EDP in budgets and found.value > budgets[EDP]
            return None if over else found
        if EDP in budgets:
            return least_under_product(self.problem, minimize, budgets[EDP], ask)
        answer = ask(self.problem.columns[minimize], ())
        constant = self.problem.constants.get(minimize, 0.0)
        return answer and Answer(answer.picks, answer.value + constant, answer.bound + constant, answer.proven)

    def _ask(self, budgets: Mapping[str, float]) -> Ask:
        own = [
            Limit(self.problem.columns[name], most - self.problem.constants.get(name, 0.0))
            for name, most in budgets.items()
        ]  # fmt: skip

        def ask(weights: object, more: Sequence[Limit]) -> Answer | None:
            self.programs += 1
            return least(self.problem, weights, [*own, *more], self.time_limit_s)  # type: ignore[arg-type]

        return ask

    def nearest(self, budgets: Mapping[str, float], shown: Callable[[float, str], str]) -> str:
        """Return why budgets cannot be kept: the least that can be reached of the one that fails first."""
        kept: dict[str, float] = {}
        for name, most in budgets.items():
            reached = self.least(name, kept)
            assert reached is not None
            if reached.value > most:
                beside = " and ".join(f"{one} of at most {shown(value, one)}" for one, value in kept.items())
                return (
                    f"no allocation has {name} of at most {shown(most, name)}{f' with {beside}' if beside else ''}; "
                    f"the nearest that can be reached is {shown(reached.value, name)}."
                )
            kept[name] = most
        return f"no allocation keeps all budgets: {', '.join(budgets)}."
