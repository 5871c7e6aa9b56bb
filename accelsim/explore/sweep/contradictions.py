"""Do the parameters of a sweep contradict each other? None twice, and no two that change the same field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accelsim.errors import InputError
from accelsim.explore.sweep.axis import Setting
from accelsim.explore.sweep.parameters import clash, overrides
from accelsim.hardware.chip import Chip


def check_contradictions(settings: Sequence[Setting], chips: Iterable[Chip]) -> None:
    """Refuse the same parameter twice, and two that change the same field of a profile, with InputError."""
    seen: dict[str, Setting] = {}
    for one in settings:
        if one.name in seen:
            raise InputError(
                f"a parameter must be given once; {one.name} is given twice{_as_what(seen[one.name], one)}.",
                where=one.place(None),
            )
        seen[one.name] = one
    for chip in chips:
        touched: list[tuple[str, Setting]] = []
        for one in (each for each in settings if each.parameter.of_profile):
            for path in _paths(one, chip):
                for other, by in touched:
                    if by is not one and clash(path, other):
                        raise InputError(
                            f"{one.name} and {by.name} must not both be given; both change {min(path, other)} "
                            f"of {chip.name}.", where=one.place(None),
                        )  # fmt: skip
                touched.append((path, one))


def _as_what(first: Setting, second: Setting) -> str:
    if first.varies == second.varies:
        return ""
    return ", once as an axis and once as a fixed value"


def _paths(one: Setting, chip: Chip) -> list[str]:
    """The fields that a setting changes; none where it means nothing on this chip, which its points will say."""
    try:
        return list(overrides(one.parameter, one.values[0], chip))
    except InputError:
        return []
