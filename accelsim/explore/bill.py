"""How many units of which cost does each result use? One matrix: rows are results (or their parts), columns costs.

At a fixed mapping energy is linear in the unit costs, ``energies = units @ costs``, so whatever is asked of other
costs (a sweep, a range, an elasticity) is asked of this matrix and never of the counts again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.engine.case import Floats
from accelsim.explore.charges import Charge, charges
from accelsim.explore.words import joined
from accelsim.hardware.chip import Chip
from accelsim.hardware.unit_costs import unit_cost
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result


@dataclass(frozen=True)
class UnitCost:
    """What one operation, bit, cycle or watt costs: a column.

    Parameters
    ----------
    path : str
        Its field in the profile, as ``--set`` takes it, whether listed there or derived.
    cost : Sourced
    """

    path: str
    cost: Sourced

    @property
    def kind(self) -> str:
        """Which kind of cost it is: "multiply", "read", "link", "leakage" ..."""
        return _SHAPES[_shape(self.path)][0]

    @property
    def what(self) -> str:
        """What it is the cost of: "int8 multiply", "DRAM read"."""
        if _shape(self.path) == "sparsity":
            return self.kind
        name = self.path.split(".", 2)[-1] if self.path.startswith("vector.") else self.path.partition(".")[2]
        place = name.rpartition(".")[0] if self.path.startswith(("levels.", "array.")) else name
        return f"{place} {self.kind}".strip()

    @property
    def unit(self) -> str:
        """Unit of the cost: "pJ", "pJ/bit", "pJ/cycle" or "W"."""
        return _SHAPES[_shape(self.path)][1]


_SHAPES = {
    "multiply_pj": ("multiply", "pJ"), "add_pj": ("add", "pJ"), "convert_pj": ("convert", "pJ"),
    "vector": ("operation", "pJ"), "read_pj_per_bit": ("read", "pJ/bit"), "write_pj_per_bit": ("write", "pJ/bit"),
    "link_pj_per_bit": ("link", "pJ/bit"), "clock_pj_per_cycle": ("clock", "pJ/cycle"), "leakage_w": ("leakage", "W"),
    "background_w": ("background", "W"), "idle_w": ("idle power", "W"), "sparsity": ("zero test", "pJ"),
}  # fmt: skip


def _shape(path: str) -> str:
    """Return the table or field that a path is of."""
    return path.rpartition(".")[2] if path.startswith(("levels.", "array.")) else path.partition(".")[0]


@dataclass(frozen=True, eq=False)
class Bill:
    """Units of each cost.

    Parameters
    ----------
    rows : tuple of tuple of str
        What each row is of: (result,), (result, layer) or (result, part).
    costs : tuple of UnitCost
    units : float64 array, shape (rows, costs)
    what : tuple of str
        What each cost is the cost of.
    users : tuple of frozenset of str
        The chips that each cost is charged on.
    """

    rows: tuple[tuple[str, ...], ...]
    costs: tuple[UnitCost, ...]
    units: Floats
    what: tuple[str, ...]
    users: tuple[frozenset[str], ...]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each cost is called, each otherwise: "DRAM read and write", "DRAM read on eyeriss-v1"."""
        met = Counter(self.what)
        named = [
            what if met[what] == 1 else f"{what} on {joined(sorted(chips))}"
            for what, chips in zip(self.what, self.users, strict=True)
        ]
        again = Counter(named)
        return tuple(
            name if again[name] == 1 else f"{name} at {one.cost.value:.4g} {one.unit}"
            for name, one in zip(named, self.costs, strict=True)
        )

    @property
    def values(self) -> Floats:
        """The costs as they are, in their units, shape (costs,)."""
        return np.array([one.cost.value for one in self.costs])

    @property
    def energy_pj(self) -> Floats:
        """Energies in pJ, shape (rows,)."""
        return np.asarray(self.units @ self.values)

    def row(self, *name: str) -> Floats:
        """Return the units of one row."""
        return np.asarray(self.units[self.rows.index(name)])


Row = Callable[[str, Charge], tuple[str, ...]]


def by_result(name: str, _: Charge) -> tuple[str, ...]:
    """One row a result."""
    return (name,)


def by_part(name: str, charge: Charge) -> tuple[str, ...]:
    """One row for each part of the energy of each result."""
    return name, charge.part


def by_layer(name: str, charge: Charge) -> tuple[str, ...]:
    """One row for each layer of each result; what the fixed times cost is a layer called ""."""
    return name, charge.layer


def bill_of(
    names: Sequence[str], results: Sequence[Result], row: Row = by_result, chips: Sequence[Chip] | None = None
) -> Bill | None:
    """Return how many units of each cost some results use; None if one of the costs is unknown.

    Parameters
    ----------
    names : sequence of str
        What the results are called.
    results : sequence of Result
    row : callable
        `by_result`, `by_part` or `by_layer`.
    chips : sequence of Chip, optional
        Chips with the same costs as the results', some of which are listed there that were derived.
    """
    rows: dict[tuple[str, ...], int] = {}
    columns: dict[UnitCost, int] = {}
    users: dict[UnitCost, set[str]] = {}
    entries: list[tuple[int, int, float]] = []
    for name, result, chip in zip(names, results, chips or [one.chip for one in results], strict=True):
        if any(line.cost is None and line.count for line, _ in result.bill()):
            return None
        paid: dict[str, UnitCost] = {}
        if row is by_result:
            rows.setdefault((name,), len(rows))
        for charge in charges(result, chip):
            if charge.path not in paid:
                cost = unit_cost(chip, charge.path)
                assert cost is not None, charge.path
                paid[charge.path] = UnitCost(charge.path, cost)
            column = paid[charge.path]
            users.setdefault(column, set()).add(chip.name)
            key = row(name, charge)
            entries.append(
                (rows.setdefault(key, len(rows)), columns.setdefault(column, len(columns)), charge.units)
            )  # fmt: skip
    units = np.zeros((len(rows), len(columns)))
    if entries:
        at, of, amount = zip(*entries, strict=True)
        np.add.at(units, (np.array(at), np.array(of)), np.array(amount))
    what = tuple(one.what for one in columns)
    return Bill(tuple(rows), tuple(columns), units, what, tuple(frozenset(users[one]) for one in columns))
