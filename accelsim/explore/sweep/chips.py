"""Which chip does a point run on? A profile with the overrides of its axes; each combination is built once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelsim.errors import AccelsimError, InputError, UsageError
from accelsim.explore.sweep.axis import Setting
from accelsim.explore.sweep.parameters import overrides
from accelsim.hardware.catalog import OpenProfile, open_profile
from accelsim.hardware.chip import Chip

_Step = tuple[str, int]


class Chips:
    """Builds the chips of a sweep and remembers which value was refused and which was taken.

    Parameters
    ----------
    settings : mapping of name to Setting
    what_if : bool
    """

    def __init__(self, settings: Mapping[str, Setting], what_if: bool) -> None:
        self.profiles = settings["profile"]
        self.changes = [one for one in settings.values() if one.parameter.of_profile]
        self.what_if = what_if
        self._bases: dict[int, Chip] = {}
        self._opened: dict[int, OpenProfile] = {}
        self._built: dict[tuple[int, ...], Chip | AccelsimError] = {}
        self._alone: dict[tuple[int, str, int], AccelsimError | None] = {}
        self._refused: dict[_Step, AccelsimError] = {}
        self._taken: set[_Step] = set()

    def chip(self, chosen: Mapping[str, int]) -> Chip:
        """Return the chip of some values; a refused value raises the error that says which and where."""
        mark = (chosen["profile"], *(chosen[one.name] for one in self.changes))
        if mark not in self._built:
            self._built[mark] = self._build(chosen)
        found = self._built[mark]
        if isinstance(found, AccelsimError):
            raise found
        return found

    def check_words(self) -> None:
        """Raise the error of a text that no profile took: a word where a number is meant, or a wrong word."""
        for (name, step), error in self._refused.items():
            value = next(one for one in self.changes if one.name == name).values[step]
            if (name, step) not in self._taken and isinstance(value, str) and not _is_number(value):
                raise error

    def _build(self, chosen: Mapping[str, int]) -> Chip | AccelsimError:
        profile = chosen["profile"]
        given, base = self.profiles.values[profile], self._base(profile)
        if not self.changes:
            return base
        if isinstance(given, Chip):
            raise UsageError(f"overrides need a profile's name or file; got the chip {given.name}.")
        try:
            fields: dict[str, Any] = {}
            for one in self.changes:
                fields |= overrides(one.parameter, one.values[chosen[one.name]], base)
            chip = self._open(profile).chip(dict(sorted(fields.items(), key=_costs_last)), self.what_if)
        except AccelsimError as error:
            return self._blamed(error, chosen, base)
        self._taken |= {(one.name, chosen[one.name]) for one in self.changes}
        return chip

    def _base(self, profile: int) -> Chip:
        if profile not in self._bases:
            given = self.profiles.values[profile]
            self._bases[profile] = given if isinstance(given, Chip) else self._open(profile).chip(None, self.what_if)
        return self._bases[profile]

    def _open(self, profile: int) -> OpenProfile:
        if profile not in self._opened:
            self._opened[profile] = open_profile(self.profiles.values[profile])
        return self._opened[profile]

    def _blamed(self, error: AccelsimError, chosen: Mapping[str, int], base: Chip) -> AccelsimError:
        """Return the error of the first value that is refused by itself, or else that of all together."""
        for one in self.changes:
            step = chosen[one.name]
            mark = chosen["profile"], one.name, step
            if mark not in self._alone:
                self._alone[mark] = self._tried(one, step, chosen["profile"], base)
            alone = self._alone[mark]
            if alone is not None:
                self._refused.setdefault((one.name, step), alone)
                return alone
        all_of_them = ", ".join(f"{one.name}={one.labels[chosen[one.name]]}" for one in self.changes)
        return type(error)(error.message, where=all_of_them)

    def _tried(self, one: Setting, step: int, profile: int, base: Chip) -> AccelsimError | None:
        where = one.place(step)
        try:
            self._open(profile).chip(overrides(one.parameter, one.values[step], base), self.what_if)
        except InputError as error:
            return InputError(error.message, where=where or f"{one.name}={one.labels[step]}")
        except AccelsimError as error:
            return error
        return None


def _costs_last(field: tuple[str, object]) -> bool:
    """Sizes of memories first: they rescale costs, and a cost that is set stays as it is set."""
    return field[0].rpartition(".")[2] not in ("capacity", "capacity_bits", "access_bits")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
