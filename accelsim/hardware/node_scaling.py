"""How would energies change at another process node? Two published models, and they disagree.

Used only when a user asks for another node (``--what-if --set node_nm=...``). Between 45 and 7 nm the
measured ratio of real cells is used (a factor of about 2.8); the general polynomials say about 10 to 18
there, so their figure stands in the note and widens the range. Elsewhere the polynomials are all there is.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import yaml

from accelsim.hardware.chip import Chip, Level
from accelsim.library import packaged
from accelsim.provenance import Sourced


@cache
def _tables() -> dict[str, Any]:
    text = packaged("hardware/data/node_scaling.yaml")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded


def polynomial_ratio(from_nm: float, to_nm: float, from_v: float | None = None, to_v: float | None = None) -> float:
    """Return E(to) / E(from) by Stillmaker & Baas 2017, Table 5.

    E ~ a V^2 + b V + c at each tabulated node, the nearest one for a node between; both voltages
    are 0.8 V unless given. Valid from 130 to 7 nm.
    """
    table = _tables()["stillmaker"]
    low_v = float(table["nominal_v"])

    def energy(node_nm: float, volts: float) -> float:
        a, b, c = table["energy_poly"][nearest_tabulated(node_nm)]
        return float(a * volts**2 + b * volts + c)

    return energy(to_nm, to_v or low_v) / energy(from_nm, from_v or low_v)


def nearest_tabulated(node_nm: float) -> int:
    """Return the node of the polynomial table whose logarithm is nearest."""
    nodes: list[int] = list(_tables()["stillmaker"]["energy_poly"])
    return min(nodes, key=lambda node: abs(math.log(node / node_nm)))


def area_ratio(from_nm: float, to_nm: float) -> float:
    """Return area(to) / area(from) by the area table of Stillmaker & Baas 2017."""
    areas = _tables()["stillmaker"]["area_from_45"]
    return float(areas[nearest_tabulated(to_nm)] / areas[nearest_tabulated(from_nm)])


def published_ratio(from_nm: float, to_nm: float) -> float:
    """Return E(to) / E(from) at the rate that real cells improved from 45 to 7 nm (Jouppi et al. 2021).

    E ~ node^p with p through the geometric mean of the four published operations.
    """
    table = _tables()["published"]
    exponent = math.log(table["mean"]) / math.log(table["to_nm"] / table["from_nm"])
    return float((to_nm / from_nm) ** exponent)


def energy_ratio(from_nm: float, to_nm: float) -> tuple[float, float, float, str]:
    """Return (ratio, low, high, law) of on-chip energy between two nodes, with both models as the range.

    The range holds each of the four published operations and the polynomials at 0.8 V.
    """
    published, polynomial = published_ratio(from_nm, to_nm), polynomial_ratio(from_nm, to_nm)
    table = _tables()["published"]
    span = math.log(to_nm / from_nm) / math.log(table["to_nm"] / table["from_nm"])
    ends = [polynomial, *(float(ratio**span) for ratio in table["ratio"].values())]
    law = (
        f"moved from {from_nm:g} to {to_nm:g} nm: x{published:.3g} as real cells from 45 to 7 nm; "
        f"the general polynomials say x{polynomial:.3g}"
    )
    return published, min(published, *ends), max(published, *ends), law


_UNMOVED = "clock rate, bandwidths, leakage, background and idle power and off-chip memory are unchanged."


def move_costs(chip: Chip, from_nm: float) -> Chip:
    """Return the chip with its on-chip energies at its own node instead of ``from_nm``.

    Moved is what switches on the chip: operations, memories, links and the clock tree. Unchanged stay
    the outermost level, which stands off the chip whatever its technology, any other DRAM, and
    leakage, background and idle power: both models are of switching energy.
    """
    assert chip.node_nm is not None
    factor, low, high, law = energy_ratio(from_nm, chip.node_nm.value)
    keys = (_tables()["published"]["source"], _tables()["stillmaker"]["source"])

    def move(cost: Sourced | None) -> Sourced | None:
        if cost is None or cost.source == "command line":
            return cost
        also = tuple(dict.fromkeys((*cost.also, *keys)))
        note = f"{law}; {cost.note}" if cost.note else law
        return Sourced(cost.value * factor, cost.source, cost.least * low, cost.most * high, "derived", note, also)

    def table(rows: tuple[tuple[str, Sourced], ...]) -> tuple[tuple[str, Sourced], ...]:
        return tuple((key, moved) for key, cost in rows if (moved := move(cost)) is not None)

    def level(given: Level) -> Level:
        if given is chip.outermost or str(given.technology or "").startswith("dram"):
            return given
        return replace(
            given, read_pj_per_bit=move(given.read_pj_per_bit), write_pj_per_bit=move(given.write_pj_per_bit)
        )

    fanouts = tuple(replace(fanout, link_pj_per_bit=move(fanout.link_pj_per_bit)) for fanout in chip.fanouts)
    vector = chip.vector and replace(chip.vector, ops_pj=table(chip.vector.ops_pj))
    area = chip.area_mm2 and chip.area_mm2.scaled(
        area_ratio(from_nm, chip.node_nm.value), f"area table from {from_nm:g} nm", also=keys[1:]
    )
    return replace(
        chip,
        multiply_table=table(chip.multiply_table),
        add_table=table(chip.add_table),
        convert_table=table(chip.convert_table),
        clock_pj_per_cycle=move(chip.clock_pj_per_cycle),
        levels=tuple(level(given) for given in chip.levels),
        fanouts=fanouts,
        vector=vector,
        area_mm2=area,
        remarks=(*chip.remarks, f"on-chip energies {law}; {_UNMOVED}"),
    )


def keep_costs(chip: Chip, from_nm: float) -> Chip:
    """Return the chip with a remark that its costs still are those of ``from_nm``."""
    remark = f"node_nm is overridden but costs are still those of {from_nm:g} nm; --what-if moves them."
    return replace(chip, remarks=(*chip.remarks, remark))
