"""What may a hardware profile say? Its fields, types, units and limits.

Before this schema sees a profile, `normalize` has written every number that needs a source as a
mapping with its value and source; a number that still has none is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from accelsim.errors import AccelsimError, did_you_mean
from accelsim.hardware.chip import Buffering
from accelsim.precision import parse_format
from accelsim.provenance import Status
from accelsim.units import parse_capacity
from accelsim.vocabulary import DATAFLOWS, DIMS, VECTOR_OPS

NEED_SOURCE = "must name its source; write {value: ..., source: KEY} or give `source: KEY` beside it"


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_tuple(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


Keys = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Number(_Spec):
    """A number with its source, range and status."""

    model_config = ConfigDict(title="sourced number")

    value: float
    source: str | None = None
    low: float | None = None
    high: float | None = None
    status: Status = "seen"
    note: str = ""
    also: Keys = ()


def _as_mapping(given: Any) -> Any:
    return given if isinstance(given, dict) else {"value": given}


def _limits(noun: str, least: float, most: float, positive: bool) -> Callable[[Number], Number]:
    """Return the check that a number, its range included, is ``noun``, within limits and sourced."""

    def check(number: Number) -> Number:
        """Refuse a number outside the limits or without a source."""
        for which, value in (("", number.value), ("low ", number.low), ("high ", number.high)):
            if value is None:
                continue
            if value < least or (positive and value == least):
                bound = f"above {least:g}" if positive else f"of at least {least:g}"
                raise ValueError(f"must be {noun} {bound}; got {which}{value:g}")
            if value > most:
                raise ValueError(f"must be {noun} of at most {most:g}; got {which}{value:g}")
        low, high = number.low, number.high
        if (low is not None and low > number.value) or (high is not None and high < number.value):
            raise ValueError(f"must have low <= value <= high; got {low} <= {number.value:g} <= {high}")
        if not number.source:
            raise ValueError(NEED_SOURCE)
        return number

    return check


def _bits(given: Any) -> Any:
    number = dict(_as_mapping(given))
    if isinstance(number.get("value"), str):
        number["value"] = parse_capacity(number["value"])
    elif isinstance(number.get("value"), int | float):
        raise ValueError(f"must be a capacity with its unit, such as 256 KiB; got {number['value']}")
    return number


def _pair(key: str) -> str:
    for name in key.split("*", 1):
        _check_format(name)
    return key


def _check_format(name: str) -> str:
    try:
        parse_format(name)
    except AccelsimError as error:
        raise ValueError(error.message) from None
    return name


def _conversion(key: str) -> str:
    names = key.split(">")
    if len(names) != 2:
        raise ValueError(f"must be named FROM>TO, such as int8>fp32; got {key!r}")
    for name in names:
        _check_format(name)
    return key


def _one_of(noun: str, known: tuple[str, ...]) -> Callable[[str], str]:
    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"must be {noun} ({', '.join(known)}); got {name!r}{did_you_mean(name, known) or '.'}")
        return name

    return check


def _holds(text: str) -> str:
    if not text or set(text) - set("WIO") or len(set(text)) != len(text):
        raise ValueError(f"must be letters of WIO, each at most once; got {text!r}")
    return "".join(operand for operand in "WIO" if operand in text)


def _rate(given: Any) -> Fraction:
    text = f"must be a count of MACs per cycle above 0 and at most 1000000, such as 4 or 1/2; got {given!r}"
    if isinstance(given, bool) or not isinstance(given, int | float | str) or len(str(given)) > 30:
        raise ValueError(text)
    try:
        rate = Fraction(given).limit_denominator(10_000)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(text) from None
    if not 0 < rate <= 10**6:
        raise ValueError(text)
    return rate


class RateNumber(_Spec):
    """MACs per PE and cycle of one pair of formats."""

    model_config = ConfigDict(title="rate")

    value: Annotated[Any, AfterValidator(_rate)]
    source: str
    status: Status = "seen"
    note: str = ""
    also: Keys = ()


_MAPPING = BeforeValidator(_as_mapping)
Cost = Annotated[Number, _MAPPING, AfterValidator(_limits("a cost in pJ", 0, 1e9, False))]
BitCost = Annotated[Number, _MAPPING, AfterValidator(_limits("a cost in pJ per bit", 0, 1e9, False))]
Watts = Annotated[Number, _MAPPING, AfterValidator(_limits("a power in W", 0, 1e6, False))]
Seconds = Annotated[Number, _MAPPING, AfterValidator(_limits("a time in s", 0, 1e6, False))]
Hertz = Annotated[Number, _MAPPING, AfterValidator(_limits("a clock in Hz", 1, 1e12, False))]
Nanometers = Annotated[Number, _MAPPING, AfterValidator(_limits("a process node in nm", 1, 10_000, False))]
Volts = Annotated[Number, _MAPPING, AfterValidator(_limits("a voltage in V", 0, 100, True))]
Area = Annotated[Number, _MAPPING, AfterValidator(_limits("an area in mm2", 0, 1e6, True))]
Share = Annotated[Number, _MAPPING, AfterValidator(_limits("a share of the peak bandwidth", 0, 1, True))]
BytesPerSecond = Annotated[Number, _MAPPING, AfterValidator(_limits("a bandwidth in bytes per s", 0, 1e18, True))]
PerCycle = Annotated[Number, _MAPPING, AfterValidator(_limits("a count per cycle", 0, 1e12, True))]
Capacity = Annotated[
    Number, BeforeValidator(_bits), AfterValidator(_limits("a capacity in bits", 0, 2.0**60, positive=True))
]
Bits = Annotated[Number, _MAPPING, AfterValidator(_limits("a count of bits", 0, 2.0**60, True))]
Rate = Annotated[RateNumber, _MAPPING]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Pair = Annotated[str, AfterValidator(_pair)]
FormatName = Annotated[str, AfterValidator(_check_format)]
ConversionName = Annotated[str, AfterValidator(_conversion)]
Dim = Annotated[str, AfterValidator(_one_of("a loop dimension", DIMS))]
Dataflow = Annotated[str, AfterValidator(_one_of("a dataflow", DATAFLOWS))]
VectorOp = Annotated[str, AfterValidator(_one_of("a vector operation", VECTOR_OPS))]


class FanOutSpec(_Spec):
    """One spatial fan-out."""

    model_config = ConfigDict(title="fan-out")

    size: int = Field(ge=1, le=2**20)
    dims: tuple[Dim, ...] | None = None
    link_pj_per_bit: BitCost | None = None
    note: str = ""


class LevelSpec(_Spec):
    """One memory level; numbers are those of one instance."""

    model_config = ConfigDict(title="level")

    name: Name
    inside: str | None = None
    capacity: Capacity | None = None
    capacity_bits: Bits | None = None
    holds: Annotated[str, AfterValidator(_holds)] = "WIO"
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
    leakage_w: Watts | None = None
    background_w: Watts | None = None
    area_mm2: Area | None = None
    technology: str | None = None
    read_only: bool = False
    note: str = ""


class VectorSpec(_Spec):
    """The unit for operations that are not multiply-accumulates."""

    model_config = ConfigDict(title="vector unit")

    lanes: PerCycle
    ops_pj: dict[VectorOp, Cost] = {}
    note: str = ""


class ProfileSpec(_Spec):
    """A whole profile."""

    model_config = ConfigDict(title="profile")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: str = ""
    description: str = ""
    extends: str | None = None
    source: str
    node_nm: Nanometers | None = None
    voltage_v: Volts | None = None
    clock_hz: Hertz
    array: dict[Name, FanOutSpec] = {}
    timing: Literal["broadcast", "systolic"] = "broadcast"
    dataflows: tuple[Dataflow, ...] = Field(default=DATAFLOWS[:3], min_length=1)
    macs_per_pe_cycle: dict[Pair, Rate] = Field(min_length=1)
    accumulators: dict[Pair, FormatName] = {}
    multiply_pj: dict[Pair, Cost] = {}
    add_pj: dict[FormatName, Cost] = {}
    convert_pj: dict[ConversionName, Cost] = {}
    vector: VectorSpec | None = None
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
    sources: dict[str, dict[str, Any]] = {}
