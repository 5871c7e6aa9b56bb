"""Which options have the least of a weighted sum, within limits? One integer program, solved by HiGHS to proof.

    minimize    sum over options of  weight(option) * x
    subject to  sum of an item's x = 1
                sum of the x of an item's options with one value of a shared variable = that value's y
                low <= sum of row(option) * x <= high, for each limit
                x, y in {0, 1}

Items without ties that are equal are one item with a count, so that the solver does not try their permutations, and
options that another of the item beats in everything asked are left out. HiGHS meets limits to a tolerance: a choice
beyond a limit by less than that is cut off and the program solved again, so that what is returned meets it exactly.
Optimality is proven to `GAP` of the objective. Solver: Q. Huangfu, J. A. J. Hall, Parallelizing the dual revised
simplex method, Mathematical Programming Computation 10, 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.errors import UsageError
from accelsim.quantization.allocation.alike import alike
from accelsim.quantization.allocation.problem import Problem

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

MISSING = "choosing bits exactly needs HiGHS, which is not installed; run: pip install 'accelsim[optimize]'"
TIME_LIMIT_S = 60.0
"""After which the best choice found is taken without a proof, and the bound is stated."""

GAP = 1e-9
"""Share of the objective by which a proven choice may be beaten: the solver's arithmetic."""


ROUNDING = 1e-12
"""Share of a limit by which sums of floats may miss it."""


@dataclass(frozen=True)
class Limit:
    """Bounds of a linear row: one number per option, numbered through, constants left out."""

    row: Floats
    high: float
    low: float = float("-inf")


@dataclass(frozen=True)
class Answer:
    """A choice: an option number per item, its objective, and what no choice can beat."""

    picks: tuple[int, ...]
    value: float
    bound: float
    proven: bool


def require_solver() -> None:
    """Raise UsageError with the command that installs HiGHS where it is missing."""
    from importlib.util import find_spec

    if find_spec("highspy") is None:
        raise UsageError(MISSING)


def least(
    problem: Problem, weights: Floats, limits: Sequence[Limit] = (), time_limit_s: float = TIME_LIMIT_S
) -> Answer | None:
    """Return the choice with the least weighted sum within limits; None if no choice meets them.

    Parameters
    ----------
    problem : Problem
    weights : array
        One per option, numbered through.
    limits : sequence of Limit
    time_limit_s : float

    Raises
    ------
    UsageError
        HiGHS is not installed, or it gave no answer in time.
    """
    require_solver()
    try:
        return _Program(problem, weights, limits, time_limit_s, merged=True).solve()
    except _MergedError:
        return _Program(problem, weights, limits, time_limit_s, merged=False).solve()


class _MergedError(Exception):
    """A choice has to be cut off, which takes items of their own."""


class _Program:
    """The program of one question; columns are the classes' options, then the values of shared variables."""

    def __init__(
        self, problem: Problem, weights: Floats, limits: Sequence[Limit], time_limit_s: float, merged: bool
    ) -> None:
        import highspy
        import numpy as np

        self.problem, self.weights, self.limits, self.merged = problem, weights, limits, merged
        two_sided = any(limit.low > float("-inf") for limit in limits)
        stacked = np.column_stack([weights, *(limit.row for limit in limits)])
        self.classes = alike(problem, stacked, merged=merged, thinned=not two_sided)
        self.columns = [
            (number, option) for number, one in enumerate(self.classes) for option in one.options
        ]  # fmt: skip
        flat = np.array([problem.starts[self.classes[one].items[0]] + option for one, option in self.columns])
        self.rows: list[tuple[list[int], list[float], float, float]] = []
        self._choose_one()
        self.values = self._tie()
        for limit in limits:
            self._bound(limit, flat)
        self.scale = float(np.abs(weights).max()) or 1.0
        self.solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self.solver.silent()
        for option, value in (
            ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0), ("time_limit", time_limit_s), ("threads", 1),
            ("mip_feasibility_tolerance", 1e-9), ("primal_feasibility_tolerance", 1e-9),
            ("dual_feasibility_tolerance", 1e-9),
        ):  # fmt: skip
            self.solver.setOptionValue(option, value)
        self._state(weights[flat] / self.scale * 1e3)

    def _choose_one(self) -> None:
        own: dict[int, list[int]] = {}
        for column, (number, _) in enumerate(self.columns):
            own.setdefault(number, []).append(column)
        for number, columns in own.items():
            count = float(len(self.classes[number].items))
            self.rows.append((columns, [1.0] * len(columns), count, count))

    def _tie(self) -> dict[tuple[str, str], int]:
        """Add the rows of shared variables, and return the column of each of their values."""
        using: dict[tuple[str, str, int], list[int]] = {}
        values: dict[tuple[str, str], int] = {}
        mention: dict[str, dict[int, None]] = {}
        for column, (number, option) in enumerate(self.columns):
            for variable, value in self.problem.items[self.classes[number].items[0]].options[option].ties:
                using.setdefault((variable, value, number), []).append(column)
                values.setdefault((variable, value), len(self.columns) + len(values))
                mention.setdefault(variable, {})[number] = None
        for (variable, value), place in values.items():
            for number in mention[variable]:
                columns = using.get((variable, value, number), [])
                self.rows.append(([*columns, place], [*([1.0] * len(columns)), -1.0], 0.0, 0.0))
        return values

    def _bound(self, limit: Limit, flat: Any) -> None:
        scale = float(abs(limit.row).max()) or 1.0
        entries = limit.row[flat] / scale
        columns = [column for column in range(len(flat)) if entries[column]]
        low, high = limit.low / scale, limit.high / scale
        if columns:
            self.rows.append((columns, [float(entries[column]) for column in columns], low, high))
        elif not low <= 0 <= high:
            self.rows.append(([0], [0.0], 1.0, 1.0))

    def _state(self, objective: Floats) -> None:
        """Hand the program to the solver."""
        import highspy
        import numpy as np

        count = len(self.columns) + len(self.values)
        linear = highspy.HighsLp()
        linear.num_col_, linear.num_row_ = count, len(self.rows)
        linear.col_cost_ = np.concatenate([objective, np.zeros(len(self.values))])
        linear.col_lower_ = np.zeros(count)
        most = [len(self.classes[number].items) for number, _ in self.columns]
        linear.col_upper_ = np.array([*most, *([1] * len(self.values))], dtype=np.float64)
        linear.row_lower_ = np.array([row[2] for row in self.rows])
        linear.row_upper_ = np.array([row[3] for row in self.rows])
        linear.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        linear.a_matrix_.start_ = np.cumsum([0, *(len(row[0]) for row in self.rows)])
        linear.a_matrix_.index_ = np.array([column for row in self.rows for column in row[0]])
        linear.a_matrix_.value_ = np.array([value for row in self.rows for value in row[1]], dtype=np.float64)
        linear.integrality_ = [highspy.HighsVarType.kInteger] * count
        self.solver.passModel(linear)

    def solve(self) -> Answer | None:
        """Return the best choice that meets every limit exactly; None if there is none."""
        import numpy as np

        while True:
            self.solver.run()
            status = str(self.solver.getModelStatus())
            if "Infeasible" in status:
                return None
            values = np.array(self.solver.getSolution().col_value)[: len(self.columns)]
            if not len(values) or not self.solver.getInfo().primal_solution_status:
                raise UsageError("the solver found no choice in time; offer fewer choices, or a wider budget.")
            counts = np.rint(values).astype(int)
            picks = self._picks(counts)
            if self._meets(picks):
                value = self._sum(self.weights, picks)
                proven = "kOptimal" in status
                bound = value if proven else float(self.solver.getInfo().mip_dual_bound) * self.scale / 1e3
                return Answer(picks, value, bound, proven)
            if self.merged:
                raise _MergedError
            self._cut(counts)

    def _picks(self, counts: Any) -> tuple[int, ...]:
        picks = [0] * len(self.problem.items)
        left = {number: list(one.items) for number, one in enumerate(self.classes)}
        for (number, option), count in zip(self.columns, counts, strict=True):
            for _ in range(count):
                picks[left[number].pop(0)] = option
        return tuple(picks)

    def _sum(self, row: Floats, picks: Sequence[int]) -> float:
        from math import fsum

        return fsum(float(row[start + pick]) for start, pick in zip(self.problem.starts, picks, strict=True))

    def _meets(self, picks: Sequence[int]) -> bool:
        for limit in self.limits:
            found = self._sum(limit.row, picks)
            if found > limit.high + ROUNDING * abs(limit.high) or found < limit.low - ROUNDING * abs(limit.low):
                return False
        return True

    def _cut(self, counts: Any) -> None:
        """Exclude one choice: an option that it uses has to be left."""
        import numpy as np

        used = np.flatnonzero(counts)
        self.solver.addRow(float("-inf"), len(used) - 1.0, len(used), used, np.ones(len(used)))
