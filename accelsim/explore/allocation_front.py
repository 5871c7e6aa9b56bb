"""How much energy for how much error? A model's uniform and mixed schemes on a chip, dominated ones marked.

The mixed schemes are exact allocations: for each of several budgets of error, evenly spaced by ratio between the
uniform schemes with least and most, the one with the least of the first metric. Further uniform schemes, of which no
layer of a mix may take one, stand beside them. All are simulated as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from accelsim.errors import InfeasibleError, UnsupportedError, UsageError
from accelsim.explore.metrics import Metric, metric
from accelsim.explore.pareto import Front, pareto
from accelsim.hardware.chip import Chip
from accelsim.quantization.allocation.allocate import CHOICES, Allocator, allocator
from accelsim.quantization.allocation.allocation import Allocation
from accelsim.quantization.allocation.budget import measure_of
from accelsim.quantization.allocation.errors import Given, LayerErrors, errors_of
from accelsim.quantization.allocation.noise import SOURCE
from accelsim.quantization.allocation.product import EDP
from accelsim.quantization.allocation.sizes import bops_of
from accelsim.scheme.grammar import parse_name
from accelsim.simulation.estimate import estimate
from accelsim.workload.catalog import load_workload
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
    others : dict of str to dict of str to float
        Totals of uniform schemes that are no choices.
    notes : tuple of str
        Schemes that the chip cannot run.
    """

    allocator: Allocator
    allocations: tuple[Allocation, ...]
    metrics: tuple[Metric, ...]
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

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
        uniform = {**self.allocator.uniform, **self.others}
        found = [whole | {"name": name, "kind": UNIFORM} | dict(totals) for name, totals in uniform.items()]
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
    uniform: Sequence[str] = (),
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
    uniform : sequence of str
        Further schemes to stand beside the choices, such as fp32 and fp16; a table of errors must know them.

    Raises
    ------
    UsageError
        There are no two metrics of which one is error, points are not a number from 1 to 200, or a further scheme
        is given twice.
    """
    chosen = metrics_of(metrics)
    if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= MOST_POINTS:
        raise UsageError(f"points must be a whole number from 1 to {MOST_POINTS}; got {points!r}.")
    network = model if isinstance(model, Network) else load_workload(model)
    known = errors_with(errors, network, choices, uniform)
    found = allocator(network, chip, choices, errors=known, kv=kv, mapping=mapping, objective=objective)
    return front_of(found, chosen, points, uniform)


def metrics_of(names: Sequence[str]) -> list[str]:
    """Return the columns that metrics stand for; UsageError unless error is among them, and a cost."""
    listed = [names] if isinstance(names, str) else list(names)
    chosen = [measure_of(name) for name in listed]
    if "error" not in chosen or len(set(chosen)) < 2:
        raise UsageError(
            f"a trade-off is between error and a cost such as energy; got {', '.join(listed) or 'nothing'}."
        )
    return chosen


def errors_with(given: Given, network: Network, choices: Sequence[str], uniform: Sequence[str]) -> Given:
    """Return errors that know the further uniform schemes too; what was given, where there are none."""
    if not uniform:
        return given
    if len(set(uniform)) < len(uniform):
        raise UsageError(f"further uniform schemes must be given once each; got {', '.join(uniform)}.")
    names = [*([choices] if isinstance(choices, str) else choices), *uniform]
    return errors_of(given, network, {name: parse_name(name) for name in names})


def front_of(
    found: Allocator,
    metrics: Sequence[str] = ("energy_pj", "error"),
    points: int = 8,
    uniform: Sequence[str] = (),
) -> AllocationFront:
    """Return the trade-off of a model that is costed already; see `allocation_front`."""
    cost = next(name for name in metrics if name != "error")
    seen: dict[tuple[int, ...], Allocation] = {}
    for most in _budgets([totals["error"] for totals in found.uniform.values()], points):
        one = found.allocate(cost, {"error": most})
        seen.setdefault(one.solution.picks, one)
    mixed = [one for picks, one in seen.items() if picks not in found.uniform_picks.values()]
    others: dict[str, Mapping[str, float]] = {}
    notes = []
    for name in uniform:
        if name in found.uniform:
            continue
        try:
            others[name] = _totals(found, name)
        except (UnsupportedError, InfeasibleError) as problem:
            notes.append(f"{name} is left out: {problem}")
    return AllocationFront(found, tuple(mixed), tuple(metric(name) for name in metrics), others, tuple(notes))


def _errors_with(found: Allocator, name: str) -> LayerErrors:
    """Return errors that know a scheme; InputError where only choices were measured."""
    if found.errors.source == SOURCE and any(name not in row for row in found.errors.rows.values()):
        return errors_of(None, found.network, {name: parse_name(name)})
    found.errors.check(found.network, [name])
    return found.errors


def _totals(found: Allocator, name: str) -> dict[str, float]:
    """Return what the whole model costs and loses in a uniform scheme that is no choice."""
    scheme = parse_name(name)
    result = estimate(found.network, found.chip, scheme, mapping=found.mapping, objective=found.objective)
    totals: dict[str, float] = {} if result.energy_pj is None else {"energy_pj": result.energy_pj}
    totals["latency_s"] = result.latency_s
    totals["error"] = sum(row[name] for row in _errors_with(found, name).rows.values())
    totals["weight_bytes"] = float(result.memory.weight_bytes)
    totals["bops"] = sum(bops_of(layer, scheme) for layer in found.network.layers)
    return totals | ({} if result.energy_pj is None else {EDP: result.energy_pj * result.latency_s})


def _budgets(errors: Sequence[float], points: int) -> list[float]:
    """Return budgets evenly spaced by ratio between the least and the most error; by difference where one is 0."""
    least, most = min(errors), max(errors)
    shares = [(number + 1) / (points + 1) for number in range(points)]
    if least == most:
        return [most]
    if least <= 0:
        return [least + share * (most - least) for share in shares]
    return [float(least * (most / least) ** share) for share in shares]
