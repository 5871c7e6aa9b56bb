"""How long does a token take on a chip that a software stack was not fitted to? One chip is left out at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.explore.calibration.least_squares import fit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """What fits to all groups of rows but one predict for that one.

    Parameters
    ----------
    predicted : float64 array, shape (rows,)
        Each by the fit that did not see the row's group.
    values : float64 array, shape (parameters,)
        Fitted to all rows.
    spread : tuple of (float, float)
        The least and the most of every parameter over the fits.
    """

    predicted: Floats
    values: Floats
    spread: tuple[tuple[float, float], ...]


def leave_one_out(
    design: Floats, measured: Floats, groups: Sequence[str], names: Sequence[str], lower: Sequence[float]
) -> LeftOut:
    """Return what a linear model predicts for every group of rows when fitted to the others in relative least squares.

    Parameters
    ----------
    design : float64 array, shape (rows, parameters)
    measured : float64 array, shape (rows,)
    groups : sequence of str
        What is left out together: the chip, whatever board it is on and however many of its cores are at work.
    names, lower : sequences
        Parameters and their least values.

    Raises
    ------
    InputError
        There is but one group, or the others do not identify the parameters.
    """
    labels = np.array(groups)
    if len(set(groups)) < 2:
        raise InputError(f"there must be two groups to leave one out; got {', '.join(sorted(set(groups)))}.")
    predicted, found = np.empty(len(measured)), []
    for one in dict.fromkeys(groups):
        others = labels != one
        fitted = fit(design[others], measured[others], names=names, lower=lower)
        predicted[~others] = fitted.predict(design[~others])
        found.append(fitted.values)
    whole = fit(design, measured, names=names, lower=lower)
    stacked = np.array(found)
    spread = tuple((float(low), float(high)) for low, high in zip(stacked.min(0), stacked.max(0), strict=True))
    return LeftOut(predicted, whole.values, spread)
