"""What does a roofline say? The ceilings of a chip in its formats, and layers below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.explore.reasons import limits_of
from accelsim.hardware.chip import Chip
from accelsim.layout import percent
from accelsim.report.facts.common import levels_of, model_of, repeated, setting
from accelsim.simulation.demand import READING, WRITING
from accelsim.simulation.result import Result


@dataclass(frozen=True)
class Point:
    """One layer on a roofline: MACs per byte of outermost traffic, MACs per s, and share of all the time."""

    name: str
    macs_per_byte: float
    macs_per_s: float
    share: float
    bound_by: str
    scheme: str = ""


@dataclass(frozen=True)
class Ceiling:
    """A peak rate: MACs per s of all PEs, and the formats that have it ("fp16, bf16")."""

    formats: str
    macs_per_s: float


@dataclass(frozen=True)
class Roofline:
    """The ceilings of a chip and the layers below them.

    Parameters
    ----------
    title : str
        The finding.
    peak_macs_per_s : float
        In the formats that most MACs of the first result use.
    bytes_per_s : float or None
        None where the outermost memory never limits.
    points : tuple of Point
    ceilings : tuple of Ceiling
        Of all formats that the chip lists, the highest first.
    levels : tuple of str
        The chip's memories, outermost first; some of them bound layers.
    note : str
    """

    title: str
    peak_macs_per_s: float
    bytes_per_s: float | None
    points: tuple[Point, ...]
    ceilings: tuple[Ceiling, ...] = ()
    levels: tuple[str, ...] = ()
    note: str = ""


def roofline(*results: Result) -> Roofline:
    """Return every layer with multiply-accumulates as a point under the chip's ceilings.

    Parameters
    ----------
    results : Result
        One, or several of one chip: the same model in several schemes. The title is of all layers of the first.

    Raises
    ------
    InputError
        They are of several chips, or nothing in them multiplies.
    """
    first = results[0]
    chip, clock = first.chip, first.chip.clock_hz.value
    if any(one.chip != chip for one in results):
        raise InputError("a roofline is of one chip; draw one for each.")
    bits = chip.outermost.read_bits_per_cycle
    bandwidth = None if bits is None else bits * chip.outermost.efficiency.value * clock / 8
    points = tuple(point for one in results for point in _points(one))
    if not points:
        raise InputError(f"{model_of(first)} has no layer with multiply-accumulates; there is nothing to draw.")
    name = chip.outermost.name
    limited = dict(limits_of(first)).get(name, 0.0)
    finding = (
        f"layers bound by {name} take {percent(limited, 1)} of the time" if limited else f"no layer is bound by {name}"
    )
    title = f"{model_of(first)} in {first.scheme.name} on {chip.name}: {finding}"
    return Roofline(
        title,
        first.peak_macs_per_cycle * clock,
        bandwidth,
        points,
        ceilings(chip),
        levels_of(chip),
        setting(first) + _roof_words(results),
    )


def _points(result: Result) -> list[Point]:
    name, clock = result.chip.outermost.name, result.chip.clock_hz.value
    found = []
    for one in result.layers:
        if not (one.layer.macs and one.cycles):
            continue
        traffic = one.bits_of(name, *READING, *WRITING) / 8
        rate = one.layer.macs / one.cycles * clock
        share = one.cycles * one.layer.repeat / result.cycles
        intensity = one.layer.macs / traffic if traffic else float("inf")
        found.append(Point(repeated(one), intensity, rate, share, one.bound_by, result.scheme.name))
    return found


def ceilings(chip: Chip) -> tuple[Ceiling, ...]:
    """Return the peak rate of every pair of formats that a chip lists, equal ones together, the highest first."""
    rates: dict[float, list[str]] = {}
    for weight, operand, value, _ in chip.rates:
        pair = weight if weight == operand else f"{weight} x {operand}"
        rates.setdefault(float(value) * chip.pes * chip.clock_hz.value, []).append(pair)
    return tuple(Ceiling(", ".join(names), rate) for rate, names in sorted(rates.items(), reverse=True))


def _roof_words(results: Sequence[Result]) -> str:
    share = results[0].chip.outermost.efficiency.value
    return "" if share == 1 else f" The slope is {percent(share, 1)} of the peak bandwidth, what is achievable."
