"""How much energy for how much error? A model's uniform and mixed schemes on a chip, dominated ones marked.

The mixed schemes are exact allocations: for each of several budgets of error, evenly spaced by ratio between the
uniform schemes with least and most, the one with the least of the first metric. All are simulated as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from accelsim.errors import UsageError
from accelsim.explore.metrics import Metric, metric
from accelsim.explore.pareto import Front, pareto
from accelsim.hardware.chip import Chip
from accelsim.quantization.allocation.allocate import CHOICES, Allocator, allocator
from accelsim.quantization.allocation.allocation import Allocation
from accelsim.quantization.allocation.budget import MEASURES
from accelsim.quantization.allocation.errors import Given
from accelsim.workload.network import Network

MOST_POINTS = 200
UNIFORM, MIXED = "uniform", "mixed"


@dataclass(frozen=True)
class AllocationFront:
    """Uniform and mixed schemes of a model on a chip.

    Parameters
    ----------
    allocator : Allocator
        The model, the chip, the choices and the errors.
    allocations : tuple of Allocation
        The mixed schemes, the least error first.
    metrics : tuple of Metric
        What the front is judged by, error among them.
    """

    allocator: Allocator
    allocations: tuple[Allocation, ...]
    metrics: tuple[Metric, ...]

    @cached_property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """One row per scheme: name, kind, all measures as simulated, and whether another one dominates it."""
        front = self.front
        return tuple(
            row | {"dominated": place in front.dominated} for place, row in enumerate(self._measured)
        )  # fmt: skip

    @cached_property
    def _measured(self) -> list[dict[str, Any]]:
        whole = {"workload": self.allocator.network.name, "profile": self.allocator.chip.name}
        found = [
            whole | {"name": name, "kind": UNIFORM} | dict(totals) for name, totals in self.allocator.uniform.items()
        ]  # fmt: skip
        return found + [
            whole | {"name": f"mixed {number + 1}", "kind": MIXED} | one.simulated
            for number, one in enumerate(self.allocations)
        ]

    @cached_property
    def front(self) -> Front:
        """The Pareto front by the metrics; ``front.plot()`` draws it."""
        return pareto(self._measured, self.metrics)

    @property
    def plot(self) -> Any:
        """The plot of the front over its first two metrics, named points on it, dominated ones pale."""
        return self.front.plot

    def to_frame(self) -> Any:
        """Return one row per scheme as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def __repr__(self) -> str:
        return repr(self.front)


def allocation_front(
    model: Network | str | Path,
    chip: Chip | str | Path,
    choices: Sequence[str] = CHOICES,
    *,
    metrics: Sequence[str] = ("energy", "error"),
    points: int = 8,
    errors: Given = None,
    kv: str | None = None,
    mapping: str = "heuristic",
    objective: str = "energy",
) -> AllocationFront:
    """Return the trade-off between a cost and error over uniform and mixed schemes.

    Parameters
    ----------
    model, chip, choices, errors, kv, mapping, objective
        As in `accelsim.allocate`.
    metrics : sequence of str
        "energy", "latency", "edp", "memory", "bops" and "error"; the first that is not error is minimized.
    points : int
        Budgets of error that are tried, 1 to 200.

    Raises
    ------
    UsageError
        There are no two metrics of which one is error, or points are not a number from 1 to 200.
    """
    chosen = [MEASURES.get(name, name) for name in metrics]
    costs = [name for name in chosen if name != "error"]
    if "error" not in chosen or not costs:
        raise UsageError(
            f"a trade-off is between error and a cost such as energy; got {', '.join(metrics) or 'nothing'}."
        )
    if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= MOST_POINTS:
        raise UsageError(f"points must be a whole number from 1 to {MOST_POINTS}; got {points!r}.")
    found = allocator(model, chip, choices, errors=errors, kv=kv, mapping=mapping, objective=objective)
    return front_of(found, chosen, points)


def front_of(found: Allocator, metrics: Sequence[str] = ("energy_pj", "error"), points: int = 8) -> AllocationFront:
    """Return the trade-off of a model that is costed already; see `allocation_front`."""
    cost = next(name for name in metrics if name != "error")
    seen: dict[tuple[int, ...], Allocation] = {}
    for most in _budgets([totals["error"] for totals in found.uniform.values()], points):
        one = found.allocate(cost, {"error": most})
        seen.setdefault(one.solution.picks, one)
    mixed = [one for picks, one in seen.items() if picks not in found.uniform_picks.values()]
    return AllocationFront(found, tuple(mixed), tuple(metric(name) for name in metrics))


def _budgets(errors: Sequence[float], points: int) -> list[float]:
    """Return budgets evenly spaced by ratio between the least and the most error; by difference where one is 0."""
    least, most = min(errors), max(errors)
    shares = [(number + 1) / (points + 1) for number in range(points)]
    if least == most:
        return [most]
    if least <= 0:
        return [least + share * (most - least) for share in shares]
    return [float(least * (most / least) ** share) for share in shares]
