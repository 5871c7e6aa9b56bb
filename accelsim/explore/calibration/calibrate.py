"""Which shares of its rates, fixed times, costs and static power make a profile agree with measurements?

Mappings are chosen with the profile as it is, held while numbers are fitted, and chosen again with the fitted numbers,
until that changes nothing. Times come first, since static power is charged for as long as a pass is estimated to take.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.explore.calibration.calibration import Calibration
from accelsim.explore.calibration.findings import misfits, outcomes_of, parameters_of
from accelsim.explore.calibration.fitting import Fitting
from accelsim.explore.calibration.measurements import read_measurements
from accelsim.explore.calibration.parameters import BANDWIDTH, COSTS, KINDS, LAUNCH, OF_ENERGY, STATIC
from accelsim.explore.calibration.questions import Question, questions_of, with_numbers
from accelsim.hardware.catalog import open_profile
from accelsim.hardware.chip import Chip
from accelsim.hardware.unit_costs import is_cost
from accelsim.simulation.estimate import check_objective
from accelsim.simulation.requested import DEFAULT


def calibrate(
    profile: str | os.PathLike[str],
    measurements: str | os.PathLike[str],
    *,
    fit: Sequence[str] | None = None,
    mapping: str = DEFAULT,
    objective: str = "energy",
) -> Calibration:
    """Fit numbers of a profile to measured latencies and energies.

    Parameters
    ----------
    profile : str or path
        Name or file.
    measurements : str or path
        CSV; see `accelsim.explore.calibration.measurements.read_measurements`.
    fit : sequence of str, optional
        "bandwidth", "compute", "launch", "step", "costs", "static", or paths of the profile such as
        "levels.SRAM.efficiency" and "multiply_pj.int8". By default bandwidth and launch where latencies are given,
        costs (where the profile has any) and static where energies are.
    mapping : str
        How layers are mapped in rows that do not say; as `accelsim.estimate`.
    objective : {"energy", "latency", "edp"}
        What mappings are chosen for.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        The file or a row is wrong, or the rows do not identify the parameters: which, and what would suffice.
    UsageError
        A name in ``fit`` is unknown, or scipy (extra ``calibrate``) is missing.
    UnsupportedError, InfeasibleError
        A row cannot run on the chip.
    """
    opened, file = open_profile(profile), Path(measurements)
    rows = read_measurements(file)
    asked_of = questions_of(rows, file, opened, mapping, check_objective(objective))
    chip = opened.chip()
    fitting = Fitting(chip, asked_of, *_asked(fit, chip, asked_of, file))
    fitting.refuse_overridden()
    fitting.begin()
    settled = fitting.run()
    found, outcomes = parameters_of(fitting), outcomes_of(fitting)
    notes = [] if settled else ["mappings still change with the fitted numbers; the table is of the last ones chosen."]
    return Calibration(
        os.fspath(profile), file, fitting.chip, with_numbers(fitting.chip, fitting.numbers), found,
        outcomes, mapping, objective,
        (*notes, *(note for one in found for note in one.remarks()), *misfits(outcomes)),
        {path: cost for path, cost in fitting.starts.items() if path not in fitting.numbers},
    )  # fmt: skip


def _asked(
    fit: Sequence[str] | None, chip: Chip, questions: Sequence[Question], file: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what to fit to latencies and what to energies."""
    timed = any(one.row.latency_s is not None for one in questions)
    costed = any(one.row.energy_j is not None for one in questions)
    if fit is None:
        of_energy = ((COSTS, STATIC) if chip.has_costs else (STATIC,)) if costed else ()
        return ((BANDWIDTH, LAUNCH) if timed else ()), of_energy
    names = tuple(dict.fromkeys(fit))
    if not names:
        raise UsageError(f"there must be something to fit: {', '.join(KINDS)}, or paths of the profile.")
    energy = tuple(name for name in names if name in OF_ENERGY or is_cost(name))
    times = tuple(name for name in names if name not in energy)
    for name in times:
        if "." not in name and name not in KINDS and not name.endswith("_overhead_s"):
            hint = did_you_mean(name, KINDS) or "."
            raise UsageError(f"what is fitted must be {', '.join(KINDS)}, or a path of the profile; got {name!r}{hint}")
    for wanted, given, what, column in (
        (times, timed, "time", "latency, such as latency_ms"), (energy, costed, "energy", "energy, such as energy_mj"),
    ):  # fmt: skip
        if wanted and not given:
            raise InputError(
                f"fitting {', '.join(wanted)} takes measurements of {what}; add a column of {column}.", where=str(file)
            )
    return times, energy
