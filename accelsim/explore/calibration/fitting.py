"""Which numbers fit the measurements best, mappings chosen, held and chosen again? Times first, then energies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from accelsim.errors import InputError
from accelsim.explore.calibration.energies import Energies, energies_of, fitted_costs
from accelsim.explore.calibration.informing import needs
from accelsim.explore.calibration.least_squares import Fit, Floats
from accelsim.explore.calibration.parameters import COSTS, kind_of, time_parameters
from accelsim.explore.calibration.questions import Nests, Question, pinned
from accelsim.explore.calibration.starting import starting_costs, with_starts
from accelsim.explore.calibration.timing import Times, fit_times, number
from accelsim.hardware.chip import Chip
from accelsim.progress import progress
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result

MOST_ROUNDS = 4
"""How often mappings are chosen again; once or twice is mostly enough."""

_SETTLED = 1e-3
"""Relative change of what is predicted below which choosing mappings again is said to change nothing."""

PICO = 1e12
"""pJ in a J."""


@dataclass
class Fitting:
    """Numbers on their way to their fitted values.

    Parameters
    ----------
    chip : Chip
        The profile's, with costs to begin with where it has none.
    questions : tuple of Question
    of_time, of_energy : tuple of str
        What is to be fitted to latencies, and to energies.
    numbers : dict of path to Sourced
        What is fitted so far.
    times, time_values, time_fit
        Latencies as a function of what is fitted, the fitted values, and the linear fit around them.
    energies, energy_fit
        What energies are made of, and the fit.
    before, results : list of Result
        The estimates by the profile as it was, and with the numbers at hand.
    starts : dict of path to Sourced
        Costs to begin with.
    """

    chip: Chip
    questions: tuple[Question, ...]
    of_time: tuple[str, ...]
    of_energy: tuple[str, ...]
    numbers: dict[str, Sourced] = field(default_factory=dict)
    times: Times | None = None
    time_values: Floats = field(default_factory=lambda: np.zeros(0))
    time_fit: Fit | None = None
    energies: Energies | None = None
    energy_fit: Fit | None = None
    before: list[Result] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    starts: dict[str, Sourced] = field(default_factory=dict)

    @property
    def timed(self) -> list[int]:
        """Rows with a latency."""
        return [at for at, one in enumerate(self.questions) if one.row.latency_s is not None]

    @property
    def costed(self) -> list[int]:
        """Rows with an energy."""
        return [at for at, one in enumerate(self.questions) if one.row.energy_j is not None]

    def refuse_overridden(self) -> None:
        """Refuse rows that set what is to be fitted."""
        for one in self.questions:
            for path in one.row.overrides:
                if {path, kind_of(path)} & {*self.of_time, *self.of_energy}:
                    raise InputError(f"a row must not set {path}, which is to be fitted.", where=one.place)

    def begin(self) -> None:
        """Estimate all rows as the profile has it; a device without costs then gets some to begin with."""
        self.before = self.results = self._mapped()
        if COSTS in self.of_energy and not self.chip.has_costs:
            self.starts = starting_costs(self.chip, self.results)
            self.chip = with_starts(self.chip, self.starts)
            self.questions = tuple(replace(one, chip=with_starts(one.chip, self.starts)) for one in self.questions)
            self.results = self._mapped()

    def run(self) -> bool:
        """Fit until choosing mappings again changes nothing; return whether that is reached."""
        for _ in range(MOST_ROUNDS):
            nests = [pinned(result) for result in self.results]
            self._fit_times(nests)
            self._fit_energies(nests)
            held = [one.result(self.numbers, own) for one, own in zip(self.questions, nests, strict=True)]
            self.results = self._mapped()
            if all(_alike(one, other) for one, other in zip(held, self.results, strict=True)):
                return True
        return False

    def _mapped(self) -> list[Result]:
        """Return the estimates of all rows with the numbers at hand, mappings chosen anew."""
        with progress(self.questions, "map", unit="row") as questions:
            return [one.result(self.numbers) for one in questions]

    def _fit_times(self, nests: Sequence[Nests]) -> None:
        if not self.of_time:
            return
        rows = self.timed
        parameters = time_parameters(self.chip, self.of_time, [self.results[at] for at in rows])
        self.times = Times([self.questions[at] for at in rows], [nests[at] for at in rows], parameters)
        lines = [self.questions[at].row.line for at in rows]
        with needs([(one.label, one.need) for one in parameters], lines):
            self.time_values, self.time_fit = fit_times(self.times)
        self.numbers |= self.at(self.time_values)

    def at(self, values: Floats) -> dict[str, Sourced]:
        """Return the numbers that some values of the parameters of time stand for, by path."""
        assert self.times is not None
        known = zip(self.times.parameters, values, strict=True)
        return {one.path: number(one.number(float(value))) for one, value in known}

    def _fit_energies(self, nests: Sequence[Nests]) -> None:
        if not self.of_energy:
            return
        rows = self.costed
        # Costs start from the profile's own in every round, so that factors are factors of these.
        timed = {path: one for path, one in self.numbers.items() if self.times and path in self.at(self.time_values)}
        results = [self.questions[at].result(timed, nests[at]) for at in rows]
        self.energies = energies_of(results, self.of_energy, self.chip)
        lines = [self.questions[at].row.line for at in rows]
        with needs([(one.label, one.need) for one in self.energies.classes], lines):
            self.energy_fit = self.energies.fit(self.measured_pj(rows))
        self.numbers |= fitted_costs(self.energies, self.energy_fit.values)

    def measured_pj(self, rows: Sequence[int]) -> Floats:
        """Return the measured energies of some rows in pJ."""
        return np.array([self.questions[at].row.energy_j for at in rows], dtype=float) * PICO


def _alike(held: Result, chosen: Result) -> bool:
    """Return whether choosing mappings again changes neither time nor energy by more than `_SETTLED`."""
    pairs = ((held.latency_s, chosen.latency_s), (joules(held), joules(chosen)))
    return all(a is None or b is None or abs(a - b) <= _SETTLED * b for a, b in pairs)


def joules(result: Result) -> float | None:
    """Return the energy of a result in J, power times time where no costs are known; None where neither is."""
    energy = result.energy_pj if result.energy_pj is not None else result.power_energy_pj
    return None if energy is None else energy / PICO
