"""What does a newcomer to quantization see? FP32, 16, 8 and 4 bits and a mix side by side, and what they lose."""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.explore.bit_widths_table import BitWidth, BitWidths
from accelsim.layout import table
from accelsim.quantization.error_table import decibels
from accelsim.quantization.published_table import PublishedAccuracy
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.units import engineering


def bit_widths_page(found: BitWidths) -> Page:
    """Return bit-widths as a page: what they cost, what they lose, what was published, what it rests on."""
    network = found.network
    title = f"{network.title or network.name} (batch {network.batch}) in several bit-widths on {found.chip.name}"
    page: Page = [Text(title, "title"), Text(f"{found.mapping} mapping for {found.objective}", "note"), Text("")]
    page += headed(_costs(found))
    page += headed(_losses(found))
    page += headed(_published(found))
    page += sentences([f"- {_sentence(found)}"]) if _sentence(found) else []
    plain = [f"- {note[:1].upper()}{note[1:]}" for note in found.notes if not note.startswith("warning")]
    page += sentences(plain, "note")
    return page + list(sentences([note for note in found.notes if note.startswith("warning")], "warning"))


def _costs(found: BitWidths) -> list[str]:
    header = ["", "scheme", "weights", "memory", "time", "speed", "energy", ""]
    rows = []
    for row in found.rows:
        saved, faster, less = found.memory_saved(row), found.times_faster(row), found.times_less_energy(row)
        first, runs = row is found.reference, row.result is not None
        rows.append([
            row.label, "-" if row.scheme is None else row.scheme.name,
            _weights(row),
            "reference" if row is found.rows[0] else "-" if saved is None else f"{100 * saved:.1f}% less",
            engineering(row.latency_s, "s") if runs else "cannot run",
            "reference" if first else "-" if faster is None else f"{faster:.2f}x",
            "-" if not runs else "unknown" if row.energy_pj is None else engineering(row.energy_pj, "pJ"),
            "reference" if first and less else "" if less is None else f"{less:.2f}x less",
        ])  # fmt: skip
    return table(header, rows, "llrrrrrl")


def _weights(row: BitWidth) -> str:
    """Memory of the weights, and whether the model then does not fit the device."""
    if row.weight_bytes is None:
        return "-"
    misfit = row.result is not None and row.result.memory.fits is False
    return engineering(row.weight_bytes, "B") + (", does not fit" if misfit else "")


def _losses(found: BitWidths) -> list[str]:
    header = ["what it loses", "SQNR of the weights", "added noise of the formats"]
    return table(header, [[row.label, _sqnr(found, row), _noise(row)] for row in found.rows], "lrr")


def _sqnr(found: BitWidths, row: BitWidth) -> str:
    if not found.has_weights:
        return "not available"
    text = "-" if row.weight_sqnr_db is None else decibels(row.weight_sqnr_db)
    return f"{text} dB" if text[-1].isdigit() else text


def _noise(row: BitWidth) -> str:
    return "-" if row.added_noise is None else f"{row.added_noise:.3g}"


def _published(found: BitWidths) -> list[str]:
    """One line per protocol, method and granularity: values of different lines do not compare."""
    lines: dict[tuple[str, str, str], dict[str, PublishedAccuracy]] = {}
    for row in found.rows:
        for one in row.published:
            lines.setdefault((one.protocol, one.method, one.granularity), {})[row.label] = one
    if not lines:
        return []
    labels = [row.label for row in found.rows if row.published]
    header = ["published, each line by itself", "metric", "granularity", "unquantized", *labels]
    return table(header, [_line(own, labels) for own in lines.values()], "lll" + "r" * (1 + len(labels)))


def _line(own: Mapping[str, PublishedAccuracy], labels: list[str]) -> list[str]:
    first = next(iter(own.values()))
    remembered = "" if first.status == "seen" else f" ({first.status})"
    source = first.protocol.partition(", ")[2].partition(", ")[0]
    own_words = source.split("'")[0].split()[0] in first.method
    return [
        f"{first.method}{'' if own_words else f', {source}'}{remembered}", f"{first.task} {first.metric}",
        first.granularity, "-" if first.baseline is None else f"{first.baseline:g}",
        *(f"{own[label].value:g}" if label in own else "-" for label in labels),
    ]  # fmt: skip


def _sentence(found: BitWidths) -> str:
    """How 8 bits stand to the first, the answer that most come for; "" where there are no 8 bits."""
    row = next((row for row in found.rows if row.label == "8-bit"), None)
    if row is None or row is found.rows[0]:
        return ""
    saved, faster, less = found.memory_saved(row), found.times_faster(row), found.times_less_energy(row)
    told = "" if saved is None else f" {100 * saved:.1f}% less memory than {found.rows[0].label}"
    gains = [f"run at {faster:.2f} times the speed"] if faster else []
    gains += [f"take {less:.2f} times less energy"] if less else []
    if row is found.reference or not gains:
        return f"8 bits take{told}."
    return f"8 bits take{told}; against {found.reference.label} they {' and '.join(gains)}."
