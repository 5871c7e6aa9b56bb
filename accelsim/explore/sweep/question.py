"""What is asked of a sweep? Axes, what stays the same, and whether the two contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.errors import AccelsimError, InputError, UsageError
from accelsim.explore.sweep.axis import Axis, Place, Setting, axis, nowhere, setting
from accelsim.explore.sweep.contradictions import check_contradictions
from accelsim.explore.sweep.parameters import Parameter, parameter
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.simulation.requested import DEFAULT

if TYPE_CHECKING:
    from accelsim.explore.sweep.point import Point
    from accelsim.explore.sweep.result import SweepResult

MOST_POINTS = 100_000

USUAL = {"scheme": "fp32", "objective": "energy", "mapping": DEFAULT}
"""What is taken where nothing is said, and stated with the answer."""


@dataclass(frozen=True)
class Given:
    """A parameter as somebody wrote it: its name, one value or many, and where it stands."""

    name: str
    value: Any
    place: Place = nowhere


@dataclass(frozen=True)
class Sweep:
    """A question with many answers: every combination of the axes' values, all else fixed.

    Parameters
    ----------
    fixed : tuple of Setting
    axes : tuple of Axis
        The first moves slowest.
    what_if : bool
        As in `accelsim.hardware.catalog.load_profile`.
    per_layer : bool
        Whether the outcomes have one row per layer.
    """

    fixed: tuple[Setting, ...]
    axes: tuple[Axis, ...]
    what_if: bool = False
    per_layer: bool = False

    def __len__(self) -> int:
        return prod(len(axis) for axis in self.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters that vary, in the order of the axes."""
        return tuple(one.name for axis in self.axes for one in axis.settings)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Everything that is set, fixed or not."""
        return (*self.fixed, *(one for axis in self.axes for one in axis.settings))

    def points(self) -> tuple[Point, ...]:
        """Return all points, set up: the last axis moves fastest.

        A point that cannot be set up says why; the others go on.

        Raises
        ------
        AccelsimError
            A name is unknown, a word stands for a number, or no point at all can be set up.
        """
        from accelsim.explore.sweep.setting_up import set_up

        return set_up(self)

    def run(
        self,
        *,
        jobs: int | None = None,
        scheduler: str | None = None,
        store: str | Path | None = None,
        fresh: bool = False,
    ) -> SweepResult:
        """Return the answers: every point computed, or taken from the store; see `accelsim.explore.sweep.run.run`."""
        from accelsim.explore.sweep.api import answer

        return answer(self, jobs=jobs, scheduler=scheduler, store=store, fresh=fresh)

    def __repr__(self) -> str:
        fixed = ", ".join(f"{one.name}={one.labels[0]}" for one in self.fixed)
        axes = "".join(f"\n  {one.name}: {', '.join(_few(one.labels))}" for axis in self.axes for one in axis.settings)
        return f"Sweep of {len(self):,} points; {fixed}{axes}"


def ask(
    given: Sequence[Given],
    together: Sequence[Sequence[Given]] = (),
    *,
    what_if: bool = False,
    per_layer: bool = False,
    place: Place = nowhere,
) -> Sweep:
    """Return the sweep of some parameters.

    Parameters
    ----------
    given : sequence of Given
        ``workload`` and ``profile`` must be among them.
    together : sequence of sequences of Given
        Each is an axis of parameters that move together.
    what_if, per_layer : bool
    place : Place
        Of the whole, for what is missing.

    Raises
    ------
    InputError
        A name is unknown, an axis empty or a range wrong, or parameters contradict each other.
    UsageError
        There are more than `MOST_POINTS` points.
    """
    every = [*given, *(one for group in together for one in group)]
    given = [*given, *(Given(name, value) for name, value in USUAL.items() if not _names(every, name))]
    for needed in ("workload", "profile"):
        if not _names(every, needed):
            raise InputError(f"a sweep must name its {needed}; none is given.", where=place(None))
    chips = [chip for one in every if one.name.strip() == "profile" for chip in _base_chips(one)]
    alone = [_setting(one, chips) for one in given]
    groups = [_group([_setting(one, chips) for one in group]) for group in together]
    axes = (*(axis([one]) for one in alone if one.varies), *groups)
    sweep = Sweep(tuple(one for one in alone if not one.varies), axes, what_if, per_layer)
    check_contradictions(sweep.settings, chips)
    if len(sweep) > MOST_POINTS:
        sizes = " x ".join(str(len(one)) for one in axes)
        raise UsageError(f"a sweep must have at most {MOST_POINTS:,} points; {sizes} are {len(sweep):,}.")
    return sweep


def _few(labels: Sequence[object]) -> list[str]:
    shown = [str(label) for label in labels]
    return shown if len(shown) <= 10 else [*shown[:8], "...", shown[-1]]


def _names(given: Iterable[Given], name: str) -> bool:
    return any(one.name.strip() == name for one in given)


def _base_chips(one: Given) -> list[Chip]:
    profiles = setting(Parameter("profile", "plain"), one.value, one.place)
    return [base_chip(value, profiles.place(number)) for number, value in enumerate(profiles.values)]


def base_chip(value: Any, where: str | None) -> Chip:
    """Return the chip of a profile without overrides; an unknown one raises InputError with its place."""
    if isinstance(value, Chip):
        return value
    try:
        return load_profile(value)
    except AccelsimError as error:
        raise type(error)(error.message, where=error.where or where) from None


def _setting(one: Given, chips: Sequence[Chip]) -> Setting:
    try:
        meant = parameter(one.name, chips)
    except InputError as error:
        raise InputError(error.message, where=one.place(None)) from None
    return setting(meant, one.value, one.place)


def _group(settings: Sequence[Setting]) -> Axis:
    for one in settings:
        if not one.varies:
            raise InputError(
                f"parameters that move together must each have a list of values; {one.name} has one value.",
                where=one.place(None),
            )
    if len(settings) < 2:
        raise InputError("at least two parameters must move together; give a single one by itself.",
                         where=settings[0].place(None) if settings else None)  # fmt: skip
    return axis(settings)
