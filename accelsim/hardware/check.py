"""What do a profile's numbers imply, and what looks odd? Facts first, then remarks with their reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import yaml

from accelsim.hardware import sram
from accelsim.hardware.chip import Chip, Level
from accelsim.hardware.rates import accumulator, as_format
from accelsim.library import packaged
from accelsim.units import capacity, engineering, ratio

WORD_BITS = 32


@dataclass(frozen=True)
class FormatFacts:
    """What the chip does in one pair of formats.

    ``mac_pj`` is a multiply and its accumulation; ``macs_per_byte`` the balance point: the MACs per
    byte of outermost traffic above which compute, not bandwidth, limits.
    """

    pair: str
    peak_macs_per_s: float
    macs_per_cycle: float
    mac_pj: float | None
    mac_derived: bool
    macs_per_byte: float | None


@dataclass(frozen=True)
class LevelFacts:
    """What one level of the chip amounts to; bandwidths are of all its instances together."""

    name: str
    instances: int
    total_capacity_bits: int | None
    read_bytes_per_cycle: float | None
    read_bytes_per_s: float | None
    read_pj_per_word: float | None


@dataclass(frozen=True)
class ProfileFacts:
    """Everything that a profile's numbers imply.

    Parameters
    ----------
    energy_ratios : tuple of (name, ratio)
        Energy of reading a 32-bit word from each level, outermost first, and of one MAC in the
        widest listed float (else integer) format, all relative to that MAC; empty without costs.
    remarks : tuple of str
        What looks odd, one sentence each, with the reason.
    """

    name: str
    pes: int
    clock_hz: float
    formats: tuple[FormatFacts, ...]
    levels: tuple[LevelFacts, ...]
    energy_ratios: tuple[tuple[str, float], ...]
    remarks: tuple[str, ...]


def facts(chip: Chip) -> ProfileFacts:
    """Return what a profile implies and what looks odd in it."""
    formats = tuple(_format_facts(chip, weight, operand) for weight, operand, _, _ in chip.rates)
    levels = tuple(_level_facts(chip, level) for level in chip.levels)
    remarks = (*chip.remarks, *_odd_costs(chip, formats), *_odd_levels(chip), *_odd_speed(chip, formats))
    return ProfileFacts(
        chip.name, chip.pes, chip.clock_hz.value, formats, levels, _energy_ratios(formats, levels), tuple(remarks)
    )


def _format_facts(chip: Chip, weight: str, operand: str) -> FormatFacts:
    rate = chip.macs_per_pe_cycle(weight, operand)
    per_cycle = float(rate.value) * chip.pes
    multiply, add = chip.multiply_pj(weight, operand), chip.add_pj(accumulator(chip, weight, operand))
    bandwidth = _level_facts(chip, chip.outermost).read_bytes_per_s
    peak = per_cycle * chip.clock_hz.value
    return FormatFacts(
        pair=weight if weight == operand else f"{weight}*{operand}",
        peak_macs_per_s=peak,
        macs_per_cycle=per_cycle,
        mac_pj=multiply.value + add.value if multiply and add else None,
        mac_derived=any(cost is not None and cost.status == "derived" for cost in (multiply, add)),
        macs_per_byte=peak / bandwidth if bandwidth else None,
    )


def _level_facts(chip: Chip, level: Level) -> LevelFacts:
    instances = chip.instances(level.name)
    width = level.read_bits_per_cycle
    per_cycle = None if width is None else width * level.share * instances / 8
    return LevelFacts(
        name=level.name,
        instances=instances,
        total_capacity_bits=None if level.capacity_bits is None else level.capacity_bits * instances,
        read_bytes_per_cycle=per_cycle,
        read_bytes_per_s=None if per_cycle is None else per_cycle * chip.clock_hz.value,
        read_pj_per_word=None if level.read_pj_per_bit is None else level.read_pj_per_bit.value * WORD_BITS,
    )


def _energy_ratios(formats: tuple[FormatFacts, ...], levels: tuple[LevelFacts, ...]) -> tuple[tuple[str, float], ...]:
    def width(item: FormatFacts) -> tuple[bool, int]:
        fmt = as_format(item.pair.split("*")[0])
        return fmt.kind == "float", fmt.bits

    costed = [item for item in formats if item.mac_pj and "*" not in item.pair]
    if not costed:
        return ()
    reference = max(costed, key=width)
    assert reference.mac_pj is not None
    reads = [
        (f"{level.name} read (32 bits)", level.read_pj_per_word / reference.mac_pj)
        for level in reversed(levels)
        if level.read_pj_per_word is not None
    ]
    return (*reads, (f"{reference.pair} MAC", 1.0))


# ---------------------------------------------------------------------- what looks odd


@cache
def _plausible() -> dict[str, Any]:
    text = packaged("hardware/data/plausible.yaml")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded


def _outside(what: str, value: float | None, key: str, unit: str) -> Iterator[str]:
    limits = _plausible()[key]
    if value is not None and not limits["low"] <= value <= limits["high"]:
        side = "low" if value < limits["low"] else "high"
        yield f"{what} looks {side}: {value:.4g} {unit}; {limits['why']}."


def _odd_costs(chip: Chip, formats: tuple[FormatFacts, ...]) -> Iterator[str]:
    if not chip.has_costs:
        yield "no cost of a multiply is listed, so energy is unknown (null); time and traffic still work."
        return
    listed = dict(chip.multiply_table)
    for name in ("int8", "fp32"):
        if name in listed:
            yield from _outside(f"multiply_pj.{name}", listed[name].value, f"{name}_multiply_pj", "pJ")
    for kind in ("integer", "float"):
        same = sorted(
            (as_format(item.pair).bits, item.mac_pj, item.pair)
            for item in formats
            if "*" not in item.pair and item.mac_pj and (as_format(item.pair).kind == "float") == (kind == "float")
        )
        for (bits_a, cost_a, a), (bits_b, cost_b, b) in pairwise(same):
            if bits_a < bits_b and cost_a > cost_b:
                yield f"a {a} MAC costs more than the wider {b} MAC ({cost_a:.3g} against {cost_b:.3g} pJ)."
    if chip.tdp_w is not None:
        for item in formats:
            power = None if item.mac_pj is None else item.mac_pj * 1e-12 * item.peak_macs_per_s
            tdp = chip.tdp_w.value
            if power is not None and power > tdp:
                yield f"the {item.pair} MACs alone would draw {power:.3g} W at peak, above the TDP of {tdp:g} W."


def _odd_levels(chip: Chip) -> Iterator[str]:
    node = chip.node_nm.value if chip.node_nm else None
    for level in chip.levels:
        technology = str(level.technology or "")
        cost = level.read_pj_per_bit
        if chip.has_costs and cost is None:
            yield f"levels.{level.name} has no read cost, so its energy counts as unknown."
        if cost is not None and technology.startswith("dram"):
            yield from _outside(f"levels.{level.name}.read_pj_per_bit", cost.value, "dram_pj_per_bit", "pJ/bit")
        if cost is not None and technology == "sram" and level.capacity_bits:
            width = level.access_bits or 64
            table = sram.lookup("read_pj", level.capacity_bits, width, node) / width
            yield from _outside(
                f"levels.{level.name}.read_pj_per_bit", cost.value / table, "sram_over_table", "times the table"
            )
    for inner, outer in pairwise(chip.levels):
        costs = inner.read_pj_per_bit, outer.read_pj_per_bit
        if set(inner.holds) & set(outer.holds) and all(costs) and costs[0].value > costs[1].value:  # type: ignore[union-attr]
            yield f"a bit costs more in {inner.name} than in {outer.name} outside it."
        sizes = [_level_facts(chip, level).total_capacity_bits for level in (inner, outer)]
        if (
            sizes[0] is not None
            and sizes[1] is not None
            and sizes[0] > sizes[1]
            and set(inner.holds) <= set(outer.holds)
        ):
            inside, outside = (
                f"{level.name} ({capacity(size)})" for level, size in ((inner, sizes[0]), (outer, sizes[1]))
            )
            yield f"{inside} is larger, all instances together, than {outside} outside it."


def _odd_speed(chip: Chip, formats: tuple[FormatFacts, ...]) -> Iterator[str]:
    yield from _outside("clock_hz", chip.clock_hz.value, "clock_hz", "Hz")
    if formats:
        fastest = max(formats, key=lambda item: item.peak_macs_per_s)
        yield from _outside(
            "the balance point", fastest.macs_per_byte, "macs_per_dram_byte", f"{fastest.pair} MACs per byte"
        )
    squares = sorted(
        (as_format(item.pair).kind, as_format(item.pair).bits, item.macs_per_cycle, item.pair)
        for item in formats
        if "*" not in item.pair
    )
    for (kind_a, bits_a, rate_a, a), (kind_b, bits_b, rate_b, b) in pairwise(squares):
        if kind_a == kind_b and bits_a < bits_b and rate_a < rate_b:
            yield f"{a} runs slower than the wider {b}."
    for inner, outer in pairwise(chip.levels):
        rates = [_level_facts(chip, level).read_bytes_per_cycle for level in (inner, outer)]
        if rates[0] is not None and rates[1] is not None and rates[0] < rates[1] and inner.holds == outer.holds:
            slow, fast = f"{inner.name} reads {rates[0]:.4g} bytes", f"{outer.name} outside it ({rates[1]:.4g})"
            yield f"{slow} per cycle, less than {fast}."


# ---------------------------------------------------------------------- as text


def _dense_or_sparse(chip: Chip, item: FormatFacts) -> str:
    """What a peak rate is of, where the chip skips zeros: MACs that are all done."""
    unit = chip.sparsity
    if unit is None or not unit.skip or (unit.formats and item.pair.split("*")[0] not in unit.formats):
        return ""
    what = "weights" if unit.skip == "W" else "inputs" if unit.skip == "I" else "weights and inputs"
    kinds = " or ".join(map(str, unit.patterns)) or "zeros anywhere in"
    most = (
        "" if unit.speedup is None else f", at most {engineering(item.peak_macs_per_s * unit.speedup.value, 'MACs/s')}"
    )
    return f" dense{most} with {kinds} {what}"


def lines(chip: Chip) -> list[str]:
    """Return the facts as text, one line each, remarks last."""
    known = facts(chip)
    text = [f"{known.name}: {chip.title}", f"  {known.pes} PEs at {engineering(known.clock_hz, 'Hz')}, {chip.timing}"]
    for item in known.formats:
        cost = (
            "energy unknown"
            if item.mac_pj is None
            else f"{item.mac_pj:.3g} pJ per MAC{' (derived)' if item.mac_derived else ''}"
        )
        balance = (
            ""
            if item.macs_per_byte is None
            else f", balance at {item.macs_per_byte:.4g} MACs per {chip.outermost.name} byte"
        )
        peak = f"{engineering(item.peak_macs_per_s, 'MACs/s')}{_dense_or_sparse(chip, item)}"
        text.append(f"  {item.pair}: {peak}, {cost}{balance}")
    for level in known.levels:
        size = "unbounded" if level.total_capacity_bits is None else f"{capacity(level.total_capacity_bits)} in all"
        speed = "unlimited" if level.read_bytes_per_cycle is None else (
            f"{level.read_bytes_per_cycle:.4g} B per cycle ({engineering(level.read_bytes_per_s, 'B/s')})"
        )  # fmt: skip
        text.append(f"  {level.name}: {level.instances} x, {size}, reads {speed}")
    if known.energy_ratios:
        text.append("  energy " + " : ".join(f"{name} {ratio(value)}" for name, value in known.energy_ratios))
    text.extend(f"  odd: {remark}" for remark in known.remarks)
    return text
