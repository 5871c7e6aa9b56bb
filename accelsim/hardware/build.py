"""Does a profile describe a chip? Cross-checks of the schema's fields, and the `Chip` they make."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from accelsim.documents import Document
from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.build_parts import fusible_unit, memory_timing, needed, sourced, sparse_unit
from accelsim.hardware.chip import Chip, FanOut, Level, Vector
from accelsim.hardware.citations import cited_works
from accelsim.hardware.fusible import fuse
from accelsim.hardware.schema import LevelSpec, ProfileSpec, RateNumber
from accelsim.precision import parse_format
from accelsim.provenance import DEFAULT, Sourced

MAX_PES = 2**24
_NUMBERS = (
    "node_nm",
    "voltage_v",
    "tdp_w",
    "load_w",
    "area_mm2",
    "conversions_per_cycle",
    "clock_pj_per_cycle",
    "leakage_w",
    "idle_w",
)


def build_chip(spec: ProfileSpec, document: Document, remarks: tuple[str, ...], what_if: bool) -> Chip:
    """Return the chip that a profile describes.

    Raises
    ------
    InputError
        Fields contradict each other: a level inside an unknown fan-out, levels not ordered from
        inside to outside, an outermost level that cannot hold everything, an unknown source ...
    """
    works = cited_works(spec, document)
    fanouts = tuple(
        FanOut(
            name,
            fanout.size,
            frozenset(fanout.dims) if fanout.dims is not None else None,
            sourced(fanout.link_pj_per_bit),
        )
        for name, fanout in spec.array.items()
    )
    if prod(fanout.size for fanout in fanouts) > MAX_PES:
        raise InputError(f"the fan-outs must multiply to at most {MAX_PES} PEs.", where=document.where("array"))
    for name in ("macs_per_pe_cycle", "accumulators", "multiply_pj"):
        _check_pairs(name, getattr(spec, name), document)
    levels = _levels(spec, document, fanouts)
    default = Sourced(0.0, DEFAULT, status="assumed", note="none stated")
    named = {name: sourced(getattr(spec, name)) for name in _NUMBERS}
    vector = _vector(spec)
    fields: dict[str, Any] = {
        "name": spec.name,
        "title": spec.title or spec.name,
        "description": spec.description.strip(),
        "source": spec.source,
        "clock_hz": needed(spec.clock_hz),
        "fanouts": fanouts,
        "levels": levels,
        "rates": tuple((*_pair(key), rate.value, _rate_number(rate)) for key, rate in spec.macs_per_pe_cycle.items()),
        "accumulators": tuple((*_pair(key), parse_format(name).name) for key, name in spec.accumulators.items()),
        "multiply_table": tuple(
            ("*".join(dict.fromkeys(_pair(key))), needed(cost)) for key, cost in spec.multiply_pj.items()
        ),
        "add_table": tuple((parse_format(key).name, needed(cost)) for key, cost in spec.add_pj.items()),
        "convert_table": tuple((_conversion(key), needed(cost)) for key, cost in spec.convert_pj.items()),
        "timing": spec.timing,
        "dataflows": spec.dataflows,
        "layer_overhead_s": sourced(spec.layer_overhead_s) or default,
        "step_overhead_s": sourced(spec.step_overhead_s) or default,
        "vector": vector,
        "sparsity": sparse_unit(spec, document),
        "remarks": remarks,
        "what_if": what_if,
        **named,
    }
    chip, unit = Chip(**fields, bibliography=tuple(works.items())), fusible_unit(spec, document)
    return chip if unit is None else fuse(chip, unit)


def _check_pairs(table: str, keys: Iterable[str], document: Document) -> None:
    seen: dict[tuple[str, str], str] = {}
    for key in keys:
        other = seen.setdefault(_pair(key), key)
        if other != key:
            raise InputError(
                f"must give each pair once; {key} and {other} are the same.", where=document.where(table, key)
            )


def _vector(spec: ProfileSpec) -> Vector | None:
    if spec.vector is None:
        return None
    return Vector(needed(spec.vector.lanes), tuple((op, needed(cost)) for op, cost in spec.vector.ops_pj.items()))


def _rate_number(rate: RateNumber) -> Sourced:
    return Sourced(float(rate.value), rate.source, status=rate.status, note=rate.note, also=rate.also)


def _pair(key: str) -> tuple[str, str]:
    names = [parse_format(name).name for name in key.split("*")]
    return names[0], names[-1]


def _conversion(key: str) -> str:
    return ">".join(parse_format(name).name for name in key.split(">"))


# ---------------------------------------------------------------------- levels


def _levels(spec: ProfileSpec, document: Document, fanouts: tuple[FanOut, ...]) -> tuple[Level, ...]:
    depths = {fanout.name: position + 1 for position, fanout in enumerate(fanouts)}
    levels: list[Level] = []
    for position, given in enumerate(spec.levels):
        at = ("levels", position)
        if given.inside is not None and given.inside not in depths:
            hint = did_you_mean(given.inside, depths) or f"; the array has {', '.join(depths) or 'none'}."
            raise InputError(
                f"must name a fan-out of the array; got {given.inside!r}{hint}", where=document.where(*at, "inside")
            )
        depth = depths[given.inside] if given.inside is not None else 0
        if any(level.name == given.name for level in levels):
            raise InputError(
                f"level names must be unique; {given.name} stands twice.", where=document.where(*at, "name")
            )
        if levels and depth > levels[-1].depth:
            raise InputError(
                f"levels must be listed from inside to outside; {given.name} stands inside {given.inside}, "
                f"deeper than {levels[-1].name} before it.",
                where=document.where(*at),
            )
        instances = prod(fanout.size for fanout in fanouts[:depth])
        levels.append(_level(given, document, at, depth, instances, spec.clock_hz.value))
    outermost, last = levels[-1], ("levels", len(levels) - 1)
    if outermost.depth or outermost.holds != "WIO":
        what = f"stands inside {spec.levels[-1].inside}" if outermost.depth else f"holds {outermost.holds} only"
        raise InputError(
            f"the outermost level must stand outside every fan-out and hold W, I and O; {outermost.name} {what}.",
            where=document.where(*last),
        )
    return tuple(levels)


def _level(
    given: LevelSpec, document: Document, at: tuple[str | int, ...], depth: int, instances: int, clock: float
) -> Level:
    for one, other in (
        ("capacity", "capacity_bits"),
        ("read_pj_per_bit", "read_pj_per_access"),
        ("write_pj_per_bit", "write_pj_per_access"),
        ("read_bits_per_cycle", "bandwidth_bytes_per_s"),
        ("write_bits_per_cycle", "bandwidth_bytes_per_s"),
    ):
        if getattr(given, one) is not None and getattr(given, other) is not None:
            raise InputError(f"give either {one} or {other}, not both.", where=document.where(*at, other))
    stated = given.capacity or given.capacity_bits
    if stated is not None and stated.value != int(stated.value):
        raise InputError(
            f"must be a whole number of bits; got {stated.value:g}.", where=document.where(*at, "capacity_bits")
        )
    read_width, write_width, shared = _bandwidth(given, instances, clock)
    structure = (
        "capacity",
        "capacity_bits",
        "access_bits",
        "read_bits_per_cycle",
        "write_bits_per_cycle",
        "bandwidth_bytes_per_s",
    )
    return Level(
        name=given.name,
        depth=depth,
        efficiency=sourced(given.efficiency) or Sourced(1.0, DEFAULT, status="assumed", note="none stated"),
        capacity_bits=int(stated.value) if stated else None,
        holds=given.holds,
        buffering=given.buffering,
        read_bits_per_cycle=read_width,
        write_bits_per_cycle=write_width,
        shared_port=shared,
        read_pj_per_bit=_per_bit(given, "read", document, at),
        write_pj_per_bit=_per_bit(given, "write", document, at),
        background_w=sourced(given.background_w),
        leakage_w=sourced(given.leakage_w),
        access_bits=int(given.access_bits.value) if given.access_bits else None,
        technology=given.technology,
        read_only=given.read_only,
        area_mm2=sourced(given.area_mm2),
        timing=memory_timing(given, document, at),
        stated=tuple((name, needed(getattr(given, name))) for name in structure if getattr(given, name) is not None),
    )


def _bandwidth(given: LevelSpec, instances: int, clock: float) -> tuple[float | None, float | None, bool]:
    """Return bits per cycle of one instance read and written, and whether they share a port.

    bits per cycle = bandwidth in bytes per s * 8 / (clock * instances), shared by both directions.
    """
    if given.bandwidth_bytes_per_s is not None:
        per_instance = given.bandwidth_bytes_per_s.value * 8 / (clock * instances)
        return per_instance, per_instance, True
    read, write = given.read_bits_per_cycle, given.write_bits_per_cycle
    widths = [width.value if width is not None else None for width in (read, write)]
    return widths[0], widths[1], given.shared_port


def _per_bit(given: LevelSpec, side: str, document: Document, at: tuple[str | int, ...]) -> Sourced | None:
    """Return the energy per bit: as stated, or per access divided by the access width."""
    per_access = getattr(given, f"{side}_pj_per_access")
    if per_access is None:
        return sourced(getattr(given, f"{side}_pj_per_bit"))
    if given.access_bits is None:
        where = document.where(*at, f"{side}_pj_per_access")
        raise InputError("a cost per access must come with access_bits, the width of the access.", where=where)
    number, bits = needed(per_access), given.access_bits.value
    note = f"{number.value:g} pJ per {bits:g}-bit access" + (f"; {number.note}" if number.note else "")
    low, high = (end if end is None else end / bits for end in (number.low, number.high))
    return Sourced(number.value / bits, number.source, low, high, number.status, note, number.also)
