"""What do fewer bits bring? Energy, time and traffic against bits, for weights alone and for both operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.report.facts.common import cost_works, model_of, scaled, setting
from accelsim.simulation.result import Result
from accelsim.units import ratio

BITS = (2, 3, 4, 5, 6, 8, 16)
FAMILIES: Mapping[str, Callable[[int], str]] = {
    "weight-only": lambda bits: "fp16" if bits == 16 else f"w{bits}a16",
    "native": lambda bits: "fp16" if bits == 16 else f"w{bits}a{bits}",
}
"""The scheme of a width: weights alone stored low and multiplied in fp16, or both multiplied as stored."""

QUANTITIES = (("energy", "energy_pj", "pJ"), ("time", "latency_s", "s"), ("DRAM traffic", "dram_bits", "B"))


@dataclass(frozen=True)
class Panel:
    """One quantity over bits: its values by family, in ``unit``, in the order of `Curves.bits`; None where unknown."""

    quantity: str
    unit: str
    values: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Curves:
    """Quantities over the bits of a number.

    Parameters
    ----------
    title : str
        The finding.
    bits : tuple of int
    schemes : dict of family to tuple of str
        The scheme of each point; "" where the chip does not run it.
    panels : tuple of Panel
        Energy, time and DRAM traffic; without energy where it is unknown.
    left_out : tuple of str
        Schemes that the chip does not run.
    widened : tuple of str
        Schemes that it multiplies in wider formats than asked for.
    note : str
    """

    title: str
    bits: tuple[int, ...]
    schemes: Mapping[str, tuple[str, ...]]
    panels: tuple[Panel, ...]
    left_out: tuple[str, ...] = ()
    widened: tuple[str, ...] = ()
    note: str = ""


def bit_schemes(bits: Sequence[int] = BITS) -> tuple[str, ...]:
    """Return the schemes that the curves need, each once."""
    return tuple(dict.fromkeys(scheme(width) for width in sorted(bits) for scheme in FAMILIES.values()))


def bit_curves(results: Mapping[str, Result], bits: Sequence[int] = BITS) -> Curves:
    """Return energy, time and traffic over bits.

    Parameters
    ----------
    results : dict of scheme name to Result
        Of `bit_schemes`; one that is missing is left out and listed.
    bits : sequence of int

    Raises
    ------
    InputError
        There is no result.
    """
    if not results:
        raise InputError("curves over bits need at least one scheme that the chip runs; it runs none of them.")
    widths = tuple(sorted(bits))
    schemes = {
        family: tuple(name if (name := scheme(width)) in results else "" for width in widths)
        for family, scheme in FAMILIES.items()
    }
    known = all(result.energy_pj is not None for result in results.values())
    panels = tuple(
        _panel(quantity, metric, unit, schemes, results)
        for quantity, metric, unit in QUANTITIES if known or metric != "energy_pj"
    )  # fmt: skip
    first = next(iter(results.values()))
    missing = tuple(name for name in bit_schemes(widths) if name not in results)
    note = f"{setting(first)} {cost_works(list(results.values()))}"
    return Curves(_title(first, widths, panels), widths, schemes, panels, missing, _widened(results), note)


def _panel(
    quantity: str, metric: str, unit: str, schemes: Mapping[str, tuple[str, ...]], results: Mapping[str, Result]
) -> Panel:
    amounts = {
        family: [None if not name else getattr(results[name], metric) for name in names]
        for family, names in schemes.items()
    }
    per = 8 if unit == "B" else 1
    largest = max(value for values in amounts.values() for value in values if value is not None) / per
    shown, factor = scaled(largest, unit)
    return Panel(
        quantity,
        shown,
        {
            family: tuple(None if one is None else one / per * factor for one in values)
            for family, values in amounts.items()
        },
    )


def _title(first: Result, bits: Sequence[int], panels: Sequence[Panel]) -> str:
    """From the widest to the narrowest width that both families have: how many times less of the first quantity."""
    head, panel = f"{model_of(first)} on {first.chip.name}", panels[0]
    texts = []
    for family, values in panel.values.items():
        there = [(width, value) for width, value in zip(bits, values, strict=True) if value]
        if len(there) > 1:
            (low, least), (high, most) = there[0], there[-1]
            texts.append(
                f"{ratio(most / least)} with {low}-bit {'weights alone' if family == 'weight-only' else 'numbers'}"
            )
            widest = high
    if not texts:
        return f"{head}: {panel.quantity} over bits"
    return f"{head}: against {widest} bits, {panel.quantity} falls {' and '.join(texts)}"


def _widened(results: Mapping[str, Result]) -> tuple[str, ...]:
    """Schemes in which some layer is multiplied in a wider format than its scheme computes in."""
    found = []
    for name, result in results.items():
        for one in result.layers:
            if one.formats is None:
                continue
            formats = one.formats
            if result.chip.macs_per_pe_cycle(
                formats.compute_weight, formats.compute_input, formats.accumulator
            ).widened:
                found.append(name)
                break
    return tuple(found)
