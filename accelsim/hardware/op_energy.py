"""What does an operation cost in a format that the profile does not list? Published laws say.

Every law starts from what the profile lists. `Chip.multiply_pj` and its siblings call these
functions; a result that is not listed has status "derived", the law in its note and a range where
the law's exponent is uncertain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from accelsim.hardware.chip import Chip
from accelsim.hardware.rates import as_format
from accelsim.library import packaged
from accelsim.precision import Format
from accelsim.provenance import Sourced


@cache
def tables() -> dict[str, Any]:
    """Return the laws' tables (``data/op_energy.yaml``)."""
    text = packaged("hardware/data/op_energy.yaml")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded


@dataclass(frozen=True)
class Listed:
    """A cost that the profile lists for one width: bits of an integer, significand of a float."""

    width: int
    name: str
    cost: Sourced


# ---------------------------------------------------------------------- multiply


def multiply_pj(chip: Chip, weight: Format | str, operand: Format | str) -> Sourced | None:
    """Return the energy of one multiply of two formats, in pJ: listed, else derived.

    Integers: `int_multiply_pj`. Floats: `fp_multiply_pj`. An integer by a float is the float
    multiply of the float's format. None if the profile lists no multiply.
    """
    w, i = as_format(weight), as_format(operand)
    listed = dict(chip.multiply_table)
    for key in (f"{w.name}*{i.name}", f"{i.name}*{w.name}", *([w.name] if w.name == i.name else [])):
        if key in listed:
            return listed[key]
    if not listed:
        return None
    if "float" not in (w.kind, i.kind):
        return int_multiply_pj(chip, w.bits, i.bits)
    significands = [fmt.significand for fmt in (w, i) if fmt.kind == "float"]
    return fp_multiply_pj(chip, significands[0], significands[-1])


def _squares(chip: Chip, kind: str) -> list[Listed]:
    """Return the listed multiplies of a format by itself, by width, narrowest first."""
    found: dict[int, Listed] = {}
    for key, cost in chip.multiply_table:
        names = key.split("*")
        fmt = as_format(names[0])
        if names[0] == names[-1] and (fmt.kind == "float") == (kind == "float"):
            width = fmt.significand if kind == "float" else fmt.bits
            found.setdefault(width, Listed(width, fmt.name, cost))
    return [found[width] for width in sorted(found)]


def int_multiply_pj(chip: Chip, bits_a: int, bits_b: int) -> Sourced | None:
    """Return the energy of an integer multiply of ``bits_a`` x ``bits_b``, in pJ.

    Square: E(b) = E(b0) * (b / b0)^e between or beside the listed widths b0; e is the slope
    between two listed widths, 1.977 beyond them (range 1.977 to 2.581).
    Not square, a > b: E(a, b) = E(a, a) * r(b / a) with the table r of 8 x b multipliers [1]_;
    the result is capped so that a narrower multiplier never costs more than a wider one.

    References
    ----------
    .. [1] V. Mrazek et al., EvoApprox8b, DATE 2017, doi:10.23919/DATE.2017.7926993 (exact multipliers).
    """
    wide, narrow = max(bits_a, bits_b), min(bits_a, bits_b)
    known = _squares(chip, "int") or _int_from_float(chip)
    if not known:
        return None
    if wide == narrow:
        return _square(known, wide)
    if wide <= 8:
        chosen = min((_rectangle(known, k, narrow) for k in range(wide, 9)), key=float)
    else:
        chosen = max((_rectangle(known, k, narrow) for k in range(max(8, narrow), wide + 1)), key=float)
    note = f"int{wide} x int{narrow} multiply: table of 8 x b multipliers on E of equal widths"
    return Sourced(chosen.value, chosen.source, chosen.low, chosen.high, "derived", note, chosen.also)


def _rectangle(known: list[Listed], wide: int, narrow: int) -> Sourced:
    law = tables()["int_multiply"]
    return _square(known, wide).scaled(_relative(narrow / wide), "asymmetric", also=(law["asymmetric_source"],))


def _relative(share: float) -> float:
    """Return E(a, b) / E(a, a) for b / a = ``share``: the table in log-log, extended below 2 / 8."""
    table = {bits / 8: value for bits, value in tables()["int_multiply"]["asymmetric"].items()}
    return math.exp(_log_log(table, share))


def _log_log(points: dict[float, float], x: float) -> float:
    xs = sorted(points)
    right = next((n for n, known in enumerate(xs) if known >= x), len(xs) - 1)
    right = max(right, 1)
    x0, x1 = xs[right - 1], xs[right]
    slope = math.log(points[x1] / points[x0]) / math.log(x1 / x0)
    return math.log(points[x0]) + slope * math.log(x / x0)


def _square(known: list[Listed], bits: int) -> Sourced:
    """Return E(bits, bits) from the listed widths by powers of the width."""
    law = tables()["int_multiply"]
    exponents = law["exponent"], law["exponent_low"], law["exponent_high"]
    return _power(known, bits, exponents, "integer multiply ~ bits^{:.3g}")


def _power(known: list[Listed], width: int, exponents: tuple[float, float, float], law: str) -> Sourced:
    exact = next((item for item in known if item.width == width), None)
    if exact is not None:
        return exact.cost
    below = [item for item in known if item.width < width and item.cost.value > 0]
    above = [item for item in known if item.width > width and item.cost.value > 0]
    if below and above:
        a, b = below[-1], above[0]
        exponent = math.log(b.cost.value / a.cost.value) / math.log(b.width / a.width)
        note = f"{law.format(exponent)} between {a.name} and {b.name}"
        return a.cost.scaled((width / a.width) ** exponent, note, also=b.cost.sources)
    base = below[-1] if below else above[0] if above else known[0]
    factors = sorted((width / base.width) ** exponent for exponent in exponents)
    value = base.cost.value * (width / base.width) ** exponents[0]
    note = f"{law.format(exponents[0])} from {base.name} (exponent {exponents[1]:g} to {exponents[2]:g})"
    low, high = base.cost.least * factors[0], base.cost.most * factors[-1]
    return Sourced(value, base.cost.source, low, high, "derived", note, base.cost.also)


def fp_multiply_pj(chip: Chip, significand_a: int, significand_b: int) -> Sourced | None:
    """Return the energy of a float multiply, in pJ, by its significands (hidden bit included).

    E = a * m_a * m_b + c: the array of partial products grows with both significands, alignment
    and exponent logic do not. Fitted through the profile's float multiplies if it lists two or more
    (least squares); with one, the fit of the nearest reference node is scaled to it (45 nm:
    0.00571 m^2 + 0.409 pJ, within 10% of the published points at 7 nm).
    """
    known = _squares(chip, "float") or _float_from_int(chip)
    if not known:
        return None
    product = significand_a * significand_b
    fit = _fit([(item.width**2, item.cost.value) for item in known])
    if fit is not None:
        a, c = fit
        value, base = a * product + c, known[0].cost
        note = f"float multiply = {a:.3g} m^2 + {c:.3g} pJ through {', '.join(item.name for item in known)}"
        also = tuple(key for item in known for key in item.cost.sources)
    else:
        law = _nearest_node(tables()["fp_multiply"], chip)
        item = min(known, key=lambda item: abs(item.width**2 - product))
        base = item.cost
        value = base.value * (law["a"] * product + law["c"]) / (law["a"] * item.width**2 + law["c"])
        note = f"float multiply ~ {law['a']:g} m^2 + {law['c']:g}, scaled to {item.name}"
        also = (*base.also, law["source"])
    error = 0.1
    low = value * min(1 - error, base.least / base.value if base.value else 1)
    high = value * max(1 + error, base.most / base.value if base.value else 1)
    extra = tuple(dict.fromkeys(key for key in also if key != base.source))
    return Sourced(value, base.source, low, high, "derived", note, extra)


def _fit(points: list[tuple[int, float]]) -> tuple[float, float] | None:
    """Return (a, c) of the least-squares line E = a x + c, or None if it is not physical."""
    if len(points) < 2:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    a = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    c = mean_y - a * mean_x
    return (a, c) if a > 0 and c >= 0 else None


# ---------------------------------------------------------------------- add


def add_pj(chip: Chip, fmt: Format | str) -> Sourced | None:
    """Return the energy of one addition, in pJ: listed, else linear in the bits that are added.

    Integers: E ~ bits. Floats: E ~ significand bits. Between two listed widths the power through
    both is used; a profile that lists only multiplies gets the add-to-multiply ratio of the nearest
    reference node. None if the profile lists neither.
    """
    form = as_format(fmt)
    listed = dict(chip.add_table)
    if form.name in listed:
        return listed[form.name]
    if form.kind == "uint" and f"int{form.bits}" in listed:
        return listed[f"int{form.bits}"]
    floating = form.kind == "float"
    known = _adds(chip, floating) or _adds_from_others(chip, floating)
    if not known:
        return None
    law = tables()["int_add"]
    exponents = (law["exponent"], law["exponent_low"], law["exponent_high"])
    noun = "float add ~ significand^{:.3g}" if floating else "integer add ~ bits^{:.3g}"
    return _power(known, form.significand if floating else form.bits, exponents, noun)


def _adds(chip: Chip, floating: bool) -> list[Listed]:
    found: dict[int, Listed] = {}
    for key, cost in chip.add_table:
        fmt = as_format(key)
        if (fmt.kind == "float") == floating:
            width = fmt.significand if floating else fmt.bits
            found.setdefault(width, Listed(width, key, cost))
    return [found[width] for width in sorted(found)]


# ---------------------------------------------------------------------- between kinds


def _nearest_node(by_node: dict[int, Any], chip: Chip) -> Any:
    node = chip.node_nm.value if chip.node_nm else 45.0
    return by_node[min(by_node, key=lambda known: abs(math.log(known / node)))]


def _by_reference(chip: Chip, item: Listed, of: str, to: str, to_format: str) -> Listed:
    """Return a cost of another kind by the ratio of the two in the nearest reference table."""
    reference = _nearest_node(tables()["reference"], chip)
    target = as_format(to_format)
    kind, name = of.split()
    factor = reference[to][to_format] / reference[f"{kind}_pj"][name]
    note = f"{to_format} {to[:-3]} by its ratio to {of} in the reference table"
    width = target.significand if target.kind == "float" else target.bits
    return Listed(width, to_format, item.cost.scaled(factor, note, also=(reference["source"],)))


def _int_from_float(chip: Chip) -> list[Listed]:
    floats = _squares(chip, "float")
    return [_by_reference(chip, _at(floats, 24, chip), "multiply fp32", "multiply_pj", "int8")] if floats else []


def _float_from_int(chip: Chip) -> list[Listed]:
    integers = _squares(chip, "int")
    if not integers:
        return []
    law = tables()["int_multiply"]
    at_8 = _power(
        integers, 8, (law["exponent"], law["exponent_low"], law["exponent_high"]), "integer multiply ~ bits^{:.3g}"
    )
    return [_by_reference(chip, Listed(8, "int8", at_8), "multiply int8", "multiply_pj", "fp32")]


def _at(floats: list[Listed], significand: int, chip: Chip) -> Listed:
    exact = next((item for item in floats if item.width == significand), None)
    if exact is not None:
        return exact
    law = _nearest_node(tables()["fp_multiply"], chip)
    item = floats[-1]  # the widest: nearest to fp32, so the ratio of the law reaches least far
    factor = (law["a"] * significand**2 + law["c"]) / (law["a"] * item.width**2 + law["c"])
    return Listed(significand, "fp32", item.cost.scaled(factor, "float multiply by significand", also=(law["source"],)))


def _adds_from_others(chip: Chip, floating: bool) -> list[Listed]:
    name = "fp32" if floating else "int8"
    cost = multiply_pj(chip, name, name)
    if cost is None:
        return []
    return [_by_reference(chip, Listed(0, name, cost), f"multiply {name}", "add_pj", name)]
