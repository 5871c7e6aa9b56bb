"""Which unit costs are one published number? A number is uncertain once, however many costs quote it.

Costs of one kind that quote one source with the same value and range are one number, whoever uses it: a write
that is taken to cost as much as the published read, the DRAM of two chips by one table. What a user gave has
no source in common, and stays apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.explore.bill import Bill, UnitCost
from accelsim.explore.words import joined
from accelsim.provenance import OWN_SOURCES

Number = tuple[object, ...]
"""What two unit costs share that are one number: kind of quantity, source, value and range."""

_QUANTITY = {"read": "access", "write": "access"}


def number_of(one: UnitCost) -> Number:
    """Return the identity of the published number that a unit cost is."""
    cost = one.cost
    if cost.source in OWN_SOURCES:
        return one.path, cost
    return _QUANTITY.get(one.kind, one.kind), one.unit, cost.source, cost.value, cost.least, cost.most


def merged(bill: Bill) -> tuple[Bill, tuple[tuple[int, ...], ...]]:
    """Return a bill with one column for each number, and the columns of the first that each stands for."""
    groups: dict[Number, list[int]] = {}
    for column, one in enumerate(bill.costs):
        groups.setdefault(number_of(one), []).append(column)
    members = tuple(tuple(columns) for columns in groups.values())
    units = np.stack([bill.units[:, list(columns)].sum(axis=1) for columns in members], axis=1)
    what = tuple(_together([bill.costs[each] for each in columns]) for columns in members)
    users = tuple(frozenset().union(*(bill.users[each] for each in columns)) for columns in members)
    chosen = (next((each for each in columns if bill.costs[each].cost.certain), columns[0]) for columns in members)
    return Bill(bill.rows, tuple(bill.costs[each] for each in chosen), units, what, users), members


def _together(costs: Sequence[UnitCost]) -> str:
    """Return what several costs are of in one: "DRAM read" and "DRAM write" are "DRAM read and write"."""
    whats = list(dict.fromkeys(one.what for one in costs))
    kinds = sorted({one.kind for one in costs})
    places = list(dict.fromkeys(one.what.removesuffix(one.kind).strip() for one in costs))
    if len(whats) == len(kinds) * len(places):
        return f"{joined(places)} {joined(kinds)}".strip()
    return joined(whats)
