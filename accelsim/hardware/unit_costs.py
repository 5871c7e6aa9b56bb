"""Which unit costs does a chip charge, each by the path of its field, and what is the chip with others?

A path is the one that ``--set`` takes: ``multiply_pj.int8``, ``levels.DRAM.read_pj_per_bit``. The multiply or add
of a format that the profile does not list has the path that it would have if it were listed; its cost follows from
those listed by a law. Every other operation is so many of these (`basic_costs`), so that the energy of a result is
a sum of counts times the costs of such paths.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from accelsim.errors import InputError
from accelsim.hardware.chip import Chip, Level
from accelsim.hardware.op_energy import tables
from accelsim.hardware.rates import as_format
from accelsim.precision import Format
from accelsim.provenance import Sourced

TABLES = ("multiply_pj", "add_pj", "convert_pj")
OF_LEVELS = ("read_pj_per_bit", "write_pj_per_bit", "leakage_w", "background_w")
OF_CHIPS = ("clock_pj_per_cycle", "leakage_w", "idle_w")
_LINK = "link_pj_per_bit"
ZERO_TEST = "sparsity.zero_test_pj"
_COST = re.compile(
    rf"(?:{'|'.join(TABLES)})\..+|vector\.ops_pj\..+|levels\..+\.(?:{'|'.join(OF_LEVELS)})|array\..+\.{_LINK}"
    rf"|{re.escape(ZERO_TEST)}|{'|'.join(OF_CHIPS)}"
)


def is_cost(path: str) -> bool:
    """Return whether a path is that of a unit cost: counts and time do not depend on it."""
    return _COST.fullmatch(path) is not None


def listed_costs(chip: Chip) -> dict[str, Sourced]:
    """Return every unit cost that the profile of a chip states, by path."""
    return {path: number for path, number in chip.numbers() if is_cost(path)}


def unit_cost(chip: Chip, path: str) -> Sourced | None:
    """Return the unit cost of a path, listed or derived; None where the chip has none.

    Raises
    ------
    InputError
        The path is not that of a cost, or names a level or fan-out that the chip lacks.
    """
    table, _, key = path.partition(".")
    if not is_cost(path):
        raise InputError(f"{path} must be the path of a unit cost, such as multiply_pj.int8.")
    if table == "multiply_pj":
        weight, _, operand = key.partition("*")
        return chip.multiply_pj(weight, operand or weight)
    if table == "add_pj":
        return chip.add_pj(key)
    if table == "convert_pj":
        return dict(chip.convert_table).get(key)
    if table == "vector":
        return dict(chip.vector.ops_pj).get(key.partition(".")[2]) if chip.vector else None
    if table == "levels":
        level, _, field = key.rpartition(".")
        found: Sourced | None = getattr(chip.level(level), field)
        return found
    if table == "array":
        name = key.rpartition(".")[0]
        return next((fanout.link_pj_per_bit for fanout in chip.fanouts if fanout.name == name), None)
    if path == ZERO_TEST:
        return None if chip.sparsity is None else chip.sparsity.zero_test_pj
    return getattr(chip, path)  # type: ignore[no-any-return]


# ---------------------------------------------------------------------- what operations are made of


def multiply_path(chip: Chip, weight: Format | str, operand: Format | str) -> str:
    """Return the path of a multiply: that of the table's row which holds it, else the row that it would have."""
    w, i = as_format(weight).name, as_format(operand).name
    listed = dict(chip.multiply_table)
    names = (f"{w}*{i}", f"{i}*{w}", *([w] if w == i else []))
    return f"multiply_pj.{next((name for name in names if name in listed), w if w == i else f'{w}*{i}')}"


def add_path(chip: Chip, format: Format | str) -> str:
    """Return the path of an addition: that of the table's row which holds it, else the row that it would have."""
    form, listed = as_format(format), dict(chip.add_table)
    signed = f"int{form.bits}"
    return f"add_pj.{signed if form.kind == 'uint' and form.name not in listed and signed in listed else form.name}"


def basic_costs(chip: Chip, op: str, format: Format | str) -> tuple[tuple[float, str], ...]:
    """Return how many of which unit costs one scalar operation is, as (count, path).

    Their sum is what `Chip.operation_pj` says; `accelsim.hardware.scalar_energy` has the laws.
    """
    if op == "convert":
        name = format if isinstance(format, str) else format.name
        if name in dict(chip.convert_table):
            return ((1.0, f"convert_pj.{name}"),)
        ends = [as_format(part) for part in name.split(">")]
        widest = max([end for end in ends if end.kind == "float"] or ends, key=lambda end: end.bits)
        return ((1.0, add_path(chip, widest)),)
    if chip.vector is not None and op in dict(chip.vector.ops_pj):
        return ((1.0, f"vector.ops_pj.{op}"),)
    paths = {"multiply": multiply_path(chip, format, format), "add": add_path(chip, format)}
    if op in paths:
        return ((1.0, paths[op]),)
    recipe = tables()["vector"][op]
    return tuple((float(recipe[kind]), path) for kind, path in paths.items() if recipe.get(kind))


# ---------------------------------------------------------------------- other costs


def with_costs(chip: Chip, costs: Mapping[str, Sourced]) -> Chip:
    """Return the chip with other unit costs, by path, as a profile with these fields would make it.

    A row that a table lacks is added to it; a level, fan-out or power that the chip does not state stays unstated.

    Raises
    ------
    InputError
        A path is not that of a unit cost.
    """
    for path in costs:
        if not is_cost(path):
            raise InputError(f"{path} must be the path of a unit cost, such as multiply_pj.int8.")

    def table(name: str, rows: tuple[tuple[str, Sourced], ...]) -> tuple[tuple[str, Sourced], ...]:
        given = {path.removeprefix(f"{name}."): cost for path, cost in costs.items() if path.startswith(f"{name}.")}
        return tuple((dict(rows) | given).items()) if given else rows

    def level(one: Level) -> Level:
        given = {field: costs.get(f"levels.{one.name}.{field}") for field in OF_LEVELS}
        changed = {field: cost for field, cost in given.items() if cost is not None and getattr(one, field) is not None}
        return replace(one, **changed) if changed else one  # type: ignore[arg-type]

    fanouts = tuple(
        replace(one, link_pj_per_bit=costs.get(f"array.{one.name}.{_LINK}", one.link_pj_per_bit))
        if one.link_pj_per_bit is not None else one
        for one in chip.fanouts
    )  # fmt: skip
    sparsity = chip.sparsity
    if sparsity is not None and sparsity.zero_test_pj is not None and ZERO_TEST in costs:
        sparsity = replace(sparsity, zero_test_pj=costs[ZERO_TEST])
    return replace(
        chip,
        sparsity=sparsity,
        multiply_table=table("multiply_pj", chip.multiply_table),
        add_table=table("add_pj", chip.add_table),
        convert_table=table("convert_pj", chip.convert_table),
        vector=chip.vector and replace(chip.vector, ops_pj=table("vector.ops_pj", chip.vector.ops_pj)),
        levels=tuple(level(one) for one in chip.levels),
        fanouts=fanouts,
        **{name: costs.get(name, getattr(chip, name)) for name in OF_CHIPS if getattr(chip, name) is not None},
    )
