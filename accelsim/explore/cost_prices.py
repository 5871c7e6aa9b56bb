"""What is every unit cost of a chip in each variant of a cost sweep? Set, derived again by its law, or as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.explore.bill import Bill
from accelsim.explore.cost_variants import Variants, priced
from accelsim.hardware.chip import Chip
from accelsim.hardware.derived_costs import derived_costs, parents
from accelsim.hardware.node_scaling import move_costs
from accelsim.hardware.unit_costs import listed_costs, unit_cost, with_costs
from accelsim.provenance import COMMAND_LINE, Sourced


@dataclass(frozen=True, eq=False)
class Prices:
    """The unit costs of one chip in every variant.

    Parameters
    ----------
    chip : Chip
        With every cost that varies listed, where it may have been derived.
    groups : tuple of (Chip, int64 array)
        Variants that share what does not vary otherwise: the chip at each node, and the variants at that node.
    costs : mapping of path to float64 array, shape (variants,)
        What is set.
    count : int
        Number of variants.
    derive : bool
        Whether costs that laws derive from those set are derived again; not where every cost is drawn by itself.
    """

    chip: Chip
    groups: tuple[tuple[Chip, Ints], ...]
    costs: Mapping[str, Floats]
    count: int
    derive: bool = True

    def energies(self, bill: Bill) -> Floats:
        """Return the energies of a bill's rows in every variant, in pJ, shape (rows, variants)."""
        energies = np.zeros((len(bill.rows), self.count))
        fixed = np.zeros(len(bill.rows))
        for column, one in enumerate(bill.costs):
            cost = self.cost(one.path)
            if isinstance(cost, float):
                fixed += bill.units[:, column] * cost
            else:
                energies += np.outer(bill.units[:, column], cost)
        return energies + fixed[:, None]

    def cost(self, path: str) -> Floats | float:
        """Return a unit cost in every variant, or one number where it does not vary."""
        if path in self.costs:
            return self.costs[path]
        law = self.derive and any(parent in self.costs for parent in parents(self.chip, path))
        if not law and len(self.groups) == 1:
            return _value(self.groups[0][0], path)
        found = np.empty(self.count)
        for chip, which in self.groups:
            found[which] = derived_costs(chip, path, self._at(which)) if law else _value(chip, path)
        return found

    def _at(self, which: Ints) -> dict[str, Floats]:
        return {path: costs[which] for path, costs in self.costs.items()}

    def chips(self) -> Iterator[tuple[Chip, Ints]]:
        """Yield the chip of every distinct variant, and the variants that it is the chip of."""
        paths = sorted(self.costs)
        for chip, which in self.groups:
            if not paths:
                yield chip, which
                continue
            given = np.stack([self.costs[path][which] for path in paths], axis=1)
            distinct, back = np.unique(given, axis=0, return_inverse=True)
            for place, row in enumerate(distinct.tolist()):
                own = _own(zip(paths, row, strict=True))
                yield with_costs(chip, own), which[back.reshape(-1) == place]


def prices_of(chip: Chip, variants: Variants) -> Prices:
    """Return the unit costs of a chip in the variants of a sweep."""
    nodes = next((place for place, axis in enumerate(variants.axes) if axis.kind == "node"), None)
    count = len(variants)
    at_nodes = [(chip, np.arange(count))]
    if nodes is not None:
        entries = variants.axes[nodes].entries
        at_nodes = [
            (moved(chip, node), np.flatnonzero(variants.chosen[nodes] == at)) for at, node in enumerate(entries)
        ]
    costs: dict[str, Floats] = {}
    groups = []
    for base, which in at_nodes:
        for path, given in priced(variants, base, which).items():
            costs.setdefault(path, np.empty(count))[which] = given
        groups.append((_listing(base, costs), which))
    return Prices(_listing(chip, costs), tuple(groups), costs, count)


def moved(chip: Chip, node_nm: float) -> Chip:
    """Return the chip with its on-chip costs at another node, as ``--what-if --set node_nm=...`` moves them."""
    assert chip.node_nm is not None
    if node_nm == chip.node_nm.value:
        return chip
    there = replace(chip, node_nm=Sourced(node_nm, COMMAND_LINE, status="assumed"))
    return move_costs(there, chip.node_nm.value)


def _listing(chip: Chip, costs: Mapping[str, Floats]) -> Chip:
    """Return the chip with what varies listed at its own cost, so that operations are made of the same costs."""
    own = listed_costs(chip)
    derived = {path: cost for path in costs if path not in own and (cost := unit_cost(chip, path)) is not None}
    return with_costs(chip, derived) if derived else chip


def _own(costs: Iterator[tuple[str, float]]) -> dict[str, Sourced]:
    return {path: Sourced(value, COMMAND_LINE, status="assumed") for path, value in costs}


def _value(chip: Chip, path: str) -> float:
    cost = unit_cost(chip, path)
    assert cost is not None, path
    return cost.value
