"""What is a chip, as the engine sees it? Levels, fan-outs, rates and costs, all frozen.

A `Chip` answers three kinds of question: how it is built (levels, fan-outs), how fast it
multiplies a pair of formats (`Chip.macs_per_pe_cycle`), and what an operation costs
(`Chip.multiply_pj`, `Chip.add_pj`, `Chip.operation_pj`). A cost that the profile does not list is
derived by a law in `op_energy` and says so in its status and note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Literal

from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.fusible import Fusible
from accelsim.hardware.sparse import SparseUnit
from accelsim.hardware.timing import Timing
from accelsim.provenance import Source, Sourced

if TYPE_CHECKING:
    from accelsim.precision import Format

Buffering = Literal["single", "double", "ideal"]
"""Whether the next tile is on its way while the MACs work: not; into a second copy; as if by itself."""


@dataclass(frozen=True)
class FanOut:
    """A spatial fan-out: ``size`` instances of what is inside it.

    Parameters
    ----------
    name : str
    size : int
    dims : frozenset of str or None
        Loop dimensions that may run across it; None allows any.
    link_pj_per_bit : Sourced or None
        Interconnect energy of one bit delivered to one instance across it.
    """

    name: str
    size: int
    dims: frozenset[str] | None = None
    link_pj_per_bit: Sourced | None = None


@dataclass(frozen=True)
class Level:
    """A memory level; every number is that of one instance.

    Parameters
    ----------
    name : str
    depth : int
        Number of fan-outs outside it; 0 stands once for the whole chip.
    capacity_bits : int or None
        None is unbounded.
    holds : str
        Operands that it may hold, a subset of "WIO".
    buffering : {"single", "double", "ideal"}
        "single" keeps one copy of each tile, and the MACs wait for its transfers. "double" keeps two of
        what changes, and all but the first fill and the last drain overlaps with compute. "ideal" keeps
        one copy, and everything overlaps (the convention of Timeloop and AccelForge): a bound on what any
        buffering can do. It says nothing of the outermost level.
    read_bits_per_cycle, write_bits_per_cycle : float or None
        None never limits.
    shared_port : bool
        Reads and writes share one port.
    efficiency : Sourced
        Achievable share of the bandwidth.
    read_pj_per_bit, write_pj_per_bit : Sourced or None
    background_w, leakage_w : Sourced or None
    access_bits : int or None
        Width of the access that the costs were stated for.
    technology : str or None
        "sram", "regfile", "dram-ddr3" ...
    area_mm2 : Sourced or None
    read_only : bool
        Whether it is a flash that holds parameters only: activations and the KV cache have to fit inside it.
    timing : Timing or None
        Bursts, rows, refresh and turnarounds; None: only its bandwidth.
    stated : tuple of (name, Sourced)
        Structural numbers with their sources: capacity, bandwidth, access width.
    """

    name: str
    depth: int
    efficiency: Sourced
    capacity_bits: int | None = None
    holds: str = "WIO"
    buffering: Buffering = "single"
    read_bits_per_cycle: float | None = None
    write_bits_per_cycle: float | None = None
    shared_port: bool = False
    read_pj_per_bit: Sourced | None = None
    write_pj_per_bit: Sourced | None = None
    background_w: Sourced | None = None
    leakage_w: Sourced | None = None
    access_bits: int | None = None
    technology: str | None = None
    area_mm2: Sourced | None = None
    read_only: bool = False
    stated: tuple[tuple[str, Sourced], ...] = ()
    timing: Timing | None = None

    @property
    def double_buffered(self) -> bool:
        """Whether it holds two copies of every tile that changes."""
        return self.buffering == "double"

    @property
    def share(self) -> float:
        """Share of the bandwidth that is achieved: its efficiency, less the time of refreshes."""
        return self.efficiency.value * (self.timing.available if self.timing is not None else 1.0)

    @property
    def overlaps(self) -> bool:
        """Whether its transfers overlap with compute."""
        return self.buffering != "single"


@dataclass(frozen=True)
class Rate:
    """Multiply-accumulates per PE and cycle, and the formats in which they are done.

    Parameters
    ----------
    value : Fraction
    weight, input : str
        Formats of the multiplier that is used.
    widened : bool
        Whether they are wider than asked for, for want of a listed pair.
    accumulator : str
        Format in which the chip accumulates this pair.
    number : Sourced
        The rate with its source; "derived" if ``what_if`` invented it.
    """

    value: Fraction
    weight: str
    input: str
    widened: bool
    accumulator: str
    number: Sourced

    @property
    def derived(self) -> bool:
        """Whether no such hardware is listed and the rate is hypothetical."""
        return self.number.status == "derived"


@dataclass(frozen=True)
class Vector:
    """The unit for operations that are not multiply-accumulates.

    Parameters
    ----------
    lanes : Sourced
        Scalar operations per cycle, whole chip.
    ops_pj : tuple of (kind, Sourced)
        Listed costs; the others follow from add and multiply.
    """

    lanes: Sourced
    ops_pj: tuple[tuple[str, Sourced], ...] = ()


@dataclass(frozen=True, eq=False)
class Chip:
    """A hardware profile, checked and resolved. Equal if all its numbers are equal.

    Parameters
    ----------
    name, title, description : str
    clock_hz : Sourced
    fanouts : tuple of FanOut
        Outermost first.
    levels : tuple of Level
        Innermost first; the outermost holds W, I and O and stands once.
    rates : tuple of (weight format, input format, MACs per PE and cycle, Sourced)
    accumulators : tuple of (weight format, input format, accumulator format)
    multiply_table, add_table, convert_table : tuple of (key, Sourced)
        Listed costs in pJ.
    timing : {"broadcast", "systolic"}
    dataflows : tuple of str
        The first is the default.
    sources : tuple of Source
        The works that its numbers name.
    remarks : tuple of str
        What a reader of results must know about changes made to the profile.
    load_w : Sourced or None
        Power measured while it works, in W; what it draws idle is ``idle_w``.
    what_if : bool
        Whether unsupported formats get hypothetical rates.
    sparsity : SparseUnit or None
        What it does with zeros; None: nothing, so that its rates are all there is.
    fusible : Fusible or None
        PEs of bit-bricks; the rates and costs that they make are in the tables already.
    """

    name: str
    title: str
    description: str
    source: str
    clock_hz: Sourced
    fanouts: tuple[FanOut, ...]
    levels: tuple[Level, ...]
    rates: tuple[tuple[str, str, Fraction, Sourced], ...]
    accumulators: tuple[tuple[str, str, str], ...]
    multiply_table: tuple[tuple[str, Sourced], ...]
    add_table: tuple[tuple[str, Sourced], ...]
    convert_table: tuple[tuple[str, Sourced], ...]
    timing: Literal["broadcast", "systolic"]
    dataflows: tuple[str, ...]
    layer_overhead_s: Sourced
    step_overhead_s: Sourced
    node_nm: Sourced | None = None
    voltage_v: Sourced | None = None
    tdp_w: Sourced | None = None
    load_w: Sourced | None = None
    area_mm2: Sourced | None = None
    vector: Vector | None = None
    conversions_per_cycle: Sourced | None = None
    clock_pj_per_cycle: Sourced | None = None
    leakage_w: Sourced | None = None
    idle_w: Sourced | None = None
    bibliography: tuple[tuple[str, Source], ...] = ()
    remarks: tuple[str, ...] = ()
    what_if: bool = False
    sparsity: SparseUnit | None = None
    fusible: Fusible | None = None
    _memo: dict[tuple[str, ...], Sourced | None] = field(default_factory=dict, init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chip) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Content hash of every field, the same in every process; a changed copy has another."""
        content = [(one.name, getattr(self, one.name)) for one in fields(self) if one.name not in ("fanouts", "_memo")]
        # The order of a set differs between processes, so the loop dimensions of a fan-out are sorted.
        fanouts = [(replace(one, dims=None), one.dims and sorted(one.dims)) for one in self.fanouts]
        return hashlib.sha256(repr((content, fanouts)).encode("utf-8", "backslashreplace")).hexdigest()

    @property
    def pes(self) -> int:
        """Number of processing elements: the product of all fan-outs."""
        return prod(fanout.size for fanout in self.fanouts)

    @property
    def hierarchy(self) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
        """Levels as (name, depth) and fan-outs as (name, size), both outermost first."""
        levels = tuple((level.name, level.depth) for level in reversed(self.levels))
        return levels, tuple((fanout.name, fanout.size) for fanout in self.fanouts)

    @property
    def outermost(self) -> Level:
        """The level that holds everything, DRAM on most chips."""
        return self.levels[-1]

    @property
    def has_costs(self) -> bool:
        """Whether the profile lists the cost of any operation; without one there is no energy."""
        return bool(self.multiply_table)

    @property
    def sources(self) -> dict[str, Source]:
        """The works that its numbers and laws name, by key."""
        return dict(self.bibliography)

    def level(self, name: str) -> Level:
        """Return the level called ``name``; an unknown name raises InputError with the nearest one."""
        for level in self.levels:
            if level.name == name:
                return level
        known = [level.name for level in self.levels]
        raise InputError(
            f"{self.name} has no level {name!r}{did_you_mean(name, known) or '.'} It has {', '.join(known)}."
        )

    def instances(self, level: str) -> int:
        """Return how many instances of a level the chip has."""
        return prod(fanout.size for fanout in self.fanouts[: self.level(level).depth])

    def macs_per_pe_cycle(
        self, weight: Format | str, input: Format | str, accumulator: Format | str | None = None
    ) -> Rate:
        """Return the rate of a pair of compute formats, widened to a listed pair if need be.

        ``accumulator`` does not change the rate; `Rate.accumulator` is the one that the chip has.

        Raises
        ------
        UnsupportedError
            No listed pair holds both operands exactly; the nearest formats are named.
        """
        from accelsim.hardware.rates import find_rate

        return find_rate(self, weight, input)

    def multiply_pj(self, weight: Format | str, input: Format | str) -> Sourced | None:
        """Return the energy of one multiply in exactly these formats, listed or derived, in pJ.

        None if the profile lists no cost to derive it from. For what the chip executes, pass the
        formats of `Rate`, which may be wider than those of the scheme.
        """
        from accelsim.hardware.op_energy import multiply_pj

        key = ("multiply", str(getattr(weight, "name", weight)), str(getattr(input, "name", input)))
        if key not in self._memo:
            self._memo[key] = multiply_pj(self, weight, input)
        return self._memo[key]

    def add_pj(self, format: Format | str) -> Sourced | None:
        """Return the energy of one addition in a format, listed or derived, in pJ; None without costs."""
        from accelsim.hardware.op_energy import add_pj

        key = ("add", str(getattr(format, "name", format)))
        if key not in self._memo:
            self._memo[key] = add_pj(self, format)
        return self._memo[key]

    def operation_pj(self, op: str, format: Format | str) -> Sourced | None:
        """Return the energy of one scalar operation, in pJ; None without costs.

        Parameters
        ----------
        op : str
            "add", "multiply", "convert", "compare", "divide", "sqrt" or "exp".
        format : Format or str
            The format it works in; for "convert" also "FROM>TO".
        """
        from accelsim.hardware.scalar_energy import operation_pj

        key = ("operation", op, str(getattr(format, "name", format)))
        if key not in self._memo:
            self._memo[key] = operation_pj(self, op, format)
        return self._memo[key]

    def numbers(self) -> Iterator[tuple[str, Sourced]]:
        """Yield every number of the profile as (field path, number), defaults included."""
        for name in (
            "clock_hz", "node_nm", "voltage_v", "tdp_w", "load_w", "area_mm2", "conversions_per_cycle",
            "clock_pj_per_cycle", "leakage_w", "idle_w", "layer_overhead_s", "step_overhead_s",
        ):  # fmt: skip
            if getattr(self, name) is not None:
                yield name, getattr(self, name)
        for fanout in self.fanouts:
            if fanout.link_pj_per_bit is not None:
                yield f"array.{fanout.name}.link_pj_per_bit", fanout.link_pj_per_bit
        for weight, operand, _, number in self.rates:
            yield f"macs_per_pe_cycle.{weight if weight == operand else f'{weight}*{operand}'}", number
        for table in ("multiply", "add", "convert"):
            for key, number in getattr(self, f"{table}_table"):
                yield f"{table}_pj.{key}", number
        for name in ("speedup", "zero_test_pj"):
            if self.sparsity is not None and getattr(self.sparsity, name) is not None:
                yield f"sparsity.{name}", getattr(self.sparsity, name)
        for name in ("overhead", "fixed_multiply_pj"):
            if self.fusible is not None and getattr(self.fusible, name) is not None:
                yield f"fusible.{name}", getattr(self.fusible, name)
        if self.vector is not None:
            yield "vector.lanes", self.vector.lanes
            for op, number in self.vector.ops_pj:
                yield f"vector.ops_pj.{op}", number
        for level in self.levels:
            yield from _level_numbers(level)

    @property
    def derived(self) -> tuple[tuple[str, Sourced], ...]:
        """Numbers of the profile that a law gave (rescaled memories, retargeted nodes), by field path.

        Operation costs are derived when they are asked for; their own status says so.
        """
        return tuple((path, number) for path, number in self.numbers() if number.status == "derived")


def _level_numbers(level: Level) -> Iterator[tuple[str, Sourced]]:
    for name, number in vars(level.timing).items() if level.timing is not None else ():
        if number is not None:
            yield f"levels.{level.name}.{name}", number
    for name, number in level.stated:
        yield f"levels.{level.name}.{name}", number
    for name in ("read_pj_per_bit", "write_pj_per_bit", "leakage_w", "background_w", "area_mm2", "efficiency"):
        number = getattr(level, name)
        if number is not None:
            yield f"levels.{level.name}.{name}", number
