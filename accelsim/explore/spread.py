"""How does a cost lie within its published range? One of three distributions, by their inverses and their integrals.

- ``triangular``: the value is the likeliest, the ends have density zero (the default: a published value is what its
  author holds for typical, and a range says how far it may be off);
- ``uniform``: every value within the range is as likely;
- ``log-uniform``: every factor is as likely, as where sources differ by powers; the value itself plays no part.
"""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Floats
from accelsim.errors import InputError, UsageError, did_you_mean

TRIANGULAR, UNIFORM, LOG_UNIFORM = "triangular", "uniform", "log-uniform"
SPREADS = (TRIANGULAR, UNIFORM, LOG_UNIFORM)


def check_spread(spread: str) -> str:
    """Return the name of a distribution; an unknown one raises UsageError with the nearest."""
    if spread not in SPREADS:
        hint = did_you_mean(str(spread), SPREADS) or "."
        raise UsageError(f"a spread must be one of {', '.join(SPREADS)}; got {spread!r}{hint}")
    return spread


def check_range(spread: str, least: float, label: str) -> None:
    """Refuse a range that begins at zero where every factor should be as likely."""
    if spread == LOG_UNIFORM and least <= 0:
        raise InputError(
            f"a log-uniform spread must begin above 0; the range of {label} begins at {least:g}. Take another spread."
        )


def quantile(spread: str, share: Floats, least: Floats, value: Floats, most: Floats) -> Floats:
    """Return the cost below which a share of the distribution lies; arrays broadcast, ``least < most``."""
    if spread == UNIFORM:
        return np.asarray(least + share * (most - least))
    if spread == LOG_UNIFORM:
        return np.asarray(least * (most / least) ** share)
    width, rise, fall = most - least, value - least, most - value
    lower = least + np.sqrt(share * width * rise)
    upper = most - np.sqrt((1 - share) * width * fall)
    return np.where(share * width < rise, lower, upper)


def share_below(spread: str, cost: float, least: float, value: float, most: float) -> float:
    """Return the share of the distribution that lies below a cost, ``least < most``."""
    if cost <= least:
        return 0.0
    if cost >= most:
        return 1.0
    if spread == UNIFORM:
        return (cost - least) / (most - least)
    if spread == LOG_UNIFORM:
        return float(np.log(cost / least) / np.log(most / least))
    if cost <= value:
        return (cost - least) ** 2 / ((most - least) * (value - least))
    return 1 - (most - cost) ** 2 / ((most - least) * (most - value))
