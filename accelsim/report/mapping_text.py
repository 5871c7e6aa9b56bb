"""What does a reader see of a layer's mapping? The nest as a person writes it, what fills each memory, the proof."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from accelsim.layout import WIDTH, percent, table
from accelsim.mapping.nest import Keep
from accelsim.mapping.nest_text import shown
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.tables import instances_words, joules, number
from accelsim.report.text import array_of, citation_lines, cost_sentence
from accelsim.simulation.costs import works
from accelsim.simulation.distance import distance_words
from accelsim.simulation.explain import how
from accelsim.simulation.occupancy import Tile, bypassed, occupancies, tiles
from accelsim.simulation.proof import proof
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import capacity, engineering, ratio


def mapping_page(result: Result, one: LayerResult, cite: bool = False) -> Page:
    """Return the mapping of one layer as a page: nest, occupancy, cost, distance from the bounds, proof."""
    chip, layer = result.chip, one.layer
    assert layer.shape is not None
    extents = " ".join(f"{dim}={extent}" for dim, extent in layer.shape.extents.items() if extent > 1)
    macs = engineering(layer.macs, "MACs")
    setting = f"{array_of(chip)} at {engineering(chip.clock_hz.value, 'Hz')}, {how(one)} mapping"
    page = [
        Text(f"{layer.name} ({layer.kind}, {macs}) in {result.scheme.name} on {chip.name}", "title"),
        Text(f"{extents or 'a single MAC'}; {setting} for {result.objective}", "note"),
        Text(""),
    ]
    page += headed(nest_table(one))
    page += headed(occupancy_table(result, one))
    page += [Text(line) for line in table(["", "", ""], list(_costs(result, one)), "lrl")[1:]]
    page.append(Text(""))
    page += sentences([words for words in (distance_words(chip, one), proof(one)) if words])
    page += sentences([f"warning: {warning}" for warning in result.warnings], "warning")
    page.append(Text(""))
    known = works(result)
    page += citation_lines([result], known) if cite else sentences([cost_sentence([result], known)], "note")
    return page


def nest_table(one: LayerResult) -> list[str]:
    """Return the nest, a row a line, each node with its tile, the words of its box and what it takes."""
    assert one.nest is not None
    assert one.layer.shape is not None
    kept = {(tile.level, tile.operand): tile for tile in tiles(one)}
    header = ["mapping, outermost first", "tile", "words", "takes"]
    for indent in (2, 1, 0):
        depth, rows = 0, []
        for line, text in zip(one.nest.lines, shown(one.nest, one.layer.shape), strict=True):
            margin = " " * indent * depth
            if isinstance(line, Keep):
                rows += [
                    [f"{margin}{line.level} keeps {operand}", *_tile_words(kept[line.level, operand])]
                    for operand in line.operands
                ]
            else:
                rows.append([margin + text, "", "", ""])
                depth += 1
        lines = table(header, rows, "llrr")
        if max(len(line) for line in lines) <= WIDTH:
            break
    return lines


def _tile_words(tile: Tile) -> list[str]:
    extents = " ".join(f"{dim}={extent}" for dim, extent in tile.extents.items())
    return [extents, f"{tile.words:,}", size(tile.bits)]


def size(bits: float) -> str:
    """Return a footprint: in bits below 64 of them, then in bytes with a binary prefix."""
    if bits < 64:
        return f"{bits:.3g} bit" if bits != int(bits) else f"{bits:.0f} bit"
    return capacity(float(f"{bits:.4g}"))


def occupancy_table(result: Result, one: LayerResult) -> list[str]:
    """Return how full every bounded memory is, and how much of the array works."""
    chip = result.chip
    rows = [
        [
            instances_words(chip, level.level),
            size(level.used_bits),
            f"of {capacity(level.capacity_bits)}",
            percent(level.used_bits, level.capacity_bits),
            "two copies of what changes" if chip.level(level.level).double_buffered else "",
        ]
        for level in occupancies(one, chip)
        if level.capacity_bits is not None and level.level != chip.outermost.name
    ]
    if chip.fanouts:
        used = [one.instances.get(fanout.name, 1) for fanout in chip.fanouts]
        working, all_of_them = ("x".join(map(str, counts)) for counts in (used, [each.size for each in chip.fanouts]))
        rows.append(["PEs", working, f"of {all_of_them}", percent(prod(used), chip.pes), ""])
    return table(["occupancy", "used", "", "", ""], rows, "lrlrl")


def _costs(result: Result, one: LayerResult) -> Iterator[list[str]]:
    yield ["energy", joules(one.energy_pj), _distance(one.energy_pj, one.bound_energy_pj, joules(one.bound_energy_pj))]
    seconds = one.cycles / result.chip.clock_hz.value
    least = None if one.bound_cycles is None else f"{one.bound_cycles:,.0f} cycles"
    far = _distance(one.cycles, one.bound_cycles, least or "")
    yield ["time", engineering(seconds, "s"), f"{one.cycles:,.0f} cycles, bound by {one.bound_by}, {far}"]
    rate = one.layer.macs / one.cycles
    peak = one.peak_macs_per_cycle
    yield ["rate", number(rate), f"of {number(peak)} MACs per cycle at peak ({percent(rate, peak)})"]
    if unused := bypassed(one, result.chip):
        yield ["bypass", "", f"{', '.join(unused)} {'keep' if len(unused) > 1 else 'keeps'} nothing"]


def _distance(value: float | None, bound: float | None, least: str) -> str:
    if value is None:
        return "the profile lacks a cost, see the warnings"
    if not bound:
        return "no lower bound known"
    return f"{ratio(value / bound)} the {least} that no mapping can beat"
