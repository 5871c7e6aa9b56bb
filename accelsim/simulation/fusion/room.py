"""What surrounds a fused group, and what of the home level is taken while a part of it runs?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from accelsim.engine.case import Case, home
from accelsim.engine.width import stored_bits
from accelsim.errors import InfeasibleError
from accelsim.hardware.chip import Chip
from accelsim.scheme import Scheme
from accelsim.search.heuristic import Choice
from accelsim.simulation.fusion.groups import Group
from accelsim.simulation.fusion.tiles import Part, Rows
from accelsim.simulation.lifetimes import lifetimes
from accelsim.simulation.residency import Residency
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

Chooser = Callable[[Mapping[str, Case]], Mapping[str, Choice]]


@dataclass(frozen=True)
class Setting:
    """Everything around a group that its cost depends on.

    Parameters
    ----------
    network : Network
    chip : Chip
    scheme : Scheme
    residency : Residency
        What stays on chip between layers.
    cases : mapping of layer to Case
        As they are costed layer by layer.
    output_bits : mapping of layer to float
    choose : callable
        Returns the mappings of cases by name.
    """

    network: Network
    chip: Chip
    scheme: Scheme
    residency: Residency
    cases: Mapping[str, Case]
    output_bits: Mapping[str, float]
    choose: Chooser

    def around(self, group: Group) -> float:
        """Bits of the home level that tensors from outside take while the group runs."""
        last = group.start + len(group.layers) - 1
        spans = lifetimes(self.network)
        stay = (name for name in self.residency.outputs if name not in group.inner)
        return sum(self.output_bits[name] for name in stay if spans[name][0] <= last and spans[name][1] >= group.start)


class Room:
    """What of the home level is taken while a part runs."""

    def __init__(self, setting: Setting, group: Group, kept: Mapping[str, int], keep_weights: bool) -> None:
        self.group, self.keep_weights, self.kept = group, keep_weights, kept
        rows = {one.name: one.rows for one in group.rows}
        self.row_bits = {name: setting.output_bits[name] / (rows[name] * group.copies) for name in kept}
        self.outside = setting.around(group)
        self.weights = {
            layer.name: _weight_bits(setting.cases[layer.name])
            for layer in group.layers
            if layer.shape is not None and layer.second_operand == "weights" and keep_weights
        }
        level = home(setting.chip)
        assert level is not None
        assert level.capacity_bits is not None
        self.level, self.capacity = level.name, level.capacity_bits

    def case(self, whole: Case, layer: Layer, rows: Rows, part: Part) -> Case:
        """The case of a part; what its own I and O take of the tiles that are there is left to the engine."""
        inner = {"I": list(rows.reads), "O": [rows.name] if rows.name in self.kept else []}
        resident = set(whole.resident) | {operand for operand, names in inner.items() if names}
        taken = sum(self.row_bits[name] * count for name, count in self.kept.items())
        taken -= sum(self.row_bits[name] * min(part.size, self.kept[name]) for name in inner["I"])
        taken -= sum(self.row_bits[name] * min(part.rows, self.kept[name]) for name in inner["O"])
        if rows.name in self.weights:
            resident.add("W")
        taken += sum(bits for name, bits in self.weights.items() if name != rows.name)
        made = replace(
            whole, layer=layer, resident=frozenset(resident), reserved_bits=self.outside + max(taken, 0.0)
        )  # fmt: skip
        needed = made.reserved_bits + sum(made.shape.words(one) * stored_bits(made, one) for one in resident)
        if needed >= self.capacity:
            raise InfeasibleError(
                f"tiles and what is kept, {needed:,.0f} bits, must fit the {self.capacity:,} bits of {self.level}.",
                where=rows.name,
            )
        return made


def _weight_bits(case: Case) -> float:
    return case.shape.words("W") * float(case.formats.weight_bits)
