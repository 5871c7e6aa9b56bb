"""What can go wrong for a user, as one family of errors with an exit code each.

A message is one sentence: what must hold, what was given, where, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AccelsimError(Exception):
    """Base of every error that a user can cause.

    Parameters
    ----------
    message : str
        One sentence: what must hold, what was given, what to do.
    where : str, optional
        ``file:line:column: field`` or a part of it; printed before the message.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None) -> None:
        message = " ".join(message.split()).replace("?.", "?")  # one line, one end
        self.message = message
        self.where = where
        super().__init__(f"{where}: {message}" if where else message)


class InputError(AccelsimError):
    """A file, field, name or value is not what it must be (exit 1)."""


class UsageError(AccelsimError):
    """The command line or a call is used wrongly (exit 2)."""

    exit_code = 2


class InfeasibleError(AccelsimError):
    """The layer, mapping or model does not fit the chip (exit 3)."""

    exit_code = 3


class UnsupportedError(AccelsimError):
    """The chip cannot run what was asked for (exit 3)."""

    exit_code = 3


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like ``name``, or None if none is alike."""
    folded = {str(choice).lower(): str(choice) for choice in choices}
    close = difflib.get_close_matches(str(name).lower(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean NAME?"`` for the nearest choice, else ``""``."""
    close = nearest(name, choices)
    return f"; did you mean {close}?" if close else ""
