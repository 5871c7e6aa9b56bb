"""Which point is best under constraints, which of them costs something, and what is nearest if none satisfies all?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.explore.metrics import words_of
from accelsim.explore.points import Points, points_of, unknown
from accelsim.explore.queries import Constraint, Query, parse_constraints, parse_query, shown, typed

if TYPE_CHECKING:
    import numpy as np

    Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Best:
    """The answer to a query.

    Parameters
    ----------
    points : Points
    query : Query
    place : int or None
        Row of the best point that satisfies every constraint; None where none does.
    satisfying : int
        How many points satisfy every constraint.
    without : dict of Constraint to (row or None)
        The best row if that one constraint is dropped; where it is not ``place``, the constraint binds.
    alone : dict of Constraint to int
        How many points satisfy that constraint, whatever the others say.
    nearest : int or None
        Where none satisfies all: the row whose largest relative miss is least.
    misses : dict of Constraint to float
        By which share of its bound ``nearest`` misses each constraint that it does not satisfy.
    excluded : int
        Points whose metric is unknown.
    """

    points: Points
    query: Query
    place: int | None
    satisfying: int
    without: Mapping[Constraint, int | None]
    alone: Mapping[Constraint, int]
    nearest: int | None
    misses: Mapping[Constraint, float]
    excluded: int

    @property
    def row(self) -> Mapping[str, Any] | None:
        """The best point; None where none satisfies all constraints."""
        return None if self.place is None else self.points.rows[self.place]

    @property
    def binding(self) -> tuple[Constraint, ...]:
        """The constraints that cost something: without one of them alone the answer would be another."""
        return tuple(one for one, place in self.without.items() if place is not None and place != self.place)

    @property
    def text(self) -> str:
        """The answer in sentences."""
        return " ".join(_sentences(self))

    def __repr__(self) -> str:
        return self.text


def best(points: Any, query: str | Query, constraints: str | Sequence[str | Constraint] = ()) -> Best:
    """Return the best point under constraints.

    Parameters
    ----------
    points : DataFrame, records, Comparison or SweepResult
    query : str or Query
        ``"least energy with latency_s <= 5 ms"``; ``"energy_pj"`` is the least of it, or the most where more is better.
    constraints : str or sequence of str, optional
        Further ones, ``"latency_s <= 5e-3, peak_memory_bytes <= 1GiB"``.

    Raises
    ------
    UsageError
        The text is no query.
    InputError
        A column is unknown, or a bound is in another unit.
    """
    import numpy as np

    table = points_of(points)
    asked = parse_query(query, table.columns) if isinstance(query, str) else query
    more = parse_constraints(constraints, table)
    asked = Query(asked.metric, tuple(typed(one, table) for one in (*asked.constraints, *more)))
    values = table.numbers(asked.metric.name)
    known = ~np.isnan(values)
    held = {one: one.holds(table) & known for one in asked.constraints}
    every = np.logical_and.reduce([known, *held.values()])
    costs = values if asked.metric.better == "min" else -values
    place = _least(costs, every)
    without = {
        one: _least(costs, np.logical_and.reduce([known, *(flags for other, flags in held.items() if other != one)]))
        for one in held
    }
    nearest = None if place is not None else _nearest(table, asked, held, known)
    misses = {} if nearest is None else _misses(table, asked, held, nearest)
    alone = {one: int(flags.sum()) for one, flags in held.items()}
    return Best(table, asked, place, int(every.sum()), without, alone, nearest, misses, int((~known).sum()))


def _least(costs: Any, among: Flags) -> int | None:
    """Return the row of least cost among some, the first of equal ones."""
    import numpy as np

    rows = np.flatnonzero(among)
    return int(rows[np.argmin(costs[rows])]) if len(rows) else None


def _nearest(points: Points, query: Query, held: Mapping[Constraint, Flags], known: Flags) -> int | None:
    """Return the row whose largest relative miss is least, the better of equal ones."""
    import numpy as np

    rows = np.flatnonzero(known)
    if not len(rows):
        return None
    sign = 1 if query.metric.better == "min" else -1
    values = points.numbers(query.metric.name) * sign

    def miss(row: int) -> tuple[float, float, float]:
        found = _misses(points, query, held, row)
        return (max(found.values(), default=0.0), sum(found.values()), float(values[row]))

    return int(min(rows.tolist(), key=miss))


def _misses(points: Points, query: Query, held: Mapping[Constraint, Flags], row: int) -> dict[Constraint, float]:
    found = {}
    for one in query.constraints:
        if not held[one][row]:
            number = isinstance(one.bound, float)
            found[one] = one.missed_by(float(points.numbers(one.name)[row])) if number else float("inf")
    return found


def _sentences(answer: Best) -> list[str]:
    query, points = answer.query, answer.points
    name = query.metric.name
    superlative = "least" if query.metric.better == "min" else "most"
    if answer.place is not None:
        value = shown(float(points.numbers(name)[answer.place]), name)
        found = [f"{points.label(answer.place)} has the {superlative} {words_of(name)}, {value}"]
        among = f"of the {answer.satisfying} of {len(points)} points that satisfy {_count(query.constraints)}"
        found = [f"{found[0]}, {among}." if query.constraints else f"{found[0]}, of {len(points)} points."]
        for one in answer.binding:
            other = answer.without[one]
            assert other is not None
            freed = shown(float(points.numbers(name)[other]), name)
            found.append(f"Without {one} it would be {points.label(other)} with {freed}.")
    elif answer.nearest is None:
        return [f"No point has a known {name}."]
    else:
        several = len(query.constraints) > 1
        found = [f"No point satisfies {_count(query.constraints)}."] if several else []
        none = [one for one, count in answer.alone.items() if not count]
        found += [_impossible(points, one) for one in none]
        freeing = [one for one, place in answer.without.items() if place is not None]
        if several and freeing:
            found.append(f"Dropping {' or '.join(map(str, freeing))} would leave an answer.")
        found.append(f"Nearest is {points.label(answer.nearest)}: {_missed(answer)}.")
    if answer.excluded:
        found.append(f"{answer.excluded} of {len(points)} points have no {name} and were left out.")
    return found


def _count(constraints: Sequence[Constraint]) -> str:
    return (
        str(constraints[0])
        if len(constraints) == 1
        else "both constraints"
        if len(constraints) == 2
        else f"all {len(constraints)} constraints"
    )


def _impossible(points: Points, one: Constraint) -> str:
    import numpy as np

    values = points.numbers(one.name) if isinstance(one.bound, float) else np.zeros(0)
    values = values[~np.isnan(values)]
    if not len(values) and isinstance(one.bound, float):
        return f"No point has a known {one.name}, of which {one} is asked."
    if one.relation in ("==", "=", "!="):
        return f"No point has {one}."
    least = one.relation in ("<=", "<")
    edge = shown(float(values.min() if least else values.max()), one.name)
    return f"No point has {one}: the {'least' if least else 'most'} is {edge}."


def _missed(answer: Best) -> str:
    assert answer.nearest is not None
    texts = []
    for one, share in answer.misses.items():
        if share == float("inf"):
            value = answer.points.rows[answer.nearest].get(one.name)
            told = "unknown" if unknown(value) else value
            texts.append(f"{one.name} is {told}, where {one} was wanted")
            continue
        value = shown(float(answer.points.numbers(one.name)[answer.nearest]), one.name)
        beyond = f"{100 * share:.3g}%" if share < 10 else f"{share:.3g} times its bound"
        texts.append(f"{one.name} is {value}, {beyond} beyond {one}")
    return "; ".join(texts)
