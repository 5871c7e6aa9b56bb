"""What may an allocation cost? Budgets by measure, as numbers, amounts with units, or shares of the way.

A share a (given as "50%") is a of the way from the least to the most that a uniform scheme takes, as HAWQ-V3 states
its budgets (Z. Yao et al., HAWQ-V3: Dyadic Neural Network Quantization, ICML 2021).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from accelsim.errors import UsageError, did_you_mean
from accelsim.units import engineering, parse_amount

MEASURES = {
    "energy": "energy_pj", "latency": "latency_s", "edp": "edp_pj_s", "error": "error", "memory": "weight_bytes",
    "bops": "bops",
}  # fmt: skip
"""What people say, and the measure that it is."""

UNITS = {"energy_pj": "pJ", "latency_s": "s", "edp_pj_s": "pJ*s", "error": "", "weight_bytes": "B", "bops": ""}


def measure_of(name: str) -> str:
    """Return the measure that a word stands for ("energy": "energy_pj"); an unknown one raises UsageError."""
    found = MEASURES.get(name, name)
    if found not in UNITS:
        hint = did_you_mean(name, MEASURES) or "."
        raise UsageError(f"a measure must be one of {', '.join(MEASURES)}; got {name!r}{hint}")
    return found


def amount(value: float, measure: str) -> str:
    """Return a total of a measure as a reader sees it: 1.02 mJ, 3.4 ms, 6.71 MB, 34.2 G bit operations."""
    if measure == "error":
        return f"{value:.4g}"
    if measure == "bops":
        return engineering(value, "bit operations")
    return engineering(value * 1e-12, "J*s") if measure == "edp_pj_s" else engineering(value, UNITS[measure])


def budgets_of(
    given: Mapping[str, float | str], uniform: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:  # fmt: skip
    """Return the most of each measure, in the measure's unit.

    Parameters
    ----------
    given : mapping of str to float or str
        By "error", "energy", "latency", "edp", "memory" or "bops": a number in pJ, s, pJ s or bytes, a text with a
        unit ("2 mJ", "5ms", "4 MiB"), or a share of the way between uniform schemes ("50%").
    uniform : mapping of str to mapping
        The totals of every uniform scheme, by its name and measure.

    Raises
    ------
    UsageError
        A measure is unknown or given twice, or an amount cannot be read.
    """
    found: dict[str, float] = {}
    for name, value in given.items():
        measure = measure_of(name)
        if measure in found:
            raise UsageError(f"the budget of {name} must be given once.")
        found[measure] = _most(name, measure, value, uniform)
    return found


def _most(name: str, measure: str, value: float | str, uniform: Mapping[str, Mapping[str, float]]) -> float:
    if isinstance(value, str) and value.strip().endswith("%"):
        return _share(name, measure, value, uniform)
    try:
        most = float(value) if not isinstance(value, str) else _parsed(value, measure)
    except ValueError as error:
        raise UsageError(f"the budget of {name} {error}.") from None
    if not (math.isfinite(most) and most >= 0):
        raise UsageError(f"the budget of {name} must be finite and at least 0; got {value}.")
    return most


def _parsed(text: str, measure: str) -> float:
    if measure == "edp_pj_s":
        return parse_amount(text, "J*s") * (1e12 if text.strip()[-1:].isalpha() else 1.0)
    return parse_amount(text, UNITS[measure])


def _share(name: str, measure: str, text: str, uniform: Mapping[str, Mapping[str, float]]) -> float:
    try:
        share = float(text.strip()[:-1]) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"the budget of {name} must be 0% to 100% of the way between uniform schemes; got {text!r}.")
    known = [totals[measure] for totals in uniform.values() if measure in totals]
    if not known:
        raise UsageError(f"a share of {name} needs its totals in uniform schemes, and no cost of it is known here.")
    return min(known) + share * (max(known) - min(known))
