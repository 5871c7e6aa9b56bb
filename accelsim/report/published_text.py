"""What does a reader see of published accuracy? A table per model and protocol, next to simulated energy."""

from __future__ import annotations

from accelsim.layout import table
from accelsim.quantization.published_table import NO_COST, PERPLEXITY, Cost, PublishedAccuracy, PublishedTable
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.units import engineering, ratio


def published_page(found: PublishedTable) -> Page:
    """Return published accuracy as a page, protocols apart."""
    models = list(dict.fromkeys(row.model for row in found.rows))
    where = f", next to simulated energy on {found.chip} ({found.mapping} mapping)" if found.chip else ""
    whose = models[0] if len(models) == 1 else f"{len(models)} models"
    page: Page = [Text(f"Published accuracy of {whose}{where}", "title"), Text("")]
    for (model, protocol), rows in found.by_protocol.items():
        page.append(Text(f"  {model}: {protocol}"))
        page += headed(_lines(rows, bool(found.chip)))
    page += sentences([f"- {note}" for note in found.notes], "note")
    page += sentences(
        [f"- {source}" for source in dict.fromkeys(f"source: {row.source}" for row in found.rows)], "note"
    )
    costs = [pair for row in found.rows for pair in ((row.scheme, row.cost), (row.unquantized, row.reference))]
    problems = dict.fromkeys(f"warning: {scheme}: {one.reason}" for scheme, one in costs if one.reason)
    return page + list(sentences(list(problems), "warning"))


def _lines(rows: tuple[PublishedAccuracy, ...], costed: bool) -> list[str]:
    first = rows[0]
    header = ["method", "bits", "scale", first.metric, "added" if first.metric == PERPLEXITY else "lost"]
    body = [_cells(row) for row in rows]
    costs = [(row.cost, row.reference) for row in rows]
    if first.baseline is not None:
        body.insert(0, ["unquantized", first.unquantized, "", f"{first.baseline:g}", ""])
        costs.insert(0, (first.reference, NO_COST))
    if not costed:
        return table(header, body, "lllrr", "    ")
    by_energy = any(own.energy_pj is not None for own, _ in costs)
    header += ["energy", "", "time"] if by_energy else ["time", ""]
    body = [[*cells, *_costs(own, whole, by_energy)] for cells, (own, whole) in zip(body, costs, strict=True)]
    return table(header, body, "lllrr" + ("rlr" if by_energy else "rl"), "    ")


def _cells(row: PublishedAccuracy) -> list[str]:
    remembered = "" if row.status == "seen" else f", {row.status}"
    bits = f"W{row.weight_bits} A{row.activation_bits}"
    lost = "-" if row.lost is None else f"{row.lost:+.2f}"
    return [f"{row.method}{remembered}", bits, row.granularity or "-", f"{row.value:g}", lost]


def _costs(own: Cost, whole: Cost, by_energy: bool) -> list[str]:
    """Energy and time, with how much less the first is than that of the unquantized model."""
    time = "-" if own.latency_s is None else engineering(own.latency_s, "s")
    if not by_energy:
        return [time, _less(own.latency_s, whole.latency_s)]
    energy = "-" if own.energy_pj is None else engineering(own.energy_pj, "pJ")
    return [energy, _less(own.energy_pj, whole.energy_pj), time]


def _less(own: float | None, whole: float | None) -> str:
    if not own or not whole:
        return ""
    return f"{ratio(whole / own)} less" if own <= whole else f"{ratio(own / whole)} more"
