"""What does every layer cost in every choice? The simulator's answers, one per distinct layer and formats.

A layer's cost depends on three formats: of its weights, of what it reads and of what it writes. In a uniform scheme
the last two are the same, and the cost is the uniform estimate's own. Where they differ, the layer is costed with what
it reads kept on chip as in the first uniform scheme and what it writes as in the second. So the sum is exact for
uniform allocations; of a mixed one it leaves out that other activations then stay on chip. The whole allocation is
simulated again and the gap reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from accelsim.engine.case import Case
from accelsim.engine.sparsity import work_of
from accelsim.errors import InfeasibleError
from accelsim.precision import Format
from accelsim.quantization.allocation.choices import Choices
from accelsim.quantization.allocation.errors import LayerErrors
from accelsim.quantization.allocation.problem import Item, Option, Problem
from accelsim.quantization.allocation.sizes import bops_of, weight_bits_of
from accelsim.quantization.allocation.tensors import Sharing, sharing
from accelsim.search.heuristic import Objective
from accelsim.simulation.estimate import costed_cases
from accelsim.simulation.mac_layer import chosen_mappings, mac_layers
from accelsim.simulation.requested import Request
from accelsim.simulation.result import LayerResult
from accelsim.simulation.vector_layer import vector_layer
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network


@dataclass(frozen=True)
class _Way:
    """A layer in a choice that writes in a format; None: the KV cache, or as it reads."""

    layer: Layer
    choice: str
    written: Format | None


@dataclass(frozen=True)
class Costing:
    """Costs of a network's layers in choices.

    Parameters
    ----------
    choices : Choices
    asked : Request
        How mappings are chosen.
    objective : {"energy", "latency", "edp"}
    errors : LayerErrors
    """

    choices: Choices
    asked: Request
    objective: Objective
    errors: LayerErrors

    @property
    def network(self) -> Network:
        """What is costed."""
        return next(iter(self.choices.results.values())).network

    @cached_property
    def shared(self) -> Sharing:
        """Which activations share a format."""
        return sharing(self.network)

    def problem(self) -> tuple[Problem, tuple[str, ...]]:
        """Return what is to be chosen, and which layers keep the widest choice because no error is known of them.

        Energy is left out where the chip gives no cost.
        """
        costs = self._costs()
        told = all(one.energy_pj is not None for one in costs.values())
        items, pinned = [], []
        spoken = {self.shared.reads[name] for name in self.errors.rows}
        for layer in self.network.layers:
            silent = layer.name not in self.errors.rows
            if silent and (_has_weights(layer) or self.shared.reads[layer.name] not in spoken):
                pinned.append(layer.name)
            options = tuple(
                Option(way.choice, self._measures(way, costs[way], told), self._ties(way))
                for way in self._ways(layer, pinned[-1:] == [layer.name])
                if way in costs
            )
            items.append(Item(layer.name, options))
        result = next(iter(self.choices.results.values()))
        constants = {"latency_s": result.overhead_s}
        if told and result.overhead_energy_pj is not None:
            constants["energy_pj"] = result.overhead_energy_pj
        return Problem(tuple(items), constants), tuple(pinned)

    def _ways(self, layer: Layer, pinned: bool = False) -> Iterator[_Way]:
        """Yield a layer's choices and output formats; one choice per activation format where it has no weights."""
        writes = self.shared.writes[layer.name]
        own = writes is None or writes == self.shared.reads[layer.name]
        for name, scheme in self.choices.schemes.items():
            if not _has_weights(layer) and self.choices.storing(scheme.activation_format) != name:
                continue
            if pinned and not self._as_widest(layer, name):
                continue
            for written in (None,) if own else self.choices.formats:
                yield _Way(layer, name, None if written == scheme.activation_format else written)

    def _as_widest(self, layer: Layer, name: str) -> bool:
        """Whether a layer may keep a choice if it is to keep the widest: of activations alone without weights."""
        widest = self.choices.widest
        if _has_weights(layer):
            return name == widest
        return self.choices.schemes[name].activation_format == self.choices.schemes[widest].activation_format

    def _ties(self, way: _Way) -> tuple[tuple[str, str], ...]:
        own = self.choices.schemes[way.choice].activation_format
        reads, writes = self.shared.reads[way.layer.name], self.shared.writes[way.layer.name]
        found = {reads: str(own)}
        if writes is not None:
            found[writes] = str(way.written or own)
        return tuple(found.items())

    def _measures(self, way: _Way, cost: LayerResult, told: bool) -> dict[str, float]:
        layer, scheme = way.layer, self.choices.schemes[way.choice]
        result = self.choices.results[way.choice]
        found = {} if not told else {"energy_pj": float(cost.energy_pj or 0.0) * layer.repeat}
        return found | {
            "latency_s": cost.cycles * layer.repeat / result.chip.clock_hz.value,
            "error": self.errors.rows.get(layer.name, {}).get(way.choice, 0.0),
            "weight_bytes": weight_bits_of(self.network, layer, scheme) / 8,
            "bops": bops_of(layer, scheme),
        }

    def _costs(self) -> dict[_Way, LayerResult]:
        """Cost of every way; those that are no part of a uniform estimate are mapped together, equal ones once."""
        found: dict[_Way, LayerResult] = {}
        cases: dict[_Way, Case] = {}
        uniform = {name: costed_cases(result) for name, result in self.choices.results.items()}
        for layer in self.network.layers:
            for way in self._ways(layer):
                if way.written is None:
                    found[way] = self.choices.results[way.choice].layer(layer.name)
                elif layer.shape is None:
                    found[way] = self._vector(way)
                else:
                    cases[way] = self._case(way, uniform[way.choice][layer.name])
        return found | self._mapped(cases)

    def _case(self, way: _Way, uniform: Case) -> Case:
        """What is costed of a layer that writes in another format than it reads."""
        assert way.written is not None
        name, scheme = way.layer.name, self.choices.schemes[way.choice]
        formats = scheme.resolve(way.layer, way.written, uniform.formats.accumulator)
        kept = name in self.choices.results[self.choices.storing(way.written)].residency.outputs
        resident = uniform.resident - {"O"} | ({"O"} if kept else set())
        chip = self.choices.results[way.choice].chip
        return replace(uniform, formats=formats, resident=resident, work=work_of(chip, way.layer, formats))

    def _vector(self, way: _Way) -> LayerResult:
        assert way.written is not None
        result, scheme = self.choices.results[way.choice], self.choices.schemes[way.choice]
        other = self.choices.storing(way.written)
        name = way.layer.name
        kept = name in self.choices.results[other].residency.outputs
        outputs = result.residency.outputs - {name} | ({name} if kept else set())
        mixed = replace(self.choices.schemes[other], overrides=((_escaped(name), scheme),))
        return vector_layer(result.chip, self.network, way.layer, mixed, replace(result.residency, outputs=outputs))

    def _mapped(self, cases: Mapping[_Way, Case]) -> dict[_Way, LayerResult]:
        if not cases:
            return {}
        chip = next(iter(self.choices.results.values())).chip
        keys = {str(number): way for number, way in enumerate(cases)}
        try:
            given = {key: cases[way] for key, way in keys.items()}
            costed = mac_layers(chip, given, chosen_mappings(chip, given, self.asked, self.objective))
            return {keys[key]: one for key, one in costed.items()}
        except InfeasibleError:
            return dict(self._one_by_one(cases))

    def _one_by_one(self, cases: Mapping[_Way, Case]) -> Iterator[tuple[_Way, LayerResult]]:
        """Yield what fits: with what stays on chip, else with everything in DRAM; what does not fit is no option."""
        chip = next(iter(self.choices.results.values())).chip
        for way, case in cases.items():
            for one in (case, replace(case, resident=frozenset(), reserved_bits=0.0)):
                try:
                    choice = chosen_mappings(chip, {"": one}, self.asked, self.objective)
                    yield way, mac_layers(chip, {"": one}, choice)[""]
                except InfeasibleError:
                    continue
                break


def _has_weights(layer: Layer) -> bool:
    return layer.weight_elements > 0 or layer.kind == "embedding"


def _escaped(name: str) -> str:
    from accelsim.scheme.patterns import escape

    return escape(name)
