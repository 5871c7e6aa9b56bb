"""Which pass of a model is asked for, and with which options?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelsim.errors import InputError, did_you_mean

MOST = 10**12
"""Most that a count in a file or an option may be."""

Option = int | bool | str


def choose(name: str, phase: str | None, offered: Mapping[str, Any]) -> str:
    """Return the phase that ``phase`` asks for among those that the model ``name`` offers.

    Raises
    ------
    InputError
        It offers several and none is given, or none of that name.
    """
    if phase is None and len(offered) == 1:
        return next(iter(offered))
    if phase is not None and phase in offered:
        return phase
    names = [f"{name}/{each}" for each in offered if each]
    if phase is None:
        raise InputError(f"{name} must be given with a phase: {' or '.join(names)}.")
    if not names:
        raise InputError(f"{name} has no phases; got {phase!r}. Leave it out.")
    hint = did_you_mean(phase, offered) or f"; use {' or '.join(names)}."
    raise InputError(f"{name} has no phase {phase!r}{hint}")


def settle(name: str, phase: str, defaults: Mapping[str, Option], options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the phase's options: those given, in the type of their defaults, and the defaults of the others.

    Raises
    ------
    InputError
        The phase has no such option, or its value is not what it must be.
    """
    settings = dict(defaults)
    for option, value in options.items():
        if option not in defaults:
            whole = f"{name}/{phase}" if phase else name
            has = f"; it has {', '.join(defaults) or 'none'}."
            raise InputError(f"{option!r} is not an option of {whole}{did_you_mean(option, defaults) or has}")
        settings[option] = read_option(option, value, defaults[option])
    return settings


def read_option(name: str, value: Option, default: Option) -> Any:
    """Return an option's value in the type of its default; text from a command line is read."""
    if isinstance(default, bool):
        flags: dict[Option, bool] = {"true": True, "false": False}
        if isinstance(value, bool) or (isinstance(value, str) and value.lower() in flags):
            return flags[value.lower()] if isinstance(value, str) else value
        raise InputError(f"option {name} must be true or false; got {_shown(value)}.")
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else value
    if number.isdecimal() if isinstance(number, str) else number > MOST:
        raise InputError(f"option {name} must be a whole number of at most {MOST}; got {_shown(value)}.")
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InputError(f"option {name} must be a whole number of at least 1; got {_shown(value)}.")
    return number


def _shown(value: Any) -> str:
    from accelsim.documents import shown

    return shown(value)
