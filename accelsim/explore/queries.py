"""What is asked of points: which metric, under which constraints? Read from text, units and all.

A query is a text: ``least energy with latency_s <= 5 ms, average_power_w <= 2, area_mm2 <= 10``.
Bounds are in the unit that the column's name states unless they name another (5 ms, 1 GiB).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.explore.metrics import Metric, column, metric, unit_of
from accelsim.explore.points import Points, points_of, unknown
from accelsim.units import engineering, parse_amount

if TYPE_CHECKING:
    import numpy as np

    Flags = np.ndarray[Any, np.dtype[np.bool_]]

RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne, "==": operator.eq, "<": operator.lt, ">": operator.gt,
    "=": operator.eq,
}  # fmt: skip
_CONSTRAINT = re.compile(r"\s*([^<>=!]+?)\s*(<=|>=|==|!=|<|>|=)\s*(.+?)\s*$")
_QUERY = re.compile(
    r"\s*(?:(least|lowest|min|minimum|most|highest|max|maximum)\s+)?(\S+?)(?:\s+(?:with|where|under|if)\s+(.*))?\s*$"
)
EXAMPLE = "least energy with latency_s <= 5 ms, average_power_w <= 2"
_TRUTHS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True)
class Constraint:
    """What a column must be.

    Parameters
    ----------
    name : str
    relation : str
        One of `RELATIONS`.
    bound : float or str
        In the unit of the column; a text for a column of texts (``scheme == int8``).
    given : str
        The bound as it was written ("1 GiB").
    """

    name: str
    relation: str
    bound: float | str
    given: str = field(default="", compare=False)

    def holds(self, points: Points) -> Flags:
        """Return where it holds; what is unknown does not satisfy anything."""
        import numpy as np

        if isinstance(self.bound, str):
            values = [row.get(self.name) for row in points.rows]
            compare = RELATIONS[self.relation]
            return np.array(
                [not unknown(value) and bool(compare(str(value), self.bound)) for value in values], dtype=bool
            )
        values_ = points.numbers(self.name)
        found: Flags = RELATIONS[self.relation](values_, self.bound) & ~np.isnan(values_)
        return found

    def missed_by(self, value: float) -> float:
        """Return by which share of the bound a value misses it, 0 where it does not."""
        assert isinstance(self.bound, float)
        if value != value:
            return float("inf")
        gap = value - self.bound if self.relation in ("<=", "<") else self.bound - value
        gap = abs(gap) if self.relation in ("==", "=", "!=") else max(gap, 0.0)
        return gap / abs(self.bound) if self.bound else (float("inf") if gap else 0.0)

    def __str__(self) -> str:
        bound = self.bound if isinstance(self.bound, str) else shown(self.bound, self.name)
        return f"{self.name} {self.relation} {self.given if re.search('[A-Za-z]', self.given) else bound}"


@dataclass(frozen=True)
class Query:
    """What to look for, and what must hold."""

    metric: Metric
    constraints: tuple[Constraint, ...] = ()

    def __str__(self) -> str:
        wanted = f"{'least' if self.metric.better == 'min' else 'most'} {self.metric.name}"
        return f"{wanted} with {', '.join(map(str, self.constraints))}" if self.constraints else wanted


def parse_query(text: str, known: Sequence[str] | None = None) -> Query:
    """Return the query that a text stands for; a text that is none raises UsageError."""
    found = _QUERY.match(text)
    if found is None or not found[2] or RELATIONS.keys() & set(re.findall(r"[<>=!]+", found[2])):
        raise UsageError(f"a query must be such as {EXAMPLE!r}; got {text!r}.")
    wanted = metric(found[2].strip(","), known)
    if found[1]:
        wanted = Metric(wanted.name, "min" if found[1] in ("least", "lowest", "min", "minimum") else "max")
    return Query(wanted, _constraints(found[3] or "", known))


def parse_constraints(given: str | Sequence[str | Constraint], points: Any = None) -> tuple[Constraint, ...]:
    """Return the constraints in a text (joined by commas or "and"), or in several.

    Parameters
    ----------
    given : str or sequence of str
    points : optional
        Where given, names must be columns of it, and texts are compared as texts.

    Raises
    ------
    UsageError
        A text is no constraint.
    InputError
        A column is unknown, or a bound is in another unit.
    """
    table = None if points is None else points_of(points)
    known = None if table is None else table.columns
    texts = [given] if isinstance(given, str) else list(given)
    found: list[Constraint] = []
    for one in texts:
        found += [one] if isinstance(one, Constraint) else _constraints(one, known)
    return tuple(found) if table is None else tuple(typed(one, table) for one in found)


def _constraints(text: str, known: Sequence[str] | None) -> tuple[Constraint, ...]:
    parts = [part for part in re.split(r",|\band\b|;", text) if part.strip()]
    return tuple(_constraint(part, known) for part in parts)


def _constraint(text: str, known: Sequence[str] | None) -> Constraint:
    found = _CONSTRAINT.match(text)
    if found is None:
        raise UsageError(f"a constraint must be NAME <= BOUND, such as latency_s <= 5 ms; got {text.strip()!r}.")
    name = column(found[1], known)
    relation, unit = found[2], unit_of(name)
    try:
        return Constraint(name, relation, parse_amount(found[3], unit), found[3])
    except ValueError as error:
        if unit:
            raise InputError(f"{name} {error}.") from None
    return Constraint(name, relation, found[3].strip("'\""))


def typed(one: Constraint, points: Points) -> Constraint:
    """Return a constraint on a column of texts with its bound as a text, one that some point has."""
    name = column(one.name, points.columns)
    values = {str(row[name]) for row in points.rows if not unknown(row.get(name))}
    texts = any(isinstance(row.get(name), str) for row in points.rows)
    if not texts:
        truth = _TRUTHS.get(str(one.bound).lower())
        if truth is not None and values <= {"True", "False"}:
            return replace(one, name=name, bound=truth)
        if isinstance(one.bound, str):
            raise InputError(f"{name} is a number; got {one.bound!r}.")
        return replace(one, name=name, bound=float(one.bound))
    bound = f"{one.bound:g}" if isinstance(one.bound, float) else str(one.bound)
    if one.relation not in ("==", "=", "!="):
        raise UsageError(f"{name} is a text: it can be == or != one; got {one.relation} {bound}.")
    if bound not in values:
        raise InputError(f"no point has {name} {bound}{did_you_mean(bound, values) or '.'}")
    return Constraint(name, one.relation, bound)


def shown(value: float, name: str) -> str:
    """Return a value of a column with its unit and prefix, such as "5 ms"."""
    unit = unit_of(name)
    if unit in ("", "1/s", "mm2", "nm", "cycle", "1/cycle"):
        return f"{value:.4g} {unit}".rstrip()
    return engineering(value, unit)
