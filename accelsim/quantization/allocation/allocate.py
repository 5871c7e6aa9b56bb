"""How many bits should each layer have? Costs from the simulator, an exact choice, and the whole simulated again.

choices on the chip -> costs and errors of every layer -> integer program -> scheme -> estimate
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.errors import UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.quantization.allocation.allocation import Allocation
from accelsim.quantization.allocation.budget import amount, budgets_of, measure_of
from accelsim.quantization.allocation.choices import Choices, supported
from accelsim.quantization.allocation.costing import Costing
from accelsim.quantization.allocation.errors import Given, LayerErrors, errors_of
from accelsim.quantization.allocation.program import require_solver
from accelsim.quantization.allocation.scheme import scheme_of
from accelsim.quantization.allocation.solve import Solution, among_equals, known_measures, solve, totals
from accelsim.scheme.grammar import parse_name
from accelsim.simulation.estimate import check_objective, estimate
from accelsim.simulation.requested import QUICK, request
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

if TYPE_CHECKING:
    from accelsim.quantization.allocation.problem import Problem

CHOICES = ("w4a4", "w4a8", "w8a8")
"""What a layer may take where nobody says."""


@dataclass(frozen=True)
class Allocator:
    """A model on a chip with everything costed: ask it for as many allocations as you like.

    Parameters
    ----------
    network : Network
    chip : Chip
    choices : Choices
    errors : LayerErrors
    mapping : str
    objective : {"energy", "latency", "edp"}
    """

    network: Network
    chip: Chip
    choices: Choices
    errors: LayerErrors
    mapping: str
    objective: str

    @cached_property
    def _costed(self) -> tuple[Problem, tuple[str, ...]]:
        asked = request(self.mapping, self.chip, self.network)
        return Costing(self.choices, asked, check_objective(self.objective), self.errors).problem()

    @property
    def problem(self) -> Problem:
        """Layers, their options, and what each costs and loses."""
        return self._costed[0]

    @cached_property
    def uniform_picks(self) -> Mapping[str, tuple[int, ...]]:
        """The options of every choice taken throughout; less those that do not keep what is pinned."""
        found = ((name, _uniform_picks(self.problem, self.choices, name)) for name in self.choices.schemes)
        return {name: picks for name, picks in found if picks is not None}

    @cached_property
    def uniform(self) -> Mapping[str, Mapping[str, float]]:
        """The totals of every choice taken throughout, errors included."""
        return {name: totals(self.problem, picks) for name, picks in self.uniform_picks.items()}

    def allocate(self, minimize: str = "energy", budget: Mapping[str, float | str] | None = None) -> Allocation:
        """Return the allocation with the least of a measure within budgets, simulated as a whole.

        Of those with equally little of it, the one with least error (of those with equal error, least energy).

        Parameters
        ----------
        minimize : {"energy", "latency", "edp", "error", "memory", "bops"}
        budget : mapping of str to float or str
            The most of other measures; see `accelsim.quantization.allocation.budget.budgets_of`.

        Raises
        ------
        UsageError
            A measure is unknown or not known of this chip, or HiGHS is not installed.
        InfeasibleError
            No allocation keeps the budgets; the nearest that can be reached is named.
        """
        measure = measure_of(minimize)
        budgets = budgets_of(budget or {}, self.uniform)
        if unknown := [name for name in (measure, *budgets) if name not in known_measures(self.problem)]:
            raise UsageError(
                f"{unknown[0]} must be known to be minimized or budgeted; {self.chip.name} gives no cost of energy. "
                "Ask for latency, error, memory or bops."
            )
        found = solve(self.problem, measure, budgets, shown=amount)
        return self._simulated(among_equals(self.problem, found, _second(measure, self.problem)))

    def _simulated(self, solution: Solution) -> Allocation:
        """Return an allocation with the whole model simulated in it."""
        chosen = {
            item.name: item.options[pick].choice for item, pick in zip(self.problem.items, solution.picks, strict=True)
        }
        scheme = scheme_of(self.network, self.choices, chosen, _description(self, solution))
        result = estimate(self.network, self.chip, scheme, mapping=self.mapping, objective=self.objective)
        pinned = _pinned_note(self._costed[1], self.choices.widest)
        return Allocation(
            problem=self.problem,
            solution=solution,
            choices=self.choices,
            errors=self.errors,
            result=result,
            uniform=self.uniform,
            notes=(*self.choices.notes, *self.errors.notes, *pinned),
        )


def allocator(
    model: Network | str | Path,
    chip: Chip | str | Path,
    choices: Sequence[str] = CHOICES,
    *,
    errors: Given = None,
    kv: str | None = None,
    mapping: str = QUICK,
    objective: str = "energy",
) -> Allocator:
    """Return a model on a chip with every layer costed in every choice; the parameters are those of `allocate`."""
    require_solver()
    check_objective(objective)
    network = model if isinstance(model, Network) else load_workload(model)
    chip = chip if isinstance(chip, Chip) else load_profile(chip)
    names = [choices] if isinstance(choices, str) else list(choices)
    if not isinstance(mapping, str) or Path(mapping).suffix:
        raise UsageError(
            f"layers are costed in many formats; mapping must be a name such as heuristic, got {mapping!r}."
        )
    schemes = {name: parse_name(name) for name in names}
    given = None if errors is None else errors_of(errors, network, schemes)
    found = supported(network, chip, names, kv=kv, mapping=mapping, objective=objective)
    return Allocator(network, chip, found, given or errors_of(None, network, found.schemes), mapping, objective)


def allocate(
    model: Network | str | Path,
    chip: Chip | str | Path,
    choices: Sequence[str] = CHOICES,
    *,
    minimize: str = "energy",
    budget: Mapping[str, float | str] | None = None,
    errors: Given = None,
    kv: str | None = None,
    mapping: str = QUICK,
    objective: str = "energy",
) -> Allocation:
    """Choose weight and activation bits of every layer, exactly, and simulate what was chosen.

    Parameters
    ----------
    model : Network, str or Path
    chip : Chip, str or Path
    choices : sequence of str
        Uniform schemes of which each layer takes one ("w4a4", "w8a8", "w4g128a16" ...). Those that the chip does
        not support are left out with a note.
    minimize : {"energy", "latency", "edp", "error", "memory", "bops"}
    budget : mapping of str to float or str
        The most of other measures: {"error": 0.1}, {"energy": "2 mJ"}, {"memory": "50%"} (half way between the
        uniform schemes with least and most).
    errors : LayerErrors, mapping of layer to mapping of choice to float, str, Path, Sensitivity or ErrorTable
        What each layer loses in each choice, added up; a CSV file; what the network answers otherwise, as
        `accelsim.sensitivity` measures it for the choices; the noise of the model's own tensors, as
        `accelsim.quantization_error` does; by default the noise of the formats on normally
        distributed values (`accelsim.quantization.allocation.noise`), which knows nothing of the model.
    kv : str, optional
        Format of the KV cache; by default the widest activations among the choices.
    mapping, objective : str
        As in `accelsim.estimate`, by name; "heuristic" by default, since every choice of every layer is mapped.

    Returns
    -------
    Allocation
        With its scheme, its simulated result, and the gap between that and the added costs.

    Raises
    ------
    UsageError
        A measure is unknown, or HiGHS (extra ``optimize``) is not installed.
    InputError
        A name, file, choice or error is wrong.
    UnsupportedError
        The chip supports no choice.
    InfeasibleError
        No allocation keeps the budgets; the nearest that can be reached is named.
    """
    found = allocator(model, chip, choices, errors=errors, kv=kv, mapping=mapping, objective=objective)
    return found.allocate(minimize, budget)


def _second(measure: str, problem: Problem) -> str:
    """Return what decides among allocations with equally little of a measure: error, or of error a cost."""
    if measure != "error":
        return "error"
    return "energy_pj" if "energy_pj" in problem.measures else "latency_s"


def _uniform_picks(problem: Problem, choices: Choices, name: str) -> tuple[int, ...] | None:
    """Return the picks in which every layer takes one choice, and writes as it reads; None if one cannot."""
    formats = {str(choices.schemes[name].activation_format)}
    same = choices.storing(choices.schemes[name].activation_format)
    picks = []
    for item in problem.items:
        fitting = (
            place
            for place, option in enumerate(item.options)
            if option.choice in (name, same) and {value for _, value in option.ties} == formats
        )
        own = sorted(fitting, key=lambda place: item.options[place].choice != name)
        if not own or (item.options[own[0]].choice != name and any(one.choice == name for one in item.options)):
            return None
        picks.append(own[0])
    return tuple(picks)


def _description(found: Allocator, solution: Solution) -> str:
    """Say what was asked for, of what, and from where the costs and errors come."""
    within = " and ".join(f"{name} of at most {amount(most, name)}" for name, most in solution.budgets.items())
    proof = "proven least" if solution.proven else "not proven least"
    return (
        f"Bits per layer of {found.network.name} on {found.chip.name}: {proof} {solution.minimized}"
        f"{f' with {within}' if within else ''}, of {', '.join(found.choices.schemes)}. Costs: accelsim, "
        f"{found.mapping} mapping for {found.objective}; errors: {found.errors.source}."
    )


def _pinned_note(pinned: Sequence[str], widest: str) -> list[str]:
    if not pinned:
        return []
    names = f"{', '.join(pinned[:3])}{f' and {len(pinned) - 3} more' if len(pinned) > 3 else ''}"
    return [f"no error is given of {names}: kept in {widest}, the widest choice."]


__all__ = ["CHOICES", "Allocation", "Allocator", "allocate", "allocator"]
