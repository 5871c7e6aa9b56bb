"""How sure is each energy, and each order of energies, over the published ranges of the costs?"""

from __future__ import annotations

from typing import Any

from accelsim.explore.compare import Comparison
from accelsim.explore.robust import Judgement
from accelsim.explore.tornado import Swing, Tornado
from accelsim.layout import percent
from accelsim.report.review.tables import Cell, Column, Table
from accelsim.report.tables import joules

MOST_SWINGS = 12
"""Costs that the tornado shows."""


def range_table(comparison: Comparison) -> Table | None:
    """Return between which ends every energy lies, and how its order to the reference stands.

    A cost that two results share moves both at once, so the range of their ratio is narrower than their own
    ranges suggest. None where no energy is known.
    """
    likely = comparison.likely
    if likely is None:
        return None
    rows = tuple(_range_row(comparison, name) for name in likely.names)
    columns = (
        Column("Scheme"), Column("At least", "right"), Column("As given", "right"), Column("At most", "right"),
        Column("90% within", "right", "between the 5th and the 95th of 100 draws of all costs"),
        Column(f"Over {comparison.reference_name}", "right", "energy over the reference's, both with the same costs"),
        Column("Takes less", "right", f"share of the draws in which it takes less than {comparison.reference_name}"),
        Column("The order is"),
    )  # fmt: skip
    return Table("Energies with every cost anywhere within its published range.", columns, rows)


def _range_row(comparison: Comparison, name: str) -> tuple[Cell, ...]:
    assert comparison.likely is not None
    found, own = comparison.likely.interval(name), comparison.reference_name == name
    odds = None if own else comparison.probability(name)
    judged = None if own else comparison.judgement(name)
    return (
        Cell(name), Cell(joules(found.least), found.least), Cell(joules(found.value), found.value),
        Cell(joules(found.most), found.most),
        Cell(f"{joules(found.likely_least)} to {joules(found.likely_most)}", found.likely_least),
        _ratio(judged), Cell("") if odds is None else Cell(percent(odds.value, 1), odds.value),
        Cell("reference" if own else _standing(judged)),
    )  # fmt: skip


def _ratio(judged: Judgement | None) -> Cell:
    if judged is None:
        return Cell("")
    span = f"{judged.low:.3g} to {judged.high:.3g}" if judged.low < judged.high else f"{judged.nominal:.3g}"
    return Cell(span, judged.nominal)


def _standing(judged: Judgement | None) -> str:
    if judged is None:
        return ""
    if judged.equal:
        return "the same"
    return "too close to call" if judged.too_close else "robust" if judged.ranged else "robust; no cost has a range"


# ---------------------------------------------------------------------- which cost matters


def tornado(comparison: Comparison) -> Tornado | None:
    """Return what each cost does to the ratio of the least energy over the reference's, or to the only energy.

    None where no energy is known, or it is nothing.
    """
    likely = comparison.likely
    if likely is None:
        return None
    energies = {name: likely.interval(name).value for name in likely.names}
    best = min(energies, key=lambda name: energies[name])
    if not energies[best]:
        return None
    reference = comparison.reference_name
    if best == reference:
        others = sorted((name for name in energies if name != best), key=lambda name: energies[name])
        best, reference = (others[0], best) if others else (best, best)
    return likely.tornado(best, None if best == reference or reference not in energies else reference)


def tornado_title(found: Tornado) -> str:
    """Return the finding of a tornado as a sentence."""
    return f"{found.title[:1].upper()}{found.title[1:]}."


def tornado_table(found: Tornado) -> Table:
    """Return every cost with its range, its elasticity, and what the quantity becomes at both ends."""
    columns = (
        Column("Cost of"), Column("Value", "right"), Column("Range", "right"),
        Column("1% more gives", "right", "relative change of the quantity for 1% more of this cost: its elasticity"),
        Column("At the least", "right"), Column("At the most", "right"), Column("How well known"),
    )  # fmt: skip
    caption = f"What each cost does to the {found.quantity}, {_amount(found, found.value)}, all others standing."
    return Table(caption, columns, tuple(_swing_row(found, one) for one in found.swings))


def _swing_row(found: Tornado, one: Swing) -> tuple[Cell, ...]:
    ranged = one.most > one.least
    ends = (one.at_least, one.at_most)
    return (
        Cell(one.cost), Cell(f"{one.value:.4g} {one.unit}", one.value),
        Cell(f"{one.least:.4g} to {one.most:.4g}" if ranged else ""), Cell(f"{one.elasticity:+.2g}%", one.elasticity),
        *(Cell(_amount(found, end), end) if ranged else Cell("") for end in ends), Cell(one.status),
    )  # fmt: skip


def _amount(found: Tornado, amount: float) -> str:
    return joules(amount) if found.unit == "pJ" else f"{amount:.3g}"


def tornado_data(found: Tornado | None) -> dict[str, Any] | None:
    """Return the longest bars of a tornado as plain data; None where no cost has a range."""
    if found is None or not found.ranged:
        return None
    swings = [
        {
            "name": one.cost, "low": one.at_least, "high": one.at_most, "elasticity": one.elasticity,
            "range": f"{one.least:.4g} to {one.most:.4g} {one.unit}", "from": _amount(found, one.at_least),
            "to": _amount(found, one.at_most),
        }
        for one in found.ranged[:MOST_SWINGS] if one.swing
    ]  # fmt: skip
    if not swings:
        return None
    return {"quantity": found.quantity, "unit": found.unit, "value": found.value, "swings": swings}
