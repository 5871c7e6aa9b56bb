"""What may a hardware profile say? Its fields, types, units and limits; `fields` has the kinds of value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from accelsim.hardware.chip import Buffering
from accelsim.hardware.fields import (
    Area,
    BitCost,
    Bits,
    BytesPerSecond,
    Capacity,
    Codec,
    ConversionName,
    Cost,
    Dataflow,
    Dim,
    FormatName,
    Gain,
    Hertz,
    Holds,
    Name,
    Nanometers,
    NofM,
    Number,
    Operands,
    Overhead,
    Pair,
    PerCycle,
    Rate,
    RateNumber,
    Seconds,
    Share,
    Spec,
    VectorOp,
    Volts,
    Watts,
)
from accelsim.vocabulary import DATAFLOWS

__all__ = [
    "CodingSpec", "FanOutSpec", "FusibleSpec", "LevelSpec", "Number", "ProfileSpec", "RateNumber", "SparsitySpec",
    "VectorSpec",
]  # fmt: skip


class FanOutSpec(Spec):
    """One spatial fan-out.

    Fields
    ------
    size: instances of what is inside it
    dims: loop dimensions that may run across it; any if absent
    link_pj_per_bit: energy to bring a bit to one instance
    note: a remark
    """

    model_config = ConfigDict(title="fan-out")

    size: int = Field(ge=1, le=2**20)
    dims: tuple[Dim, ...] | None = None
    link_pj_per_bit: BitCost | None = None
    note: str = ""


class LevelSpec(Spec):
    """One memory level; numbers are those of one instance.

    Fields
    ------
    name: its name in mappings, results and `--set levels.NAME...`
    inside: fan-out with one instance of this memory in each of its own; one for the whole chip if absent
    capacity: its size; unbounded if absent
    capacity_bits: the same as a count of bits
    holds: operands that it may hold
    buffering: whether the next tile is on its way while the MACs work (`single`: no; `double`: into a second copy;
        `ideal`: by itself)
    read_pj_per_bit, write_pj_per_bit: energy of a bit read, or written
    read_pj_per_access, write_pj_per_access: energy of an access of `access_bits`, in place of that of a bit
    access_bits: width of the access that the costs are stated for
    read_bits_per_cycle, write_bits_per_cycle: width of the ports; they never limit if absent
    bandwidth_bytes_per_s: of reads and writes together, in place of bits per cycle
    shared_port: whether reads and writes share one port
    efficiency: share of the bandwidth that is reached; 1 if absent
    burst_bits: a tile moves whole bursts of so many bits
    row_bits: bits of an open row of DRAM
    row_miss_s: time to open a row, paid by the first row of every tile
    banks: rows that may open while one transfers; 1 if absent
    refresh_s: time of a refresh
    refresh_interval_s: time from one refresh to the next
    turnaround_s: time from reads to a write and back, for every tile that is written
    leakage_w: power of one instance while the chip is on
    background_w: power of a DRAM beside its accesses
    area_mm2: area of one instance
    technology: `sram`: costs follow when its capacity is changed; else a word such as `regfile` or `dram-ddr3`
    read_only: whether it is a flash that holds parameters only
    note: a remark
    """

    model_config = ConfigDict(title="level")

    name: Name
    inside: str | None = None
    capacity: Capacity | None = None
    capacity_bits: Bits | None = None
    holds: Holds = "WIO"
    buffering: Buffering = "single"
    read_pj_per_bit: BitCost | None = None
    write_pj_per_bit: BitCost | None = None
    read_pj_per_access: Cost | None = None
    write_pj_per_access: Cost | None = None
    access_bits: Bits | None = None
    read_bits_per_cycle: PerCycle | None = None
    write_bits_per_cycle: PerCycle | None = None
    bandwidth_bytes_per_s: BytesPerSecond | None = None
    shared_port: bool = False
    efficiency: Share | None = None
    burst_bits: Bits | None = None
    row_bits: Bits | None = None
    row_miss_s: Seconds | None = None
    banks: PerCycle | None = None
    refresh_s: Seconds | None = None
    refresh_interval_s: Seconds | None = None
    turnaround_s: Seconds | None = None
    leakage_w: Watts | None = None
    background_w: Watts | None = None
    area_mm2: Area | None = None
    technology: str | None = None
    read_only: bool = False
    note: str = ""


class VectorSpec(Spec):
    """The unit for operations that are not multiply-accumulates.

    Fields
    ------
    lanes: scalar operations per cycle of the whole chip
    ops_pj: energy of an operation; one that is not listed follows from the adds and multiplies
    note: a remark
    """

    model_config = ConfigDict(title="vector unit")

    lanes: PerCycle
    ops_pj: dict[VectorOp, Cost] = Field(default_factory=dict)
    note: str = ""


class CodingSpec(Spec):
    """Where operands are stored without their zeros.

    Fields
    ------
    operands: operands that are stored coded
    codec: how words without zeros are stored
    down_to: innermost level that holds them coded
    """

    model_config = ConfigDict(title="coding")

    operands: Holds
    codec: Codec
    down_to: str


class SparsitySpec(Spec):
    """What the chip does with zeros; see docs/sparsity.md.

    Fields
    ------
    gate: operands whose zeros stop a MAC but take its cycle
    gated_reads: operands that a gated MAC does not read
    skip: operands whose zeros take neither cycle nor energy
    patterns: N:M patterns that skipping of weights takes; zeros anywhere if absent
    formats: weight formats of the multipliers that skip; all if absent
    speedup: most that skipping gains over the dense rate; no limit if absent
    zero_test_pj: energy to find a zero, per MAC that takes time
    codings: what is stored without its zeros, and where
    source: key of the work that all of this rests on
    note: a remark
    """

    model_config = ConfigDict(title="sparsity")

    gate: Operands = ""
    gated_reads: Operands = ""
    skip: Operands = ""
    patterns: tuple[NofM, ...] = ()
    formats: tuple[FormatName, ...] = ()
    speedup: Gain | None = None
    zero_test_pj: Cost | None = None
    codings: tuple[CodingSpec, ...] = ()
    source: str
    note: str = ""


class FusibleSpec(Spec):
    """PEs that fuse bit-bricks; see accelsim/hardware/fusible.py for the laws.

    Fields
    ------
    bits: width of the widest multiply of one cycle; `macs_per_pe_cycle` lists the integer of this width
    brick_bits: width of a brick; `bits` is this times a power of two
    overhead: energy of a cycle relative to a multiplier of fixed width
    fixed_multiply_pj: energy of a multiply in that multiplier; no costs follow if absent
    source: key of the work that all of this rests on
    note: a remark
    """

    model_config = ConfigDict(title="fusible PE")

    bits: int = Field(ge=2, le=32)
    brick_bits: int = Field(ge=2, le=16)
    overhead: Overhead
    fixed_multiply_pj: Cost | None = None
    source: str
    note: str = ""


class ProfileSpec(Spec):
    """A whole profile.

    Fields
    ------
    name: name of the chip
    title: one line for people
    description: what it is, and what it does not claim
    extends: profile to start from; this one says what differs
    source: key of the work that covers plain sizes, clock and bandwidths
    node_nm: process node
    voltage_v: supply voltage
    clock_hz: clock
    array: spatial fan-outs by name, outermost first; the product of their sizes is the number of PEs
    timing: whether operands reach all PEs at once or pass from PE to PE ([systolic](systolic.md))
    dataflows: dataflows that the heuristic mapping may take, the first by default
    macs_per_pe_cycle: MACs of one PE in one cycle by format, or by `weights*inputs`
    accumulators: format of partial sums; int32 of integers, fp32 of floats if absent
    multiply_pj: energy of a multiply by format or pair; others are derived by stated laws
    add_pj: energy of an add by format
    convert_pj: energy of a conversion; one add in the float format if absent
    fusible: PEs of bit-bricks, whose rates and costs of narrow integers follow from the widest; fixed widths if absent
    vector: unit for operations that are not MACs
    sparsity: what the chip does with zeros; nothing if absent
    conversions_per_cycle: rate of the converters of the whole chip; they keep up with the array if absent
    levels: memories, innermost first; the last stands once and holds W, I and O
    clock_pj_per_cycle: energy of the clock and all else that every cycle costs
    leakage_w: leakage of everything but the levels that state their own
    idle_w: power while nothing runs; where no other power is stated, also drawn while it works
    tdp_w: power that the chip must not exceed for long
    load_w: power measured while it works
    area_mm2: area of the chip
    layer_overhead_s: fixed time of a layer
    step_overhead_s: fixed time of a pass
    sources: works that are not in the shared bibliography, by key
    """

    model_config = ConfigDict(title="profile")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: str = ""
    description: str = ""
    extends: str | None = None
    source: str
    node_nm: Nanometers | None = None
    voltage_v: Volts | None = None
    clock_hz: Hertz
    array: dict[Name, FanOutSpec] = Field(default_factory=dict)
    timing: Literal["broadcast", "systolic"] = "broadcast"
    dataflows: tuple[Dataflow, ...] = Field(default=DATAFLOWS[:3], min_length=1)
    macs_per_pe_cycle: dict[Pair, Rate] = Field(min_length=1)
    accumulators: dict[Pair, FormatName] = Field(default_factory=dict)
    multiply_pj: dict[Pair, Cost] = Field(default_factory=dict)
    add_pj: dict[FormatName, Cost] = Field(default_factory=dict)
    convert_pj: dict[ConversionName, Cost] = Field(default_factory=dict)
    fusible: FusibleSpec | None = None
    vector: VectorSpec | None = None
    sparsity: SparsitySpec | None = None
    conversions_per_cycle: PerCycle | None = None
    levels: tuple[LevelSpec, ...] = Field(min_length=1)
    clock_pj_per_cycle: Cost | None = None
    leakage_w: Watts | None = None
    idle_w: Watts | None = None
    tdp_w: Watts | None = None
    load_w: Watts | None = None
    area_mm2: Area | None = None
    layer_overhead_s: Seconds | None = None
    step_overhead_s: Seconds | None = None
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)
