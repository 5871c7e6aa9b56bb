"""How large are a model's dynamic axes? ``batch``, ``NAME=VALUE``, or refused by name.

An axis is the batch if its name says so (batch, batch_size, N ...), or if it is the first of an input and
its name, if any, does not speak of positions (sequence, length, time ...). An unset batch becomes 1. An axis
without a name is called INPUT.PLACE ("x.2").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accelsim.documents import shown
from accelsim.errors import InputError, did_you_mean
from accelsim.workload.importers import Option

if TYPE_CHECKING:
    from onnx import ValueInfoProto

BATCH = re.compile(r"batch|^(n|b|bs|nb)$", re.IGNORECASE)
POSITIONS = re.compile(
    r"seq|len|time|token|past|cache|context|height|width|chan|row|col|num|step|feature", re.IGNORECASE
)
MOST = 10**9


@dataclass
class Axes:
    """The extents given for a model's dynamic axes.

    Parameters
    ----------
    batch : int or None
    given : mapping of str to int
        Extents by the axis's name.
    """

    batch: int | None
    given: Mapping[str, int]
    notes: list[str] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    fixed: list[tuple[str, int]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    batched: bool = False

    def shape(self, value: ValueInfoProto) -> tuple[int, ...]:
        """Return the shape of an input; axes that stay open are noted in ``open`` and taken as 1."""
        if not value.type.HasField("tensor_type"):
            raise InputError(f"must be a tensor; input {shown(value.name)} is something else.")
        if not value.type.tensor_type.HasField("shape"):
            raise InputError(f"must have a shape; input {shown(value.name)} has none.")
        extents = []
        for place, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_value > 0:
                if place == 0:
                    self.fixed.append((value.name, dim.dim_value))
                extents.append(int(dim.dim_value))
            else:
                extents.append(self._dynamic(dim.dim_param, value.name, place))
        return tuple(extents)

    def _dynamic(self, name: str, tensor: str, place: int) -> int:
        called = name or f"{tensor}.{place}"
        if called in self.given:
            self.used[called] = self.given[called]
            return self.given[called]
        whole = self._sum(name)
        if whole is not None:
            return whole
        if (name and BATCH.search(name)) or (place == 0 and not POSITIONS.search(name)):
            return self._batch(called)
        if called not in self.open:
            self.open.append(called)
        return 1

    def _sum(self, name: str) -> int | None:
        """Return the value of a name such as "past + 1" whose parts are given."""
        parts = [part.strip() for part in name.split("+")]
        if len(parts) < 2 or not all(part in self.given or part.isdecimal() for part in parts):
            return None
        self.used |= {part: self.given[part] for part in parts if part in self.given}
        return sum(self.given[part] if part in self.given else int(part[:10]) for part in parts)

    def _batch(self, called: str) -> int:
        self.batched = True
        if self.batch is None:
            note = f"the batch ({called}) is not given; 1 is taken (--batch)."
            if note not in self.notes:
                self.notes.append(note)
        return self.batch or 1

    def check(self) -> None:
        """Refuse axes that nothing binds, and extents that bind nothing.

        Raises
        ------
        InputError
            An axis is open, a name is unknown, or the model fixes its batch otherwise.
        """
        if self.open:
            missing = " and ".join(f"--dim {shown_axis(name)}=N" for name in self.open)
            raise InputError(f"every dynamic axis must have an extent; give {missing}.")
        for name in self.given:
            if name not in self.used:
                known = list(dict.fromkeys([*self.used, *self.open]))
                none = "none beside the batch (--batch)" if self.batched else "none"
                hint = did_you_mean(name, known) or f"; it has {', '.join(known) or none}."
                raise InputError(f"{name!r} is not a dynamic axis of it{hint}")
        if self.batch is not None and not self.batched:
            name, extent = self.fixed[0] if self.fixed else ("", self.batch)
            if extent != self.batch:
                raise InputError(
                    f"the batch must be {extent}: the first axis of {shown(name)} is fixed; got --batch {self.batch}. "
                    "Export the model with a dynamic batch."
                )


def shown_axis(name: str) -> str:
    """Return an axis's name as a command line takes it: in quotes if it has spaces."""
    return f'"{name}"' if " " in name else name


def extents(options: Mapping[str, Option]) -> dict[str, int]:
    """Return options as extents of axes.

    Raises
    ------
    InputError
        One is not a whole number in range.
    """
    found = {}
    for name, value in options.items():
        number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else value
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST:
            raise InputError(f"the extent of axis {name} must be a whole number from 0 to {MOST}; got {shown(value)}.")
        found[name] = number
    return found
