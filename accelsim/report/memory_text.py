"""What does a reader see of a memory table? Needs by scheme, which memories hold them, and what stays on chip."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.layout import percent, table
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.tables import octets
from accelsim.simulation.memory_table import MemoryRow, MemoryTable, Stay
from accelsim.simulation.residency import TILE_SHARE
from accelsim.units import capacity, engineering


def memory_page(found: MemoryTable) -> Page:
    """Return a memory table as a page."""
    network = found.network
    options = "".join(f", {name} {value}" for name, value in network.options.items() if name != "phase")
    where = "" if found.chip is None else f" on {found.chip.name}"
    parameters = engineering(network.parameters, "parameters")
    title = f"Memory of {network.title or network.name} (batch {network.batch}{options}, {parameters}){where}"
    page: Page = [Text(title, "title"), Text("")]
    page += headed(_needs(found))
    page += headed(_fitting(found))
    if has_cache(found):
        page += headed(_growing(found))
    if found.chip is not None:
        page += headed(_staying(found))
    page += sentences(list(_remarks(found)))
    page += sentences([f"warning: {note}" for note in found.notes], "warning")
    return page


def _needs(found: MemoryTable) -> list[str]:
    first = found.rows[0]
    header = [
        "scheme", "weights", "KV cache", "activations", "in all", f"against {first.scheme.name}", "most activations at",
        "device",
    ]  # fmt: skip
    rows = [
        [
            row.scheme.name, octets(row.memory.weight_bytes),
            octets(row.memory.kv_bytes) if has_cache(found) else "-", octets(row.memory.activation_bytes),
            octets(row.memory.peak_bytes), _against(row, first), row.memory.peak_layer, _device(row),
        ]
        for row in found.rows
    ]  # fmt: skip
    shown = len(header) if found.chip is not None else len(header) - 1
    return table(header[:shown], [row[:shown] for row in rows], "lrrrrlll"[:shown])


def _against(row: MemoryRow, first: MemoryRow) -> str:
    if row is first:
        return "reference"
    ratio = first.memory.peak_bytes / row.memory.peak_bytes
    return f"{ratio:.2f}x less" if ratio >= 1 else f"{1 / ratio:.2f}x more"


def has_cache(found: MemoryTable) -> bool:
    """Return whether the model has a KV cache."""
    return found.network.kv_elements_per_token > 0


def _device(row: MemoryRow) -> str:
    fits = row.memory.fits
    if fits is None:
        return "size unknown"
    return "fits" if fits else "does not fit"


def _fitting(found: MemoryTable) -> list[str]:
    header = ["fits", *(capacity(size * 8) for size in found.sizes)]
    rows = [[row.scheme.name, *("yes" if row.fits(size) else "-" for size in found.sizes)] for row in found.rows]
    return table(header, rows)


def _growing(found: MemoryTable) -> list[str]:
    header = ["KV cache at a context of", *(f"{context:,}" for context in found.contexts), "each token"]
    rows = [
        [
            row.scheme.name,
            *(octets(row.kv_bytes_at(context)) for context in found.contexts),
            octets(row.kv_bytes_per_token),
        ]
        for row in found.rows
    ]
    return table(header, rows)


def _staying(found: MemoryTable) -> list[str]:
    if all(row.greedy is None or row.greedy.residency.level is None for row in found.rows):
        return []
    header = ["stays on chip", "level", "kept", "takes", "saves of DRAM", "of possible", "chosen best", "of possible"]
    rows = []
    for row in found.rows:
        if row.greedy is None:
            continue
        stays, inner = row.greedy.residency, row.greedy.levels[-1]
        kept = f"{len(stays.outputs)} of {len(stays.outputs) + len(stays.spilled)}"
        cells = [row.scheme.name, stays.level or "-", kept, octets(inner.bytes), *_saved(row.greedy)]
        rows.append([*cells, *(_saved(row.optimal) if row.optimal else ["-", "-"])])
    return table(header, rows, "llrrrrrr")


def _saved(stay: Stay) -> list[str]:
    return [octets(stay.saved_bytes), percent(stay.saved_bytes, stay.possible_bytes)]


def _remarks(found: MemoryTable) -> Iterator[str]:
    limits = found.rows[0].limits
    if limits.window:
        yield f"- The cache grows no more after {limits.window:,} tokens: attention has a sliding window."
    if limits.longest:
        yield f"- The model takes a context of at most {limits.longest:,} tokens: its positions are learned."
    most = [f"{row.scheme.name} {row.most_context:,}" for row in found.rows if row.most_context is not None]
    if found.chip is not None and most:
        yield f"- {found.chip.name} has room for a context, in tokens, of: {', '.join(most)}."
    if found.chip is not None and found.rows[0].memory.writable_bytes is not None:
        memory = found.rows[0].memory
        has = capacity((memory.capacity_bytes or 0.0) * 8)
        inside = capacity((memory.writable_bytes or 0.0) * 8)
        yield f"- Weights have to fit the {has} of {found.chip.outermost.name}, all else the {inside} inside it."
    for row in found.rows:
        if row.optimal is not None and row.optimal.residency.kept_weights:
            names = [one.name for one in found.network.layers if one.name in row.optimal.residency.kept_weights]
            some = f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
            size = octets(row.optimal.levels[-1].weight_bytes)
            yield f"- Chosen best in {row.scheme.name}, the weights of {len(names)} layers stay too, {size}: {some}."
    first = found.rows[0].greedy
    if first is not None and first.residency.level:
        room = f"{percent(1 - TILE_SHARE, 1)} of {first.residency.level}"
        yield f"- Whole activations may take {room}; traffic counts each write and each reader once."
