"""What may be fitted to measurements, where does it stand in a profile, and which measurements would tell it?

``bandwidth``: the share of each level's bandwidth that is reached; ``compute``: that of each peak rate; ``launch``
and ``step``: the fixed time of a layer and of a pass; ``costs``: pJ of the outermost memory, of on-chip memories, of a
MAC in each format, of vector operations; ``static``: the power drawn all the time. A path of a profile stands for
itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.hardware.chip import Chip, Level
from accelsim.hardware.unit_costs import is_cost
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result

BANDWIDTH, COMPUTE, LAUNCH, STEP, COSTS, STATIC = "bandwidth", "compute", "launch", "step", "costs", "static"
OF_TIME, OF_ENERGY = (BANDWIDTH, COMPUTE, LAUNCH, STEP), (COSTS, STATIC)
KINDS = (*OF_TIME, *OF_ENERGY)
POWERS = ("leakage_w", "idle_w", "load_w")
_FIXED = {LAUNCH: "layer_overhead_s", STEP: "step_overhead_s"}
_EFFICIENCY, _RATE = "efficiency", "macs_per_pe_cycle."
SOURCE = "measurements"
MOST_SLOWNESS = 1e4


@dataclass(frozen=True)
class TimeParameter:
    """A quantity that the time depends on.

    Parameters
    ----------
    path : str
        Field of the profile.
    label, unit : str
    share : bool
        Whether it is a share of a rate, fitted as its inverse (time is linear in that), or a fixed time in s.
    need : str
        Which rows would tell it.
    """

    path: str
    label: str
    unit: str
    share: bool
    need: str

    def number(self, fitted: float) -> float:
        """Return the share, or the time in s, that a fitted value stands for."""
        return 1 / fitted if self.share else fitted

    def spread(self, fitted: float, error: float) -> float:
        """Return the standard error of `number` from that of the fitted value, to first order."""
        return error / fitted**2 if self.share else error


def time_parameters(chip: Chip, asked: Sequence[str], results: Sequence[Result]) -> tuple[TimeParameter, ...]:
    """Return the parameters of time that some kinds or paths stand for.

    Raises
    ------
    UsageError, InputError
        A name is no kind and no path that can be fitted; a level has no bandwidth.
    """
    found: dict[str, TimeParameter] = {}
    for name in asked:
        for one in _of_time(chip, name, results):
            found[one.path] = one
    return tuple(found.values())


def _of_time(chip: Chip, name: str, results: Sequence[Result]) -> list[TimeParameter]:
    if name == BANDWIDTH:
        outer = chip.outermost
        if not (outer.read_bits_per_cycle or outer.write_bits_per_cycle):
            raise InputError(f"{chip.name} states no bandwidth of {outer.name}; give it one, or leave bandwidth out.")
        return [_level(outer)]
    if name == COMPUTE:
        return [_rate(pair) for pair in dict.fromkeys(pair for result in results for pair in _pairs(result))]
    field = _FIXED.get(name, name)
    if field == _FIXED[LAUNCH]:
        return [TimeParameter(field, "fixed time of a layer", "s", False, "rows with many small layers")]
    if field == _FIXED[STEP]:
        return [TimeParameter(field, "fixed time of a pass", "s", False, "rows of networks with fewer and more layers")]
    if name.startswith("levels.") and name.endswith(f".{_EFFICIENCY}"):
        level = chip.level(name.removeprefix("levels.").removesuffix(f".{_EFFICIENCY}"))
        if not (level.read_bits_per_cycle or level.write_bits_per_cycle):
            raise InputError(f"{chip.name} states no bandwidth of {level.name}; there is no share of it to fit.")
        return [_level(level)]
    if name.startswith(_RATE):
        pair = name.removeprefix(_RATE)
        known = [_name(row[0], row[1]) for row in chip.rates]
        if pair not in known:
            raise InputError(f"{chip.name} has no rate of {pair!r}{did_you_mean(pair, known) or '.'}")
        return [_rate(pair)]
    raise UsageError(
        f"--fit must be {', '.join(KINDS)}, or paths such as levels.{chip.outermost.name}.efficiency; "
        f"got {name!r}{did_you_mean(name, KINDS) or '.'}"
    )


def _level(level: Level) -> TimeParameter:
    need = f"rows that wait for {level.name}: large weights at batch 1, or long vectors"
    return TimeParameter(f"levels.{level.name}.{_EFFICIENCY}", f"share of {level.name}'s bandwidth", "", True, need)


def _rate(pair: str) -> TimeParameter:
    need = f"rows in {pair} that wait for MACs: large batches"
    return TimeParameter(f"{_RATE}{pair}", f"share of the {pair} peak rate", "", True, need)


def _name(weight: str, operand: str) -> str:
    return weight if weight == operand else f"{weight}*{operand}"


def _pairs(result: Result) -> list[str]:
    """Return the pairs of formats in which a result multiplies, by the names of their rates."""
    found = dict.fromkeys(
        (one.formats.compute_weight, one.formats.compute_input) for one in result.layers if one.formats is not None
    )
    rates = (result.chip.macs_per_pe_cycle(weight, operand) for weight, operand in found)
    return [_name(rate.weight, rate.input) for rate in rates]


def kind_of(path: str) -> str:
    """Return what is fitted to change a field of the profile; the path itself where nothing but it does."""
    for kind, field in _FIXED.items():
        if path == field:
            return kind
    if path in POWERS:
        return STATIC
    if path.endswith(f".{_EFFICIENCY}"):
        return BANDWIDTH
    return COMPUTE if path.startswith(_RATE) else COSTS if is_cost(path) else path


def with_times(chip: Chip, numbers: Mapping[str, Sourced]) -> Chip:
    """Return the chip with other shares of its bandwidths and rates, and other fixed times.

    Parameters
    ----------
    chip : Chip
    numbers : mapping of path to Sourced
        Shares of rates multiply the rate of ``chip``; everything else replaces what it says.
    """
    levels = tuple(
        replace(level, efficiency=numbers.get(f"levels.{level.name}.{_EFFICIENCY}", level.efficiency))
        for level in chip.levels
    )
    rates = tuple(_scaled(row, numbers.get(f"{_RATE}{_name(row[0], row[1])}")) for row in chip.rates)
    fixed = {name: numbers.get(name, getattr(chip, name)) for name in _FIXED.values()}
    return replace(chip, levels=levels, rates=rates, **fixed)


def _scaled(row: tuple[str, str, Fraction, Sourced], share: Sourced | None) -> tuple[str, str, Fraction, Sourced]:
    if share is None:
        return row
    rate = as_rate(float(row[2]) * share.value)
    scaled = replace(share, value=float(rate), low=None, high=None)
    return row[0], row[1], rate, scaled


def as_rate(rate: float) -> Fraction:
    """Return a rate as a profile reads it (`accelsim.hardware.fields`)."""
    return max(Fraction(rate).limit_denominator(10_000), Fraction(1, 10_000))
