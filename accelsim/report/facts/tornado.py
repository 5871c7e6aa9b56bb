"""What does a tornado chart say? How far each cost's range moves an energy, and its share of it."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.explore.tornado import Swing, Tornado
from accelsim.provenance import bibliography
from accelsim.report.facts.common import scaled

MAX_SWINGS = 12


@dataclass(frozen=True)
class TornadoBars:
    """One bar per cost, the longest first.

    Parameters
    ----------
    title : str
        The finding.
    quantity, unit : str
        What the axis shows.
    value : float
        At the costs as they are, in ``unit``.
    names : tuple of str
        The costs.
    ranges : tuple of str
        From what to what each goes: "20.3 to 40.6 pJ/bit".
    low, high : tuple of float
        The quantity with the cost at its least and at its most, in ``unit``; both ``value`` without a range.
    elasticities : tuple of float
        Relative change of the quantity for a relative change of the cost.
    left_out : int
        Further costs, none of which moves the quantity as far.
    note : str
    """

    title: str
    quantity: str
    unit: str
    value: float
    names: tuple[str, ...]
    ranges: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    elasticities: tuple[float, ...]
    left_out: int = 0
    note: str = ""

    @property
    def ranged(self) -> bool:
        """Whether any cost has a range."""
        return any(low != high for low, high in zip(self.low, self.high, strict=True))


def tornado_bars(tornado: Tornado, heading: str = "") -> TornadoBars:
    """Return a tornado as it is drawn: costs with a range by length of the bar, else all by elasticity.

    Raises
    ------
    InputError
        Nothing is charged.
    """
    if not tornado.swings:
        raise InputError(f"{tornado.title}; there is nothing to draw.")
    shown = (tornado.ranged or tornado.swings)[:MAX_SWINGS]
    largest = max(abs(end) for one in shown for end in (one.at_least, one.at_most))
    unit, factor = scaled(largest, tornado.unit) if tornado.unit else ("", 1.0)
    known = bibliography()
    title = tornado.title[:1].lower() + tornado.title[1:] if heading else tornado.title
    works = dict.fromkeys(known[one.source].short() if one.source in known else one.source for one in shown)
    note = f"Ranges and costs: {', '.join(list(works)[:4])}{' ...' if len(works) > 4 else ''}."
    return TornadoBars(
        f"{heading}{title}", tornado.quantity, unit, tornado.value * factor, tuple(one.cost for one in shown),
        tuple(_range(one) for one in shown), tuple(one.at_least * factor for one in shown),
        tuple(one.at_most * factor for one in shown), tuple(one.elasticity for one in shown),
        len(tornado.swings) - len(shown), note,
    )  # fmt: skip


def _range(one: Swing) -> str:
    return f"{one.value:.3g} {one.unit}" if one.least == one.most else f"{one.least:.3g} to {one.most:.3g} {one.unit}"
