"""What does a reader see of a sensitivity? All layers at once, then each alone, then what depth has to do with it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from accelsim.errors import InputError, UsageError
from accelsim.layout import table
from accelsim.quantization.error_table import decibels
from accelsim.quantization.sensitivity.layer import MEASURES, LayerSensitivity
from accelsim.quantization.sensitivity.result import Sensitivity
from accelsim.report.page import Page, Text, headed, sentences

MOST_LAYERS = 60


def sensitivity_page(found: Sensitivity) -> Page:
    """Return a sensitivity as a page."""
    page: Page = [Text(f"Sensitivity of the layers of {found.model}", "title")]
    part = "" if found.parts == "both" else f", {found.parts} alone quantized"
    how = f"run on {found.counted} by {found.engine}{part}" if found.engine else "from weights and traces"
    page += [Text(how, "note"), Text("")]
    if found.engine:
        page += headed(_together(found))
    for asked in found.asked:
        page += headed(_layers(found, asked))
    page += sentences(list(_remarks(found)))
    page += sentences([f"warning: {note}" for note in _problems(found)], "warning")
    return page


def _together(found: Sensitivity) -> list[str]:
    header = ["all layers in", "output", "KL", "decided otherwise", "KL of layers alone, added", "most delicate alone"]
    rows = []
    for asked in found.asked:
        one = found.together[asked]
        own = [row for row in found.rows if row.asked == asked]
        added = sum(row.alone.kl_nats for row in own)
        noisy = [row for row in own if row.alone.known and math.isfinite(row.alone.sqnr_db)]
        worst = min(noisy, key=lambda row: row.alone.sqnr_db).layer if noisy else "-"
        changed = "-" if math.isnan(one.changed_share) else f"{one.changed_share:.1%}"
        rows.append([asked, _db(one.sqnr_db), _nats(one.kl_nats), changed, _nats(added), worst])
    return table(header, rows, "lrrrrl")


def _layers(found: Sensitivity, asked: str) -> list[str]:
    own = [row for row in found.rows if row.asked == asked]
    traced = any(not math.isnan(row.trace) for row in own)
    header = [asked, "weights (dB)", "output, alone (dB)", "KL, alone", "after it, all (dB)"]
    header += ["trace", "trace x error"] if traced else []
    rows = [_layer(row, traced) for row in own[:MOST_LAYERS]]
    return table(header, rows)


def _layer(row: LayerSensitivity, traced: bool) -> list[str]:
    cells = [
        row.layer, decibels(row.weight_sqnr_db), decibels(row.alone.sqnr_db), _bare(row.alone.kl_nats),
        decibels(row.after_sqnr_db),
    ]  # fmt: skip
    return cells + ([_bare(row.trace), _bare(row.sensitivity("trace"))] if traced else [])


def _db(value: float) -> str:
    text = decibels(value)
    return f"{text} dB" if text[-1].isdigit() else text


def _nats(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g} nat"


def _bare(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _remarks(found: Sensitivity) -> Iterator[str]:
    count = len(found.layers) + len(found.others)
    if count > MOST_LAYERS:
        yield f"- The first {MOST_LAYERS} layers are shown; --csv and --json have all {count}."
    correlations = [text for asked in found.asked if (text := _of_depth(found, asked))]
    if correlations:
        yield (
            f"- Depth and {MEASURES[found.measure]}, rank correlation: {', '.join(correlations)}. Positive: deeper "
            "layers are more delicate. p: share of random orders as far from 0."
        )
    if found.others:
        yield "- Without decibels of weights: operators that have none. What no layer with weights reads is quantized."
    if found.engine:
        yield (
            "- Alone: all else keeps its values. After it, all: what the layer makes of what quantized ones before it "
            "made. KL in nats, of the softmax of the answers."
        )
    yield from (f"- {note}" for note in found.notes)


def _of_depth(found: Sensitivity, asked: str) -> str:
    try:
        return f"{asked} {found.depth_correlation(asked)}"
    except (InputError, UsageError):
        return ""


def _problems(found: Sensitivity) -> list[str]:
    """Remarks on rows, each once with the layers that it is about."""
    about: dict[str, list[str]] = {}
    for row in found.rows:
        if row.note:
            about.setdefault(f"{row.asked}: {row.note}", []).append(row.layer)
    return [f"{note} ({_first(names)})." for note, names in about.items()]


def _first(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
