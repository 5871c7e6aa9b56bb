"""Which parameter does a name mean? Model, scheme and objective by name, fields of the profile by dotted path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.hardware.merge import rivals
from accelsim.hardware.schema import ProfileSpec

TEXTS = ("workload", "profile", "scheme", "objective", "mapping", "residency", "pass")
SWITCHES = ("keep_weights", "fuse")
PLAIN = (*TEXTS, "batch", *SWITCHES)
"""Parameters with a name of their own; texts are never read as ranges."""

OPTIONS = ("context", "tokens", "causal", "all_logits")
"""Options of workloads that are known by their name alone; others are written ``options.NAME``."""

ARRAY, SRAM = "array", "sram"
Kind = Literal["plain", "option", "field", "array", "sram"]


@dataclass(frozen=True)
class Parameter:
    """What an axis changes.

    Parameters
    ----------
    name : str
        Canonical, the column of the table: "scheme", "array.rows", "levels.SRAM.capacity".
    kind : {"plain", "option", "field", "array", "sram"}
        Where the value goes; the last three become overrides of the profile.
    """

    name: str
    kind: Kind

    @property
    def of_profile(self) -> bool:
        """Whether it changes a field of the profile."""
        return self.kind in ("field", "array", "sram")


def parameter(name: str, chips: Sequence[Chip]) -> Parameter:
    """Return the parameter that a name means on some chips.

    ``array.rows.size`` is ``array.rows``; ``SRAM.bandwidth`` and ``rows`` are short for a field of the level
    or the fan-out so called, ``SRAM`` alone for its capacity.

    Raises
    ------
    InputError
        It means nothing; the nearest name is given.
    """
    text = name.strip()
    keys = [key for key in text.split(".") if key != "value"]
    if not all(keys) or not keys:
        raise InputError(f"a parameter must be a name or names joined by dots, such as array.rows; got {name!r}.")
    text = {"pass_": "pass"}.get(text, text)
    if text in PLAIN:
        return Parameter(text, "plain")
    if keys[0] == "options" and len(keys) == 2:
        return Parameter(keys[1], "option")
    if text in OPTIONS:
        return Parameter(text, "option")
    if text in (ARRAY, SRAM):
        return Parameter(text, "array" if text == ARRAY else "sram")
    if keys[0] not in ProfileSpec.model_fields:
        keys = _in_full(keys, chips) or _unknown(name, chips)
    if keys[0] == ARRAY and keys[2:] == ["size"]:
        keys = keys[:2]
    return Parameter(".".join(keys), "field")


def _in_full(keys: list[str], chips: Iterable[Chip]) -> list[str] | None:
    """Return a short path in full, or None where no fan-out or level is called so."""
    fanouts = {fanout.name for chip in chips for fanout in chip.fanouts}
    levels = {level.name for chip in chips for level in chip.levels}
    if keys[0] in fanouts and keys[0] not in levels:
        return [ARRAY, *keys]
    folded = [level for level in levels if level.lower() == keys[0].lower()]
    level = keys[0] if keys[0] in levels else folded[0] if len(folded) == 1 else None
    if level is None or keys[0] in fanouts:
        return None
    return ["levels", level, *(keys[1:] or ["capacity"])]


def _unknown(name: str, chips: Sequence[Chip]) -> list[str]:
    paths = [path for chip in chips for path, _ in chip.numbers()]
    paths += [f"array.{fanout.name}" for chip in chips for fanout in chip.fanouts]
    short = [path.removeprefix("levels.").removeprefix("array.") for path in paths]
    known = dict.fromkeys([*PLAIN, *OPTIONS, ARRAY, SRAM, *ProfileSpec.model_fields, *paths, *short])
    hint = did_you_mean(name, known) or f"; it has {', '.join(PLAIN)} and the fields of the profile."
    raise InputError(f"{name} is not a parameter of a sweep{hint}")


def overrides(parameter: Parameter, value: Any, chip: Chip) -> dict[str, Any]:
    """Return the fields of a profile that a value changes, by dotted path.

    ``array`` n or "nxm" sets the two innermost fan-outs (one where there is but one), ``sram`` the capacity of
    the level called SRAM or, without one, of the outermost memory whose technology is sram.

    Raises
    ------
    InputError
        The chip has no such memory or fan-outs, or an array is not written so.
    """
    if parameter.kind == "sram":
        return {f"levels.{_sram(chip)}.capacity": value}
    if parameter.kind == "array":
        return _array(value, chip)
    return {parameter.name: value}


def _sram(chip: Chip) -> str:
    named = [level.name for level in chip.levels if level.name.lower() == SRAM]
    kind = [level.name for level in chip.levels if level.technology == SRAM]
    if not named and not kind:
        raise InputError(f"sram must mean a memory; {chip.name} has no SRAM. Write levels.NAME.capacity.")
    return (named or kind)[-1]


def _array(value: Any, chip: Chip) -> dict[str, Any]:
    fanouts = [f"array.{fanout.name}" for fanout in chip.fanouts[-2:]]
    if not fanouts:
        raise InputError(f"array must mean a fan-out; {chip.name} has none.")
    parts = value.lower().split("x") if isinstance(value, str) else value
    sizes = [_size(part) for part in parts] if isinstance(parts, list | tuple) else [value] * len(fanouts)
    if len(sizes) == 1:
        sizes *= len(fanouts)
    if len(sizes) != len(fanouts):
        names = " x ".join(fanouts)
        raise InputError(f"array must be one size, or one for each of {names} of {chip.name}; got {value!r}.")
    return dict(zip(fanouts, sizes, strict=True))


def _size(part: Any) -> Any:
    try:
        return int(part) if isinstance(part, str) else part
    except ValueError:
        raise InputError(f"array must be a size such as 16, or 16x32; got {part!r}.") from None


def clash(one: str, other: str) -> bool:
    """Return whether two paths of a profile change the same: equal, one inside the other, or rival spellings."""
    a, b = one.split("."), other.split(".")
    if a[: len(b)] == b or b[: len(a)] == a:
        return True
    return a[:-1] == b[:-1] and b[-1] in rivals(a[-1])
