"""Why does a layer cost what it costs? The formula with its numbers filled in, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.layout import paragraph, percent, table
from accelsim.mapping.nest import Keep
from accelsim.mapping.nest_text import shown
from accelsim.provenance import Source
from accelsim.simulation.costs import short_source, unit_of, what_of, works
from accelsim.simulation.distance import distance_words
from accelsim.simulation.line import Line
from accelsim.simulation.proof import proof
from accelsim.simulation.requested import CONSTRAINED, GIVEN, OPTIMAL, SEARCHED
from accelsim.simulation.result import LayerResult, Result
from accelsim.units import engineering
from accelsim.workload.layer import Layer


def explain(result: Result, one: LayerResult) -> str:
    """Return how a layer's energy and time follow from counts, costs and rates.

    Energy is the sum of count x bits x cost, and of time x power for what a chip draws all the time; time
    the sum of its parts, the longest transfers and the multiplying overlapping.
    """
    layer, chip = one.layer, result.chip
    repeated = f", one of {layer.repeat} alike" if layer.repeat > 1 else ""
    heading = f"{layer.name} ({layer.kind}{repeated}) in {result.scheme.name} on {chip.name}"
    lines = [f"{heading}   {extents(layer)}"]
    if layer.macs:
        lines.append(f"{layer.macs:,} MACs, {how(one)} mapping for {result.objective}")
    powered = any(unit_of(line) == "W" for line in one.lines)
    lines += ["", "energy = count x bits x cost" + (", and time x power" if powered else "")]
    lines += table(BILL_HEADER, bill_rows(result, one, works(result)), "lrrrlrl")
    lines += ["", "time = what does not overlap, and the slowest of what does"]
    lines += [
        *table(["", "", ""], time_rows(result, one), "lrr")[1:],
        *(f"  {words}" for words in time_words(result, one)),
    ]
    if one.nest is not None:
        lines += ["", "mapping, outermost first", *nest_lines(one), *paragraph(proof(one))]
    return "\n".join(lines)


def how(one: LayerResult) -> str:
    """Return how a layer's mapping came about, in a word or two before "mapping"."""
    return one.mapping if one.mapping in (OPTIMAL, CONSTRAINED, SEARCHED, GIVEN) else f"heuristic {one.mapping}"


def extents(layer: Layer) -> str:
    """Return the loops of a layer, or the words in and out where it has none."""
    if layer.shape is None:
        return f"{layer.input_elements:,} words in, {layer.output_elements:,} out"
    return " ".join(f"{dim}={extent}" for dim, extent in layer.shape.extents.items() if extent > 1)


BILL_HEADER = ["", "count", "bits", "cost", "", "energy", "cost of, source"]


def bill_rows(result: Result, one: LayerResult, known: dict[str, Source]) -> list[list[str]]:
    """Return the energy bill of one repeat of a layer as rows under `BILL_HEADER`, the total last."""
    rows = [_bill_row(result, one, line, known) for line in one.lines if line.count]
    return [*rows, ["total", "", "", "", "=", engineering(one.energy_pj, "pJ"), ""]]


def _bill_row(result: Result, one: LayerResult, line: Line, known: dict[str, Source]) -> list[str]:
    what = what_of(result, one, line)
    if line.part == "memory":
        name, origin = f"{line.place} {line.operand} {line.action}", ""
    elif line.part in ("vector", "reduce"):
        name, origin = f"{line.part} {line.action}".rstrip(), what
    elif line.part == "convert":
        name, origin = f"convert {line.operand}", line.action
    else:
        name, origin = f"{line.part} {line.operand}".rstrip(), what
    source = "no cost given" if line.cost is None else short_source(line.cost, known)
    words = ", ".join(part for part in (origin, source) if part)
    scale = f"x {line.bits:.6g}" if line.part in ("memory", "link") else ""
    count, cost = _static(result, line) if unit_of(line) == "W" else (_count(line.count), _cost(line))
    return [name, count, scale, cost, "=", engineering(line.energy_pj, "pJ"), words]


def _static(result: Result, line: Line) -> tuple[str, str]:
    """Return the time and the power of a line whose count is in pJ per W, summed over a level's instances."""
    levels = {level.name for level in result.chip.levels}
    instances = result.chip.instances(line.place) if line.place in levels else 1
    each = f"x {instances:,} " if instances > 1 else ""
    return engineering(line.count / instances, "ps"), each + _cost(line)


def _count(count: float) -> str:
    return f"{count:,.0f}" if count == int(count) or count >= 1000 else f"{count:,.3g}"


def _cost(line: Line) -> str:
    return "x unknown" if line.cost is None else f"x {line.cost.value:.4g} {unit_of(line)}"


def time_rows(result: Result, one: LayerResult) -> list[list[str]]:
    """Return where the cycles of one repeat of a layer go, as rows of cause, cycles and share; the total last."""
    rows = [[cause, f"{cycles:,.0f} cycles", percent(cycles, one.cycles)] for cause, cycles in one.cycle_parts.items()]
    rows.append(["total", f"{one.cycles:,.0f} cycles", engineering(one.cycles / result.chip.clock_hz.value, "s")])
    return rows


def time_words(result: Result, one: LayerResult) -> list[str]:
    """Return what bounds a layer, and how far its time and energy are from what they could be."""
    busy = ", ".join(f"{name} {cycles:,.0f}" for name, cycles in one.busy.items() if cycles >= 1)
    lines = [f"bound by {one.bound_by}; alone each would need: {busy} cycles"]
    if one.peak_macs_per_cycle and one.cycles:
        rate = one.layer.macs / one.cycles
        share = percent(rate, one.peak_macs_per_cycle)
        skipped = f"; {percent(one.skipped_macs, one.layer.macs)} of the MACs are skipped" if one.skipped_macs else ""
        lines.append(f"{rate:,.4g} of {one.peak_macs_per_cycle:,.4g} MACs per cycle ({share} of the peak{skipped})")
    if one.bound_energy_pj and one.energy_pj:
        bound = engineering(one.bound_energy_pj, "pJ")
        lines.append(
            f"no mapping can take less than {bound}; this one takes {one.energy_pj / one.bound_energy_pj:.3g}x that"
        )
    words = distance_words(result.chip, one)
    if words:
        lines.append(words)
    if result.overhead_s:
        fixed, energy = engineering(result.overhead_s, "s"), engineering(result.overhead_energy_pj, "pJ")
        lines.append(f"besides, the pass takes {fixed} of fixed time, in which the chip draws {energy}")
    return lines


def nest_lines(one: LayerResult) -> list[str]:
    """Return a layer's mapping, outermost first, with the words that every memory keeps."""
    assert one.nest is not None
    assert one.layer.shape is not None
    lines, depth = [], 1
    for line, text in zip(one.nest.lines, shown(one.nest, one.layer.shape), strict=True):
        if isinstance(line, Keep):
            words = ", ".join(f"{operand} {one.boxes[line.level, operand]:,}" for operand in line.operands)
            lines.append(f"{'  ' * depth}{line.level} keeps {words or 'no'} words")
        else:
            lines.append(f"{'  ' * depth}{text}")
            depth += 1
    return lines


def layer_rows(result: Result, layers: Sequence[LayerResult]) -> list[list[str]]:
    """Return one table row per layer, all its repeats together; see `LAYER_HEADER`."""
    rows = []
    for one in layers:
        repeat = one.layer.repeat
        own = None if one.energy_pj is None else one.energy_pj * repeat
        cycles = one.cycles * repeat
        seconds = cycles / result.chip.clock_hz.value
        rows.append(
            [
                _short(one.layer.name),
                one.layer.kind,
                f"x{repeat}" if repeat > 1 else "",
                engineering(one.layer.macs * repeat, ""),
                engineering(own, "pJ"),
                "" if own is None else percent(own, result.energy_pj or 0),
                engineering(seconds, "s"),
                percent(cycles, result.cycles),
                one.bound_by,
                one.mapping,
            ]
        )
    return rows


LAYER_HEADER = ["costliest layers", "kind", "", "MACs", "energy", "", "time", "", "bound by", "mapping"]
LAYER_ALIGN = "lllrrrrrll"


def _short(name: str, width: int = 28) -> str:
    return name if len(name) <= width else f"{name[: width - 12]}...{name[-9:]}"


def summarize(result: Result, count: int = 5) -> str:
    """Return a result in a few lines: totals, then the costliest layers."""
    network = result.network
    heading = (
        f"{network.title or network.name} (batch {network.batch}, {engineering(result.macs, 'MACs')}) "
        f"in {result.scheme.name} on {result.chip.name}"
    )
    totals = (
        f"  energy {engineering(result.energy_pj, 'pJ')}   time {engineering(result.latency_s, 's')}   "
        f"bound by {result.bound_by}   {result.chip.outermost.name} {engineering(result.dram_bits / 8, 'B')}   "
        f"memory {engineering(result.memory.peak_bytes, 'B')}"
    )
    layers = table(LAYER_HEADER, layer_rows(result, result.costliest(count)), LAYER_ALIGN)
    return "\n".join([heading, totals, "", *layers])
