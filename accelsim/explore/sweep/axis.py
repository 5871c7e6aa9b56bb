"""Which values does a parameter take? One, or many in order: an axis, of one parameter or of several together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

from accelsim.documents import shown
from accelsim.errors import InputError
from accelsim.explore.sweep.outcome import Value
from accelsim.explore.sweep.parameters import ARRAY, SWITCHES, TEXTS, Parameter
from accelsim.explore.sweep.ranges import is_range, range_values
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.file import MappingFile
from accelsim.mapping.nest import Nest
from accelsim.scheme import Scheme
from accelsim.workload.network import Network

Place = Callable[[int | None], str | None]
"""Where something was written: ``place(None)`` the name, ``place(3)`` the fourth value; None outside of files."""

_ONE = (str, bytes, PathLike, Network, Chip, Scheme, Nest, Constraints, MappingFile)


def nowhere(_: int | None) -> None:
    """Return the place of what no file says."""


@dataclass(frozen=True)
class Setting:
    """A parameter with its values: one of a fixed parameter, several of an axis.

    Parameters
    ----------
    parameter : Parameter
    values : tuple
    varies : bool
        Whether it is an axis; a list of one value is.
    place : Place
    """

    parameter: Parameter
    values: tuple[Any, ...]
    varies: bool
    place: Place = nowhere

    @property
    def name(self) -> str:
        """Name of its parameter."""
        return self.parameter.name

    @property
    def labels(self) -> tuple[Value, ...]:
        """The values as plain data; what is called like another value has a number behind its name."""
        found: list[Value] = []
        for value in self.values:
            label = _label(value)
            alike = sum(1 for other in found if isinstance(label, str) and other == label)
            plain = isinstance(value, str | int | float | bool)
            found.append(label if plain or not alike else f"{label} ({alike + 1})")
        return tuple(found)


@dataclass(frozen=True)
class Axis:
    """Parameters that move together, step by step; mostly one."""

    settings: tuple[Setting, ...]

    def __len__(self) -> int:
        return len(self.settings[0].values)

    @property
    def name(self) -> str:
        """Name of its first parameter, which stands for all."""
        return self.settings[0].name

    @property
    def title(self) -> str:
        """Names of all its parameters, for people."""
        return " with ".join(one.name for one in self.settings)


def setting(parameter: Parameter, given: Any, place: Place = nowhere) -> Setting:
    """Return what a parameter is set to.

    Parameters
    ----------
    parameter : Parameter
    given : object
        One value; a list, a Python range or an array of values; or a range as `range_values` reads it.
    place : Place

    Raises
    ------
    InputError
        There is no value, a range is wrong, or a value is of the wrong kind.
    """
    many = values_of(parameter, given, place)
    if many is not None and not many:
        raise InputError(f"an axis must have at least one value; {parameter.name} has none.", where=place(None))
    values = (given,) if many is None else tuple(many)
    for number, value in enumerate(values):
        _check(parameter, value, place(number))
    return Setting(parameter, values, many is not None, place)


def values_of(parameter: Parameter, given: Any, place: Place) -> list[Any] | None:
    """Return the values of an axis; None where one value is given."""
    if parameter.name not in (*TEXTS, *SWITCHES) and is_range(given):
        try:
            return list(range_values(given))
        except InputError as error:
            where = place(None)  # in a file it names the field
            raise InputError(error.message, where=where or parameter.name) from None
    if isinstance(given, (*_ONE, Mapping)) or not isinstance(given, Iterable):
        return None
    return [value.item() if hasattr(value, "item") else value for value in given]


def axis(settings: Sequence[Setting]) -> Axis:
    """Return the axis of parameters that move together; unequal numbers of values raise InputError."""
    first = settings[0]
    for other in settings[1:]:
        if len(other.values) != len(first.values):
            raise InputError(
                f"parameters that move together must have equally many values; {first.name} has "
                f"{len(first.values)}, {other.name} has {len(other.values)}.",
                where=other.place(None),
            )
    return Axis(tuple(settings))


_SORTS: Mapping[str, tuple[type | Any, ...]] = {
    "workload": (Network, PathLike), "profile": (Chip, PathLike), "scheme": (Scheme, PathLike),
    "mapping": (Nest, Constraints, MappingFile, Mapping, PathLike),
}  # fmt: skip


def _check(parameter: Parameter, value: Any, where: str | None) -> None:
    name = parameter.name
    if name in SWITCHES and not isinstance(value, bool):
        raise InputError(f"{name} must be true or false; got {shown(value)}.", where=where)
    if name in TEXTS and (not isinstance(value, (str, *_SORTS.get(name, ()))) or value == ""):
        raise InputError(f"{name} must be a name; got {shown(value)}.", where=where)
    if name == "batch" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InputError(f"batch must be a whole number of at least 1; got {shown(value)}.", where=where)
    if parameter.kind != "plain":
        pair = name == ARRAY and isinstance(value, tuple | list)
        if not pair and (value is None or not isinstance(value, str | int | float | bool)):
            raise InputError(f"{name} must be a number or a text; got {shown(value)}.", where=where)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{name} must be a finite number; got {value}.", where=where)


def _label(value: Any) -> Value:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Network | Chip | Scheme):
        return value.name
    if isinstance(value, tuple | list):
        return "x".join(map(str, value))
    if isinstance(value, MappingFile):
        return str(value.path)
    if isinstance(value, PathLike):
        return str(value)
    return "constraints" if isinstance(value, Constraints) else "given"
