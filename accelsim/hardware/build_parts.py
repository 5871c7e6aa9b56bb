"""What do the blocks of a profile on zeros, fusible PEs and memory timing make, and do their fields agree?"""

from __future__ import annotations

from accelsim.documents import Document
from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.fusible import Fusible
from accelsim.hardware.schema import LevelSpec, Number, ProfileSpec, SparsitySpec
from accelsim.hardware.sparse import Coding, SparseUnit
from accelsim.hardware.timing import FIELDS as TIMING
from accelsim.hardware.timing import Timing, timing_of
from accelsim.precision import parse_format
from accelsim.provenance import Sourced


def sourced(number: Number | None) -> Sourced | None:
    """Return a number of a profile with its source; None if it is not given."""
    if number is None:
        return None
    assert number.source is not None
    return Sourced(number.value, number.source, number.low, number.high, number.status, number.note, number.also)


def needed(number: Number) -> Sourced:
    """Return a number that is given."""
    found = sourced(number)
    assert found is not None
    return found


def sparse_unit(spec: ProfileSpec, document: Document) -> SparseUnit | None:
    """Return what a chip does with zeros, None if its profile does not say; InputError if it contradicts itself."""
    given = spec.sparsity
    if given is None:
        return None
    _check_zeros(given, document)
    _check_codings(given, spec, document)
    fields = given.model_dump(exclude={"speedup", "zero_test_pj", "codings", "formats", "patterns"})
    return SparseUnit(
        **fields,
        patterns=given.patterns,
        formats=tuple(parse_format(name).name for name in given.formats),
        speedup=sourced(given.speedup),
        zero_test_pj=sourced(given.zero_test_pj),
        codings=tuple(Coding(one.operands, one.codec, one.down_to) for one in given.codings),
    )


def _check_zeros(given: SparsitySpec, document: Document) -> None:
    """Raise InputError if operands are gated and skipped, or a field depends on one that is not given."""
    both = set(given.gate) & set(given.skip)
    if both:
        raise InputError(
            f"zeros of an operand are gated or skipped, not both; got {', '.join(sorted(both))} in both.",
            where=document.where("sparsity", "gate"),
        )
    if given.patterns and "W" not in given.skip:
        raise InputError("patterns are what skipping of W takes; skip must name W.", where=document.where("sparsity"))
    for name, other in (("speedup", "skip"), ("formats", "skip"), ("gated_reads", "gate")):
        if getattr(given, name) and not getattr(given, other):
            raise InputError(f"{name} must come with {other}, without which it says nothing.",
                             where=document.where("sparsity", name))  # fmt: skip


def _check_codings(given: SparsitySpec, spec: ProfileSpec, document: Document) -> None:
    """Raise InputError if a level is unknown, a codec does not take an operand, or an operand is coded twice."""
    known = {level.name: level.holds for level in spec.levels}
    coded: set[str] = set()
    for place, coding in enumerate(given.codings):
        at = ("sparsity", "codings", place)
        if coding.down_to not in known:
            hint = did_you_mean(coding.down_to, known) or f"; the levels are {', '.join(known)}."
            raise InputError(f"must be a level; got {coding.down_to!r}{hint}", where=document.where(*at, "down_to"))
        if coding.codec == "n:m" and coding.operands != "W":
            raise InputError(f"codec n:m is of W alone; got {coding.operands}.", where=document.where(*at, "operands"))
        if coded & set(coding.operands):
            again = ", ".join(sorted(coded & set(coding.operands)))
            raise InputError(f"an operand must have one coding; {again} has another.",
                             where=document.where(*at, "operands"))  # fmt: skip
        coded |= set(coding.operands)


def fusible_unit(spec: ProfileSpec, document: Document) -> Fusible | None:
    """Return the PEs that fuse bricks, None if there are none; InputError if their widths do not fit each other."""
    given = spec.fusible
    if given is None:
        return None
    bricks, left = divmod(given.bits, given.brick_bits)
    if left or bricks & (bricks - 1):
        raise InputError(
            f"must be bits ({given.bits}) divided by a power of two; got {given.brick_bits}.",
            where=document.where("fusible", "brick_bits"),
        )
    numbers = needed(given.overhead), sourced(given.fixed_multiply_pj)
    unit = Fusible(given.bits, given.brick_bits, *numbers, given.source, given.note)
    if unit.widest not in {parse_format(name).name for name in spec.macs_per_pe_cycle if "*" not in name}:
        raise InputError(
            f"must be the width of an integer that macs_per_pe_cycle lists; {unit.widest} is not among "
            f"{', '.join(spec.macs_per_pe_cycle)}.",
            where=document.where("fusible", "bits"),
        )
    return unit


def memory_timing(given: LevelSpec, document: Document, at: tuple[str | int, ...]) -> Timing | None:
    """Return bursts, rows, refresh and turnaround of a level, checked against each other."""
    numbers = {name: getattr(given, name) for name in TIMING}
    for one, other in (("row_bits", "row_miss_s"), ("refresh_s", "refresh_interval_s")):
        for name, missing in ((one, other), (other, one)):
            if numbers[name] is not None and numbers[missing] is None:
                raise InputError(f"{name} must come with {missing}.", where=document.where(*at, name))
    if numbers["banks"] is not None and numbers["row_bits"] is None:
        raise InputError("banks must come with row_bits and row_miss_s.", where=document.where(*at, "banks"))
    for name in ("burst_bits", "row_bits", "banks"):
        if numbers[name] is not None and numbers[name].value != int(numbers[name].value):
            raise InputError(f"must be a whole number; got {numbers[name].value:g}.", where=document.where(*at, name))
    refresh, interval = numbers["refresh_s"], numbers["refresh_interval_s"]
    if refresh is not None and refresh.value >= interval.value:
        raise InputError(
            f"must be less than refresh_interval_s, {interval.value:g} s; got {refresh.value:g} s.",
            where=document.where(*at, "refresh_s"),
        )
    widths = given.read_bits_per_cycle, given.write_bits_per_cycle, given.bandwidth_bytes_per_s
    if any(number is not None for number in numbers.values()) and not any(width is not None for width in widths):
        name = next(name for name, number in numbers.items() if number is not None)
        raise InputError(f"{name} must come with a bandwidth of the level.", where=document.where(*at, name))
    return timing_of({name: sourced(number) for name, number in numbers.items()})
