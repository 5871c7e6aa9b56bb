"""How many multiply-accumulates per second does a square millimeter give, by chip and format?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.hardware.chip import Chip
from accelsim.provenance import bibliography
from accelsim.report.facts.common import works_of
from accelsim.units import ratio


@dataclass(frozen=True)
class Density:
    """Peak MACs per s and mm2.

    Parameters
    ----------
    title : str
        The finding.
    chips, formats : tuple of str
    nodes_nm : tuple of float or None
        Of the chips.
    macs_per_s_mm2 : dict of (chip, format) to float
        Only pairs that the chip lists.
    left_out : tuple of str
        Chips whose area is not known.
    note : str
    """

    title: str
    chips: tuple[str, ...]
    formats: tuple[str, ...]
    nodes_nm: tuple[float | None, ...]
    macs_per_s_mm2: dict[tuple[str, str], float]
    left_out: tuple[str, ...] = ()
    note: str = ""


def compute_density(chips: Sequence[Chip]) -> Density:
    """Return the peak rate over the published area of chips, in every pair of formats that each lists.

    The area is whatever the profile's source states (die or core); chips without one are left out and listed.

    Raises
    ------
    InputError
        No chip has an area.
    """
    known = [chip for chip in chips if chip.area_mm2 is not None and chip.rates]
    missing = tuple(chip.name for chip in chips if chip not in known)
    if not known:
        raise InputError(
            f"compute density needs an area; {', '.join(missing)} {'has' if len(missing) == 1 else 'have'} none."
        )
    found: dict[tuple[str, str], float] = {}
    for chip in known:
        assert chip.area_mm2 is not None
        for weight, operand, value, _ in chip.rates:
            pair = weight if weight == operand else f"{weight} x {operand}"
            found[chip.name, pair] = float(value) * chip.pes * chip.clock_hz.value / chip.area_mm2.value
    best = {chip.name: max(value for (name, _), value in found.items() if name == chip.name) for chip in known}
    known.sort(key=lambda chip: -best[chip.name])
    formats = tuple(sorted({pair for _, pair in found}, key=lambda pair: (-sum(own == pair for _, own in found), pair)))
    areas = "; ".join(
        f"{chip.name} {chip.area_mm2.value:g} mm2{f' ({chip.area_mm2.note})' if chip.area_mm2.note else ''}"
        for chip in known if chip.area_mm2 is not None
    )  # fmt: skip
    sources = bibliography() | {key: work for chip in known for key, work in chip.sources.items()}
    works = works_of((chip.area_mm2 for chip in known if chip.area_mm2 is not None), sources)
    return Density(
        _title([chip.name for chip in known], found),
        tuple(chip.name for chip in known),
        formats,
        tuple(None if chip.node_nm is None else chip.node_nm.value for chip in known),
        found,
        missing,
        f"Area: {areas}. {works.replace('Costs:', 'From:')}",
    )


def _title(chips: Sequence[str], found: dict[tuple[str, str], float]) -> str:
    (chip, pair), most = max(found.items(), key=lambda each: each[1])
    if len(chips) == 1:
        return f"{chip}: {most / 1e9:.3g} G MACs per s and mm2 in {pair}"
    others = {name: max(value for (own, _), value in found.items() if own == name) for name in chips if name != chip}
    second = max(others, key=lambda name: others[name])
    return f"{chip} has most MACs per s and mm2, in {pair}: {ratio(most / others[second])} those of {second}"
