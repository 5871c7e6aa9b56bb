"""What is one comparison of accelsim with a measurement: rows, bounds, what was fitted, what it cannot capture?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from accelsim.errors import InputError

Role = Literal["judged", "fitted", "shown"]
"""A row that bounds apply to; one that a parameter was fitted to; one that is explained, and no bound applies."""

Statistic = Literal["each", "total", "mape", "points", "factor", "rank"]
"""What a bound limits, over the judged rows:

``each``: the largest absolute relative error; ``total``: that of the rows' sums; ``mape``: the mean absolute relative
error; ``points``: the largest absolute difference, in the rows' unit; ``factor``: the largest of predicted / measured
and its inverse; ``rank``: Spearman's rank correlation, which must be at least the limit.
"""


@dataclass(frozen=True)
class Row:
    """One predicted and one measured value of a comparison.

    Parameters
    ----------
    label : str
        What was measured: a layer, a device, a task.
    predicted, measured : float
        In the comparison's unit.
    role : {"judged", "fitted", "shown"}
        Whether the bounds apply to it (see `Role`).
    note : str
        What explains a row, where something does.
    group : str
        Where one comparison holds several families (devices, software stacks), the family.
    """

    label: str
    predicted: float
    measured: float
    role: Role = "judged"
    note: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise InputError(f"a row must be one of {', '.join(get_args(Role))}; got {self.role!r}.")
        if not self.measured == self.measured or not self.predicted == self.predicted:
            raise InputError(f"a comparison must hold numbers; got NaN for {self.label!r}.")

    @property
    def error(self) -> float:
        """The relative error, predicted / measured - 1; infinite where nothing was measured."""
        return self.predicted / self.measured - 1 if self.measured else float("inf")


@dataclass(frozen=True)
class Bound:
    """A limit that was written down before the comparison was run.

    Parameters
    ----------
    statistic : Statistic
        What is limited.
    limit : float
        A share (0.10 is 10%) for ``each``, ``total`` and ``mape``; the rows' unit for ``points``; a factor for
        ``factor``; a correlation for ``rank``.
    reason : str
        Where the limit comes from.
    group : str
        Only rows of this group; "" all rows together; "*" every group by itself, of which the worst counts.
    missed : str
        Why the outcome misses it, where it does. The limit stays.
    """

    statistic: Statistic
    limit: float
    reason: str = ""
    group: str = ""
    missed: str = ""


@dataclass(frozen=True)
class Fitted:
    """A quantity that was fitted rather than sourced, and to which rows.

    Parameters
    ----------
    name : str
        The quantity.
    value : float
    unit : str
    rows : tuple of str
        The labels it was fitted to; none of them is judged with this value.
    group : str
        The group of the rows that are predicted with it; "" where it is all of them.
    leave_one_out : bool
        Whether each row is judged with a value that was fitted to the others alone; ``value`` is then the one fitted
        to all, and ``spread`` says how far the others are from it.
    spread : (float, float), optional
        The least and the most of it over all fits, where there are several.
    """

    name: str
    value: float
    unit: str
    rows: tuple[str, ...]
    group: str = ""
    leave_one_out: bool = False
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Comparison:
    """Predictions beside measurements, for one quantity of one system.

    Parameters
    ----------
    name : str
        Its key, ``eyeriss-processing-latency``; bounds are found by it (`accelsim.validation.bounds`).
    title : str
        In words, for a heading.
    quantity, unit : str
        What the rows hold: "processing latency", "ms".
    kind : {"silicon", "software", "vendor estimate", "claim"}
        What was measured: a chip, a chip with its software, or somebody's model of a chip.
    sources : tuple of str
        Citations of the measurements.
    rows : tuple of Row
    bounds : tuple of Bound
    fitted : tuple of Fitted
    cannot : tuple of str
        What this comparison cannot capture, a sentence each.
    remark : str
        What the outcome says, where there is something to say: a missed bound and why, a reference found wrong.
    """

    name: str
    title: str
    quantity: str
    unit: str
    kind: Literal["silicon", "software", "vendor estimate", "claim"]
    sources: tuple[str, ...]
    rows: tuple[Row, ...]
    bounds: tuple[Bound, ...]
    fitted: tuple[Fitted, ...] = ()
    cannot: tuple[str, ...] = field(default=())
    remark: str = ""

    def __post_init__(self) -> None:
        for one in self.fitted:
            own = (row for row in self.judged if not one.leave_one_out and one.group in ("", row.group))
            if seen := [row.label for row in own if row.label in one.rows]:
                raise InputError(f"{self.name}: {one.name} was fitted to {seen[0]} and must not be judged on it.")

    @property
    def judged(self) -> tuple[Row, ...]:
        """The rows that the bounds apply to."""
        return tuple(row for row in self.rows if row.role == "judged")
