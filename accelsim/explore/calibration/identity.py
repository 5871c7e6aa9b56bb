"""Can observations tell parameters apart, and if not, which ones are confused and what would tell them apart?

Each column of the weighted design is scaled to norm 1. A singular value that is small against the largest belongs to
a combination of parameters that hardly changes any row: Belsley, Kuh and Welsch, "Regression Diagnostics", 1980.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONDITION = 1e3
"""Largest condition number of a design whose parameters count as told apart; beyond it an error of 0.1% decides."""

_TAKES_PART = 0.1
"""A parameter is one of those confused if its share of the combination that no row sees is at least this."""


@dataclass(frozen=True)
class Identity:
    """What observations can tell apart.

    Parameters
    ----------
    names : tuple of str
        The parameters.
    unused : tuple of str
        Parameters that no row depends on.
    confused : tuple of tuple of str
        Groups of parameters that only occur together in the same proportions.
    condition : float
        Largest over least singular value of the scaled design of the parameters in use.
    """

    names: tuple[str, ...]
    unused: tuple[str, ...]
    confused: tuple[tuple[str, ...], ...]
    condition: float

    @property
    def identifiable(self) -> bool:
        """Whether every parameter is determined."""
        return not self.unused and not self.confused

    def sentence(self, rows: int) -> str:
        """Return in one sentence what cannot be told, and what would suffice."""
        if self.identifiable:
            return f"{rows} rows tell {_listed(self.names)} apart."
        parts = []
        if self.unused:
            parts.append(f"no row depends on {_listed(self.unused)}")
        parts.extend(f"no row tells {_listed(group)} apart" for group in self.confused)
        what = f"{_listed(self.names)} cannot be fitted to {rows} row{'s' if rows != 1 else ''}: {'; '.join(parts)}. "
        need = len(self.names)
        if rows < need:
            return f"{what}It takes at least {need} rows in which they occur in different proportions; got {rows}."
        return f"{what}Add rows in which they occur in other proportions, or fit fewer of them."


def identity_of(design: NDArray[np.float64], names: Sequence[str], condition: float = CONDITION) -> Identity:
    """Return which parameters the rows of a weighted design tell apart.

    Parameters
    ----------
    design : array, shape (rows, parameters)
    names : sequence of str
    condition : float
        Singular values below the largest over this count as zero.
    """
    norms = np.linalg.norm(design, axis=0)
    used = np.flatnonzero(norms > 0)
    unused = tuple(names[place] for place in np.flatnonzero(norms == 0).tolist())
    if not len(used):
        return Identity(tuple(names), unused, (), float("inf"))
    _, singular, right = np.linalg.svd(design[:, used] / norms[used], full_matrices=True)
    singular = np.concatenate([singular, np.zeros(len(used) - len(singular))])
    blind = right[singular * condition <= singular[0]]  # combinations that no row sees
    number = float(singular[0] / singular[-1]) if singular[-1] > 0 else float("inf")
    groups = _groups(blind, [names[place] for place in used.tolist()])
    return Identity(tuple(names), unused, groups, number)


def _groups(blind: NDArray[np.float64], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the parameters of the unseen combinations, those that share one together.

    The projector onto the unseen combinations does not depend on how they are written, so neither does the result.
    """
    projector = blind.T @ blind
    linked = np.abs(projector) >= _TAKES_PART**2
    left = [place for place in range(len(names)) if linked[place, place]]
    groups = []
    while left:
        group, frontier = set(), [left[0]]
        while frontier:
            place = frontier.pop()
            if place not in group:
                group.add(place)
                frontier.extend(other for other in left if linked[place, other])
        groups.append(tuple(names[place] for place in sorted(group)))
        left = [place for place in left if place not in group]
    return tuple(groups)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
