"""Which unit costs and which static power reproduce measured energies, mappings and times held?

::

    energy = fixed + sum over classes of factor * (units @ costs of the class) + static power * latency

A class is a group of costs that keep their ratios: reads and writes of the outermost memory, all on-chip memories and
links, the multiply and add of a MAC in one format, all vector operations. Energy is linear in the factors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from accelsim.errors import InputError, UnsupportedError
from accelsim.explore.calibration.least_squares import Fit, Floats, fit
from accelsim.explore.calibration.parameters import COSTS, STATIC
from accelsim.explore.charges import charges
from accelsim.hardware.chip import Chip
from accelsim.hardware.unit_costs import add_path, is_cost, multiply_path, unit_cost
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result

STATIC_PATHS = ("leakage_w", "idle_w")
_PICO = 1e12


@dataclass(frozen=True)
class CostClass:
    """Costs that are fitted together, keeping their ratios.

    Parameters
    ----------
    label : str
    paths : tuple of str
        Fields of the profile; the first one is shown.
    need : str
        Which rows would tell it.
    """

    label: str
    paths: tuple[str, ...]
    need: str

    @property
    def power(self) -> bool:
        """Whether it is a power, fitted in W, rather than costs, fitted as a factor."""
        return self.paths[0] in ("leakage_w", "load_w")


@dataclass(frozen=True, eq=False)
class Energies:
    """What energy is made of in some results.

    Parameters
    ----------
    chip : Chip
        With every cost that is charged listed.
    classes : tuple of CostClass
    design : float64 array, shape (results, classes)
        Energy in pJ of each class at its present cost; of a power, in pJ per W.
    fixed : float64 array, shape (results,)
        What is not fitted, in pJ.
    """

    chip: Chip
    classes: tuple[CostClass, ...]
    design: Floats
    fixed: Floats

    def fit(self, measured_pj: Floats) -> Fit:
        """Return the factors (and the power in W) that fit measured energies; InputError if they are not told apart."""
        labels = [one.label for one in self.classes]
        return fit(self.design, measured_pj - self.fixed, names=labels, weights=1 / measured_pj)


def energies_of(results: Sequence[Result], asked: Sequence[str], chip: Chip) -> Energies:
    """Return what the energy of results is made of, by what is to be fitted.

    Parameters
    ----------
    results : sequence of Result
    asked : sequence of str
        "costs", "static", or paths of costs.
    chip : Chip
        Of the profile, without overrides of rows.

    Raises
    ------
    UnsupportedError
        The profile has no costs, so only its power can be fitted.
    """
    if not chip.has_costs:
        return _of_power(results, asked, chip)
    listed = _listing(chip, results)
    units = [_units(result, _listing(result.chip, results)) for result in results]
    used = tuple(dict.fromkeys(path for row in units for path in row))
    classes = _classes(chip, results, asked, used)
    if not classes:
        raise InputError(f"none of the costs of {chip.name} that the rows pay is above 0, so a factor changes nothing.")
    design, fixed = np.zeros((len(results), len(classes))), np.zeros(len(results))
    place_of = {path: place for place, one in enumerate(classes) for path in one.paths}
    replaced = STATIC_PATHS if any(one.power for one in classes) else ()
    for at, (result, row) in enumerate(zip(results, units, strict=True)):
        own = _listing(result.chip, results)
        for path, count in row.items():
            if path in replaced:
                continue
            cost = unit_cost(own, path)
            assert cost is not None, path
            if path in place_of:
                design[at, place_of[path]] += count * cost.value
            else:
                fixed[at] += count * cost.value
        for place, one in enumerate(classes):
            if one.power:
                design[at, place] = result.latency_s * _PICO
    return Energies(listed, classes, design, fixed)


def _of_power(results: Sequence[Result], asked: Sequence[str], chip: Chip) -> Energies:
    """A chip without costs draws its power whatever it does."""
    if set(asked) != {STATIC}:
        raise UnsupportedError(
            f"{chip.name} lists no cost of an operation, so there is none to fit by its path; fit all with --fit "
            "costs, or its power with --fit static."
        )
    power = CostClass("power while it works", ("load_w",), "rows with an energy")
    times = np.array([[result.latency_s * _PICO] for result in results])
    return Energies(chip, (power,), times, np.zeros(len(results)))


def _units(result: Result, listed: Chip) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for line, _ in result.bill():
        if line.count and line.cost is None:
            raise InputError(f"{result.chip.name} gives no cost of {line.part} at {line.place}; energy is unknown.")
    for charge in charges(result, listed):
        found[charge.path] += charge.units
    return found


def _listing(chip: Chip, results: Sequence[Result]) -> Chip:
    """Return the chip with the vector operations listed that cost the same in all results, apart from its MACs."""
    if chip.vector is None:
        return chip
    formats: dict[str, set[str]] = defaultdict(set)
    for result in results:
        for one in result.layers:
            for line in one.lines:
                if line.part == "vector":
                    formats[line.action].add(result.scheme.for_layer(one.layer.name).vector_format.name)
    listed = dict(chip.vector.ops_pj)
    for op, names in formats.items():
        cost = chip.operation_pj(op, next(iter(names))) if len(names) == 1 else None
        if cost is not None:
            listed.setdefault(op, cost)
    return replace(chip, vector=replace(chip.vector, ops_pj=tuple(listed.items())))


# ---------------------------------------------------------------------- classes


def _classes(
    chip: Chip, results: Sequence[Result], asked: Sequence[str], used: Sequence[str]
) -> tuple[CostClass, ...]:  # fmt: skip
    single = [name for name in asked if name not in (COSTS, STATIC)]
    for path in single:
        if not is_cost(path) or path in STATIC_PATHS:
            raise InputError(f"{path} must be the path of a unit cost, such as multiply_pj.int8, or static.")
    found = [CostClass(path, (path,), f"rows that differ in their share of {path}") for path in single]
    if COSTS in asked:
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        partner = _adders(results)
        multiplies = {path for paths in partner.values() for path in paths}
        partner_of = {add: next(iter(paths)) for add, paths in partner.items() if len(paths) == 1}
        for path in used:
            group = _group(chip, partner_of.get(path, path), multiplies)
            cost = unit_cost(_listing(chip, results), path)
            if group is not None and path not in single and cost is not None and cost.value > 0:
                groups[group].append(path)
        found += [CostClass(label, tuple(paths), need) for (label, need), paths in groups.items()]
    if STATIC in asked:
        need = "rows that differ in how much they do per second, such as a slow one and a busy one"
        found.append(CostClass("static power", ("leakage_w",), need))
    return tuple(found)


def _group(chip: Chip, path: str, multiplies: Collection[str]) -> tuple[str, str] | None:
    """Return the label of a cost's class and what would tell it; None for a cost that stays as it is."""
    if path.startswith(f"levels.{chip.outermost.name}.") and path.endswith("_pj_per_bit"):
        name = chip.outermost.name
        return f"{name} per bit", f"rows that differ in {name} traffic per MAC: other batches, layers or formats"
    if path.endswith("_pj_per_bit"):
        return "on-chip memories and links", "rows whose on-chip traffic per MAC differs: other layers or mappings"
    if path in multiplies:
        name = path.removeprefix("multiply_pj.")
        return f"{name} MAC", f"rows in {name} that differ in MACs per byte"
    if path.startswith("vector."):
        return "vector operations", "rows with many softmax, norm or elementwise operations per MAC"
    return None


def _adders(results: Sequence[Result]) -> dict[str, set[str]]:
    """Return the multiplies of MACs by the add that follows them."""
    partners: dict[str, set[str]] = defaultdict(set)
    for result in results:
        for one in result.layers:
            if one.formats is not None:
                formats, chip = one.formats, result.chip
                rate = chip.macs_per_pe_cycle(formats.compute_weight, formats.compute_input, formats.accumulator)
                add = add_path(chip, formats.accumulator)
                partners[add].add(multiply_path(chip, rate.weight, rate.input))
    return partners


def fitted_costs(energies: Energies, values: Floats) -> dict[str, Sourced]:
    """Return every cost that is fitted, at its fitted value, by path."""
    found = {}
    for one, value in zip(energies.classes, values, strict=True):
        for path in one.paths:
            if one.power:
                found[path] = Sourced(float(value), "measurements", status="fitted")
                continue
            cost = unit_cost(energies.chip, path)
            assert cost is not None
            scaled = float(value) * cost.value
            found[path] = replace(cost, value=scaled, low=None, high=None, source="measurements", status="fitted")
    return found
