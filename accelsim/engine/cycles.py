"""How long does a mapping take? Counts over rates, with what overlaps and what does not.

::

    cycles = opening + max(compute, every level's remaining transfers, conversion, vector) + serial + closing

The opening fetches the first boxes of W and I, the closing drains the last box of O; in between, the
transfers of double-buffered levels overlap with compute. What a single-buffered level exchanges with
the levels outside it does not: it is added. An ideal level overlaps its opening and closing, too.
Arrays that are systolic also pay their skew (`accelsim.engine.systolic`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Batch, Floats
from accelsim.engine.energy import conversion_count, multiplied_formats
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
    ports = {level.name: Port(level, batch, counts, moved) for level in chip.levels}
    busy = {"compute": compute + skew} | {name: port.cycles(port.all) for name, port in ports.items()}
    for name, needed in (("conversion", _converter_cycles(batch, moved)), ("vector unit", _vector_cycles(batch))):
        if needed.any():
            busy[name] = needed

    hidden = {name: port.all for name, port in ports.items()}
    opening, closing, serial = (np.zeros(len(batch.case_of)) for _ in range(3))
    for level in chip.levels[:-1]:
        if level.buffering == "ideal":
            continue
        into, out_of, between = _exchanges(level, nest, moved)
        opening = opening + _slowest(ports, into)
        closing = closing + _slowest(ports, out_of)
        exposed = (into, out_of) if level.overlaps else (into, out_of, between)
        if not level.overlaps:
            serial = serial + _slowest(ports, between)
        for phase in exposed:
            hidden |= {name: hidden[name] - bits for name, bits in phase.items()}
    remaining = busy | {name: port.cycles(hidden[name]) for name, port in ports.items()}
    names = np.array(list(remaining))
    left = np.stack([remaining[name] for name in names])
    steady = left.max(axis=0)
    parts = {"compute": compute, "skew": skew, "opening": opening, "closing": closing, "serial": serial}
    stalled_by = names[left.argmax(axis=0)]
    for name in names[1:]:
        stall = np.where(stalled_by == name, steady - compute - skew, 0.0)
        if stall.any():
            parts[f"stall {name}"] = stall
    limiter = names[np.stack([busy[name] for name in names]).argmax(axis=0)]
    return Cycles(opening + steady + serial + closing, parts, busy, limiter)


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
    share, none = level.efficiency.value, 0 * read_bits
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


def _exchanges(level: Level, nest: Nest, moved: Traffic) -> tuple[dict[str, PortBits], ...]:
    """What a level exchanges with the levels outside it, by port: at first, at last, and in between."""
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
    like = moved.merged
    phases: tuple[Callable[[Flow], Floats], ...] = (
        lambda flow: flow.opening, lambda flow: flow.closing + 0 * like,
        lambda flow: np.maximum(flow.words - flow.opening - flow.closing, 0),
    )  # fmt: skip
    names = {flow.level for flow in flows}
    by_level = {name: [flow for flow in flows if flow.level == name] for name in names}
    return tuple({name: _port_bits(by_level[name], phase, like) for name in names} for phase in phases)


def _crossings(level: str, parent: str) -> set[tuple[str, str]]:
    inward = {(level, action) for action in ("fill", "return", "drain")}
    return inward | {(parent, "read"), (parent, "update")}


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
