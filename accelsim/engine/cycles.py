"""How long does a mapping take? Counts over rates, with what overlaps and what does not.

::

    cycles = opening + max(compute, every level's remaining transfers, conversion, vector) + serial + closing

The opening fetches the first boxes of W and I, the closing drains the last box of O; in between, the
transfers of double-buffered levels overlap with compute. What a single-buffered level exchanges with
the levels outside it does not: it is added. Arrays that are systolic also pay their skew (`accelsim.engine.systolic`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Batch, Floats
from accelsim.engine.energy import conversion_count, multiplied_formats
from accelsim.engine.systolic import skew_cycles
from accelsim.engine.traffic import READS, Traffic
from accelsim.hardware.chip import Level
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Keep, Nest


@dataclass(frozen=True)
class Cycles:
    """Cycles of every mapping of a batch, each array of shape (n,).

    Parameters
    ----------
    total : float64 array
    parts : dict of str to float64 array
        Where the cycles go: "compute", "skew", "opening", "closing", "serial" (transfers that do
        not overlap) and "stall NAME" for what outlasts compute; they sum to ``total``.
    busy : dict of str to float64 array
        Cycles that each resource alone would need: "compute", level names, "conversion", "vector".
    bound_by : array of str
        The resource that needs most.
    """

    total: Floats
    parts: dict[str, Floats]
    busy: dict[str, Floats]
    bound_by: np.ndarray[tuple[int], np.dtype[np.str_]]


def cycles(batch: Batch, nest: Nest, counts: Counts, moved: Traffic) -> Cycles:
    """Return the time of every mapping in cycles of the chip's clock."""
    chip = batch.chip
    macs_per_cycle = batch.each(lambda case: float(chip.macs_per_pe_cycle(*multiplied_formats(case)).value))
    density = batch.each(lambda case: float(case.shape.density))
    compute = np.ceil(counts.steps * density / macs_per_cycle)
    skew = skew_cycles(batch, nest, counts)
    busy: dict[str, Floats] = {"compute": compute + skew}
    busy |= {level.name: level_cycles(level, batch, counts, moved) for level in chip.levels}
    for name, needed in (("conversion", _converter_cycles(batch, moved)), ("vector unit", _vector_cycles(batch))):
        if needed.any():
            busy[name] = needed

    remaining = dict(busy)
    opening, closing, serial = (np.zeros(len(batch.case_of)) for _ in range(3))
    for level in chip.levels:
        first, last = _opening_cycles(level, batch, counts, moved), _closing_cycles(level, batch, counts, moved)
        remaining[level.name] = remaining[level.name] - first - last
        opening, closing = opening + first, closing + last
        if not level.double_buffered and level is not chip.outermost:
            exposed = _exchange_cycles(level, batch, nest, counts, moved)
            serial = serial + np.max(list(exposed.values()), axis=0)
            for name, hidden in exposed.items():
                remaining[name] = remaining[name] - hidden
    names = np.array(list(remaining))
    left = np.maximum(np.stack([remaining[name] for name in names]), 0)
    steady = left.max(axis=0)
    parts = {"compute": compute, "skew": skew, "opening": opening, "closing": closing, "serial": serial}
    stalled_by = names[left.argmax(axis=0)]
    for name in names[1:]:
        stall = np.where(stalled_by == name, steady - compute - skew, 0.0)
        if stall.any():
            parts[f"stall {name}"] = stall
    limiter = names[np.stack([busy[name] for name in names]).argmax(axis=0)]
    return Cycles(opening + steady + serial + closing, parts, busy, limiter)


def used_instances(level: Level, batch: Batch, counts: Counts) -> Floats:
    """Return how many instances of a level the spatial loops use, shape (n,)."""
    used = np.ones(len(batch.case_of))
    for fanout in batch.chip.fanouts[: level.depth]:
        used = used * counts.instances.get(fanout.name, 1)
    return used


def level_cycles(level: Level, batch: Batch, counts: Counts, moved: Traffic) -> Floats:
    """Return the cycles that a level's own transfers take: bits over bandwidth, per used instance."""
    read = moved.bits(level.name, READS)
    written = moved.bits(level.name, frozenset({"fill", "return", "update"}))
    return _port_cycles(level, read, written) / used_instances(level, batch, counts)


def _port_cycles(level: Level, read_bits: Floats, written_bits: Floats) -> Floats:
    efficiency = level.efficiency.value
    reading = read_bits / (level.read_bits_per_cycle * efficiency) if level.read_bits_per_cycle else 0 * read_bits
    writing = written_bits / (level.write_bits_per_cycle * efficiency) if level.write_bits_per_cycle else 0 * read_bits
    return np.asarray(reading + writing if level.shared_port else np.maximum(reading, writing))


def _opening_cycles(level: Level, batch: Batch, counts: Counts, moved: Traffic) -> Floats:
    """Cycles to read the first boxes of W and I out of a level."""
    bits = sum(
        (flow.opening * flow.bits for flow in moved.flows if flow.level == level.name and flow.action == "read"),
        start=np.zeros(len(batch.case_of)),
    )
    return _port_cycles(level, bits, 0 * bits) / used_instances(level, batch, counts)


def _closing_cycles(level: Level, batch: Batch, counts: Counts, moved: Traffic) -> Floats:
    """Cycles to write the last box of O, finished, into a level from the node inside it."""
    share = np.zeros(len(batch.case_of))
    for flow in moved.flows:
        if flow.level == level.name and flow.operand == "O" and flow.action == "update" and flow.finished:
            share = share + np.minimum(flow.total_bits, _last_box_bits(level, counts, flow.bits))
    return _port_cycles(level, 0 * share, share) / used_instances(level, batch, counts)


def _last_box_bits(level: Level, counts: Counts, bits: Floats) -> Floats:
    names = [name for (name, operand) in counts.boxes if operand == "O"]
    inside = names[names.index(level.name) + 1 :]
    return np.asarray(counts.boxes[inside[0], "O"] * bits if inside else 0 * bits)


def _exchange_cycles(level: Level, batch: Batch, nest: Nest, counts: Counts, moved: Traffic) -> dict[str, Floats]:
    """Cycles that each port spends on what a single-buffered level exchanges with the levels outside it.

    The MACs wait for these transfers; what moves before the first step is in the opening.
    """
    exchanged: dict[str, list[Floats]] = {}
    for operand in level.holds:
        chain = [line.level for line in nest.lines if isinstance(line, Keep) and operand in line.operands]
        if level.name not in chain[1:]:
            continue
        parent = chain[chain.index(level.name) - 1]
        for flow in moved.flows:
            inward = flow.level == level.name and flow.action in ("fill", "return", "drain")
            outward = flow.level == parent and flow.action in ("read", "update")
            if flow.operand == operand and (inward or outward):
                bits = exchanged.setdefault(flow.level, [np.zeros(len(batch.case_of)), np.zeros(len(batch.case_of))])
                bits[flow.action not in READS] += (flow.words - flow.opening) * flow.bits
    ports = {one.name: one for one in batch.chip.levels}
    none = {level.name: np.zeros(len(batch.case_of))}
    return none | {
        name: _port_cycles(ports[name], *bits) / used_instances(ports[name], batch, counts)
        for name, bits in exchanged.items()
    }


def _converter_cycles(batch: Batch, moved: Traffic) -> Floats:
    rate = batch.chip.conversions_per_cycle
    needed = np.zeros(len(batch.case_of))
    if rate is not None:
        for number, case in enumerate(batch.cases):
            for conversion in case.formats.conversions:
                needed[batch.case_of == number] += conversion_count(batch, number, conversion, moved) / rate.value
    return needed


def _vector_cycles(batch: Batch) -> Floats:
    vector = batch.chip.vector
    operations = batch.each(lambda case: sum(count for _, count in case.layer.vector_ops))
    return operations / vector.lanes.value if vector else 0 * operations
