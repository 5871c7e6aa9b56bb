"""Which kinds of value do the fields of a profile hold: numbers with a source, formats, names?

Before these see a profile, `normalize` has written every number that needs a source as a mapping
with its value and source; a number that still has none is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from accelsim.errors import AccelsimError, did_you_mean
from accelsim.precision import parse_format
from accelsim.precision.sparse import CODECS, Pattern, parse_pattern
from accelsim.provenance import Status
from accelsim.units import parse_capacity
from accelsim.vocabulary import DATAFLOWS, DIMS, VECTOR_OPS

NEED_SOURCE = "must name its source; write {value: ..., source: KEY} or give `source: KEY` beside it"


class Spec(BaseModel):
    """Base of all: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _as_tuple(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


Keys = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Number(Spec):
    """A number with its source, range and status.

    Fields
    ------
    value: the number itself
    source: key of the shared bibliography or of `sources`; may stand beside the number instead
    low: low end of the published range
    high: its high end
    status: how well it is known
    note: why it is so, shown with `--cite`
    also: keys of further works that say the same
    """

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


@dataclass(frozen=True)
class Limits:
    """Check that a number, its range included, is ``noun``, within limits and sourced."""

    noun: str
    least: float
    most: float
    positive: bool
    """Whether the least itself is refused."""

    def __call__(self, number: Number) -> Number:
        """Refuse a number outside the limits or without a source."""
        for which, value in (("", number.value), ("low ", number.low), ("high ", number.high)):
            if value is None:
                continue
            if value < self.least or (self.positive and value == self.least):
                bound = f"above {self.least:g}" if self.positive else f"of at least {self.least:g}"
                raise ValueError(f"must be {self.noun} {bound}; got {which}{value:g}")
            if value > self.most:
                raise ValueError(f"must be {self.noun} of at most {self.most:g}; got {which}{value:g}")
        low, high = number.low, number.high
        if (low is not None and low > number.value) or (high is not None and high < number.value):
            given = " <= ".join(f"{end:g}" for end in (low, number.value, high) if end is not None)
            raise ValueError(f"must have low <= value <= high; got {given}")
        if not number.source:
            raise ValueError(NEED_SOURCE)
        return number


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


@dataclass(frozen=True)
class OneOf:
    """Check that a name is one of those known."""

    noun: str
    known: tuple[str, ...]

    def __call__(self, name: str) -> str:
        """Refuse another name, with the nearest."""
        if name not in self.known:
            hint = did_you_mean(name, self.known) or "."
            raise ValueError(f"must be {self.noun} ({', '.join(self.known)}); got {name!r}{hint}")
        return name


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


def _pattern(given: Any) -> Pattern:
    try:
        return parse_pattern(given)
    except AccelsimError as error:
        raise ValueError(error.message) from None


def _operands(text: str) -> str:
    if set(text) - set("WI") or len(set(text)) != len(text):
        raise ValueError(f"must be letters of WI, each at most once; got {text!r}")
    return text


class RateNumber(Spec):
    """MACs per PE and cycle of one pair of formats.

    Fields
    ------
    value: MACs of one PE in one cycle
    source: key of a work; may stand beside the number instead
    status: how well it is known
    note: why it is so
    also: keys of further works that say the same
    """

    model_config = ConfigDict(title="rate")

    value: Annotated[Any, AfterValidator(_rate)]
    source: str
    status: Status = "seen"
    note: str = ""
    also: Keys = ()


_MAPPING = BeforeValidator(_as_mapping)
Cost = Annotated[Number, _MAPPING, AfterValidator(Limits("a cost in pJ", 0, 1e9, False))]
BitCost = Annotated[Number, _MAPPING, AfterValidator(Limits("a cost in pJ per bit", 0, 1e9, False))]
Watts = Annotated[Number, _MAPPING, AfterValidator(Limits("a power in W", 0, 1e6, False))]
Seconds = Annotated[Number, _MAPPING, AfterValidator(Limits("a time in s", 0, 1e6, False))]
Hertz = Annotated[Number, _MAPPING, AfterValidator(Limits("a clock in Hz", 1, 1e12, False))]
Nanometers = Annotated[Number, _MAPPING, AfterValidator(Limits("a process node in nm", 1, 10_000, False))]
Volts = Annotated[Number, _MAPPING, AfterValidator(Limits("a voltage in V", 0, 100, True))]
Area = Annotated[Number, _MAPPING, AfterValidator(Limits("an area in mm2", 0, 1e6, True))]
Share = Annotated[Number, _MAPPING, AfterValidator(Limits("a share of the peak bandwidth", 0, 1, True))]
BytesPerSecond = Annotated[Number, _MAPPING, AfterValidator(Limits("a bandwidth in bytes per s", 0, 1e18, True))]
Gain = Annotated[Number, _MAPPING, AfterValidator(Limits("a gain over the dense rate", 1, 1e6, False))]
Overhead = Annotated[Number, _MAPPING, AfterValidator(Limits("an energy relative to a fixed width", 1, 1e3, False))]
PerCycle = Annotated[Number, _MAPPING, AfterValidator(Limits("a count per cycle", 0, 1e12, True))]
Capacity = Annotated[Number, BeforeValidator(_bits), AfterValidator(Limits("a capacity in bits", 0, 2.0**60, True))]
Bits = Annotated[Number, _MAPPING, AfterValidator(Limits("a count of bits", 0, 2.0**60, True))]
Rate = Annotated[RateNumber, _MAPPING]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Pair = Annotated[str, AfterValidator(_pair)]
FormatName = Annotated[str, AfterValidator(_check_format)]
ConversionName = Annotated[str, AfterValidator(_conversion)]
Dim = Annotated[str, AfterValidator(OneOf("a loop dimension", DIMS))]
Dataflow = Annotated[str, AfterValidator(OneOf("a dataflow", DATAFLOWS))]
VectorOp = Annotated[str, AfterValidator(OneOf("a vector operation", VECTOR_OPS))]
Holds = Annotated[str, AfterValidator(_holds)]
Operands = Annotated[str, AfterValidator(_operands)]
Codec = Annotated[str, AfterValidator(OneOf("a codec", tuple(CODECS)))]
NofM = Annotated[Any, AfterValidator(_pattern)]
