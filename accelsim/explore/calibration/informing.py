"""Which rows inform which parameter, and what would tell one that they do not?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from accelsim.errors import InputError
from accelsim.explore.calibration.least_squares import Floats

_MOST = 0.9


def informing(design: Floats, lines: Sequence[int]) -> list[tuple[int, ...]]:
    """Return for each parameter the lines of the fewest rows that hold most (90%) of what tells it.

    A row tells a parameter by the square of its weighted design entry, the row's share of ``diag(A^T A)``.
    """
    found = []
    for column in np.square(design).T:
        order = np.argsort(column)[::-1]
        reached = np.cumsum(column[order]) >= _MOST * column.sum()
        found.append(tuple(sorted(lines[place] for place in order[: int(reached.argmax()) + 1])))
    return found


@contextmanager
def needs(known: Sequence[tuple[str, str]], lines: Sequence[int]) -> Iterator[None]:
    """Add to a refusal to fit which rows would tell the parameters that it names.

    Parameters
    ----------
    known : sequence of (label, need)
    lines : sequence of int
        Of the rows.
    """
    try:
        yield
    except InputError as error:
        if "cannot be fitted" not in error.message:
            raise
        told = error.message.partition("cannot be fitted")[2]
        wanted = [f"for the {label}, {need}" for label, need in known if label in told]
        spread = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
        more = f" What would suffice: {'; '.join(wanted)}." if wanted else ""
        raise InputError(f"{error.message.rstrip('.')} ({spread}).{more}") from None
