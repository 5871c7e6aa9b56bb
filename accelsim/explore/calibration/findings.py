"""What came of a fit? Every number with its standard error, every row before, after, and left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.explore.calibration.calibration import Outcome, Parameter
from accelsim.explore.calibration.fitting import PICO, Fitting, joules
from accelsim.explore.calibration.informing import informing
from accelsim.explore.calibration.parameters import TimeParameter
from accelsim.explore.calibration.questions import pinned
from accelsim.hardware.chip import Chip
from accelsim.hardware.unit_costs import unit_cost
from accelsim.provenance import Sourced
from accelsim.units import engineering

_FAR, _SHOWN = 3, 3
"""Times that a row may be off before it is remarked upon; remarks on single rows."""


def parameters_of(fitting: Fitting) -> tuple[Parameter, ...]:
    """Return the fitted numbers, those of time first."""
    return (*_of_times(fitting), *_of_energies(fitting))


def outcomes_of(fitting: Fitting) -> tuple[Outcome, ...]:
    """Return what is predicted for every measured latency and energy of what was fitted."""
    return (*_latencies(fitting), *_energies(fitting))


def misfits(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a remark on the rows that no fitted number comes near; a wrong unit looks like that."""
    far = [one for one in outcomes if not 1 / _FAR <= one.predicted / one.measured <= _FAR]
    return [
        f"line {one.line} ({one.name}): {engineering(one.measured, one.unit)} measured, "
        f"{engineering(one.predicted, one.unit)} with the numbers that fit best; check its unit."
        for one in far[:_SHOWN]
    ] + [f"{len(far) - _SHOWN} more rows are off by more than {_FAR} times."] * (len(far) > _SHOWN)


def _of_times(fitting: Fitting) -> list[Parameter]:
    if fitting.time_fit is None or fitting.times is None:
        return []
    lines = [fitting.questions[at].row.line for at in fitting.timed]
    informed = informing(fitting.times.jacobian(fitting.time_values) / fitting.times.measured[:, None], lines)
    return [
        Parameter(
            one.path, one.label, one.unit, _present(fitting.chip, one), fitting.numbers[one.path].value,
            one.spread(float(fitting.time_values[at]), float(fitting.time_fit.standard_errors[at])),
            bool(fitting.time_fit.at_bound[at]), len(lines), informed[at],
        )
        for at, one in enumerate(fitting.times.parameters)
    ]  # fmt: skip


def _of_energies(fitting: Fitting) -> list[Parameter]:
    if fitting.energy_fit is None or fitting.energies is None:
        return []
    lines, found = [fitting.questions[at].row.line for at in fitting.costed], []
    measured = fitting.measured_pj(fitting.costed)
    informed = informing(fitting.energies.design / measured[:, None], lines)
    for at, one in enumerate(fitting.energies.classes):
        relative, held = float(fitting.energy_fit.standard_errors[at]), bool(fitting.energy_fit.at_bound[at])
        for path in one.paths:
            stated = path not in fitting.starts
            cost = unit_cost(fitting.energies.chip, path) if not one.power else getattr(fitting.chip, path)
            scale = 1.0 if one.power or cost is None else cost.value
            unit = "W" if one.power else "pJ/bit" if path.endswith("per_bit") else "pJ"
            found.append(Parameter(
                path, one.label, unit, cost.value if cost is not None and stated else None,
                fitting.numbers[path].value, relative * scale, held, len(lines), informed[at],
            ))  # fmt: skip
    return found


def _latencies(fitting: Fitting) -> list[Outcome]:
    if fitting.time_fit is None or fitting.times is None:
        return []
    left_out = []
    for at, values in zip(fitting.timed, fitting.time_fit.leave_one_out_values, strict=True):
        if np.isnan(values).any():
            left_out.append(float("nan"))
            continue
        bounded = np.clip(values, fitting.times.lower, fitting.times.upper)
        nests = pinned(fitting.results[at])
        left_out.append(fitting.questions[at].result(fitting.numbers | fitting.at(bounded), nests).latency_s)
    found = []
    for at, without in zip(fitting.timed, left_out, strict=True):
        row, before, after = fitting.questions[at].row, fitting.before[at], fitting.results[at]
        measured = row.latency_s or 0.0
        found.append(
            Outcome(row.line, row.name, "latency", "s", measured, before.latency_s, after.latency_s, without)
        )  # fmt: skip
    return found


def _energies(fitting: Fitting) -> list[Outcome]:
    if fitting.energy_fit is None or fitting.energies is None:
        return []
    left_out = (fitting.energies.fixed + fitting.energy_fit.leave_one_out) / PICO
    found = []
    for at, without in zip(fitting.costed, left_out, strict=True):
        row, before, after = fitting.questions[at].row, joules(fitting.before[at]), joules(fitting.results[at])
        found.append(
            Outcome(row.line, row.name, "energy", "J", row.energy_j or 0.0, before, after or 0.0, float(without))
        )  # fmt: skip
    return found


def _present(chip: Chip, one: TimeParameter) -> float | None:
    """Return what the profile says of a parameter of time before it is fitted."""
    if one.path.startswith("macs_per_pe_cycle."):
        return 1.0
    if one.path.startswith("levels."):
        return chip.level(one.path.split(".")[1]).efficiency.value
    found: Sourced = getattr(chip, one.path)
    return found.value
