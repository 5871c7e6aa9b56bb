"""What does a reader see of an error table? What each format loses in all, then layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from accelsim.layout import table
from accelsim.quantization.error_table import ErrorTable, TensorError, decibels
from accelsim.report.page import Page, Text, headed, sentences

MOST_LAYERS = 60
ROLES = ("weights", "activations")


def error_page(found: ErrorTable) -> Page:
    """Return an error table as a page."""
    page: Page = [Text(f"Quantization error of {found.model}", "title"), Text("")]
    for role in ROLES:
        if any(row.role == role for row in found.rows):
            page += headed(_in_all(found, role))
            page += headed(_by_layer(found, role))
    page += sentences(list(_remarks(found)))
    page += sentences([f"warning: {note}" for note in _problems(found)], "warning")
    return page


def _in_all(found: ErrorTable, role: str) -> list[str]:
    header = [role, "format", "bits", "grid", "clip", "SQNR", "MSE", "step^2/12", "least at", "SQNR there"]
    rows = []
    for asked in found.asked:
        own = [row for row in found.rows if row.role == role and row.asked == asked]
        kinds = dict.fromkeys((row.format, row.grid, row.clip) for row in own)
        format_, grid, clip = next(iter(kinds))
        more = f" and {len(kinds) - 1} more" if len(kinds) > 1 else ""
        start = [asked, format_ + more, _bits(own), grid, clip, _sqnr(found, asked, role)]
        rows.append([*start, *_means(own), *_worst(own)])
    return table(header, rows, "llrllrrrlr")


def _sqnr(found: ErrorTable, asked: str, role: str) -> str:
    text = decibels(found.sqnr_db(asked, role))
    return f"{text} dB" if text[-1].isdigit() else text


def _bits(rows: list[TensorError]) -> str:
    elements = sum(row.elements for row in rows)
    return f"{float(sum(row.stored_bits * row.elements for row in rows) / elements):.4g}"


def _means(rows: list[TensorError]) -> list[str]:
    known = [row.measures for row in rows if row.measures is not None]
    if len(known) < len(rows):
        return ["-", "-"]
    elements = sum(one.elements for one in known)
    noise, squared_steps = (sum(getattr(one, name) for one in known) for name in ("noise", "squared_steps"))
    return [f"{noise / elements:.3g}", f"{squared_steps / elements / 12:.3g}"]


def _worst(rows: list[TensorError]) -> list[str]:
    noisy = [row for row in rows if math.isfinite(row.sqnr_db)]
    if not noisy:
        return ["-", "-"]
    least = min(noisy, key=lambda row: row.sqnr_db)
    return [least.layer, f"{least.sqnr_db:.1f} dB"]


def _by_layer(found: ErrorTable, role: str) -> list[str]:
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in found.rows:
        if row.role == role:
            key = row.layer, row.tensor, "x".join(map(str, row.shape))
            cells.setdefault(key, {})[row.asked] = decibels(row.sqnr_db)
    header = ["layer", "shape", *(f"{asked} (dB)" for asked in found.asked)]
    rows = []
    for (layer, tensor, shape), values in list(cells.items())[:MOST_LAYERS]:
        several = sum(one == layer for one, _, _ in cells) > 1
        rows.append([tensor if several else layer, shape, *(values.get(asked, "-") for asked in found.asked)])
    return table(header, rows, "ll" + "r" * len(found.asked))


def _remarks(found: ErrorTable) -> Iterator[str]:
    tensors = len({(row.layer, row.tensor, row.role) for row in found.rows})
    if tensors > MOST_LAYERS:
        yield f"- The first {MOST_LAYERS} tensors of each kind are shown; --csv and --json have all {tensors}."
    yield "- SQNR: sum of squares over sum of squared errors. step^2/12: the error expected without clipping."
    yield from (f"- {note}" for note in found.notes)


def _problems(found: ErrorTable) -> list[str]:
    """Remarks on rows, each once with the tensors that it is about."""
    about: dict[str, list[str]] = {}
    for row in found.rows:
        if row.note:
            about.setdefault(f"{row.asked}: {row.note}", []).append(row.tensor)
    return [f"{note} ({_first(names)})." for note, names in about.items()]


def _first(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
