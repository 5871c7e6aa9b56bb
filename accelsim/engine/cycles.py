"""How long does a mapping take? Steps and tiles in their order, and never less than any sum of work allows.

::

    cycles = max( pipeline, least )
    least  = opening + max( compute + serial, every level's later transfers, conversion, vector )

The pipeline (`accelsim.engine.memory_time`) follows the tiles from step to step: a tile that is not there yet
stalls the array. ``least`` asks only whether the sums fit, and no order of tiles is faster: first boxes of W and I
are fetched in the opening; what single-buffered levels exchange with the levels outside them passes while no step
computes, the slowest port of all (``serial``); everything else may overlap. An ideal level overlaps its opening,
too; where all levels are ideal, ``least`` is the time. Arrays that are systolic also pay their skew
(`accelsim.engine.systolic`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from accelsim.engine.case import Batch, Floats
from accelsim.engine.energy import conversion_counts, multiplied_formats
from accelsim.engine.memory_time import pipeline
from accelsim.engine.systolic import skew_cycles
from accelsim.engine.traffic import READS, Flow, Traffic
from accelsim.engine.width import chain_of
from accelsim.hardware.chip import Level
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Nest


@dataclass(frozen=True)
class Cycles:
    """Cycles of every mapping of a batch, each array of shape (n,).

    Parameters
    ----------
    total : float64 array
    parts : dict of str to float64 array
        Where the cycles go: "compute", "skew", "opening", "closing", "stall LEVEL OPERAND" for waits between steps
        and "stall NAME" for what else outlasts them (a level, "conversion", "vector unit"); they sum to ``total``.
    busy : dict of str to float64 array
        Cycles that each resource alone would need: "compute", level names, "conversion", "vector".
    bound_by : array of str
        The resource that needs most.
    phase_bits : dict of (phase, level) to float64 array
        Bits that a level moves in the "opening" and in the "closing".
    """

    total: Floats
    parts: dict[str, Floats]
    busy: dict[str, Floats]
    bound_by: np.ndarray[tuple[int], np.dtype[np.str_]]
    phase_bits: dict[tuple[str, str], Floats]


def cycles(batch: Batch, nest: Nest, counts: Counts, moved: Traffic) -> Cycles:
    """Return the time of every mapping in cycles of the chip's clock."""
    compute, skew, ports, busy = _resources(batch, nest, counts, moved)
    least, parts, slowest = _least(batch, nest, moved, ports, busy)
    flow = pipeline(batch, nest, counts, moved, compute + skew)
    if flow is not None:
        longer = {f"stall {level} {operand}": cycles for (level, operand), cycles in flow.stalls.items()}
        whole = compute + skew + flow.opening + flow.stalled + flow.closing
        parts = {"opening": flow.opening, "closing": flow.closing} | longer
        for name in np.unique(slowest):
            parts[f"stall {name}"] = np.where(slowest == name, np.maximum(least - whole, 0), 0)
        least = np.maximum(least, whole)
    names = np.array(list(busy))
    limiter = names[np.stack([busy[name] for name in names]).argmax(axis=0)]
    return Cycles(least, {"compute": compute, "skew": skew} | parts, busy, limiter, _phase_bits(moved))


def least_cycles(batch: Batch, nest: Nest, counts: Counts, moved: Traffic) -> Floats:
    """Return the cycles that the sums alone allow, whatever the order in which tiles come and go."""
    _, _, ports, busy = _resources(batch, nest, counts, moved)
    return _least(batch, nest, moved, ports, busy)[0]


def _resources(
    batch: Batch, nest: Nest, counts: Counts, moved: Traffic
) -> tuple[Floats, Floats, dict[str, Port], dict[str, Floats]]:
    """Cycles of the array, of its skew, the ports of all levels, and what each resource alone would need."""
    chip = batch.chip
    macs_per_cycle = batch.each(lambda case: float(chip.macs_per_pe_cycle(*multiplied_formats(case)).value))
    density = batch.each(lambda case: float(case.shape.density))
    timed = batch.each(lambda case: float(case.work.timed))
    compute = np.ceil(counts.steps * density * timed / macs_per_cycle)
    skew = skew_cycles(batch, nest, counts)
    ports = {level.name: Port(level, batch, counts, moved) for level in chip.levels}
    busy = {"compute": compute + skew} | {name: port.cycles(port.all) for name, port in ports.items()}
    for name, needed in (("conversion", _converter_cycles(batch, moved)), ("vector unit", _vector_cycles(batch))):
        if needed.any():
            busy[name] = needed
    return compute, skew, ports, busy


def _phase_bits(moved: Traffic) -> dict[tuple[str, str], Floats]:
    """Bits of the first boxes of W and I, and of the last ones of O, by level."""
    found: dict[tuple[str, str], Floats] = {}
    for flow in moved.flows:
        for phase, words in (("opening", flow.opening), ("closing", flow.closing)):
            bits = np.asarray(words * flow.bits)
            if bits.any():
                found[phase, flow.level] = found.get((phase, flow.level), 0 * moved.merged) + bits
    return found


def _least(
    batch: Batch, nest: Nest, moved: Traffic, ports: Mapping[str, Port], busy: Mapping[str, Floats]
) -> tuple[Floats, dict[str, Floats], np.ndarray[tuple[int], np.dtype[np.str_]]]:
    """The least time that the sums allow, its parts beside compute and skew, and what is slowest but the array."""
    later = {name: port.all for name, port in ports.items()}
    apart = {name: port.all - port.all for name, port in ports.items()}
    opening = np.zeros(len(batch.case_of))
    for level in batch.chip.levels[:-1]:
        if level.buffering == "ideal":
            continue
        first, rest = _exchanges(level, nest, moved)
        opening = opening + _slowest(ports, first)
        later |= {name: later[name] - bits for name, bits in first.items()}
        if not level.overlaps:
            apart |= {name: apart[name] + bits for name, bits in rest.items()}
    serial = _slowest(ports, apart)
    remaining = dict(busy) | {name: port.cycles(later[name]) for name, port in ports.items()}
    names = np.array([name for name in remaining if name != "compute"])
    left = np.stack([remaining[name] for name in names])
    slowest = names[left.argmax(axis=0)]
    waits = np.maximum(left.max(axis=0) - busy["compute"] - serial, 0.0)
    parts = {"opening": opening, "serial": serial}
    for name in names:
        parts[f"stall {name}"] = np.where(slowest == name, waits, 0.0)
    return opening + busy["compute"] + serial + waits, parts, slowest


@dataclass(frozen=True)
class PortBits:
    """Bits read out of a level and written into it, over all its instances, each of shape (n,)."""

    read: Floats
    written: Floats

    def __add__(self, other: PortBits) -> PortBits:
        return PortBits(self.read + other.read, self.written + other.written)

    def __sub__(self, other: PortBits) -> PortBits:
        return PortBits(np.maximum(self.read - other.read, 0), np.maximum(self.written - other.written, 0))


class Port:
    """The ports of a level: what passes them in all, and how long bits take."""

    def __init__(self, level: Level, batch: Batch, counts: Counts, moved: Traffic) -> None:
        self.level = level
        self.used = np.ones(len(batch.case_of))
        for fanout in batch.chip.fanouts[: level.depth]:
            self.used = self.used * counts.instances.get(fanout.name, 1)
        flows = [flow for flow in moved.flows if flow.level == level.name]
        self.all = _port_bits(flows, lambda flow: flow.words, self.used)

    def cycles(self, bits: PortBits) -> Floats:
        """Cycles that bits take: over bandwidth, spread over the used instances."""
        return port_cycles(self.level, bits.read, bits.written) / self.used


def port_cycles(level: Level, read_bits: Floats, written_bits: Floats) -> Floats:
    """Return the cycles that one instance of a level takes for its bits, at the bandwidth it achieves."""
    share, none = level.share, 0 * read_bits
    reading = read_bits / (level.read_bits_per_cycle * share) if level.read_bits_per_cycle else none
    writing = written_bits / (level.write_bits_per_cycle * share) if level.write_bits_per_cycle else none
    return np.asarray(reading + writing if level.shared_port else np.maximum(reading, writing))


def _port_bits(flows: Sequence[Flow], words: Callable[[Flow], Floats], like: Floats) -> PortBits:
    read, written = 0 * like, 0 * like
    for flow in flows:
        bits = words(flow) * flow.bits
        read, written = (read + bits, written) if flow.action in READS else (read, written + bits)
    return PortBits(read, written)


def _slowest(ports: Mapping[str, Port], bits: Mapping[str, PortBits]) -> Floats:
    """Cycles of a transfer between levels: its slowest port."""
    like = next(iter(ports.values())).used
    return np.asarray(np.max([0 * like, *(ports[name].cycles(passed) for name, passed in bits.items())], axis=0))


def _exchanges(level: Level, nest: Nest, moved: Traffic) -> tuple[dict[str, PortBits], dict[str, PortBits]]:
    """What a level exchanges with the levels outside it, by port: before the first step, and later."""
    flows: list[Flow] = []
    for operand in level.holds:
        chain = chain_of(nest, operand)
        if level.name in chain[1:]:
            parent = chain[chain.index(level.name) - 1]
            flows += [
                flow for flow in moved.flows
                if flow.operand == operand
                and (flow.level, flow.action) in _crossings(level.name, parent)
            ]  # fmt: skip
    by_level = {name: [flow for flow in flows if flow.level == name] for name in {flow.level for flow in flows}}
    first, rest = (
        {name: _port_bits(own, words, moved.merged) for name, own in by_level.items()}
        for words in (lambda flow: flow.opening, lambda flow: flow.words - flow.opening)
    )
    return first, rest


def _crossings(level: str, parent: str) -> set[tuple[str, str]]:
    inward = {(level, action) for action in ("fill", "return", "drain")}
    return inward | {(parent, "read"), (parent, "update")}


def _converter_cycles(batch: Batch, moved: Traffic) -> Floats:
    rate = batch.chip.conversions_per_cycle
    needed = np.zeros(len(batch.case_of))
    if rate is not None:
        most = max(len(case.formats.conversions) for case in batch.cases)
        for place, operand in product(range(most), "WIO"):
            by_case = {
                number: case.formats.conversions[place] for number, case in enumerate(batch.cases)
                if place < len(case.formats.conversions) and case.formats.conversions[place].operand == operand
            }  # fmt: skip
            if by_case:
                needed = needed + conversion_counts(batch, moved, by_case) / rate.value
    return needed


def _vector_cycles(batch: Batch) -> Floats:
    vector = batch.chip.vector
    operations = batch.each(lambda case: sum(count for _, count in case.layer.vector_ops))
    return operations / vector.lanes.value if vector else 0 * operations
