"""When does each layer run, what is it doing then, and how much bandwidth does every memory use?

Layers run one after another, repeats of one in a row. Within a layer come its opening, everything between, and
its closing; what lies between is drawn as one stretch for each cause, though in truth they alternate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from accelsim.simulation.result import LayerResult, Result

if TYPE_CHECKING:
    import pandas as pd

OPENING, CLOSING, BETWEEN, FIXED = "opening", "closing", "between", "fixed"


@dataclass(frozen=True)
class Stretch:
    """A stretch of time in which all repeats of a layer spend their cycles for one cause.

    Parameters
    ----------
    layer, part : str
        The layer, and a name of ``cycle_parts``; "fixed" for the fixed times, which come last.
    start_s, end_s : float
        Since the pass began.
    power_limited : bool
        Whether the layer draws more than the chip's TDP on average, so that a real chip would slow down.
    """

    layer: str
    part: str
    start_s: float
    end_s: float
    power_limited: bool


@dataclass(frozen=True)
class Usage:
    """What one memory moves in a stretch of time, over all its instances.

    Parameters
    ----------
    layer, phase, level : str
        The phase is "opening", "between" or "closing".
    start_s, end_s : float
        Since the pass began.
    bits : float
        Read and written.
    bits_per_cycle : float
        Over the stretch.
    """

    layer: str
    phase: str
    level: str
    start_s: float
    end_s: float
    bits: float
    bits_per_cycle: float


@dataclass(frozen=True)
class Bandwidth:
    """What a memory moves in a cycle: on average over the pass, and in its busiest stretch, in bits per cycle."""

    level: str
    average: float
    peak: float


@dataclass(frozen=True)
class Timeline:
    """A pass over time.

    Parameters
    ----------
    stretches : tuple of Stretch
        In order of time, without gaps.
    usages : tuple of Usage
        For every level, in order of time.
    """

    stretches: tuple[Stretch, ...]
    usages: tuple[Usage, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the stretches as a frame; ``attrs["units"]`` names the units."""
        return _frame(self.stretches, Stretch, {"start_s": "s", "end_s": "s"})

    def bandwidth_frame(self) -> pd.DataFrame:
        """Return what every level uses over time as a frame; ``attrs["units"]`` names the units."""
        return _frame(
            self.usages, Usage, {"start_s": "s", "end_s": "s", "bits": "bit", "bits_per_cycle": "bit/cycle"}
        )  # fmt: skip


def timeline(result: Result) -> Timeline:
    """Return when each layer of a result runs, for what, and the bandwidth used meanwhile."""
    clock = result.chip.clock_hz.value
    stretches: list[Stretch] = []
    usages: list[Usage] = []
    now = 0.0
    for one in result.layers:
        limited = _power_limited(result, one)
        repeat, begin = one.layer.repeat, now
        for part, cycles in _ordered(one.cycle_parts):
            end = now + cycles * repeat / clock
            stretches.append(Stretch(one.layer.name, part, now, end, limited))
            now = end
        usages += _usages(result, one, begin, now)
    if result.overhead_s:
        stretches.append(Stretch("", FIXED, now, now + result.overhead_s, False))
    return Timeline(tuple(stretches), tuple(usages))


def bandwidths(result: Result) -> tuple[Bandwidth, ...]:
    """Return the average and the peak bandwidth that every level uses, in bits per cycle."""
    used = timeline(result).usages
    found = []
    for level in result.chip.levels:
        own = [usage for usage in used if usage.level == level.name]
        bits = sum(usage.bits for usage in own)
        peak = max((usage.bits_per_cycle for usage in own), default=0.0)
        found.append(Bandwidth(level.name, bits / result.cycles if result.cycles else 0.0, peak))
    return tuple(found)


def _ordered(parts: dict[str, float]) -> Iterator[tuple[str, float]]:
    """The parts of a layer's time: first the opening, last the closing."""
    place = {OPENING: -1, CLOSING: 1}
    for part in sorted(parts, key=lambda name: place.get(name, 0)):
        if parts[part]:
            yield part, parts[part]


def _usages(result: Result, one: LayerResult, begin: float, end: float) -> Iterator[Usage]:
    """What every level moves in the phases of a layer."""
    clock, repeat = result.chip.clock_hz.value, one.layer.repeat
    opening, closing = (one.cycle_parts.get(part, 0.0) * repeat / clock for part in (OPENING, CLOSING))
    spans = {
        OPENING: (begin, begin + opening), BETWEEN: (begin + opening, end - closing), CLOSING: (end - closing, end),
    }  # fmt: skip
    for level in result.chip.levels:
        total = one.bits_of(level.name, "read", "fill", "return", "update", "drain") * repeat
        phases = {phase: one.phase_bits.get((phase, level.name), 0.0) * repeat for phase in (OPENING, CLOSING)}
        phases = {phase: bits if spans[phase][1] > spans[phase][0] else 0.0 for phase, bits in phases.items()}
        phases[BETWEEN] = max(0.0, total - sum(phases.values()))
        for phase, (start, stop) in spans.items():
            if stop > start:
                rate = phases[phase] / ((stop - start) * clock)
                yield Usage(one.layer.name, phase, level.name, start, stop, phases[phase], rate)


def _power_limited(result: Result, one: LayerResult) -> bool:
    tdp, seconds = result.chip.tdp_w, one.cycles / result.chip.clock_hz.value
    if tdp is None or one.energy_pj is None or not seconds:
        return False
    return one.energy_pj * 1e-12 / seconds > tdp.value


def _frame(rows: tuple[Stretch, ...] | tuple[Usage, ...], kind: type, units: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame([astuple(row) for row in rows], columns=[one.name for one in fields(kind)])
    frame.attrs["units"] = units
    return frame
