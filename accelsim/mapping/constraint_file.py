"""What do the constraints in a YAML file say? Read with positions, names checked where no chip is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from accelsim.documents import Document, shown, validate
from accelsim.errors import InputError
from accelsim.mapping.constraint_check import EVERY
from accelsim.mapping.constraints import Constraints, Node
from accelsim.mapping.nest_text import read_dim, read_operands
from accelsim.workload.shape import OPERANDS

Keys = tuple[str | int, ...]
Read = TypeVar("Read")


class ConstraintsFields(BaseModel):
    """What a file may pin of a mapping.

    Fields
    ------
    keeps: by level, exactly the operands that it keeps: `{RF: W O}`, `nothing` for none
    order: nodes from outside to inside: `[SRAM.W, SRAM.I]`
    tiles: by node or level, tiles of dimensions: `{SRAM.W: {K: 16}}`, `{SRAM: {K: 16}}` at all nodes of SRAM
    spatial: by fan-out, instances that a dimension runs over: `{rows: {C: 16}}`; `{rows: [C, K]}` leaves numbers open
    loops: by node, the loops between it and the node above it: `{SRAM.W: K C}`
    divisors: whether only tiles that divide are allowed
    """

    model_config = ConfigDict(extra="forbid", title="the constraints")

    keeps: dict[str, list[str] | str | None] = {}
    order: list[str] | str = ""
    tiles: dict[str, dict[str, int]] = {}
    spatial: dict[str, dict[str, int | None] | list[str] | str | None] = {}
    loops: dict[str, list[str] | str | None] = {}
    divisors: bool = False


def read_constraints(document: Document, at: Keys, own: Constraints | None = None) -> Constraints:
    """Return the constraints that a document states at ``at``; what it leaves out is that of ``own``.

    Raises
    ------
    InputError
        With file, line, column and field: an unknown field, dimension or operand, a number below 1.
    """
    stated = validate(ConstraintsFields, document, at=at)
    if not stated.model_fields_set:
        raise InputError("constraints must pin something, as in {keeps: {SRAM: W I}}.", where=document.where(*at))
    with located(document, *at, "order"):
        order = tuple(_node(name) for name in words(stated.order))
    read: dict[str, Any] = {
        "keeps": _each(document, (*at, "keeps"), stated.keeps, _operands),
        "order": order,
        "tiles": _by_node(_each(document, (*at, "tiles"), stated.tiles, _numbers), document, (*at, "tiles")),
        "spatial": _each(document, (*at, "spatial"), stated.spatial, _numbers),
        "loops": _by_node(_each(document, (*at, "loops"), stated.loops, _dims), document, (*at, "loops")),
        "divisors": stated.divisors,
    }
    pinned = {"nodes" if name == "order" else name: read[name] for name in stated.model_fields_set}
    return replace(own or Constraints(), **pinned)


@contextmanager
def located(document: Document, *keys: str | int) -> Iterator[None]:
    """Give an error that does not know where it is the position at ``keys``."""
    try:
        yield
    except InputError as error:
        raise InputError(error.message, where=error.where or document.where(*keys)) from None


def _each(document: Document, at: Keys, fields: Mapping[str, Any], reader: Callable[[Any], Read]) -> dict[str, Read]:
    """Read every value of a mapping, each at its own place."""
    found = {}
    for name, value in fields.items():
        with located(document, *at, name):
            found[name] = reader(value)
    return found


def _by_node(fields: Mapping[str, Read], document: Document, at: Keys) -> dict[Node, Read]:
    """Read the keys of a mapping as nodes; only tiles may name a whole level."""
    found = {}
    for name, value in fields.items():
        with located(document, *at, name):
            found[(name, EVERY) if at[-1] == "tiles" and "." not in name else _node(name)] = value
    return found


def words(value: str | list[str] | None) -> list[str]:
    """Return the names in a list or in a text such as "K C" or "K, C"."""
    return value if isinstance(value, list) else (value or "").replace(",", " ").split()


def _operands(value: str | list[str] | None) -> str:
    return read_operands(" ".join(value) if isinstance(value, list) else value or "")


def _dims(value: str | list[str] | None) -> tuple[str, ...]:
    return () if value == "nothing" else tuple(read_dim(dim) for dim in words(value))


def _numbers(value: dict[str, int] | dict[str, int | None] | list[str] | str | None) -> dict[str, Any]:
    """Dimensions with their numbers, or dimensions alone, whose numbers are open."""
    stated = value if isinstance(value, dict) else dict.fromkeys([] if value == "nothing" else words(value))
    for dim, number in stated.items():
        read_dim(dim)
        if number is not None and number < 1:
            raise InputError(f"{dim} must be a whole number of at least 1; got {shown(number)}.")
    return dict(stated)


def _node(name: str) -> Node:
    level, _, operand = name.rpartition(".")
    if not level or operand not in OPERANDS:
        raise InputError(f"a node must be a level and an operand, as in SRAM.W; got {name!r}.")
    return level, operand
