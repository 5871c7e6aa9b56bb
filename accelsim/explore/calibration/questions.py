"""What does accelsim predict for a measurement, on the profile with other numbers and with mappings held or chosen?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from accelsim.errors import AccelsimError, InputError
from accelsim.explore.calibration.measurements import Measurement
from accelsim.explore.calibration.parameters import with_times
from accelsim.hardware.catalog import OpenProfile
from accelsim.hardware.chip import Chip
from accelsim.hardware.unit_costs import is_cost, with_costs
from accelsim.mapping.nest import Nest
from accelsim.provenance import Sourced
from accelsim.scheme import parse_scheme
from accelsim.simulation.estimate import estimate
from accelsim.simulation.requested import Wanted
from accelsim.simulation.result import Result
from accelsim.workload.catalog import load_workload
from accelsim.workload.importers import Option
from accelsim.workload.network import Network

Kind = TypeVar("Kind")
Nests = Mapping[str, Nest]
Numbers = Mapping[str, Sourced]
STATIC_POWER, LOAD_POWER = POWERS = ("leakage_w", "load_w")


@dataclass(frozen=True, eq=False)
class Question:
    """What a row of measurements asks.

    Parameters
    ----------
    row : Measurement
    place : str
        Its file and line.
    network : Network
    chip : Chip
        As the profile and the row's own overrides have it, before anything is fitted.
    mapping : str
    objective : str
    """

    row: Measurement
    place: str
    network: Network
    chip: Chip
    mapping: str
    objective: str

    def result(self, numbers: Numbers, nests: Nests | None = None) -> Result:
        """Return the estimate with other numbers; mappings are chosen anew unless they are given."""
        chip = with_numbers(self.chip, numbers)
        wanted: Wanted = self.mapping if nests is None else nests
        try:
            return estimate(self.network, chip, self.row.scheme, mapping=wanted, objective=self.objective)
        except AccelsimError as error:
            raise type(error)(str(error), where=self.place) from None


def with_numbers(chip: Chip, numbers: Numbers) -> Chip:
    """Return the chip with fitted numbers by path: shares, fixed times, unit costs, powers."""
    costs = {path: number for path, number in numbers.items() if is_cost(path) and path not in POWERS}
    changed = with_times(with_costs(chip, costs) if costs else chip, numbers)
    return replace(
        changed, leakage_w=numbers.get(STATIC_POWER, chip.leakage_w), load_w=numbers.get(LOAD_POWER, chip.load_w)
    )


def pinned(result: Result) -> dict[str, Nest]:
    """Return the mapping of every layer of a result."""
    return {one.layer.name: one.nest for one in result.layers if one.nest is not None}


def questions_of(
    rows: Sequence[Measurement], file: Path, profile: OpenProfile, mapping: str, objective: str
) -> tuple[Question, ...]:
    """Return what the rows of a file ask of a profile.

    Raises
    ------
    InputError
        With the line of the row: its workload, scheme, an option or an override is wrong, or it asks in other words
        what another row asks (an alias of a scheme, a batch that is the default).
    """
    chips: dict[tuple[tuple[str, str], ...], Chip] = {(): profile.chip()}
    networks: dict[tuple[object, ...], Network] = {}
    found: list[Question] = []
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        place = f"{file}:{row.line}"
        changes, options = tuple(sorted(row.overrides.items())), tuple(sorted(row.options.items()))
        wanted = (row.workload, row.batch, options)
        try:
            if changes not in chips:
                chips[changes] = _known(profile.chip(dict(changes)), chips.values())
            if wanted not in networks:
                given = {name: _option(text) for name, text in options}
                built = load_workload(_beside(row.workload, file), row.batch, **given)
                networks[wanted] = _known(built, networks.values())
            scheme = parse_scheme(row.scheme, networks[wanted])
        except AccelsimError as error:
            raise InputError(str(error), where=place) from None
        one = Question(row, place, networks[wanted], chips[changes], row.mapping or mapping, objective)
        first = seen.setdefault((id(one.network), id(one.chip), scheme, one.mapping), row.line)
        if first != row.line:
            raise InputError(f"every row must measure something else; this one asks what line {first} asks. "
                             "Give the mean of repeated measurements.", where=place)  # fmt: skip
        found.append(one)
    return tuple(found)


def _known(new: Kind, others: Iterable[Kind]) -> Kind:
    """Return the equal one among others, or the new one."""
    return next((one for one in others if one == new), new)


def _option(text: str) -> Option:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if text.lstrip("-").isdigit() else text


def _beside(workload: str, file: Path) -> str:
    """Return the path of a workload's file that stands beside the measurements, or its name as it is."""
    beside = file.parent / workload
    return str(beside) if Path(workload).suffix and beside.is_file() else workload
