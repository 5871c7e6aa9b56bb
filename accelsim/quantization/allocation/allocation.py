"""What was allocated: bits per layer, their cost and error, the scheme, and how far off are added costs?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.accessor import Accessor
from accelsim.quantization.allocation.budget import amount
from accelsim.quantization.allocation.choices import Choices
from accelsim.quantization.allocation.errors import LayerErrors
from accelsim.quantization.allocation.problem import Option, Problem
from accelsim.quantization.allocation.product import EDP
from accelsim.quantization.allocation.scheme import base_choice, save_scheme, scheme_text
from accelsim.quantization.allocation.solve import Solution
from accelsim.scheme import Scheme
from accelsim.simulation.result import Result
from accelsim.workload.layer import Layer

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"energy_pj": "pJ", "latency_s": "s", "weight_bytes": "B", "macs": "MACs", "error": "", "bops": ""}


@dataclass(frozen=True)
class AllocatedLayer:
    """One layer of an allocation; costs are of all its repeats, in the layer alone.

    Parameters
    ----------
    layer : Layer
    choice : str
    weight, activation, output : str
        Formats of its weights ("" without), of what it reads and of what it writes.
    measures : dict of str to float
        energy_pj (where known), latency_s, error, weight_bytes, bops.
    """

    layer: Layer
    choice: str
    weight: str
    activation: str
    output: str
    measures: Mapping[str, float]

    def to_dict(self) -> dict[str, object]:
        """Return the layer as plain data."""
        return {
            "name": self.layer.name, "kind": self.layer.kind, "repeat": self.layer.repeat, "choice": self.choice,
            "weight": self.weight, "activation": self.activation, "output": self.output,
            "macs": self.layer.macs * self.layer.repeat, **self.measures,
        }  # fmt: skip


@dataclass(frozen=True)
class Allocation:
    """Bits of every layer, chosen exactly, and what the whole model then costs.

    Parameters
    ----------
    problem : Problem
        What was chosen from.
    solution : Solution
    choices : Choices
        Uniform schemes that were offered, and the model in each.
    errors : LayerErrors
    result : Result
        The model simulated in the allocated scheme.
    uniform : dict of str to dict of str to float
        Totals of every choice taken throughout.
    notes : tuple of str
        Choices that were left out, layers that were not free.
    """

    problem: Problem
    solution: Solution
    choices: Choices
    errors: LayerErrors
    result: Result
    uniform: Mapping[str, Mapping[str, float]]
    notes: tuple[str, ...] = ()

    plot = Accessor("accelsim.report.plots:AllocationPlots")

    @property
    def scheme(self) -> Scheme:
        """What `accelsim.estimate` takes."""
        return self.result.scheme

    @property
    def totals(self) -> Mapping[str, float]:
        """Added costs and errors, which the choice was made by; edp_pj_s is the product of two sums."""
        return self.solution.totals

    @cached_property
    def simulated(self) -> dict[str, float]:
        """The same measures of the model simulated as a whole; error and bops do not depend on that."""
        found = {name: self.totals[name] for name in ("error", "bops")}
        found["latency_s"] = self.result.latency_s
        found["weight_bytes"] = self.result.memory.weight_bytes
        if self.result.energy_pj is not None:
            found |= {"energy_pj": self.result.energy_pj, EDP: self.result.energy_pj * self.result.latency_s}
        return {name: found[name] for name in self.totals if name in found}

    @property
    def gap(self) -> dict[str, float]:
        """Simulated over added, less 1, by measure: what the sum over layers leaves out."""
        return {
            name: value / self.totals[name] - 1 for name, value in self.simulated.items() if self.totals[name]
        }  # fmt: skip

    @property
    def broken(self) -> tuple[str, ...]:
        """Budgets that the added costs keep and the simulated ones do not, each in a sentence."""
        return tuple(
            f"simulated as a whole, {name} is {amount(self.simulated[name], name)}, over the budget of "
            f"{amount(most, name)} by {self.simulated[name] / most - 1:.2%}."
            for name, most in self.solution.budgets.items()
            if self.simulated[name] > most * (1 + 1e-9)
        )

    @property
    def chosen(self) -> dict[str, str]:
        """The choice of every layer by name."""
        return {name: option.choice for name, option in self._options.items()}

    @property
    def _options(self) -> dict[str, Option]:
        pairs = zip(self.problem.items, self.solution.picks, strict=True)
        return {item.name: item.options[pick] for item, pick in pairs}

    @cached_property
    def layers(self) -> tuple[AllocatedLayer, ...]:
        """Every layer with its formats, costs and error, in execution order."""
        found = []
        network, scheme = self.result.network, self.scheme
        for layer in network.layers:
            option = self._options[layer.name]
            own = self.choices.schemes[option.choice]
            weight = own.weight_format.name if layer.weight_elements or layer.kind == "embedding" else ""
            output = scheme.output_format(layer, network).name
            found.append(
                AllocatedLayer(layer, option.choice, weight, own.activation_format.name, output, option.measures)
            )
        return tuple(found)

    @property
    def bits(self) -> dict[str, tuple[int, int]]:
        """Bits of weights and activations of every layer with weights, scales left out, by name."""
        found = {}
        for layer in self.layers:
            if layer.weight:
                own = self.choices.schemes[layer.choice]
                found[layer.layer.name] = own.weight_format.bits, own.activation_format.bits
        return found

    def scheme_text(self) -> str:
        """Return the scheme file: where it comes from in comments, then what `accelsim.estimate` takes."""
        return scheme_text(self.scheme, self._base, self._remarks())

    def save(self, path: str | Path) -> Path:
        """Write the scheme file (.yaml), whole or not at all, and return its path."""
        return save_scheme(self.scheme, self._base, path, self._remarks())

    @property
    def _base(self) -> str:
        return base_choice(self.result.network, self.chosen)

    def _remarks(self) -> list[str]:
        lines = ["Made by accelsim allocate; accelsim estimate takes it as a scheme."]
        for name, value in self.totals.items():
            gap = self.gap.get(name)
            same = name in ("error", "bops") or gap is None
            lines.append(f"{name}: {value:.6g}" + ("" if same else f" added, {self.simulated[name]:.6g} simulated"))
        return [*lines, *self.notes, *self.broken]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per layer as a pandas table, units in ``attrs["units"]``."""
        import pandas as pd

        frame = pd.DataFrame([one.to_dict() for one in self.layers])
        frame.attrs["units"] = {name: unit for name, unit in UNITS.items() if name in frame.columns}
        return frame

    def to_dict(self) -> dict[str, object]:
        """Return the allocation as plain data, as ``accelsim allocate --json`` prints it."""
        solution, result = self.solution, self.result
        return {
            "workload": result.network.name, "profile": result.chip.name, "choices": list(self.choices.schemes),
            "minimize": solution.minimized, "budget": dict(solution.budgets), "proven": solution.proven,
            "bound": solution.bound, "programs": solution.programs, "error_source": self.errors.source,
            "added": dict(self.totals), "simulated": self.simulated, "gap": self.gap,
            "uniform": {name: dict(own) for name, own in self.uniform.items()},
            "notes": list(self.notes), "warnings": [*self.broken, *result.warnings],
            "layers": [one.to_dict() for one in self.layers],
        }  # fmt: skip

    def __repr__(self) -> str:
        counts: dict[str, int] = {}
        for one in self.layers:
            if one.weight:
                counts[one.choice] = counts.get(one.choice, 0) + 1
        parts = ", ".join(f"{count} in {choice}" for choice, count in counts.items())
        shown = ", ".join(f"{name} {amount(value, name)}" for name, value in self.simulated.items())
        return f"Allocation of {self.result.network.name} on {self.result.chip.name}: layers {parts}; {shown}"
