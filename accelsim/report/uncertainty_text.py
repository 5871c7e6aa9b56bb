"""What does a reader see of how sure energies are? Intervals, probabilities, and the costs that matter most."""

from __future__ import annotations

from textwrap import shorten

from accelsim.explore.tornado import Swing, Tornado
from accelsim.explore.uncertainty import Uncertainty
from accelsim.explore.words import joined
from accelsim.layout import percent, table
from accelsim.provenance import Source
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.tables import joules
from accelsim.simulation.costs import works
from accelsim.units import ratio

MOST_COSTS = 8
"""Costs shown of a tornado; the rest is summed up in a line."""


LABEL = 36
"""Characters of a cost's name; memories that share a number may have a long one."""


def uncertainty_page(found: Uncertainty, reference: str | None = None) -> Page:
    """Return what the ranges of the costs make of some results, as a page.

    Parameters
    ----------
    found : Uncertainty
    reference : str, optional
        The result that others are compared with; without it every result is for itself.
    """
    reference = reference if reference in found.names else None
    known = {key: work for one in found.results for key, work in works(one).items()}
    page = [Text(""), Text("  uncertainty", "head"), *sentences([_terms(found)], "note"), Text("")]
    page += headed(_intervals(found, reference))
    for name in found.names:
        facts = found.tornado(name)
        page += sentences([facts.title])
        page += headed(_tornado(facts, known))
    for name in found.names:
        if reference is not None and name != reference:
            page += sentences([f"- {_sentence(found, name, reference)}"])
    return page if page[-1].text else page[:-1]


def _terms(found: Uncertainty) -> str:
    """Say what was varied, and how."""
    ranges = found.ranges
    ranged, costs = int(ranges.varied.sum()), len(found.bill.costs)
    without = f"; those without a published one by {percent(ranges.unranged, 1)} either way" if ranges.unranged else ""
    return (
        f"{ranged} of {costs} costs vary within their ranges{without}; a number that several costs share is one. "
        f"Likely is 90% of {ranges.draws:,} draws, {ranges.spread}, seed {ranges.seed}. "
        "Counts, mappings and times stay."
    )


def _intervals(found: Uncertainty, reference: str | None) -> list[str]:
    rows = []
    for name in found.names:
        one = found.interval(name)
        likely = f"{joules(one.likely_least)} to {joules(one.likely_most)}"
        row = [name, joules(one.value), joules(one.least), joules(one.most), likely]
        if reference is not None:
            row.append("reference" if name == reference else found.probability(name, reference).text)
        rows.append(row)
    header = ["", "energy", "at least", "at most", "likely"]
    return table(header + ([f"less than {reference}"] if reference is not None else []), rows, "lrrrll"[: len(rows[0])])


def _tornado(facts: Tornado, known: dict[str, Source]) -> list[str]:
    shown = facts.swings[:MOST_COSTS]
    rows = [
        [
            shorten(one.cost, LABEL, placeholder=" ..."),
            f"{one.value:.4g} {one.unit}",
            _range(one),
            percent(one.elasticity, 1),
            *_ends(one),
            _source(one, known),
        ]
        for one in shown
    ]
    rest = facts.swings[MOST_COSTS:]
    if rest:
        share = percent(sum(one.elasticity for one in rest), 1)
        rows.append([f"{len(rest)} more", "", "", share, "", "", ""])
    return table(["cost", "value", "range", "share", "at least", "at most", "source"], rows, "lrlrrrl")


def _range(one: Swing) -> str:
    return f"{one.least:.4g} to {one.most:.4g}" if one.most > one.least else "none"


def _ends(one: Swing) -> tuple[str, str]:
    return (joules(one.at_least), joules(one.at_most)) if one.swing else ("", "")


def _source(one: Swing, known: dict[str, Source]) -> str:
    work = known.get(one.source)
    name = work.short() if work is not None and work.author else one.source
    return name if one.status == "seen" else f"{name} ({one.status})"


def _sentence(found: Uncertainty, name: str, reference: str) -> str:
    """Say how a result stands to the reference over all ranges, and which cost decides it."""
    judged = found.judgement(name, reference)
    if judged is None:
        return f"{name} and {reference} cannot be compared."
    low, high = (ratio(end) for end in (judged.low, judged.high))
    call = "robust" if judged.robust else "the same" if judged.equal else "too close to call"
    span = f"always {ratio(judged.nominal)}" if low == high else f"between {low} and {high}"
    deciding = [one.cost for one in found.tornado(name, reference).ranged if one.elasticity][:2]
    by = f"; it depends most on {joined(deciding)}" if deciding and low != high else ""
    return f"{call}: {name} takes {span} the energy of {reference}{by}."
