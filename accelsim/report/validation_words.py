"""How are bounds, errors and fitted quantities of a validation said in words, on a terminal and on a page?"""

from __future__ import annotations

from math import isfinite

from accelsim.validation.comparison import Bound, Comparison, Fitted, Row
from accelsim.validation.statistics import Summary, Verdict

_WORDS = {
    "each": "every row within {}", "total": "the total within {}", "mape": "mean absolute error at most {}",
    "points": "every row within {} points", "factor": "every row within a factor of {}",
    "rank": "rank correlation at least {}",
}  # fmt: skip
_SHARES = ("each", "total", "mape")


def bound_words(bound: Bound) -> str:
    """Return "every row within 30%, in every group"."""
    where = {"": "", "*": ", in every group by itself"}.get(bound.group, f", of {bound.group}")
    return _WORDS[bound.statistic].format(_amount(bound, bound.limit)) + where


def verdict_words(said: Verdict) -> str:
    """Return "every row within 30%: met, 11.4%"."""
    return f"{bound_words(said.bound)}: {'met' if said.met else 'MISSED'}, {_amount(said.bound, said.value)}"


def _amount(bound: Bound, value: float) -> str:
    if not isfinite(value):
        return "infinite"
    return share(value) if bound.statistic in _SHARES else f"{value:.3g}"


def share(value: float | None, sign: bool = False) -> str:
    """Return a share such as "11.4%", "-7.0%", or "-" for none."""
    if value is None or not isfinite(value):
        return "-"
    rounded = round(100 * value, 1) + 0.0  # no -0.0
    text = f"{rounded:+.1f}%" if sign else f"{rounded:.1f}%"
    return text.removesuffix(".0%") + "%" if not sign and text.endswith(".0%") else text


def number(value: float) -> str:
    """Return a measured or predicted value in three digits, without an exponent up to a million."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def error_words(row: Row, comparison: Comparison) -> str:
    """Return a row's error: relative, or in points where the comparison's bound is."""
    if any(bound.statistic == "points" for bound in comparison.bounds):
        return f"{row.predicted - row.measured:+.1f}"
    return share(row.error, sign=True)


def fitted_words(one: Fitted) -> str:
    """Return "clock tree: 102 mW, fitted to CONV1, CONV2"."""
    spread = "" if one.spread is None else f" ({number(one.spread[0])} to {number(one.spread[1])} over all fits)"
    group = "" if all(row in one.group for row in one.rows) or not one.group else f"{one.group}: "
    rows = ", ".join(one.rows) if len(one.rows) <= 8 else f"{len(one.rows)} rows"
    without = ", each row judged with a fit to the others" if one.leave_one_out else ""
    return f"{group}{one.name}: {number(one.value)} {one.unit}{spread}, fitted to {rows}{without}"


def summary_words(found: Summary) -> str:
    """Return "mean absolute error 7.4%, bias -6.3%, rank correlation 1.00 over 5 judged rows"."""
    parts = []
    if found.mape is not None:
        parts.append(f"mean absolute error {share(found.mape)}, bias {share(found.bias, sign=True)}")
    if found.rank is not None:
        parts.append(f"rank correlation {found.rank:.2f}")
    return f"{', '.join(parts) or 'nothing'} over {rows_words(found, True)}"


def rows_words(found: Summary, long: bool = False) -> str:
    """Return how many rows a summary is of: "5", "9 shown"; in the long form "5 judged rows"."""
    if long:
        return f"{found.rows} {'judged' if found.judged else 'shown'} row{'s' if found.rows != 1 else ''}"
    return str(found.rows) if found.judged else f"{found.rows} shown"


def summary_cells(found: Summary) -> list[str]:
    """Return rows, MAPE, bias and rank correlation as cells of a table."""
    rank = "-" if found.rank is None else f"{found.rank:.2f}"
    return [rows_words(found), share(found.mape), share(found.bias, sign=True), rank]
