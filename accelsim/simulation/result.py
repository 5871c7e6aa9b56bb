"""What did a model cost on a chip? An immutable answer that can be asked how and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from accelsim.accessor import Accessor
from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.mapping.nest import Nest
from accelsim.mapping.occupied import active_pes
from accelsim.mapping.tally import LevelCounts
from accelsim.provenance import Source, Sourced, bibliography
from accelsim.scheme import LayerFormats, Scheme
from accelsim.search.certificate import Certificate
from accelsim.simulation.fusion.result import Fusion, Unfused
from accelsim.simulation.line import Line, static_lines
from accelsim.simulation.power import power_energy_pj
from accelsim.simulation.residency import Residency
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.simulation.timeline import Bandwidth, Timeline


@dataclass(frozen=True)
class LayerResult:
    """The cost of one repeat of one layer.

    Parameters
    ----------
    layer : Layer
    lines : tuple of Line
        The energy bill.
    cycle_parts : dict of str to float
        Where the cycles go; they sum to ``cycles``.
    busy : dict of str to float
        Cycles that each resource alone would need.
    bound_by : str
    formats : LayerFormats or None
        None for a layer without multiply-accumulates; the next seven are None or empty then.
    nest : Nest or None
    mapping : str
        "optimal" (proven), "constrained-optimal" (proven within the caller's constraints), "searched" (the
        best found, not proven), "given" (the caller's own), or the dataflow that a heuristic mapping was
        chosen from ("output-stationary").
    certificate : Certificate or None
        The proof of an optimum, or how far a searched mapping may be from it; None where nothing was searched.
    counts : dict of (level, operand) to LevelCounts
    boxes : dict of (level, operand) to int
        Words of the largest box that one instance holds.
    footprints : dict of (level, operand) to float
        Bits that one instance sets aside: the box, twice where it is double-buffered, or a resident tensor.
    instances : dict of fan-out name to int
        Instances that the mapping uses.
    skipped_macs, gated_macs : float
        MACs of one repeat that take no time, and that take time but multiply nothing, for zeros (docs/sparsity.md).
    peak_macs_per_cycle : float
        Of the whole array in the formats multiplied, dense; 0 without MACs.
    bound_energy_pj, bound_cycles, bound_dram_bits : float or None
        What no mapping can beat: energy, time, and traffic of the outermost level.
    bound_compulsory_bits : float or None
        What of that traffic a chip of any capacity has: every word that has to move, once.
    phase_bits : dict of (phase, level) to float
        Bits that a level moves in the "opening" and in the "closing".
    """

    layer: Layer
    lines: tuple[Line, ...]
    cycle_parts: dict[str, float]
    busy: dict[str, float]
    bound_by: str
    formats: LayerFormats | None = None
    nest: Nest | None = None
    mapping: str = ""
    certificate: Certificate | None = None
    counts: dict[tuple[str, str], LevelCounts] = field(default_factory=dict)
    boxes: dict[tuple[str, str], int] = field(default_factory=dict)
    footprints: dict[tuple[str, str], float] = field(default_factory=dict)
    instances: dict[str, int] = field(default_factory=dict)
    skipped_macs: float = 0.0
    gated_macs: float = 0.0
    peak_macs_per_cycle: float = 0.0
    bound_energy_pj: float | None = None
    bound_cycles: float | None = None
    bound_dram_bits: float | None = None
    bound_compulsory_bits: float | None = None
    phase_bits: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def executed_macs(self) -> float:
        """MACs of one repeat that are multiplied: neither skipped nor gated."""
        return self.layer.macs - self.skipped_macs - self.gated_macs

    @property
    def active_pes(self) -> int:
        """Processing elements at work in the fullest step; 0 without MACs."""
        return active_pes(self.nest, self.layer.shape) if self.nest and self.layer.shape else 0

    @property
    def cycles(self) -> float:
        """Cycles of one repeat."""
        return sum(self.cycle_parts.values())

    @cached_property
    def energy_pj(self) -> float | None:
        """Energy of one repeat in pJ; None where a cost is unknown."""
        return _total(line.energy_pj for line in self.lines)

    def energy_of(self, *parts: str, place: str | None = None) -> float | None:
        """Return the energy in pJ of some parts of the bill, at one place or all."""
        chosen = (line for line in self.lines if line.part in parts and place in (None, line.place))
        return _total(line.energy_pj for line in chosen)

    def bits_of(self, place: str, *actions: str) -> float:
        """Return the bits that a memory moves in some actions."""
        chosen = (line for line in self.lines if line.part == "memory" and line.place == place)
        return sum(line.total_bits for line in chosen if line.action in actions)


def _total(energies: Iterable[float | None]) -> float | None:
    total = 0.0
    for energy in energies:
        if energy is None:
            return None
        total += energy
    return total


@dataclass(frozen=True)
class Memory:
    """What the model needs to be stored.

    Parameters
    ----------
    weight_bytes, kv_bytes, activation_bytes : float
        All parameters; the KV cache of the whole batch; the most activations alive at once.
    peak_layer : str
        The layer during which that is.
    capacity_bytes : float or None
        Of the outermost level; None if unbounded or unknown.
    writable_bytes : float or None
        Where the outermost level can only be read (a flash), what is inside it for activations and the KV cache;
        None where everything shares the outermost level.
    state_bytes : float
        States and master weights of an optimizer, in training.
    """

    weight_bytes: float
    kv_bytes: float
    activation_bytes: float
    peak_layer: str
    capacity_bytes: float | None
    writable_bytes: float | None = None
    state_bytes: float = 0.0

    @property
    def peak_bytes(self) -> float:
        """Weights, optimizer states, KV cache and the most activations alive at once."""
        return self.weight_bytes + self.state_bytes + self.kv_bytes + self.activation_bytes

    @property
    def fits(self) -> bool | None:
        """Whether it all fits the device; None if the device's memory is not known."""
        if self.capacity_bytes is None:
            return None
        if self.writable_bytes is None:
            return self.peak_bytes <= self.capacity_bytes
        working = self.kv_bytes + self.activation_bytes + self.state_bytes
        return self.weight_bytes <= self.capacity_bytes and working <= self.writable_bytes


@dataclass(frozen=True)
class Result:
    """The cost of one pass of a network on a chip in a scheme.

    Parameters
    ----------
    network : Network
    chip : Chip
    scheme : Scheme
    mapping, objective : str
        How mappings were chosen, and for what.
    layers : tuple of LayerResult
        In execution order.
    memory : Memory
    residency : Residency
    overhead_s : float
        Fixed time of the pass: per layer and per step.
    warnings : tuple of str
    fusion : tuple of Fusion or Unfused
        Groups of layers that were fused, and those that were not, with why; () where nothing was to be fused.
    """

    network: Network
    chip: Chip
    scheme: Scheme
    mapping: str
    objective: str
    layers: tuple[LayerResult, ...]
    memory: Memory
    residency: Residency
    overhead_s: float = 0.0
    warnings: tuple[str, ...] = ()
    fusion: tuple[Fusion | Unfused, ...] = ()

    plot = Accessor("accelsim.report.plots:ResultPlots")
    uncertainty = Accessor("accelsim.explore.uncertainty:UncertaintyOf")

    def _sum(self, value: Callable[[LayerResult], float]) -> float:
        return sum(value(one) * one.layer.repeat for one in self.layers)

    @cached_property
    def energy_pj(self) -> float | None:
        """Energy of the pass in pJ, that of the fixed times included; None where the chip gives no cost."""
        layers = (None if one.energy_pj is None else one.energy_pj * one.layer.repeat for one in self.layers)
        return _total((*layers, self.overhead_energy_pj))

    @property
    def overhead_cycles(self) -> float:
        """Fixed time of the pass in cycles."""
        return self.overhead_s * self.chip.clock_hz.value

    @cached_property
    def overhead_lines(self) -> tuple[Line, ...]:
        """The energy bill of the fixed times: what the chip draws all the time, in all of them together."""
        return tuple(static_lines(self.chip, self.overhead_cycles))

    @property
    def overhead_energy_pj(self) -> float | None:
        """Energy of the fixed times in pJ."""
        return _total(line.energy_pj for line in self.overhead_lines)

    def bill(self) -> Iterator[tuple[Line, int]]:
        """Yield every line of the energy bill, and how often it is due; they sum to ``energy_pj``."""
        for one in self.layers:
            yield from ((line, one.layer.repeat) for line in one.lines)
        yield from ((line, 1) for line in self.overhead_lines)

    @cached_property
    def cycles(self) -> float:
        """Cycles of the pass, fixed times included."""
        return self._sum(lambda one: one.cycles) + self.overhead_cycles

    @property
    def latency_s(self) -> float:
        """Time of the pass in s."""
        return self.cycles / self.chip.clock_hz.value

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the pass."""
        return self.network.macs

    @property
    def executed_macs(self) -> float:
        """MACs of the pass that are multiplied; ``macs`` less those skipped or gated for zeros."""
        return self._sum(lambda one: one.executed_macs)

    @property
    def gated_macs(self) -> float:
        """MACs of the pass that take time but multiply nothing."""
        return self._sum(lambda one: one.gated_macs)

    @property
    def skipped_macs(self) -> float:
        """MACs of the pass that take no time."""
        return self._sum(lambda one: one.skipped_macs)

    @property
    def edp_pj_s(self) -> float | None:
        """Energy-delay product in pJ s."""
        return None if self.energy_pj is None else self.energy_pj * self.latency_s

    @property
    def throughput_per_s(self) -> float:
        """Items of the batch (images, tokens of a decode step ...) per s."""
        return self.network.batch / self.latency_s

    @cached_property
    def dram_read_bits(self) -> float:
        """Bits read from the outermost level."""
        return self._sum(lambda one: one.bits_of(self.chip.outermost.name, "read", "drain"))

    @cached_property
    def dram_write_bits(self) -> float:
        """Bits written to the outermost level."""
        return self._sum(lambda one: one.bits_of(self.chip.outermost.name, "update", "fill", "return"))

    @property
    def dram_bits(self) -> float:
        """Bits read from and written to the outermost level."""
        return self.dram_read_bits + self.dram_write_bits

    @property
    def macs_per_dram_byte(self) -> float:
        """Multiply-accumulates per byte of DRAM traffic."""
        return self.macs / (self.dram_bits / 8) if self.dram_bits else float("inf")

    @property
    def peak_macs_per_cycle(self) -> float:
        """Peak rate of the array in the formats that most MACs use."""
        weight: Counter[float] = Counter()
        for one in self.layers:
            weight[one.peak_macs_per_cycle] += one.layer.macs * one.layer.repeat
        return max(weight, key=lambda rate: weight[rate])

    @property
    def achieved_macs_per_cycle(self) -> float:
        """MACs over all cycles of the pass."""
        return self.macs / self.cycles

    @property
    def average_power_w(self) -> float | None:
        """Energy over time in W."""
        return None if self.energy_pj is None else self.energy_pj * 1e-12 / self.latency_s

    @property
    def power_energy_pj(self) -> float | None:
        """Power times time in pJ, where no cost of an operation is known; see `accelsim.simulation.power`."""
        return power_energy_pj(self.chip, self.latency_s) if self.energy_pj is None else None

    @property
    def power_limited_latency_s(self) -> float | None:
        """Time in s at which the chip stays within its TDP; None if it does anyway or none is known."""
        if self.chip.tdp_w is None or self.energy_pj is None:
            return None
        needed = self.energy_pj * 1e-12 / self.chip.tdp_w.value
        return needed if needed > self.latency_s else None

    @cached_property
    def energy_breakdown_pj(self) -> dict[str, float | None]:
        """Energy in pJ by memory level and by other part; the entries sum to ``energy_pj``."""
        found: dict[str, float | None] = {}
        for line, times in self.bill():
            key = line.place if line.part == "memory" else line.part
            energy = line.energy_pj
            before = found.get(key, 0.0)
            found[key] = None if energy is None or before is None else before + energy * times
        return found

    @cached_property
    def cycle_breakdown(self) -> dict[str, float]:
        """Cycles by cause; the entries sum to ``cycles``."""
        found: dict[str, float] = {}
        for one in self.layers:
            for cause, cycles in one.cycle_parts.items():
                found[cause] = found.get(cause, 0.0) + cycles * one.layer.repeat
        if self.overhead_s:
            found["fixed"] = self.overhead_cycles
        return {cause: cycles for cause, cycles in found.items() if cycles}

    @cached_property
    def bound_by(self) -> str:
        """The resource that limits most of the time."""
        share: Counter[str] = Counter()
        for one in self.layers:
            share[one.bound_by] += one.cycles * one.layer.repeat  # type: ignore[assignment]
        return max(share, key=lambda name: share[name])

    @cached_property
    def bound_energy_pj(self) -> float | None:
        """Energy in pJ that no mapping of the layers with MACs can beat."""
        bounds = [one.bound_energy_pj for one in self.layers if one.nest is not None]
        repeats = [one.layer.repeat for one in self.layers if one.nest is not None]
        return _total(None if bound is None else bound * repeat for bound, repeat in zip(bounds, repeats, strict=True))

    @cached_property
    def bound_dram_bits(self) -> float:
        """Traffic of the outermost level that no mapping of the layers with MACs can beat, in bits."""
        return self._sum(lambda one: one.bound_dram_bits or 0.0)

    @cached_property
    def costs(self) -> tuple[Sourced, ...]:
        """Every distinct unit cost that the energy rests on."""
        lines = (line for line, _ in self.bill() if line.count)
        return tuple(dict.fromkeys(line.cost for line in lines if line.cost is not None))

    @property
    def derived_costs(self) -> tuple[Sourced, ...]:
        """Costs that a law gave, not a publication."""
        return tuple(cost for cost in self.costs if cost.status == "derived")

    def citations(self) -> tuple[Source, ...]:
        """Return the works that this result's costs come from."""
        known = bibliography() | self.chip.sources
        keys = dict.fromkeys(key for cost in self.costs for key in cost.sources)
        return tuple(known[key] for key in keys if key in known)

    def layer(self, name: str) -> LayerResult:
        """Return the result of one layer; an unknown name raises InputError with the nearest one."""
        for one in self.layers:
            if one.layer.name == name:
                return one
        known = [one.layer.name for one in self.layers]
        raise InputError(f"{self.network.name} has no layer {name!r}{did_you_mean(name, known) or '.'}")

    def costliest(self, count: int = 5) -> Sequence[LayerResult]:
        """Return the layers with most energy over all repeats, or most time where energy is unknown."""

        def weight(one: LayerResult) -> float:
            return (one.cycles if one.energy_pj is None else one.energy_pj) * one.layer.repeat

        return sorted(self.layers, key=weight, reverse=True)[:count]

    def explain(self, layer: str) -> str:
        """Return a layer's formula with its numbers filled in, line by line."""
        from accelsim.simulation.explain import explain

        return explain(self, self.layer(layer))

    def to_frame(self, by: Sequence[str] = ("layer", "level", "operand")) -> pd.DataFrame:
        """Return the energy bill as a tidy frame; see `accelsim.simulation.frame.to_frame`."""
        from accelsim.simulation.frame import to_frame

        return to_frame(self, by)

    def timeline(self) -> Timeline:
        """Return when each layer runs and for what, and the bandwidth that every level uses over time."""
        from accelsim.simulation.timeline import timeline

        return timeline(self)

    @property
    def bandwidths(self) -> tuple[Bandwidth, ...]:
        """Average and peak bandwidth that every level uses, in bits per cycle."""
        from accelsim.simulation.timeline import bandwidths

        return bandwidths(self)

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain data, as ``accelsim estimate --json`` prints it."""
        from accelsim.simulation.record import record

        return record(self)

    def __repr__(self) -> str:
        from accelsim.simulation.explain import summarize

        return summarize(self)

    def _repr_html_(self) -> str:
        from accelsim.simulation.frame import to_html

        return to_html(self)
