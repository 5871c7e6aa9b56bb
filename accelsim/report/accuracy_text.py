"""What does a reader see of measured accuracy? Mean and spread by bits and method, what follows, what does not."""

from __future__ import annotations

from accelsim.layout import table
from accelsim.quantization.training.accuracy_spread import FLOAT_BITS, AccuracySpread
from accelsim.quantization.training.accuracy_table import AccuracyTable
from accelsim.report.page import Page, Text, headed, sentences


def accuracy_page(found: AccuracyTable) -> Page:
    """Return measured accuracy as a page, a table per network."""
    seeds = len({run.seed for run in found.runs})
    words = f"{seeds} seed{'s' if seeds > 1 else ''}"
    page: Page = [Text(f"Accuracy measured on handwritten digits, {words}, clip {found.clip}", "title"), Text("")]
    for network in dict.fromkeys(run.network for run in found.runs):
        page += headed(_of_network(found, network))
    page += sentences([f"- {text}" for text in found.findings])
    return page + list(sentences([f"- {text}" for text in found.notes], "note"))


def _of_network(found: AccuracyTable, network: str) -> list[str]:
    own = [one for one in found.spreads if one.network == network]
    columns = list(dict.fromkeys((one.method, one.granularity) for one in own if one.bits != FLOAT_BITS))
    by_place = {(one.method, one.granularity, one.bits): one for one in own}
    rows = []
    for bits in dict.fromkeys(one.bits for one in own):
        spans = [(method, "none" if bits == FLOAT_BITS else span) for method, span in columns]
        rows.append([str(bits), *(_cell(by_place.get((method, span, bits))) for method, span in spans)])
    header = [f"{network}, bits", *(f"{method} per {span}" for method, span in columns)]
    return table(header, rows)


def _cell(one: AccuracySpread | None) -> str:
    """Mean, sample standard deviation, least to most, in percent."""
    if one is None:
        return "-"
    mean, least, most = (f"{100 * value:.1f}" for value in (one.mean, one.least, one.most))
    return mean if one.seeds == 1 else f"{mean} +- {100 * one.std:.1f} ({least}-{most})"
