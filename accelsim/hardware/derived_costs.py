"""What do the laws make of many values of the listed costs at once? The same as one by one, in arrays where possible.

Every law of `accelsim.hardware.op_energy` is proportional to the listed costs together: all doubled, it doubles. So a
cost that looks at one listed cost only is a constant times it. The power of the width through two listed costs and
the line of a float multiply through several are computed for all values together; whatever else there is (products
of unlike integers through several listed widths, costs of zero) is computed for every distinct combination by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from accelsim.hardware.chip import Chip
from accelsim.hardware.op_energy import tables
from accelsim.hardware.rates import as_format
from accelsim.hardware.unit_costs import listed_costs, unit_cost, with_costs
from accelsim.precision import Format
from accelsim.provenance import COMMAND_LINE, Sourced

Floats = npt.NDArray[np.float64]
MULTIPLY, ADD = "multiply_pj", "add_pj"
REFERENCE_NM = 45.0
"""Node of a chip that states none."""


def parents(chip: Chip, path: str) -> tuple[str, ...]:
    """Return the listed costs that the law of a multiply or add may look at; () for a listed or any other cost."""
    table, _, name = path.partition(".")
    if table not in (MULTIPLY, ADD) or path in listed_costs(chip):
        return ()
    floating = any(as_format(part).kind == "float" for part in name.split("*"))
    own = tuple(_listed(chip, table, floating).values())
    if own or table == MULTIPLY:
        return own or tuple(_listed(chip, MULTIPLY, not floating).values())
    basis = f"{MULTIPLY}.{'fp32' if floating else 'int8'}"
    return parents(chip, basis) or (basis,)


def derived_costs(chip: Chip, path: str, given: Mapping[str, Floats]) -> Floats:
    """Return a derived cost for many values of the costs that it is derived from.

    Parameters
    ----------
    chip : Chip
    path : str
        A multiply or add that the chip does not list.
    given : mapping of path to float64 array, shape (n,)
        What listed costs become; those of `parents` that are not among them stay.

    Returns
    -------
    float64 array, shape (n,)
    """
    known, own = parents(chip, path), listed_costs(chip)
    count = len(next(iter(given.values())))
    costs = {each: given.get(each, np.full(count, own[each].value)) for each in known}
    if len(known) == 1:
        return costs[known[0]] * _one(chip, path, known, (1.0,))
    if all((each > 0).all() for each in costs.values()):
        found = _together(chip, path, costs)
        if found is not None:
            return found
    distinct, back = np.unique(np.stack(list(costs.values()), axis=1), axis=0, return_inverse=True)
    return np.array([_one(chip, path, known, row) for row in distinct.tolist()])[back.reshape(-1)]


def _one(chip: Chip, path: str, known: tuple[str, ...], values: tuple[float, ...]) -> float:
    given = {each: Sourced(value, COMMAND_LINE, status="assumed") for each, value in zip(known, values, strict=True)}
    cost = unit_cost(with_costs(chip, given), path)
    assert cost is not None, path
    return cost.value


def _together(chip: Chip, path: str, costs: Mapping[str, Floats]) -> Floats | None:
    """The law for all values at once; None where it is not a power or a line of its own kind."""
    table, _, name = path.partition(".")
    formats = [as_format(part) for part in name.split("*")]
    floats = [one for one in formats if one.kind == "float"]
    widths = {width: costs[each] for width, each in _listed(chip, table, bool(floats)).items() if each in costs}
    if not widths:
        return None
    if table == MULTIPLY and floats:
        return _line(chip, widths, floats[0].significand * floats[-1].significand)
    if formats[0].bits != formats[-1].bits:
        return None
    law = tables()["int_multiply" if table == MULTIPLY else "int_add"]
    return _power(widths, _width(formats[0]), law["exponent"])


def _power(widths: Mapping[int, Floats], width: int, exponent: float) -> Floats:
    """``E ~ width^e`` from the nearest listed width, or through those on either side."""
    if width in widths:
        return widths[width]
    below, above = [one for one in widths if one < width], [one for one in widths if one > width]
    if below and above:
        left, right = below[-1], above[0]
        slope = np.log(widths[right] / widths[left]) / math.log(right / left)
        return np.asarray(widths[left] * (width / left) ** slope)
    base = below[-1] if below else above[0]
    return np.asarray(widths[base] * (width / base) ** exponent)


def _line(chip: Chip, widths: Mapping[int, Floats], product: int) -> Floats:
    """``E = a m^2 + c`` by least squares through the listed floats; where that is not physical, from the nearest one.

    There the line of the nearest reference node is scaled to the listed float.
    """
    squares = np.array([float(width**2) for width in widths])
    listed = np.stack(list(widths.values()))
    off = squares - squares.mean()
    slope = off @ (listed - listed.mean(axis=0)) / float(off @ off)
    rest = listed.mean(axis=0) - slope * squares.mean()
    node = chip.node_nm.value if chip.node_nm else REFERENCE_NM
    known = tables()["fp_multiply"]
    law = known[min(known, key=lambda one: abs(math.log(one / node)))]
    near = min(range(len(squares)), key=lambda place: abs(squares[place] - product))
    scale = float((law["a"] * product + law["c"]) / (law["a"] * squares[near] + law["c"]))
    return np.asarray(np.where((slope > 0) & (rest >= 0), slope * product + rest, listed[near] * scale))


def _listed(chip: Chip, table: str, floating: bool) -> dict[int, str]:
    """The paths of listed costs of one kind by width, narrowest first; of one width the first counts."""
    found: dict[int, str] = {}
    for name, _ in chip.multiply_table if table == MULTIPLY else chip.add_table:
        one = as_format(name.partition("*")[0])
        if "*" not in name and (one.kind == "float") == floating:
            found.setdefault(_width(one), f"{table}.{name}")
    return dict(sorted(found.items()))


def _width(one: Format) -> int:
    return int(one.significand if one.kind == "float" else one.bits)
