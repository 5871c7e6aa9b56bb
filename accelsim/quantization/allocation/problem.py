"""What is to be chosen? Items (layers) with one option each, whose measures add up, some of them tied to each other.

A measure is anything that adds up over items: energy_pj, latency_s, error, weight_bytes, bops. An option may be tied
to a value of a shared variable, such as the format of a tensor that several layers read: all items that mention the
variable have to agree on its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Option:
    """One way to store and multiply a layer.

    Parameters
    ----------
    choice : str
        What it is called ("w4a8").
    measures : dict of str to float
        What it adds, by measure; finite and at least 0.
    ties : tuple of (variable, value)
        Shared variables that it settles; each at most once.
    """

    choice: str
    measures: Mapping[str, float]
    ties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Item:
    """A layer and its options, exactly one of which is chosen."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Problem:
    """Items to choose an option of, and what is added whatever is chosen.

    Parameters
    ----------
    items : tuple of Item
    constants : dict of str to float
        What a measure has at least: fixed times and their energy.

    Raises
    ------
    InputError
        There is no item, an item has no option, two items have one name, options do not have the same measures, or
        a measure is not a finite number of at least 0.
    """

    items: tuple[Item, ...]
    constants: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.items or not all(item.options for item in self.items):
            empty = next((item.name for item in self.items if not item.options), None)
            raise InputError(
                "there must be a layer to choose for." if empty is None else f"layer {empty} must have a choice."
            )
        names = [item.name for item in self.items]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"layer names must be unique; {twice!r} stands twice.")
        known = set(self.measures)
        for item in self.items:
            for option in item.options:
                if set(option.measures) != known:
                    raise InputError(
                        f"layer {item.name}, {option.choice}: measures must be {', '.join(self.measures)}."
                    )
                for name, value in option.measures.items():
                    if not 0 <= value < float("inf"):
                        raise InputError(
                            f"layer {item.name}, {option.choice}: {name} must be finite and at least 0; got {value}."
                        )

    @property
    def measures(self) -> tuple[str, ...]:
        """What adds up, in the order given."""
        return tuple(self.items[0].options[0].measures)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The number of each item's first option where options are numbered through."""
        found, place = [], 0
        for item in self.items:
            found.append(place)
            place += len(item.options)
        return tuple(found)

    @cached_property
    def columns(self) -> Mapping[str, Floats]:
        """Each measure of all options, numbered through."""
        import numpy as np

        rows = [option.measures for item in self.items for option in item.options]
        return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in self.measures}

    def total(self, measure: str, picks: Sequence[int]) -> float:
        """Return a measure of a whole choice: one option number per item, counted within the item."""
        from math import fsum

        chosen = (item.options[pick].measures[measure] for item, pick in zip(self.items, picks, strict=True))
        return fsum((self.constants.get(measure, 0.0), *chosen))

    def totals(self, picks: Sequence[int]) -> dict[str, float]:
        """Return all measures of a whole choice."""
        return {name: self.total(name, picks) for name in self.measures}

    def agrees(self, picks: Sequence[int]) -> bool:
        """Return whether all items that mention a shared variable settle it alike."""
        settled: dict[str, str] = {}
        return all(
            settled.setdefault(variable, value) == value
            for item, pick in zip(self.items, picks, strict=True)
            for variable, value in item.options[pick].ties
        )
